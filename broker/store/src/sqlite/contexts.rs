//! Stored @contexts in SQLite.

use rusqlite::{OptionalExtension, Row, TransactionBehavior, params};

use super::{Sqlite, Writer};
use crate::contexts::{ContextEntry, ContextKind, ContextUse, EntryRow, NewContext};
use crate::error::Result;

fn entry(row: &Row<'_>) -> rusqlite::Result<EntryRow> {
    Ok(EntryRow {
        id: row.get(0)?,
        kind: row.get(1)?,
        created_at: row.get(2)?,
        hits: row.get(3)?,
        used_at: row.get(4)?,
    })
}

impl Sqlite {
    pub(crate) async fn context(&self, tenant: i64, id: String) -> Result<Option<(ContextEntry, String)>> {
        let sql = "select id, kind, created_at, hits, used_at, body from context where tenant = ?1 and id = ?2";
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let found = statement.query_row(params![tenant, id], |row| Ok((entry(row)?, row.get(5)?))).optional()?;
            found.map(|(row, body)| Ok((row.parse()?, body))).transpose()
        })
        .await
    }

    pub(crate) async fn has_context(&self, tenant: i64, id: String) -> Result<bool> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached("select 1 from context where tenant = ?1 and id = ?2")?;
            Ok(statement.exists(params![tenant, id])?)
        })
        .await
    }

    pub(crate) async fn contexts(&self, tenant: i64) -> Result<Vec<ContextEntry>> {
        let sql = "select id, kind, created_at, hits, used_at from context where tenant = ?1 order by created_at, id";
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([tenant], entry)?.collect::<rusqlite::Result<Vec<_>>>()?;
            rows.into_iter().map(EntryRow::parse).collect()
        })
        .await
    }
}

impl Writer {
    /// Stores an @context if there is room, or makes room for an implicitly created one.
    pub(crate) fn add_context(&mut self, tenant: i64, new: &NewContext, at: i64) -> Result<bool> {
        let limit = i64::try_from(new.limit).unwrap_or(i64::MAX);
        let kind = new.kind.name();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql = "insert into context (tenant, id, kind, created_at, body) values (?1, ?2, ?3, ?4, ?5) \
                   on conflict do nothing";
        let inserted = transaction.execute(sql, params![tenant, new.id, kind, at, new.body])? == 1;
        if inserted {
            let over = match new.kind {
                ContextKind::Hosted => {
                    let sql = "select count(*) > ?3 from context where tenant = ?1 and kind = ?2";
                    transaction.query_row(sql, params![tenant, kind, limit], |row| row.get(0))?
                }
                ContextKind::ImplicitlyCreated => {
                    let sql = "delete from context where tenant = ?1 and id in (select id from context \
                               where tenant = ?1 and kind = ?2 and id <> ?3 and not exists (select 1 from subscription s \
                               where s.tenant = context.tenant and s.context = context.id) \
                               and id not in (select s.context from snapshot n join subscription s on s.tenant = n.data \
                               where n.tenant = ?1 and s.context is not null) \
                               order by coalesce(used_at, created_at) desc, id limit -1 offset ?4)";
                    transaction.execute(sql, params![tenant, kind, new.id, limit - 1])?;
                    false
                }
            };
            if over {
                // Dropping the transaction takes the row back.
                return Ok(false);
            }
        }
        transaction.commit()?;
        Ok(true)
    }

    /// Removes an @context. Whether there was one.
    pub(crate) fn delete_context(&mut self, tenant: i64, id: &str) -> Result<bool> {
        let sql = "delete from context where tenant = ?1 and id = ?2";
        Ok(self.connection.execute(sql, params![tenant, id])? == 1)
    }

    /// Adds to the counters.
    pub(crate) fn note_context_uses(&mut self, uses: &[ContextUse]) -> Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for used in uses {
            let hits = i64::try_from(used.hits).unwrap_or(i64::MAX);
            let sql = "update context set hits = hits + ?3, used_at = max(coalesce(used_at, 0), ?4) \
                       where tenant = ?1 and id = ?2";
            transaction.prepare_cached(sql)?.execute(params![used.tenant.0, used.id, hits, used.used_at.micros()])?;
        }
        transaction.commit()?;
        Ok(())
    }
}
