//! The @contexts that the broker serves itself (5.13).

use ngsild::DateTime;

use crate::error::{Result, StoreError};
use crate::store::{Store, TenantId};

/// How a stored @context came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContextKind {
    /// A client added it.
    Hosted,
    /// The broker made it, because an answer had to link to what a client sent in a body.
    ImplicitlyCreated,
}

impl ContextKind {
    /// The standard's name, which is also the stored one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hosted => "Hosted",
            Self::ImplicitlyCreated => "ImplicitlyCreated",
        }
    }

    pub(crate) fn from_stored(id: &str, name: &str) -> Result<Self> {
        match name {
            "Hosted" => Ok(Self::Hosted),
            "ImplicitlyCreated" => Ok(Self::ImplicitlyCreated),
            other => Err(StoreError::Corrupt { id: id.to_owned(), detail: format!("no kind of @context: {other}") }),
        }
    }
}

/// What is known of a stored @context, besides its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextEntry {
    /// Its id within its tenant.
    pub id: String,
    /// How it came to be.
    pub kind: ContextKind,
    /// When it was stored.
    pub created_at: DateTime,
    /// How often it was used, as far as processes have told.
    pub hits: u64,
    /// When it was last used, as far as processes have told.
    pub used_at: Option<DateTime>,
}

/// An @context to store.
#[derive(Debug, Clone)]
pub struct NewContext {
    /// Its id within its tenant.
    pub id: String,
    /// How it came to be.
    pub kind: ContextKind,
    /// The value of the `@context` member, as JSON text.
    pub body: String,
    /// How many of this kind the tenant may have, this one included.
    pub limit: usize,
}

/// That an @context was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextUse {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which one.
    pub id: String,
    /// How often since this was last told.
    pub hits: u64,
    /// When last.
    pub used_at: DateTime,
}

impl Store {
    /// Stores an @context. Whether it is there now: a hosted one is not stored when the tenant has as many as it may
    /// have; an implicitly created one takes the place of the one that was not used for the longest time. Storing the
    /// same id again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn add_context(&self, tenant: TenantId, new: NewContext, now: DateTime) -> Result<bool> {
        self.inner.engine.add_context(tenant.0, new, now.micros()).await
    }

    /// An @context with its content: the value of the `@context` member, as JSON text.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn context(&self, tenant: TenantId, id: &str) -> Result<Option<(ContextEntry, String)>> {
        self.inner.engine.context(tenant.0, id).await
    }

    /// Whether an @context is stored: [`Store::context`] without its content.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn has_context(&self, tenant: TenantId, id: &str) -> Result<bool> {
        self.inner.engine.has_context(tenant.0, id).await
    }

    /// The @contexts of a tenant, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn contexts(&self, tenant: TenantId) -> Result<Vec<ContextEntry>> {
        self.inner.engine.contexts(tenant.0).await
    }

    /// Removes an @context. Whether there was one.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn delete_context(&self, tenant: TenantId, id: &str) -> Result<bool> {
        self.inner.engine.delete_context(tenant.0, id).await
    }

    /// Adds to the counters of @contexts, all in one commit. Those that are gone are passed over.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails: then none was counted.
    pub async fn note_context_uses(&self, mut uses: Vec<ContextUse>) -> Result<()> {
        if uses.is_empty() {
            return Ok(());
        }
        // In one order everywhere, so that processes do not wait for each other in a circle.
        uses.sort_by(|a, b| (a.tenant.0, &a.id).cmp(&(b.tenant.0, &b.id)));
        self.inner.engine.note_context_uses(uses).await
    }
}

/// A stored row without the content.
pub(crate) struct EntryRow {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) created_at: i64,
    pub(crate) hits: i64,
    pub(crate) used_at: Option<i64>,
}

impl EntryRow {
    pub(crate) fn parse(self) -> Result<ContextEntry> {
        Ok(ContextEntry {
            kind: ContextKind::from_stored(&self.id, &self.kind)?,
            id: self.id,
            created_at: DateTime::from_micros(self.created_at),
            hits: self.hits.unsigned_abs(),
            used_at: self.used_at.map(DateTime::from_micros),
        })
    }
}
