//! `/info/sourceIdentity` (6.33).

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use ngsild::duration;
use serde_json::json;

use super::problem::Result;
use super::request::params::Params;
use super::request::{Names, accept, owner};
use super::respond::{Answering, segment};
use crate::service::existing_tenant;
use crate::service::identity::source_identity;
use crate::state::AppState;

/// Retrieve Context Source Identity (6.33.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn retrieve(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let place = owner(&request)?;
    Params::of(&request, &[])?;
    let names = Names::of_header(&request, &state).await?;
    let tenant = existing_tenant(&state, &place).await?;
    let identity = source_identity(&state, &place.tenant);
    let answering = Answering { request: &request, state: &state, tenant, media, names: &names };
    let body = json!({
        "id": format!("urn:ngsi-ld:ContextSourceIdentity:{}", segment(&identity.alias.to_string())),
        "type": "ContextSourceIdentity",
        "contextSourceAlias": identity.alias.to_string(),
        "contextSourceUptime": duration::write(identity.uptime),
        "contextSourceTimeAt": identity.at,
    });
    answering.document(StatusCode::OK, body).await
}
