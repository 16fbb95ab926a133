//! What both databases do for registries.

use crate::engine::Engine;
use crate::error::Result;
use crate::registrations::{Applied, Limits, RegistrationRow, RegistryChange};
use crate::subscriptions::NewNotification;

impl Engine {
    /// 0 before the first change.
    pub(crate) async fn registry_revision(&self, tenant: i64) -> Result<i64> {
        match self {
            Self::Sqlite { database, .. } => database.registry_revision(tenant).await,
            Self::PostGis { database, .. } => database.registry_revision(tenant).await,
        }
    }

    pub(crate) async fn registrations(&self, tenant: i64) -> Result<Vec<RegistrationRow>> {
        match self {
            Self::Sqlite { database, .. } => database.registrations(tenant).await,
            Self::PostGis { database, .. } => database.registrations(tenant).await,
        }
    }

    pub(crate) async fn registration(&self, tenant: i64, id: &str) -> Result<Option<RegistrationRow>> {
        match self {
            Self::Sqlite { database, .. } => database.registration(tenant, id.to_owned()).await,
            Self::PostGis { database, .. } => database.registration(tenant, id).await,
        }
    }

    pub(crate) async fn expired_registrations(&self, now: i64, limit: i64) -> Result<Vec<(i64, String)>> {
        match self {
            Self::Sqlite { database, .. } => database.expired_registrations(now, limit).await,
            Self::PostGis { database, .. } => database.expired_registrations(now, limit).await,
        }
    }

    pub(crate) async fn change_registry(
        &self,
        tenant: i64,
        seen: i64,
        change: RegistryChange,
        notifications: &[NewNotification],
        limits: Limits,
    ) -> Result<Applied> {
        match self {
            Self::Sqlite { writer, .. } => {
                let notifications = notifications.to_vec();
                writer.run(move |writer| writer.change_registry(tenant, seen, &change, &notifications, limits)).await
            }
            Self::PostGis { database, .. } => {
                database.change_registry(tenant, seen, &change, notifications, limits).await
            }
        }
    }
}
