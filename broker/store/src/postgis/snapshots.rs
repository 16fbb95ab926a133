//! Snapshots in PostGIS.

use deadpool_postgres::Transaction;
use tokio_postgres::Row;

use super::PostGis;
use super::subscriptions::{delete_all_in, forget_all_but_in};
use crate::error::Result;
use crate::snapshots::{
    COLUMNS, Dropped, NewSnapshot, OTHER_TABLES, RowAdded, SnapshotChange, SnapshotData, SnapshotRow, SnapshotUse,
    delete_of_table, vanished,
};
use crate::store::TenantId;

fn snapshot(row: &Row) -> SnapshotRow {
    SnapshotRow {
        tenant: row.get::<_, i32>(0).into(),
        id: row.get(1),
        data: row.get::<_, Option<i32>>(2).map(i64::from),
        preparing: row.get(3),
        attempts: row.get(4),
        priority: row.get(5),
        created_at: row.get(6),
        modified_at: row.get(7),
        expires_at: row.get(8),
        last_used_at: row.get(9),
        revision: row.get(10),
        origin: row.get(11),
        settings: row.get(12),
        outcome: row.get(13),
    }
}

impl PostGis {
    pub(crate) async fn snapshot(&self, tenant: i64, id: &str) -> Result<Option<SnapshotRow>> {
        let sql = format!("select {COLUMNS} from snapshot where tenant = $1::bigint and id = $2");
        let client = self.client().await?;
        let statement = client.prepare_cached(&sql).await?;
        Ok(client.query_opt(&statement, &[&tenant, &id]).await?.as_ref().map(snapshot))
    }

    pub(crate) async fn snapshot_data(&self, tenant: i64, id: &str) -> Result<Option<SnapshotData>> {
        let sql = "select data, preparing, expires_at from snapshot where tenant = $1::bigint and id = $2";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let data = |row: Row| SnapshotData {
            data: row.get::<_, Option<i32>>(0).map(|data| TenantId(data.into())),
            preparing: row.get(1),
            expires_at: ngsild::DateTime::from_micros(row.get(2)),
        };
        Ok(client.query_opt(&statement, &[&tenant, &id]).await?.map(data))
    }

    pub(crate) async fn snapshots(&self, tenant: i64) -> Result<Vec<SnapshotRow>> {
        let sql = format!("select {COLUMNS} from snapshot where tenant = $1::bigint order by created_at, id");
        let client = self.client().await?;
        let statement = client.prepare_cached(&sql).await?;
        Ok(client.query(&statement, &[&tenant]).await?.iter().map(snapshot).collect())
    }

    pub(crate) async fn expired_snapshots(&self, now: i64, limit: i64) -> Result<Vec<(i64, String)>> {
        let sql = "select tenant::bigint, id from snapshot where expires_at <= $1 order by expires_at limit $2";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&now, &limit]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    pub(crate) async fn has_unclaimed_snapshot(&self, now: i64) -> Result<bool> {
        let sql = "select exists (select 1 from snapshot where preparing and claimed_until <= $1)";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.query_one(&statement, &[&now]).await?.get(0))
    }

    pub(crate) async fn dropped_tenants(&self, purged_before: i64) -> Result<Vec<Dropped>> {
        let sql = "select id::bigint, purged_at is not null from tenant
                   where dropped_at is not null and (purged_at is null or purged_at <= $1) order by id";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let rows = client.query(&statement, &[&purged_before]).await?;
        Ok(rows.iter().map(|row| Dropped { tenant: row.get(0), again: row.get(1) }).collect())
    }

    /// Several processes that add at the same moment may go over the limit by as many.
    pub(crate) async fn add_snapshot(&self, tenant: i64, new: &NewSnapshot, at: i64) -> Result<RowAdded> {
        let limit = i64::try_from(new.limit).unwrap_or(i64::MAX);
        let (priority, expires_at) = (i64::from(new.priority), new.expires_at.micros());
        let NewSnapshot { id, origin, settings, outcome, .. } = new;
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let sql = "insert into snapshot (tenant, id, preparing, priority, created_at, modified_at, expires_at, origin,
                       settings, outcome)
                   values ($1::bigint, $2, true, $3, $4, $4, $5, $6, $7, $8) on conflict do nothing";
        let added =
            transaction.execute(sql, &[&tenant, id, &priority, &at, &expires_at, origin, settings, outcome]).await?;
        if added == 0 {
            return Ok(RowAdded::Exists);
        }
        let sql = "select count(*) > $3 from snapshot where tenant = $1::bigint and expires_at > $2";
        let mut dropped = None;
        if transaction.query_one(sql, &[&tenant, &at, &limit]).await?.get(0) {
            let sql = "select id from snapshot where tenant = $1::bigint and expires_at > $2 and priority < $3
                       order by priority, expires_at, coalesce(last_used_at, created_at), id limit 1";
            let least = transaction.query_opt(sql, &[&tenant, &at, &priority]).await?;
            // Dropping the transaction takes the row back.
            let Some(least) = least else { return Ok(RowAdded::Full) };
            dropped = delete(&transaction, tenant, least.get(0), i64::MAX, at).await?;
        }
        transaction.commit().await?;
        Ok(RowAdded::Done(dropped))
    }

    pub(crate) async fn update_snapshot(
        &self,
        tenant: i64,
        id: &str,
        seen: i64,
        new: &SnapshotChange,
        at: i64,
    ) -> Result<bool> {
        let sql = "update snapshot set priority = $4, expires_at = $5, settings = $6, modified_at = $7,
                       revision = revision + 1
                   where tenant = $1::bigint and id = $2 and revision = $3";
        let (priority, expires_at) = (i64::from(new.priority), new.expires_at.micros());
        let client = self.client().await?;
        let changed = client.execute(sql, &[&tenant, &id, &seen, &priority, &expires_at, &new.settings, &at]).await?;
        Ok(changed == 1)
    }

    pub(crate) async fn delete_snapshot(
        &self,
        tenant: i64,
        id: &str,
        expired_at: i64,
        at: i64,
    ) -> Result<Option<SnapshotRow>> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let deleted = delete(&transaction, tenant, id, expired_at, at).await?;
        transaction.commit().await?;
        Ok(deleted)
    }

    pub(crate) async fn claim_snapshot(&self, now: i64, until: i64) -> Result<Option<SnapshotRow>> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let sql = "select tenant::bigint, id, data::bigint from snapshot where preparing and claimed_until <= $1
                   order by created_at, id limit 1 for update skip locked";
        let Some(found) = transaction.query_opt(sql, &[&now]).await? else { return Ok(None) };
        let (tenant, id, old): (i64, String, Option<i64>) = (found.get(0), found.get(1), found.get(2));
        drop_tenant(&transaction, old, now).await?;
        let sql = "insert into tenant (name, hidden) values ('snapshot ' || gen_random_uuid(), true)
                   returning id::bigint";
        let data: i64 = transaction.query_one(sql, &[]).await?.get(0);
        let sql = format!(
            "update snapshot set data = $3::bigint, claimed_until = $4, attempts = attempts + 1
             where tenant = $1::bigint and id = $2 returning {COLUMNS}"
        );
        let claimed = transaction.query_opt(&sql, &[&tenant, &id, &data, &until]).await?;
        transaction.commit().await?;
        claimed.map_or_else(|| Err(vanished(&id)), |row| Ok(Some(snapshot(&row))))
    }

    pub(crate) async fn keep_snapshot(&self, tenant: i64, id: &str, data: i64, until: i64) -> Result<bool> {
        let sql = "update snapshot set claimed_until = $4
                   where tenant = $1::bigint and id = $2 and data = $3::bigint and preparing";
        Ok(self.client().await?.execute(sql, &[&tenant, &id, &data, &until]).await? == 1)
    }

    pub(crate) async fn finish_snapshot(
        &self,
        tenant: i64,
        id: &str,
        data: i64,
        outcome: &str,
        at: i64,
    ) -> Result<bool> {
        let sql = "update snapshot set preparing = false, outcome = $4, modified_at = $5
                   where tenant = $1::bigint and id = $2 and data = $3::bigint and preparing";
        Ok(self.client().await?.execute(sql, &[&tenant, &id, &data, &outcome, &at]).await? == 1)
    }

    pub(crate) async fn note_snapshot_uses(&self, uses: &[SnapshotUse]) -> Result<()> {
        let sql = "update snapshot s set last_used_at = greatest(s.last_used_at, u.used_at)
                   from unnest($1::bigint[], $2::text[], $3::bigint[]) as u (tenant, id, used_at)
                   where s.tenant = u.tenant and s.id = u.id";
        let tenants: Vec<i64> = uses.iter().map(|used| used.tenant.0).collect();
        let ids: Vec<&str> = uses.iter().map(|used| used.id.as_str()).collect();
        let used_at: Vec<i64> = uses.iter().map(|used| used.used_at.micros()).collect();
        self.client().await?.execute(sql, &[&tenants, &ids, &used_at]).await?;
        Ok(())
    }

    /// Removes a part of what a tenant has. How many rows were removed; 0 when nothing is left.
    pub(crate) async fn purge_tenant(&self, tenant: i64, limit: i64) -> Result<usize> {
        let entities = "with gone as (
                            delete from entity where tenant = $1::bigint
                            and id in (select id from entity where tenant = $1::bigint limit $2) returning id
                        ),
                        scopes as (
                            delete from scope where tenant = $1::bigint and entity in (select id from gone)
                        ),
                        places as (
                            delete from place where tenant = $1::bigint and entity in (select id from gone)
                        ),
                        indexed as (
                            delete from value_row where tenant = $1::bigint and entity in (select id from gone)
                        )
                        select count(*) from gone";
        let changes = "with some_of_it as (
                           select entity, version from change where tenant = $1::bigint limit $2
                       ),
                       gone as (
                           delete from change c using some_of_it s
                           where c.tenant = $1::bigint and c.entity = s.entity and c.version = s.version
                           returning 1
                       )
                       select count(*) from gone";
        let mut client = self.client().await?;
        let mut removed: i64 = 0;
        for sql in [entities, changes] {
            let statement = client.prepare_cached(sql).await?;
            removed += client.query_one(&statement, &[&tenant, &limit]).await?.get::<_, i64>(0);
        }
        let mut removed = usize::try_from(removed).unwrap_or(usize::MAX);
        let transaction = client.transaction().await?;
        removed = removed.saturating_add(delete_all_in(&transaction, tenant).await?);
        transaction.commit().await?;
        for table in OTHER_TABLES {
            let rows = client.execute(&delete_of_table(table, "$1::bigint"), &[&tenant]).await?;
            removed = removed.saturating_add(usize::try_from(rows).unwrap_or(usize::MAX));
        }
        Ok(removed)
    }

    pub(crate) async fn note_purged(&self, tenant: i64, at: i64) -> Result<()> {
        let sql = "update tenant set purged_at = $2 where id = $1::bigint";
        self.client().await?.execute(sql, &[&tenant, &at]).await?;
        Ok(())
    }

    pub(crate) async fn forget_tenant(&self, tenant: i64, told: i64) -> Result<()> {
        let sql = "delete from tenant where id = $1::bigint and dropped_at is not null";
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        transaction.execute(sql, &[&tenant]).await?;
        forget_all_but_in(&transaction, told).await?;
        transaction.commit().await?;
        Ok(())
    }
}

async fn delete(
    transaction: &Transaction<'_>,
    tenant: i64,
    id: &str,
    expired_at: i64,
    at: i64,
) -> Result<Option<SnapshotRow>> {
    let sql =
        format!("delete from snapshot where tenant = $1::bigint and id = $2 and expires_at <= $3 returning {COLUMNS}");
    let deleted = transaction.query_opt(&sql, &[&tenant, &id, &expired_at]).await?.as_ref().map(snapshot);
    drop_tenant(transaction, deleted.as_ref().and_then(|row| row.data), at).await?;
    Ok(deleted)
}

async fn drop_tenant(transaction: &Transaction<'_>, tenant: Option<i64>, at: i64) -> Result<()> {
    if let Some(tenant) = tenant {
        let sql = "update tenant set dropped_at = $2 where id = $1::bigint and hidden";
        transaction.execute(sql, &[&tenant, &at]).await?;
        delete_all_in(transaction, tenant).await?;
    }
    Ok(())
}
