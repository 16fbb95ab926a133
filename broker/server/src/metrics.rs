//! Counters and timers in Prometheus' form.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// What a request is counted under. The route is the pattern, never the path, so the number of series is bounded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RequestLabels {
    /// `GET` and so on.
    pub method: String,
    /// `/ngsi-ld/v1/entities/{id}` and so on.
    pub route: String,
    /// `200` and so on.
    pub status: u16,
}

/// The metrics of one broker.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Requests answered.
    pub requests: Family<RequestLabels, Counter>,
    /// How long answers took, in seconds.
    pub duration: Histogram,
    /// Requests under way.
    pub in_flight: Gauge,
    /// Entities read by queries to find their results.
    pub candidates: Counter,
    /// Answers that were still true and so not worked out again.
    pub cached_answers: Counter,
    /// Writes that wait for their commit.
    pub waiting_writes: Gauge<i64>,
    /// Entities in memory.
    pub cached_entities: Gauge<u64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("hiroba");
        let metrics = Self {
            requests: Family::default(),
            duration: Histogram::new(exponential_buckets(0.000_5, 2.0, 15)),
            in_flight: Gauge::default(),
            candidates: Counter::default(),
            cached_answers: Counter::default(),
            waiting_writes: Gauge::default(),
            cached_entities: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        registry.register("http_request_duration_seconds", "How long answers took", metrics.duration.clone());
        registry.register("http_requests_in_flight", "Requests under way", metrics.in_flight.clone());
        registry.register("query_candidates", "Entities read by queries", metrics.candidates.clone());
        registry.register("cached_answers", "Answers given from memory", metrics.cached_answers.clone());
        registry.register("waiting_writes", "Writes that wait for their commit", metrics.waiting_writes.clone());
        registry.register("cached_entities", "Entities in memory", metrics.cached_entities.clone());
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// All metrics as OpenMetrics text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
