//! What the operation and monitoring ask: `/health`, `/ready`, `/metrics`, `/version`.

use std::sync::atomic::Ordering;
use std::time::SystemTime;

use actix_web::HttpResponse;
use actix_web::web::Data;
use ngsild::DateTime;
use serde_json::json;

use crate::state::AppState;

/// `/health`: the process lives, and how far it is. Without a broker it is degraded, not dead.
pub(super) async fn health(state: Data<AppState>) -> HttpResponse {
    let status = state.status.borrow().clone();
    let copy = state.current.get();
    let word = match (&status.position, &status.trouble) {
        _ if state.config.maintenance => "maintenance",
        (None, _) => "no data yet",
        (Some(_), Some(_)) => "degraded",
        (Some(_), None) => "ok",
    };
    HttpResponse::Ok().json(json!({
        "status": word,
        "phase": status.phase.name(),
        "position": copy.as_ref().and_then(|copy| copy.state()).map(|state| state.position.to_string()),
        "caughtUp": status.caught_up && status.trouble.is_none(),
        "lagSeconds": status.lag_seconds(SystemTime::now()),
        "lastChangeAt": status.last_change,
        "refusedEntities": status.refused,
        "tenants": copy.map_or(0, |copy| copy.tenants()),
        "broker": {
            "url": state.config.broker_shown(),
            "reachable": status.trouble.is_none() && status.last_contact.is_some(),
            "lastContactAt": status.last_contact.and_then(date_time),
            "error": status.trouble,
        },
    }))
}

/// `/ready`: queries can be answered.
pub(super) async fn ready(state: Data<AppState>) -> HttpResponse {
    let draining = state.draining.load(Ordering::Relaxed);
    let ready = !draining && state.current.get().is_some();
    let word = if draining { "draining" } else { ["no data yet", "ready"][usize::from(ready)] };
    let mut response = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.json(json!({"status": word}))
}

/// `/metrics` in Prometheus' form.
pub(super) async fn metrics(state: Data<AppState>) -> HttpResponse {
    let now = SystemTime::now();
    let status = state.status.borrow().clone();
    state.metrics.lag.set(status.lag_seconds(now).unwrap_or(-1.0));
    let age = status.last_change.zip(date_time(now)).map_or(-1.0, |(change, now)| {
        let micros = u32::try_from((now.micros() - change.micros()).max(0) / 1_000_000).unwrap_or(u32::MAX);
        f64::from(micros)
    });
    state.metrics.position_age.set(age);
    let text = state.metrics.text();
    HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text)
}

/// `/version`.
pub(super) async fn version(state: Data<AppState>) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "name": "Hiroba SPARQL sidecar",
        "version": env!("CARGO_PKG_VERSION"),
        "sparql": "1.1",
        "shape": crate::quads::shape(),
        "uptime": state.started.elapsed().as_secs(),
    }))
}

fn date_time(at: SystemTime) -> Option<DateTime> {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_micros()).ok().map(DateTime::from_micros)
}
