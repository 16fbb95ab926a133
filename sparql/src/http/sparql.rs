//! `/sparql`: SPARQL 1.1 Protocol, query operation.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::problem::{HttpError, Result};
use super::{body, description, params};
use crate::query::{QueryError, Question};
use crate::state::AppState;

/// `GET /sparql?query=`, and without a query the service description.
///
/// # Errors
/// [`HttpError`].
pub(super) async fn get(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    params::check_tenant(&request)?;
    let pairs = params::of_url(&request);
    match params::question(&request, &pairs, None)? {
        Some(question) => answer(&state, question).await,
        None => description::answer(&request, &state, &pairs),
    }
}

/// `POST /sparql` with a form, or with the query itself as the body.
///
/// # Errors
/// [`HttpError`].
pub(super) async fn post(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    params::check_tenant(&request)?;
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut pairs = params::of_url(&request);
    let body = body::read(payload).await?;
    let direct = match kind.as_str() {
        "application/x-www-form-urlencoded" => {
            pairs.extend(params::read(&body));
            None
        }
        "application/sparql-query" => {
            Some(String::from_utf8(body).map_err(|_| HttpError::Payload("it is not UTF-8".to_owned()))?)
        }
        "application/sparql-update" => return Err(QueryError::Update.into()),
        _ if body.is_empty() => None,
        _ => return Err(HttpError::UnsupportedMediaType),
    };
    let question = params::question(&request, &pairs, direct)?.ok_or(HttpError::NoQuery)?;
    answer(&state, question).await
}

async fn answer(state: &AppState, question: Question) -> Result<HttpResponse> {
    let answer = state.pool.answer(question).await?;
    let media = answer.format.media;
    let stream = futures_util::stream::unfold(answer, |mut answer| async {
        let part = answer.next().await?;
        if let Err(error) = &part {
            tracing::warn!(%error, "an answer is broken off");
        }
        Some((part, answer))
    });
    Ok(HttpResponse::Ok()
        .content_type(media)
        .insert_header((VARY, "Accept, NGSILD-Tenant"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .streaming(stream))
}
