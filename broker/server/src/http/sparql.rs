//! `/sparql` and `/dumps`: what the sidecar answers, under this server's address, so that pages and people need one address
//! only.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::TryStreamExt;
use ngsild::{Error, ErrorKind};
use url::{Position, Url};

use super::problem::{HttpError, Result};
use super::request::body::bytes;
use super::request::{TENANT, base_url, on_snapshot};
use crate::state::AppState;

/// How large a query may be, in bytes.
const MAX_QUERY: usize = 1 << 20;

/// The headers of an answer that clients get, too.
const PASSED_BACK: [&str; 8] = [
    "content-type",
    "content-disposition",
    "cache-control",
    "retry-after",
    "allow",
    "vary",
    "ngsild-tenant",
    "hiroba-position",
];

/// Passes a request on to the sidecar, and its answer back.
///
/// # Errors
/// NotFound when there is no sidecar; OperationNotSupported on a snapshot; BadGateway when it does not answer.
pub(super) async fn forward(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let (Some(client), Some(sidecar)) = (&state.sidecar, &state.config.sparql) else {
        let path = request.path();
        return Err(HttpError::NotFound(format!(
            "{path}: the SPARQL sidecar is not configured (hiroba serve --sparql URL)"
        )));
    };
    if on_snapshot(&request) {
        let detail = "SPARQL knows the data of tenants, not those of snapshots";
        return Err(Error::new(ErrorKind::OperationNotSupported, detail).into());
    }
    let mut url = sidecar.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        // The same path there, of which every part is encoded anew.
        let parts = request.match_info();
        let first = request.path().trim_start_matches('/').split('/').next().unwrap_or_default();
        path.pop_if_empty().push(first);
        path.extend(["tenant", "name"].into_iter().filter_map(|part| parts.get(part)));
    }
    url.set_query(Some(request.query_string()).filter(|query| !query.is_empty()));
    let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes());
    let mut asked = client.request(method.unwrap_or_default(), url).body(bytes(payload, MAX_QUERY).await?.freeze());
    // Not the token: only who reaches the sidecar itself can change its copy.
    for name in [ACCEPT.as_str(), CONTENT_TYPE.as_str(), TENANT, "Fiware-Service", "Hiroba-Not-Before"] {
        for value in request.headers().get_all(name) {
            asked = asked.header(name, value.as_bytes());
        }
    }
    // What the sidecar says of itself names the address that the client knows.
    if let Ok(base) = Url::parse(&base_url(&request, &state)) {
        asked = asked.header("X-Forwarded-Proto", base.scheme());
        asked = asked.header("X-Forwarded-Host", &base[Position::BeforeHost..Position::AfterPort]);
    }
    let answer = asked.send().await.map_err(|e| HttpError::BadGateway(e.without_url().to_string()))?;
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::build(status);
    for name in PASSED_BACK {
        if let Some(value) = answer.headers().get(name).and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok())
        {
            response.insert_header((name, value));
        }
    }
    Ok(response.streaming(answer.bytes_stream().map_err(std::io::Error::other)))
}
