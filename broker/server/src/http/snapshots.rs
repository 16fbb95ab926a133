//! `/snapshots`, `/snapshots/{id}` and `/snapshots/{id}/clone` (6.36 to 6.38). They are about the snapshots of a tenant,
//! whatever the header `NGSILD-Snapshot` says.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use hiroba_store::TenantId;
use hiroba_vocab::Iri;
use ngsild::Error;
use ngsild::jsonld::Context;
use ngsild::snapshot::{SnapshotFilter, SnapshotFragment, Use};
use serde_json::{Value, json};

use super::problem::{Result, problem_details};
use super::request::accept::{self, Media};
use super::request::body::{self, ContentType};
use super::request::params::Params;
use super::request::snapshot::{check_queries, read_query, read_temporal_query};
use super::request::{Names, base_url, owner, path_part};
use super::respond::{self, Answering, created, empty, segment};
use crate::service::snapshots::{self, Binding, Described, Purged, Wish};
use crate::service::{Place, existing_tenant};
use crate::state::AppState;

/// How snapshots read and tell what clients read and tell.
pub const BINDING: Binding = Binding { read_query, read_temporal_query, problem_details };

/// How large the body of a snapshot may be, in bytes.
const MAX_BODY: usize = 1 << 20;

/// Create Snapshot (6.36.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn create(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let (place, fragment, names) = fragment(&request, payload, &state, Use::Create).await?;
    check_queries(&fragment, &names.context, &state.config)?;
    let tenant = existing_tenant(&state, &place).await?;
    let wish = Wish { fragment, tenant: &place.tenant, user: &names.user, base: base_url(&request, &state) };
    let id = snapshots::create_snapshot(&state, tenant, wish).await?;
    created(&request, &path(&id))
}

/// Retrieve Snapshot Status (6.37.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn retrieve(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let place = owner(&request)?;
    Params::of(&request, &[])?;
    let id = snapshot_id(&request)?;
    let tenant = existing_tenant(&state, &place).await?;
    let described = snapshots::retrieve_snapshot(&state, tenant, &id).await?;
    answer(&request, &state, tenant, media, described).await
}

/// Update Snapshot Status (6.37.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn update(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request).unwrap_or(Media::Json);
    let (place, fragment, _) = fragment(&request, payload, &state, Use::Update).await?;
    let id = snapshot_id(&request)?;
    let tenant = existing_tenant(&state, &place).await?;
    let described = snapshots::update_snapshot(&state, tenant, &id, &fragment).await?;
    answer(&request, &state, tenant, media, described).await
}

/// Delete Snapshot (6.37.3.3).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn delete(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let place = owner(&request)?;
    Params::of(&request, &[])?;
    let id = snapshot_id(&request)?;
    let tenant = existing_tenant(&state, &place).await?;
    snapshots::delete_snapshot(&state, tenant, &id).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// Clone Snapshot (6.38.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn clone(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let (place, fragment, _) = fragment(&request, payload, &state, Use::Clone).await?;
    let source = snapshot_id(&request)?;
    let tenant = existing_tenant(&state, &place).await?;
    let id = snapshots::clone_snapshot(&state, tenant, &source, fragment).await?;
    created(&request, &path(&id))
}

/// Purge Snapshots (6.36.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn purge(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let place = owner(&request)?;
    let params = Params::of(&request, &["q"])?;
    let q = params.get("q").ok_or_else(|| Error::bad_request("the snapshots to delete are named by q").at("q"))?;
    let filter = SnapshotFilter::parse(q)?;
    let tenant = existing_tenant(&state, &place).await?;
    let purged = snapshots::purge_snapshots(&state, tenant, &filter).await?;
    purge_result(&request, purged)
}

/// Reads a request with a body up to what it says of a snapshot.
async fn fragment(
    request: &HttpRequest,
    payload: Payload,
    state: &AppState,
    r#use: Use,
) -> Result<(Place, SnapshotFragment, Names)> {
    let content = ContentType::of(request)?;
    let place = owner(request)?;
    Params::of(request, &[])?;
    if r#use != Use::Create {
        snapshot_id(request)?;
    }
    let document = body::json(payload, MAX_BODY).await?;
    let names = content.names(&document, request, state).await?;
    Ok((place, SnapshotFragment::read(&document, r#use)?, names))
}

/// The snapshot's id in the path.
fn snapshot_id(request: &HttpRequest) -> Result<Iri> {
    Ok(Iri::parse(&path_part(request, "id")?).map_err(Error::from)?)
}

fn path(id: &Iri) -> String {
    format!("/ngsi-ld/v1/snapshots/{}", segment(id.as_str()))
}

/// A snapshot with the @context that it was created with: the names in its queries go by that.
async fn answer(
    request: &HttpRequest,
    state: &AppState,
    tenant: TenantId,
    media: Media,
    described: Described,
) -> Result<HttpResponse> {
    let Described { snapshot, user } = described;
    let names = Names { user, context: Arc::new(Context::core()), fingerprint: 0 };
    let answering = Answering { request, state, tenant, media, names: &names };
    answering.document(StatusCode::OK, Value::Object(snapshot.to_json())).await
}

/// 204, or 207 with BatchOperationResult (5.2.16) when some could not be deleted.
fn purge_result(request: &HttpRequest, purged: Purged) -> Result<HttpResponse> {
    let Purged { success, errors } = purged;
    if errors.is_empty() {
        return empty(request, StatusCode::NO_CONTENT);
    }
    // The member's name is the standard's, whatever the element is.
    let error = |(id, error)| json!({"entityId": id, "error": problem_details(error)});
    let errors: Vec<Value> = errors.into_iter().map(error).collect();
    respond::json(request, StatusCode::MULTI_STATUS, &json!({"success": success, "errors": errors}))
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use actix_web::test::TestRequest;
    use hiroba_store::StoreError;

    use super::*;

    #[actix_web::test]
    async fn a_purge_that_fails_in_part_tells_of_each() {
        let request = TestRequest::default().to_http_request();
        let id = |n: u8| Iri::from_expanded(format!("urn:x:{n}"));
        let unavailable = StoreError::Unavailable("10.0.0.1 is down".to_owned());
        let purged = Purged { success: vec![id(1)], errors: vec![(id(2), unavailable.into())] };
        let response = purge_result(&request, purged).unwrap();
        assert_eq!(response.status(), StatusCode::MULTI_STATUS);
        let body: Value = serde_json::from_slice(&to_bytes(response.into_body()).await.unwrap()).unwrap();
        assert_eq!((&body["success"], &body["errors"][0]["entityId"]), (&json!(["urn:x:1"]), &json!("urn:x:2")));
        assert_eq!(body["errors"][0]["error"]["status"], 503);
        assert!(!body.to_string().contains("10.0.0.1"), "addresses stay in the log");
        let all = purge_result(&request, Purged { success: vec![id(1)], errors: Vec::new() }).unwrap();
        assert_eq!(all.status(), StatusCode::NO_CONTENT);
    }
}
