//! Changes become notifications (5.8.6). One process at a time does it for all; when it dies, another one goes on from the
//! last change that was dealt with, so each change is matched once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hiroba_store::{ChangeRecord, Matching, NewNotification, Page, TenantId};
use hiroba_vocab::{EntityId, Tenant};
use ngsild::change::Operation;
use ngsild::jsonld::{Context, UserContext};
use ngsild::query::filter::MissingLinks;
use ngsild::subscription::{Payload, Status, Subject, Told, Watch};
use ngsild::{DateTime, Entity, LinkedEntities};
use tokio::time::{Instant, sleep, timeout};

use super::known::Known;
use super::past::{Around, states};
use crate::service::contexts::Asker;
use crate::service::registrations::{Registry, tell};
use crate::service::{Result, now};
use crate::state::AppState;

/// For how long the matching is claimed. When this process dies, others wait this long.
const LEASE: Duration = Duration::from_secs(5);
/// How often to say that it goes on, and to look whether the one who matches still lives.
const LOOK: Duration = Duration::from_secs(1);
/// How soon to look again after something was announced that could not be seen yet.
const SOON: Duration = Duration::from_millis(5);
/// How many changes are dealt with in one commit.
const BATCH: usize = 500;
/// How many links are followed for each linked entity that may be looked for.
const FOLLOWED: usize = 10;
/// How many entities one periodic notification tells of.
const PERIODIC: usize = 1_000;

/// Matches whenever nobody else does, until it is dropped.
pub(super) async fn run(state: &AppState) {
    loop {
        match claim(state).await {
            Ok(Some(matching)) => {
                if let Err(error) = matches(state, matching).await {
                    tracing::warn!(%error, "matching changes with subscriptions failed; trying again");
                    sleep(LOOK).await;
                }
            }
            Ok(None) => sleep(LOOK).await,
            Err(error) => {
                tracing::warn!(%error, "cannot take up the matching of changes; trying again");
                sleep(LOOK).await;
            }
        }
    }
}

pub(super) fn in_future(from: DateTime, by: Duration) -> DateTime {
    DateTime::from_micros(from.micros().saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

async fn claim(state: &AppState) -> Result<Option<Matching>> {
    if state.draining.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let now = now();
    Ok(state.store.claim_matching(&state.subscriptions.owner, now, in_future(now, LEASE)).await?)
}

/// Matches until somebody else has taken it up.
async fn matches(state: &AppState, mut matching: Matching) -> Result<()> {
    let mut known = Known::default();
    let mut woken = state.store.watch();
    let mut kept = Instant::now();
    let mut pause = LOOK;
    while !state.draining.load(Ordering::Relaxed) {
        woken.borrow_and_update();
        // The log first, then the subscriptions: whoever subscribed before a change is known when it is matched.
        let idle = known.follows_nothing();
        let (records, up_to) = if idle {
            let head = state.store.head().await?;
            (Vec::new(), Some(head).filter(|head| *head > matching.position))
        } else {
            let records = state.store.changes(matching.position, BATCH).await?;
            let last = records.last().map(|record| record.position);
            (records, last)
        };
        known.follow(&state.store, now()).await?;
        if idle && !known.follows_nothing() {
            continue;
        }
        let mut notifications = changed(state, &mut known, &records).await?;
        periodic(state, &mut known, &mut notifications).await?;
        let until = in_future(now(), LEASE);
        if up_to.is_some() || !notifications.is_empty() {
            let position = up_to.unwrap_or(matching.position);
            if !state.store.note_notifications(&matching, position, &notifications, until).await? {
                return Ok(());
            }
            matching.position = position;
            kept = Instant::now();
            if !notifications.is_empty() {
                state.subscriptions.due.notify_one();
            }
        } else if kept.elapsed() >= LOOK {
            if !state.store.keep_matching(&matching, until).await? {
                return Ok(());
            }
            kept = Instant::now();
        }
        if records.len() < BATCH {
            let due = known
                .next_due()
                .map(|at| Duration::from_micros(at.micros().saturating_sub(now().micros()).max(0).unsigned_abs()));
            let wait = pause.min(due.unwrap_or(LOOK));
            // What was announced may become visible a moment later.
            pause = if timeout(wait, woken.changed()).await.is_ok() { SOON } else { (pause * 2).min(LOOK) };
        }
    }
    Ok(state.store.release_matching(&matching).await?)
}

/// The notifications that changes make, in the order of the changes.
async fn changed(state: &AppState, known: &mut Known, records: &[ChangeRecord]) -> Result<Vec<NewNotification>> {
    let mut tenants: HashMap<&Tenant, Option<TenantId>> = HashMap::new();
    // What may be of interest to somebody, by entity, since states are found from the present back.
    let mut groups: HashMap<(TenantId, &EntityId), Vec<usize>> = HashMap::new();
    for (at, record) in records.iter().enumerate() {
        let tenant = match tenants.get(&record.tenant) {
            Some(tenant) => *tenant,
            None => {
                let tenant = state.store.tenant(&record.tenant).await?;
                tenants.insert(&record.tenant, tenant);
                tenant
            }
        };
        let Some(tenant) = tenant else { continue };
        let candidates =
            known.index(tenant).map(|index| index.candidates(&record.change, &record.entity, &record.change.types));
        if candidates.is_some_and(|candidates| !candidates.is_empty()) {
            groups.entry((tenant, &record.entity)).or_default().push(at);
        }
    }
    let mut around: HashMap<usize, (TenantId, Around)> = HashMap::new();
    for ((tenant, id), group) in groups {
        // All changes of the entity from the first of interest on: the others lead from one state to the next.
        let first = group.first().copied().unwrap_or_default();
        let of_entity = |(at, record): &(usize, &ChangeRecord)| {
            *at >= first && record.entity == *id && tenants.get(&record.tenant) == Some(&Some(tenant))
        };
        let (places, changes): (Vec<usize>, Vec<&ChangeRecord>) = records.iter().enumerate().filter(of_entity).unzip();
        for (at, states) in places.into_iter().zip(states(&state.store, tenant, id, &changes).await?) {
            around.insert(at, (tenant, states));
        }
    }
    let mut notifications = Vec::new();
    for (at, record) in records.iter().enumerate() {
        if let Some((tenant, around)) = around.get(&at) {
            tell(state, known, *tenant, record, around, &mut notifications).await?;
        }
    }
    Ok(notifications)
}

/// Adds the notifications of one change.
async fn tell(
    state: &AppState,
    known: &mut Known,
    tenant: TenantId,
    record: &ChangeRecord,
    around: &Around,
    notifications: &mut Vec<NewNotification>,
) -> Result<()> {
    let Around { before, after } = around;
    let (before, after) = (before.as_ref(), after.as_ref());
    let candidates =
        known.index(tenant).map(|index| index.candidates(&record.change, &record.entity, &record.change.types));
    for id in candidates.unwrap_or_default() {
        let Some(active) = known.get_mut(tenant, &id) else { continue };
        if record.position <= active.since {
            continue;
        }
        let watch = &active.watch;
        if watch.concerns(&record.change, before, after, record.at).is_none() {
            continue;
        }
        let is_deletion = record.change.operation == Operation::Deleted;
        let Some(entity) = (if is_deletion { before } else { after }) else { continue };
        let linked = follow(state, tenant, watch, entity, record.at).await?;
        if watch.wants(&record.change, before, after, &linked, record.at).is_none() {
            continue;
        }
        if let Some(distance) = watch.throttling
            && active.told_at.is_some_and(|told_at| record.at < in_future(told_at, distance))
        {
            continue;
        }
        let told = Told { entity, change: Some(&record.change), at: record.at };
        let joined = join(state, tenant, watch, entity).await?;
        let context = context(state, &record.tenant, watch).await;
        if let Some(new) = notification(state, tenant, watch, &context, &joined, &[told]) {
            active.told_at = Some(record.at);
            notifications.push(new);
        }
    }
    Ok(())
}

/// A notification, ready to be delivered. One that cannot be written is logged: it would fail for ever.
fn notification(
    state: &AppState,
    tenant: TenantId,
    watch: &Watch,
    context: &Context,
    linked: &LinkedEntities,
    told: &[Told<'_>],
) -> Option<NewNotification> {
    let id = format!("urn:ngsi-ld:Notification:{}", uuid::Uuid::new_v4().simple());
    let payload = Payload { watch, context, linked, most_linked: state.config.max_linked };
    let at = now();
    match payload.notification(&id, at, told) {
        Ok(payload) => {
            Some(NewNotification { tenant, subscription: watch.id.to_string(), payload: payload.to_string(), at })
        }
        Err(error) => {
            tracing::warn!(%error, id = %watch.id, "a notification cannot be written; nobody is told");
            None
        }
    }
}

/// The entities that `q` leads to.
async fn follow(
    state: &AppState,
    tenant: TenantId,
    watch: &Watch,
    entity: &Entity,
    at: DateTime,
) -> Result<LinkedEntities> {
    let mut linked = LinkedEntities::new();
    let Some(filter) = watch.query.filter.as_ref().filter(|filter| filter.follows_links()) else { return Ok(linked) };
    let limit = state.config.max_linked;
    loop {
        let mut missing = MissingLinks::new(limit.saturating_mul(FOLLOWED), limit);
        filter.missing_links(entity, &linked, at, &mut missing);
        // More than are allowed are not looked for; `q` then is about those that were.
        if missing.ids.is_empty() || linked.len() >= limit {
            return Ok(linked);
        }
        state.store.find_linked(tenant, missing.ids, &mut linked, at).await?;
    }
}

/// The entities that a notification shows besides.
async fn join(state: &AppState, tenant: TenantId, watch: &Watch, entity: &Entity) -> Result<LinkedEntities> {
    let mut linked = LinkedEntities::new();
    let Some(joining) = watch.joining() else { return Ok(linked) };
    let (limit, subject) = (state.config.max_linked, [Arc::new(entity.clone())]);
    loop {
        // More than are allowed are not looked for; the notification then is refused.
        let Ok(missing) = joining.missing(&subject, &linked, limit) else { return Ok(linked) };
        if missing.is_empty() {
            return Ok(linked);
        }
        state.store.find_linked(tenant, missing.into_iter().take(limit), &mut linked, now()).await?;
    }
}

/// What the names in notifications are. Where the @context cannot be had, names are IRIs, which everybody understands.
pub(in crate::service) async fn context(state: &AppState, tenant: &Tenant, watch: &Watch) -> Arc<Context> {
    let origin = url::Url::parse(&watch.context).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let asker = Asker { tenant, base: &origin };
    match state.contexts.resolve(asker, &UserContext::from_url(&watch.context)).await {
        Ok(resolved) => Arc::clone(&resolved.context),
        Err(error) => {
            tracing::warn!(%error, id = %watch.id, "names in a notification are IRIs");
            Arc::new(Context::core())
        }
    }
}

/// Adds the notifications of subscriptions with `timeInterval` whose turn it is.
async fn periodic(state: &AppState, known: &mut Known, notifications: &mut Vec<NewNotification>) -> Result<()> {
    let at = now();
    let names = if known.next_due().is_some_and(|due| due <= at) { state.store.tenants().await? } else { Vec::new() };
    while let Some((tenant, id)) = known.due(at) {
        let Some(active) = known.get_mut(tenant, &id) else { continue };
        let Some((_, name)) = names.iter().find(|(known, _)| *known == tenant) else { continue };
        if active.watch.status(at) != Status::Active {
            continue;
        }
        let watch = &active.watch;
        if watch.subject == Subject::Registrations {
            let registry = Registry::load(state, tenant).await?;
            let told = tell::all(state, (tenant, name), &registry, watch).await;
            active.told_at = Some(at);
            notifications.extend(told);
            continue;
        }
        let page = Page { limit: PERIODIC, ..Page::default() };
        let answer = state.store.query(tenant, &watch.query, page, at).await?;
        if answer.entities.is_empty() {
            continue;
        }
        let told: Vec<Told<'_>> =
            answer.entities.iter().map(|stored| Told { entity: &stored.entity, change: None, at }).collect();
        let context = context(state, name, watch).await;
        if let Some(new) = notification(state, tenant, watch, &context, &LinkedEntities::new(), &told) {
            active.told_at = Some(at);
            notifications.push(new);
        }
    }
    Ok(())
}
