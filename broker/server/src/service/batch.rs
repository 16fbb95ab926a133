//! Batch operations (5.6.7 to 5.6.10, 5.6.20): elements in their order, as if each came alone, in as few commits as
//! possible.

use std::collections::{HashMap, HashSet};
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

/// What became of each element; `None` while it is open. Whether it created its entity.
type Outcomes = Vec<Option<Result<bool, Error>>>;

impl Commit<'_> {
    async fn run(&self, elements: Vec<Element>, result: &mut BatchResult) -> Result<()> {
        let mut outcomes = Outcomes::new();
        outcomes.resize_with(elements.len(), || None);
        let mut attempts = 0;
        while attempts < ATTEMPTS {
            let open = first_of_each(&elements, &outcomes);
            if open.is_empty() {
                break;
            }
            let decided = self.attempt(&elements, &open, &mut outcomes).await?;
            attempts = if decided { 0 } else { attempts + 1 };
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

    /// Loads, works out and writes elements, each of another entity. Those of entities that somebody else changed
    /// meanwhile stay open. Whether any was decided.
    async fn attempt(&self, elements: &[Element], open: &[usize], outcomes: &mut Outcomes) -> Result<bool> {
        let ids: Vec<EntityId> = open.iter().filter_map(|i| elements[*i].id.clone()).collect();
        let loaded = self.state.store.valid_entities(self.tenant, &ids, self.now).await?;
        let mut known: HashMap<EntityId, Option<Stored>> = ids.into_iter().zip(loaded).collect();
        let mut writes = Vec::with_capacity(open.len());
        let mut written = Vec::with_capacity(open.len());
        for &i in open {
            let Element { id, fragment } = &elements[i];
            let step = match (fragment, id) {
                (Err(error), _) => Err(error.clone()),
                (Ok(_), None) => Err(Error::bad_request("the element has no 'id'")),
                (Ok(fragment), Some(id)) => {
                    let before = known.remove(id).flatten();
                    self.step(fragment.as_ref(), id, before.as_ref()).map(|(after, created)| (before, after, created))
                }
            };
            match step {
                Ok((before, after, created)) if after.as_ref() == before.as_ref().map(|stored| &*stored.entity) => {
                    outcomes[i] = Some(Ok(created));
                }
                Ok((before, after, created)) => {
                    writes.push(Write { before, after: after.map(Arc::new) });
                    written.push((i, created));
                }
                Err(error) => outcomes[i] = Some(Err(error)),
            }
        }
        if !writes.is_empty() {
            let done = self.state.store.write(self.tenant, &writes, self.now).await?;
            for ((i, created), outcome) in written.into_iter().zip(done) {
                if outcome != Outcome::Conflict {
                    outcomes[i] = Some(Ok(created));
                }
            }
        }
        Ok(open.iter().any(|i| outcomes[*i].is_some()))
    }

    /// The state that one element leads to, and whether it creates the entity.
    fn step(
        &self,
        fragment: Option<&Fragment>,
        id: &EntityId,
        before: Option<&Stored>,
    ) -> Result<(Option<Entity>, bool), Error> {
        let now = self.now;
        let old = before.map(|stored| super::entities::without_expired(stored.clone(), now).entity);
        let fragment = || fragment.cloned().ok_or_else(|| Error::bad_request("the element is no entity"));
        let after = match (self.operation, old.as_deref()) {
            (BatchOperation::Create, Some(_)) => {
                return Err(Error::new(ErrorKind::AlreadyExists, format!("{id} exists already")));
            }
            (BatchOperation::Create | BatchOperation::UpsertReplace | BatchOperation::UpsertUpdate, None) => {
                return Ok((Some(fragment()?.into_entity(now)?), true));
            }
            (BatchOperation::UpsertReplace, Some(old)) => {
                Some(write::replace_entity(old, fragment()?.into_entity(now)?))
            }
            (BatchOperation::UpsertUpdate, Some(old)) => Some(write::update_attributes(old, fragment()?, now)?.entity),
            (BatchOperation::Update { overwrite }, Some(old)) => {
                Some(write::append_attributes(old, fragment()?, overwrite, now)?.entity)
            }
            (BatchOperation::Merge, Some(old)) => {
                Some(write::merge_entity(old, fragment()?, &MergeOptions::default(), now)?)
            }
            (BatchOperation::Delete, Some(_)) => None,
            (BatchOperation::Update { .. } | BatchOperation::Merge | BatchOperation::Delete, None) => {
                return Err(Error::new(ErrorKind::ResourceNotFound, format!("there is no entity {id}")));
            }
        };
        Ok((after, false))
    }
}

/// The elements that are open, of each entity the first: each is a change of its own, as if it came alone, so the next one
/// of the same entity waits for its commit (5.5.11).
fn first_of_each(elements: &[Element], outcomes: &Outcomes) -> Vec<usize> {
    let mut seen = HashSet::new();
    let open = (0..elements.len()).filter(|i| outcomes[*i].is_none());
    open.filter(|i| elements[*i].id.as_ref().is_none_or(|id| seen.insert(id))).collect()
}
