//! Keeping the index true, while a copy is loaded and with every page of changes.

use std::collections::{BTreeMap, HashSet};

use oxigraph::model::{
    GraphName, GraphNameRef, Literal, NamedNode, NamedOrBlankNode, NamedOrBlankNodeRef, Quad, QuadRef, Term, TermRef,
};
use oxigraph::store::{StorageError, Transaction};

use super::cells::Home;
use super::spot::Spot;
use super::terms::{AS_WKT, IN, INDEX, LABELS, LEVELS, OCCURS_IN, THIS};
use super::words;
use crate::geometry;
use crate::quads::is_of_entities;

/// How many homes are remembered as known while a copy is loaded: forgetting them costs time only.
const REMEMBERED: usize = 1_000_000;

/// What a quad says that the index is about.
enum About<'q> {
    /// Where a node is.
    Place(&'q NamedOrBlankNode, &'q Term),
    /// What something is called.
    Name(&'q Literal),
}

fn about(quad: &Quad) -> Option<About<'_>> {
    match (&quad.graph_name, &quad.object) {
        (GraphName::NamedNode(graph), _) if !is_of_entities(graph.as_str()) => None,
        (_, value) if quad.predicate.as_ref() == AS_WKT => Some(About::Place(&quad.subject, value)),
        (GraphName::DefaultGraph, Term::Literal(name)) if LABELS.contains(&quad.predicate.as_ref()) => {
            Some(About::Name(name))
        }
        _ => None,
    }
}

/// The home and the spot of a node with these values of `geo:asWKT`; `None` when they are no geometries. With several
/// values it may be anywhere: so it is found once, and nothing is certain of it.
fn place(values: &HashSet<Term>) -> Option<(Home, Spot)> {
    let geometry = values.iter().find_map(|value| match value {
        Term::Literal(literal) => geometry::parse(literal),
        _ => None,
    })?;
    Some(if values.len() == 1 { (Home::of(&geometry), Spot::of(&geometry)) } else { (Home::EVERYWHERE, Spot::UNKNOWN) })
}

/// `node home spot`
fn at(node: &NamedOrBlankNode, (home, spot): (Home, Spot)) -> Quad {
    Quad::new(node.clone(), home.node(), Literal::from(spot.number()), INDEX)
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
        let mut places: BTreeMap<String, (NamedOrBlankNode, HashSet<Term>)> = BTreeMap::new();
        let mut names = HashSet::new();
        for quad in quads.iter() {
            match about(quad) {
                Some(About::Place(node, value)) => {
                    let known = places.entry(node.to_string()).or_insert_with(|| (node.clone(), HashSet::new()));
                    known.1.insert(value.clone());
                }
                Some(About::Name(literal)) => {
                    names.insert(literal.clone());
                }
                None => {}
            }
        }
        for (node, values) in places.values() {
            let Some(found) = place(values) else { continue };
            let (home, _) = found;
            self.levels |= home.bit();
            if self.homes.len() >= REMEMBERED {
                self.homes.clear();
            }
            if self.homes.insert(home) {
                quads.extend(cells(home));
            }
            quads.push(at(node, found));
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
    places: HashSet<NamedOrBlankNode>,
    names: HashSet<Literal>,
}

impl Changes {
    /// Notes that a quad is added or taken away.
    pub fn note(&mut self, quad: &Quad) {
        match about(quad) {
            Some(About::Place(node, _)) => self.places.insert(node.clone()),
            Some(About::Name(literal)) => self.names.insert(literal.clone()),
            None => false,
        };
    }

    /// Makes the index fit what the transaction's quads are now.
    ///
    /// # Errors
    /// When the quads cannot be read.
    pub fn write(self, transaction: &mut Transaction<'_>) -> Result<(), StorageError> {
        for node in &self.places {
            move_place(transaction, node)?;
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

fn move_place(transaction: &mut Transaction<'_>, node: &NamedOrBlankNode) -> Result<(), StorageError> {
    let subject = Some(NamedOrBlankNodeRef::from(node));
    let mut values = HashSet::new();
    for quad in transaction.quads_for_pattern(subject, Some(AS_WKT), None, None) {
        if let Some(About::Place(_, value)) = about(&quad?) {
            values.insert(value.clone());
        }
    }
    let new = place(&values);
    let wanted = new.map(|found| at(node, found));
    let old = transaction.quads_for_pattern(subject, None, None, Some(INDEX.into())).collect::<Result<Vec<_>, _>>()?;
    if let (Some((home, _)), Some(quad)) = (new, &wanted)
        && !old.contains(quad)
    {
        if !is_in_use(transaction, &home.node())? {
            write_levels(transaction, home.bit())?;
            for quad in cells(home) {
                transaction.insert(&quad);
            }
        }
        transaction.insert(quad);
    }
    for quad in old.iter().filter(|quad| wanted.as_ref() != Some(quad)) {
        transaction.remove(quad);
        if !is_in_use(transaction, &quad.predicate)? {
            leave(transaction, &quad.predicate)?;
        }
    }
    Ok(())
}

/// Whether a home has somebody in it.
fn is_in_use(transaction: &Transaction<'_>, home: &NamedNode) -> Result<bool, StorageError> {
    let mut there = transaction.quads_for_pattern(None, Some(home.as_ref()), None, Some(INDEX.into()));
    Ok(there.next().transpose()?.is_some())
}

/// Takes away what is said about a home that nobody is in.
fn leave(transaction: &mut Transaction<'_>, home: &NamedNode) -> Result<(), StorageError> {
    let cells = transaction.quads_for_pattern(Some(home.as_ref().into()), Some(IN), None, Some(INDEX.into()));
    for quad in cells.collect::<Result<Vec<_>, _>>()? {
        transaction.remove(&quad);
    }
    Ok(())
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
