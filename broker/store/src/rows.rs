//! What both databases exchange with the store: rows to write and rows that were read.

use std::sync::Arc;

use geo::Geometry;
use hiroba_vocab::EntityId;
use ngsild::Entity;
use ngsild::change::Change;

use crate::error::{Result, StoreError};
use crate::history::HistoryColumns;
use crate::index::{ValueKey, ValueKind};
use crate::model::{Position, Stored, Version};

/// One change, ready for the database: every name is a number, every text is final.
#[derive(Debug, Clone)]
pub(crate) struct RowWrite {
    pub(crate) tenant: i64,
    pub(crate) id: EntityId,
    /// The version that must be there; `None` when there must be no row.
    pub(crate) expected: Option<Version>,
    /// The new row; `None` to delete it, or, where none is expected, to log alone.
    pub(crate) row: Option<NewRow>,
    /// Index rows, where they change.
    pub(crate) reindex: Option<NumberedRows>,
    pub(crate) at: i64,
    pub(crate) operation: &'static str,
    pub(crate) change: String,
    pub(crate) history: HistoryColumns,
}

/// The new row of an entity.
#[derive(Debug, Clone)]
pub(crate) struct NewRow {
    pub(crate) types: i64,
    pub(crate) shape: i64,
    pub(crate) expires_at: Option<i64>,
    pub(crate) payload: String,
}

/// Index rows with numbers for names.
#[derive(Debug, Clone, Default)]
pub(crate) struct NumberedRows {
    pub(crate) scopes: Vec<String>,
    pub(crate) geometries: Vec<(i64, Geometry<f64>)>,
    pub(crate) values: Vec<(i64, ValueKind, ValueKey)>,
}

/// The rows of one value index for one entity at the version seen.
#[derive(Debug, Clone)]
pub(crate) struct Backfill {
    pub(crate) tenant: i64,
    pub(crate) id: EntityId,
    pub(crate) seq: i64,
    pub(crate) seen: i64,
    pub(crate) values: Vec<(ValueKind, ValueKey)>,
}

/// A group of writes was refused as a whole.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The set of value indexes has changed: learn it and work the rows out again.
    StaleDefinitions,
    /// The database failed.
    Failed(StoreError),
}

impl<E: Into<StoreError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// A row as it was read.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) version: i64,
    pub(crate) payload: String,
}

impl Row {
    /// The entity that the row holds.
    pub(crate) fn parse(&self) -> Result<Stored> {
        let entity: Entity = serde_json::from_str(&self.payload)
            .map_err(|e| StoreError::Corrupt { id: format!("entity number {}", self.seq), detail: e.to_string() })?;
        Ok(Stored { entity: Arc::new(entity), version: Version(self.version), seq: self.seq })
    }
}

/// A change as it was read.
#[derive(Debug)]
pub(crate) struct ChangeRow {
    pub(crate) transaction: i64,
    pub(crate) number: i64,
    pub(crate) tenant: String,
    pub(crate) entity: String,
    pub(crate) at: i64,
    pub(crate) version: i64,
    pub(crate) change: String,
    /// Whether it happened inside a snapshot, and is nothing to whoever asked: `change` is empty then.
    pub(crate) hidden: bool,
}

fn parse_change(entity: &str, change: &str) -> Result<Change> {
    serde_json::from_str(change)
        .map_err(|e| StoreError::Corrupt { id: format!("a change of {entity}"), detail: e.to_string() })
}

/// What a process has to know of a record of the log so that it forgets what is no longer true.
#[derive(Debug)]
pub(crate) struct TouchedRow {
    pub(crate) position: Position,
    pub(crate) tenant: i64,
    pub(crate) entity: String,
    pub(crate) version: i64,
    /// What was done, as JSON text, where it may tell of something that expires.
    pub(crate) expiring: Option<String>,
}

impl TouchedRow {
    /// What was done, where it may tell of something that expires.
    pub(crate) fn expiring(&self) -> Result<Option<Change>> {
        self.expiring.as_deref().map(|change| parse_change(&self.entity, change)).transpose()
    }
}

impl ChangeRow {
    pub(crate) fn position(&self) -> Position {
        Position { transaction: self.transaction.unsigned_abs(), number: self.number.unsigned_abs() }
    }

    pub(crate) fn parse(self) -> Result<crate::model::ChangeRecord> {
        let change = parse_change(&self.entity, &self.change)?;
        Ok(crate::model::ChangeRecord {
            position: self.position(),
            tenant: hiroba_vocab::Tenant::from_stored(self.tenant),
            entity: EntityId::from_stored(self.entity),
            at: ngsild::DateTime::from_micros(self.at),
            version: Version(self.version),
            change,
        })
    }
}
