//! `/entities` and `/entities/{id}` (6.4, 6.5).

use actix_web::http::StatusCode;
use actix_web::http::header::ETAG;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ngsild::read::{Fragment, Nulls, Reader};
use ngsild::write::MergeOptions;
use ngsild::{DateTime, Error, language};

use super::maps::tell_map;
use super::problem::Result;
use super::request::body::{self, ContentType};
use super::request::maps;
use super::request::params::Params;
use super::request::purge::{self, PURGE};
use super::request::query::SELECTION;
use super::request::representation::{RETRIEVE, retrieval};
use super::request::subject::{Change, Subject};
use super::request::{Names, accept, tenant};
use super::respond::{Answering, created, empty, not_modified, segment};
use crate::service::entities;
use crate::service::maps::map_of_entity;
use crate::service::purge::purge_entities;
use crate::service::{existing_tenant, implicit_tenant, now};
use crate::state::AppState;

/// Create Entity (6.4.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn create(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let content = ContentType::of(&request)?;
    let tenant = tenant(&request)?;
    Params::of(&request, &["local"])?.flag("local")?;
    let document = body::json(payload, state.config.max_body).await?;
    let names = content.names(&document, &request, &state).await?;
    let fragment = Reader { context: &names.context, nulls: Nulls::Refused }.fragment(document)?;
    let entity = fragment.into_entity(now())?;
    let tenant = implicit_tenant(&state, &tenant).await?;
    let id = entities::create_entity(&state, tenant, entity).await?;
    created(&request, &format!("/ngsi-ld/v1/entities/{}", segment(id.as_str())))
}

/// Retrieve Entity (6.5.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn retrieve(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::geo(&request)?;
    let tenant = tenant(&request)?;
    let params = Params::of(&request, RETRIEVE)?;
    params.flag("local")?;
    let wish = maps::wish(&request, &params, None)?;
    let subject = Subject::of(&request, &params, tenant)?;
    let names = Names::of_header(&request, &state).await?;
    let representation = retrieval(&params, &names.context, media)?;
    let target = subject.named(&names)?.target(&state).await?;
    let answering = Answering { request: &request, state: &state, tenant: target.tenant, media, names: &names };
    // Read before the data are: whatever changes meanwhile moves them on.
    let (generation, valid_until) = (state.store.generation(target.tenant), state.store.next_expiry());
    let stored = entities::retrieve_entity(&state, &target).await?;
    let asked = representation.projection.attrs();
    if !asked.is_empty() && !asked.iter().any(|name| stored.entity.attributes.contains_key(name)) {
        let detail = format!("{} has none of the attributes asked for", target.id);
        return Err(Error::new(ngsild::ErrorKind::ResourceNotFound, detail).into());
    }
    let linked = answering.linked(std::slice::from_ref(&stored), &representation).await?;
    if let Some(wish) = &wish {
        let map = map_of_entity(&state, &target, wish).await?;
        let body = answering.entity(&stored, &linked, &representation)?;
        let mut response = answering.begin_entities(StatusCode::OK, body.altered).await?;
        tell_map(&mut response, &map, false);
        return Ok(response.body(body.bytes));
    }
    // What expires makes the answer change although no version does.
    let tag = match representation.join {
        None => stored.entity.next_expiry().is_none().then(|| answering.tag(stored.version)),
        Some(_) => (now().micros() < valid_until).then(|| answering.tag_of_state(generation, valid_until)),
    };
    if let Some(answer) = tag.as_ref().and_then(|tag| not_modified(&request, tag)) {
        return Ok(answer);
    }
    let body = answering.entity(&stored, &linked, &representation)?;
    let mut response = answering.begin_entities(StatusCode::OK, body.altered).await?;
    if let Some(tag) = tag {
        response.insert_header((ETAG, tag));
    }
    Ok(response.body(body.bytes))
}

/// Merge Entity (6.5.3.4).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn merge(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let known = ["type", "format", "options", "observedAt", "lang"];
    let Change { names, document, subject, options } =
        Change::of(&request, payload, &state, &known, merge_params).await?;
    let (simplified, options) = options;
    let reader = Reader { context: &names.context, nulls: Nulls::Anywhere };
    if simplified {
        let body = reader.simplified(document)?;
        body.check_id(&subject.id)?;
        let target = subject.target(&state).await?;
        entities::merge_simplified(&state, &target, &reader, &body, &options).await?;
    } else {
        let fragment = reader.fragment(document)?;
        fragment.check_id(&subject.id)?;
        let target = subject.target(&state).await?;
        entities::merge_entity(&state, &target, fragment, &options).await?;
    }
    empty(&request, StatusCode::NO_CONTENT)
}

/// Whether the body is simplified, and how to merge it.
fn merge_params(params: &Params) -> Result<(bool, MergeOptions)> {
    let mut simplified = false;
    // `format` wins where both speak, so it comes last.
    for name in ["options", "format"] {
        for word in params.get(name).into_iter().flat_map(|text| text.split(',')) {
            simplified = match word {
                "normalized" | "concise" => false,
                "simplified" | "keyValues" => true,
                other => return Err(Error::invalid_request(format!("unknown format '{other}'")).at(name).into()),
            };
        }
    }
    let lang = params.get("lang").map(ToOwned::to_owned);
    if lang.as_ref().is_some_and(|tag| tag != language::NONE && !language::is_language_tag(tag)) {
        return Err(Error::bad_request("'lang' is one language tag (RFC 5646)").at("lang").into());
    }
    let observed_at = params.get("observedAt").map(|at| DateTime::parse(at).map_err(|e| e.at("observedAt")));
    Ok((simplified, MergeOptions { observed_at: observed_at.transpose()?, lang }))
}

/// Replace Entity (6.5.3.3).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn replace(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let Change { names, document, subject, .. } = Change::of(&request, payload, &state, &["type"], |_| Ok(())).await?;
    let fragment = Reader { context: &names.context, nulls: Nulls::Refused }.fragment(document)?;
    fragment.check_id(&subject.id)?;
    let entity = Fragment { id: Some(subject.id.clone()), ..fragment }.into_entity(now())?;
    let target = subject.target(&state).await?;
    entities::replace_entity(&state, &target, entity).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// Delete Entity (6.5.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn delete(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let tenant = tenant(&request)?;
    let params = Params::of(&request, &["type", "local"])?;
    params.flag("local")?;
    let subject = Subject::of(&request, &params, tenant)?;
    let names = Names::of_header(&request, &state).await?;
    let target = subject.named(&names)?.target(&state).await?;
    entities::delete_entity(&state, &target).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// Purge Entities (6.4.3.3).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn purge(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let tenant = tenant(&request)?;
    let params = Params::of(&request, &[SELECTION, PURGE].concat())?;
    let map = maps::header(&request)?;
    let names = Names::of_header(&request, &state).await?;
    let what = purge::purge(&params, &names.context, map)?;
    let tenant = existing_tenant(&state, &tenant).await?;
    purge_entities(&state, tenant, what).await?;
    empty(&request, StatusCode::NO_CONTENT)
}
