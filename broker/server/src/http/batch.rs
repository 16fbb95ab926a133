//! `/entityOperations/*` but `query` (6.14 to 6.17, 6.31).

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt;
use hiroba_vocab::EntityId;
use ngsild::Error;
use ngsild::read::{Nulls, Reader};
use serde_json::{Value, json};

use super::problem::{HttpError, Result, details};
use super::request::array::ArraySplitter;
use super::request::body::ContentType;
use super::request::params::Params;
use super::request::{Names, tenant};
use super::respond::{self, empty};
use crate::service::batch::{BatchOperation, BatchResult, Element, run};
use crate::service::{existing_tenant, implicit_tenant};
use crate::state::AppState;

/// Batch Create (6.14.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn create(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    entities(request, payload, state, &[], |_| Ok(BatchOperation::Create)).await
}

/// Batch Upsert (6.15.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn upsert(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    entities(request, payload, state, &["options"], |params| match params.get("options") {
        None | Some("" | "replace") => Ok(BatchOperation::UpsertReplace),
        Some("update") => Ok(BatchOperation::UpsertUpdate),
        Some(other) => Err(Error::invalid_request(format!("unknown option '{other}'")).at("options").into()),
    })
    .await
}

/// Batch Update (6.16.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn update(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    entities(request, payload, state, &["options"], |params| match params.get("options") {
        None | Some("") => Ok(BatchOperation::Update { overwrite: true }),
        Some("noOverwrite") => Ok(BatchOperation::Update { overwrite: false }),
        Some(other) => Err(Error::invalid_request(format!("unknown option '{other}'")).at("options").into()),
    })
    .await
}

/// Batch Merge (6.31.3.1).
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn merge(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    entities(request, payload, state, &[], |_| Ok(BatchOperation::Merge)).await
}

/// Batch Delete (6.17.3.1): an array of ids.
///
/// # Errors
/// As the operation, and for what is wrong with the request.
pub async fn delete(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse> {
    ContentType::of(&request)?;
    let tenant = tenant(&request)?;
    Params::of(&request, &["local"])?.flag("local")?;
    let values = array(payload, state.config.max_batch_body).await?;
    let elements = values.into_iter().map(|value| match value {
        Value::String(text) => match EntityId::parse(&text) {
            Ok(id) => Ok(Element { id: Some(id), fragment: Ok(None) }),
            Err(error) => Ok(Element { id: None, fragment: Err(error.into()) }),
        },
        _ => Err(HttpError::bad_request("a batch delete is an array of entity ids")),
    });
    let elements: Vec<Element> = elements.collect::<Result<_>>()?;
    let tenant = existing_tenant(&state, &tenant).await?;
    let result = run(&state, tenant, BatchOperation::Delete, elements).await?;
    answer(&request, BatchOperation::Delete, &result)
}

async fn entities(
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
    known: &[&str],
    operation: impl FnOnce(&Params) -> Result<BatchOperation>,
) -> Result<HttpResponse> {
    let content = ContentType::of(&request)?;
    let tenant = tenant(&request)?;
    let params = Params::of(&request, &[known, &["local"]].concat())?;
    params.flag("local")?;
    let operation = operation(&params)?;
    let values = array(payload, state.config.max_batch_body).await?;
    let nulls = match operation {
        BatchOperation::Create | BatchOperation::UpsertReplace | BatchOperation::Update { .. } => Nulls::Refused,
        BatchOperation::UpsertUpdate => Nulls::Members,
        BatchOperation::Merge | BatchOperation::Delete => Nulls::Anywhere,
    };
    let mut elements = Vec::with_capacity(values.len());
    // Most batches use one @context throughout: resolve it once.
    let mut last: Option<(Option<Value>, Names)> = None;
    for value in values {
        let id = value.get("id").or_else(|| value.get("@id")).and_then(Value::as_str);
        let id = id.and_then(|id| EntityId::parse(id).ok());
        let context = value.get("@context");
        let known = last.as_ref().filter(|(known, _)| known.as_ref() == context).map(|(_, names)| names.clone());
        let names = match known {
            Some(names) => Ok(names),
            None => content.names(&value, &request, &state).await,
        };
        let names = match names {
            Ok(names) => names,
            // A wrong @context is the element's fault; one that cannot be had fails the batch: it may come back.
            Err(HttpError::Service(crate::service::ServiceError::Ngsild(error)))
                if error.kind == ngsild::ErrorKind::BadRequestData && content == ContentType::LdJson =>
            {
                elements.push(Element { id, fragment: Err(error) });
                continue;
            }
            Err(error) => return Err(error),
        };
        let context = context.cloned();
        let fragment = Reader { context: &names.context, nulls }.fragment(value).map(Some);
        elements.push(Element { id, fragment });
        last = Some((context, names));
    }
    let creates =
        matches!(operation, BatchOperation::Create | BatchOperation::UpsertReplace | BatchOperation::UpsertUpdate);
    let tenant =
        if creates { implicit_tenant(&state, &tenant).await? } else { existing_tenant(&state, &tenant).await? };
    let result = run(&state, tenant, operation, elements).await?;
    answer(&request, operation, &result)
}

/// The elements of the array in a body, taken apart while it arrives. Nothing is done before all of it is read.
async fn array(mut payload: Payload, limit: usize) -> Result<Vec<Value>> {
    let mut splitter = ArraySplitter::default();
    let mut values = Vec::new();
    let mut size = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|e| HttpError::Payload(e.to_string()))?;
        size += chunk.len();
        if size > limit {
            return Err(HttpError::TooLarge(limit));
        }
        splitter.push(&chunk, |value| {
            if value.is_null() {
                return Err(Error::bad_request("null is no element").at(format!("/{}", values.len())).into());
            }
            values.push(value);
            Ok(())
        })?;
    }
    splitter.finish()?;
    if values.is_empty() { Err(HttpError::bad_request("a batch has at least one element")) } else { Ok(values) }
}

/// The status for a batch: plain when all went well, else 207 with BatchOperationResult (5.2.16).
fn answer(request: &HttpRequest, operation: BatchOperation, result: &BatchResult) -> Result<HttpResponse> {
    if !result.errors.is_empty() {
        let errors = result.errors.iter().map(|(id, error)| {
            // An element without a usable id is told by an empty one: the member is mandatory.
            json!({"entityId": id.as_ref().map_or("", EntityId::as_str), "error": details(error)})
        });
        let body = json!({"success": result.success, "errors": errors.collect::<Vec<_>>()});
        return respond::json(request, StatusCode::MULTI_STATUS, &body);
    }
    match operation {
        BatchOperation::Create => respond::json(request, StatusCode::CREATED, &result.success),
        BatchOperation::UpsertReplace | BatchOperation::UpsertUpdate if !result.created.is_empty() => {
            respond::json(request, StatusCode::CREATED, &result.created)
        }
        _ => empty(request, StatusCode::NO_CONTENT),
    }
}
