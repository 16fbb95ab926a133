//! What both databases do for addresses that files are fetched from.

use crate::engine::Engine;
use crate::error::Result;
use crate::sources::{Delivery, SourceKey, SourceRow};

impl Engine {
    pub(crate) async fn source(&self, tenant: i64, key: &SourceKey) -> Result<Option<SourceRow>> {
        match self {
            Self::Sqlite { database, .. } => database.source(tenant, key.clone()).await,
            Self::PostGis { database, .. } => database.source(tenant, key).await,
        }
    }

    pub(crate) async fn sources(&self, tenant: i64, limit: i64) -> Result<Vec<SourceRow>> {
        match self {
            Self::Sqlite { database, .. } => database.sources(tenant, limit).await,
            Self::PostGis { database, .. } => database.sources(tenant, limit).await,
        }
    }

    pub(crate) async fn try_source(
        &self,
        tenant: i64,
        key: &SourceKey,
        before: Option<i64>,
        at: i64,
        unfinished: &'static str,
    ) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let key = key.clone();
                writer.run(move |writer| writer.try_source(tenant, &key, before, at, unfinished)).await
            }
            Self::PostGis { database, .. } => database.try_source(tenant, key, before, at, unfinished).await,
        }
    }

    pub(crate) async fn source_failed(&self, tenant: i64, key: &SourceKey, error: String) -> Result<()> {
        match self {
            Self::Sqlite { writer, .. } => {
                let key = key.clone();
                writer.run(move |writer| writer.source_failed(tenant, &key, &error)).await
            }
            Self::PostGis { database, .. } => database.source_failed(tenant, key, &error).await,
        }
    }

    pub(crate) async fn source_succeeded(
        &self,
        tenant: i64,
        key: &SourceKey,
        at: i64,
        delivery: &Delivery,
    ) -> Result<()> {
        match self {
            Self::Sqlite { writer, .. } => {
                let (key, delivery) = (key.clone(), delivery.clone());
                writer.run(move |writer| writer.source_succeeded(tenant, &key, at, &delivery)).await
            }
            Self::PostGis { database, .. } => database.source_succeeded(tenant, key, at, delivery).await,
        }
    }
}
