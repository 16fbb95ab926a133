//! `/jsonldContexts` (6.29, 6.30), and the @contexts that this server publishes itself.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ngsild::{Error, ErrorKind};
use serde_json::{Value, json};

use super::problem::{HttpError, Result};
use super::request::accept::{self, Media};
use super::request::body::{self, ContentType};
use super::request::params::Params;
use super::request::{base_url, owner, path_part};
use super::respond::{created, echo_tenant, empty, serialize};
use crate::service::contexts::{ContextEntry, Kind, PATH, Place, Served, context_of};
use crate::service::{existing_tenant, implicit_tenant, now};
use crate::state::AppState;

/// How large an @context that is added may be, in bytes.
const MAX_ADDED: usize = 1 << 20;

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

/// Add @context (6.29.3.1). The `@context` is in the body whatever its Content-Type: it is what the request is about,
/// not what its names go by.
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn add(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    ContentType::of(&request)?;
    let tenant = owner(&request)?;
    Params::of(&request, &[])?;
    let document = body::json(payload, MAX_ADDED).await?;
    let context = context_of(&document)?;
    let tenant = implicit_tenant(&state, &tenant).await?;
    let id = state.contexts.add_context(tenant, context).await?;
    created(&request, &format!("{PATH}{id}"))
}

/// List @contexts (6.29.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn list(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let owner = owner(&request)?;
    let params = Params::of(&request, &["details", "kind"])?;
    let details = flag(&params, "details")?;
    let kind = match params.get("kind").filter(|kind| !kind.is_empty()) {
        None => None,
        Some(text) => Some(Kind::parse(text).ok_or_else(|| {
            Error::bad_request(format!("'{text}' is not one of Hosted, Cached, ImplicitlyCreated")).at("kind")
        })?),
    };
    let tenant = existing_tenant(&state, &owner).await?;
    let base = base_url(&request, &state);
    let entries = state.contexts.list_contexts(&owner.tenant, tenant, kind).await?;
    let list = entries.iter().map(|entry| if details { metadata(entry, &base) } else { json!(url(entry, &base)) });
    answer(&request, media, &list.collect())
}

/// Serve @context (6.30.3.1).
///
/// # Errors
/// OperationNotSupported for the content of a copy; as the operation, and for what is wrong with the request.
pub async fn serve(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let owner = owner(&request)?;
    let params = Params::of(&request, &["details"])?;
    let details = flag(&params, "details")?;
    let id = path_part(&request, "id")?;
    let tenant = existing_tenant(&state, &owner).await?;
    if details {
        let started = state.started.elapsed().as_micros();
        let started = now().micros().saturating_sub(i64::try_from(started).unwrap_or(i64::MAX));
        let started = ngsild::DateTime::from_micros(started);
        let entry = state.contexts.context_details(&owner.tenant, tenant, &id, started).await?;
        return answer(&request, media, &metadata(&entry, &base_url(&request, &state)));
    }
    match state.contexts.serve_context(&owner.tenant, tenant, &id).await? {
        Served::Content(document) => answer(&request, media, &document),
        Served::Copy => {
            let detail = format!("'{id}' is a copy; ask its publisher for it, or here for details=true");
            Err(Error::new(ErrorKind::OperationNotSupported, detail).into())
        }
    }
}

/// Delete and Reload @context (6.30.3.2).
///
/// # Errors
/// As the operations, and for what is wrong with the request.
pub async fn delete(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let owner = owner(&request)?;
    let params = Params::of(&request, &["reload"])?;
    let reload = flag(&params, "reload")?;
    let id = path_part(&request, "id")?;
    let tenant = existing_tenant(&state, &owner).await?;
    if reload {
        state.contexts.reload_context(&owner.tenant, tenant, &id).await?;
    } else {
        state.contexts.delete_context(&owner.tenant, tenant, &id).await?;
    }
    empty(&request, StatusCode::NO_CONTENT)
}

/// A flag that clients also send without a value.
fn flag(params: &Params, name: &str) -> Result<bool> {
    if params.get(name) == Some("") { Ok(false) } else { Ok(params.flag(name)?.unwrap_or(false)) }
}

/// The URL under which an @context can be had.
fn url(entry: &ContextEntry, base: &str) -> String {
    match &entry.place {
        Place::Here => format!("{base}{PATH}{}", entry.local_id),
        Place::Elsewhere(url) => url.clone(),
    }
}

/// An @context's metadata (5.2.35): members that are not known are left out.
fn metadata(entry: &ContextEntry, base: &str) -> Value {
    let mut metadata = json!({
        "URL": url(entry, base),
        "localId": entry.local_id,
        "kind": entry.kind.name(),
        "createdAt": entry.created_at,
        "numberOfHits": entry.hits,
    });
    if let Some(at) = entry.expires_at {
        metadata["expiresAt"] = json!(at);
    }
    if let Some(at) = entry.used_at {
        metadata["lastUsage"] = json!(at);
    }
    metadata
}

fn answer(request: &HttpRequest, media: Media, body: &Value) -> Result<HttpResponse> {
    let mut response = HttpResponse::Ok();
    echo_tenant(request, &mut response)?;
    response.insert_header(("Vary", "Accept, NGSILD-Tenant"));
    Ok(response.content_type(media.name()).body(serialize(body)?))
}
