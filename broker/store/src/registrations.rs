//! Context source registrations (5.2.9) and the subscriptions to them: the registry of a tenant.
//!
//! A registry has a revision that every change moves. Whoever changes it says which revision the change was worked out
//! from, and is refused when that is not the present one. So the notifications that a change makes, which are noted in the
//! same commit, are for exactly the subscriptions that there are.

use ngsild::DateTime;

use crate::datasets::bounded;
use crate::error::Result;
use crate::store::{Store, TenantId};
use crate::subscriptions::{NewNotification, NewSubscription};

/// A registration to be stored.
#[derive(Debug, Clone)]
pub struct NewRegistration {
    /// Its id within its tenant.
    pub id: String,
    /// What it says; the store does not look into it.
    pub document: String,
    /// When it ends (`expiresAt`); `None` for never. Whoever reads it must look; see [`Store::expired_registrations`].
    pub expires_at: Option<DateTime>,
}

/// A registration as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationEntry {
    /// Its id within its tenant.
    pub id: String,
    /// What it says.
    pub document: String,
    /// When it ends.
    pub expires_at: Option<DateTime>,
}

/// The registrations of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// Moves with every change of the registrations, and of the subscriptions to them.
    pub revision: i64,
    /// All of them, in the order in which they were created.
    pub registrations: Vec<RegistrationEntry>,
}

/// A change of a registry.
#[derive(Debug, Clone)]
pub enum RegistryChange {
    /// A registration is new, or says something else.
    Register(NewRegistration),
    /// The registration with this id is removed.
    Deregister(String),
    /// A subscription to registrations is new.
    Subscribe(NewSubscription),
    /// A subscription to registrations says something else. Its counters, and what waits, stay.
    Resubscribe(NewSubscription),
    /// The subscription to registrations with this id is removed, with everything that waits for its receiver.
    Unsubscribe(String),
}

/// What became of a [`RegistryChange`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistryChanged {
    /// It is made.
    Done,
    /// Nothing has changed, as the registry has another revision: work it out again.
    Stale,
    /// Nothing has changed, as the id is that of another subscription, perhaps one to entities.
    Exists,
}

/// A row of the table, in the order of [`COLUMNS`].
#[derive(Debug)]
pub(crate) struct RegistrationRow {
    pub(crate) id: String,
    pub(crate) document: String,
    pub(crate) expires_at: Option<i64>,
}

impl From<RegistrationRow> for RegistrationEntry {
    fn from(row: RegistrationRow) -> Self {
        Self { id: row.id, document: row.document, expires_at: row.expires_at.map(DateTime::from_micros) }
    }
}

/// Statements that are the same in both databases, as in [`crate::datasets::sql`].
pub(crate) mod sql {
    pub(crate) const REVISION: &str = "select revision from registry where tenant = ?1";

    pub(crate) const ALL: &str =
        "select id, document, expires_at from registration where tenant = ?1 order by number, id";

    pub(crate) const ONE: &str = "select id, document, expires_at from registration where tenant = ?1 and id = ?2";

    pub(crate) const EXPIRED: &str = "select cast(tenant as bigint), id from registration where expires_at <= ?1 \
                                      order by expires_at limit ?2";

    /// No row changes when the revision is not ?2.
    pub(crate) const MOVE: &str = "insert into registry (tenant, revision) values (?1, cast(?2 as bigint) + 1) \
         on conflict (tenant) do update set revision = excluded.revision \
         where registry.revision = cast(?2 as bigint)";

    pub(crate) const PUT: &str = "insert into registration (tenant, id, number, expires_at, document) \
         values (?1, ?2, ?3, ?4, ?5) on conflict (tenant, id) do update set expires_at = excluded.expires_at, \
         document = excluded.document";

    pub(crate) const REMOVE: &str = "delete from registration where tenant = ?1 and id = ?2";
}

impl Store {
    /// The registrations of a tenant, expired ones included, with the revision that they are at least of: a change that is
    /// worked out from these is refused when they were of a later one.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn registry(&self, tenant: TenantId) -> Result<Registry> {
        let revision = self.inner.engine.registry_revision(tenant.0).await?;
        let rows = self.inner.engine.registrations(tenant.0).await?;
        Ok(Registry { revision, registrations: rows.into_iter().map(Into::into).collect() })
    }

    /// The revision of a registry, without what is in it.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn registry_revision(&self, tenant: TenantId) -> Result<i64> {
        self.inner.engine.registry_revision(tenant.0).await
    }

    /// A registration, whether or not it has expired.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn registration(&self, tenant: TenantId, id: &str) -> Result<Option<RegistrationEntry>> {
        Ok(self.inner.engine.registration(tenant.0, id).await?.map(Into::into))
    }

    /// Registrations of all tenants that have expired, the oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn expired_registrations(&self, now: DateTime, limit: usize) -> Result<Vec<(TenantId, String)>> {
        let rows = self.inner.engine.expired_registrations(now.micros(), bounded(limit)).await?;
        Ok(rows.into_iter().map(|(tenant, id)| (TenantId(tenant), id)).collect())
    }

    /// Changes a registry of the revision `seen`, and notes the notifications that this makes, in one commit. Those for
    /// subscriptions that are gone are passed over. Where more wait for a receiver than
    /// [may](crate::Options::max_waiting), the oldest are given up.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn change_registry(
        &self,
        tenant: TenantId,
        seen: i64,
        change: RegistryChange,
        notifications: Vec<NewNotification>,
    ) -> Result<RegistryChanged> {
        let told = bounded(self.inner.options.told_deletions);
        let limits = Limits { told, max: self.max_waiting() };
        match self.inner.engine.change_registry(tenant.0, seen, change, &notifications, limits).await? {
            Applied::Done(overfull) => {
                self.make_room(overfull, &notifications).await?;
                Ok(RegistryChanged::Done)
            }
            Applied::Stale => Ok(RegistryChanged::Stale),
            Applied::Exists => Ok(RegistryChanged::Exists),
        }
    }
}

/// How many deletions of subscriptions are told, and how many notifications may wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) told: i64,
    pub(crate) max: i64,
}

/// What a database made of a change.
#[derive(Debug)]
pub(crate) enum Applied {
    /// It is made, and for these receivers too much waits now.
    Done(Vec<crate::subscriptions::Overfull>),
    Stale,
    Exists,
}
