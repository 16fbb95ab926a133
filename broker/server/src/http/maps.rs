//! `/entityMaps` and `/entityMaps/{id}` (6.32, 6.34), and `/entityMap/{id}`, where version 1.8 had them.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, LOCATION};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use hiroba_store::EntityMap;
use serde_json::{Map, Value, json};

use super::problem::Result;
use super::request::body::{self, ContentType};
use super::request::maps::{ENTITY_MAP, IRRELEVANT, lifetime, map_id, new_expiry};
use super::request::params::Params;
use super::request::query::{POST_QUERY, QUERY, SELECTION, check_params, from_body, from_params};
use super::request::{Names, accept, tenant};
use super::respond::{Answering, empty, segment};
use crate::service::maps::{create_entity_map, delete_entity_map, retrieve_entity_map, update_entity_map};
use crate::service::{existing_tenant, now};
use crate::state::AppState;

/// Create EntityMap for a query in the URL (6.34.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn create(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let tenant = tenant(&request)?;
    let params = Params::of(&request, &[SELECTION, QUERY].concat())?.without(IRRELEVANT);
    let lifetime = lifetime(&params, None)?;
    let names = Names::of_header(&request, &state).await?;
    let (query, _) = from_params(&params, &names.context, media, &state.config)?;
    let tenant = existing_tenant(&state, &tenant).await?;
    let map = create_entity_map(&state, tenant, &query, lifetime).await?;
    let answering = Answering { request: &request, state: &state, tenant, media, names: &names };
    created(&answering, &map).await
}

/// Create EntityMap for a query in the body (6.34.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn create_by_post(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let content = ContentType::of(&request)?;
    let tenant = tenant(&request)?;
    let params = Params::of(&request, POST_QUERY)?.without(IRRELEVANT);
    check_params(&params, &state.config)?;
    lifetime(&params, None)?;
    let document = body::json(payload, state.config.max_body).await?;
    let names = content.names(&document, &request, &state).await?;
    let (query, _) = from_body(&document, &params, &names.context, media, &state.config)?;
    let lifetime = lifetime(&params, Some(&document))?;
    let tenant = existing_tenant(&state, &tenant).await?;
    let map = create_entity_map(&state, tenant, &query, lifetime).await?;
    let answering = Answering { request: &request, state: &state, tenant, media, names: &names };
    created(&answering, &map).await
}

/// Retrieve EntityMap (6.32.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn retrieve(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let tenant = tenant(&request)?;
    Params::of(&request, &[])?;
    let id = map_id(&request)?;
    let names = Names::of_header(&request, &state).await?;
    let tenant = existing_tenant(&state, &tenant).await?;
    let map = retrieve_entity_map(&state, tenant, &id).await?;
    let answering = Answering { request: &request, state: &state, tenant, media, names: &names };
    answering.document(StatusCode::OK, document(&map)).await
}

/// Update EntityMap (6.32.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn update(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let content = ContentType::of(&request)?;
    let tenant = tenant(&request)?;
    Params::of(&request, &[])?;
    let id = map_id(&request)?;
    let document = body::json(payload, state.config.max_body).await?;
    content.names(&document, &request, &state).await?;
    let expires_at = new_expiry(&document, now())?;
    let tenant = existing_tenant(&state, &tenant).await?;
    update_entity_map(&state, tenant, &id, expires_at).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// Delete EntityMap (6.32.3.3).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn delete(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let tenant = tenant(&request)?;
    Params::of(&request, &[])?;
    let id = map_id(&request)?;
    let tenant = existing_tenant(&state, &tenant).await?;
    delete_entity_map(&state, tenant, &id).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// Tells the map that an answer goes by, and where it is if it is new.
pub(super) fn tell_map(response: &mut HttpResponseBuilder, map: &str, created: bool) {
    response.insert_header((ENTITY_MAP, map));
    if created {
        response.insert_header((LOCATION, location(map)));
    }
}

pub(super) async fn created(answering: &Answering<'_>, map: &EntityMap) -> Result<HttpResponse> {
    let mut response = answering.document(StatusCode::CREATED, document(map)).await?;
    let headers = response.headers_mut();
    if let (Ok(id), Ok(location)) = (HeaderValue::from_str(&map.id), HeaderValue::from_str(&location(&map.id))) {
        headers.insert(HeaderName::from_static("ngsild-entitymap"), id);
        headers.insert(LOCATION, location);
    }
    Ok(response)
}

fn location(map: &str) -> String {
    format!("/ngsi-ld/v1/entityMaps/{}", segment(map))
}

/// EntityMap (5.2.39): every entity is held here, and no other source is asked.
fn document(map: &EntityMap) -> Value {
    let entities: Map<String, Value> = map.entities.iter().map(|id| (id.to_string(), json!(["@none"]))).collect();
    json!({
        "id": map.id, "type": "EntityMap", "expiresAt": map.expires_at, "entityMap": entities, "linkedMaps": {},
    })
}
