//! `/dumps/{name}` and `/dumps/{tenant}/{name}`: everything at once, from the SPARQL sidecar, which has the quads.

use actix_web::http::header::{CONTENT_ENCODING, HeaderValue};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::super::problem::{HttpError, Result};
use super::super::sparql;
use crate::state::AppState;

/// The path under which dumps are.
pub const PATH: &str = "/dumps";

/// The dumps that there are: all quads, and the short triples alone.
pub const NAMES: [&str; 4] = ["all.nq.gz", "all.trig.gz", "short.nt.gz", "short.ttl.gz"];

/// Passes a request for a dump on to the sidecar, and its answer back.
///
/// # Errors
/// NotFound when there is no sidecar or no such dump; OperationNotSupported on a snapshot; BadGateway when the sidecar does
/// not answer.
pub async fn dump(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let name = request.match_info().get("name").unwrap_or_default();
    if !NAMES.contains(&name) {
        return Err(HttpError::NotFound(request.path().to_owned()));
    }
    let mut answer = sparql::forward(request, payload, state).await?;
    // It is compressed already, whatever the client could unpack on its way.
    answer.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
    Ok(answer)
}
