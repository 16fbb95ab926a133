//! Keeping the index true, while a copy is loaded and with every page of changes.

use std::collections::HashSet;

use oxigraph::model::{GraphName, GraphNameRef, Literal, NamedNode, Quad, QuadRef, Term, TermRef};
use oxigraph::store::{StorageError, Transaction};

use super::cells::Home;
use super::terms::{AS_WKT, HOLDS, IN, INDEX, LABELS, LEVELS, OCCURS_IN, THIS};
use super::words;
use crate::geometry;
use crate::quads::is_of_entities;

/// How many homes are remembered as known while a copy is loaded: forgetting them costs time only.
const REMEMBERED: usize = 1_000_000;

/// What a quad says that the index is about.
enum About<'q> {
    /// A place.
    Place(&'q Literal),
    /// A name.
    Name(&'q Literal),
}

fn about(quad: &Quad) -> Option<About<'_>> {
    let Term::Literal(literal) = &quad.object else { return None };
    match &quad.graph_name {
        GraphName::NamedNode(graph) if !is_of_entities(graph.as_str()) => None,
        _ if quad.predicate.as_ref() == AS_WKT => Some(About::Place(literal)),
        GraphName::DefaultGraph if LABELS.contains(&quad.predicate.as_ref()) => Some(About::Name(literal)),
        _ => None,
    }
}

fn home(place: &Literal) -> Option<Home> {
    geometry::parse(place).map(|geometry| Home::of(&geometry))
}

fn cells(home: Home) -> impl Iterator<Item = Quad> {
    let node = home.node();
    home.cells().into_iter().map(move |cell| Quad::new(node.clone(), IN, cell, INDEX))
}

fn occurrences(name: &Literal) -> impl Iterator<Item = Quad> {
    words::of_name(name.value()).into_iter().map(|word| Quad::new(word, OCCURS_IN, name.clone(), INDEX))
}

/// The index of one tenant while its quads are loaded.
#[derive(Debug, Default)]
pub struct Loading {
    homes: HashSet<Home>,
    levels: i64,
}

impl Loading {
    /// Adds what the index says about the quads of an entity.
    pub fn add(&mut self, quads: &mut Vec<Quad>) {
        let (mut places, mut names) = (HashSet::new(), HashSet::new());
        for quad in quads.iter() {
            match about(quad) {
                Some(About::Place(literal)) => places.insert(literal.clone()),
                Some(About::Name(literal)) => names.insert(literal.clone()),
                None => false,
            };
        }
        for place in places {
            let Some(home) = home(&place) else { continue };
            self.levels |= home.bit();
            if self.homes.len() >= REMEMBERED {
                self.homes.clear();
            }
            if self.homes.insert(home) {
                quads.extend(cells(home));
            }
            quads.push(Quad::new(home.node(), HOLDS, place, INDEX));
        }
        quads.extend(names.iter().flat_map(occurrences));
    }

    /// The levels that are in use, for [`write_levels`].
    pub fn levels(&self) -> i64 {
        self.levels
    }
}

/// Adds levels to those in use, within a transaction. There is always one number of them or none.
///
/// # Errors
/// When they cannot be read.
pub fn write_levels(transaction: &mut Transaction<'_>, more: i64) -> Result<(), StorageError> {
    let old = transaction.quads_for_pattern(Some(THIS.into()), Some(LEVELS), None, Some(INDEX.into()));
    let old = old.collect::<Result<Vec<_>, _>>()?;
    let number = |quad: &Quad| match &quad.object {
        Term::Literal(literal) => literal.value().parse().unwrap_or(0),
        _ => 0,
    };
    let before = old.iter().map(number).fold(0, |all, one| all | one);
    if before | more == before {
        return Ok(());
    }
    for quad in &old {
        transaction.remove(quad);
    }
    transaction.insert(QuadRef::new(THIS, LEVELS, &Literal::from(before | more), INDEX));
    Ok(())
}

/// What a page of changes does to the index.
#[derive(Debug, Default)]
pub struct Changes {
    places: HashSet<Literal>,
    names: HashSet<Literal>,
}

impl Changes {
    /// Notes that a quad is added or taken away.
    pub fn note(&mut self, quad: &Quad) {
        match about(quad) {
            Some(About::Place(literal)) => self.places.insert(literal.clone()),
            Some(About::Name(literal)) => self.names.insert(literal.clone()),
            None => false,
        };
    }

    /// Makes the index fit what the transaction's quads are now.
    ///
    /// # Errors
    /// When the quads cannot be read.
    pub fn write(self, transaction: &mut Transaction<'_>) -> Result<(), StorageError> {
        for place in &self.places {
            let Some(home) = home(place) else { continue };
            if is_place(transaction, place)? {
                keep(transaction, home, place)?;
            } else {
                forget(transaction, home, place)?;
            }
        }
        for name in &self.names {
            let is_name = is_name(transaction, name)?;
            for quad in occurrences(name) {
                if is_name {
                    transaction.insert(&quad);
                } else {
                    transaction.remove(&quad);
                }
            }
        }
        Ok(())
    }
}

fn keep(transaction: &mut Transaction<'_>, home: Home, place: &Literal) -> Result<(), StorageError> {
    let node = home.node();
    if !is_in_use(transaction, &node)? {
        write_levels(transaction, home.bit())?;
        for quad in cells(home) {
            transaction.insert(&quad);
        }
    }
    transaction.insert(QuadRef::new(&node, HOLDS, place, INDEX));
    Ok(())
}

fn forget(transaction: &mut Transaction<'_>, home: Home, place: &Literal) -> Result<(), StorageError> {
    let node = home.node();
    transaction.remove(QuadRef::new(&node, HOLDS, place, INDEX));
    if !is_in_use(transaction, &node)? {
        for quad in cells(home) {
            transaction.remove(&quad);
        }
    }
    Ok(())
}

fn is_in_use(transaction: &Transaction<'_>, home: &NamedNode) -> Result<bool, StorageError> {
    let mut held = transaction.quads_for_pattern(Some(home.as_ref().into()), Some(HOLDS), None, Some(INDEX.into()));
    Ok(held.next().transpose()?.is_some())
}

fn is_place(transaction: &Transaction<'_>, literal: &Literal) -> Result<bool, StorageError> {
    for quad in transaction.quads_for_pattern(None, Some(AS_WKT), Some(TermRef::from(literal)), None) {
        if about(&quad?).is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_name(transaction: &Transaction<'_>, literal: &Literal) -> Result<bool, StorageError> {
    for label in LABELS {
        let graph = Some(GraphNameRef::DefaultGraph);
        let mut said = transaction.quads_for_pattern(None, Some(label), Some(TermRef::from(literal)), graph);
        if said.next().transpose()?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
