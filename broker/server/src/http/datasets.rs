//! `/datasets/{id}/versions` and `/datasets/{id}/changes`: what was published when, and what differs.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LINK};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::problem::{HttpError, Result};
use super::request::params::Params;
use super::request::{accept, entity_id, owner};
use super::respond::json;
use crate::service::datasets;
use crate::service::existing_tenant;
use crate::state::AppState;

/// How much one answer holds, unless the request says otherwise, and at most.
const PAGE: usize = 100;
const MAX_PAGE: usize = 1_000;

/// `GET /datasets/{id}/versions?below=NUMBER&limit=N`: the newest first.
///
/// # Errors
/// BadRequestData for parameters that are wrong; ResourceNotFound without versions; when the database fails.
pub async fn versions(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    accept::plain(&request)?;
    let place = owner(&request)?;
    let params = Params::of(&request, &["below", "limit"])?;
    let below = number(&params, "below")?.unwrap_or(i64::MAX);
    let limit = limit(&params)?;
    let dataset = entity_id(&request)?;
    let tenant = existing_tenant(&state, &place).await?;
    // One more than asked for tells whether there is a next page.
    let mut versions = datasets::versions(&state.store, tenant, &dataset, below, limit + 1).await?;
    let more = versions.len() > limit;
    versions.truncate(limit);
    let next = versions.last().filter(|_| more).map(|last| ("below", last.version.to_string()));
    page(&request, json(&request, StatusCode::OK, &versions)?, limit, next)
}

/// `GET /datasets/{id}/changes?from=A&to=B&after=ID&limit=N`: without numbers, what the latest version changed.
///
/// # Errors
/// BadRequestData for parameters that are wrong and versions that there are not; ResourceNotFound without versions; when
/// the database fails.
pub async fn changes(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    accept::plain(&request)?;
    let place = owner(&request)?;
    let params = Params::of(&request, &["from", "to", "after", "limit"])?;
    let (from, to) = (number(&params, "from")?, number(&params, "to")?);
    let limit = limit(&params)?;
    let dataset = entity_id(&request)?;
    let tenant = existing_tenant(&state, &place).await?;
    let range = datasets::range(&state.store, tenant, &dataset, from, to).await?;
    let after = params.get("after").unwrap_or_default();
    let found = datasets::differences(&state.store, tenant, &dataset, range, after, limit).await?;
    let next = found.next.map(|last| ("after", last.to_string()));
    page(&request, json(&request, StatusCode::OK, &found.differences)?, limit, next)
}

pub(super) fn number(params: &Params, name: &str) -> Result<Option<i64>> {
    let number = params.number(name)?;
    number
        .map(|number| i64::try_from(number).map_err(|_| HttpError::bad_request(format!("'{name}' is too large"))))
        .transpose()
}

pub(super) fn limit(params: &Params) -> Result<usize> {
    Ok(params.number("limit")?.unwrap_or(PAGE).clamp(1, MAX_PAGE))
}

/// The answer with a link to the next page, if there is one: path and query without host.
pub(super) fn page(
    request: &HttpRequest,
    mut response: HttpResponse,
    limit: usize,
    next: Option<(&str, String)>,
) -> Result<HttpResponse> {
    let Some((cursor, value)) = next else { return Ok(response) };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
        if name != cursor && name != "limit" {
            query.append_pair(&name, &value);
        }
    }
    query.append_pair("limit", &limit.to_string()).append_pair(cursor, &value);
    let link = format!("<{}?{}>; rel=\"next\"; type=\"application/json\"", request.path(), query.finish());
    if let Ok(link) = HeaderValue::from_str(&link) {
        response.headers_mut().append(LINK, link);
    }
    Ok(response)
}
