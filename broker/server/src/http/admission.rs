//! Who comes in: requests are counted, and those beyond the limit are turned away before anything is done for them.
//!
//! This stands before everything else. Under a flood most of the work is saying no, and what that costs, the others lack. So
//! nobody is told no at once: a client that asks again as soon as it is answered would do so thousands of times a second.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, ResponseError as _};
use futures_util::{FutureExt as _, StreamExt as _};
use hiroba_serving::requests::RequestLabels;
use prometheus_client::metrics::gauge::Gauge;

use super::guard::{Around, reads};
use super::problem::HttpError;
use crate::state::AppState;

/// What monitoring asks.
const WATCHING: [&str; 4] = ["/health", "/ready", "/metrics", "/version"];

/// How much is read of a body that nobody wants, in bytes, and for how long.
const DRAINED: usize = 256 << 10;
const DRAIN_PATIENCE: Duration = Duration::from_secs(1);

/// How long those who are turned away wait for the answer, and how many of them: beyond that, it comes at once.
const HELD_FOR: Duration = Duration::from_secs(1);
const HELD: i64 = 10_000;
/// Every how many milliseconds those of them are answered whose time has come: many in a row cost less than one here and
/// one there. Seconds hold a whole number of them.
const TOGETHER: u32 = 50;

/// Lets a request in, or answers 503.
pub(super) async fn admit<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let Some(state) = request.app_data::<Data<AppState>>().cloned() else {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    };
    let (under_way, before) = UnderWay::begin(&state.metrics.in_flight);
    if !too_many(&request, state.config.max_in_flight, before) {
        let outcome = next.call(request).await.map(ServiceResponse::map_into_left_body);
        drop(under_way);
        return outcome;
    }
    drop(under_way);
    if let Some(requests) = state.metrics.turned_away.one() {
        tracing::warn!(requests, "too many requests are under way (--max-in-flight): answered with 503");
    }
    let around = Around::of(&request);
    drain(request.take_payload()).await;
    let (held, others) = UnderWay::begin(&state.metrics.held);
    if others < HELD && !state.draining.load(Ordering::Relaxed) {
        let since_the_last = state.started.elapsed().subsec_millis() % TOGETHER;
        tokio::time::sleep(HELD_FOR + Duration::from_millis((TOGETHER - since_the_last).into())).await;
    }
    drop(held);
    let mut response = request.into_response(HttpError::Overloaded.error_response());
    around.put_on(response.headers_mut());
    // No log line each: that would be most of what it costs. Which path it was has not been looked at.
    let labels = RequestLabels::new(response.request().method(), None, response.status());
    state.metrics.requests.get_or_create(&labels).inc();
    Ok(response.map_into_right_body())
}

/// A request that is counted. A client that goes away ends it, too: then nothing of it is run any further.
struct UnderWay<'m>(&'m Gauge);

impl<'m> UnderWay<'m> {
    /// Counts one more. How many there were.
    fn begin(gauge: &'m Gauge) -> (Self, i64) {
        let before = gauge.inc();
        (Self(gauge), before)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Whether there are too many requests to take this one. Writes are refused earlier than reads, so that too many of them
/// do not shut out those who read; whoever watches over the server is always answered.
fn too_many(request: &ServiceRequest, most: usize, in_flight: i64) -> bool {
    let most = if reads(request) { most } else { most - most / 4 };
    in_flight >= i64::try_from(most).unwrap_or(i64::MAX) && !WATCHING.contains(&request.path().trim_end_matches('/'))
}

/// Reads a body that nobody wants. A connection on which something is left to be read is closed with the answer, which the
/// client then may not get to see; and to refuse would cost more than to do.
pub(super) async fn drain(mut payload: Payload) {
    let mut left = DRAINED;
    let mut reading = std::pin::pin!(async {
        while let Some(Ok(part)) = payload.next().await {
            match left.checked_sub(part.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
    });
    // A small body has come with the head: no timer for that. Who sends slowly is not waited for.
    if reading.as_mut().now_or_never().is_none() {
        let _ = tokio::time::timeout(DRAIN_PATIENCE, reading).await;
    }
}
