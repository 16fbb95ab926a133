//! A page of changes, applied to each tenant in one transaction together with the position that it leads to.

use std::collections::{BTreeMap, HashSet};

use hiroba_vocab::Tenant;
use oxigraph::model::{GraphName, NamedOrBlankNodeRef, Quad};
use oxigraph::store::{StorageError, Transaction};

use super::state::{Anchor, State};
use super::{Copy, CopyError, Part, owned, state};
use crate::follow::Change;
use crate::{index, quads};

/// What a page changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Changes in the page.
    pub changes: usize,
    /// Quads that were added.
    pub inserted: usize,
    /// Quads that were taken away.
    pub removed: usize,
    /// Entities that could not be understood; they are not in the copy.
    pub refused: usize,
    /// Entities of tenants that there was no room for.
    pub left_out: usize,
}

impl Copy {
    /// Applies changes that follow `before` in the log, in their order, and moves the position after the last of them.
    /// For each tenant all of it happens or nothing; the copy has moved when it has happened for all of them.
    ///
    /// Applying changes again is harmless: each brings the entity as it was when the page was made, and later ones
    /// bring it up to date.
    ///
    /// # Errors
    /// [`CopyError`]: then the copy stands where it was.
    pub fn apply(&self, before: &State, changes: Vec<Change>) -> Result<Applied, CopyError> {
        let Some(last) = changes.last() else { return Ok(Applied::default()) };
        let mut applied = Applied { changes: changes.len(), ..Applied::default() };
        let after = changes.len().checked_sub(2).map_or(before.position, |i| changes[i].position);
        let anchor = Anchor { after, mark: Some(last.mark()) };
        let mut state = State { position: last.position, anchor, shape: quads::shape(), left_out: before.left_out };
        let mut changes = latest(changes);
        for (tenant, changes) in &changes {
            if self.part_for(tenant, before)?.is_none() {
                // Once, not with every page: the metric tells the rest.
                if !state.left_out {
                    tracing::warn!(%tenant, "left out: there is no room for more tenants (--max-tenants)");
                }
                applied.left_out += changes.len();
                state.left_out = true;
            }
        }
        // All of them move, so that each knows by itself how far it is, whatever becomes of the others.
        for (tenant, part) in self.parts() {
            let changes = changes.remove(&tenant).unwrap_or_default();
            part.apply(&state, changes, &mut applied).map_err(|error| self.failed(error))?;
        }
        self.stands_at(Some(state));
        Ok(applied)
    }
}

/// The last change of each entity, by tenant. All lines of a page bring the entity as it was when the page was made, so
/// the others say nothing more.
fn latest(changes: Vec<Change>) -> BTreeMap<Tenant, Vec<Change>> {
    let mut known = HashSet::new();
    let mut last: BTreeMap<Tenant, Vec<Change>> = BTreeMap::new();
    for change in changes.into_iter().rev() {
        if known.insert((change.tenant.clone(), change.id.clone())) {
            last.entry(change.tenant.clone()).or_default().push(change);
        }
    }
    last.values_mut().for_each(|changes| changes.reverse());
    last
}

impl Part {
    fn apply(&self, state: &State, changes: Vec<Change>, applied: &mut Applied) -> Result<(), StorageError> {
        let mut transaction = self.store.start_transaction()?;
        let mut page = Page { fragments: self.fragments().clone(), ..Page::default() };
        for change in changes {
            page.replace(&mut transaction, change, applied)?;
        }
        remove_empty_graphs(&mut transaction, &page.emptied)?;
        page.index.write(&mut transaction)?;
        state::write(&mut transaction, state)?;
        transaction.commit()?;
        *self.fragments() = page.fragments;
        Ok(())
    }
}

/// What a page of changes brings about, beside the entities' quads.
#[derive(Default)]
struct Page {
    /// The entities with a `#` in their id.
    fragments: HashSet<String>,
    /// The graphs that something was taken from.
    emptied: HashSet<GraphName>,
    index: index::Changes,
}

impl Page {
    fn replace(
        &mut self,
        transaction: &mut Transaction<'_>,
        change: Change,
        applied: &mut Applied,
    ) -> Result<(), StorageError> {
        let id = change.id;
        let old = owned::owned(transaction, &id, &self.fragments)?;
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
                self.index.note(&quad);
                self.emptied.insert(quad.graph_name);
            }
        }
        applied.inserted += new.len();
        new.iter().for_each(|quad| self.index.note(quad));
        transaction.extend(&new);
        if id.contains('#') {
            let there = entity.is_some();
            state::note_fragment(transaction, &id, there);
            if there {
                self.fragments.insert(id);
            } else {
                self.fragments.remove(&id);
            }
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use fastrand::Rng;
    use serde_json::{Value, json};

    use super::*;
    use crate::copy::{Room, load};
    use crate::follow::Position;
    use crate::index::{INDEX, LEVELS};

    fn state(number: u64) -> State {
        let position = Position { transaction: 0, number };
        State { position, anchor: Anchor { after: Position::default(), mark: None }, shape: 1, left_out: false }
    }

    /// A thing at one of few places, with one of few names: many are shared.
    fn thing(id: &str, rng: &mut Rng) -> Value {
        let (x, y) = (134.0 + f64::from(rng.u8(0..4)) * 0.001, 34.0 + f64::from(rng.u8(0..3)));
        let location = match rng.u8(0..3) {
            0 => json!({"type": "LineString", "coordinates": [[x, y], [x + 0.5, y]]}),
            _ => json!({"type": "Point", "coordinates": [x, y]}),
        };
        let name = ["中央公園", "市役所", "City Hall", "避難所"][rng.usize(0..4)];
        json!({
            "id": id, "type": "T",
            "https://schema.org/name": {"type": "Property", "value": name},
            "location": {"type": "GeoProperty", "value": location},
        })
    }

    fn loaded(things: &BTreeMap<String, Value>, folder: &std::path::Path) -> Copy {
        let (sender, receiver) = tokio::sync::mpsc::channel(things.len() + 1);
        for thing in things.values() {
            sender.try_send(Ok(Bytes::from(json!({"tenant": "", "entity": thing}).to_string()))).unwrap();
        }
        let end = json!({"end": true, "entities": things.len()}).to_string();
        sender.try_send(Ok(Bytes::from(end))).unwrap();
        drop(sender);
        load(Copy::open(folder, 1).unwrap(), receiver, &state(1), Room::within(None)).unwrap().copy
    }

    /// The quads of the index, the levels aside: those that were in use once remain.
    fn index(copy: &Copy) -> HashSet<Quad> {
        let part = copy.part(&Tenant::default_tenant()).unwrap();
        let quads = part.store.quads_for_pattern(None, None, None, Some(INDEX.into())).map(Result::unwrap);
        let (levels, quads): (HashSet<Quad>, HashSet<Quad>) = quads.partition(|quad| quad.predicate == LEVELS);
        assert!(levels.len() <= 1, "{levels:?}");
        quads
    }

    #[test]
    fn the_index_after_changes_is_that_of_a_copy_made_anew() {
        let mut rng = Rng::with_seed(3);
        let mut things: BTreeMap<String, Value> = BTreeMap::new();
        for number in 0..12 {
            let id = format!("urn:x:{number}");
            things.insert(id.clone(), thing(&id, &mut rng));
        }
        let folder = tempfile::tempdir().unwrap();
        let copy = loaded(&things, folder.path());
        for page in 2..20 {
            let mut changes = Vec::new();
            for _ in 0..rng.usize(1..5) {
                let id = format!("urn:x:{}", rng.u8(0..16));
                let entity = rng.bool().then(|| thing(&id, &mut rng));
                match &entity {
                    Some(entity) => things.insert(id.clone(), entity.clone()),
                    None => things.remove(&id),
                };
                let line = json!({"position": format!("0-{page}"), "at": "2026-04-01T00:00:00Z", "tenant": "",
                    "id": id, "operation": "updated", "entity": entity});
                changes.push(Change::read(line.to_string().as_bytes()).unwrap());
            }
            copy.apply(&state(page - 1), changes).unwrap();
            let folder = tempfile::tempdir().unwrap();
            assert_eq!(index(&copy), index(&loaded(&things, folder.path())), "{page}");
        }
        assert!(!index(&copy).is_empty());
        let gone = |id: &String| {
            let line = json!({"position": "0-90", "at": "2026-04-01T00:00:00Z", "tenant": "", "id": id,
                "operation": "deleted", "entity": null});
            Change::read(line.to_string().as_bytes()).unwrap()
        };
        copy.apply(&state(50), things.keys().map(gone).collect()).unwrap();
        assert_eq!(index(&copy), HashSet::new());
    }
}
