//! What goes into the store and comes out of it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use hiroba_vocab::{EntityId, Tenant};
use ngsild::change::Change;
use ngsild::{DateTime, Entity};

/// The number of the change that made an entity what it is. Two states never share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub i64);

/// An entity as it is stored, with the version to name when changing it.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The entity.
    pub entity: Arc<Entity>,
    /// Its version.
    pub version: Version,
    /// Its place in the order of creation.
    pub seq: i64,
}

impl AsRef<Entity> for Stored {
    fn as_ref(&self) -> &Entity {
        &self.entity
    }
}

/// One change to be made: from the state that the caller saw to a new one.
#[derive(Debug, Clone)]
pub struct Write {
    /// The state that the caller saw; `None` when there was no such entity.
    pub before: Option<Stored>,
    /// The new state; `None` to delete.
    pub after: Option<Arc<Entity>>,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is committed.
    Done {
        /// The new version; for a deletion, that of the deletion.
        version: Version,
        /// The entity's place in the order of creation.
        seq: i64,
    },
    /// Somebody else changed, created or deleted the entity meanwhile: load it again and decide anew.
    Conflict,
}

/// A place in the change log. Later commits have greater positions, whatever the order in which they began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The number of the transaction; 0 where there is one writer at a time.
    pub transaction: u64,
    /// The number within the log or the transaction.
    pub number: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.transaction, self.number)
    }
}

/// Text that is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a position is two numbers, such as 0-1234")]
pub struct PositionError;

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, PositionError> {
        let (transaction, number) = text.split_once('-').ok_or(PositionError)?;
        let read = |text: &str| -> Result<u64, PositionError> {
            let number = text.parse().map_err(|_| PositionError)?;
            // Databases hold signed numbers.
            if number <= i64::MAX as u64 { Ok(number) } else { Err(PositionError) }
        };
        Ok(Self { transaction: read(transaction)?, number: read(number)? })
    }
}

/// One committed change, as it stands in the log.
#[derive(Debug, Clone)]
pub struct ChangeRecord {
    /// Where it stands.
    pub position: Position,
    /// Whose entity it was.
    pub tenant: Tenant,
    /// Which entity.
    pub entity: EntityId,
    /// When it was made.
    pub at: DateTime,
    /// The version that it made.
    pub version: Version,
    /// What it did.
    pub change: Change,
}

/// Which part of a result to return.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Page {
    /// Only entities created after the one with this sequence number (see [`Answer::last`]): going on this way costs
    /// the same however far one is.
    pub after: i64,
    /// How many entities to skip.
    pub offset: usize,
    /// How many entities to return at most.
    pub limit: usize,
    /// Whether to count all that match.
    pub count: bool,
}

/// Part of a result, in the order of creation.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The entities of the page.
    pub entities: Vec<Stored>,
    /// How many match in all, if that was asked.
    pub total: Option<u64>,
    /// Whether more follow.
    pub more: bool,
    /// The sequence number of the last entity returned; 0 when there is none.
    pub last: i64,
    /// How much work it was.
    pub work: Work,
}

impl Answer {
    pub(crate) fn of(entities: Vec<Stored>, total: Option<u64>, more: bool, work: Work) -> Self {
        let last = entities.last().map_or(0, |stored| stored.seq);
        Self { entities, total, more, last, work }
    }
}

/// What a query cost, for logs, tests and the choice of indexes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Entities read from the database.
    pub candidates: usize,
    /// Whether the database alone decided.
    pub exact: bool,
    /// Whether an index other than the order of creation led to the candidates.
    pub driven: bool,
    /// Linked entities looked for.
    pub linked: usize,
    /// In how many batches they were.
    pub link_batches: usize,
}

/// How many entities of a tenant have the same types and attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeCount {
    /// The types and attributes.
    pub shape: crate::index::Shape,
    /// How many entities.
    pub entities: u64,
}

/// A value index, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueIndex {
    /// Its number.
    pub id: i64,
    /// What it indexes.
    pub path: ngsild::query::filter::IndexPath,
    /// Who asked for it: `declared` or `observed`.
    pub origin: String,
    /// Whether it is complete and in use.
    pub ready: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_as_they_are_written_and_grow_with_commits() {
        let (early, late) = (Position { transaction: 7, number: 900 }, Position { transaction: 8, number: 3 });
        assert!(early < late);
        assert_eq!(late.to_string().parse(), Ok(late));
        for text in ["", "1", "-1-1", "1-", "a-b", "1-99999999999999999999", "1-18446744073709551615"] {
            assert_eq!(text.parse::<Position>(), Err(PositionError), "{text}");
        }
    }
}
