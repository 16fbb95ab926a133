//! Query Entities by GET and by POST (6.4.3.2, 6.23).

use std::sync::Arc;

use actix_web::http::header::ETAG;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use hiroba_store::TenantId;

use super::problem::Result;
use super::request::body::{self, ContentType};
use super::request::params::Params;
use super::request::query::{POST_QUERY, QUERY, check_params, from_body, from_params};
use super::request::representation::Representation;
use super::request::{Names, accept, tenant};
use super::respond::{Answering, not_modified, paging_links};
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
    let params = Params::of(&request, QUERY)?;
    let names = Names::of_header(&request, &state).await?;
    let (query, representation) = from_params(&params, &names.context, media, &state.config)?;
    let tenant = existing_tenant(&state, &tenant).await?;
    let answering = Answering { request: &request, state: &state, tenant, media, names: &names };
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
    let mut response = answer(&answering, &query, &rendered).await?;
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
    let document = body::json(payload, state.config.max_body).await?;
    let names = content.names(&document, &request, &state).await?;
    let (query, representation) = from_body(&document, &params, &names.context, media, &state.config)?;
    let tenant = existing_tenant(&state, &tenant).await?;
    let answering = Answering { request: &request, state: &state, tenant, media, names: &names };
    let rendered = render(&answering, tenant, &query, &representation).await?;
    Ok(answer(&answering, &query, &rendered).await?.body(rendered.body.clone()))
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
    answering.state.metrics.candidates.inc_by(found.work.candidates as u64);
    let linked = answering.linked(&found.entities, representation).await?;
    let body = answering.entities(&found.entities, &linked, representation)?;
    Ok(Arc::new(Rendered { body: body.into(), total: found.total, more: found.more, valid_until }))
}

async fn answer(
    answering: &Answering<'_>,
    query: &QueryRequest,
    rendered: &Rendered,
) -> Result<actix_web::HttpResponseBuilder> {
    let mut response = answering.ok().await?;
    if let Some(total) = rendered.total {
        response.insert_header(("NGSILD-Results-Count", total.to_string()));
    }
    paging_links(answering.request, &mut response, query.page.offset, query.page.limit, rendered.more);
    Ok(response)
}
