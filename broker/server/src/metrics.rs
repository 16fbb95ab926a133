//! Counters and timers in Prometheus' form.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use hiroba_serving::requests::RequestLabels;
use ngsild::DateTime;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// What an attempt to deliver a notification is counted under.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AttemptLabels {
    /// `delivered`, `failed` or `given_up`.
    pub outcome: &'static str,
}

/// What a run of the harvest is counted under. The names are those of the operator's file, so their number is bounded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RunLabels {
    /// The source.
    pub source: String,
    /// `changed`, `unchanged` or `failed`.
    pub outcome: &'static str,
}

/// What a source of the harvest is told under.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct SourceLabels {
    /// The source.
    pub source: String,
}

/// The metrics of the harvest. Copies count together.
#[derive(Debug, Clone, Default)]
pub struct HarvestMetrics {
    runs: Family<RunLabels, Counter>,
    last_success: Family<SourceLabels, Gauge>,
}

impl HarvestMetrics {
    /// A run has ended.
    pub fn ran(&self, source: &str, outcome: &'static str) {
        self.runs.get_or_create(&RunLabels { source: source.to_owned(), outcome }).inc();
    }

    /// A source was fetched, or found unchanged, at some time.
    pub fn succeeded(&self, source: &str, at: DateTime) {
        let labels = SourceLabels { source: source.to_owned() };
        self.last_success.get_or_create(&labels).set(at.micros().div_euclid(1_000_000));
    }

    fn register(&self, registry: &mut Registry) {
        registry.register("harvest_runs", "Runs of sources that are fetched regularly", self.runs.clone());
        registry.register(
            "harvest_last_success_timestamp_seconds",
            "When a source was last fetched or found unchanged",
            self.last_success.clone(),
        );
    }
}

/// How often the log tells of requests that were turned away, in milliseconds.
const TELL: u64 = 1_000;

/// Requests that were turned away. A line for each would cost more than turning it away.
#[derive(Debug)]
pub struct TurnedAway {
    since: Instant,
    /// When the log was told, in milliseconds from the start; 0 when never.
    told: AtomicU64,
    untold: AtomicU64,
}

impl Default for TurnedAway {
    fn default() -> Self {
        Self { since: Instant::now(), told: AtomicU64::new(0), untold: AtomicU64::new(0) }
    }
}

impl TurnedAway {
    /// One more. When the log was not told for a second: how many it was not told of.
    pub fn one(&self) -> Option<u64> {
        self.untold.fetch_add(1, Ordering::Relaxed);
        let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let told = self.told.load(Ordering::Relaxed);
        let due = told == 0 || now.saturating_sub(told) >= TELL;
        let is_mine = due && self.told.compare_exchange(told, now, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        is_mine.then(|| self.untold.swap(0, Ordering::Relaxed))
    }
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
    /// Requests that were too many, and wait to be told so.
    pub held: Gauge,
    /// Requests that were too many, for the log.
    pub turned_away: TurnedAway,
    /// Live streams that are open.
    pub streams_open: Gauge,
    /// Entities read by queries to find their results.
    pub candidates: Counter,
    /// Answers that were still true and so not worked out again.
    pub cached_answers: Counter,
    /// Writes that wait for their commit.
    pub waiting_writes: Gauge<i64>,
    /// Entities in memory.
    pub cached_entities: Gauge<u64, AtomicU64>,
    /// Attempts of this process to deliver notifications.
    pub attempts: Family<AttemptLabels, Counter>,
    /// Notifications that wait for their receivers, in the database.
    pub waiting_notifications: Gauge<i64>,
    /// Subscriptions for which any wait.
    pub waiting_subscriptions: Gauge<i64>,
    /// For how long the oldest change has waited that is not matched with subscriptions, in seconds.
    pub matching_lag: Gauge<f64, AtomicU64>,
    /// Files that are fetched regularly.
    pub harvest: HarvestMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("hiroba");
        let metrics = Self {
            requests: Family::default(),
            duration: Histogram::new(exponential_buckets(0.000_5, 2.0, 15)),
            in_flight: Gauge::default(),
            held: Gauge::default(),
            turned_away: TurnedAway::default(),
            streams_open: Gauge::default(),
            candidates: Counter::default(),
            cached_answers: Counter::default(),
            waiting_writes: Gauge::default(),
            cached_entities: Gauge::default(),
            attempts: Family::default(),
            waiting_notifications: Gauge::default(),
            waiting_subscriptions: Gauge::default(),
            matching_lag: Gauge::default(),
            harvest: HarvestMetrics::default(),
            registry: Registry::default(),
        };
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        registry.register("http_request_duration_seconds", "How long answers took", metrics.duration.clone());
        registry.register("http_requests_in_flight", "Requests under way", metrics.in_flight.clone());
        registry.register("http_requests_held", "Requests that wait to be refused", metrics.held.clone());
        registry.register("streams_open", "Live streams that are open", metrics.streams_open.clone());
        registry.register("query_candidates", "Entities read by queries", metrics.candidates.clone());
        registry.register("cached_answers", "Answers given from memory", metrics.cached_answers.clone());
        registry.register("waiting_writes", "Writes that wait for their commit", metrics.waiting_writes.clone());
        registry.register("cached_entities", "Entities in memory", metrics.cached_entities.clone());
        registry.register("notification_attempts", "Attempts to deliver notifications", metrics.attempts.clone());
        registry.register(
            "waiting_notifications",
            "Notifications that wait for their receivers",
            metrics.waiting_notifications.clone(),
        );
        registry.register(
            "waiting_subscriptions",
            "Subscriptions for which notifications wait",
            metrics.waiting_subscriptions.clone(),
        );
        registry.register(
            "matching_lag_seconds",
            "How long the oldest change waits to be matched with subscriptions",
            metrics.matching_lag.clone(),
        );
        metrics.harvest.register(&mut registry);
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// An attempt to deliver a notification ended: `delivered`, `failed` or `given_up`.
    pub fn attempted(&self, outcome: &'static str) {
        self.attempts.get_or_create(&AttemptLabels { outcome }).inc();
    }

    /// All metrics as OpenMetrics text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
