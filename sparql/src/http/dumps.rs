//! `/dumps/{name}` and `/dumps/{tenant}/{name}`: all quads of a tenant, or its short triples alone, compressed.

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, VARY};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::freshness;
use super::params;
use super::problem::{HttpError, Result};
use crate::dump::Dump;
use crate::query::QueryError;
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
    let copy = state.current.get().ok_or(QueryError::NoCopy)?;
    let reading = copy.reading(&tenant).ok_or_else(|| QueryError::NoSuchTenant(tenant.clone()))?;
    let position = reading.position;
    if let Some(wanted) = wanted.filter(|wanted| position < Some(*wanted)) {
        return Err(QueryError::NotYet { here: position, wanted }.into());
    }
    let mut response = HttpResponse::Ok();
    response
        .content_type("application/gzip")
        // It is compressed already, whatever the client could unpack on its way.
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"hiroba-{}\"", dump.name)))
        .insert_header((VARY, "NGSILD-Tenant, Fiware-Service"))
        .insert_header((CACHE_CONTROL, "no-cache"));
    if let Some(position) = position {
        response.insert_header((freshness::POSITION, position.to_string()));
    }
    if !tenant.is_default() {
        response.insert_header(("NGSILD-Tenant", tenant.as_str()));
    }
    if request.method() == Method::HEAD {
        return Ok(response.finish());
    }
    let place = state.dumps.take().ok_or(HttpError::TooManyDumps)?;
    let body = dump.start(reading, place);
    Ok(response.streaming(futures_util::stream::unfold(body, |mut body| async { Some((body.recv().await?, body)) })))
}
