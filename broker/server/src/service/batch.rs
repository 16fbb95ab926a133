//! Batch operations (5.6.7 to 5.6.10, 5.6.20): elements in their order, as if each came alone, in as few commits as
//! possible.

use std::collections::HashMap;
use std::sync::Arc;

use hiroba_store::{Outcome, Stored, TenantId, Write};
use hiroba_vocab::EntityId;
use ngsild::read::Fragment;
use ngsild::write::{self, MergeOptions};
use ngsild::{DateTime, Entity, Error, ErrorKind};

use super::{Result, ServiceError, now};
use crate::state::AppState;

/// How many elements are committed together.
pub const COMMIT: usize = 1_000;
/// How often elements are tried again when somebody else was faster.
const ATTEMPTS: usize = 50;

/// What to do with each element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchOperation {
    /// Create Entity.
    Create,
    /// Create, or replace the whole content.
    UpsertReplace,
    /// Create, or Update Attributes.
    UpsertUpdate,
    /// Append Attributes, with overwriting or without.
    Update {
        /// Whether attributes that are there are replaced.
        overwrite: bool,
    },
    /// Merge Entity.
    Merge,
    /// Delete Entity.
    Delete,
}

/// One element of a batch: what it is about, and what to do, or what is wrong with it.
#[derive(Debug)]
pub struct Element {
    /// The id, as far as the element has one.
    pub id: Option<EntityId>,
    /// The fragment; `None` for deletions.
    pub fragment: Result<Option<Fragment>, Error>,
}

/// What became of a batch (5.2.16).
#[derive(Debug, Default)]
pub struct BatchResult {
    /// Ids of the elements that were done, in their order.
    pub success: Vec<EntityId>,
    /// Those of them that were created.
    pub created: Vec<EntityId>,
    /// The others, with the reason.
    pub errors: Vec<(Option<EntityId>, Error)>,
}

/// Runs a batch.
///
/// # Errors
/// When the database fails: what was committed before stays.
pub async fn run(
    state: &AppState,
    tenant: TenantId,
    operation: BatchOperation,
    elements: Vec<Element>,
) -> Result<BatchResult> {
    // Every entity of one batch gets the same modifiedAt (5.5.11).
    let now = now();
    let mut result = BatchResult::default();
    let mut elements = elements.into_iter().peekable();
    while elements.peek().is_some() {
        let part: Vec<Element> = elements.by_ref().take(COMMIT).collect();
        Commit { state, tenant, operation, now }.run(part, &mut result).await?;
    }
    Ok(result)
}

struct Commit<'s> {
    state: &'s AppState,
    tenant: TenantId,
    operation: BatchOperation,
    now: DateTime,
}

/// What is to be written for one entity, and which elements it answers.
struct Pending {
    before: Option<Stored>,
    /// The state that clients saw before the batch.
    existed: bool,
    after: Option<Arc<Entity>>,
    changed: bool,
    elements: Vec<usize>,
}

impl Commit<'_> {
    async fn run(&self, elements: Vec<Element>, result: &mut BatchResult) -> Result<()> {
        let mut outcomes: Vec<Option<Result<bool, Error>>> = Vec::new();
        outcomes.resize_with(elements.len(), || None);
        for _ in 0..ATTEMPTS {
            let open: Vec<usize> = (0..elements.len()).filter(|i| outcomes[*i].is_none()).collect();
            if open.is_empty() {
                break;
            }
            self.attempt(&elements, &open, &mut outcomes).await?;
        }
        for (element, outcome) in elements.into_iter().zip(outcomes) {
            match (outcome, element.id) {
                (Some(Ok(created)), Some(id)) => {
                    if created {
                        result.created.push(id.clone());
                    }
                    result.success.push(id);
                }
                (Some(Ok(_)), None) => {}
                (Some(Err(error)), id) => result.errors.push((id, error)),
                (None, Some(id)) => return Err(ServiceError::Contended(id)),
                (None, None) => {}
            }
        }
        Ok(())
    }

    /// Loads, works out and writes what is still open. Elements of entities that somebody else changed stay open.
    async fn attempt(
        &self,
        elements: &[Element],
        open: &[usize],
        outcomes: &mut [Option<Result<bool, Error>>],
    ) -> Result<()> {
        let mut ids: Vec<EntityId> = open.iter().filter_map(|i| elements[*i].id.clone()).collect();
        ids.sort();
        ids.dedup();
        let loaded = self.state.store.valid_entities(self.tenant, &ids, self.now).await?;
        let mut pending: HashMap<EntityId, Pending> = HashMap::with_capacity(ids.len());
        for (id, stored) in ids.into_iter().zip(loaded) {
            let shown = stored.clone().map(|stored| super::entities::without_expired(stored, self.now).entity);
            let existed = shown.is_some();
            pending.insert(id, Pending { before: stored, existed, after: shown, changed: false, elements: Vec::new() });
        }
        // Elements about one entity build on one another; the commit holds the last state.
        let mut order: Vec<EntityId> = Vec::new();
        let mut results: Vec<(usize, bool)> = Vec::new();
        for &i in open {
            let element = &elements[i];
            let step = match (&element.fragment, element.id.as_ref().and_then(|id| pending.get_mut(id))) {
                (Err(error), _) => Err(error.clone()),
                (Ok(_), None) => Err(Error::bad_request("the element has no 'id'")),
                (Ok(fragment), Some(entry)) => self.step(fragment.as_ref(), element, entry).inspect(|_| {
                    if entry.elements.is_empty() {
                        order.extend(element.id.clone());
                    }
                    entry.elements.push(i);
                }),
            };
            match step {
                Ok(created) => results.push((i, created)),
                Err(error) => outcomes[i] = Some(Err(error)),
            }
        }
        let mut writes = Vec::with_capacity(order.len());
        let mut written: Vec<&Pending> = Vec::with_capacity(order.len());
        for id in &order {
            let Some(entry) = pending.get(id) else { continue };
            if entry.changed && (entry.before.is_some() || entry.after.is_some()) {
                writes.push(Write { before: entry.before.clone(), after: entry.after.clone() });
                written.push(entry);
            }
        }
        let done =
            if writes.is_empty() { Vec::new() } else { self.state.store.write(self.tenant, &writes, self.now).await? };
        let conflicts: std::collections::HashSet<usize> = written
            .iter()
            .zip(&done)
            .filter(|(_, outcome)| **outcome == Outcome::Conflict)
            .flat_map(|(entry, _)| entry.elements.iter().copied())
            .collect();
        for (i, created) in results {
            if !conflicts.contains(&i) {
                outcomes[i] = Some(Ok(created));
            }
        }
        Ok(())
    }

    /// Applies one element to the state that the elements before it led to. Whether it created the entity.
    fn step(&self, fragment: Option<&Fragment>, element: &Element, entry: &mut Pending) -> Result<bool, Error> {
        let id = element.id.as_ref().map_or("", EntityId::as_str);
        let not_found = || Error::new(ErrorKind::ResourceNotFound, format!("there is no entity {id}"));
        let now = self.now;
        let fragment = || fragment.cloned().ok_or_else(|| Error::bad_request("the element is no entity"));
        let (after, created) = match (self.operation, entry.after.as_deref()) {
            (BatchOperation::Create, Some(_)) => {
                return Err(Error::new(ErrorKind::AlreadyExists, format!("{id} exists already")));
            }
            (BatchOperation::Create | BatchOperation::UpsertReplace | BatchOperation::UpsertUpdate, None) => {
                (Some(fragment()?.into_entity(now)?), true)
            }
            (BatchOperation::UpsertReplace, Some(old)) => {
                (Some(write::replace_entity(old, fragment()?.into_entity(now)?)), false)
            }
            (BatchOperation::UpsertUpdate, Some(old)) => {
                (Some(write::update_attributes(old, fragment()?, now)?.entity), false)
            }
            (BatchOperation::Update { overwrite }, Some(old)) => {
                (Some(write::append_attributes(old, fragment()?, overwrite, now)?.entity), false)
            }
            (BatchOperation::Merge, Some(old)) => {
                (Some(write::merge_entity(old, fragment()?, &MergeOptions::default(), now)?), false)
            }
            (BatchOperation::Delete, Some(_)) => (None, false),
            (BatchOperation::Update { .. } | BatchOperation::Merge | BatchOperation::Delete, None) => {
                return Err(not_found());
            }
        };
        entry.changed |= after.as_ref() != entry.after.as_deref();
        entry.after = after.map(Arc::new);
        // An entity that was there before the batch is not created by it, even if it was deleted on the way.
        Ok(created && !entry.existed)
    }
}
