//! What the operator sets, checked once at the start.

use std::net::SocketAddr;
use std::time::Duration;

use crate::egress::EgressPolicy;

/// The configuration of one broker.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// `postgres://…`, or a folder for SQLite.
    pub database: String,
    /// How many entities a page holds unless the client says otherwise.
    pub default_limit: usize,
    /// How many entities a page may hold at most.
    pub max_limit: usize,
    /// How large a body may be, in bytes.
    pub max_body: usize,
    /// How large a batch body may be, in bytes.
    pub max_batch_body: usize,
    /// How many snapshots a tenant may have.
    pub max_snapshots: usize,
    /// How many entities a snapshot may have.
    pub max_snapshot_entities: usize,
    /// Which outgoing calls are allowed.
    pub egress: EgressPolicy,
    /// Whether clients that name no @context get Hiroba's vocabulary.
    pub vocabulary_by_default: bool,
    /// The address of the SPARQL sidecar, `http://HOST:PORT`, if there is one.
    pub sparql: Option<url::Url>,
    /// The address under which people reach this server, if it is not the one that they ask for (behind a proxy).
    pub public_url: Option<url::Url>,
    /// Requests that write, or read the change feed, must carry this as a bearer token.
    pub token: Option<String>,
    /// How many requests are answered at once before new ones are told to come later.
    pub max_in_flight: usize,
    /// How long requests under way may take when the server goes down.
    pub drain: Duration,
}

impl Config {
    /// The defaults for a place to listen and a database.
    pub fn new(listen: SocketAddr, database: impl Into<String>) -> Self {
        Self {
            listen,
            database: database.into(),
            default_limit: 20,
            max_limit: 1_000,
            max_body: 8 << 20,
            max_batch_body: 64 << 20,
            max_snapshots: 100,
            max_snapshot_entities: 100_000,
            egress: EgressPolicy::default(),
            vocabulary_by_default: false,
            sparql: None,
            public_url: None,
            token: None,
            max_in_flight: 2_000,
            drain: Duration::from_secs(20),
        }
    }
}
