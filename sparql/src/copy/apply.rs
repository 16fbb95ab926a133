//! A page of changes, applied in one transaction together with the position that it leads to.

use std::collections::HashSet;

use oxigraph::model::{GraphName, NamedOrBlankNodeRef, Quad};
use oxigraph::store::{StorageError, Transaction};

use super::state::{Anchor, State};
use super::{Copy, CopyError, owned, state};
use crate::follow::{Change, Position};
use crate::quads;

/// What a page changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Changes in the page, those of other tenants included.
    pub changes: usize,
    /// Quads that were added.
    pub inserted: usize,
    /// Quads that were taken away.
    pub removed: usize,
    /// Entities that could not be understood; they are not in the copy.
    pub refused: usize,
}

impl Copy {
    /// Applies changes that follow `position` in the log, in their order, and moves the position after the last of
    /// them. Either all of it happens or nothing.
    ///
    /// Applying changes again is harmless: each brings the entity as it was when the page was made, and later ones
    /// bring it up to date.
    ///
    /// # Errors
    /// [`CopyError::Storage`]: then nothing happened.
    pub fn apply(&self, position: Position, changes: Vec<Change>) -> Result<Applied, CopyError> {
        self.apply_all(position, changes).map_err(|error| self.failed(error))
    }

    fn apply_all(&self, position: Position, changes: Vec<Change>) -> Result<Applied, StorageError> {
        let Some(last) = changes.last() else { return Ok(Applied::default()) };
        let mut applied = Applied { changes: changes.len(), ..Applied::default() };
        let before = changes.len().checked_sub(2).map_or(position, |i| changes[i].position);
        let anchor = Anchor { after: before, mark: Some(last.mark()) };
        let state = State { position: last.position, anchor, shape: quads::shape() };
        let mut fragments = self.fragments().clone();
        let mut transaction = self.store()?.start_transaction()?;
        let mut emptied = HashSet::new();
        for change in latest(changes) {
            replace(&mut transaction, change, &mut fragments, &mut emptied, &mut applied)?;
        }
        remove_empty_graphs(&mut transaction, &emptied)?;
        state::write(&mut transaction, &state)?;
        transaction.commit()?;
        *self.fragments() = fragments;
        Ok(applied)
    }
}

/// The last change of each entity of the default tenant. All lines of a page bring the entity as it was when the page
/// was made, so the others say nothing more.
fn latest(changes: Vec<Change>) -> impl Iterator<Item = Change> {
    let mut known = HashSet::new();
    let mut last: Vec<Change> =
        changes.into_iter().rev().filter(|change| change.is_ours() && known.insert(change.id.clone())).collect();
    last.reverse();
    last.into_iter()
}

fn replace(
    transaction: &mut Transaction<'_>,
    change: Change,
    fragments: &mut HashSet<String>,
    emptied: &mut HashSet<GraphName>,
    applied: &mut Applied,
) -> Result<(), StorageError> {
    let id = change.id;
    let old = owned::owned(transaction, &id, fragments)?;
    let entity = change.entity.and_then(|body| match quads::entity(body) {
        Ok(entity) => Some(entity),
        Err(error) => {
            tracing::warn!(entity = id, %error, "an entity is left out: it cannot be read");
            applied.refused += 1;
            None
        }
    });
    let mut new: HashSet<Quad> = entity.iter().flat_map(quads::quads).collect();
    // Oxigraph gives numbers and instants back in their canonical form, so a quad may be removed here and come back
    // below in its own form: removals go first.
    for quad in old {
        if !new.remove(&quad) {
            transaction.remove(&quad);
            applied.removed += 1;
            emptied.insert(quad.graph_name);
        }
    }
    applied.inserted += new.len();
    transaction.extend(&new);
    if id.contains('#') {
        let there = entity.is_some();
        state::note_fragment(transaction, &id, there);
        if there {
            fragments.insert(id);
        } else {
            fragments.remove(&id);
        }
    }
    Ok(())
}

/// A graph whose last entity is gone goes too.
fn remove_empty_graphs(transaction: &mut Transaction<'_>, graphs: &HashSet<GraphName>) -> Result<(), StorageError> {
    for graph in graphs {
        let GraphName::NamedNode(name) = graph else { continue };
        let first = transaction.quads_for_pattern(None, None, None, Some(graph.as_ref())).next().transpose()?;
        if first.is_none() {
            transaction.remove_named_graph(NamedOrBlankNodeRef::from(name.as_ref()))?;
        }
    }
    Ok(())
}
