//! What both databases do for stored @contexts.

use crate::contexts::{ContextEntry, ContextUse, NewContext};
use crate::engine::Engine;
use crate::error::Result;

impl Engine {
    pub(crate) async fn add_context(&self, tenant: i64, new: NewContext, at: i64) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.add_context(tenant, &new, at)).await,
            Self::PostGis { database, .. } => database.add_context(tenant, &new, at).await,
        }
    }

    pub(crate) async fn context(&self, tenant: i64, id: &str) -> Result<Option<(ContextEntry, String)>> {
        match self {
            Self::Sqlite { database, .. } => database.context(tenant, id.to_owned()).await,
            Self::PostGis { database, .. } => database.context(tenant, id).await,
        }
    }

    pub(crate) async fn has_context(&self, tenant: i64, id: &str) -> Result<bool> {
        match self {
            Self::Sqlite { database, .. } => database.has_context(tenant, id.to_owned()).await,
            Self::PostGis { database, .. } => database.has_context(tenant, id).await,
        }
    }

    pub(crate) async fn contexts(&self, tenant: i64) -> Result<Vec<ContextEntry>> {
        match self {
            Self::Sqlite { database, .. } => database.contexts(tenant).await,
            Self::PostGis { database, .. } => database.contexts(tenant).await,
        }
    }

    pub(crate) async fn delete_context(&self, tenant: i64, id: &str) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let id = id.to_owned();
                writer.run(move |writer| writer.delete_context(tenant, &id)).await
            }
            Self::PostGis { database, .. } => database.delete_context(tenant, id).await,
        }
    }

    pub(crate) async fn note_context_uses(&self, uses: Vec<ContextUse>) -> Result<()> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.note_context_uses(&uses)).await,
            Self::PostGis { database, .. } => database.note_context_uses(&uses).await,
        }
    }
}
