//! What both databases do for entity maps.

use hiroba_vocab::EntityId;

use crate::engine::Engine;
use crate::error::Result;
use crate::maps::MapRow;

impl Engine {
    pub(crate) async fn add_entity_map(&self, map: MapRow, limit: i64, now: i64) -> Result<()> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.add_entity_map(&map, limit, now)).await,
            Self::PostGis { database, .. } => database.add_entity_map(&map, limit, now).await,
        }
    }

    pub(crate) async fn entity_map(&self, tenant: i64, id: &str, now: i64) -> Result<Option<MapRow>> {
        match self {
            Self::Sqlite { database, .. } => database.entity_map(tenant, id.to_owned(), now).await,
            Self::PostGis { database, .. } => database.entity_map(tenant, id, now).await,
        }
    }

    pub(crate) async fn set_entity_map_expiry(&self, tenant: i64, id: &str, expires_at: i64, now: i64) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let id = id.to_owned();
                writer.run(move |writer| writer.set_entity_map_expiry(tenant, &id, expires_at, now)).await
            }
            Self::PostGis { database, .. } => database.set_entity_map_expiry(tenant, id, expires_at, now).await,
        }
    }

    pub(crate) async fn shrink_entity_map(&self, tenant: i64, id: &str, gone: Vec<EntityId>) -> Result<()> {
        match self {
            Self::Sqlite { writer, .. } => {
                let id = id.to_owned();
                writer.run(move |writer| writer.shrink_entity_map(tenant, &id, &gone)).await
            }
            Self::PostGis { database, .. } => database.shrink_entity_map(tenant, id, &gone).await,
        }
    }

    pub(crate) async fn delete_entity_map(&self, tenant: i64, id: &str, now: i64) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let id = id.to_owned();
                writer.run(move |writer| writer.delete_entity_map(tenant, &id, now)).await
            }
            Self::PostGis { database, .. } => database.delete_entity_map(tenant, id, now).await,
        }
    }

    pub(crate) async fn remove_expired_entity_maps(&self, now: i64) -> Result<u64> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.remove_expired_entity_maps(now)).await,
            Self::PostGis { database, .. } => database.remove_expired_entity_maps(now).await,
        }
    }
}
