//! Query Entities by GET and by POST (6.4.3.2, 6.23).

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::ETAG;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use hiroba_store::{Answer, TenantId};

use super::maps::tell_map;
use super::problem::Result;
use super::request::body::{self, ContentType};
use super::request::maps;
use super::request::params::Params;
use super::request::query::{POST_QUERY, QUERY, SELECTION, check_params, from_body, from_params};
use super::request::representation::Representation;
use super::request::{Names, accept, tenant};
use super::respond::{Answering, not_modified, paging};
use crate::service::maps::{MapWish, Mapped, query_by_map};
use crate::service::query::{QueryRequest, query_entities};
use crate::service::{existing_tenant, now};
use crate::state::{AnswerKey, AppState, Rendered};

/// Query Entities (6.4.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn get(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::geo(&request)?;
    let tenant = tenant(&request)?;
    let params = Params::of(&request, &[SELECTION, QUERY].concat())?;
    let wish = maps::wish(&request, &params, None)?;
    let names = Names::of_header(&request, &state).await?;
    let (query, representation) = from_params(&params, &names.context, media, &state.config)?;
    let tenant = existing_tenant(&state, &tenant).await?;
    let answering = Answering { request: &request, state: &state, tenant, media, names: &names };
    if let Some(wish) = &wish {
        return by_map(&answering, &query, &representation, wish).await;
    }
    // Read before the data are: whatever changes meanwhile moves it on.
    let generation = state.store.generation(tenant);
    let key = AnswerKey { tenant, generation, request: answering.key() };
    let known = state.answers.get(&key).filter(|known| now().micros() < known.valid_until);
    let rendered = match known {
        Some(known) => {
            state.metrics.cached_answers.inc();
            known
        }
        None => {
            let rendered = render(&answering, tenant, &query, &representation).await?;
            state.answers.insert(key.clone(), Arc::clone(&rendered));
            rendered
        }
    };
    let tag = answering.tag_of_state(key.generation, rendered.valid_until);
    // Where something has expired but is not yet removed, every moment may bring another answer.
    let cacheable = now().micros() < rendered.valid_until;
    if let Some(answer) = not_modified(&request, &tag).filter(|_| cacheable) {
        return Ok(answer);
    }
    let mut response = answer(&answering, StatusCode::OK, &query, &rendered).await?;
    if cacheable {
        response.insert_header((ETAG, tag));
    }
    Ok(response.body(rendered.body.clone()))
}

/// Query Entities via POST (6.23.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn post(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::geo(&request)?;
    let content = ContentType::of(&request)?;
    let tenant = tenant(&request)?;
    let params = Params::of(&request, POST_QUERY)?;
    check_params(&params, &state.config)?;
    maps::wish(&request, &params, None)?;
    let document = body::json(payload, state.config.max_body).await?;
    let names = content.names(&document, &request, &state).await?;
    let (query, representation) = from_body(&document, &params, &names.context, media, &state.config)?;
    let wish = maps::wish(&request, &params, Some(&document))?;
    let tenant = existing_tenant(&state, &tenant).await?;
    let answering = Answering { request: &request, state: &state, tenant, media, names: &names };
    if let Some(wish) = &wish {
        return by_map(&answering, &query, &representation, wish).await;
    }
    let rendered = render(&answering, tenant, &query, &representation).await?;
    Ok(answer(&answering, StatusCode::OK, &query, &rendered).await?.body(rendered.body.clone()))
}

/// Answers by an entity map. What is shown depends on the map, and showing it may change the map: nothing is kept.
async fn by_map(
    answering: &Answering<'_>,
    query: &QueryRequest,
    representation: &Representation,
    wish: &MapWish,
) -> Result<HttpResponse> {
    let Mapped { answer: found, map, created } = query_by_map(answering.state, answering.tenant, query, wish).await?;
    let rendered = show(answering, &found, representation, i64::MAX).await?;
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = answer(answering, status, query, &rendered).await?;
    tell_map(&mut response, &map, created);
    Ok(response.body(rendered.body))
}

async fn render(
    answering: &Answering<'_>,
    tenant: TenantId,
    query: &QueryRequest,
    representation: &Representation,
) -> Result<Arc<Rendered>> {
    // Also what is not on this page counts, and moves pages, until it expires.
    let valid_until = answering.state.store.next_expiry();
    let found = query_entities(answering.state, tenant, query).await?;
    Ok(Arc::new(show(answering, &found, representation, valid_until).await?))
}

async fn show(
    answering: &Answering<'_>,
    found: &Answer,
    representation: &Representation,
    valid_until: i64,
) -> Result<Rendered> {
    answering.state.metrics.candidates.inc_by(found.work.candidates as u64);
    let linked = answering.linked(&found.entities, representation).await?;
    let body = answering.entities(&found.entities, &linked, representation)?;
    Ok(Rendered { body: body.bytes.into(), altered: body.altered, total: found.total, more: found.more, valid_until })
}

async fn answer(
    answering: &Answering<'_>,
    status: StatusCode,
    query: &QueryRequest,
    rendered: &Rendered,
) -> Result<actix_web::HttpResponseBuilder> {
    let mut response = answering.begin_entities(status, rendered.altered).await?;
    paging(answering.request, &mut response, query.page, rendered.total, rendered.more);
    Ok(response)
}
