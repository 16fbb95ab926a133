//! Entity maps in SQLite.

use hiroba_vocab::EntityId;
use rusqlite::{OptionalExtension, TransactionBehavior, params};

use super::{Sqlite, Writer};
use crate::error::Result;
use crate::maps::{MapRow, without};

impl Sqlite {
    pub(crate) async fn entity_map(&self, tenant: i64, id: String, now: i64) -> Result<Option<MapRow>> {
        let sql =
            "select expires_at, query, entities from entity_map where tenant = ?1 and id = ?2 and expires_at > ?3";
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(sql)?;
            let found = statement.query_row(params![tenant, id, now], |row| {
                Ok(MapRow {
                    tenant,
                    id: id.clone(),
                    expires_at: row.get(0)?,
                    query: row.get(1)?,
                    entities: row.get(2)?,
                })
            });
            Ok(found.optional()?)
        })
        .await
    }
}

impl Writer {
    pub(crate) fn add_entity_map(&mut self, map: &MapRow, limit: i64, now: i64) -> Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("delete from entity_map where expires_at <= ?1", [now])?;
        let sql = "insert into entity_map (tenant, id, expires_at, query, entities) values (?1, ?2, ?3, ?4, ?5)";
        transaction.execute(sql, params![map.tenant, map.id, map.expires_at, map.query, map.entities])?;
        let sql = "delete from entity_map where tenant = ?1 and id in (select id from entity_map \
                   where tenant = ?1 and id <> ?2 order by expires_at desc, id limit -1 offset ?3)";
        transaction.execute(sql, params![map.tenant, map.id, limit - 1])?;
        transaction.commit()?;
        Ok(())
    }

    pub(crate) fn set_entity_map_expiry(&mut self, tenant: i64, id: &str, expires_at: i64, now: i64) -> Result<bool> {
        let sql = "update entity_map set expires_at = ?3 where tenant = ?1 and id = ?2 and expires_at > ?4";
        Ok(self.connection.execute(sql, params![tenant, id, expires_at, now])? == 1)
    }

    pub(crate) fn shrink_entity_map(&mut self, tenant: i64, id: &str, gone: &[EntityId]) -> Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql = "select entities from entity_map where tenant = ?1 and id = ?2";
        let found: Option<String> = transaction.query_row(sql, params![tenant, id], |row| row.get(0)).optional()?;
        if let Some(entities) = found {
            let sql = "update entity_map set entities = ?3 where tenant = ?1 and id = ?2";
            transaction.execute(sql, params![tenant, id, without(id, &entities, gone)?])?;
        }
        transaction.commit()?;
        Ok(())
    }

    pub(crate) fn delete_entity_map(&mut self, tenant: i64, id: &str, now: i64) -> Result<bool> {
        let sql = "delete from entity_map where tenant = ?1 and id = ?2 and expires_at > ?3";
        Ok(self.connection.execute(sql, params![tenant, id, now])? == 1)
    }

    pub(crate) fn remove_expired_entity_maps(&mut self, now: i64) -> Result<u64> {
        Ok(self.connection.execute("delete from entity_map where expires_at <= ?1", [now])? as u64)
    }
}
