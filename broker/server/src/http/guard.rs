//! What happens around every request that was let in: an id, a log line, counters, CORS, the token.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, ORIGIN,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, ResponseError as _};
use hiroba_serving::requests::{REQUEST_ID, RequestLabels, request_id};
use hiroba_serving::secret::{bearer, same};

use super::admission::drain;
use super::problem::HttpError;
use super::request::TENANT;
use crate::state::AppState;

const EXPOSED: &str = "Link, Content-Range, NGSILD-Results-Count, NGSILD-EntityMap, NGSILD-Tenant, NGSILD-Snapshot, \
    Preference-Applied, Location, ETag, Hiroba-Position, X-Request-Id";
const SNAPSHOT_HEADER: HeaderName = HeaderName::from_static("ngsild-snapshot");

/// Runs a request inside its guard.
pub(super) async fn guard(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let Some(state) = request.app_data::<Data<AppState>>().cloned() else {
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    };
    let started = std::time::Instant::now();
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let tenant = request.headers().get(TENANT).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let around = Around::of(&request);
    let mut response = match refuse(&request, &state) {
        Some(error) => {
            drain(request.take_payload()).await;
            request.into_response(error.error_response())
        }
        None => next.call(request).await?.map_into_boxed_body(),
    };
    around.put_on(response.headers_mut());
    let elapsed = started.elapsed();
    let labels = RequestLabels::new(&method, response.request().match_pattern(), response.status());
    state.metrics.requests.get_or_create(&labels).inc();
    state.metrics.duration.observe(elapsed.as_secs_f64());
    let ms = elapsed.as_secs_f64() * 1_000.0;
    let status = response.status().as_u16();
    tracing::info!(target: "access", id = around.id, %method, path, tenant, status, ms, "request");
    Ok(response)
}

/// What every answer carries because of its request, also one that tells what is wrong.
pub(super) struct Around {
    id: String,
    /// What no handler has told is told here (6.3.14).
    tenant: Option<HeaderValue>,
    /// In every answer (6.3.22).
    snapshot: Option<HeaderValue>,
    /// For pages of other servers that read: whether they ask first, and what they may do.
    cross_origin: Option<Option<&'static str>>,
}

impl Around {
    pub(super) fn of(request: &ServiceRequest) -> Self {
        let ngsild = request.path().starts_with("/ngsi-ld/");
        let asks_first = request.method() == Method::OPTIONS;
        let cross_origin = request.headers().contains_key(ORIGIN) && reads(request);
        Self {
            id: request_id(request),
            tenant: if ngsild { tenant_header(request) } else { None },
            snapshot: request.headers().get(SNAPSHOT_HEADER).filter(|_| ngsild).cloned(),
            cross_origin: cross_origin.then(|| asks_first.then(|| allowed_methods(request.path()))),
        }
    }

    pub(super) fn put_on(&self, headers: &mut HeaderMap) {
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            headers.insert(REQUEST_ID, id);
        }
        if let Some(tenant) = self.tenant.clone().filter(|_| !headers.contains_key(TENANT)) {
            headers.insert(HeaderName::from_static("ngsild-tenant"), tenant);
        }
        if let Some(snapshot) = self.snapshot.clone() {
            headers.insert(SNAPSHOT_HEADER, snapshot);
        }
        if let Some(methods) = self.cross_origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
            if let Some(methods) = methods {
                headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
                headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
                headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
            }
        }
    }
}

/// The tenant that a request names, if it is a name.
fn tenant_header(request: &ServiceRequest) -> Option<HeaderValue> {
    let place = super::request::owner(request.request()).ok().filter(|place| !place.tenant.is_default())?;
    HeaderValue::from_str(place.tenant.as_str()).ok()
}

/// Whether only who may write may read: the feed shows all tenants, and subscriptions, snapshots and registrations show the
/// addresses of receivers and sources, and the headers that open them. Looks at the path that is routed: clients may encode
/// any character of it.
fn keeps_secrets(request: &ServiceRequest) -> bool {
    let path = request.match_info().as_str();
    let secret =
        ["/changes", "/subscriptions", "/ngsi-ld/v1/subscriptions", "/ngsi-ld/v1/snapshots", "/ngsi-ld/v1/csource"];
    request.method() != Method::OPTIONS && secret.iter().any(|prefix| path.starts_with(prefix))
}

/// What is refused before anybody looks at the request.
fn refuse(request: &ServiceRequest, state: &AppState) -> Option<HttpError> {
    let method = request.method();
    let ngsild = request.path().starts_with("/ngsi-ld/");
    if let Some(token) = &state.config.token
        && (!reads(request) || keeps_secrets(request))
        && !super::imports::checks_by_itself(request.path())
        && !bearer(request.headers()).is_some_and(|given| same(given, token))
    {
        return Some(HttpError::Unauthorized);
    }
    let with_body = method == Method::POST || method == Method::PATCH || method == Method::PUT;
    if ngsild && with_body && !request.headers().contains_key(CONTENT_LENGTH) {
        return Some(HttpError::LengthRequired);
    }
    None
}

/// Whether a request only asks, in a body or not.
pub(super) fn reads(request: &ServiceRequest) -> bool {
    let method = request.method();
    method.is_safe() || (method == Method::POST && asks_by_post(request.path()))
}

fn asks_by_post(path: &str) -> bool {
    let path = path.trim_end_matches('/');
    path.starts_with("/ngsi-ld/v1/") && (path.ends_with("/entityOperations/query") || path.ends_with("/entityMaps"))
        || path == "/sparql"
        || path.starts_with("/sparql/")
}

/// What pages of other servers may do: read.
fn allowed_methods(path: &str) -> &'static str {
    if asks_by_post(path) { "GET, HEAD, OPTIONS, POST" } else { "GET, HEAD, OPTIONS" }
}
