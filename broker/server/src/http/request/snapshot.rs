//! The queries of snapshots (5.2.41): each is read as the body of a POST query is.

use ngsild::jsonld::Context;
use ngsild::snapshot::SnapshotFragment;
use ngsild::{DateTime, Error, ErrorKind};
use serde_json::{Map, Value};

use super::super::problem::{HttpError, Result};
use super::accept::Media;
use super::params::Params;
use super::query::from_body;
use crate::config::Config;
use crate::service::ServiceError;
use crate::service::snapshots::SnapshotQuery;

/// Checks the queries of a new snapshot, so that what is wrong with them is told at once.
///
/// # Errors
/// BadRequestData or InvalidRequest with the query and the member that are wrong.
pub fn check_queries(fragment: &SnapshotFragment, context: &Context, config: &Config) -> Result<()> {
    for (i, query) in fragment.queries.iter().enumerate() {
        read(query, context, config).map_err(|e| placed(e, &format!("/snapshotQueries/{i}")))?;
    }
    for (i, query) in fragment.temporal_queries.iter().enumerate() {
        check_temporal(query, context, config).map_err(|e| placed(e, &format!("/snapshotTemporalQueries/{i}")))?;
    }
    Ok(())
}

/// A query of a snapshot, ready to run.
///
/// # Errors
/// As for the body of a POST query, and BadRequestData when it is too wide.
pub fn read_query(query: &Value, context: &Context, config: &Config) -> Result<SnapshotQuery, ServiceError> {
    read(query, context, config).map_err(|error| match error {
        HttpError::Service(error) => error,
        other => Error::new(ErrorKind::OperationNotSupported, other.to_string()).into(),
    })
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
    })
}

/// Checks a temporal query: a Query with a TemporalQuery (5.2.21).
fn check_temporal(query: &Value, context: &Context, config: &Config) -> Result<()> {
    let mut members: Map<String, Value> = query.as_object().cloned().unwrap_or_default();
    let temporal = members.remove("temporalQ").unwrap_or_default();
    members.remove("aggrParams");
    read(&Value::Object(members), context, config)?;
    check_temporal_q(&temporal).map_err(|e| Error { at: e.at.map(|at| format!("/temporalQ{at}")), ..e }.into())
}

fn check_temporal_q(temporal: &Value) -> Result<(), Error> {
    let text = |name: &str| temporal.get(name).and_then(Value::as_str);
    let instant = |name: &str| match text(name) {
        Some(text) => DateTime::parse(text).map_err(|e| e.at(format!("/{name}"))).map(drop),
        None => Err(Error::bad_request(format!("'temporalQ' needs a DateTime '{name}'")).at(format!("/{name}"))),
    };
    match text("timerel") {
        Some("before" | "after") => instant("timeAt")?,
        Some("between") => instant("timeAt").and_then(|()| instant("endTimeAt"))?,
        _ => return Err(Error::bad_request("'timerel' is before, after or between").at("/timerel")),
    }
    match temporal.get("timeproperty").map(Value::as_str) {
        None | Some(Some("observedAt" | "createdAt" | "modifiedAt" | "deletedAt")) => Ok(()),
        Some(_) => {
            let detail = "'timeproperty' is observedAt, createdAt, modifiedAt or deletedAt";
            Err(Error::bad_request(detail).at("/timeproperty"))
        }
    }
}

/// The same error with the query that it is about.
fn placed(error: HttpError, query: &str) -> HttpError {
    match error {
        HttpError::Service(ServiceError::Ngsild(error)) => {
            let at = match &error.at {
                Some(at) if at.starts_with('/') => format!("{query}{at}"),
                Some(at) => format!("{query}/{at}"),
                None => query.to_owned(),
            };
            Error { at: Some(at), ..error }.into()
        }
        other => other,
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
            ("snapshotQueries", json!({"type": "Query", "entities": [{"type": "A B"}]}), "/1/type, character 2"),
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
