//! `/temporal/entities/{id}/attrs` and what is below it (6.20 to 6.22).

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use ngsild::read::{Nulls, Reader};
use ngsild::temporal::InstanceId;
use ngsild::{Error, ErrorKind};

use crate::http::problem::Result;
use crate::http::request::deletion::{deleted, instances};
use crate::http::request::params::Params;
use crate::http::request::subject::{Change, Subject};
use crate::http::request::{Names, attribute_name, path_part, tenant};
use crate::http::respond::empty;
use crate::service::{now, temporal};
use crate::state::AppState;

/// Add Attributes to Temporal Representation (6.20.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn add(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let Change { names, document, subject, .. } = Change::of(&request, payload, &state, &[], |_| Ok(())).await?;
    let fragment = Reader { context: &names.context, nulls: Nulls::Refused }.temporal(document, now())?;
    fragment.check_id(&subject.id)?;
    let target = subject.target(&state).await?;
    temporal::add_attributes(&state, &target, &fragment).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// Delete Attribute from Temporal Representation (6.21.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn delete(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let tenant = tenant(&request)?;
    let params = Params::of(&request, &["datasetId", "deleteAll", "local"])?;
    params.flag("local")?;
    let which = instances(&params)?;
    let subject = Subject::of(&request, &params, tenant)?;
    let names = Names::of_header(&request, &state).await?;
    let what = deleted(&request, &names, which)?;
    let target = subject.target(&state).await?;
    temporal::delete_attribute(&state, &target, &what).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// Modify Attribute Instance (6.22.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn modify(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let Change { names, document, subject, options: instance } =
        Change::of(&request, payload, &state, &[], |_| instance_id(&request)).await?;
    let name = attribute_name(&request, &names.context)?;
    let fragment = Reader { context: &names.context, nulls: Nulls::Refused }.temporal(document, now())?;
    fragment.check_id(&subject.id)?;
    let new = fragment.single(&name)?;
    let target = subject.target(&state).await?;
    let instance = instance.ok_or_else(unknown_instance)?;
    temporal::modify_instance(&state, &target, &name, instance, &new).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// Delete Attribute Instance (6.22.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn delete_instance(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let tenant = tenant(&request)?;
    let params = Params::of(&request, &["local"])?;
    params.flag("local")?;
    let subject = Subject::of(&request, &params, tenant)?;
    let instance = instance_id(&request)?;
    let names = Names::of_header(&request, &state).await?;
    let name = attribute_name(&request, &names.context)?;
    let target = subject.target(&state).await?;
    let instance = instance.ok_or_else(unknown_instance)?;
    temporal::delete_instance(&state, &target, &name, instance).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// The instance in the path; `None` for a URI that is the id of no instance here.
fn instance_id(request: &HttpRequest) -> Result<Option<InstanceId>> {
    Ok(InstanceId::parse(&path_part(request, "instance")?)?)
}

fn unknown_instance() -> Error {
    Error::new(ErrorKind::ResourceNotFound, "the attribute has no such instance")
}
