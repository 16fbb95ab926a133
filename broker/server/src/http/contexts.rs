//! @contexts that this server publishes, and those that answers link to.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::problem::{HttpError, Result};
use super::request::path_part;
use super::respond::serialize;
use crate::state::AppState;

/// `/contexts/{name}`: Hiroba's own @contexts.
///
/// # Errors
/// NotFound.
pub async fn published(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let document = state.contexts.published(request.path());
    let document = document.ok_or_else(|| HttpError::NotFound(request.path().to_owned()))?;
    Ok(HttpResponse::Ok()
        .content_type("application/ld+json")
        .insert_header(("Cache-Control", "public, max-age=3600"))
        .body(serialize(&*document)?))
}

/// `/jsonldContexts/{id}`: an @context that an answer of this process linked to.
///
/// # Errors
/// NotFound for others: keeping contexts of clients is not built yet.
pub async fn hosted(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let context = state.hosted.get(&path_part(&request, "id")?);
    let context = context.ok_or_else(|| HttpError::NotFound(request.path().to_owned()))?;
    let body = serialize(&json!({"@context": context.to_json()}))?;
    Ok(HttpResponse::Ok().content_type("application/ld+json").body(body))
}
