//! Counters and timers in Prometheus' form.

use std::sync::atomic::AtomicU64;

use hiroba_serving::requests::RequestLabels;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::copy::Applied;

/// How a query ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Ending {
    /// With a complete answer.
    Answered,
    /// It could not be understood, or asks for what is not allowed.
    Refused,
    /// It took too long, or too much memory, or its answer was too large.
    Stopped,
    /// Nobody waited for the answer any more.
    Abandoned,
    /// Something went wrong here.
    Failed,
    /// There was no place for it.
    Busy,
}

/// What a query is counted under.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct QueryLabels {
    /// How it ended.
    pub ending: Ending,
}

/// The metrics of one sidecar.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Requests answered.
    pub requests: Family<RequestLabels, Counter>,
    /// Queries by how they ended.
    pub queries: Family<QueryLabels, Counter>,
    /// How long queries took until their last byte, in seconds.
    pub query_duration: Histogram,
    /// Queries under way.
    pub running: Gauge,
    /// Changes of the broker's log that were applied.
    pub applied_changes: Counter,
    /// Quads that were added by them.
    pub inserted_quads: Counter,
    /// Quads that were removed by them.
    pub removed_quads: Counter,
    /// Entities that could not be understood.
    pub refused_entities: Counter,
    /// Entities of tenants that there was no room for.
    pub left_out_entities: Counter,
    /// Tenants that have data here, beside the default one.
    pub tenants: Gauge,
    /// Copies made from a snapshot.
    pub rebuilds: Counter,
    /// 1 while the broker answers.
    pub broker_up: Gauge,
    /// How many seconds the copy is behind the broker, as far as is known; -1 when nothing is.
    pub lag: Gauge<f64, AtomicU64>,
    /// How old the newest change in the copy is, in seconds; -1 when there was none since the start.
    pub position_age: Gauge<f64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("hiroba_sparql");
        let metrics = Self {
            requests: Family::default(),
            queries: Family::default(),
            query_duration: Histogram::new(exponential_buckets(0.001, 2.0, 16)),
            running: Gauge::default(),
            applied_changes: Counter::default(),
            inserted_quads: Counter::default(),
            removed_quads: Counter::default(),
            refused_entities: Counter::default(),
            left_out_entities: Counter::default(),
            tenants: Gauge::default(),
            rebuilds: Counter::default(),
            broker_up: Gauge::default(),
            lag: Gauge::default(),
            position_age: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        registry.register("queries", "Queries by how they ended", metrics.queries.clone());
        registry.register("query_duration_seconds", "How long queries took", metrics.query_duration.clone());
        registry.register("queries_running", "Queries under way", metrics.running.clone());
        registry.register("applied_changes", "Changes applied", metrics.applied_changes.clone());
        registry.register("inserted_quads", "Quads added by changes", metrics.inserted_quads.clone());
        registry.register("removed_quads", "Quads removed by changes", metrics.removed_quads.clone());
        registry.register("refused_entities", "Entities left out", metrics.refused_entities.clone());
        registry.register("left_out_entities", "Of tenants without room", metrics.left_out_entities.clone());
        registry.register("tenants", "Tenants beside the default one", metrics.tenants.clone());
        registry.register("rebuilds", "Copies made from a snapshot", metrics.rebuilds.clone());
        registry.register("broker_up", "1 while the broker answers", metrics.broker_up.clone());
        registry.register("lag_seconds", "How far the copy is behind; -1 unknown", metrics.lag.clone());
        registry.register("position_age_seconds", "Age of the newest change; -1 none", metrics.position_age.clone());
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// Counts a page of changes.
    pub fn applied(&self, applied: &Applied) {
        self.applied_changes.inc_by(applied.changes as u64);
        self.inserted_quads.inc_by(applied.inserted as u64);
        self.removed_quads.inc_by(applied.removed as u64);
        self.refused_entities.inc_by(applied.refused as u64);
        self.left_out_entities.inc_by(applied.left_out as u64);
    }

    /// All metrics as OpenMetrics text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
