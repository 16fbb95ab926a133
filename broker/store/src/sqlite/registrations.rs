//! Registries in SQLite.

use rusqlite::{OptionalExtension, Row, params};

use super::{Sqlite, Writer, subscriptions};
use crate::error::Result;
use crate::registrations::{Applied, Limits, RegistrationRow, RegistryChange, sql};
use crate::subscriptions::NewNotification;
use crate::subscriptions::sql::REGISTRATIONS;

fn registration(row: &Row<'_>) -> rusqlite::Result<RegistrationRow> {
    Ok(RegistrationRow { id: row.get(0)?, document: row.get(1)?, expires_at: row.get(2)? })
}

impl Sqlite {
    pub(crate) async fn registry_revision(&self, tenant: i64) -> Result<i64> {
        self.read(move |connection| {
            let revision = connection.query_row(sql::REVISION, [tenant], |row| row.get(0)).optional()?;
            Ok(revision.unwrap_or(0))
        })
        .await
    }

    pub(crate) async fn registrations(&self, tenant: i64) -> Result<Vec<RegistrationRow>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(sql::ALL)?;
            Ok(statement.query_map([tenant], registration)?.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn registration(&self, tenant: i64, id: String) -> Result<Option<RegistrationRow>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(sql::ONE)?;
            Ok(statement.query_row(params![tenant, id], registration).optional()?)
        })
        .await
    }

    pub(crate) async fn expired_registrations(&self, now: i64, limit: i64) -> Result<Vec<(i64, String)>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(sql::EXPIRED)?;
            let rows = statement.query_map([now, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

impl Writer {
    pub(crate) fn change_registry(
        &mut self,
        tenant: i64,
        seen: i64,
        change: &RegistryChange,
        notifications: &[NewNotification],
        limits: Limits,
    ) -> Result<Applied> {
        let transaction = self.begin()?;
        if transaction.execute(sql::MOVE, [tenant, seen])? == 0 {
            return Ok(Applied::Stale);
        }
        match change {
            RegistryChange::Register(new) => {
                let expires_at = new.expires_at.map(ngsild::DateTime::micros);
                transaction.execute(sql::PUT, params![tenant, new.id, seen + 1, expires_at, new.document])?;
            }
            RegistryChange::Deregister(id) => drop(transaction.execute(sql::REMOVE, params![tenant, id])?),
            RegistryChange::Subscribe(new) => {
                if !subscriptions::add(&transaction, tenant, REGISTRATIONS, new)? {
                    return Ok(Applied::Exists);
                }
            }
            RegistryChange::Resubscribe(new) => {
                subscriptions::update(&transaction, tenant, REGISTRATIONS, None, new)?;
            }
            RegistryChange::Unsubscribe(id) => {
                subscriptions::delete(&transaction, tenant, REGISTRATIONS, id, limits.told)?;
            }
        }
        let overfull = subscriptions::note(&transaction, notifications, limits.max)?;
        transaction.commit()?;
        Ok(Applied::Done(overfull))
    }
}
