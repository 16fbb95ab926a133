//! A page of changes, applied to each tenant in one transaction together with the position that it leads to.

use std::collections::{BTreeMap, HashSet};

use hiroba_vocab::Tenant;
use oxigraph::model::{GraphName, NamedOrBlankNodeRef, Quad};
use oxigraph::store::{StorageError, Transaction};

use super::state::{Anchor, State};
use super::{Copy, CopyError, Part, owned, state};
use crate::follow::Change;
use crate::quads;

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
        let mut fragments = self.fragments().clone();
        let mut transaction = self.store.start_transaction()?;
        let mut emptied = HashSet::new();
        for change in changes {
            replace(&mut transaction, change, &mut fragments, &mut emptied, applied)?;
        }
        remove_empty_graphs(&mut transaction, &emptied)?;
        state::write(&mut transaction, state)?;
        transaction.commit()?;
        *self.fragments() = fragments;
        Ok(())
    }
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
