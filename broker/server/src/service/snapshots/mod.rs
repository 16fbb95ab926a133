//! Snapshots (4.3.7, 5.16): the results of queries, kept apart, so that later requests work on them alone.
//!
//! Creating one only notes it. Every process looks for snapshots that nobody prepares, claims one, and runs its queries;
//! when the process dies, its claim runs out, and another one, or the same after a restart, starts again from nothing.

mod fill;
mod notify;
mod prepare;
mod upkeep;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hiroba_store::{NewSnapshot, SnapshotAdded, SnapshotChange, SnapshotData, SnapshotEntry, SnapshotUse, TenantId};
use hiroba_store::{Store, StoreError};
use hiroba_vocab::{DatasetId, Iri, Tenant};
use ngsild::jsonld::{Context, UserContext};
use ngsild::linked::Join;
use ngsild::query::{Projection, Query};
use ngsild::snapshot::{Snapshot, SnapshotFilter, SnapshotFragment, SnapshotOutcome, SnapshotSettings};
use ngsild::{DateTime, Duration, Error, ErrorKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Notify;

use self::notify::Notifier;
use super::{Result, ServiceError, now};
use crate::config::Config;
use crate::egress::Egress;
use crate::service::temporal::{TemporalRequest, TemporalSelection};
use crate::state::AppState;
pub use upkeep::run;

/// How long a snapshot lives unless its creator wishes otherwise, and at most, in microseconds.
const LIFETIME: i64 = 86_400 * 1_000_000;
const MAX_LIFETIME: i64 = 30 * LIFETIME;
/// How often a change is tried again when somebody else was faster.
const ATTEMPTS: usize = 50;

/// A query of a snapshot, ready to run.
#[derive(Debug)]
pub struct SnapshotQuery {
    /// Which entities.
    pub query: Query,
    /// Whether only local data are asked.
    pub local: bool,
    /// Which members of them.
    pub projection: Projection,
    /// Which instances of their attributes; empty for all.
    pub datasets: Vec<Option<DatasetId>>,
    /// `join`, `joinLevel`, `containedBy`: linked entities are kept too.
    pub join: Option<Join>,
}

/// A temporal query of a snapshot.
#[derive(Debug)]
pub struct TemporalSnapshotQuery {
    /// Which entities.
    pub selection: TemporalSelection,
    /// Which of their instances.
    pub request: TemporalRequest,
}

/// What snapshots need of the binding that clients talk to: how it reads a Query, and how it tells of errors.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// Reads a Query (5.2.23) with the @context of its snapshot.
    pub read_query: fn(&Value, &Context, &Config) -> Result<SnapshotQuery>,
    /// Reads a Query that has a TemporalQuery (5.2.21).
    pub read_temporal_query: fn(&Value, &Context, &Config) -> Result<TemporalSnapshotQuery>,
    /// An error as ProblemDetails.
    pub problem_details: fn(ServiceError) -> Value,
}

/// What this process knows of snapshots.
#[derive(Debug)]
pub struct Snapshots {
    binding: Binding,
    notifier: Arc<Notifier>,
    /// When snapshots were last used, as far as the database has not been told.
    used: Mutex<HashMap<(TenantId, String), DateTime>>,
    /// Wakes whoever prepares snapshots.
    wanted: Notify,
}

/// What is kept of the request for a snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Origin {
    /// The name of the tenant.
    tenant: String,
    #[serde(default)]
    queries: Vec<Value>,
    #[serde(default)]
    temporal_queries: Vec<Value>,
    /// The @context that the names in the queries go by.
    context: Value,
    /// How the client knows this server.
    base: String,
    /// The snapshot that this one is a copy of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    copy_of: Option<String>,
}

impl Origin {
    fn user(&self) -> UserContext {
        UserContext::from_json(&self.context).unwrap_or_default()
    }
}

/// A snapshot to create.
#[derive(Debug)]
pub struct Wish<'r> {
    /// What the client asks for.
    pub fragment: SnapshotFragment,
    /// The tenant's name.
    pub tenant: &'r Tenant,
    /// The @context that the names in the queries go by.
    pub user: &'r UserContext,
    /// How the client knows this server.
    pub base: String,
}

/// A snapshot, and the @context that the names in its queries go by.
#[derive(Debug)]
pub struct Described {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// The @context.
    pub user: UserContext,
}

/// What became of a purge (5.2.16).
#[derive(Debug, Default)]
pub struct Purged {
    /// The snapshots that were deleted.
    pub success: Vec<Iri>,
    /// The others, with the reason.
    pub errors: Vec<(Iri, ServiceError)>,
}

impl Snapshots {
    /// Nothing is known yet.
    pub fn new(egress: Egress, binding: Binding) -> Self {
        let notifier = Arc::new(Notifier::new(egress));
        Self { binding, notifier, used: Mutex::default(), wanted: Notify::new() }
    }

    fn note_use(&self, tenant: TenantId, id: &Iri, at: DateTime) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.insert((tenant, id.as_str().to_owned()), at);
    }

    /// When a snapshot was last used, as far as anybody knows.
    fn last_use(&self, entry: &SnapshotEntry) -> Option<DateTime> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let known = used.get(&(entry.tenant, entry.id.clone())).copied();
        known.max(entry.last_used_at)
    }

    /// Tells the database when snapshots were used since this was last called.
    ///
    /// # Errors
    /// When the database fails; the uses are then told the next time.
    pub async fn save_uses(&self, store: &Store) -> Result<()> {
        let taken = std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner));
        let uses = taken.iter().map(|((tenant, id), at)| SnapshotUse { tenant: *tenant, id: id.clone(), used_at: *at });
        let outcome = store.note_snapshot_uses(uses.collect()).await;
        if outcome.is_err() {
            let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            for (key, at) in taken {
                // What was noted meanwhile is newer.
                used.entry(key).or_insert(at);
            }
        }
        Ok(outcome?)
    }
}

/// Where the data of a snapshot are. Counts as a use of it.
///
/// # Errors
/// NoSnapshot when there is none; SnapshotNotReady as long as its queries run.
pub(super) async fn data(state: &AppState, tenant: TenantId, id: &Iri) -> Result<TenantId> {
    let now = now();
    let found = state.store.snapshot_data(tenant, id.as_str()).await?;
    match found.filter(|found| found.expires_at > now) {
        Some(SnapshotData { data: Some(data), preparing: false, .. }) => {
            state.snapshots.note_use(tenant, id, now);
            Ok(data)
        }
        Some(_) => Err(ServiceError::SnapshotNotReady(id.to_string())),
        None => Err(ServiceError::NoSnapshot(id.to_string())),
    }
}

/// Create Snapshot (5.16.1). Its queries run later. The id.
///
/// # Errors
/// AlreadyExists; OperationNotSupported when the tenant has as many as it may have.
pub async fn create_snapshot(state: &AppState, tenant: TenantId, wish: Wish<'_>) -> Result<Iri> {
    let Wish { mut fragment, tenant: name, user, base } = wish;
    let origin = Origin {
        tenant: name.as_str().to_owned(),
        queries: std::mem::take(&mut fragment.queries),
        temporal_queries: std::mem::take(&mut fragment.temporal_queries),
        context: user.to_json(),
        base,
        copy_of: None,
    };
    add(state, tenant, fragment, &origin).await
}

/// Clone Snapshot (5.16.5): a snapshot with the data that another one has when its turn comes. The id.
///
/// # Errors
/// NoSnapshot and SnapshotNotReady for the one to copy; AlreadyExists; OperationNotSupported when the tenant has as many
/// as it may have.
pub async fn clone_snapshot(
    state: &AppState,
    tenant: TenantId,
    source: &Iri,
    fragment: SnapshotFragment,
) -> Result<Iri> {
    data(state, tenant, source).await?;
    let entry = existing(state, tenant, source).await?;
    let origin = Origin { copy_of: Some(source.to_string()), ..origin(&entry)? };
    add(state, tenant, fragment, &origin).await
}

async fn add(state: &AppState, tenant: TenantId, fragment: SnapshotFragment, origin: &Origin) -> Result<Iri> {
    let generated = || Iri::from_expanded(format!("urn:ngsi-ld:Snapshot:{}", uuid::Uuid::new_v4().simple()));
    let id = fragment.id.clone().unwrap_or_else(generated);
    let settings = fragment.into_settings();
    let limit = state.config.max_snapshots;
    loop {
        let now = now();
        let new = NewSnapshot {
            id: id.as_str().to_owned(),
            priority: settings.priority,
            expires_at: expiry(&settings, now),
            origin: text(origin)?,
            settings: text(&settings)?,
            outcome: text(&SnapshotOutcome::preparing())?,
            limit,
        };
        match state.store.add_snapshot(tenant, new, now).await? {
            SnapshotAdded::Done(dropped) => {
                if let Some(dropped) = dropped {
                    tracing::info!(id = dropped.id, "a snapshot was dropped to make room for one of a higher priority");
                    tell_deleted(state, *dropped);
                }
                state.snapshots.wanted.notify_one();
                return Ok(id);
            }
            // One that has expired is gone, even if nobody has removed it yet.
            SnapshotAdded::Exists => match state.store.delete_snapshot(tenant, id.as_str(), Some(now), now).await? {
                Some(expired) => tell_deleted(state, expired),
                None if state.store.snapshot_data(tenant, id.as_str()).await?.is_none() => {}
                None => {
                    let detail = format!("there is a snapshot {id} already");
                    return Err(Error::new(ErrorKind::AlreadyExists, detail).into());
                }
            },
            SnapshotAdded::Full => {
                let detail = format!(
                    "a tenant can have {limit} snapshots, and none of those that there are has a lower priority; delete \
                     some that are not needed"
                );
                return Err(Error::new(ErrorKind::OperationNotSupported, detail).into());
            }
        }
    }
}

/// Retrieve Snapshot Status (5.16.2).
///
/// # Errors
/// NoSnapshot.
pub async fn retrieve_snapshot(state: &AppState, tenant: TenantId, id: &Iri) -> Result<Described> {
    describe(state, &existing(state, tenant, id).await?)
}

/// Update Snapshot Status (5.16.3). A lifetime counts from now on.
///
/// # Errors
/// NoSnapshot; BadRequestData when the body is about another snapshot.
pub async fn update_snapshot(
    state: &AppState,
    tenant: TenantId,
    id: &Iri,
    fragment: &SnapshotFragment,
) -> Result<Described> {
    if fragment.id.as_ref().is_some_and(|other| other != id) {
        return Err(Error::bad_request(format!("the body is about another snapshot than {id}")).at("/id").into());
    }
    for _ in 0..ATTEMPTS {
        let entry = existing(state, tenant, id).await?;
        let old: SnapshotSettings = read(&entry, &entry.settings)?;
        let new = fragment.clone().change(old.clone());
        let now = now();
        let moves = fragment.lifetime != ngsild::snapshot::Member::Absent;
        if new == old && !moves {
            return describe(state, &entry);
        }
        let expires_at = if moves { expiry(&new, now) } else { entry.expires_at };
        let change = SnapshotChange { priority: new.priority, expires_at, settings: text(&new)? };
        if state.store.update_snapshot(&entry, change, now).await? {
            let entry = existing(state, tenant, id).await?;
            tell(state, &entry, now);
            return describe(state, &entry);
        }
    }
    let detail = format!("the snapshot {id} is being changed by too many others at once");
    Err(ServiceError::Busy(detail))
}

/// Delete Snapshot (5.16.4): its data too.
///
/// # Errors
/// NoSnapshot.
pub async fn delete_snapshot(state: &AppState, tenant: TenantId, id: &Iri) -> Result<()> {
    let now = now();
    let deleted = state.store.delete_snapshot(tenant, id.as_str(), None, now).await?;
    let deleted = deleted.ok_or_else(|| ServiceError::NoSnapshot(id.to_string()))?;
    let was_there = deleted.expires_at > now;
    tell_deleted(state, deleted);
    if was_there { Ok(()) } else { Err(ServiceError::NoSnapshot(id.to_string())) }
}

/// Purge Snapshots (5.16.6): deletes those that match.
///
/// # Errors
/// NoSnapshot when none matches.
pub async fn purge_snapshots(state: &AppState, tenant: TenantId, filter: &SnapshotFilter) -> Result<Purged> {
    let now = now();
    let mut purged = Purged::default();
    for entry in state.store.snapshots(tenant).await?.iter().filter(|entry| entry.expires_at > now) {
        let Described { snapshot, .. } = describe(state, entry)?;
        if !filter.matches(&snapshot, now) {
            continue;
        }
        match delete_snapshot(state, tenant, &snapshot.id).await {
            // Somebody else was faster: it is gone, as was asked.
            Ok(()) | Err(ServiceError::NoSnapshot(_)) => purged.success.push(snapshot.id),
            Err(error) => purged.errors.push((snapshot.id, error)),
        }
    }
    if purged.success.is_empty() && purged.errors.is_empty() {
        return Err(ServiceError::NoSnapshot("that matches the query".to_owned()));
    }
    Ok(purged)
}

async fn existing(state: &AppState, tenant: TenantId, id: &Iri) -> Result<SnapshotEntry> {
    let entry = state.store.snapshot(tenant, id.as_str()).await?;
    let entry = entry.filter(|entry| entry.expires_at > now());
    entry.ok_or_else(|| ServiceError::NoSnapshot(id.to_string()))
}

/// When a snapshot is removed whose lifetime begins now.
fn expiry(settings: &SnapshotSettings, now: DateTime) -> DateTime {
    let after = |micros: i64| DateTime::from_micros(now.micros().saturating_add(micros));
    let wish = |lifetime: &Duration| lifetime.after(now).min(after(MAX_LIFETIME));
    settings.lifetime.as_ref().map_or_else(|| after(LIFETIME), wish)
}

fn describe(state: &AppState, entry: &SnapshotEntry) -> Result<Described> {
    let origin = origin(entry)?;
    let user = origin.user();
    let snapshot = Snapshot {
        id: Iri::from_expanded(entry.id.as_str()),
        queries: origin.queries,
        temporal_queries: origin.temporal_queries,
        settings: read(entry, &entry.settings)?,
        outcome: read(entry, &entry.outcome)?,
        created_at: entry.created_at,
        modified_at: entry.modified_at,
        expires_at: entry.expires_at,
        last_used_at: state.snapshots.last_use(entry),
    };
    Ok(Described { snapshot, user })
}

/// Tells the receiver of a snapshot, if it has one, how the snapshot is.
fn tell(state: &AppState, entry: &SnapshotEntry, now: DateTime) {
    let described = describe(state, entry).and_then(|described| Ok((described, origin(entry)?.tenant)));
    match described {
        Ok((Described { snapshot, .. }, tenant)) => {
            state.snapshots.notifier.send(&Tenant::from_stored(tenant), &snapshot, now);
        }
        Err(error) => tracing::error!(%error, "nobody can be told of a snapshot that cannot be read"),
    }
}

/// Tells the receiver of a snapshot that it is gone: `expiresAt` is before `notifiedAt`.
fn tell_deleted(state: &AppState, entry: SnapshotEntry) {
    let now = now();
    let just_before = DateTime::from_micros(now.micros() - 1);
    let expires_at = entry.expires_at.min(just_before);
    tell(state, &SnapshotEntry { expires_at, ..entry }, now);
}

fn origin(entry: &SnapshotEntry) -> Result<Origin> {
    read(entry, &entry.origin)
}

/// What we stored ourselves.
fn read<T: for<'de> Deserialize<'de>>(entry: &SnapshotEntry, text: &str) -> Result<T> {
    let corrupt = |e: serde_json::Error| StoreError::Corrupt { id: entry.id.clone(), detail: e.to_string() };
    Ok(serde_json::from_str(text).map_err(corrupt)?)
}

fn text(value: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(value).map_err(|e| StoreError::Database(e.to_string()))?)
}
