//! What both databases do for history.

use hiroba_vocab::EntityId;

use crate::engine::Engine;
use crate::error::Result;
use crate::history::{AmendRow, HistoryPlace, HistoryRange, HistoryRow};

impl Engine {
    pub(crate) async fn history(
        &self,
        tenant: i64,
        starts: &[(EntityId, HistoryPlace)],
        range: &HistoryRange,
    ) -> Result<Vec<Vec<HistoryRow>>> {
        let starts: Vec<(String, HistoryPlace)> = starts.iter().map(|(id, place)| (id.to_string(), *place)).collect();
        match self {
            Self::Sqlite { database, .. } => database.history(tenant, starts, *range).await,
            Self::PostGis { database, .. } => database.history(tenant, &starts, range).await,
        }
    }

    pub(crate) async fn marked_history(
        &self,
        tenant: i64,
        id: &EntityId,
        mark: i16,
        limit: i64,
    ) -> Result<Vec<HistoryRow>> {
        match self {
            Self::Sqlite { database, .. } => database.marked_history(tenant, id.to_string(), mark, limit).await,
            Self::PostGis { database, .. } => database.marked_history(tenant, id.as_str(), mark, limit).await,
        }
    }

    pub(crate) async fn history_record(&self, tenant: i64, id: &EntityId, version: i64) -> Result<Option<HistoryRow>> {
        match self {
            Self::Sqlite { database, .. } => database.history_record(tenant, id.to_string(), version).await,
            Self::PostGis { database, .. } => database.history_record(tenant, id.as_str(), version).await,
        }
    }

    pub(crate) async fn former_entities(
        &self,
        tenant: i64,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(String, HistoryRow)>> {
        match self {
            Self::Sqlite { database, .. } => database.former_entities(tenant, after.to_owned(), limit).await,
            Self::PostGis { database, .. } => database.former_entities(tenant, after, limit).await,
        }
    }

    pub(crate) async fn amend_history(&self, tenant: i64, id: &EntityId, rows: Vec<AmendRow>) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let id = id.clone();
                writer.run(move |writer| writer.amend_history(tenant, id.as_str(), &rows)).await
            }
            Self::PostGis { database, .. } => database.amend_history(tenant, id.as_str(), &rows).await,
        }
    }

    pub(crate) async fn forget_history(&self, tenant: i64, id: &EntityId) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let id = id.clone();
                writer.run(move |writer| writer.forget_history(tenant, id.as_str())).await
            }
            Self::PostGis { database, .. } => database.forget_history(tenant, id.as_str()).await,
        }
    }

    pub(crate) async fn drop_history_before(&self, before: i64) -> Result<()> {
        match self {
            Self::Sqlite { writer, .. } => {
                while writer.run(move |writer| writer.drop_history_before(before)).await? {}
                Ok(())
            }
            Self::PostGis { database, .. } => database.drop_history_before(before).await,
        }
    }
}
