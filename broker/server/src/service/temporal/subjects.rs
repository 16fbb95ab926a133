//! Which entities a temporal query may be about: those that exist in the order of their creation, then those that are
//! gone by id.

use hiroba_store::{FormerEntity, HistoryRecord, Marked, Page, Stored, TenantId};
use hiroba_vocab::{EntityId, Iri};
use ngsild::change::Operation;
use ngsild::query::{EntitySelector, Query};
use ngsild::{DateTime, Entity, Error, ErrorKind};

use crate::service::entities::present;
use crate::service::{Result, now};
use crate::state::AppState;

/// How many are looked at in all.
const MAX_SUBJECTS: usize = 100_000;
/// Among how many ends of series the deletion of an entity is looked for.
const MAX_ENDS: usize = 1_000;

/// An entity, present or past.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) id: EntityId,
    pub(super) types: Vec<Iri>,
    /// The entity as it is, if it exists.
    pub(super) stored: Option<Stored>,
    pub(super) deleted_at: Option<DateTime>,
}

impl From<Stored> for Subject {
    fn from(stored: Stored) -> Self {
        let (id, types) = (stored.entity.id.clone(), stored.entity.types.clone());
        Self { id, types, stored: Some(stored), deleted_at: None }
    }
}

impl From<FormerEntity> for Subject {
    fn from(former: FormerEntity) -> Self {
        Self { id: former.id, types: former.types, stored: None, deleted_at: Some(former.deleted_at) }
    }
}

impl Subject {
    /// An entity that is gone, of whose records this is the last.
    pub(super) async fn gone(state: &AppState, tenant: TenantId, id: &EntityId, last: HistoryRecord) -> Result<Self> {
        let deleted_at = if last.operation == Operation::Deleted {
            last.at
        } else {
            // Something of its past was told after it had gone.
            let ends = state.store.marked_history(tenant, id, Marked::Ends, MAX_ENDS).await?;
            let deletion = ends.iter().rfind(|record| record.operation == Operation::Deleted);
            deletion.map_or(last.at, |record| record.at)
        };
        Ok(Self { id: id.clone(), types: last.types, stored: None, deleted_at: Some(deleted_at) })
    }

    fn is_selected(&self, selectors: &[EntitySelector]) -> bool {
        let Some((first, others)) = self.types.split_first() else { return selectors.is_empty() };
        let mut entity = Entity::new(self.id.clone(), first.clone(), DateTime::from_micros(0));
        entity.add_types(others.iter().cloned());
        selectors.is_empty() || selectors.iter().any(|selector| selector.matches(&entity))
    }
}

/// Those of some entities that are there, or were, and that one of the selectors selects; in the order of the ids.
pub(super) async fn known(
    state: &AppState,
    tenant: TenantId,
    selectors: &[EntitySelector],
    ids: &[EntityId],
) -> Result<Vec<Subject>> {
    let now = now();
    let stored = state.store.entities(tenant, ids).await?.into_iter().map(|stored| present(stored?, now));
    let stored: Vec<Option<Stored>> = stored.collect();
    let missing = ids.iter().zip(&stored).filter(|(_, stored)| stored.is_none()).map(|(id, _)| id.clone());
    let missing: Vec<EntityId> = missing.collect();
    let mut records = state.store.last_records(tenant, &missing).await?.into_iter();
    let mut subjects = Vec::with_capacity(ids.len());
    for (id, stored) in ids.iter().zip(stored) {
        subjects.extend(match stored {
            Some(stored) => Some(Subject::from(stored)),
            None => match records.next().flatten() {
                Some(last) => Some(Subject::gone(state, tenant, id, last).await?),
                None => None,
            },
        });
    }
    subjects.retain(|subject| subject.is_selected(selectors));
    Ok(subjects)
}

/// What is still to be looked at.
#[derive(Debug)]
enum Rest {
    Present { after: i64 },
    Former { after: String },
    Listed(std::vec::IntoIter<Subject>),
    Nothing,
}

/// Subjects, chunk by chunk.
#[derive(Debug)]
pub(super) struct Subjects<'s> {
    state: &'s AppState,
    tenant: TenantId,
    /// The selectors alone: the rest of the query is about the past.
    selection: Query,
    rest: Rest,
    seen: usize,
}

impl<'s> Subjects<'s> {
    pub(super) fn new(state: &'s AppState, tenant: TenantId, query: &Query) -> Self {
        let selection = Query { selectors: query.selectors.clone(), ..Query::default() };
        Self { state, tenant, selection, rest: Rest::Present { after: 0 }, seen: 0 }
    }

    /// All of them by id.
    pub(super) async fn ordered(mut self, descending: bool) -> Result<Self> {
        let mut all = Vec::new();
        loop {
            let next = self.next(1_000).await?;
            if next.is_empty() {
                break;
            }
            // What each is like is loaded again when its turn comes.
            all.extend(next.into_iter().map(|subject| Subject { stored: None, ..subject }));
        }
        all.sort_by(|one, other| one.id.as_str().cmp(other.id.as_str()));
        if descending {
            all.reverse();
        }
        Ok(Self { rest: Rest::Listed(all.into_iter()), seen: 0, ..self })
    }

    /// The next ones, about `count` of them; none when there are no more.
    pub(super) async fn next(&mut self, count: usize) -> Result<Vec<Subject>> {
        let found = loop {
            let (found, rest) = match &mut self.rest {
                Rest::Nothing => return Ok(Vec::new()),
                Rest::Listed(listed) => {
                    let found: Vec<Subject> = listed.take(count).collect();
                    return self.reload(found).await;
                }
                Rest::Present { after } => {
                    let page = Page { after: *after, limit: count, ..Page::default() };
                    let answer = self.state.store.query(self.tenant, &self.selection, page, now()).await?;
                    let rest = if answer.more {
                        Rest::Present { after: answer.last }
                    } else {
                        Rest::Former { after: String::new() }
                    };
                    (answer.entities.into_iter().map(Subject::from).collect::<Vec<_>>(), rest)
                }
                Rest::Former { after } => {
                    let former = self.state.store.former_entities(self.tenant, after, count).await?;
                    let rest = match former.last() {
                        Some(last) if former.len() == count => Rest::Former { after: last.id.to_string() },
                        _ => Rest::Nothing,
                    };
                    let found = former.into_iter().map(Subject::from);
                    let found = found.filter(|subject| subject.is_selected(&self.selection.selectors));
                    (found.collect(), rest)
                }
            };
            self.rest = rest;
            if !found.is_empty() {
                break found;
            }
        };
        self.seen += found.len();
        if self.seen > MAX_SUBJECTS {
            let detail = format!("the query is about more than {MAX_SUBJECTS} entities; narrow it by type or id");
            return Err(Error::new(ErrorKind::TooComplexQuery, detail).into());
        }
        Ok(found)
    }

    async fn reload(&self, subjects: Vec<Subject>) -> Result<Vec<Subject>> {
        let ids: Vec<EntityId> = subjects.iter().map(|subject| subject.id.clone()).collect();
        let stored = self.state.store.entities(self.tenant, &ids).await?;
        Ok(subjects.into_iter().zip(stored).map(|(subject, stored)| Subject { stored, ..subject }).collect())
    }
}
