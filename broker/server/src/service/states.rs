//! The states that entities went through: from the one that was seen last on, or from the present back, change by change.

use std::collections::HashMap;
use std::sync::Arc;

use hiroba_store::{ChangeRecord, Store, Stored, TenantId, Version};
use hiroba_vocab::{EntityId, Tenant};
use ngsild::Entity;
use ngsild::subscription::{advance, rewind};

use super::Result;
use super::last_states::{LastState, LastStates};

/// How many later changes are looked at to find out what an entity was like when nobody has followed it. One that has
/// changed more often since is taken as it was then as far as the records at hand tell.
const LATER: usize = 10_000;
/// How many attributes of entities that are followed are kept, about: 500 bytes each.
const FOLLOWED: u64 = 200_000;

/// The states before and after a change; `None` is an entity that does not exist.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    pub(super) before: Option<Arc<Entity>>,
    pub(super) after: Option<Arc<Entity>>,
}

/// The states of the entities that were seen last. Whoever uses it shows it the whole log, in order.
#[derive(Debug)]
pub(super) struct States {
    last: LastStates,
}

/// What a part of the log does to an entity.
#[derive(Debug)]
struct Course<'r> {
    tenant: TenantId,
    id: &'r EntityId,
    changes: Vec<&'r ChangeRecord>,
}

impl States {
    /// Nothing was seen.
    pub(super) fn new() -> Self {
        Self { last: LastStates::new(FOLLOWED) }
    }

    /// A part of the log is not shown.
    pub(super) fn skip(&self) {
        self.last.forget_all();
    }

    /// Goes through a part of the log. Entities are followed from the first of their changes on that is `wanted`.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn through<'s, 'r>(
        &'s self,
        store: &Store,
        records: &'r [ChangeRecord],
        wanted: impl Fn(TenantId, &ChangeRecord) -> bool,
    ) -> Result<Through<'s, 'r>> {
        let tenants = tenants(store, records).await?;
        let mut courses: HashMap<(TenantId, &EntityId), Course<'r>> = HashMap::new();
        let mut now = HashMap::new();
        for record in records {
            let Some(tenant) = tenants.get(&record.tenant).copied().flatten() else { continue };
            let key = (tenant, &record.entity);
            if now.contains_key(&key) {
                continue;
            }
            if let Some(course) = courses.get_mut(&key) {
                course.changes.push(record);
            } else if let Some(last) = self.last(tenant, record) {
                now.insert(key, Now { from: record, entity: last.entity });
            } else if wanted(tenant, record) {
                courses.insert(key, Course { tenant, id: &record.entity, changes: vec![record] });
            }
        }
        let present = present(store, courses.values()).await?;
        for (key, course) in courses {
            let Some(from) = course.changes.first() else { continue };
            let entity = backward(store, present.get(&key), &course).await?;
            now.insert(key, Now { from, entity: entity.map(Arc::new) });
        }
        Ok(Through { states: self, tenants, now })
    }

    /// The state before a change, if it was seen.
    fn last(&self, tenant: TenantId, record: &ChangeRecord) -> Option<LastState> {
        self.last.get(tenant, &record.entity).filter(|last| record.version > last.version)
    }
}

/// A way through a part of the log, record by record.
#[derive(Debug)]
pub(super) struct Through<'s, 'r> {
    states: &'s States,
    tenants: Tenants<'r>,
    now: HashMap<(TenantId, &'r EntityId), Now<'r>>,
}

/// Where an entity stands: before a change, at first.
#[derive(Debug)]
struct Now<'r> {
    from: &'r ChangeRecord,
    entity: Option<Arc<Entity>>,
}

impl<'r> Through<'_, 'r> {
    /// The next record: the states around its change, with the number of the tenant; `None` when nobody follows the entity.
    pub(super) fn step(&mut self, record: &'r ChangeRecord) -> Option<(TenantId, Around)> {
        let tenant = self.tenants.get(&record.tenant).copied().flatten()?;
        let now = self.now.get_mut(&(tenant, &record.entity)).filter(|now| now.from.position <= record.position)?;
        let before = now.entity.take();
        let entity = before.as_deref().cloned();
        now.entity = advance(entity, &record.entity, &record.change, record.at).map(Arc::new);
        self.states.last.insert(tenant, &record.entity, record.version, now.entity.clone());
        Some((tenant, Around { before, after: now.entity.clone() }))
    }
}

type Tenants<'r> = HashMap<&'r Tenant, Option<TenantId>>;

async fn tenants<'r>(store: &Store, records: &'r [ChangeRecord]) -> Result<Tenants<'r>> {
    let mut tenants = HashMap::new();
    for record in records {
        if !tenants.contains_key(&record.tenant) {
            tenants.insert(&record.tenant, store.tenant(&record.tenant).await?);
        }
    }
    Ok(tenants)
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
        present.extend(seen.into_iter().zip(found).filter_map(|((id, _), found)| Some(((tenant, id), found?))));
    }
    Ok(present)
}

/// The state before the first change of a course.
async fn backward(store: &Store, present: Option<&Stored>, course: &Course<'_>) -> Result<Option<Entity>> {
    let Some(last) = course.changes.last() else { return Ok(None) };
    let mut state = present.map(|present| Entity::clone(&present.entity));
    if present.is_none_or(|present| present.version != last.version) {
        let later = store.changes_of(course.tenant, course.id, last.version, LATER).await?;
        let is_past = |record: &&ChangeRecord| present.is_none_or(|present| record.version <= present.version);
        for record in later.iter().filter(is_past).rev() {
            state = rewind(state, course.id, &record.change, record.at);
        }
    }
    for record in course.changes.iter().rev() {
        state = rewind(state, course.id, &record.change, record.at);
    }
    Ok(state)
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

    async fn store() -> (tempfile::TempDir, Store, TenantId) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(folder.path().display().to_string())).await.unwrap();
        let tenant = store.create_tenant(&Tenant::default_tenant()).await.unwrap();
        (folder, store, tenant)
    }

    /// Goes through records, each of which is wanted or not. What is told of those that are followed.
    async fn told(states: &States, store: &Store, records: &[ChangeRecord], wanted: &[bool]) -> Vec<Option<Around>> {
        let first = records[0].position;
        let is_wanted = |_: TenantId, record: &ChangeRecord| {
            wanted[usize::try_from(record.position.number - first.number).unwrap()]
        };
        let mut through = states.through(store, records, is_wanted).await.unwrap();
        records.iter().map(|record| through.step(record).map(|(_, around)| around)).collect()
    }

    #[tokio::test]
    async fn states_are_the_same_followed_from_change_to_change_and_found_from_the_present_back() {
        let (_folder, store, tenant) = store().await;
        let records = log(&store, tenant).await;
        let expected = json!([[null, 1], [1, 2], [2, 3], [3, null], [null, 5], [5, 6]]);
        // Parts of the log, and whether what was seen before a part is forgotten.
        for parts in [
            &[(0, 6, false)][..],
            &[(0, 2, false), (2, 4, false), (4, 6, false)],
            &[(0, 3, false), (3, 6, true)],
            &[(1, 2, false), (2, 5, false), (5, 6, true)],
        ] {
            let states = States::new();
            for &(from, to, forgotten) in parts {
                if forgotten {
                    states.skip();
                }
                let told = told(&states, &store, &records[from..to], &[true; 6]).await;
                let told: Vec<Around> = told.into_iter().map(Option::unwrap).collect();
                assert_eq!(
                    json!(values(&told)),
                    json!(expected.as_array().unwrap()[from..to]),
                    "{parts:?} from {from}"
                );
            }
        }
    }

    #[tokio::test]
    async fn an_entity_is_followed_from_the_first_change_that_is_wanted() {
        let (_folder, store, tenant) = store().await;
        let records = log(&store, tenant).await;
        let states = States::new();
        let first = told(&states, &store, &records[..4], &[false, false, true, false]).await;
        assert!(first[..2].iter().all(Option::is_none), "{first:?}");
        let first: Vec<Around> = first.into_iter().flatten().collect();
        assert_eq!(json!(values(&first)), json!([[2, 3], [3, null]]));
        let then: Vec<Around> = told(&states, &store, &records[4..], &[false; 2]).await.into_iter().flatten().collect();
        assert_eq!(json!(values(&then)), json!([[null, 5], [5, 6]]), "it is followed on");
        // What was seen already is found from the present.
        let again: Vec<Around> = told(&states, &store, &records[..2], &[true; 2]).await.into_iter().flatten().collect();
        assert_eq!(json!(values(&again)), json!([[null, 1], [1, 2]]));
    }

    #[tokio::test]
    async fn a_followed_entity_is_told_exactly() {
        let (_folder, store, tenant) = store().await;
        let records = log(&store, tenant).await;
        let states = States::new();
        for record in &records {
            told(&states, &store, std::slice::from_ref(record), &[true]).await;
        }
        let id = EntityId::parse(ID).unwrap();
        let present = store.entity(tenant, &id).await.unwrap().unwrap();
        let last = states.last.get(tenant, &id).unwrap();
        assert_eq!((last.version, last.entity.as_deref()), (present.version, Some(&*present.entity)));
    }
}
