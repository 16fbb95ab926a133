//! `/entities/{id}/attrs` and `/entities/{id}/attrs/{attr}` (6.6, 6.7).

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use hiroba_vocab::DatasetId;
use ngsild::Error;
use ngsild::read::{Nulls, Reader};
use ngsild::write::{InstanceSelector, Written};
use serde_json::{Value, json};

use super::entities::target;
use super::problem::Result;
use super::request::body::{self, ContentType};
use super::request::params::Params;
use super::request::{Names, attribute_name, path_part, tenant};
use super::respond::{self, empty};
use crate::service::entities::{self, Deleted, Target};
use crate::service::existing_tenant;
use crate::state::AppState;

/// What a request with a body about attributes says.
struct Change {
    names: Names,
    document: Value,
    target: Target,
    params: Params,
}

async fn read(request: &HttpRequest, payload: Payload, state: &AppState, known: &[&str]) -> Result<Change> {
    let content = ContentType::of(request)?;
    let tenant = tenant(request)?;
    let params = Params::of(request, known)?;
    params.flag("local")?;
    let document = body::json(payload, state.config.max_body).await?;
    let names = content.names(&document, request, state).await?;
    let target = target(request, &params, &names, existing_tenant(state, &tenant).await?)?;
    Ok(Change { names, document, target, params })
}

/// Append Attributes (6.6.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn append(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let change = read(&request, payload, &state, &["type", "options", "local"]).await?;
    let overwrite = match change.params.get("options") {
        None | Some("") => true,
        Some("noOverwrite") => false,
        Some(other) => return Err(Error::invalid_request(format!("unknown option '{other}'")).at("options").into()),
    };
    let fragment = Reader { context: &change.names.context, nulls: Nulls::Refused }.fragment(change.document)?;
    fragment.check_id(&change.target.id)?;
    let written = entities::append_attributes(&state, &change.target, fragment, overwrite).await?;
    update_result(&request, &written)
}

/// Update Attributes (6.6.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn update(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let change = read(&request, payload, &state, &["type", "local"]).await?;
    let fragment = Reader { context: &change.names.context, nulls: Nulls::Members }.fragment(change.document)?;
    fragment.check_id(&change.target.id)?;
    let written = entities::update_attributes(&state, &change.target, fragment).await?;
    update_result(&request, &written)
}

/// Partial Attribute Update (6.7.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn partial_update(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let change = read(&request, payload, &state, &["type", "local"]).await?;
    let name = attribute_name(&request, &change.names.context)?;
    let fragment = Reader { context: &change.names.context, nulls: Nulls::Members }.attribute(change.document)?;
    entities::partial_attribute_update(&state, &change.target, &name, fragment).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// Replace Attribute (6.7.3.3).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn replace(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let change = read(&request, payload, &state, &["type", "local"]).await?;
    let name = attribute_name(&request, &change.names.context)?;
    let fragment = Reader { context: &change.names.context, nulls: Nulls::Refused }.attribute(change.document)?;
    entities::replace_attribute(&state, &change.target, &name, fragment).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// Delete Attribute (6.7.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn delete(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let tenant = tenant(&request)?;
    let params = Params::of(&request, &["type", "datasetId", "deleteAll", "local"])?;
    params.flag("local")?;
    let which = match (params.flag("deleteAll")?.unwrap_or(false), params.get("datasetId")) {
        (true, _) => InstanceSelector::All,
        (false, None | Some(DatasetId::NONE)) => InstanceSelector::Default,
        (false, Some(id)) => {
            InstanceSelector::Dataset(DatasetId::parse(id).map_err(|e| Error::from(e).at("datasetId"))?)
        }
    };
    let names = Names::of_header(&request, &state).await?;
    let what = match path_part(&request, "attr")?.as_str() {
        "scope" => Deleted::Scope,
        _ => Deleted::Attribute(attribute_name(&request, &names.context)?, which),
    };
    let target = target(&request, &params, &names, existing_tenant(&state, &tenant).await?)?;
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
