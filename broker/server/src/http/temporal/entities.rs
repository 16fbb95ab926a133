//! `/temporal/entities` and `/temporal/entities/{id}` (6.18, 6.19).

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ngsild::read::{Nulls, Reader};

use super::{Documents, Showing};
use crate::http::maps::tell_map;
use crate::http::problem::Result;
use crate::http::request::body::{self, ContentType};
use crate::http::request::maps;
use crate::http::request::params::Params;
use crate::http::request::subject::Subject;
use crate::http::request::temporal::{RETRIEVE_TEMPORAL, retrieval};
use crate::http::request::{Names, accept, tenant};
use crate::http::respond::{Answering, created, empty, segment};
use crate::service::maps::map_of_entity;
use crate::service::{implicit_tenant, now, temporal};
use crate::state::AppState;

/// Create or Update Temporal Representation (6.18.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn upsert(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let content = ContentType::of(&request)?;
    let tenant = tenant(&request)?;
    Params::of(&request, &["local"])?.flag("local")?;
    let document = body::json(payload, state.config.max_batch_body).await?;
    let names = content.names(&document, &request, &state).await?;
    let fragment = Reader { context: &names.context, nulls: Nulls::Refused }.temporal(document, now())?;
    let id = fragment.check_whole()?;
    let tenant = implicit_tenant(&state, &tenant).await?;
    if temporal::upsert_entity(&state, tenant, &id, &fragment).await? {
        created(&request, &format!("/ngsi-ld/v1/temporal/entities/{}", segment(id.as_str())))
    } else {
        empty(&request, StatusCode::NO_CONTENT)
    }
}

/// Retrieve Temporal Evolution of an Entity (6.19.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn retrieve(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let tenant = tenant(&request)?;
    let params = Params::of(&request, RETRIEVE_TEMPORAL)?;
    let wish = maps::wish(&request, &params, None)?;
    let subject = Subject::of(&request, &params, tenant)?;
    let names = Names::of_header(&request, &state).await?;
    let (asked, representation) = retrieval(&params, &names.context)?;
    let target = subject.target(&state).await?;
    let found = temporal::retrieve_temporal(&state, &target, &asked).await?;
    let map = match &wish {
        Some(wish) => Some(map_of_entity(&state, &target, wish).await?),
        None => None,
    };
    let answering = Answering { request: &request, state: &state, tenant: target.tenant, media, names: &names };
    let showing = Showing { answering: &answering, request: &asked, representation: &representation };
    let Documents { mut documents, altered } = showing.conforming(&found)?;
    let mut response = showing.response(StatusCode::OK, &found, altered).await?;
    if let Some(map) = map {
        tell_map(&mut response, &map, false);
    }
    Ok(response.body(documents.pop().unwrap_or_default()))
}

/// Delete Temporal Representation (6.19.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn delete(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let tenant = tenant(&request)?;
    let params = Params::of(&request, &["local"])?;
    params.flag("local")?;
    let target = Subject::of(&request, &params, tenant)?.target(&state).await?;
    temporal::delete_entity(&state, &target).await?;
    empty(&request, StatusCode::NO_CONTENT)
}
