//! The states that entities went through: from the one that was seen last on, or from the present back, change by change.

use std::collections::HashMap;
use std::sync::Arc;

use hiroba_store::{ChangeRecord, Store, Stored, TenantId, Version};
use hiroba_vocab::EntityId;
use moka::sync::Cache;
use ngsild::Entity;
use ngsild::subscription::{advance, rewind};

use crate::service::Result;

/// How many later changes are looked at to find out what an entity was like when nobody has followed it. One that has
/// changed more often since is taken as it was then as far as the records at hand tell.
const LATER: usize = 10_000;
/// How many attributes of entities that are followed are kept, about: 500 bytes each.
const FOLLOWED: u64 = 200_000;

type Key = (TenantId, EntityId);

/// The states before and after a change; `None` is an entity that does not exist.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    pub(super) before: Option<Arc<Entity>>,
    pub(super) after: Option<Arc<Entity>>,
}

/// One entity and what happened to it in a part of the log.
#[derive(Debug)]
pub(super) struct Course<'r> {
    pub(super) tenant: TenantId,
    pub(super) id: &'r EntityId,
    /// All of its changes in this part of the log, in order.
    pub(super) changes: Vec<&'r ChangeRecord>,
    /// The first of them whose states are wanted.
    pub(super) first: usize,
}

/// The states of the entities that were seen last. Whoever uses it shows it the whole log, in order.
#[derive(Debug)]
pub(super) struct States {
    last: Cache<Key, Last>,
}

/// An entity after a change.
#[derive(Debug, Clone)]
struct Last {
    version: Version,
    entity: Option<Arc<Entity>>,
}

impl States {
    /// Nothing was seen.
    pub(super) fn new() -> Self {
        let weigh = |_: &Key, last: &Last| {
            let attributes = last.entity.as_ref().map_or(0, |entity| entity.attributes.len());
            u32::try_from(attributes.saturating_add(1)).unwrap_or(u32::MAX)
        };
        Self { last: Cache::builder().max_capacity(FOLLOWED).weigher(weigh).build() }
    }

    /// Changes of an entity are not looked at.
    pub(super) fn skip(&self, tenant: TenantId, id: &EntityId) {
        self.last.invalidate(&(tenant, id.clone()));
    }

    /// A part of the log is not looked at.
    pub(super) fn skip_all(&self) {
        self.last.invalidate_all();
    }

    /// The states around the changes of each course, from its first on, in the order of the changes.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn around(&self, store: &Store, courses: &[Course<'_>]) -> Result<Vec<Vec<Around>>> {
        let last: Vec<Option<Last>> = courses.iter().map(|course| self.before(course)).collect();
        let unknown = courses.iter().zip(&last).filter(|(_, last)| last.is_none()).map(|(course, _)| course);
        let present = present(store, unknown).await?;
        let mut all = Vec::with_capacity(courses.len());
        for (course, last) in courses.iter().zip(last) {
            let around = match last {
                Some(last) => forward(last.entity, course),
                None => backward(store, present.get(&(course.tenant, course.id)), course).await?,
            };
            if let (Some(record), Some(around)) = (course.changes.last(), around.last()) {
                let last = Last { version: record.version, entity: around.after.clone() };
                self.last.insert((course.tenant, course.id.clone()), last);
            }
            all.push(around);
        }
        Ok(all)
    }

    /// The state before a course, if it was seen.
    fn before(&self, course: &Course<'_>) -> Option<Last> {
        let last = self.last.get(&(course.tenant, course.id.clone()))?;
        course.changes.first().filter(|record| record.version > last.version).map(|_| last)
    }
}

fn forward(mut state: Option<Arc<Entity>>, course: &Course<'_>) -> Vec<Around> {
    let mut around = Vec::with_capacity(course.changes.len());
    for record in &course.changes {
        let before = state.clone();
        state = advance(state.map(Arc::unwrap_or_clone), course.id, &record.change, record.at).map(Arc::new);
        around.push(Around { before, after: state.clone() });
    }
    around.split_off(course.first.min(around.len()))
}

type Present<'r> = HashMap<(TenantId, &'r EntityId), Stored>;

/// Entities as they are now. What led to it is to be read after it, so that nothing of it is missing.
async fn present<'c, 'r: 'c>(store: &Store, courses: impl Iterator<Item = &'c Course<'r>>) -> Result<Present<'r>> {
    let mut seen: HashMap<TenantId, Vec<(&'r EntityId, Version)>> = HashMap::new();
    for course in courses {
        let version = course.changes.last().map(|record| record.version);
        seen.entry(course.tenant).or_default().extend(version.map(|version| (course.id, version)));
    }
    let mut present = HashMap::new();
    for (tenant, seen) in seen {
        let asked: Vec<(EntityId, Version)> = seen.iter().map(|(id, version)| ((*id).clone(), *version)).collect();
        let found = store.entities_since(tenant, &asked).await?;
        let found = seen.into_iter().zip(found).filter_map(|((id, _), found)| Some(((tenant, id), found?)));
        present.extend(found);
    }
    Ok(present)
}

async fn backward(store: &Store, present: Option<&Stored>, course: &Course<'_>) -> Result<Vec<Around>> {
    let changes = course.changes.get(course.first..).unwrap_or_default();
    let Some(last) = changes.last() else { return Ok(Vec::new()) };
    let mut state = present.map(|present| Entity::clone(&present.entity));
    if present.is_none_or(|present| present.version != last.version) {
        let later = store.changes_of(course.tenant, course.id, last.version, LATER).await?;
        let is_past = |record: &&ChangeRecord| present.is_none_or(|present| record.version <= present.version);
        for record in later.iter().filter(is_past).rev() {
            state = rewind(state, course.id, &record.change, record.at);
        }
    }
    let mut around = vec![Around::default(); changes.len()];
    let mut after = state.map(|state| Arc::new(as_of(state, last)));
    for (at, record) in changes.iter().enumerate().rev() {
        let state = after.as_deref().cloned();
        let before = rewind(state, course.id, &record.change, record.at);
        // Rewinding does not find what a record says of the entity as a whole: the one before it does.
        let before = before.map(|before| match at.checked_sub(1).and_then(|at| changes.get(at)) {
            Some(record) => as_of(before, record),
            None => before,
        });
        let before = before.map(Arc::new);
        if let Some(around) = around.get_mut(at) {
            *around = Around { before: before.clone(), after };
        }
        after = before;
    }
    Ok(around)
}

/// The entity as a record says that it was after its change.
fn as_of(mut entity: Entity, record: &ChangeRecord) -> Entity {
    entity.types.clone_from(&record.change.types);
    entity.modified_at = record.at;
    entity.expires_at = record.change.expires_at;
    entity
}

#[cfg(test)]
mod tests {
    use hiroba_store::{Options, Outcome, Position, Write};
    use hiroba_vocab::Tenant;
    use ngsild::jsonld::Context;
    use ngsild::read::{Nulls, Reader};
    use ngsild::{AttributeValue, DateTime};
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "urn:x:1";

    /// A change every second: the entity is created, given values, deleted, and created anew.
    async fn log(store: &Store, tenant: TenantId) -> Vec<ChangeRecord> {
        let reader = Reader { context: &Context::core(), nulls: Nulls::Refused };
        let mut before: Option<Stored> = None;
        for (second, p) in [Some(1), Some(2), Some(3), None, Some(5), Some(6)].into_iter().enumerate() {
            let now = DateTime::from_micros(1_000_000 * i64::try_from(second).unwrap());
            let after = p.map(|p| {
                let body = json!({"id": ID, "type": "T", "p": {"type": "Property", "value": p}, "q": {"type": "Property", "value": 0}});
                let mut entity = reader.fragment(body).unwrap().into_entity(now).unwrap();
                if let Some(before) = &before {
                    entity.created_at = before.entity.created_at;
                    for (name, instances) in &before.entity.attributes {
                        entity.attributes[name][0].created_at = instances[0].created_at;
                    }
                }
                Arc::new(entity)
            });
            let write = Write { before: before.take(), after: after.clone() };
            let [Outcome::Done { version, seq }] = store.write(tenant, &[write], now).await.unwrap()[..] else {
                panic!()
            };
            before = after.map(|entity| Stored { entity, version, seq });
        }
        store.changes(Position::default(), 100).await.unwrap()
    }

    /// What `p` was before and after each change.
    fn values(around: &[Around]) -> Vec<[Value; 2]> {
        let name = Context::core().expand("p").unwrap();
        let value = |state: &Option<Arc<Entity>>| match state.as_ref().map(|entity| &entity.attributes[&name][0].is) {
            Some(AttributeValue::Property(value)) => json!(value),
            _ => Value::Null,
        };
        around.iter().map(|around| [value(&around.before), value(&around.after)]).collect()
    }

    #[tokio::test]
    async fn states_are_the_same_followed_from_change_to_change_and_found_from_the_present_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(folder.path().display().to_string())).await.unwrap();
        let tenant = store.create_tenant(&Tenant::default_tenant()).await.unwrap();
        let (id, records) = (EntityId::parse(ID).unwrap(), log(&store, tenant).await);
        let course = |from: usize, to: usize, first: usize| Course {
            tenant,
            id: &id,
            changes: records[from..to].iter().collect(),
            first,
        };
        let expected = json!([[null, 1], [1, 2], [2, 3], [3, null], [null, 5], [5, 6]]).as_array().unwrap().clone();
        // Parts of the log, and whether the last state of the part before is forgotten.
        for parts in [
            &[(0, 6, false)][..],
            &[(0, 2, false), (2, 4, false), (4, 6, false)],
            &[(0, 3, false), (3, 6, true)],
            &[(1, 2, false), (2, 5, false), (5, 6, true)],
        ] {
            let states = States::new();
            for &(from, to, forgotten) in parts {
                if forgotten {
                    states.skip(tenant, &id);
                }
                let around = states.around(&store, &[course(from, to, 0)]).await.unwrap().remove(0);
                assert_eq!(json!(values(&around)), json!(expected[from..to]), "{parts:?} from {from}");
            }
        }
        let states = States::new();
        let wanted = states.around(&store, &[course(0, 4, 2)]).await.unwrap().remove(0);
        assert_eq!(
            json!(values(&wanted)),
            json!(expected[2..4]),
            "what comes before the first that is wanted is left out"
        );
        let wanted = states.around(&store, &[course(4, 6, 1)]).await.unwrap().remove(0);
        assert_eq!(json!(values(&wanted)), json!(expected[5..6]));
        // What was seen already is found from the present.
        let again = states.around(&store, &[course(0, 2, 0)]).await.unwrap().remove(0);
        assert_eq!(json!(values(&again)), json!(expected[..2]));
    }

    #[tokio::test]
    async fn a_followed_entity_is_told_exactly() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(folder.path().display().to_string())).await.unwrap();
        let tenant = store.create_tenant(&Tenant::default_tenant()).await.unwrap();
        let (id, records) = (EntityId::parse(ID).unwrap(), log(&store, tenant).await);
        let states = States::new();
        for record in &records {
            let course = Course { tenant, id: &id, changes: vec![record], first: 0 };
            states.around(&store, &[course]).await.unwrap();
        }
        let present = store.entity(tenant, &id).await.unwrap().unwrap();
        let last = states.last.get(&(tenant, id)).unwrap();
        assert_eq!((last.version, last.entity.as_deref()), (present.version, Some(&*present.entity)));
    }
}
