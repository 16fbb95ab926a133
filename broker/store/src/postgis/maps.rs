//! Entity maps in PostGIS.

use hiroba_vocab::EntityId;

use super::PostGis;
use crate::error::Result;
use crate::maps::{MapRow, without};

impl PostGis {
    pub(crate) async fn entity_map(&self, tenant: i64, id: &str, now: i64) -> Result<Option<MapRow>> {
        let sql = "select expires_at, query, entities from entity_map
                   where tenant = $1::bigint and id = $2 and expires_at > $3";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        let found = client.query_opt(&statement, &[&tenant, &id, &now]).await?;
        Ok(found.map(|row| MapRow {
            tenant,
            id: id.to_owned(),
            expires_at: row.get(0),
            query: row.get(1),
            entities: row.get(2),
        }))
    }

    /// Several processes that add maps at the same moment may go over the limit by as many.
    pub(crate) async fn add_entity_map(&self, map: &MapRow, limit: i64, now: i64) -> Result<()> {
        self.remove_expired_entity_maps(now).await?;
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let sql =
            "insert into entity_map (tenant, id, expires_at, query, entities) values ($1::bigint, $2, $3, $4, $5)";
        transaction.execute(sql, &[&map.tenant, &map.id, &map.expires_at, &map.query, &map.entities]).await?;
        // Rows that others are about to delete as well are left to them, so that nobody waits in a circle.
        let sql = "delete from entity_map where tenant = $1::bigint and id in (
                       select id from entity_map where tenant = $1::bigint and id in (
                           select id from entity_map where tenant = $1::bigint and id <> $2
                           order by expires_at desc, id offset $3)
                       for update skip locked)";
        transaction.execute(sql, &[&map.tenant, &map.id, &(limit - 1)]).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn set_entity_map_expiry(&self, tenant: i64, id: &str, expires_at: i64, now: i64) -> Result<bool> {
        let sql = "update entity_map set expires_at = $3 where tenant = $1::bigint and id = $2 and expires_at > $4";
        Ok(self.client().await?.execute(sql, &[&tenant, &id, &expires_at, &now]).await? == 1)
    }

    pub(crate) async fn shrink_entity_map(&self, tenant: i64, id: &str, gone: &[EntityId]) -> Result<()> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let sql = "select entities from entity_map where tenant = $1::bigint and id = $2 for update";
        if let Some(row) = transaction.query_opt(sql, &[&tenant, &id]).await? {
            let entities = without(id, row.get(0), gone)?;
            let sql = "update entity_map set entities = $3 where tenant = $1::bigint and id = $2";
            transaction.execute(sql, &[&tenant, &id, &entities]).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    pub(crate) async fn delete_entity_map(&self, tenant: i64, id: &str, now: i64) -> Result<bool> {
        let sql = "delete from entity_map where tenant = $1::bigint and id = $2 and expires_at > $3";
        Ok(self.client().await?.execute(sql, &[&tenant, &id, &now]).await? == 1)
    }

    pub(crate) async fn remove_expired_entity_maps(&self, now: i64) -> Result<u64> {
        let sql = "delete from entity_map where (tenant, id) in (
                       select tenant, id from entity_map where expires_at <= $1 for update skip locked)";
        Ok(self.client().await?.execute(sql, &[&now]).await?)
    }
}
