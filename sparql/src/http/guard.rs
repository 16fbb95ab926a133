//! What happens around every request: an id, a log line, counters, CORS.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderValue,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use hiroba_serving::requests::{REQUEST_ID, RequestLabels, request_id};

use crate::state::AppState;

/// What pages of other servers may read of an answer.
const EXPOSED: &str = "Hiroba-Position, NGSILD-Tenant, Retry-After, X-Request-Id";

/// Runs a request inside its guard. Everything here only reads, so every page may ask.
pub(super) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = std::time::Instant::now();
    let state = request.app_data::<Data<AppState>>().cloned();
    let id = request_id(&request);
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    if method == Method::OPTIONS {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, OPTIONS"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    }
    if let Some(state) = state {
        let labels = RequestLabels::new(&method, response.request().match_pattern(), response.status());
        state.metrics.requests.get_or_create(&labels).inc();
    }
    let status = response.status().as_u16();
    // To the beginning of the answer; how long queries take to their end is a metric.
    let ms = started.elapsed().as_secs_f64() * 1_000.0;
    tracing::info!(target: "access", id, %method, path, status, ms, "request");
    Ok(response)
}
