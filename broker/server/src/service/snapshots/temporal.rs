//! Temporal queries of snapshots.

use ngsild::snapshot::ExecutionResult;
use ngsild::{Error, ErrorKind};
use serde_json::Value;

use super::Binding;

/// Runs one of `snapshotTemporalQueries`: this version has no temporal API, so each fails with its reason.
pub(super) fn run_temporal_query(binding: &Binding, _query: &Value) -> ExecutionResult {
    let error = Error::new(ErrorKind::OperationNotSupported, "temporal queries are not run yet");
    ExecutionResult::failed((binding.problem_details)(error.into()))
}
