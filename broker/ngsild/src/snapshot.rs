//! Snapshots (5.2.41, 5.2.42, 5.3.4): what clients ask for, what becomes of it, and how it is told.

mod fragment;
mod select;

use hiroba_vocab::Iri;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::duration::Duration;
use crate::time::DateTime;

pub use fragment::{Member, SnapshotFragment, Use};
pub use select::SnapshotFilter;

pub use crate::receiver::KeyValue;

/// The priority of a snapshot that asks for none; 1 is dropped first, 10 last.
pub const DEFAULT_PRIORITY: u8 = 5;

/// How far a snapshot is (5.2.41).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SnapshotStatus {
    /// Its queries run.
    Preparing,
    /// All of them ran, and all have results.
    Success,
    /// At least one has results.
    Partial,
    /// At least one ran, and none has results.
    Empty,
    /// None ran.
    Failure,
}

impl SnapshotStatus {
    /// The status that follows from the results of all queries.
    pub fn of<'r>(results: impl IntoIterator<Item = &'r ExecutionResult>) -> Self {
        let (mut success, mut empty, mut failure) = (false, false, false);
        for result in results {
            match result.result_status {
                ResultStatus::Success => success = true,
                ResultStatus::Empty => empty = true,
                ResultStatus::Failure => failure = true,
            }
        }
        match (success, empty, failure) {
            (true, false, false) => Self::Success,
            (true, ..) => Self::Partial,
            (false, true, _) => Self::Empty,
            (false, false, _) => Self::Failure,
        }
    }
}

/// What became of one query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResultStatus {
    /// It ran and has results.
    Success,
    /// It did not run to its end.
    Failure,
    /// It ran and has no results.
    Empty,
}

/// ExecutionResultDetails (5.2.42).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionResult {
    /// What became of the query.
    pub result_status: ResultStatus,
    /// Why it failed, as ProblemDetails (5.5.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem_details: Option<Value>,
}

impl ExecutionResult {
    /// A query that ran, and brought something or nothing.
    pub fn ran(found: bool) -> Self {
        let result_status = if found { ResultStatus::Success } else { ResultStatus::Empty };
        Self { result_status, problem_details: None }
    }

    /// A query that failed, and why.
    pub fn failed(problem: Value) -> Self {
        Self { result_status: ResultStatus::Failure, problem_details: Some(problem) }
    }
}

/// What became of all queries, each list in the order of the queries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotOutcome {
    /// `snapshotStatus`
    pub status: SnapshotStatus,
    /// `snapshotQueriesDetails`
    #[serde(default)]
    pub queries: Vec<ExecutionResult>,
    /// `snapshotTemporalQueriesDetails`
    #[serde(default)]
    pub temporal_queries: Vec<ExecutionResult>,
}

impl SnapshotOutcome {
    /// Before any query has run.
    pub fn preparing() -> Self {
        Self { status: SnapshotStatus::Preparing, queries: Vec::new(), temporal_queries: Vec::new() }
    }

    /// After all have run.
    pub fn of(queries: Vec<ExecutionResult>, temporal_queries: Vec<ExecutionResult>) -> Self {
        let status = SnapshotStatus::of(queries.iter().chain(&temporal_queries));
        Self { status, queries, temporal_queries }
    }
}

/// What clients may change of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotSettings {
    /// `snapshotLifetime`, a wish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Duration>,
    /// `snapshotPriority`, from 1 to 10.
    pub priority: u8,
    /// `endpoint`: who is told of its status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// `receiverInfo`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receiver_info: Vec<KeyValue>,
}

/// A snapshot (5.2.41).
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Its id.
    pub id: Iri,
    /// `snapshotQueries`, as the client wrote them.
    pub queries: Vec<Value>,
    /// `snapshotTemporalQueries`, as the client wrote them.
    pub temporal_queries: Vec<Value>,
    /// What clients may change.
    pub settings: SnapshotSettings,
    /// What became of the queries.
    pub outcome: SnapshotOutcome,
    /// When it was asked for.
    pub created_at: DateTime,
    /// When its status or its settings last changed.
    pub modified_at: DateTime,
    /// When it is removed.
    pub expires_at: DateTime,
    /// When an operation last worked on it.
    pub last_used_at: Option<DateTime>,
}

impl Snapshot {
    /// The snapshot as clients see it; members that have nothing to tell are left out.
    pub fn to_json(&self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| {
            let nothing = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            if !nothing {
                members.insert(name.to_owned(), value);
            }
        };
        let Self { settings, outcome, .. } = self;
        put("id", json!(self.id));
        put("type", json!("Snapshot"));
        put("snapshotStatus", json!(outcome.status));
        put("snapshotQueries", json!(self.queries));
        put("snapshotTemporalQueries", json!(self.temporal_queries));
        put("snapshotQueriesDetails", json!(outcome.queries));
        put("snapshotTemporalQueriesDetails", json!(outcome.temporal_queries));
        put("snapshotLifetime", json!(settings.lifetime));
        put("snapshotPriority", json!(settings.priority));
        put("endpoint", json!(settings.endpoint));
        put("receiverInfo", json!(settings.receiver_info));
        put("createdAt", json!(self.created_at));
        put("modifiedAt", json!(self.modified_at));
        put("expiresAt", json!(self.expires_at));
        put("lastUsedAt", json!(self.last_used_at));
        members
    }

    /// The SnapshotNotification (5.3.4) that tells of the snapshot as it is. One whose `expiresAt` is before `now` tells
    /// that it is deleted.
    pub fn notification(&self, id: &str, now: DateTime) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("id".to_owned(), json!(id));
        members.insert("type".to_owned(), json!("SnapshotNotification"));
        members.insert("notifiedAt".to_owned(), json!(now));
        members.insert("snapshotId".to_owned(), json!(self.id));
        members.insert("snapshotStatus".to_owned(), json!(self.outcome.status));
        members.insert("snapshotPriority".to_owned(), json!(self.settings.priority));
        members.insert("expiresAt".to_owned(), json!(self.expires_at));
        let details = [
            ("snapshotQueriesDetails", &self.outcome.queries),
            // The standard's name, which is not that of the Snapshot's member.
            ("temporalSnapshotQueriesDetails", &self.outcome.temporal_queries),
        ];
        for (name, results) in details {
            if !results.is_empty() {
                members.insert(name.to_owned(), json!(results));
            }
        }
        members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_follows_from_the_results() {
        use ResultStatus::{Empty as E, Failure as F, Success as S};
        for (results, status) in [
            (&[S, S][..], SnapshotStatus::Success),
            (&[S, E], SnapshotStatus::Partial),
            (&[F, S], SnapshotStatus::Partial),
            (&[E, E], SnapshotStatus::Empty),
            (&[F, E], SnapshotStatus::Empty),
            (&[F], SnapshotStatus::Failure),
        ] {
            let results: Vec<_> =
                results.iter().map(|s| ExecutionResult { result_status: *s, problem_details: None }).collect();
            assert_eq!(SnapshotStatus::of(&results), status, "{results:?}");
        }
    }
}
