//! What a copy knows of itself, as quads in a graph of its own: numbers only, because Oxigraph keeps those inside the
//! quad, while texts that are no longer used stay in its dictionary for ever.

use std::collections::HashSet;

use oxigraph::model::{GraphNameRef, Literal, NamedNode, NamedNodeRef, NamedOrBlankNode, Quad, QuadRef, Term};
use oxigraph::store::{StorageError, Store, Transaction};

use crate::follow::{Mark, Position};
use crate::quads::{STATE, is_hidden, is_of_entities};

/// Predicates of the state.
mod terms {
    use oxigraph::model::NamedNodeRef;

    macro_rules! terms {
        ($($name:ident = $local:literal;)*) => {
            $(pub(super) const $name: NamedNodeRef<'static> =
                NamedNodeRef::new_unchecked(concat!("urn:hiroba:sparql:", $local));)*
        };
    }

    terms! {
        TRANSACTION = "transaction";
        NUMBER = "number";
        ANCHOR_TRANSACTION = "anchorTransaction";
        ANCHOR_NUMBER = "anchorNumber";
        ANCHOR_MARK = "anchorMark";
        SHAPE = "shape";
        LEFT_OUT = "leftOut";
        HAS_FRAGMENT = "hasFragment";
    }
}

/// A change that the broker's log must still hold where it was: else it is another log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// The change is the first one after this position.
    pub after: Position,
    /// What the change was; `None` when there was none yet.
    pub mark: Option<Mark>,
}

/// Where a complete copy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// All changes up to here are in the copy.
    pub position: Position,
    /// How to recognise the log.
    pub anchor: Anchor,
    /// [`crate::quads::shape`] when it was made.
    pub shape: i64,
    /// Whether there was no room for some tenant.
    pub left_out: bool,
}

/// The state of a copy; `None` when there is none.
pub(super) fn read(store: &Store) -> Result<Option<State>, StorageError> {
    let number = |predicate: NamedNodeRef<'_>| -> Result<Option<i64>, StorageError> {
        let mut quads = store.quads_for_pattern(Some(STATE.into()), Some(predicate), None, Some(STATE.into()));
        match quads.next().transpose()? {
            Some(Quad { object: Term::Literal(literal), .. }) => Ok(literal.value().parse().ok()),
            _ => Ok(None),
        }
    };
    let position = |transaction, place| -> Result<Option<Position>, StorageError> {
        Ok(match (number(transaction)?, number(place)?) {
            (Some(transaction), Some(place)) => {
                Some(Position { transaction: transaction.unsigned_abs(), number: place.unsigned_abs() })
            }
            _ => None,
        })
    };
    let here = position(terms::TRANSACTION, terms::NUMBER)?;
    let after = position(terms::ANCHOR_TRANSACTION, terms::ANCHOR_NUMBER)?;
    let (Some(here), Some(after), Some(shape)) = (here, after, number(terms::SHAPE)?) else { return Ok(None) };
    let mark = number(terms::ANCHOR_MARK)?.map(Mark);
    let left_out = number(terms::LEFT_OUT)?.is_some();
    Ok(Some(State { position: here, anchor: Anchor { after, mark }, shape, left_out }))
}

/// Replaces the state within a transaction.
pub(super) fn write(transaction: &mut Transaction<'_>, state: &State) -> Result<(), StorageError> {
    forget(transaction)?;
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let values = [
        (terms::TRANSACTION, Some(number(state.position.transaction))),
        (terms::NUMBER, Some(number(state.position.number))),
        (terms::ANCHOR_TRANSACTION, Some(number(state.anchor.after.transaction))),
        (terms::ANCHOR_NUMBER, Some(number(state.anchor.after.number))),
        (terms::ANCHOR_MARK, state.anchor.mark.map(|mark| mark.0)),
        (terms::SHAPE, Some(state.shape)),
        (terms::LEFT_OUT, state.left_out.then_some(1)),
    ];
    for (predicate, value) in values {
        if let Some(value) = value {
            transaction.insert(QuadRef::new(STATE, predicate, &Literal::from(value), STATE));
        }
    }
    Ok(())
}

/// Takes the state away within a transaction: what remains is no copy of any log.
pub(super) fn forget(transaction: &mut Transaction<'_>) -> Result<(), StorageError> {
    let old: Vec<Quad> =
        transaction.quads_for_pattern(Some(STATE.into()), None, None, Some(STATE.into())).collect::<Result<_, _>>()?;
    for quad in &old {
        transaction.remove(quad);
    }
    Ok(())
}

/// Says, or no longer says, that there is an entity with a `#` in its id.
pub(super) fn note_fragment(transaction: &mut Transaction<'_>, id: &str, there: bool) {
    let Ok(id) = NamedNode::new(id) else { return };
    let yes = Literal::from(true);
    let quad = QuadRef::new(&id, terms::HAS_FRAGMENT, &yes, STATE);
    if there {
        transaction.insert(quad);
    } else {
        transaction.remove(quad);
    }
}

/// The entities with a `#` in their id.
pub(super) fn fragments(store: &Store) -> Result<HashSet<String>, StorageError> {
    let quads = store.quads_for_pattern(None, Some(terms::HAS_FRAGMENT), None, Some(STATE.into()));
    let mut ids = HashSet::new();
    for quad in quads {
        if let NamedOrBlankNode::NamedNode(id) = quad?.subject {
            ids.insert(id.into_string());
        }
    }
    Ok(ids)
}

/// All graphs that can be seen.
pub(super) fn graphs(store: &Store) -> Result<Vec<String>, StorageError> {
    let mut names = Vec::new();
    for name in store.named_graphs() {
        if let NamedOrBlankNode::NamedNode(name) = name?
            && !is_hidden(name.as_str())
        {
            names.push(name.into_string());
        }
    }
    names.sort();
    Ok(names)
}

/// Whether a graph holds entities.
pub(super) fn holds_entities(graph: GraphNameRef<'_>) -> bool {
    match graph {
        GraphNameRef::NamedNode(name) => is_of_entities(name.as_str()),
        _ => true,
    }
}
