//! Addresses that files are fetched from: when they were tried, and what is known of the file that came last.
//!
//! An attempt is noted before it is made, and counts as a failure until it has ended. So a process that dies meanwhile does not
//! try the same address again and again, and of several processes only one does.

use hiroba_vocab::EntityId;
use ngsild::DateTime;

use crate::error::{Result, StoreError};
use crate::store::{Store, TenantId};

/// How many sources are told at most.
const LISTED: i64 = 10_000;

/// A table at an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceKey {
    /// The address.
    pub url: String,
    /// Which table of the file is meant; empty where that was not said.
    pub part: String,
}

/// The file of an address that was imported last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The entity tag that its server gave (RFC 9110, 8.8.3).
    pub etag: Option<String>,
    /// When it was modified, as its server says (RFC 9110, 8.8.2).
    pub last_modified: Option<String>,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// A digest of the settings with which it was read.
    pub settings: String,
    /// What its tables became, in the order of the file.
    pub versions: Vec<Delivered>,
}

/// What a table of a file became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The entity of its data set.
    pub dataset: EntityId,
    /// The version of the data set that it became, or was found to be the same as.
    pub version: i64,
}

impl Delivery {
    /// The versions as the database keeps them.
    pub(crate) fn versions_json(&self) -> Result<String> {
        let versions: Vec<(&str, i64)> = self.versions.iter().map(|one| (one.dataset.as_str(), one.version)).collect();
        serde_json::to_string(&versions).map_err(|e| StoreError::Database(e.to_string()))
    }
}

/// What is known of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceEntry {
    /// Which it is.
    pub key: SourceKey,
    /// When the last attempt was begun.
    pub tried_at: DateTime,
    /// When the last attempt ended that did not fail.
    pub succeeded_at: Option<DateTime>,
    /// How many attempts failed since.
    pub failures: u32,
    /// Why the last one did.
    pub error: Option<String>,
    /// The file that was imported last.
    pub delivery: Option<Delivery>,
}

/// A row of the table, read but not yet understood.
#[derive(Debug)]
pub(crate) struct SourceRow {
    pub(crate) url: String,
    pub(crate) part: String,
    pub(crate) tried_at: i64,
    pub(crate) succeeded_at: Option<i64>,
    pub(crate) failures: i64,
    pub(crate) error: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    pub(crate) sha256: Option<String>,
    pub(crate) settings: Option<String>,
    pub(crate) versions: Option<String>,
}

impl SourceRow {
    fn parse(self) -> Result<SourceEntry> {
        let corrupt = |detail| StoreError::Corrupt { id: format!("the source {}", self.url), detail };
        let delivery = match (self.sha256, self.settings, self.versions) {
            (Some(sha256), Some(settings), Some(versions)) => {
                let kept: Vec<(String, i64)> = serde_json::from_str(&versions).map_err(|e| corrupt(e.to_string()))?;
                let read = |(dataset, version): (String, i64)| {
                    let parsed = EntityId::parse(&dataset).map_err(|e| corrupt(format!("{dataset}: {e}")));
                    parsed.map(|dataset| Delivered { dataset, version })
                };
                let versions = kept.into_iter().map(read).collect::<Result<_>>()?;
                let Self { etag, last_modified, .. } = self;
                Some(Delivery { etag, last_modified, sha256, settings, versions })
            }
            _ => None,
        };
        Ok(SourceEntry {
            key: SourceKey { url: self.url, part: self.part },
            tried_at: DateTime::from_micros(self.tried_at),
            succeeded_at: self.succeeded_at.map(DateTime::from_micros),
            failures: u32::try_from(self.failures).unwrap_or(u32::MAX),
            error: self.error,
            delivery,
        })
    }
}

impl Store {
    /// What is known of an address; `None` when it was never tried.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn source(&self, tenant: TenantId, key: &SourceKey) -> Result<Option<SourceEntry>> {
        self.inner.engine.source(tenant.0, key).await?.map(SourceRow::parse).transpose()
    }

    /// What is known of the addresses of a tenant, in their order, of at most 10,000.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn sources(&self, tenant: TenantId) -> Result<Vec<SourceEntry>> {
        self.inner.engine.sources(tenant.0, LISTED).await?.into_iter().map(SourceRow::parse).collect()
    }

    /// Notes that an attempt begins, unless somebody else has begun one since `before`, the beginning of the last one that
    /// the caller knows of. Whether it was noted. `unfinished` is its error for as long as it has not ended.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn try_source(
        &self,
        tenant: TenantId,
        key: &SourceKey,
        before: Option<DateTime>,
        at: DateTime,
        unfinished: &'static str,
    ) -> Result<bool> {
        self.inner.engine.try_source(tenant.0, key, before.map(DateTime::micros), at.micros(), unfinished).await
    }

    /// Notes that an attempt that was begun has failed.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn source_failed(&self, tenant: TenantId, key: &SourceKey, error: String) -> Result<()> {
        self.inner.engine.source_failed(tenant.0, key, error).await
    }

    /// Notes that the file of an address is imported, whether or not an attempt was noted before.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn source_succeeded(
        &self,
        tenant: TenantId,
        key: &SourceKey,
        at: DateTime,
        delivery: &Delivery,
    ) -> Result<()> {
        self.inner.engine.source_succeeded(tenant.0, key, at.micros(), delivery).await
    }
}
