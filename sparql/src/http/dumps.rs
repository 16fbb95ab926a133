//! `/dumps/{name}` and `/dumps/{tenant}/{name}`: all quads of a tenant, or its short triples alone, compressed.

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, VARY};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;

use super::freshness;
use super::params;
use super::problem::{HttpError, Result};
use crate::dump::Dump;
use crate::state::AppState;

/// Answers with a dump of the copy as it is now. `Hiroba-Not-Before` is waited for as for queries.
///
/// # Errors
/// [`HttpError::NotFound`] for names that are no dump; [`HttpError::TooManyDumps`]; what queries say when there is no copy, no
/// such tenant, or no copy that is new enough.
pub(super) async fn get(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let name = request.match_info().get("name").unwrap_or_default();
    let dump = Dump::named(name).ok_or_else(|| HttpError::NotFound(request.path().chars().take(200).collect()))?;
    let tenant = params::tenant(&request)?;
    let wanted = freshness::wait(&request, &state).await?;
    let reading = state.pool.reading(&tenant, wanted)?;
    let mut response = HttpResponse::Ok();
    response
        .content_type("application/gzip")
        // It is compressed already, whatever the client could unpack on its way.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"hiroba-{}\"", dump.name)))
        .insert_header((VARY, "NGSILD-Tenant, Fiware-Service"))
        .insert_header((CACHE_CONTROL, "no-cache"));
    if let Some(position) = reading.position {
        response.insert_header((freshness::POSITION, position.to_string()));
    }
    if !tenant.is_default() {
        response.insert_header(("NGSILD-Tenant", tenant.as_str()));
    }
    if request.method() == Method::HEAD {
        // Without a length: nobody knows it.
        return Ok(response.streaming(futures_util::stream::empty::<std::io::Result<Bytes>>()));
    }
    let place = state.dumps.take().ok_or(HttpError::TooManyDumps)?;
    let body = dump.start(reading, place);
    Ok(response.streaming(futures_util::stream::unfold(body, |mut body| async { Some((body.recv().await?, body)) })))
}
