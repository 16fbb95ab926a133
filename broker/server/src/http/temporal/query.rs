//! Query Temporal Evolution of Entities by GET and by POST (6.18.3.2, 6.24).

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::{Documents, Showing};
use crate::http::maps::tell_map;
use crate::http::problem::Result;
use crate::http::request::body::{self, ContentType};
use crate::http::request::maps;
use crate::http::request::params::Params;
use crate::http::request::query::SELECTION;
use crate::http::request::temporal::{
    POST_TEMPORAL, QUERY_TEMPORAL, RETRIEVE_TEMPORAL, TemporalRepresentation, check_params, from_body, from_params,
};
use crate::http::request::{Names, accept, tenant};
use crate::http::respond::{Answering, array, paging};
use crate::service::existing_tenant;
use crate::service::maps::{MapWish, Mapped};
use crate::service::temporal::{TemporalRequest, TemporalSelection, query_temporal, query_temporal_by_map};
use crate::state::AppState;

/// Query Temporal Evolution of Entities (6.18.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn get(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let tenant = tenant(&request)?;
    let params = Params::of(&request, &[SELECTION, RETRIEVE_TEMPORAL, QUERY_TEMPORAL].concat())?;
    let wish = maps::wish(&request, &params, None)?;
    let names = Names::of_header(&request, &state).await?;
    let query = from_params(&params, &names.context, &state.config)?;
    let tenant = existing_tenant(&state, &tenant).await?;
    answer(&Answering { request: &request, state: &state, tenant, media, names: &names }, query, wish).await
}

/// Query Temporal Evolution of Entities via POST (6.24.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn post(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let content = ContentType::of(&request)?;
    let tenant = tenant(&request)?;
    let params = Params::of(&request, POST_TEMPORAL)?;
    check_params(&params, &state.config)?;
    maps::wish(&request, &params, None)?;
    let document = body::json(payload, state.config.max_body).await?;
    let names = content.names(&document, &request, &state).await?;
    let query = from_body(&document, &params, &names.context, &state.config)?;
    let wish = maps::wish(&request, &params, Some(&document))?;
    let tenant = existing_tenant(&state, &tenant).await?;
    answer(&Answering { request: &request, state: &state, tenant, media, names: &names }, query, wish).await
}

async fn answer(
    answering: &Answering<'_>,
    (selection, asked, representation): (TemporalSelection, TemporalRequest, TemporalRepresentation),
    wish: Option<MapWish>,
) -> Result<HttpResponse> {
    let (state, tenant) = (answering.state, answering.tenant);
    let (found, map) = match &wish {
        None => (query_temporal(state, tenant, &selection, &asked).await?, None),
        Some(wish) => {
            let mapped = query_temporal_by_map(state, tenant, &selection, &asked, wish).await?;
            let Mapped { answer, map, created } = mapped;
            (answer, Some((map, created)))
        }
    };
    let showing = Showing { answering, request: &asked, representation: &representation };
    let Documents { documents, altered } = showing.conforming(&found.evolutions)?;
    let created = map.as_ref().is_some_and(|(_, created)| *created);
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = showing.response(status, &found.evolutions, altered).await?;
    paging(answering.request, &mut response, selection.page, found.total, found.more);
    if let Some((map, created)) = map {
        tell_map(&mut response, &map, created);
    }
    Ok(response.body(array(&documents)))
}
