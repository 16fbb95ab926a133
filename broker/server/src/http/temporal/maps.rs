//! `/temporal/entityMaps` (6.35).

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use crate::http::maps::created;
use crate::http::problem::Result;
use crate::http::request::body::{self, ContentType};
use crate::http::request::maps::{IRRELEVANT, lifetime};
use crate::http::request::params::Params;
use crate::http::request::query::SELECTION;
use crate::http::request::temporal::{
    POST_TEMPORAL, QUERY_TEMPORAL, RETRIEVE_TEMPORAL, check_params, from_body, from_params,
};
use crate::http::request::{Names, accept, tenant};
use crate::http::respond::Answering;
use crate::service::existing_tenant;
use crate::service::temporal::create_temporal_entity_map;
use crate::state::AppState;

/// Create EntityMap for a temporal query in the URL (6.35.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn create(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let tenant = tenant(&request)?;
    let params = Params::of(&request, &[SELECTION, RETRIEVE_TEMPORAL, QUERY_TEMPORAL].concat())?.without(IRRELEVANT);
    let lifetime = lifetime(&params, None)?;
    let names = Names::of_header(&request, &state).await?;
    let (selection, asked, _) = from_params(&params, &names.context, &state.config)?;
    let tenant = existing_tenant(&state, &tenant).await?;
    let map = create_temporal_entity_map(&state, tenant, &selection, &asked, lifetime).await?;
    created(&Answering { request: &request, state: &state, tenant, media, names: &names }, &map).await
}

/// Create EntityMap for a temporal query in the body (6.35.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn create_by_post(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let content = ContentType::of(&request)?;
    let tenant = tenant(&request)?;
    let params = Params::of(&request, POST_TEMPORAL)?.without(IRRELEVANT);
    check_params(&params, &state.config)?;
    lifetime(&params, None)?;
    let document = body::json(payload, state.config.max_body).await?;
    let names = content.names(&document, &request, &state).await?;
    let (selection, asked, _) = from_body(&document, &params, &names.context, &state.config)?;
    let lifetime = lifetime(&params, Some(&document))?;
    let tenant = existing_tenant(&state, &tenant).await?;
    let map = create_temporal_entity_map(&state, tenant, &selection, &asked, lifetime).await?;
    created(&Answering { request: &request, state: &state, tenant, media, names: &names }, &map).await
}
