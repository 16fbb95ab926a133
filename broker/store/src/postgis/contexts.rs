//! Stored @contexts in PostGIS.

use tokio_postgres::Row;

use super::PostGis;
use crate::contexts::{ContextEntry, ContextKind, ContextUse, EntryRow, NewContext};
use crate::error::Result;

fn entry(row: &Row) -> Result<ContextEntry> {
    EntryRow { id: row.get(0), kind: row.get(1), created_at: row.get(2), hits: row.get(3), used_at: row.get(4) }.parse()
}

impl PostGis {
    pub(crate) async fn context(&self, tenant: i64, id: &str) -> Result<Option<(ContextEntry, String)>> {
        let sql = "select id, kind, created_at, hits, used_at, body from context where tenant = $1::bigint and id = $2";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let found = client.query_opt(&statement, &[&tenant, &id]).await?;
        found.map(|row| Ok((entry(&row)?, row.get(5)))).transpose()
    }

    pub(crate) async fn has_context(&self, tenant: i64, id: &str) -> Result<bool> {
        let client = self.client().await?;
        let sql = "select 1 from context where tenant = $1::bigint and id = $2";
        let statement = client.prepare_cached(sql).await?;
        Ok(client.query_opt(&statement, &[&tenant, &id]).await?.is_some())
    }

    pub(crate) async fn contexts(&self, tenant: i64) -> Result<Vec<ContextEntry>> {
        let sql = "select id, kind, created_at, hits, used_at from context where tenant = $1::bigint
                   order by created_at, id";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        client.query(&statement, &[&tenant]).await?.iter().map(entry).collect()
    }

    /// Stores an @context if there is room, or makes room for an implicitly created one. Several processes that do so
    /// at the same moment may go over the limit by as many.
    pub(crate) async fn add_context(&self, tenant: i64, new: &NewContext, at: i64) -> Result<bool> {
        let limit = i64::try_from(new.limit).unwrap_or(i64::MAX);
        let kind = new.kind.name();
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let sql = "insert into context (tenant, id, kind, created_at, body) values ($1::bigint, $2, $3, $4, $5)
                   on conflict do nothing";
        let inserted = transaction.execute(sql, &[&tenant, &new.id, &kind, &at, &new.body]).await? == 1;
        if inserted {
            let over = match new.kind {
                ContextKind::Hosted => {
                    let sql = "select count(*) > $3 from context where tenant = $1::bigint and kind = $2";
                    transaction.query_one(sql, &[&tenant, &kind, &limit]).await?.get(0)
                }
                ContextKind::ImplicitlyCreated => {
                    let sql = "delete from context where tenant = $1::bigint and id in (select id from context
                               where tenant = $1::bigint and kind = $2 and id <> $3
                                 and not exists (select from subscription s
                                                 where s.tenant = context.tenant and s.context = context.id)
                                 and id not in (select s.context from snapshot n
                                                join subscription s on s.tenant = n.data
                                                where n.tenant = $1::bigint and s.context is not null)
                               order by coalesce(used_at, created_at) desc, id offset $4)";
                    transaction.execute(sql, &[&tenant, &kind, &new.id, &(limit - 1)]).await?;
                    false
                }
            };
            if over {
                // Dropping the transaction takes the row back.
                return Ok(false);
            }
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Removes an @context. Whether there was one.
    pub(crate) async fn delete_context(&self, tenant: i64, id: &str) -> Result<bool> {
        let sql = "delete from context where tenant = $1::bigint and id = $2";
        Ok(self.client().await?.execute(sql, &[&tenant, &id]).await? == 1)
    }

    /// Adds to the counters.
    pub(crate) async fn note_context_uses(&self, uses: &[ContextUse]) -> Result<()> {
        let sql = "update context c set hits = c.hits + u.hits, used_at = greatest(c.used_at, u.used_at)
                   from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[]) as u (tenant, id, hits, used_at)
                   where c.tenant = u.tenant and c.id = u.id";
        let tenants: Vec<i64> = uses.iter().map(|used| used.tenant.0).collect();
        let ids: Vec<&str> = uses.iter().map(|used| used.id.as_str()).collect();
        let hits: Vec<i64> = uses.iter().map(|used| i64::try_from(used.hits).unwrap_or(i64::MAX)).collect();
        let used_at: Vec<i64> = uses.iter().map(|used| used.used_at.micros()).collect();
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        client.execute(&statement, &[&tenants, &ids, &hits, &used_at]).await?;
        Ok(())
    }
}
