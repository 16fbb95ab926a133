//! Recording instances, amending them, forgetting them (5.6.11 to 5.6.16).

use std::sync::Arc;

use hiroba_store::{Amendment, HistoryRange, HistoryRecord, Outcome, Recording, Stored, TenantId, Version};
use hiroba_vocab::{EntityId, Iri};
use ngsild::read::TemporalFragment;
use ngsild::temporal::{Clock, Instance, InstanceId, Recorded, Span};
use ngsild::write::add_instances;
use ngsild::{Attribute, Error, ErrorKind};

use crate::service::entities::{ATTEMPTS, Deleted, Target};
use crate::service::{Result, ServiceError, entities, now};
use crate::state::AppState;

/// How many records are looked through at once, and at most, for the instances of a series.
const CHUNK: usize = 2_000;
const MAX_RECORDS: usize = 1_000_000;

/// Create or Update Temporal Representation (5.6.11). Whether the entity's past was not known before.
///
/// # Errors
/// BadRequestData when the entity would have too many attributes.
pub async fn upsert_entity(
    state: &AppState,
    tenant: TenantId,
    id: &EntityId,
    fragment: &TemporalFragment,
) -> Result<bool> {
    for _ in 0..ATTEMPTS {
        let now = now();
        let before = existing(state, tenant, id).await?;
        let is_new = state.store.last_record(tenant, id).await?.is_none();
        let added = add_instances(before.as_ref().map(|stored| &*stored.entity), id, fragment.clone(), now)?;
        let after = Some(Arc::new(added.entity));
        let recording = Recording { id: id.clone(), types: Vec::new(), before, after, instances: added.instances };
        if state.store.record(tenant, recording, now).await? != Outcome::Conflict {
            return Ok(is_new);
        }
    }
    Err(ServiceError::Contended(id.clone()))
}

/// Add Attributes to Temporal Representation (5.6.12). An entity that is gone stays gone: only its past grows.
///
/// # Errors
/// ResourceNotFound; BadRequestData when there is nothing to add, or the entity would have too many attributes.
pub async fn add_attributes(state: &AppState, target: &Target, fragment: &TemporalFragment) -> Result<()> {
    if fragment.attributes.is_empty() && fragment.scopes.is_empty() {
        return Err(Error::bad_request("the body has no attribute to add").into());
    }
    let Target { tenant, id, .. } = target;
    for _ in 0..ATTEMPTS {
        let now = now();
        let before = existing(state, *tenant, id).await?;
        let mut types = match (&before, state.store.last_record(*tenant, id).await?) {
            (Some(_), _) => Vec::new(),
            (None, Some(last)) => last.types,
            (None, None) => return Err(ServiceError::no_entity(id)),
        };
        types.extend(fragment.types.iter().filter(|name| !types.contains(name)).cloned().collect::<Vec<_>>());
        let added = add_instances(before.as_ref().map(|stored| &*stored.entity), id, fragment.clone(), now)?;
        let after = before.is_some().then(|| Arc::new(added.entity));
        let recording = Recording { id: id.clone(), types, before, after, instances: added.instances };
        if state.store.record(*tenant, recording, now).await? != Outcome::Conflict {
            return Ok(());
        }
    }
    Err(ServiceError::Contended(id.clone()))
}

/// The entity as it is now, if it exists; what has expired is removed.
async fn existing(state: &AppState, tenant: TenantId, id: &EntityId) -> Result<Option<Stored>> {
    let found = state.store.valid_entities(tenant, std::slice::from_ref(id), now()).await?;
    Ok(found.into_iter().next().flatten())
}

/// Whether an instance belongs to what is deleted.
fn is_of(what: &Deleted, instance: &Instance) -> bool {
    match (what, &instance.is) {
        (Deleted::Scope, Recorded::Scope { .. }) => true,
        (Deleted::Attribute(name, which), Recorded::Attribute { name: known, instance }) => {
            name == known && which.covers(instance)
        }
        _ => false,
    }
}

/// Delete Attribute from Temporal Representation (5.6.13).
///
/// # Errors
/// ResourceNotFound; TooComplexQuery when the entity has too long a history to do it at once.
pub async fn delete_attribute(state: &AppState, target: &Target, series: &Deleted) -> Result<()> {
    let Target { tenant, id, .. } = target;
    for _ in 0..ATTEMPTS {
        let amendments = without(state, *tenant, id, series).await?;
        if amendments.is_empty() {
            return Err(not_found(format!("{id} has no such series")));
        }
        if state.store.amend_history(*tenant, id, amendments).await? {
            return Ok(());
        }
    }
    Err(ServiceError::Contended(id.clone()))
}

/// What takes a series out of every record.
async fn without(state: &AppState, tenant: TenantId, id: &EntityId, series: &Deleted) -> Result<Vec<Amendment>> {
    let span = Span { clock: Clock::Recorded, from: i64::MIN, before: i64::MAX };
    let range = HistoryRange { span, descending: false, limit: CHUNK };
    let (mut place, mut seen, mut amendments) = (range.start(), 0, Vec::new());
    loop {
        let records = state.store.history(tenant, &[(id.clone(), place)], &range).await?;
        let records: Vec<HistoryRecord> = records.into_iter().flatten().collect();
        let (count, last) = (records.len(), records.last().map(|record| range.place(record)));
        seen += count;
        if seen > MAX_RECORDS {
            let detail = format!("{id} has more than {MAX_RECORDS} records");
            return Err(Error::new(ErrorKind::TooComplexQuery, detail).into());
        }
        for record in records {
            let (gone, instances): (Vec<Instance>, Vec<Instance>) =
                record.instances.iter().cloned().partition(|instance| is_of(series, instance));
            if !gone.is_empty() {
                amendments.push(Amendment { record, instances, modified: false });
            }
        }
        match last {
            Some(last) if count == CHUNK => place = last,
            _ => return Ok(amendments),
        }
    }
}

/// Modify Attribute Instance (5.6.14). The instance keeps its id, its `createdAt`, and its dataset unless the new one
/// names another.
///
/// # Errors
/// ResourceNotFound.
pub async fn modify_instance(
    state: &AppState,
    target: &Target,
    name: &Iri,
    instance: InstanceId,
    new: &Attribute,
) -> Result<()> {
    amend(state, target, name, instance, |known| {
        let (created_at, dataset_id) = match &known.is {
            Recorded::Attribute { instance, .. } => (instance.created_at, instance.dataset_id.clone()),
            Recorded::Scope { at, .. } => (*at, None),
        };
        let dataset_id = new.dataset_id.clone().or(dataset_id);
        let instance = Attribute { created_at, modified_at: now(), dataset_id, ..new.clone() };
        let is = Recorded::Attribute { name: name.clone(), instance };
        Some(Instance { number: known.number, deleted_at: None, is })
    })
    .await
}

/// Delete Attribute Instance (5.6.15).
///
/// # Errors
/// ResourceNotFound.
pub async fn delete_instance(state: &AppState, target: &Target, name: &Iri, instance: InstanceId) -> Result<()> {
    amend(state, target, name, instance, |_| None).await
}

/// Puts another instance in the place of one, or nothing.
async fn amend(
    state: &AppState,
    target: &Target,
    name: &Iri,
    which: InstanceId,
    new: impl Fn(&Instance) -> Option<Instance>,
) -> Result<()> {
    let Target { tenant, id, .. } = target;
    for _ in 0..ATTEMPTS {
        let record = state.store.history_record(*tenant, id, Version(which.version)).await?;
        let place = record.and_then(|record| {
            let is_it = |known: &Instance| {
                known.number == which.number && known.series().is_some_and(|(known, _)| known == name)
            };
            let at = record.instances.iter().position(is_it)?;
            Some((record, at))
        });
        let Some((record, at)) = place else {
            return Err(not_found(format!("{id} has no instance {which} of {name}")));
        };
        let mut instances = record.instances.clone();
        let new = new(&instances[at]);
        let modified = new.is_some();
        instances.splice(at..=at, new);
        if state.store.amend_history(*tenant, id, vec![Amendment { record, instances, modified }]).await? {
            return Ok(());
        }
    }
    Err(ServiceError::Contended(id.clone()))
}

/// Delete Temporal Representation (5.6.16). Where history goes with its entity, the entity goes too.
///
/// # Errors
/// ResourceNotFound.
pub async fn delete_entity(state: &AppState, target: &Target) -> Result<()> {
    if !state.store.forget_history(target.tenant, &target.id).await? {
        return Err(ServiceError::no_entity(&target.id));
    }
    if state.config.history_ends_with_entity && existing(state, target.tenant, &target.id).await?.is_some() {
        entities::delete_entity(state, target).await?;
    }
    Ok(())
}

fn not_found(detail: String) -> ServiceError {
    Error::new(ErrorKind::ResourceNotFound, detail).into()
}
