//! What is told of registrations, to whom (5.11): the first time all that match, then what changes make of it.

use hiroba_store::{NewNotification, SubscriptionEntry, TenantId};
use hiroba_vocab::Tenant;
use ngsild::DateTime;
use ngsild::registration::{TriggerReason, notification};
use ngsild::subscription::{Status, Subject, Watch};

use super::registry::{Registered, Registry};
use crate::service::subscriptions::{notification_context, watch};
use crate::service::{Result, now};
use crate::state::AppState;

/// How many registrations one notification holds.
const MOST: usize = 100;
/// How many subscriptions are read at a time.
const PAGE: usize = 500;

/// A registration and the places of its elements that matter.
type Found<'r> = (&'r Registered, Vec<usize>);

/// Everything that matches a subscription now: what it is told when it is new or was changed, and when its
/// `timeInterval` is over. Nothing when it is not active.
pub(in crate::service) async fn all(
    state: &AppState,
    (tenant, name): (TenantId, &Tenant),
    registry: &Registry,
    watch: &Watch,
) -> Vec<NewNotification> {
    let at = now();
    if watch.status(at) != Status::Active {
        return Vec::new();
    }
    let query = watch.registrations();
    let all = registry.all.iter();
    let found: Vec<Found<'_>> =
        all.filter_map(|one| query.matches(&one.source, at).map(|places| (one, places))).collect();
    let mut told = Vec::new();
    for part in found.chunks(MOST) {
        told.push(write(state, (tenant, name), watch, TriggerReason::NewlyMatching, part).await);
    }
    told
}

/// What a change of a registration makes known: `old` is what it was, `new` what it is. Subscriptions with `timeInterval`
/// look by themselves.
///
/// # Errors
/// When the database fails.
pub(super) async fn of_change(
    state: &AppState,
    (tenant, name): (TenantId, &Tenant),
    old: Option<&Registered>,
    new: Option<&Registered>,
) -> Result<Vec<NewNotification>> {
    let at = now();
    let mut told = Vec::new();
    let mut after = String::new();
    loop {
        let entries = state.store.subscriptions_about(tenant, Subject::Registrations, &after, 0, PAGE).await?;
        for entry in &entries {
            let watch = match watch(entry) {
                Ok(watch) => watch,
                Err(error) => {
                    tracing::error!(%error, id = entry.id, "a subscription cannot be read; nobody is told");
                    continue;
                }
            };
            if watch.status(at) != Status::Active || watch.time_interval.is_some() || too_soon(entry, &watch, at) {
                continue;
            }
            if let Some((reason, found)) = change(&watch, old, new, at) {
                told.push(write(state, (tenant, name), &watch, reason, &[found]).await);
            }
        }
        match entries.last() {
            Some(last) if entries.len() == PAGE => after.clone_from(&last.id),
            _ => return Ok(told),
        }
    }
}

/// Whether `throttling` drops a notification.
fn too_soon(entry: &SubscriptionEntry, watch: &Watch, at: DateTime) -> bool {
    watch.throttling.zip(entry.told_at).is_some_and(|(distance, last)| {
        let micros = i64::try_from(distance.as_micros()).unwrap_or(i64::MAX);
        at.micros() < last.micros().saturating_add(micros)
    })
}

/// What a change is to a subscription. What matches no longer is told as it was when it did.
fn change<'r>(
    watch: &Watch,
    old: Option<&'r Registered>,
    new: Option<&'r Registered>,
    at: DateTime,
) -> Option<(TriggerReason, Found<'r>)> {
    let query = watch.registrations();
    let before = old.and_then(|old| Some((old, query.matches(&old.source, while_valid(old, at))?)));
    let after = new.and_then(|new| Some((new, query.matches(&new.source, at)?)));
    Some(match (before, after) {
        (None, None) => return None,
        (None, Some(after)) => (TriggerReason::NewlyMatching, after),
        (Some(_), Some(after)) => (TriggerReason::Updated, after),
        (Some(before), None) => (TriggerReason::NoLongerMatching, before),
    })
}

/// An instant at which the registration was there.
fn while_valid(registered: &Registered, at: DateTime) -> DateTime {
    match registered.source.expires_at {
        Some(end) if end <= at => DateTime::from_micros(end.micros().saturating_sub(1)),
        _ => at,
    }
}

async fn write(
    state: &AppState,
    (tenant, name): (TenantId, &Tenant),
    watch: &Watch,
    reason: TriggerReason,
    found: &[Found<'_>],
) -> NewNotification {
    let context = notification_context(state, name, watch).await;
    let shown =
        |(one, places): &Found<'_>| one.registration.to_json(Some(places.as_slice()), watch.sys_attrs, &context);
    let id = format!("urn:ngsi-ld:Notification:{}", uuid::Uuid::new_v4().simple());
    let at = now();
    let payload = notification(&id, watch, reason, at, found.iter().map(shown).collect());
    let payload = serde_json::Value::Object(payload).to_string();
    NewNotification { tenant, subscription: watch.id.to_string(), payload, at, of: at }
}
