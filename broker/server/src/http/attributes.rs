//! `/entities/{id}/attrs` and `/entities/{id}/attrs/{attr}` (6.6, 6.7).

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ngsild::Error;
use ngsild::read::{Nulls, Reader};
use ngsild::write::Written;
use serde_json::json;

use super::problem::Result;
use super::request::deletion::{deleted, instances};
use super::request::params::Params;
use super::request::subject::{Change, Subject};
use super::request::{Names, attribute_name, tenant};
use super::respond::{self, empty};
use crate::service::entities;
use crate::state::AppState;

/// Append Attributes (6.6.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn append(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let known = ["type", "options"];
    let Change { names, document, subject, options: overwrite } =
        Change::of(&request, payload, &state, &known, overwrites).await?;
    let fragment = Reader { context: &names.context, nulls: Nulls::Refused }.fragment(document)?;
    fragment.check_id(&subject.id)?;
    let target = subject.target(&state).await?;
    let written = entities::append_attributes(&state, &target, fragment, overwrite).await?;
    update_result(&request, &written)
}

/// Update Attributes (6.6.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn update(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let Change { names, document, subject, .. } = Change::of(&request, payload, &state, &["type"], |_| Ok(())).await?;
    let fragment = Reader { context: &names.context, nulls: Nulls::Members }.fragment(document)?;
    fragment.check_id(&subject.id)?;
    fragment.check_instances()?;
    let target = subject.target(&state).await?;
    let written = entities::update_attributes(&state, &target, fragment).await?;
    update_result(&request, &written)
}

/// Partial Attribute Update (6.7.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn partial_update(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let Change { names, document, subject, .. } = Change::of(&request, payload, &state, &["type"], |_| Ok(())).await?;
    let name = attribute_name(&request, &names.context)?;
    let fragment = Reader { context: &names.context, nulls: Nulls::Members }.attribute(document)?;
    fragment.check_part()?;
    let target = subject.target(&state).await?;
    entities::partial_attribute_update(&state, &target, &name, fragment).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// Replace Attribute (6.7.3.3).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn replace(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let Change { names, document, subject, .. } = Change::of(&request, payload, &state, &["type"], |_| Ok(())).await?;
    let name = attribute_name(&request, &names.context)?;
    let fragment = Reader { context: &names.context, nulls: Nulls::Refused }.attribute(document)?;
    fragment.check_whole()?;
    let target = subject.target(&state).await?;
    entities::replace_attribute(&state, &target, &name, fragment).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// Whether `options` lets attributes that are there be replaced.
fn overwrites(params: &Params) -> Result<bool> {
    match params.get("options") {
        None | Some("") => Ok(true),
        Some("noOverwrite") => Ok(false),
        Some(other) => Err(Error::invalid_request(format!("unknown option '{other}'")).at("options").into()),
    }
}

/// Delete Attribute (6.7.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn delete(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let tenant = tenant(&request)?;
    let params = Params::of(&request, &["type", "datasetId", "deleteAll", "local"])?;
    params.flag("local")?;
    let which = instances(&params)?;
    let subject = Subject::of(&request, &params, tenant)?;
    let names = Names::of_header(&request, &state).await?;
    let what = deleted(&request, &names, which)?;
    let target = subject.named(&names)?.target(&state).await?;
    entities::delete_attribute(&state, &target, &what).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// 204, or 207 with UpdateResult (5.2.18) when something was left as it was.
fn update_result(request: &HttpRequest, written: &Written) -> Result<HttpResponse> {
    if written.not_updated.is_empty() {
        return empty(request, StatusCode::NO_CONTENT);
    }
    let not_updated = written.not_updated.iter();
    let body = json!({
        "updated": written.updated,
        "notUpdated": not_updated
            .map(|skipped| json!({"attributeName": skipped.attribute_name, "reason": skipped.reason}))
            .collect::<Vec<_>>(),
    });
    respond::json(request, StatusCode::MULTI_STATUS, &body)
}
