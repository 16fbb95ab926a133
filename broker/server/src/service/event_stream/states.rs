//! What an entity was after each change of a page.
//!
//! Where a page tells how an entity came to be, its states are found from there on. Else from what it was at the end of the
//! page before, if that was asked for lately; or from the present back, which may be a long way.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use hiroba_store::{ChangeRecord, Store, Stored, TenantId};
use hiroba_vocab::{DatasetId, EntityId, Iri, Scope};
use ngsild::change::{Change, Operation};
use ngsild::entity::OneOrMany;
use ngsild::subscription::{advance, rewind};
use ngsild::{Attribute, Entity};

use super::Result;
use crate::service::last_states::LastStates;

/// How many later changes of an entity are read at a time.
const LATER: usize = 500;
/// How many attributes of entities are remembered, about: 500 bytes each.
const REMEMBERED: u64 = 100_000;

/// What entities were at the ends of pages.
#[derive(Debug)]
pub(super) struct States {
    last: LastStates,
}

/// Changes of one entity, in their order, with their places in the page.
type Course<'r> = Vec<(usize, &'r ChangeRecord)>;

impl Default for States {
    fn default() -> Self {
        Self { last: LastStates::new(REMEMBERED) }
    }
}

impl States {
    /// The state after each change of a page.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn of(
        &self,
        store: &Store,
        tenant: TenantId,
        records: &[ChangeRecord],
    ) -> Result<Vec<Option<Entity>>> {
        let mut courses: HashMap<&EntityId, Course<'_>> = HashMap::new();
        for (place, record) in records.iter().enumerate() {
            courses.entry(&record.entity).or_default().push((place, record));
        }
        let ids: Vec<EntityId> = courses.keys().map(|id| (*id).clone()).collect();
        let lasts: Vec<&ChangeRecord> =
            courses.values().filter_map(|course| course.last().map(|(_, record)| *record)).collect();
        let seen: Vec<_> = lasts.iter().map(|last| (last.entity.clone(), last.version)).collect();
        // What led to the present is read after it, so that nothing of it is missing.
        let present = store.entities_since(tenant, &seen).await?;
        let present: HashMap<&EntityId, Option<Stored>> =
            lasts.into_iter().map(|last| &last.entity).zip(present).collect();
        let mut states: Vec<Option<Entity>> = vec![None; records.len()];
        for (id, course) in &courses {
            let now = present.get(id).and_then(Option::as_ref);
            for (place, state) in self.course(store, tenant, course, now).await? {
                if let Some(slot) = states.get_mut(place) {
                    *slot = state.map(in_order);
                }
            }
        }
        // Asked last: what is forgotten meanwhile is not shown any more.
        let rewritten: HashSet<EntityId> = store.rewritten(tenant, &ids).await?.into_iter().collect();
        for (record, state) in records.iter().zip(&mut states) {
            if let (Some(state), true) = (state, rewritten.contains(&record.entity)) {
                let present = present.get(&record.entity).and_then(Option::as_ref);
                keep_what_is_true(state, record, present);
            }
        }
        Ok(states)
    }

    /// The states of one entity, with their places.
    async fn course(
        &self,
        store: &Store,
        tenant: TenantId,
        course: &Course<'_>,
        present: Option<&Stored>,
    ) -> Result<Vec<(usize, Option<Entity>)>> {
        let Some(((_, first), (_, last))) = course.first().zip(course.last()) else { return Ok(Vec::new()) };
        let began = course.iter().position(|(_, record)| record.change.operation == Operation::Created);
        let states = match began {
            Some(began) => {
                // Before it came it was not there.
                let (before, from) = course.split_at(began);
                [backward(None, before), forward(None, from)].concat()
            }
            None => match self.before(store, tenant, first).await? {
                Some(before) => forward(Some(before), course),
                None => backward(after(store, tenant, last, present).await?, course),
            },
        };
        if let Some((_, Some(state))) = states.last() {
            self.last.insert(tenant, &last.entity, last.version, Some(Arc::new(state.clone())));
        }
        Ok(states)
    }

    /// The state before a change, if it is remembered.
    async fn before(&self, store: &Store, tenant: TenantId, first: &ChangeRecord) -> Result<Option<Entity>> {
        let Some(last) = self.last.get(tenant, &first.entity) else { return Ok(None) };
        let next = store.changes_of(tenant, &first.entity, last.version, 1).await?;
        let follows = next.first().is_some_and(|next| next.version == first.version);
        Ok(last.entity.as_deref().filter(|_| follows).cloned())
    }
}

/// The states after changes, from the one before the first.
fn forward(mut state: Option<Entity>, course: &[(usize, &ChangeRecord)]) -> Vec<(usize, Option<Entity>)> {
    let step = |(place, record): &(usize, &ChangeRecord)| {
        state = advance(state.take(), &record.entity, &record.change, record.at);
        (*place, state.clone())
    };
    course.iter().map(step).collect()
}

/// The states after changes, from the one after the last.
fn backward(mut state: Option<Entity>, course: &[(usize, &ChangeRecord)]) -> Vec<(usize, Option<Entity>)> {
    let step = |(place, record): &(usize, &ChangeRecord)| {
        if let Some(state) = &mut state {
            state.types.clone_from(&record.change.types);
        }
        let after = state.clone();
        state = rewind(state.take(), &record.entity, &record.change, record.at);
        (*place, after)
    };
    let mut states: Vec<_> = course.iter().rev().map(step).collect();
    states.reverse();
    states
}

/// Leaves nothing of a former state that is not so now: somebody has decided that the past is to be told otherwise, or not at
/// all, and what an entity once was may be what is not to be known any more.
fn keep_what_is_true(state: &mut Entity, record: &ChangeRecord, present: Option<&Stored>) {
    if present.is_some_and(|present| present.version == record.version) {
        return;
    }
    let now = |name: &Iri| present.and_then(|present| present.entity.attributes.get(name));
    state.attributes.retain(|name, instances| {
        instances.retain(|instance| now(name).is_some_and(|now| now.contains(instance)));
        !instances.is_empty()
    });
    state.types.retain(|name| present.is_some_and(|present| present.entity.types.contains(name)));
    if state.scope != present.and_then(|present| present.entity.scope.clone()) {
        state.scope = None;
    }
}

/// An entity with its attributes in the order of their names: the same page is the same text each time, whichever way the
/// states were found.
fn in_order(mut entity: Entity) -> Entity {
    entity.attributes.sort_keys();
    for instances in entity.attributes.values_mut() {
        instances.sort_by(|one, other| one.dataset_id.cmp(&other.dataset_id));
    }
    entity
}

/// The state of an entity after a change, from what it is now and what came in between.
async fn after(
    store: &Store,
    tenant: TenantId,
    last: &ChangeRecord,
    present: Option<&Stored>,
) -> Result<Option<Entity>> {
    if last.change.operation == Operation::Deleted {
        return Ok(None);
    }
    let upto = present.map(|present| present.version);
    let (mut later, mut version) = (Later::default(), last.version);
    while later.ends.is_none() && upto.is_none_or(|upto| version < upto) {
        let changes = store.changes_of(tenant, &last.entity, version, LATER).await?;
        let Some(newest) = changes.last().map(|record| record.version) else { break };
        for record in changes.into_iter().take_while(|record| upto.is_none_or(|upto| record.version <= upto)) {
            later.note(record.change);
        }
        version = newest;
    }
    Ok(later.undo(present.map(|present| &present.entity), last))
}

/// What later changes replaced: of each part of an entity what it was before the first of them.
#[derive(Debug, Default)]
struct Later {
    instances: HashMap<(Iri, Option<DatasetId>), Option<Attribute>>,
    scope: Option<Option<OneOrMany<Scope>>>,
    /// The change with which the entity came or went: nothing after it matters.
    ends: Option<Operation>,
}

impl Later {
    fn note(&mut self, change: Change) {
        if self.ends.is_some() {
            return;
        }
        if change.operation != Operation::Updated {
            self.ends = Some(change.operation);
        }
        if change.operation == Operation::Created {
            return;
        }
        for touched in change.attributes {
            self.instances.entry((touched.name, touched.dataset_id)).or_insert(touched.before);
        }
        if let Some(scope) = change.scope {
            self.scope.get_or_insert(scope.before);
        }
    }

    /// The entity before these changes. `last` is the one before them.
    fn undo(self, present: Option<&Arc<Entity>>, last: &ChangeRecord) -> Option<Entity> {
        let mut entity = match self.ends {
            // It was not there.
            Some(Operation::Created) => return None,
            // All that it had is in what the deletion replaced.
            Some(_) => Entity { attributes: ngsild::Attributes::default(), ..bare(last)? },
            None => Entity::clone(present?),
        };
        entity.types.clone_from(&last.change.types);
        for ((name, dataset), before) in self.instances {
            let instances = entity.attributes.entry(name.clone()).or_default();
            instances.retain(|instance| instance.dataset_id != dataset);
            instances.extend(before);
            if instances.is_empty() {
                entity.attributes.shift_remove(&name);
            }
        }
        match self.scope {
            Some(scope) => entity.scope = scope,
            None if self.ends.is_some() => entity.scope = None,
            None => {}
        }
        Some(entity)
    }
}

/// An entity of the type that it had after a change, without attributes.
fn bare(last: &ChangeRecord) -> Option<Entity> {
    Some(Entity::new(last.entity.clone(), last.change.types.first()?.clone(), last.at))
}

#[cfg(test)]
mod tests {
    use hiroba_store::{Options, Outcome, Position, Write};
    use hiroba_vocab::Tenant;
    use ngsild::DateTime;
    use ngsild::jsonld::Context;
    use ngsild::read::{Nulls, Reader};
    use serde_json::json;

    use super::*;

    fn entity(id: &str, number: i64, at: DateTime) -> Entity {
        let mut body = json!({"id": id, "type": if number % 5 == 4 { json!(["T", "U"]) } else { json!("T") },
            "steady": {"type": "Property", "value": "same"},
            "p": [{"type": "Property", "value": number}, {"type": "Property", "value": -number, "datasetId": "urn:d:1"}]});
        if number % 3 == 0 {
            body["sometimes"] = json!({"type": "Property", "value": number});
        }
        if number % 4 == 1 {
            body["scope"] = json!(format!("/s{number}"));
        }
        Reader { context: &Context::core(), nulls: Nulls::Refused }.fragment(body).unwrap().into_entity(at).unwrap()
    }

    /// What versions tell of a state.
    fn told(entity: &Entity) -> Vec<String> {
        let mut said = Vec::new();
        let node = ngsild::rdf::version_node(&entity.id, 0).unwrap();
        ngsild::rdf::Mapping::published().state(&node, entity, &mut |triple| said.push(triple.to_string()));
        said.sort();
        said
    }

    /// Two entities take turns: created, changed many times, deleted and created anew. With what each state was.
    async fn history(store: &Store, tenant: TenantId, count: i64) -> Vec<Option<Vec<String>>> {
        let (mut known, mut states) = (HashMap::new(), Vec::new());
        for number in 0..count {
            let id = if number % 2 == 0 { "urn:x:1" } else { "urn:x:2" };
            let at = DateTime::from_micros(number * 1_000_000);
            let before: Option<Stored> = known.remove(id);
            let after = (number % 7 != 6 || before.is_none()).then(|| Arc::new(entity(id, number, at)));
            let write = Write { before, after: after.clone() };
            let [Outcome::Done { version, seq }] = store.write(tenant, &[write], at).await.unwrap()[..] else {
                panic!()
            };
            states.push(after.as_deref().map(told));
            if let Some(entity) = after {
                known.insert(id, Stored { entity, version, seq });
            }
        }
        states
    }

    #[tokio::test]
    async fn the_state_after_each_change_is_found_wherever_a_part_of_the_log_begins_and_ends() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(Options::new(folder.path().display().to_string())).await.unwrap();
        let tenant = store.create_tenant(&Tenant::default_tenant()).await.unwrap();
        let expected = history(&store, tenant, 60).await;
        let records = store.changes(Position::default(), 1_000).await.unwrap();
        for (from, to) in [(0, 60), (0, 1), (0, 2), (5, 9), (12, 13), (13, 20), (30, 60), (59, 60)] {
            let found = States::default().of(&store, tenant, &records[from..to]).await.unwrap();
            let found: Vec<Option<Vec<String>>> = found.iter().map(|state| state.as_ref().map(told)).collect();
            assert_eq!(found, expected[from..to], "{from} to {to}");
        }
        // Page after page, and a page again: what is remembered of others leads to the same.
        let remembered = States::default();
        for from in (0..60).step_by(3).chain([30, 6, 9]) {
            let found = remembered.of(&store, tenant, &records[from..from + 3]).await.unwrap();
            let found: Vec<Option<Vec<String>>> = found.iter().map(|state| state.as_ref().map(told)).collect();
            assert_eq!(found, expected[from..from + 3], "{from}");
        }
    }
}
