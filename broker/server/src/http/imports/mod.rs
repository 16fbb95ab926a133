//! `/imports`: files are sent, previewed and published. The same addresses answer programs in JSON and people in HTML.

mod describe;
mod receive;
mod table;
mod told;
mod who;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION, RETRY_AFTER, VARY};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use hiroba_vocab::Datasets;
use serde_json::{Value, json};

use super::problem::{HttpError, Result};
use super::request::accept::pick;
use super::request::params::Params;
use super::request::{Names, body, owner, path_part, vocabulary};
use super::respond;
use crate::explorer::upload;
use crate::service::imports::{Action, Import, Outcome, Stage, Task};
use crate::state::AppState;
pub use table::{corrected, report};
use told::{Told, words};
pub(super) use who::checks_by_itself;

/// How long a client waits for the result before it is told where the result will be. Proxies give up after a minute.
const PATIENCE: Duration = Duration::from_secs(20);
/// How large a form without a file may be, in bytes.
const MAX_FORM: usize = 64 << 10;
const HTML: &str = "text/html";
const VARIES: &str = "Accept, Accept-Language, Cookie, NGSILD-Tenant";

/// `GET /imports`: a form for people; for programs which data sets there are, and how large a file may be.
///
/// # Errors
/// BadRequestData for parameters that are wrong; when the database fails.
pub async fn page(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    if for_people(&request)? {
        return upload::form(request, state, None).await;
    }
    Params::of(&request, &["lang"])?;
    let datasets = Datasets::published().supported().iter();
    let datasets: Vec<Value> =
        datasets.map(|dataset| json!({"dataset": dataset.slug, "title": dataset.title_ja})).collect();
    let body = json!({"datasets": datasets, "maxBytes": state.config.max_upload});
    Ok(varied(respond::json(&request, StatusCode::OK, &body)?))
}

/// `POST /imports`: takes a file, as the body itself or as the part `file` of a form, and publishes it; with
/// `preview=true` it only says what that would do.
///
/// # Errors
/// Unauthorized, CrossOrigin; NotAcceptable; BadRequestData for what is told of the file and for the file itself, with the
/// row; TooLarge; Busy when too many files are here.
pub async fn create(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let people = for_people(&request)?;
    match add(&request, payload, &state).await {
        Ok(import) if people => who::remember(&request, &state, &import, see(&import)),
        Ok(import) => answer(&request, &state, &import).await,
        Err(error) => fail(request, state, people, error).await,
    }
}

async fn add(request: &HttpRequest, payload: Payload, state: &AppState) -> Result<Arc<Import>> {
    who::same_origin(request, state)?;
    let place = owner(request)?;
    let query = Params::of(request, &words(&["filename", "preview"]))?;
    let header = who::has_token(request, state);
    let received = receive::receive(request, payload, state, header).await?;
    let told = Told::of(query.pairs(), &received.fields)?;
    let action = if told.flag("preview")? { Action::Preview } else { Action::Publish };
    let task = Task { tenant: place.tenant, options: told.options()?, gone: told.gone()?, action };
    Ok(state.imports.add(received.arrived, task)?)
}

/// `GET /imports/{id}`: how far it is, and what came of it.
///
/// # Errors
/// Unauthorized for others than who sent the file; NotFound when there is none, or no longer.
pub async fn retrieve(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let people = for_people(&request)?;
    match known(&request, &state) {
        Ok(import) if people => upload::import(request, state, &import).await,
        Ok(import) => {
            Params::of(&request, &["lang"])?;
            let status = if import.stage().is_end() { StatusCode::OK } else { StatusCode::ACCEPTED };
            described(&request, &state, &import, status).await
        }
        Err(error) => fail(request, state, people, error).await,
    }
}

/// `POST /imports/{id}`: previews the file that is here again, as it is told now; with `publish=true` publishes it, with
/// `undo=true` takes that back.
///
/// # Errors
/// Unauthorized, CrossOrigin; NotFound; Conflict when something is being done with it or it is published; BadRequestData.
pub async fn again(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    let people = for_people(&request)?;
    match redo(&request, payload, &state).await {
        Ok(import) if people => Ok(see(&import)),
        Ok(import) => answer(&request, &state, &import).await,
        Err(error) => fail(request, state, people, error).await,
    }
}

async fn redo(request: &HttpRequest, payload: Payload, state: &AppState) -> Result<Arc<Import>> {
    who::same_origin(request, state)?;
    let words = words(&["publish", "undo"]);
    let query = Params::of(request, &words)?;
    let import = known(request, state)?;
    let form = body::bytes(payload, MAX_FORM).await?;
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(&form).into_owned().collect();
    told::all_known(&fields, &words)?;
    let told = Told::of(query.pairs(), &fields)?;
    let before = import.task();
    let action = match (told.flag("publish")?, told.flag("undo")?) {
        (true, true) => return Err(HttpError::bad_request("'publish' and 'undo' exclude each other")),
        (true, false) => Action::Publish,
        (false, true) => Action::Undo,
        (false, false) => Action::Preview,
    };
    // Whoever tells nothing new means what was told before.
    let task = if told.is_empty() {
        Task { action, ..before }
    } else {
        Task { tenant: before.tenant, options: told.options()?, gone: told.gone()?, action }
    };
    state.imports.again(&import, task)?;
    Ok(import)
}

/// `DELETE /imports/{id}`: forgets the file and its report. What was published stays.
///
/// # Errors
/// Unauthorized, CrossOrigin; NotFound.
pub async fn forget(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    who::same_origin(&request, &state)?;
    Params::of(&request, &[])?;
    let import = known(&request, &state)?;
    state.imports.forget(&import.id);
    Ok(HttpResponse::NoContent().finish())
}

/// The import in the path, for whoever may see it.
fn known(request: &HttpRequest, state: &AppState) -> Result<Arc<Import>> {
    let id = path_part(request, "id")?;
    let place = owner(request)?;
    let import = state.imports.get(&id).filter(|import| import.task().tenant == place.tenant);
    // Whether there is one is told to nobody without a right to know.
    if !who::may_see(request, state, import.as_deref()) {
        return Err(HttpError::Unauthorized);
    }
    import.ok_or_else(|| HttpError::NotFound(request.path().to_owned()))
}

/// The result, if it is there in time; else where it will be.
async fn answer(request: &HttpRequest, state: &AppState, import: &Import) -> Result<HttpResponse> {
    let asynchronous = request.headers().get_all("prefer").any(|value| {
        value.to_str().is_ok_and(|text| text.split([',', ';']).any(|part| part.trim() == "respond-async"))
    });
    if !asynchronous {
        // Running out of time is no failure.
        let _ = tokio::time::timeout(PATIENCE, import.ended()).await;
    }
    let outcome = import.outcome().filter(|_| import.stage().is_end());
    let status = match outcome.as_deref() {
        None => StatusCode::ACCEPTED,
        Some(Outcome::Failed(failure)) => return located(HttpError::from(failure).error_response(), import),
        Some(outcome) if describe::is_new(outcome) => StatusCode::CREATED,
        Some(_) => StatusCode::OK,
    };
    located(described(request, state, import, status).await?, import)
}

async fn described(
    request: &HttpRequest,
    state: &AppState,
    import: &Import,
    status: StatusCode,
) -> Result<HttpResponse> {
    let names = Names::resolve(vocabulary(request, state), request, state).await?;
    let mut response = respond::json(request, status, &describe::import(import, &names.context))?;
    if matches!(import.stage(), Stage::Waiting | Stage::Running) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    Ok(varied(response))
}

fn located(mut response: HttpResponse, import: &Import) -> Result<HttpResponse> {
    if let Ok(location) = HeaderValue::from_str(&format!("/imports/{}", import.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Leads a browser to the page of an import.
fn see(import: &Import) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, format!("/imports/{}", import.id))).finish()
}

/// The error as a page for people: the form once more, with what is wrong.
async fn fail(request: HttpRequest, state: Data<AppState>, people: bool, error: HttpError) -> Result<HttpResponse> {
    if people { upload::form(request, state, Some(error)).await } else { Err(error) }
}

fn for_people(request: &HttpRequest) -> Result<bool> {
    let chosen = pick(request, &["application/json", HTML]);
    chosen.map(|media| media == HTML).ok_or(HttpError::NotAcceptable("application/json, text/html"))
}

fn varied(mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(VARY, HeaderValue::from_static(VARIES));
    // Reports are for who sent the file.
    response.headers_mut().insert(actix_web::http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
