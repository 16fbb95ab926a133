//! The queries of snapshots (5.2.41): each is read as the body of a POST query is.

use ngsild::jsonld::Context;
use ngsild::snapshot::SnapshotFragment;
use ngsild::{Error, ErrorKind};
use serde_json::Value;

use super::super::problem::{HttpError, Result};
use super::accept::Media;
use super::params::Params;
use super::query::from_body;
use super::temporal;
use crate::config::Config;
use crate::service::ServiceError;
use crate::service::snapshots::{SnapshotQuery, TemporalSnapshotQuery};

/// Checks the queries of a new snapshot, so that what is wrong with them is told at once.
///
/// # Errors
/// BadRequestData or InvalidRequest with the query and the member that are wrong.
pub fn check_queries(fragment: &SnapshotFragment, context: &Context, config: &Config) -> Result<()> {
    for (i, query) in fragment.queries.iter().enumerate() {
        read(query, context, config).map_err(|e| e.within(&format!("/snapshotQueries/{i}")))?;
    }
    for (i, query) in fragment.temporal_queries.iter().enumerate() {
        read_temporal(query, context, config).map_err(|e| e.within(&format!("/snapshotTemporalQueries/{i}")))?;
    }
    Ok(())
}

/// A query of a snapshot, ready to run.
///
/// # Errors
/// As for the body of a POST query, and BadRequestData when it is too wide.
pub fn read_query(query: &Value, context: &Context, config: &Config) -> Result<SnapshotQuery, ServiceError> {
    read(query, context, config).map_err(of_service)
}

fn read(query: &Value, context: &Context, config: &Config) -> Result<SnapshotQuery> {
    let (request, representation) = from_body(query, &Params::default(), context, Media::Json, config)?;
    if !request.local {
        request.query.check_not_too_wide()?;
    }
    Ok(SnapshotQuery {
        query: request.query,
        local: request.local,
        projection: representation.projection,
        datasets: representation.datasets,
        join: representation.join,
    })
}

/// A temporal query of a snapshot, ready to run.
///
/// # Errors
/// As for the body of a POST temporal query, and BadRequestData when it is too wide.
pub fn read_temporal_query(
    query: &Value,
    context: &Context,
    config: &Config,
) -> Result<TemporalSnapshotQuery, ServiceError> {
    read_temporal(query, context, config).map_err(of_service)
}

fn read_temporal(query: &Value, context: &Context, config: &Config) -> Result<TemporalSnapshotQuery> {
    let (selection, request, _) = temporal::from_body(query, &Params::default(), context, config)?;
    if !selection.local {
        selection.query.check_not_too_wide()?;
    }
    Ok(TemporalSnapshotQuery { selection, request })
}

fn of_service(error: HttpError) -> ServiceError {
    match error {
        HttpError::Service(error) => error,
        other => Error::new(ErrorKind::OperationNotSupported, other.to_string()).into(),
    }
}

#[cfg(test)]
mod tests {
    use ngsild::snapshot::Use;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_with_a_query_is_named_with_its_place() {
        let config = Config::new(([127, 0, 0, 1], 0).into(), "");
        let right = json!({"type": "Query", "entities": [{"type": "T"}]});
        let during = |temporal: Value| json!({"type": "Query", "entities": [{"type": "T"}], "temporalQ": temporal});
        for (name, query, place) in [
            ("snapshotQueries", json!({"type": "Other"}), "/1/type"),
            ("snapshotQueries", json!({"type": "Query"}), "/1"),
            ("snapshotQueries", json!({"type": "Query", "entities": []}), "/1/entities"),
            (
                "snapshotQueries",
                json!({"type": "Query", "entities": [{"type": "A B"}]}),
                "/1/entities/0/type, character 2",
            ),
            ("snapshotQueries", json!({"type": "Query", "q": "a=="}), "/1/q, character 4"),
            ("snapshotQueries", json!({"type": "Query", "q": "a", "odd": 1}), "/1/odd"),
            ("snapshotQueries", json!({"type": "Query", "q": "a", "ordering": {"orderBy": ["a"]}}), "/1/orderBy"),
            ("snapshotTemporalQueries", during(json!({})), "/1/temporalQ/timerel"),
            ("snapshotTemporalQueries", during(json!({"timerel": "before"})), "/1/temporalQ/timeAt"),
            (
                "snapshotTemporalQueries",
                during(json!({"timerel": "between", "timeAt": "2026-01-01T00:00:00Z"})),
                "/1/temporalQ/endTimeAt",
            ),
            (
                "snapshotTemporalQueries",
                during(json!({"timerel": "after", "timeAt": "2026-01-01T00:00:00Z", "timeproperty": "odd"})),
                "/1/temporalQ/timeproperty",
            ),
        ] {
            let first = if name == "snapshotQueries" {
                right.clone()
            } else {
                during(json!({"timerel": "after", "timeAt": "2026-01-01T00:00:00Z"}))
            };
            let body = json!({"type": "Snapshot", (name): [first, query]});
            let fragment = SnapshotFragment::read(&body, Use::Create).unwrap();
            let error = check_queries(&fragment, &Context::core(), &config).unwrap_err();
            let HttpError::Service(ServiceError::Ngsild(error)) = error else { panic!("{body}: {error}") };
            assert_eq!(error.at, Some(format!("/{name}{place}")), "{body}: {error}");
        }
    }
}
