//! Bringing an earlier version back, and removing a data set. Both are versions themselves, and can be undone.

use std::sync::Arc;

use hiroba_store::{DatasetVersion, NewVersion, Reversal, Store, TenantId, VersionKind, VersionState};
use hiroba_vocab::EntityId;
use ngsild::entity::Attributes;
use ngsild::write::revise_entity;
use ngsild::{DateTime, Entity};
use serde::Serialize;

use super::destination::absent_since;
use super::session::{Applied, Decision, Session};
use super::version::{Details, Entities, VersionSummary, versions};
use crate::service::{Result, ServiceError, now};

/// How many entities are dealt with at a time.
const BATCH: usize = 500;
/// How many entities that were left alone are named.
const NAMED: usize = 100;

/// What became of an undo or a removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// The version that it made; `None` when there was nothing to do.
    pub version: Option<VersionSummary>,
    /// What was done to entities, the data set's own not counted.
    pub entities: Entities,
    /// Entities that were left alone because somebody else has changed them since; the first hundred.
    pub left: Vec<EntityId>,
}

/// Brings back the state that was there after a version: of every entity that a later one touched, the state before.
/// Without `to`, the latest version is undone; an undo that was interrupted is completed. Entities that others have changed
/// since are left alone, unless `force` is given. It can be repeated safely.
///
/// # Errors
/// NoDataset when there is no version; BadRequestData for a version that is not earlier than the latest; Busy when somebody
/// else changes the data set; when the database fails. Then what was done stays, and undoing again goes on from there.
pub async fn undo(store: &Store, tenant: TenantId, dataset: &EntityId, to: Option<i64>, force: bool) -> Result<Undone> {
    known(store, tenant, dataset).await?;
    let claim = Session::claim(store, tenant, dataset).await?;
    // Only now: whoever had it before may have made another version.
    let latest = known(store, tenant, dataset).await?;
    let to = to.unwrap_or_else(|| default_target(&latest));
    if to < 0 || to >= latest.number {
        store.release_dataset(&claim).await?;
        let highest = latest.number - 1;
        let detail = format!("version {to} cannot be brought back: give one from 0 (before the first) to {highest}");
        return Err(ngsild::Error::bad_request(detail).into());
    }
    let new = NewVersion { kind: VersionKind::Undo, restores: Some(to), details: Details::default().to_stored() };
    let session = Session::begin(store, tenant, dataset, claim, new).await?;
    let range = (session.number - 1, to);
    reverse(store, tenant, dataset, session, range, |change, current| restored(change, current, force)).await
}

/// Removes a data set: its entities, those that were marked because they are gone from the source, and its own. That is a
/// version that can be undone. It can be repeated safely.
///
/// # Errors
/// NoDataset when there is no version; Busy when somebody else changes the data set; when the database fails.
pub async fn remove(store: &Store, tenant: TenantId, dataset: &EntityId) -> Result<Undone> {
    known(store, tenant, dataset).await?;
    let claim = Session::claim(store, tenant, dataset).await?;
    let new = NewVersion { kind: VersionKind::Removal, restores: None, details: Details::default().to_stored() };
    let session = Session::begin(store, tenant, dataset, claim, new).await?;
    let range = (session.number - 1, 0);
    let decide = |change: &Reversal, current: Option<&Arc<Entity>>| {
        let marked = || change.after.as_ref().is_some_and(|entity| entity.attributes.contains_key(&absent_since()));
        if change.member_after || change.entity == *dataset || marked() {
            match current {
                Some(_) => Decision::Write { after: None, member: false },
                None => Decision::Keep { member: false, always: change.after.is_some() },
            }
        } else {
            Decision::Leave
        }
    };
    reverse(store, tenant, dataset, session, range, decide).await
}

async fn known(store: &Store, tenant: TenantId, dataset: &EntityId) -> Result<DatasetVersion> {
    let latest = store.dataset_versions(tenant, dataset, i64::MAX, 1).await?.pop();
    latest.ok_or_else(|| ServiceError::NoDataset(dataset.to_string()))
}

/// The version before the latest; of an undo that was interrupted, the one that it was to bring back.
fn default_target(latest: &DatasetVersion) -> i64 {
    match (latest.state, latest.restores) {
        (VersionState::Failed, Some(restores)) => restores,
        _ => latest.number - 1,
    }
}

async fn reverse(
    store: &Store,
    tenant: TenantId,
    dataset: &EntityId,
    mut session: Session,
    range: (i64, i64),
    decide: impl Fn(&Reversal, Option<&Arc<Entity>>) -> Decision,
) -> Result<Undone> {
    let number = session.number;
    let (mut entities, mut left) = (Entities::default(), Vec::new());
    let worked = work(store, tenant, dataset, &mut session, range, decide, &mut entities, &mut left).await;
    let details = Details { entities: Some(entities), ..Details::default() };
    if let Err(error) = worked {
        session.fail(dataset, &details).await;
        return Err(error);
    }
    let exists = session.end(dataset, &details).await?;
    let version = if exists { versions(store, tenant, dataset, number + 1, 1).await?.pop() } else { None };
    Ok(Undone { version, entities, left })
}

#[expect(clippy::too_many_arguments, reason = "what is done, to what, and what became of it")]
async fn work(
    store: &Store,
    tenant: TenantId,
    dataset: &EntityId,
    session: &mut Session,
    range: (i64, i64),
    decide: impl Fn(&Reversal, Option<&Arc<Entity>>) -> Decision,
    entities: &mut Entities,
    left: &mut Vec<EntityId>,
) -> Result<()> {
    let mut after = String::new();
    loop {
        let page = store.dataset_reversals(tenant, dataset, range, &after, BATCH).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.entity.to_string();
        let ids: Vec<EntityId> = page.iter().map(|change| change.entity.clone()).collect();
        let by_index = |index: usize, current: Option<&Arc<Entity>>| {
            page.get(index).map_or(Decision::Leave, |change| decide(change, current))
        };
        let applied = session.apply(dataset, &ids, now(), by_index).await?;
        for (change, applied) in page.iter().zip(applied) {
            if applied == Applied::Left && session.is_undo() {
                entities.left += 1;
                if left.len() < NAMED {
                    left.push(change.entity.clone());
                }
            }
            if change.entity == *dataset {
                continue;
            }
            match applied {
                Applied::Created => entities.created += 1,
                Applied::Changed => entities.changed += 1,
                Applied::Removed => entities.removed += 1,
                Applied::Kept => entities.unchanged += 1,
                Applied::Left => {}
            }
        }
    }
}

/// What to do with an entity so that it is again as it was.
fn restored(change: &Reversal, current: Option<&Arc<Entity>>, force: bool) -> Decision {
    let member = change.member_before;
    let current_state = current.map(|entity| &**entity);
    if same(current_state, change.before.as_ref()) {
        return Decision::Keep { member, always: !same(change.after.as_ref(), change.before.as_ref()) };
    }
    if !force && !same(current_state, change.after.as_ref()) {
        return Decision::Leave;
    }
    let restored = change.before.clone().map(|mut entity| {
        let at = now();
        entity.created_at = at;
        entity.modified_at = at;
        stamp(&mut entity.attributes, at);
        match current {
            // What stays the same keeps its times.
            Some(current) => Arc::new(revise_entity(current, entity.clone()).unwrap_or(entity)),
            None => Arc::new(entity),
        }
    });
    Decision::Write { after: restored, member }
}

fn same(left: Option<&Entity>, right: Option<&Entity>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => left.says_the_same(right),
        (None, None) => true,
        _ => false,
    }
}

/// What comes back is written now: the history of an entity does not run backwards.
fn stamp(attributes: &mut Attributes, at: DateTime) {
    for instance in attributes.values_mut().flatten() {
        instance.created_at = at;
        instance.modified_at = at;
        stamp(&mut instance.attributes, at);
    }
}
