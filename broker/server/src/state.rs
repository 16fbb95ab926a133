//! What every request may use. There are no statics, so tests can run many brokers in one process.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hiroba_store::{Store, TenantId};
use moka::sync::Cache;

use crate::config::Config;
use crate::egress::Egress;
use crate::metrics::Metrics;
use crate::service::contexts::Contexts;
use crate::service::discovery::Summary;
use crate::service::event_stream::EventStream;
use crate::service::harvest::Harvest;
use crate::service::imports::Imports;
use crate::service::snapshots::Snapshots;
use crate::service::streams::Streams;
use crate::service::subscriptions::Subscriptions;

/// The state of one broker.
#[derive(Debug)]
pub struct AppState {
    /// The configuration, checked.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// The @contexts that are known.
    pub contexts: Contexts,
    /// The gate for calls that leave this machine.
    pub egress: Egress,
    /// The work on subscriptions.
    pub subscriptions: Subscriptions,
    /// The live streams that are open.
    pub streams: Arc<Streams>,
    /// The making of pages of the event stream.
    pub event_stream: EventStream,
    /// The snapshots that are at work.
    pub snapshots: Snapshots,
    /// The files that were sent to be imported.
    pub imports: Imports,
    /// Files that are fetched regularly, if the operator has named such.
    pub harvest: Option<Harvest>,
    /// Counters and timers.
    pub metrics: Metrics,
    /// When this process started.
    pub started: Instant,
    /// A number that no other run of this program has: entity tags of one run mean nothing to the next.
    pub run_id: u128,
    /// Whether it is going down: then it is not ready for new work.
    pub draining: std::sync::atomic::AtomicBool,
    /// What discovery tells, by tenant, with the state of the data that it was worked out from.
    pub summaries: Cache<TenantId, (u64, Arc<Summary>)>,
    /// Rendered answers, by everything that they depend on.
    pub answers: Cache<AnswerKey, Arc<Rendered>>,
    /// A client for the SPARQL sidecar, which the operator has named.
    pub sidecar: Option<reqwest::Client>,
}

/// What a rendered answer depends on. The generation moves with every change, so an answer is never stale.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AnswerKey {
    /// Whose data.
    pub tenant: TenantId,
    /// Which state of the data.
    pub generation: u64,
    /// What was asked: media type, @context, path, parameters.
    pub request: String,
}

/// A rendered answer.
#[derive(Debug)]
pub struct Rendered {
    /// The body.
    pub body: Bytes,
    /// Whether the body was altered for an older version of the standard.
    pub altered: bool,
    /// How many entities match, if that was asked.
    pub total: Option<u64>,
    /// Whether more follow.
    pub more: bool,
    /// The earliest instant at which anything expires, in microseconds: not to be used from then on.
    pub valid_until: i64,
}
