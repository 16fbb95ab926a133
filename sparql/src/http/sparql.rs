//! `/sparql` and `/sparql/{tenant}`: SPARQL 1.1 Protocol, query and update operation.

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::params::{Asked, Direct, Pairs};
use super::problem::{HttpError, Result};
use super::{body, description, freshness, maintenance, params};
use crate::query::Question;
use crate::state::AppState;

/// `GET /sparql?query=`, and without a query the service description.
///
/// # Errors
/// [`HttpError`].
pub(super) async fn get(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let pairs = params::of_url(&request)?;
    match params::asked(&request, &pairs, None)? {
        Asked::Query(question) => answer(&request, &state, question).await,
        Asked::Update(update) => maintenance::update(&request, &state, update).await,
        Asked::Nothing => description::answer(&request, &state, &pairs),
    }
}

/// `POST /sparql` with a form, or with the query or update itself as the body.
///
/// # Errors
/// [`HttpError`].
pub(super) async fn post(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let mut pairs = params::of_url(&request)?;
    let direct = direct(&request, body::read(payload).await?, &mut pairs)?;
    match params::asked(&request, &pairs, direct)? {
        Asked::Query(question) => answer(&request, &state, question).await,
        Asked::Update(update) => maintenance::update(&request, &state, update).await,
        Asked::Nothing => Err(HttpError::NoQuery),
    }
}

/// The operation in the body, if the body is one (SPARQL 1.1 Protocol, 2.1.3 and 2.2.2). A form goes to the parameters.
fn direct(request: &HttpRequest, body: Vec<u8>, pairs: &mut Pairs) -> Result<Option<Direct>> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = kind.split(';').map(|part| part.trim().to_ascii_lowercase());
    let kind = parts.next().unwrap_or_default();
    let charset = parts.find_map(|part| part.strip_prefix("charset=").map(|name| name.trim_matches('"').to_owned()));
    if let Some(charset) = charset.filter(|charset| !matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii")) {
        return Err(HttpError::Charset(charset.chars().take(100).collect()));
    }
    let text = |body| String::from_utf8(body).map_err(|_| HttpError::NotUtf8("the body".to_owned()));
    match kind.as_str() {
        "application/x-www-form-urlencoded" => {
            pairs.extend(params::read(&body)?);
            Ok(None)
        }
        "application/sparql-query" => text(body).map(|text| Some(Direct::Query(text))),
        "application/sparql-update" => text(body).map(|text| Some(Direct::Update(text))),
        _ if body.is_empty() => Ok(None),
        _ => Err(HttpError::UnsupportedMediaType),
    }
}

async fn answer(request: &HttpRequest, state: &AppState, mut question: Question) -> Result<HttpResponse> {
    question.not_before = freshness::wait(request, state).await?;
    let tenant = question.tenant.clone();
    let mut answer = state.pool.answer(question).await?;
    let mut response = HttpResponse::Ok();
    response.content_type(answer.format.media);
    if let Some(position) = answer.position {
        response.insert_header((freshness::POSITION, position.to_string()));
    }
    if !tenant.is_default() {
        response.insert_header(("NGSILD-Tenant", tenant.as_str()));
    }
    response.insert_header((VARY, "Accept, NGSILD-Tenant, Fiware-Service"));
    response.insert_header((CACHE_CONTROL, "no-cache"));
    // The answer to HEAD is empty, but that is not its length.
    if let Some(whole) = answer.whole.take().filter(|_| request.method() != Method::HEAD) {
        return Ok(response.body(whole));
    }
    let stream = futures_util::stream::unfold(answer, |mut answer| async {
        let part = answer.next().await?;
        if let Err(error) = &part {
            tracing::warn!(%error, "an answer is broken off");
        }
        Some((part, answer))
    });
    Ok(response.streaming(stream))
}
