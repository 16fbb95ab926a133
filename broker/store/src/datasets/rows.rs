//! Rows as both databases exchange them with the store.

use hiroba_vocab::EntityId;
use ngsild::DateTime;

use super::{DatasetEntry, DatasetVersion, Difference, Reversal, VersionKind, VersionState, parse_document};
use crate::error::{Result, StoreError};

#[derive(Debug)]
pub(crate) struct VersionRow {
    pub(crate) number: i64,
    pub(crate) kind: String,
    pub(crate) state: String,
    pub(crate) restores: Option<i64>,
    pub(crate) begun_at: i64,
    pub(crate) finished_at: Option<i64>,
    pub(crate) details: String,
}

impl VersionRow {
    pub(crate) fn parse(self, dataset: &str) -> Result<DatasetVersion> {
        let unknown = |what: &str, name: &str| StoreError::Corrupt {
            id: format!("version {} of {dataset}", self.number),
            detail: format!("no {what} of a version: {name}"),
        };
        Ok(DatasetVersion {
            number: self.number,
            kind: VersionKind::from_stored(&self.kind).ok_or_else(|| unknown("kind", &self.kind))?,
            state: VersionState::from_stored(&self.state).ok_or_else(|| unknown("state", &self.state))?,
            restores: self.restores,
            begun_at: DateTime::from_micros(self.begun_at),
            finished_at: self.finished_at.map(DateTime::from_micros),
            details: self.details,
        })
    }
}

#[derive(Debug)]
pub(crate) struct DatasetRow {
    pub(crate) dataset: String,
    pub(crate) members: i64,
    pub(crate) latest: VersionRow,
}

impl DatasetRow {
    pub(crate) fn parse(self) -> Result<DatasetEntry> {
        let latest = self.latest.parse(&self.dataset)?;
        Ok(DatasetEntry { dataset: EntityId::from_stored(self.dataset), members: self.members.unsigned_abs(), latest })
    }
}

#[derive(Debug)]
pub(crate) struct DifferenceRow {
    pub(crate) entity: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

impl DifferenceRow {
    pub(crate) fn parse(self) -> Result<Difference> {
        Ok(Difference {
            before: parse_document(&self.entity, self.before)?,
            after: parse_document(&self.entity, self.after)?,
            entity: EntityId::from_stored(self.entity),
        })
    }
}

#[derive(Debug)]
pub(crate) struct ReversalRow {
    pub(crate) entity: String,
    pub(crate) before: Option<String>,
    pub(crate) member_before: bool,
    pub(crate) after: Option<String>,
    pub(crate) member_after: bool,
}

impl ReversalRow {
    pub(crate) fn parse(self) -> Result<Reversal> {
        Ok(Reversal {
            before: parse_document(&self.entity, self.before)?,
            member_before: self.member_before,
            after: parse_document(&self.entity, self.after)?,
            member_after: self.member_after,
            entity: EntityId::from_stored(self.entity),
        })
    }
}

/// A change that is to be noted before it is made.
#[derive(Debug, Clone)]
pub(crate) struct ChangeRow {
    pub(crate) entity: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
    pub(crate) member: bool,
    /// Whether an entity is to be written.
    pub(crate) writes: bool,
    /// Whether it is noted although nothing is to be written and the entity neither joins nor leaves.
    pub(crate) always: bool,
}

impl ChangeRow {
    /// Whether it brings an entity that is new into the data set.
    pub(crate) fn is_new(&self) -> bool {
        self.writes && self.member && self.before.is_none()
    }
}

/// A change of which nobody knows whether it was made.
#[derive(Debug)]
pub(crate) struct PendingRow {
    pub(crate) entity: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
    /// Whether the version had written the entity before.
    pub(crate) again: bool,
}

/// What became of such a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It was made.
    Done,
    /// It was not made, and the version did nothing else to the entity.
    NotDone,
    /// It was not made, but an earlier one of the same version was, with this document.
    Earlier(Option<String>),
}
