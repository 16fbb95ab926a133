//! What the operator sets, checked once at the start.

use std::net::SocketAddr;
use std::time::Duration;

use crate::egress::{Authorities, EgressPolicy};
use crate::service::harvest::Plan;
use crate::service::identity::Alias;

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
    /// How many instances a temporal answer may hold; where there are more it ends earlier, and says so (6.3.10).
    pub temporal_instances: usize,
    /// After how many days what was recorded is removed; `None` for never.
    pub history_days: Option<u32>,
    /// Whether the history of an entity goes with it, and the other way round.
    pub history_ends_with_entity: bool,
    /// How many entities an entity map may hold.
    pub max_map_entities: usize,
    /// How long an entity map may be kept.
    pub max_map_lifetime: Duration,
    /// How many linked entities one answer may hold (`join`).
    pub max_linked: usize,
    /// How large an answer with linked entities may be, in bytes: with `join=inline` one entity may be in many places.
    pub max_joined_body: usize,
    /// How large a body may be, in bytes.
    pub max_body: usize,
    /// How large a batch body may be, in bytes.
    pub max_batch_body: usize,
    /// How large a file to import may be, in bytes.
    pub max_upload: u64,
    /// How many subscriptions a tenant may have, give or take those that are created at the same moment. Each is in memory
    /// while changes are matched.
    pub max_subscriptions: usize,
    /// How many snapshots a tenant may have.
    pub max_snapshots: usize,
    /// How many entities a snapshot may have.
    pub max_snapshot_entities: usize,
    /// Which outgoing calls are allowed.
    pub egress: EgressPolicy,
    /// Whose certificates are believed in outgoing calls, besides those that the system believes.
    pub authorities: Authorities,
    /// Which files are fetched regularly.
    pub harvest: Option<Plan>,
    /// Whether clients that name no @context get Hiroba's vocabulary.
    pub vocabulary_by_default: bool,
    /// The address of the SPARQL sidecar, `http://HOST:PORT`, if there is one.
    pub sparql: Option<url::Url>,
    /// The address under which people reach this server, if it is not the one that they ask for (behind a proxy).
    pub public_url: Option<url::Url>,
    /// Requests that write, or read the change feed, must carry this as a bearer token.
    pub token: Option<String>,
    /// The name of this source among others (5.2.40); without, one that no other database has.
    pub alias: Option<Alias>,
    /// How many requests are answered at once before new ones are told to come later; of those that write, three quarters.
    pub max_in_flight: usize,
    /// How many streams may be open at once.
    pub max_streams: usize,
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
            temporal_instances: 1_000,
            history_days: None,
            history_ends_with_entity: false,
            max_map_entities: 20_000,
            max_map_lifetime: Duration::from_secs(86_400),
            max_linked: 10_000,
            max_joined_body: 64 << 20,
            max_body: 8 << 20,
            max_batch_body: 64 << 20,
            max_upload: 256 << 20,
            max_subscriptions: 100_000,
            max_snapshots: 100,
            max_snapshot_entities: 100_000,
            egress: EgressPolicy::default(),
            authorities: Authorities::default(),
            harvest: None,
            vocabulary_by_default: false,
            sparql: None,
            public_url: None,
            token: None,
            alias: None,
            max_in_flight: 2_000,
            max_streams: 1_000,
            drain: Duration::from_secs(20),
        }
    }
}
