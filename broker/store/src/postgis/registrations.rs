//! Registries in PostGIS. Whoever changes one holds its row first.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::{PostGis, subscriptions};
use crate::datasets::sql::numbered;
use crate::error::Result;
use crate::registrations::{Applied, Limits, RegistrationRow, RegistryChange, sql};
use crate::subscriptions::NewNotification;
use crate::subscriptions::sql::REGISTRATIONS;

fn registration(row: &Row) -> RegistrationRow {
    RegistrationRow { id: row.get(0), document: row.get(1), expires_at: row.get(2) }
}

impl PostGis {
    pub(crate) async fn registry_revision(&self, tenant: i64) -> Result<i64> {
        Ok(self.select(sql::REVISION, &[&tenant]).await?.first().map_or(0, |row| row.get(0)))
    }

    pub(crate) async fn registrations(&self, tenant: i64) -> Result<Vec<RegistrationRow>> {
        Ok(self.select(sql::ALL, &[&tenant]).await?.iter().map(registration).collect())
    }

    pub(crate) async fn registration(&self, tenant: i64, id: &str) -> Result<Option<RegistrationRow>> {
        Ok(self.select(sql::ONE, &[&tenant, &id]).await?.first().map(registration))
    }

    pub(crate) async fn expired_registrations(&self, now: i64, limit: i64) -> Result<Vec<(i64, String)>> {
        let rows = self.select(sql::EXPIRED, &[&now, &limit]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    pub(crate) async fn change_registry(
        &self,
        tenant: i64,
        seen: i64,
        change: &RegistryChange,
        notifications: &[NewNotification],
        limits: Limits,
    ) -> Result<Applied> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let statement = transaction.prepare_cached(&numbered(sql::MOVE)).await?;
        if transaction.execute(&statement, &[&tenant, &seen]).await? == 0 {
            return Ok(Applied::Stale);
        }
        match change {
            RegistryChange::Register(new) => {
                let expires_at = new.expires_at.map(ngsild::DateTime::micros);
                let number = seen + 1;
                let parameters: [&(dyn ToSql + Sync); 5] = [&tenant, &new.id, &number, &expires_at, &new.document];
                let statement = transaction.prepare_cached(&numbered(sql::PUT)).await?;
                transaction.execute(&statement, &parameters).await?;
            }
            RegistryChange::Deregister(id) => {
                let statement = transaction.prepare_cached(&numbered(sql::REMOVE)).await?;
                transaction.execute(&statement, &[&tenant, id]).await?;
            }
            RegistryChange::Subscribe(new) => {
                let base = self.position_base;
                if !subscriptions::add_in(&transaction, tenant, REGISTRATIONS, new, base).await? {
                    return Ok(Applied::Exists);
                }
            }
            RegistryChange::Resubscribe(new) => {
                subscriptions::update_in(&transaction, tenant, REGISTRATIONS, None, new).await?;
            }
            RegistryChange::Unsubscribe(id) => {
                subscriptions::delete_in(&transaction, tenant, REGISTRATIONS, id, limits.told).await?;
            }
        }
        let overfull = subscriptions::note_in(&transaction, notifications, limits.max).await?;
        transaction.commit().await?;
        Ok(Applied::Done(overfull))
    }
}
