//! The change feed (`/changes`) and the snapshot to start from (`/changes/snapshot`), as lines of JSON.
//!
//! A reader that starts from nothing takes the snapshot, which begins with a position, and then asks for changes after
//! that position, and after the last one it has seen, for ever. It may see a change twice, never miss one.

use std::time::Duration;

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use hiroba_store::{Position, StoreError, Stored};
use ngsild::change::Operation;
use ngsild::jsonld::Context;
use ngsild::render::{EntityDocument, Form, Rendering};
use serde::Serialize;
use serde_json::{Value, json};

use super::problem::{HttpError, Result};
use super::request::params::Params;
use super::respond::serialize;
use crate::service::ServiceError;
use crate::service::changes::{Told, changes};
use crate::state::AppState;

const NDJSON: &str = "application/x-ndjson";
/// How many changes one answer holds at most, and how long it may be waited for.
const MAX_CHANGES: usize = 5_000;
const MAX_WAIT: usize = 60;
/// How many entities are read at a time for a snapshot.
const SCAN: usize = 1_000;

/// `GET /changes?after=POSITION&limit=N&wait=SECONDS`.
///
/// # Errors
/// BadRequestData for parameters that are wrong; LogForgotten for a position that this log has not come to, since the server
/// was restored from a backup; when the database fails.
pub async fn feed(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    let params = Params::of(&request, &["after", "limit", "wait"])?;
    let after = params.get("after").map_or(Ok(Position::default()), str::parse);
    let after = after.map_err(|e| HttpError::bad_request(format!("after: {e}")))?;
    let limit = params.number("limit")?.unwrap_or(1_000).clamp(1, MAX_CHANGES);
    let wait = Duration::from_secs(params.number("wait")?.unwrap_or(0).min(MAX_WAIT) as u64);
    if after > state.store.head().await? {
        return Err(ServiceError::LogForgotten(after).into());
    }
    let told = changes(&state, after, limit, wait).await?;
    let mut body = Vec::new();
    for change in &told {
        body.extend(line(&change_line(change))?);
    }
    Ok(HttpResponse::Ok().content_type(NDJSON).insert_header(("Cache-Control", "no-store")).body(body))
}

/// `GET /changes/snapshot`: a position, every entity, and a line that says that this was all.
///
/// # Errors
/// When the database fails before the first line. Later, the last line is missing.
pub async fn snapshot(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse> {
    Params::of(&request, &[])?;
    let position = state.store.head().await?;
    let tenants = state.store.tenants().await?;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, StoreError>>(4);
    let store = state.store.clone();
    actix_web::rt::spawn(async move {
        let tenant_name = |id| tenants.iter().find(|(known, _)| *known == id).map_or("", |(_, name)| name.as_str());
        let (mut after, mut count) = (0, 0_u64);
        let mut page = line(&json!({"position": position.to_string()})).unwrap_or_default();
        loop {
            let rows = match store.scan(after, SCAN).await {
                Ok(rows) => rows,
                Err(error) => {
                    // The reader may be gone; then nobody misses it.
                    let _ = sender.send(Err(error)).await;
                    return;
                }
            };
            for (seq, tenant, stored) in &rows {
                after = *seq;
                count += 1;
                let entity = shown(stored);
                page.extend(line(&Snapshot { tenant: tenant_name(*tenant), entity }).unwrap_or_default());
            }
            if rows.is_empty() {
                page.extend(line(&json!({"end": true, "entities": count})).unwrap_or_default());
            }
            let sent = sender.send(Ok(Bytes::from(std::mem::take(&mut page)))).await;
            if rows.is_empty() || sent.is_err() {
                return;
            }
        }
    });
    let stream = futures_util::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|item| (item, receiver))
    });
    Ok(HttpResponse::Ok().content_type(NDJSON).insert_header(("Cache-Control", "no-store")).streaming(stream))
}

#[derive(Serialize)]
struct Snapshot<'e> {
    tenant: &'e str,
    entity: Value,
}

fn change_line(told: &Told) -> Value {
    let record = &told.record;
    let operation = match record.change.operation {
        Operation::Created => "created",
        Operation::Updated => "updated",
        Operation::Deleted => "deleted",
    };
    let mut attributes: Vec<&str> = record.change.attributes.iter().map(|change| change.name.as_str()).collect();
    attributes.dedup();
    json!({
        "position": record.position.to_string(),
        "at": record.at,
        "tenant": record.tenant,
        "id": record.entity,
        "operation": operation,
        "types": record.change.types,
        "attributes": attributes,
        "entity": told.entity.as_ref().map(shown),
    })
}

/// An entity as the feed shows it: normalized, with expanded names and system members.
fn shown(stored: &Stored) -> Value {
    let context = Context::core();
    let rendering = Rendering { sys_attrs: true, ..Rendering::whole(&context, Form::Normalized) };
    let document = EntityDocument { entity: &stored.entity, rendering, embedded_context: None };
    ngsild::render::json(&document)
}

fn line(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut line = serialize(value)?;
    line.push(b'\n');
    Ok(line)
}
