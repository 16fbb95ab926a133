//! What the operator and monitoring ask: `/health`, `/ready`, `/metrics`, `/version`, `/openapi.json`.

use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::problem::Result;
use crate::service::subscriptions;
use crate::state::AppState;

/// The contract, as it is written.
pub const OPENAPI_YAML: &str = include_str!("../../../../openapi.yaml");

/// How long the sidecar may take to say that it lives.
const SIDECAR_PATIENCE: Duration = Duration::from_secs(2);

/// How long the database may take to say how much waits for receivers.
const BACKLOG_PATIENCE: Duration = Duration::from_secs(2);

/// `/health`: the process lives.
pub async fn health() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// `/ready`: requests can be answered. A missing SPARQL sidecar degrades, it does not stop.
pub async fn ready(state: Data<AppState>) -> HttpResponse {
    let draining = state.draining.load(Ordering::Relaxed);
    let database = state.store.ping().await;
    let sparql = match (&state.sidecar, &state.config.sparql) {
        (Some(client), Some(url)) => {
            let answer = client.get(format!("{url}health")).timeout(SIDECAR_PATIENCE).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) { "ok" } else { "degraded" }
        }
        _ => "not configured",
    };
    let ready = database.is_ok() && !draining;
    let body = json!({
        "status": if draining { "draining" } else if !ready { "unavailable" } else if sparql == "degraded" { "degraded" } else { "ready" },
        "database": if database.is_ok() { "ok" } else { "unavailable" },
        "sparql": sparql,
    });
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.json(body)
}

/// `/metrics` in Prometheus' form.
pub async fn metrics(state: Data<AppState>) -> HttpResponse {
    state.metrics.waiting_writes.set(i64::try_from(state.store.waiting_writes()).unwrap_or(i64::MAX));
    state.metrics.cached_entities.set(state.store.cached_entities());
    // Of a database that does not answer in time, the numbers are those of the last time.
    match tokio::time::timeout(BACKLOG_PATIENCE, subscriptions::backlog(&state)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "cannot tell what waits for receivers"),
        Err(_) => tracing::warn!("cannot tell what waits for receivers: the database takes too long"),
    }
    let text = state.metrics.text();
    HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text)
}

/// `/version`. Clients of the FIWARE family look for the key `orionld version`.
pub async fn version(state: Data<AppState>) -> HttpResponse {
    let version = env!("CARGO_PKG_VERSION");
    HttpResponse::Ok().json(json!({
        "name": "Hiroba",
        "version": version,
        "orionld version": format!("Hiroba {version}"),
        "ngsi-ld": "1.9.1",
        "database": state.store.describe(),
        "uptime": state.started.elapsed().as_secs(),
    }))
}

/// `/openapi.json`: the contract.
pub async fn openapi(_: HttpRequest) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().content_type("application/vnd.oai.openapi+json;version=3.0").json(openapi_document()))
}

/// The contract as JSON.
pub fn openapi_document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_norway::from_str(OPENAPI_YAML).unwrap_or_default());
    &DOCUMENT
}
