//! The lines of the broker's change feed and of its snapshot.

use hiroba_vocab::Tenant;
use ngsild::DateTime;
use serde::Deserialize;
use serde_json::Value;

use super::feed::FeedError;
use super::position::{Mark, Position};

/// One change: `{"position": "0-7", "at": …, "tenant": "", "id": …, "operation": "updated", …, "entity": {…}}`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Change {
    /// Where it stands in the log.
    pub position: Position,
    /// When it was made.
    pub at: DateTime,
    /// Whose entity it is; empty for the default tenant.
    pub tenant: Tenant,
    /// Which entity.
    pub id: String,
    /// `created`, `updated` or `deleted`.
    pub operation: String,
    /// The entity as it was when the line was written, normalized; `None` when it was gone by then.
    pub entity: Option<Value>,
}

impl Change {
    /// Reads a line.
    ///
    /// # Errors
    /// [`FeedError::Line`] when it is none.
    pub fn read(line: &[u8]) -> Result<Self, FeedError> {
        serde_json::from_slice(line).map_err(|error| FeedError::Line(error.to_string()))
    }

    /// What to recognise it by.
    pub fn mark(&self) -> Mark {
        let (position, at) = (self.position.to_string(), self.at.to_string());
        Mark::of(&[&position, &at, self.tenant.as_str(), &self.id, &self.operation])
    }
}

/// One line of a snapshot, after the first.
#[derive(Debug, Clone, PartialEq)]
pub enum SnapshotLine {
    /// `{"tenant": "", "entity": {…}}`
    Entity {
        /// Whose entity it is; empty for the default tenant.
        tenant: Tenant,
        /// The entity, normalized.
        entity: Value,
    },
    /// `{"end": true, "entities": 12}`: nothing follows.
    End {
        /// How many entities there were.
        entities: u64,
    },
}

impl SnapshotLine {
    /// Reads a line.
    ///
    /// # Errors
    /// [`FeedError::Line`] when it is neither.
    pub fn read(line: &[u8]) -> Result<Self, FeedError> {
        #[derive(Deserialize)]
        struct Line {
            tenant: Option<Tenant>,
            entity: Option<Value>,
            #[serde(default)]
            end: bool,
            entities: Option<u64>,
        }
        let line: Line = serde_json::from_slice(line).map_err(|error| FeedError::Line(error.to_string()))?;
        match line {
            Line { tenant: Some(tenant), entity: Some(entity), .. } => Ok(Self::Entity { tenant, entity }),
            Line { end: true, entities: Some(entities), .. } => Ok(Self::End { entities }),
            _ => Err(FeedError::Line("neither an entity nor the end".to_owned())),
        }
    }
}

/// The first line of a snapshot: `{"position": "0-7"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Start {
    pub(super) position: Position,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_of_a_snapshot_are_entities_and_one_end() {
        let entity = json!({"id": "urn:x:1"});
        let ours = SnapshotLine::Entity { tenant: Tenant::default_tenant(), entity: entity.clone() };
        let theirs = SnapshotLine::Entity { tenant: Tenant::parse("other").unwrap(), entity };
        for (line, read) in [
            (r#"{"tenant":"","entity":{"id":"urn:x:1"}}"#, Some(ours)),
            (r#"{"tenant":"other","entity":{"id":"urn:x:1"}}"#, Some(theirs)),
            (r#"{"end":true,"entities":7}"#, Some(SnapshotLine::End { entities: 7 })),
            (r#"{"end":false,"entities":7}"#, None),
            (r#"{"position":"0-1"}"#, None),
            (r#"{"tenant":"","enti"#, None),
        ] {
            assert_eq!(SnapshotLine::read(line.as_bytes()).ok(), read, "{line}");
        }
    }

    #[test]
    fn a_change_brings_the_entity_or_nothing() {
        let line = r#"{"position":"0-7","at":"2026-04-01T09:30:00.000000Z","tenant":"","id":"urn:x:1",
            "operation":"deleted","types":["T"],"attributes":[],"entity":null}"#;
        let change = Change::read(line.as_bytes()).unwrap();
        assert_eq!((change.position.number, change.entity.clone(), change.tenant.is_default()), (7, None, true));
        let other = Change { at: DateTime::from_micros(0), ..change.clone() };
        assert_ne!(change.mark(), other.mark());
        assert!(Change::read(b"{}").is_err());
    }
}
