//! `/csourceRegistrations` and `/csourceRegistrations/{id}` (6.8, 6.9).

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use hiroba_vocab::Iri;
use ngsild::Error;
use ngsild::registration::{Fragment, Use};
use serde_json::Value;

use super::problem::Result;
use super::request::body::{self, ContentType};
use super::request::params::Params;
use super::request::query::page;
use super::request::registrations::{DISCOVERY, discovery};
use super::request::representation::sys_attrs;
use super::request::{Names, accept, owner, path_part};
use super::respond::{Answering, created, empty, paging, segment, serialize};
use crate::service::registrations::crud;
use crate::service::{Place, existing_tenant};
use crate::state::AppState;

/// How large the body of a registration may be, in bytes.
const MAX_BODY: usize = 1 << 18;

/// Register Context Source (6.8.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn create(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let (place, fragment) = fragment(&request, payload, &state, Use::Create).await?;
    let id = crud::register(&state, &place, fragment).await?;
    created(&request, &format!("/ngsi-ld/v1/csourceRegistrations/{}", segment(id.as_str())))
}

/// Query Context Source Registrations (6.8.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn list(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let place = owner(&request)?;
    let params = Params::of(&request, DISCOVERY)?;
    let (page, sys_attrs) = (page(&params, &state.config)?, sys_attrs(&params)?);
    let names = Names::of_header(&request, &state).await?;
    let query = discovery(&params, &names.context)?;
    let tenant = existing_tenant(&state, &place).await?;
    let found = crud::query(&state, tenant, &query, page.offset, page.limit).await?;
    let shown = found.registrations.iter().map(|(registered, places)| {
        Value::Object(registered.registration.to_json(Some(places.as_slice()), sys_attrs, &names.context))
    });
    let body = shown.collect();
    let answering = Answering { request: &request, state: &state, tenant, media, names: &names };
    let body = answering.with_context(body);
    let mut response = answering.begin(StatusCode::OK).await?;
    paging(&request, &mut response, page, page.count.then_some(found.total), found.more);
    Ok(response.body(serialize(&body)?))
}

/// Retrieve Context Source Registration (6.9.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn retrieve(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let place = owner(&request)?;
    let sys_attrs = sys_attrs(&Params::of(&request, &["options"])?)?;
    let id = registration_id(&request)?;
    let names = Names::of_header(&request, &state).await?;
    let tenant = existing_tenant(&state, &place).await?;
    let registered = crud::retrieve(&state, tenant, &id).await?;
    let answering = Answering { request: &request, state: &state, tenant, media, names: &names };
    let shown = registered.registration.to_json(None, sys_attrs, &names.context);
    answering.document(StatusCode::OK, Value::Object(shown)).await
}

/// Update Context Source Registration (6.9.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn update(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let (place, fragment) = fragment(&request, payload, &state, Use::Update).await?;
    let id = registration_id(&request)?;
    let tenant = existing_tenant(&state, &place).await?;
    crud::update(&state, (tenant, &place.tenant), &id, fragment).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// Delete Context Source Registration (6.9.3.3).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn delete(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let place = owner(&request)?;
    Params::of(&request, &[])?;
    let id = registration_id(&request)?;
    let tenant = existing_tenant(&state, &place).await?;
    crud::delete(&state, (tenant, &place.tenant), &id).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// Reads a request with a body up to what it says of a registration.
async fn fragment(request: &HttpRequest, payload: Payload, state: &AppState, r#use: Use) -> Result<(Place, Fragment)> {
    let content = ContentType::of(request)?;
    let place = owner(request)?;
    Params::of(request, &[])?;
    if r#use == Use::Update {
        registration_id(request)?;
    }
    let document = body::json(payload, MAX_BODY).await?;
    let names = content.names(&document, request, state).await?;
    Ok((place, Fragment::read(&document, r#use, &names.context)?))
}

/// The registration's id in the path.
fn registration_id(request: &HttpRequest) -> Result<Iri> {
    Ok(Iri::parse(&path_part(request, "id")?).map_err(Error::from)?)
}
