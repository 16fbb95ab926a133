//! Snapshots in SQLite.

use rusqlite::{OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::subscriptions::{delete_all, forget_all_but};
use super::writer::delete_index_rows;
use super::{Sqlite, Writer};
use crate::error::Result;
use crate::snapshots::{
    COLUMNS, Dropped, NewSnapshot, OTHER_TABLES, RowAdded, SnapshotChange, SnapshotData, SnapshotRow, SnapshotUse,
    delete_of_table, vanished,
};
use crate::store::TenantId;

fn snapshot(row: &Row<'_>) -> rusqlite::Result<SnapshotRow> {
    Ok(SnapshotRow {
        tenant: row.get(0)?,
        id: row.get(1)?,
        data: row.get(2)?,
        preparing: row.get(3)?,
        attempts: row.get(4)?,
        priority: row.get(5)?,
        created_at: row.get(6)?,
        modified_at: row.get(7)?,
        expires_at: row.get(8)?,
        last_used_at: row.get(9)?,
        revision: row.get(10)?,
        origin: row.get(11)?,
        settings: row.get(12)?,
        outcome: row.get(13)?,
    })
}

impl Sqlite {
    pub(crate) async fn snapshot(&self, tenant: i64, id: String) -> Result<Option<SnapshotRow>> {
        self.read(move |connection| {
            let sql = format!("select {COLUMNS} from snapshot where tenant = ?1 and id = ?2");
            Ok(connection.prepare_cached(&sql)?.query_row(params![tenant, id], snapshot).optional()?)
        })
        .await
    }

    pub(crate) async fn snapshot_data(&self, tenant: i64, id: String) -> Result<Option<SnapshotData>> {
        self.read(move |connection| {
            let sql = "select data, preparing, expires_at from snapshot where tenant = ?1 and id = ?2";
            let data = |row: &Row<'_>| {
                Ok(SnapshotData {
                    data: row.get::<_, Option<i64>>(0)?.map(TenantId),
                    preparing: row.get(1)?,
                    expires_at: ngsild::DateTime::from_micros(row.get(2)?),
                })
            };
            Ok(connection.prepare_cached(sql)?.query_row(params![tenant, id], data).optional()?)
        })
        .await
    }

    pub(crate) async fn snapshots(&self, tenant: i64) -> Result<Vec<SnapshotRow>> {
        self.read(move |connection| {
            let sql = format!("select {COLUMNS} from snapshot where tenant = ?1 order by created_at, id");
            let mut statement = connection.prepare_cached(&sql)?;
            Ok(statement.query_map([tenant], snapshot)?.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn expired_snapshots(&self, now: i64, limit: i64) -> Result<Vec<(i64, String)>> {
        self.read(move |connection| {
            let sql = "select tenant, id from snapshot where expires_at <= ?1 order by expires_at limit ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([now, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn has_unclaimed_snapshot(&self, now: i64) -> Result<bool> {
        self.read(move |connection| {
            let sql = "select 1 from snapshot where preparing and claimed_until <= ?1";
            Ok(connection.prepare_cached(sql)?.exists([now])?)
        })
        .await
    }

    pub(crate) async fn dropped_tenants(&self, purged_before: i64) -> Result<Vec<Dropped>> {
        self.read(move |connection| {
            let sql = "select id, purged_at is not null from tenant \
                       where dropped_at is not null and (purged_at is null or purged_at <= ?1) order by id";
            let mut statement = connection.prepare_cached(sql)?;
            let rows =
                statement.query_map([purged_before], |row| Ok(Dropped { tenant: row.get(0)?, again: row.get(1)? }))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

impl Writer {
    fn transaction(&mut self) -> Result<Transaction<'_>> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    pub(crate) fn add_snapshot(&mut self, tenant: i64, new: &NewSnapshot, at: i64) -> Result<RowAdded> {
        let limit = i64::try_from(new.limit).unwrap_or(i64::MAX);
        let transaction = self.transaction()?;
        let sql = "insert into snapshot (tenant, id, preparing, priority, created_at, modified_at, expires_at, origin, \
                   settings, outcome) values (?1, ?2, 1, ?3, ?4, ?4, ?5, ?6, ?7, ?8) on conflict do nothing";
        let NewSnapshot { id, priority, expires_at, origin, settings, outcome, .. } = new;
        let expires_at = expires_at.micros();
        let values = params![tenant, id, priority, at, expires_at, origin, settings, outcome];
        if transaction.execute(sql, values)? == 0 {
            return Ok(RowAdded::Exists);
        }
        let sql = "select count(*) > ?3 from snapshot where tenant = ?1 and expires_at > ?2";
        let mut dropped = None;
        if transaction.query_row(sql, [tenant, at, limit], |row| row.get(0))? {
            let sql = "select id from snapshot where tenant = ?1 and expires_at > ?2 and priority < ?3 \
                       order by priority, expires_at, coalesce(last_used_at, created_at), id limit 1";
            let least: Option<String> =
                transaction.query_row(sql, params![tenant, at, priority], |row| row.get(0)).optional()?;
            // Dropping the transaction takes the row back.
            let Some(least) = least else { return Ok(RowAdded::Full) };
            dropped = delete(&transaction, tenant, &least, i64::MAX, at)?;
        }
        transaction.commit()?;
        Ok(RowAdded::Done(dropped))
    }

    pub(crate) fn update_snapshot(
        &mut self,
        tenant: i64,
        id: &str,
        seen: i64,
        new: &SnapshotChange,
        at: i64,
    ) -> Result<bool> {
        let sql = "update snapshot set priority = ?4, expires_at = ?5, settings = ?6, modified_at = ?7, \
                   revision = revision + 1 where tenant = ?1 and id = ?2 and revision = ?3";
        let expires_at = new.expires_at.micros();
        Ok(self.connection.execute(sql, params![tenant, id, seen, new.priority, expires_at, new.settings, at])? == 1)
    }

    pub(crate) fn delete_snapshot(
        &mut self,
        tenant: i64,
        id: &str,
        expired_at: i64,
        at: i64,
    ) -> Result<Option<SnapshotRow>> {
        let transaction = self.transaction()?;
        let deleted = delete(&transaction, tenant, id, expired_at, at)?;
        transaction.commit()?;
        Ok(deleted)
    }

    pub(crate) fn claim_snapshot(&mut self, now: i64, until: i64) -> Result<Option<SnapshotRow>> {
        let transaction = self.transaction()?;
        let sql = "select tenant, id, data from snapshot where preparing and claimed_until <= ?1 \
                   order by created_at, id limit 1";
        let found: Option<(i64, String, Option<i64>)> =
            transaction.query_row(sql, [now], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let Some((tenant, id, old)) = found else { return Ok(None) };
        drop_tenant(&transaction, old, now)?;
        let sql =
            "insert into tenant (name, hidden) values ('snapshot ' || lower(hex(randomblob(16))), 1) returning id";
        let data: i64 = transaction.query_row(sql, [], |row| row.get(0))?;
        let sql = "update snapshot set data = ?3, claimed_until = ?4, attempts = attempts + 1 \
                   where tenant = ?1 and id = ?2";
        transaction.execute(sql, params![tenant, id, data, until])?;
        let sql = format!("select {COLUMNS} from snapshot where tenant = ?1 and id = ?2");
        let claimed = transaction.query_row(&sql, params![tenant, id], snapshot).optional()?;
        transaction.commit()?;
        claimed.map_or_else(|| Err(vanished(&id)), |row| Ok(Some(row)))
    }

    pub(crate) fn keep_snapshot(&mut self, tenant: i64, id: &str, data: i64, until: i64) -> Result<bool> {
        let sql = "update snapshot set claimed_until = ?4 where tenant = ?1 and id = ?2 and data = ?3 and preparing";
        Ok(self.connection.execute(sql, params![tenant, id, data, until])? == 1)
    }

    pub(crate) fn finish_snapshot(&mut self, tenant: i64, id: &str, data: i64, outcome: &str, at: i64) -> Result<bool> {
        let sql = "update snapshot set preparing = 0, outcome = ?4, modified_at = ?5 \
                   where tenant = ?1 and id = ?2 and data = ?3 and preparing";
        Ok(self.connection.execute(sql, params![tenant, id, data, outcome, at])? == 1)
    }

    pub(crate) fn note_snapshot_uses(&mut self, uses: &[SnapshotUse]) -> Result<()> {
        let transaction = self.transaction()?;
        for used in uses {
            let sql = "update snapshot set last_used_at = max(coalesce(last_used_at, 0), ?3) \
                       where tenant = ?1 and id = ?2";
            transaction.prepare_cached(sql)?.execute(params![used.tenant.0, used.id, used.used_at.micros()])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Removes a part of what a tenant has. How many rows were removed; 0 when nothing is left.
    pub(crate) fn purge_tenant(&mut self, tenant: i64, limit: i64) -> Result<usize> {
        let transaction = self.transaction()?;
        let mut removed = 0;
        let sequences: Vec<i64> = {
            let mut statement = transaction.prepare_cached("select seq from entity where tenant = ?1 limit ?2")?;
            statement.query_map([tenant, limit], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?
        };
        for seq in sequences {
            delete_index_rows(&transaction, seq)?;
            removed += transaction.prepare_cached("delete from entity where seq = ?1")?.execute([seq])?;
        }
        let sql = "delete from change where position in (select position from change where tenant = ?1 limit ?2)";
        removed += transaction.prepare_cached(sql)?.execute([tenant, limit])?;
        removed += delete_all(&transaction, tenant)?;
        for table in OTHER_TABLES {
            removed += transaction.prepare_cached(&delete_of_table(table, "?1"))?.execute([tenant])?;
        }
        transaction.commit()?;
        Ok(removed)
    }

    pub(crate) fn note_purged(&mut self, tenant: i64, at: i64) -> Result<()> {
        self.connection.execute("update tenant set purged_at = ?2 where id = ?1", [tenant, at])?;
        Ok(())
    }

    pub(crate) fn forget_tenant(&mut self, tenant: i64, told: i64) -> Result<()> {
        let transaction = self.transaction()?;
        transaction.execute("delete from tenant where id = ?1 and dropped_at is not null", [tenant])?;
        forget_all_but(&transaction, told)?;
        transaction.commit()?;
        Ok(())
    }
}

fn delete(
    transaction: &Transaction<'_>,
    tenant: i64,
    id: &str,
    expired_at: i64,
    at: i64,
) -> Result<Option<SnapshotRow>> {
    let sql = format!("delete from snapshot where tenant = ?1 and id = ?2 and expires_at <= ?3 returning {COLUMNS}");
    let deleted = transaction.prepare_cached(&sql)?.query_row(params![tenant, id, expired_at], snapshot).optional()?;
    drop_tenant(transaction, deleted.as_ref().and_then(|row| row.data), at)?;
    Ok(deleted)
}

fn drop_tenant(transaction: &Transaction<'_>, tenant: Option<i64>, at: i64) -> Result<()> {
    if let Some(tenant) = tenant {
        transaction.execute("update tenant set dropped_at = ?2 where id = ?1 and hidden", [tenant, at])?;
        delete_all(transaction, tenant)?;
    }
    Ok(())
}
