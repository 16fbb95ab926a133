//! `/subscriptions` and `/subscriptions/{id}` (6.10, 6.11), and what was given up of their notifications.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use hiroba_store::{DeadLetter, Replay};
use hiroba_vocab::Iri;
use ngsild::subscription::{Fragment, Subject, Use};
use ngsild::{Error, ErrorKind};
use serde_json::{Value, json};

use super::datasets;
use super::problem::{HttpError, Result};
use super::request::body::{self, ContentType};
use super::request::params::Params;
use super::request::query::page;
use super::request::representation::sys_attrs;
use super::request::{Names, accept, base_url, path_part, tenant};
use super::respond::{self, Answering, created, empty, paging, segment, serialize};
use crate::service::subscriptions::crud::{self, Wish};
use crate::service::{Place, existing_tenant};
use crate::state::AppState;

/// How large the body of a subscription may be, in bytes.
const MAX_BODY: usize = 1 << 20;
/// How many numbers of dead letters one request may name.
const MAX_NUMBERS: usize = 1_000;

/// Create Subscription (6.10.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn create(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    create_about(Subject::Entities, request, payload, state).await
}

/// Query Subscriptions (6.10.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn list(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    list_about(Subject::Entities, request, state).await
}

/// Retrieve Subscription (6.11.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn retrieve(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    retrieve_about(Subject::Entities, request, state).await
}

/// Update Subscription (6.11.3.2).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn update(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    update_about(Subject::Entities, request, payload, state).await
}

/// Delete Subscription (6.11.3.3).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn delete(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    delete_about(Subject::Entities, request, state).await
}

/// [`create`] about something.
pub(super) async fn create_about(
    subject: Subject,
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse> {
    let (place, fragment, names) = fragment(&request, payload, &state, (subject, Use::Create)).await?;
    let base = base_url(&request, &state);
    let wish = Wish { subject, fragment, place: &place, user: &names.user, base: &base };
    let id = crud::create_subscription(&state, wish).await?;
    let resource = match subject {
        Subject::Entities => "subscriptions",
        Subject::Registrations => "csourceSubscriptions",
    };
    created(&request, &format!("/ngsi-ld/v1/{resource}/{}", segment(id.as_str())))
}

/// [`list`] about something.
pub(super) async fn list_about(subject: Subject, request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let place = place(&request, subject)?;
    let params = Params::of(&request, &["limit", "offset", "count", "options"])?;
    let (page, sys_attrs) = (page(&params, &state.config)?, sys_attrs(&params)?);
    let names = Names::of_header(&request, &state).await?;
    let tenant = existing_tenant(&state, &place).await?;
    let listed = crud::query_subscriptions(&state, subject, tenant, page.offset, page.limit).await?;
    let total = if page.count { Some(state.store.count_subscriptions_about(tenant, subject).await?) } else { None };
    let subscriptions = listed.subscriptions.iter();
    let body = subscriptions.map(|described| Value::Object(described.to_json(sys_attrs, &names.context))).collect();
    let answering = Answering { request: &request, state: &state, tenant, media, names: &names };
    let body = answering.with_context(body);
    let mut response = answering.begin(StatusCode::OK).await?;
    paging(&request, &mut response, page, total, listed.more);
    Ok(response.body(serialize(&body)?))
}

/// [`retrieve`] about something.
pub(super) async fn retrieve_about(
    subject: Subject,
    request: HttpRequest,
    state: Data<AppState>,
) -> Result<HttpResponse> {
    let media = accept::plain(&request)?;
    let place = place(&request, subject)?;
    let sys_attrs = sys_attrs(&Params::of(&request, &["options"])?)?;
    let id = subscription_id(&request)?;
    let names = Names::of_header(&request, &state).await?;
    let tenant = existing_tenant(&state, &place).await?;
    let described = crud::retrieve_subscription(&state, subject, tenant, &id).await?;
    let answering = Answering { request: &request, state: &state, tenant, media, names: &names };
    answering.document(StatusCode::OK, Value::Object(described.to_json(sys_attrs, &names.context))).await
}

/// [`update`] about something.
pub(super) async fn update_about(
    subject: Subject,
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse> {
    let (place, fragment, names) = fragment(&request, payload, &state, (subject, Use::Update)).await?;
    let id = subscription_id(&request)?;
    let tenant = existing_tenant(&state, &place).await?;
    let base = base_url(&request, &state);
    let wish = Wish { subject, fragment, place: &place, user: &names.user, base: &base };
    crud::update_subscription(&state, tenant, &id, wish).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// [`delete`] about something.
pub(super) async fn delete_about(
    subject: Subject,
    request: HttpRequest,
    state: Data<AppState>,
) -> Result<HttpResponse> {
    let place = place(&request, subject)?;
    Params::of(&request, &[])?;
    let id = subscription_id(&request)?;
    let tenant = existing_tenant(&state, &place).await?;
    crud::delete_subscription(&state, subject, tenant, &id).await?;
    empty(&request, StatusCode::NO_CONTENT)
}

/// `GET /subscriptions/{id}/deadLetters?after=NUMBER&limit=N`: the oldest first.
///
/// # Errors
/// BadRequestData for parameters that are wrong; ResourceNotFound without such a subscription; when the database fails.
pub async fn dead_letters(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    accept::plain(&request)?;
    let place = tenant(&request)?;
    let params = Params::of(&request, &["after", "limit"])?;
    let after = datasets::number(&params, "after")?.unwrap_or(0);
    let limit = datasets::limit(&params)?;
    let id = subscription_id(&request)?;
    let tenant = existing_tenant(&state, &place).await?;
    let found = crud::dead_letters(&state, tenant, &id, after, limit).await?;
    let next = found.letters.last().filter(|_| found.more).map(|last| ("after", last.number.to_string()));
    let letters: Vec<Value> = found.letters.iter().map(letter).collect();
    let body = json!({"waiting": found.waiting, "lost": found.lost, "deadLetters": letters});
    datasets::page(&request, respond::json(&request, StatusCode::OK, &body)?, limit, next)
}

/// `POST /subscriptions/{id}/deadLetters/replay`: those with the `numbers` of the body, without a body all of them.
///
/// # Errors
/// BadRequestData for a body that is wrong; ResourceNotFound without such a subscription; when the database fails.
pub async fn replay(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let place = tenant(&request)?;
    Params::of(&request, &[])?;
    let id = subscription_id(&request)?;
    let body = body::bytes(payload, MAX_BODY).await?;
    let which = if body.is_empty() {
        Replay::All
    } else {
        ContentType::of(&request)?;
        wanted(&body::parse(&body)?)?
    };
    let tenant = existing_tenant(&state, &place).await?;
    let replayed = crud::replay(&state, tenant, &id, which).await?;
    respond::json(&request, StatusCode::OK, &json!({"replayed": replayed}))
}

/// Reads a request with a body up to what it says of a subscription.
async fn fragment(
    request: &HttpRequest,
    payload: Payload,
    state: &AppState,
    (subject, r#use): (Subject, Use),
) -> Result<(Place, Fragment, Names)> {
    let content = ContentType::of(request)?;
    let place = place(request, subject)?;
    Params::of(request, &[])?;
    if r#use == Use::Update {
        subscription_id(request)?;
    }
    let document = body::json(payload, MAX_BODY).await?;
    let names = content.names(&document, request, state).await?;
    let fragment = Fragment::read(&document, r#use, &names.context)?;
    Ok((place, fragment, names))
}

/// The tenant that a request is about, and the snapshot if it is about one.
fn place(request: &HttpRequest, subject: Subject) -> Result<Place> {
    let place = tenant(request)?;
    if subject == Subject::Registrations && place.snapshot.is_some() {
        let detail = "registrations are a tenant's, snapshots have none: leave out the header NGSILD-Snapshot";
        return Err(Error::new(ErrorKind::OperationNotSupported, detail).into());
    }
    Ok(place)
}

/// The subscription's id in the path.
fn subscription_id(request: &HttpRequest) -> Result<Iri> {
    Ok(Iri::parse(&path_part(request, "id")?).map_err(Error::from)?)
}

fn letter(letter: &DeadLetter) -> Value {
    let DeadLetter { number, at, attempts, given_up_at, error, payload } = letter;
    let notification = serde_json::from_str(payload).unwrap_or_else(|_| Value::from(payload.as_str()));
    json!({
        "number": number, "at": at, "attempts": attempts, "givenUpAt": given_up_at, "error": error,
        "notification": notification,
    })
}

/// Which dead letters a body names: `{"numbers": [1, 2]}`; `{}` for all.
fn wanted(body: &Value) -> Result<Replay> {
    let wrong = || {
        let detail =
            format!("the body is {{\"numbers\": […]}} with 1 to {MAX_NUMBERS} numbers of dead letters, or {{}}");
        HttpError::from(Error::bad_request(detail).at("/numbers"))
    };
    let members = body.as_object().filter(|members| members.keys().all(|name| name == "numbers")).ok_or_else(wrong)?;
    let Some(numbers) = members.get("numbers") else { return Ok(Replay::All) };
    let numbers = numbers.as_array().filter(|numbers| (1..=MAX_NUMBERS).contains(&numbers.len())).ok_or_else(wrong)?;
    Ok(Replay::Numbers(numbers.iter().map(|number| number.as_i64().ok_or_else(wrong)).collect::<Result<_>>()?))
}
