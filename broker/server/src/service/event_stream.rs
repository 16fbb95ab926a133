//! The change log of a tenant as an event stream: pages of versions, each the whole state of an entity after a change.
//!
//! A page is what follows a position: a fixed number of changes. The log only grows at its end, so a page that is full says
//! the same for ever. Entities are kept as they are now, and the log says what each change replaced: the states in between
//! are found from the present back.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use hiroba_store::{ChangeRecord, Position, Store, Stored, TenantId};
use hiroba_vocab::{DatasetId, EntityId, Iri, Scope, Tenant};
use ngsild::change::{Change, Operation};
use ngsild::entity::OneOrMany;
use ngsild::subscription::rewind;
use ngsild::{Attribute, Entity};
use tokio::sync::Semaphore;

use super::{Result, ServiceError};
use crate::state::AppState;

/// How many changes a page holds at most.
pub const MEMBERS: usize = 100;
/// After how many changes a page ends although most of them were those of other tenants: reading costs the same.
const SCANNED: usize = 5_000;
/// How many later changes of an entity are read at a time.
const LATER: usize = 500;
/// How many pages are made at once, and how long one may wait for its turn.
const AT_ONCE: usize = 4;
const PATIENCE: Duration = Duration::from_secs(10);

/// The places for pages in the making.
#[derive(Debug)]
pub struct EventStream {
    places: Semaphore,
}

impl Default for EventStream {
    fn default() -> Self {
        Self { places: Semaphore::new(AT_ONCE) }
    }
}

/// A change with what it made of the entity.
#[derive(Debug)]
pub struct Member {
    /// The change.
    pub record: ChangeRecord,
    /// The entity after it; `None` when it was deleted.
    pub state: Option<Entity>,
}

/// A page of the stream.
#[derive(Debug)]
pub struct StreamPage {
    /// The changes of the tenant, in the order of their commits.
    pub members: Vec<Member>,
    /// Where the next page begins, if this one is full; else more may come.
    pub next: Option<Position>,
}

/// Where the first page begins: before the oldest change that the log still has. `None` as long as it has none.
///
/// # Errors
/// When the database fails.
pub async fn beginning(state: &AppState) -> Result<Option<Position>> {
    Ok(state.store.beginning().await?)
}

/// The page after a position.
///
/// # Errors
/// LogForgotten when changes after the position are no longer in the log; Busy when many pages are being made; when the
/// database fails.
pub async fn page(state: &AppState, tenant: &Tenant, id: TenantId, after: Position) -> Result<StreamPage> {
    let place = tokio::time::timeout(PATIENCE, state.event_stream.places.acquire()).await;
    let Ok(Ok(_place)) = place else {
        return Err(ServiceError::Busy("too many pages of the event stream are asked for at once; try again".into()));
    };
    let (records, next) = records(&state.store, tenant, after).await?;
    // Asked after reading: history may be removed meanwhile.
    if !state.store.tells_all_after(after).await? {
        return Err(ServiceError::LogForgotten(after));
    }
    let states = states(&state.store, id, &records).await?;
    let members = records.into_iter().zip(states).map(|(record, state)| Member { record, state });
    // The past of an entity that is gone may be written, too: that makes no version of it.
    let is_version = |member: &Member| member.state.is_some() || member.record.change.operation == Operation::Deleted;
    Ok(StreamPage { members: members.filter(is_version).collect(), next })
}

/// The tenant's changes after a position, and where to go on when there are enough for a page.
async fn records(store: &Store, tenant: &Tenant, after: Position) -> Result<(Vec<ChangeRecord>, Option<Position>)> {
    let (mut records, mut cursor, mut scanned) = (Vec::new(), after, 0);
    loop {
        let part = store.changes(cursor, MEMBERS).await?;
        if part.is_empty() {
            return Ok((records, None));
        }
        for record in part {
            (cursor, scanned) = (record.position, scanned + 1);
            if record.tenant == *tenant {
                records.push(record);
            }
            if records.len() == MEMBERS || scanned == SCANNED {
                return Ok((records, Some(cursor)));
            }
        }
    }
}

/// The state after each change.
async fn states(store: &Store, tenant: TenantId, records: &[ChangeRecord]) -> Result<Vec<Option<Entity>>> {
    let mut courses: HashMap<&EntityId, Vec<usize>> = HashMap::new();
    for (place, record) in records.iter().enumerate() {
        courses.entry(&record.entity).or_default().push(place);
    }
    let ids: Vec<EntityId> = courses.keys().map(|id| (*id).clone()).collect();
    let mut states: Vec<Option<Entity>> = vec![None; records.len()];
    let lasts: Vec<&ChangeRecord> =
        courses.values().filter_map(|places| places.last().and_then(|place| records.get(*place))).collect();
    let seen: Vec<_> = lasts.iter().map(|last| (last.entity.clone(), last.version)).collect();
    // What led to the present is read after it, so that nothing of it is missing.
    let present = store.entities_since(tenant, &seen).await?;
    let mut now = HashMap::new();
    for (last, present) in lasts.into_iter().zip(present) {
        let mut state = after(store, tenant, last, present.as_ref()).await?;
        let mut places = courses.get(&last.entity).map_or(&[][..], Vec::as_slice).iter().rev().peekable();
        while let Some(place) = places.next() {
            let (Some(record), Some(slot)) = (records.get(*place), states.get_mut(*place)) else { continue };
            if let Some(state) = &mut state {
                state.types.clone_from(&record.change.types);
            }
            *slot = state.clone().map(in_order);
            if places.peek().is_some() {
                state = rewind(state, &record.entity, &record.change, record.at);
            }
        }
        now.insert(&last.entity, present);
    }
    // Asked last: what is forgotten meanwhile is not shown any more.
    let rewritten: HashSet<EntityId> = store.rewritten(tenant, &ids).await?.into_iter().collect();
    for (record, state) in records.iter().zip(&mut states) {
        if let (Some(state), true) = (state, rewritten.contains(&record.entity)) {
            let present = now.get(&record.entity).and_then(Option::as_ref);
            keep_what_is_true(state, record, present);
        }
    }
    Ok(states)
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
    use hiroba_store::{Options, Outcome, Write};
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
            let found = states(&store, tenant, &records[from..to]).await.unwrap();
            let found: Vec<Option<Vec<String>>> = found.iter().map(|state| state.as_ref().map(told)).collect();
            assert_eq!(found, expected[from..to], "{from} to {to}");
        }
    }
}
