//! What both databases do for snapshots.

use crate::engine::Engine;
use crate::error::Result;
use crate::snapshots::{Dropped, NewSnapshot, RowAdded, SnapshotChange, SnapshotData, SnapshotRow, SnapshotUse};

impl Engine {
    pub(crate) async fn snapshot(&self, tenant: i64, id: &str) -> Result<Option<SnapshotRow>> {
        match self {
            Self::Sqlite { database, .. } => database.snapshot(tenant, id.to_owned()).await,
            Self::PostGis { database, .. } => database.snapshot(tenant, id).await,
        }
    }

    pub(crate) async fn snapshot_data(&self, tenant: i64, id: &str) -> Result<Option<SnapshotData>> {
        match self {
            Self::Sqlite { database, .. } => database.snapshot_data(tenant, id.to_owned()).await,
            Self::PostGis { database, .. } => database.snapshot_data(tenant, id).await,
        }
    }

    pub(crate) async fn snapshots(&self, tenant: i64) -> Result<Vec<SnapshotRow>> {
        match self {
            Self::Sqlite { database, .. } => database.snapshots(tenant).await,
            Self::PostGis { database, .. } => database.snapshots(tenant).await,
        }
    }

    pub(crate) async fn expired_snapshots(&self, now: i64, limit: i64) -> Result<Vec<(i64, String)>> {
        match self {
            Self::Sqlite { database, .. } => database.expired_snapshots(now, limit).await,
            Self::PostGis { database, .. } => database.expired_snapshots(now, limit).await,
        }
    }

    pub(crate) async fn has_unclaimed_snapshot(&self, now: i64) -> Result<bool> {
        match self {
            Self::Sqlite { database, .. } => database.has_unclaimed_snapshot(now).await,
            Self::PostGis { database, .. } => database.has_unclaimed_snapshot(now).await,
        }
    }

    pub(crate) async fn dropped_tenants(&self, purged_before: i64) -> Result<Vec<Dropped>> {
        match self {
            Self::Sqlite { database, .. } => database.dropped_tenants(purged_before).await,
            Self::PostGis { database, .. } => database.dropped_tenants(purged_before).await,
        }
    }

    pub(crate) async fn add_snapshot(&self, tenant: i64, new: NewSnapshot, at: i64) -> Result<RowAdded> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.add_snapshot(tenant, &new, at)).await,
            Self::PostGis { database, .. } => database.add_snapshot(tenant, &new, at).await,
        }
    }

    pub(crate) async fn update_snapshot(
        &self,
        tenant: i64,
        id: &str,
        seen: i64,
        new: SnapshotChange,
        at: i64,
    ) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let id = id.to_owned();
                writer.run(move |writer| writer.update_snapshot(tenant, &id, seen, &new, at)).await
            }
            Self::PostGis { database, .. } => database.update_snapshot(tenant, id, seen, &new, at).await,
        }
    }

    pub(crate) async fn delete_snapshot(
        &self,
        tenant: i64,
        id: &str,
        expired_at: i64,
        at: i64,
    ) -> Result<Option<SnapshotRow>> {
        match self {
            Self::Sqlite { writer, .. } => {
                let id = id.to_owned();
                writer.run(move |writer| writer.delete_snapshot(tenant, &id, expired_at, at)).await
            }
            Self::PostGis { database, .. } => database.delete_snapshot(tenant, id, expired_at, at).await,
        }
    }

    pub(crate) async fn claim_snapshot(&self, now: i64, until: i64) -> Result<Option<SnapshotRow>> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.claim_snapshot(now, until)).await,
            Self::PostGis { database, .. } => database.claim_snapshot(now, until).await,
        }
    }

    pub(crate) async fn keep_snapshot(&self, tenant: i64, id: &str, data: i64, until: i64) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let id = id.to_owned();
                writer.run(move |writer| writer.keep_snapshot(tenant, &id, data, until)).await
            }
            Self::PostGis { database, .. } => database.keep_snapshot(tenant, id, data, until).await,
        }
    }

    pub(crate) async fn finish_snapshot(
        &self,
        tenant: i64,
        id: &str,
        data: i64,
        outcome: String,
        at: i64,
    ) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let id = id.to_owned();
                writer.run(move |writer| writer.finish_snapshot(tenant, &id, data, &outcome, at)).await
            }
            Self::PostGis { database, .. } => database.finish_snapshot(tenant, id, data, &outcome, at).await,
        }
    }

    pub(crate) async fn note_snapshot_uses(&self, uses: Vec<SnapshotUse>) -> Result<()> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.note_snapshot_uses(&uses)).await,
            Self::PostGis { database, .. } => database.note_snapshot_uses(&uses).await,
        }
    }

    pub(crate) async fn purge_tenant(&self, tenant: i64, limit: i64) -> Result<usize> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.purge_tenant(tenant, limit)).await,
            Self::PostGis { database, .. } => database.purge_tenant(tenant, limit).await,
        }
    }

    pub(crate) async fn note_purged(&self, tenant: i64, at: i64) -> Result<()> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.note_purged(tenant, at)).await,
            Self::PostGis { database, .. } => database.note_purged(tenant, at).await,
        }
    }

    /// Of deleted subscriptions, its own among them, only the last `told` are told one by one from now on.
    pub(crate) async fn forget_tenant(&self, tenant: i64, told: i64) -> Result<()> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.forget_tenant(tenant, told)).await,
            Self::PostGis { database, .. } => database.forget_tenant(tenant, told).await,
        }
    }
}
