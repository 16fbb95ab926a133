//! Snapshots (5.16): what is known of each, and the hidden tenants that hold their data.
//!
//! The entities of a snapshot are those of a tenant that no client can name and that no list and no feed tells of, so
//! everything that works on a tenant works on a snapshot. Each attempt to prepare a snapshot writes into a hidden tenant
//! of its own: whoever has lost its claim writes where nobody looks, and what it wrote is removed.

use std::sync::Weak;
use std::time::Duration;

use ngsild::DateTime;

use crate::datasets::bounded;
use crate::error::{Result, StoreError};
use crate::expiry::now;
use crate::store::{Inner, Store, TenantId};

/// How many entities, or records of the log, of a dropped snapshot are removed in one commit.
const BATCH: i64 = 500;

/// A snapshot to be prepared.
#[derive(Debug, Clone)]
pub struct NewSnapshot {
    /// Its id within its tenant.
    pub id: String,
    /// From 1 to 10: which is dropped first when there are too many.
    pub priority: u8,
    /// When it is removed.
    pub expires_at: DateTime,
    /// What does not change, as JSON text.
    pub origin: String,
    /// What clients may change, as JSON text.
    pub settings: String,
    /// What became of it so far, as JSON text.
    pub outcome: String,
    /// How many snapshots the tenant may have, this one included.
    pub limit: usize,
}

/// What became of a [`NewSnapshot`].
#[derive(Debug, Clone)]
pub enum SnapshotAdded {
    /// It is there. Another one had to make room for it, or none.
    Done(Option<Box<SnapshotEntry>>),
    /// There is one with this id.
    Exists,
    /// The tenant has as many as it may have, none of them of a lower priority.
    Full,
}

/// A snapshot as it is stored.
#[derive(Debug, Clone)]
pub struct SnapshotEntry {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id within its tenant.
    pub id: String,
    /// Where its data are; `None` as long as nobody prepares it.
    pub data: Option<TenantId>,
    /// Whether it is being prepared, or waits for it.
    pub preparing: bool,
    /// How many times its preparation was begun.
    pub attempts: u64,
    /// From 1 to 10.
    pub priority: u8,
    /// When it was asked for.
    pub created_at: DateTime,
    /// When its status or its settings last changed.
    pub modified_at: DateTime,
    /// When it is removed.
    pub expires_at: DateTime,
    /// When an operation last worked on it, as far as processes have told.
    pub last_used_at: Option<DateTime>,
    /// Moves with every change of the settings.
    pub revision: i64,
    /// What does not change, as JSON text.
    pub origin: String,
    /// What clients may change, as JSON text.
    pub settings: String,
    /// What became of it, as JSON text.
    pub outcome: String,
}

/// Where the data of a snapshot are, without all the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotData {
    /// The hidden tenant; `None` as long as nobody prepares it.
    pub data: Option<TenantId>,
    /// Whether it is being prepared, or waits for it.
    pub preparing: bool,
    /// When it is removed.
    pub expires_at: DateTime,
}

/// New settings of a snapshot.
#[derive(Debug, Clone)]
pub struct SnapshotChange {
    /// From 1 to 10.
    pub priority: u8,
    /// When it is removed.
    pub expires_at: DateTime,
    /// The settings, as JSON text.
    pub settings: String,
}

/// That an operation worked on a snapshot.
#[derive(Debug, Clone)]
pub struct SnapshotUse {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which one.
    pub id: String,
    /// When last.
    pub used_at: DateTime,
}

/// The columns of [`SnapshotRow`], in its order.
pub(crate) const COLUMNS: &str = "tenant, id, data, preparing, attempts, priority, created_at, modified_at, \
                                  expires_at, last_used_at, revision, origin, settings, outcome";

/// Tables, besides those of entities and of the log, whose rows belong to a tenant: what is in them goes when a hidden
/// tenant goes. All have a column `tenant`. Subscriptions are not among them: those who follow them are told of each that
/// goes.
pub(crate) const OTHER_TABLES: [&str; 6] =
    ["context", "entity_map", "notification", "dead_letter", "registration", "registry"];

/// A row as it was read.
#[derive(Debug)]
pub(crate) struct SnapshotRow {
    pub(crate) tenant: i64,
    pub(crate) id: String,
    pub(crate) data: Option<i64>,
    pub(crate) preparing: bool,
    pub(crate) attempts: i64,
    pub(crate) priority: i64,
    pub(crate) created_at: i64,
    pub(crate) modified_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) last_used_at: Option<i64>,
    pub(crate) revision: i64,
    pub(crate) origin: String,
    pub(crate) settings: String,
    pub(crate) outcome: String,
}

impl From<SnapshotRow> for SnapshotEntry {
    fn from(row: SnapshotRow) -> Self {
        Self {
            tenant: TenantId(row.tenant),
            id: row.id,
            data: row.data.map(TenantId),
            preparing: row.preparing,
            attempts: row.attempts.unsigned_abs(),
            priority: u8::try_from(row.priority).unwrap_or(1),
            created_at: DateTime::from_micros(row.created_at),
            modified_at: DateTime::from_micros(row.modified_at),
            expires_at: DateTime::from_micros(row.expires_at),
            last_used_at: row.last_used_at.map(DateTime::from_micros),
            revision: row.revision,
            origin: row.origin,
            settings: row.settings,
            outcome: row.outcome,
        }
    }
}

/// What became of a row to be added.
pub(crate) enum RowAdded {
    Done(Option<SnapshotRow>),
    Exists,
    Full,
}

/// A hidden tenant whose data are to be removed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dropped {
    pub(crate) tenant: i64,
    /// Whether its data were removed before, a while ago.
    pub(crate) again: bool,
}

impl Store {
    /// Notes a snapshot that is to be prepared. Where the tenant has as many as it may have, the one of the lowest
    /// priority makes room if its priority is lower; among such the one that expires first, then the one that was not
    /// used for the longest time.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn add_snapshot(&self, tenant: TenantId, new: NewSnapshot, now: DateTime) -> Result<SnapshotAdded> {
        Ok(match self.inner.engine.add_snapshot(tenant.0, new, now.micros()).await? {
            RowAdded::Done(dropped) => SnapshotAdded::Done(dropped.map(|row| Box::new(row.into()))),
            RowAdded::Exists => SnapshotAdded::Exists,
            RowAdded::Full => SnapshotAdded::Full,
        })
    }

    /// A snapshot, whether or not it has expired.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn snapshot(&self, tenant: TenantId, id: &str) -> Result<Option<SnapshotEntry>> {
        Ok(self.inner.engine.snapshot(tenant.0, id).await?.map(Into::into))
    }

    /// Where a snapshot's data are, whether or not it has expired.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn snapshot_data(&self, tenant: TenantId, id: &str) -> Result<Option<SnapshotData>> {
        self.inner.engine.snapshot_data(tenant.0, id).await
    }

    /// The snapshots of a tenant, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn snapshots(&self, tenant: TenantId) -> Result<Vec<SnapshotEntry>> {
        Ok(self.inner.engine.snapshots(tenant.0).await?.into_iter().map(Into::into).collect())
    }

    /// Changes the settings of a snapshot that are still as the caller saw them. Whether they were.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn update_snapshot(&self, seen: &SnapshotEntry, new: SnapshotChange, now: DateTime) -> Result<bool> {
        self.inner.engine.update_snapshot(seen.tenant.0, &seen.id, seen.revision, new, now.micros()).await
    }

    /// Removes a snapshot, if there is one; its data are removed soon after. With `expired_at` only one that has expired
    /// by then.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn delete_snapshot(
        &self,
        tenant: TenantId,
        id: &str,
        expired_at: Option<DateTime>,
        now: DateTime,
    ) -> Result<Option<SnapshotEntry>> {
        let expired_at = expired_at.map_or(i64::MAX, DateTime::micros);
        Ok(self.inner.engine.delete_snapshot(tenant.0, id, expired_at, now.micros()).await?.map(Into::into))
    }

    /// Snapshots of all tenants that have expired, as owner and id, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn expired_snapshots(&self, now: DateTime, limit: usize) -> Result<Vec<(TenantId, String)>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.inner.engine.expired_snapshots(now.micros(), limit).await?;
        Ok(rows.into_iter().map(|(tenant, id)| (TenantId(tenant), id)).collect())
    }

    /// Takes up a snapshot that nobody prepares, of all tenants the one that waits for the longest time, and promises to
    /// be ready or to [go on](Store::keep_snapshot) by `until`. Its data are empty, whoever tried before.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn claim_snapshot(&self, now: DateTime, until: DateTime) -> Result<Option<SnapshotEntry>> {
        let engine = &self.inner.engine;
        if !engine.has_unclaimed_snapshot(now.micros()).await? {
            return Ok(None);
        }
        Ok(engine.claim_snapshot(now.micros(), until.micros()).await?.map(Into::into))
    }

    /// Promises to be ready with the preparation, or to go on, by `until`. Whether it is still the caller's to prepare.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn keep_snapshot(&self, claimed: &SnapshotEntry, until: DateTime) -> Result<bool> {
        let data = claimed.data.map_or(0, |data| data.0);
        self.inner.engine.keep_snapshot(claimed.tenant.0, &claimed.id, data, until.micros()).await
    }

    /// Ends a preparation. Whether it was still the caller's; if not, nothing has changed.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn finish_snapshot(&self, claimed: &SnapshotEntry, outcome: String, now: DateTime) -> Result<bool> {
        let data = claimed.data.map_or(0, |data| data.0);
        self.inner.engine.finish_snapshot(claimed.tenant.0, &claimed.id, data, outcome, now.micros()).await
    }

    /// Notes when snapshots were used, all in one commit. Those that are gone are passed over.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails: then nothing was noted.
    pub async fn note_snapshot_uses(&self, mut uses: Vec<SnapshotUse>) -> Result<()> {
        if uses.is_empty() {
            return Ok(());
        }
        // In one order everywhere, so that processes do not wait for each other in a circle.
        uses.sort_by(|a, b| (a.tenant.0, &a.id).cmp(&(b.tenant.0, &b.id)));
        self.inner.engine.note_snapshot_uses(uses).await
    }
}

/// Removes the data of dropped snapshots, again and again.
pub(crate) async fn sweep(inner: Weak<Inner>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let Some(inner) = inner.upgrade() else { break };
        if let Err(error) = sweep_all(&inner).await {
            tracing::warn!(%error, "cannot remove the data of a dropped snapshot; trying again");
        }
    }
}

async fn sweep_all(inner: &Inner) -> Result<()> {
    let grace = i64::try_from(inner.options.snapshot_grace.as_micros()).unwrap_or(i64::MAX);
    let due = inner.engine.dropped_tenants(now().micros().saturating_sub(grace)).await?;
    for Dropped { tenant, again } in due {
        let mut left = true;
        while left {
            let removed = inner.engine.alone(inner.engine.purge_tenant(tenant, BATCH)).await?;
            match removed {
                Some(removed) => left = removed > 0,
                // Another process is at it.
                None => return Ok(()),
            }
        }
        if again {
            inner.engine.forget_tenant(tenant, bounded(inner.options.told_deletions)).await?;
        } else {
            inner.engine.note_purged(tenant, now().micros()).await?;
        }
    }
    Ok(())
}

/// The statement that removes a tenant's rows from one of [`OTHER_TABLES`].
pub(crate) fn delete_of_table(table: &str, parameter: &str) -> String {
    format!("delete from {table} where tenant = {parameter}")
}

/// A snapshot that was there a statement ago, in the same transaction, is not there any more.
pub(crate) fn vanished(id: &str) -> StoreError {
    StoreError::Database(format!("the snapshot {id} vanished within a transaction"))
}
