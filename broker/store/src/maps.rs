//! Entity maps (4.5.25): which entities a sequence of requests is about.

use std::collections::HashSet;

use hiroba_vocab::EntityId;
use ngsild::DateTime;

use crate::error::{Result, StoreError};
use crate::store::{Store, TenantId};

/// An entity map of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityMap {
    /// Its id, a URI, unique within the tenant.
    pub id: String,
    /// From when on it is no longer there.
    pub expires_at: DateTime,
    /// What its entities were selected by. Says nothing to the store.
    pub query: String,
    /// The entities, in their order.
    pub entities: Vec<EntityId>,
}

impl Store {
    /// Stores a new entity map, and removes maps of all tenants that have expired at `now`. When the tenant has more than
    /// `limit` of them then, this one included, those that would expire first make room.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn add_entity_map(&self, tenant: TenantId, map: &EntityMap, limit: usize, now: DateTime) -> Result<()> {
        let row = MapRow {
            tenant: tenant.0,
            id: map.id.clone(),
            expires_at: map.expires_at.micros(),
            query: map.query.clone(),
            entities: write(&map.entities)?,
        };
        self.inner.engine.add_entity_map(row, i64::try_from(limit).unwrap_or(i64::MAX), now.micros()).await
    }

    /// An entity map that has not expired at `now`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn entity_map(&self, tenant: TenantId, id: &str, now: DateTime) -> Result<Option<EntityMap>> {
        let row = self.inner.engine.entity_map(tenant.0, id, now.micros()).await?;
        row.map(MapRow::parse).transpose()
    }

    /// Changes when an entity map expires. Whether there is one that has not expired at `now`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn set_entity_map_expiry(
        &self,
        tenant: TenantId,
        id: &str,
        expires_at: DateTime,
        now: DateTime,
    ) -> Result<bool> {
        self.inner.engine.set_entity_map_expiry(tenant.0, id, expires_at.micros(), now.micros()).await
    }

    /// Takes entities out of an entity map; the others keep their order. Nothing happens when there is no such map, or
    /// when they are not in it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn shrink_entity_map(&self, tenant: TenantId, id: &str, gone: Vec<EntityId>) -> Result<()> {
        if gone.is_empty() {
            return Ok(());
        }
        self.inner.engine.shrink_entity_map(tenant.0, id, gone).await
    }

    /// Removes an entity map. Whether there was one that had not expired at `now`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn delete_entity_map(&self, tenant: TenantId, id: &str, now: DateTime) -> Result<bool> {
        self.inner.engine.delete_entity_map(tenant.0, id, now.micros()).await
    }

    /// Removes the entity maps of all tenants that have expired at `now`. How many.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn remove_expired_entity_maps(&self, now: DateTime) -> Result<u64> {
        self.inner.engine.remove_expired_entity_maps(now.micros()).await
    }
}

/// A stored row.
pub(crate) struct MapRow {
    pub(crate) tenant: i64,
    pub(crate) id: String,
    pub(crate) expires_at: i64,
    pub(crate) query: String,
    pub(crate) entities: String,
}

impl MapRow {
    fn parse(self) -> Result<EntityMap> {
        let entities = read(&self.id, &self.entities)?;
        let expires_at = DateTime::from_micros(self.expires_at);
        Ok(EntityMap { id: self.id, expires_at, query: self.query, entities })
    }
}

/// The ids in a row, without some.
pub(crate) fn without(map: &str, entities: &str, gone: &[EntityId]) -> Result<String> {
    let gone: HashSet<&EntityId> = gone.iter().collect();
    let mut ids = read(map, entities)?;
    ids.retain(|id| !gone.contains(id));
    write(&ids)
}

fn read(map: &str, entities: &str) -> Result<Vec<EntityId>> {
    let corrupt = |e: serde_json::Error| StoreError::Corrupt { id: map.to_owned(), detail: e.to_string() };
    let ids: Vec<String> = serde_json::from_str(entities).map_err(corrupt)?;
    Ok(ids.into_iter().map(EntityId::from_stored).collect())
}

fn write(ids: &[EntityId]) -> Result<String> {
    serde_json::to_string(ids).map_err(|e| StoreError::Database(e.to_string()))
}
