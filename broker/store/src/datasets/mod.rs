//! Versions of data sets: what each import, undo or removal did to which entities, as documents before and after.
//!
//! Who changes a data set claims it first, and keeps saying so. Each change is noted before it is made and settled after:
//! when a process dies in between, the one that claims the data set next finds out what became of the last few, so that
//! the record and the entities never differ for long. The change log is not needed for any of this: it may be forgotten.

mod claim;
mod rows;
pub(crate) mod sql;

use hiroba_vocab::EntityId;
use ngsild::{DateTime, Entity};

use crate::error::{Result, StoreError};
use crate::store::{Store, TenantId};

pub use claim::{Claim, Claimed, NewVersion, VersionChange};
pub(crate) use rows::{ChangeRow, DatasetRow, DifferenceRow, PendingRow, ReversalRow, Settled, VersionRow};

/// What made a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VersionKind {
    /// A file was imported.
    Import,
    /// An earlier version was brought back.
    Undo,
    /// The data set was removed.
    Removal,
}

/// How far a version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VersionState {
    /// Its entities are being written, or the process that did so has died.
    Publishing,
    /// All is written.
    Published,
    /// It ended before everything was written.
    Failed,
}

impl VersionKind {
    /// The stored name, which is also the one that is shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Undo => "undo",
            Self::Removal => "removal",
        }
    }

    fn from_stored(name: &str) -> Option<Self> {
        [Self::Import, Self::Undo, Self::Removal].into_iter().find(|kind| kind.name() == name)
    }
}

impl VersionState {
    /// The stored name, which is also the one that is shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Publishing => "publishing",
            Self::Published => "published",
            Self::Failed => "failed",
        }
    }

    fn from_stored(name: &str) -> Option<Self> {
        [Self::Publishing, Self::Published, Self::Failed].into_iter().find(|state| state.name() == name)
    }
}

/// A version of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetVersion {
    /// From 1, without gaps.
    pub number: i64,
    /// What made it.
    pub kind: VersionKind,
    /// How far it is.
    pub state: VersionState,
    /// The version whose state an undo brought back; 0 is the state before the first.
    pub restores: Option<i64>,
    /// When it was begun.
    pub begun_at: DateTime,
    /// When it ended.
    pub finished_at: Option<DateTime>,
    /// Where it comes from and what was counted, as JSON text.
    pub details: String,
}

/// A data set with its latest version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetEntry {
    /// The data set's entity.
    pub dataset: EntityId,
    /// How many entities belong to it.
    pub members: u64,
    /// The latest version.
    pub latest: DatasetVersion,
}

/// An entity in two versions of a data set; `None` where it did not belong to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Which entity.
    pub entity: EntityId,
    /// As it was published in the one.
    pub before: Option<Entity>,
    /// As it was published in the other.
    pub after: Option<Entity>,
}

/// What has to be done to an entity so that it is again as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Reversal {
    /// Which entity.
    pub entity: EntityId,
    /// What was there before the versions to be undone; `None` when there was no such entity.
    pub before: Option<Entity>,
    /// Whether it belonged to the data set then.
    pub member_before: bool,
    /// What these versions left behind; `None` when they removed it.
    pub after: Option<Entity>,
    /// Whether they left it in the data set.
    pub member_after: bool,
}

impl Store {
    /// The data sets of a tenant that have versions, in the order of their ids, after the one given.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn datasets(&self, tenant: TenantId, after: &str, limit: usize) -> Result<Vec<DatasetEntry>> {
        let rows = self.inner.engine.datasets(tenant.0, after, bounded(limit)).await?;
        rows.into_iter().map(DatasetRow::parse).collect()
    }

    /// The versions of a data set below a number, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn dataset_versions(
        &self,
        tenant: TenantId,
        dataset: &EntityId,
        below: i64,
        limit: usize,
    ) -> Result<Vec<DatasetVersion>> {
        let rows = self.inner.engine.dataset_versions(tenant.0, dataset.as_str(), below, bounded(limit)).await?;
        rows.into_iter().map(|row| row.parse(dataset.as_str())).collect()
    }

    /// What two versions of a data set publish differently, in the order of the entities' ids, after the one given, of at
    /// most `limit` entities that were touched between them. Entities that say the same in both are among them. Version 0
    /// is empty, so that the differences between 0 and a version are all that it publishes.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn dataset_differences(
        &self,
        tenant: TenantId,
        dataset: &EntityId,
        versions: (i64, i64),
        after: &str,
        limit: usize,
    ) -> Result<Vec<Difference>> {
        let rows = self.inner.engine.dataset_differences(tenant.0, dataset.as_str(), versions, after, bounded(limit));
        rows.await?.into_iter().map(DifferenceRow::parse).collect()
    }

    /// What has to be done to come back from one version to an earlier one, in the order of the entities' ids, after the one
    /// given. The data set's own entity is among them.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn dataset_reversals(
        &self,
        tenant: TenantId,
        dataset: &EntityId,
        (from, back_to): (i64, i64),
        after: &str,
        limit: usize,
    ) -> Result<Vec<Reversal>> {
        let range = (back_to, from);
        let rows =
            self.inner.engine.dataset_reversals(tenant.0, dataset.as_str(), range, after, bounded(limit)).await?;
        rows.into_iter().map(ReversalRow::parse).collect()
    }
}

/// A limit as databases take it.
pub(crate) fn bounded(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The text of an entity as versions keep it.
fn document(entity: &Entity) -> Result<String> {
    serde_json::to_string(entity).map_err(|e| StoreError::Database(e.to_string()))
}

fn parse_document(id: &str, text: Option<String>) -> Result<Option<Entity>> {
    let parse = |text: String| {
        serde_json::from_str(&text)
            .map_err(|e| StoreError::Corrupt { id: format!("a version of {id}"), detail: e.to_string() })
    };
    text.map(parse).transpose()
}
