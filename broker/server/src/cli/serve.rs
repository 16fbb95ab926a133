//! `hiroba serve`.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::Data;
use clap::Args;
use hiroba_serving::logging::{self, LogFormat};
use hiroba_serving::secret::{self, SecretError};
use hiroba_store::{Options, Store, StoreError};
use moka::sync::Cache;
use serde_json::Value;

use super::{Outcome, output};
use crate::config::Config;
use crate::egress::{Authorities, Egress, EgressError, EgressPolicy};
use crate::http::server;
use crate::http::snapshots::BINDING;
use crate::metrics::Metrics;
use crate::service::contexts::Contexts;
use crate::service::event_stream::EventStream;
use crate::service::harvest::{Harvest, Plan, PlanError};
use crate::service::identity::Alias;
use crate::service::imports::Imports;
use crate::service::snapshots::Snapshots;
use crate::service::streams::Streams;
use crate::service::subscriptions::Subscriptions;
use crate::state::AppState;

/// The folder of the database, unless another is named.
const DATA_DIR: &str = "./hiroba-data";

/// Where entities are kept.
#[derive(Debug, Args)]
#[group(id = "place", multiple = false)]
pub(super) struct DatabaseArgs {
    /// Keep everything in this folder (SQLite).
    #[arg(long, value_name = "DIR", env = "HIROBA_DATA_DIR", default_value = DATA_DIR)]
    pub(super) data_dir: PathBuf,
    /// Use this PostGIS database, postgres://USER@HOST/NAME.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(super) database: Option<String>,
}

impl DatabaseArgs {
    /// The address for the store.
    pub(super) fn address(&self) -> String {
        self.database.clone().unwrap_or_else(|| self.data_dir.display().to_string())
    }

    /// The address of a database that is there: who only wants to read makes none.
    ///
    /// # Errors
    /// A sentence with the file that is missing.
    pub(super) fn existing_address(&self) -> Result<String, NoDatabase> {
        let file = Store::file_in(&self.data_dir);
        if self.database.is_none() && !file.is_file() {
            return Err(NoDatabase(file));
        }
        Ok(self.address())
    }

    /// The options with which another command finds this database, each after a blank; nothing where it finds it without.
    /// A password is never among them.
    pub(super) fn as_options(&self) -> String {
        let Some(database) = &self.database else {
            let is_given = self.data_dir != Path::new(DATA_DIR);
            return if is_given { format!(" --data-dir {}", quoted(&self.data_dir.display())) } else { String::new() };
        };
        let mut shown = url::Url::parse(database).ok();
        if let Some(url) = &mut shown {
            // What has no host has no password either.
            let _ = url.set_password(None);
        }
        // A text that is no address may hold a password in a form of its own.
        shown.map_or_else(|| " --database …".to_owned(), |url| format!(" --database {}", quoted(&url)))
    }
}

/// A folder without a database.
#[derive(Debug, thiserror::Error)]
#[error("there is no database: {} does not exist. Name its folder with --data-dir, or import a file first", .0.display())]
pub(super) struct NoDatabase(PathBuf);

/// A word of a command line, in quotation marks where a shell would take it apart.
fn quoted(word: &dyn std::fmt::Display) -> String {
    let word = word.to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-:@%+=,".contains(c);
    if word.chars().all(plain) { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Which calls may leave this machine.
#[derive(Debug, Args)]
pub(super) struct EgressArgs {
    /// Make no outgoing calls at all.
    #[arg(long, env = "HIROBA_OFFLINE")]
    pub(super) offline: bool,
    /// Allow outgoing calls to private addresses (closed networks, tests).
    #[arg(long, env = "HIROBA_ALLOW_PRIVATE_EGRESS")]
    pub(super) allow_private_egress: bool,
    /// Certificates (PEM) of authorities to believe in outgoing calls besides those of the system.
    #[arg(long, value_name = "FILE", env = "HIROBA_CA_FILE")]
    pub(super) ca_file: Option<PathBuf>,
}

impl EgressArgs {
    /// As the gate reads it.
    fn policy(&self) -> EgressPolicy {
        EgressPolicy { offline: self.offline, private: self.allow_private_egress }
    }

    fn authorities(&self) -> Result<Authorities, EgressError> {
        Ok(self.ca_file.as_deref().map(Authorities::read).transpose()?.unwrap_or_default())
    }

    /// The gate.
    ///
    /// # Errors
    /// When the certificates cannot be read, or the TLS library cannot be set up.
    pub(super) fn gate(&self) -> Result<Egress, EgressError> {
        Egress::new(self.policy(), self.authorities()?)
    }
}

/// This machine only, on the usual port of context brokers or the one in `PORT`.
pub(super) fn default_address() -> SocketAddr {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(1026);
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// The address of the sidecar, whose paths are those of this server.
fn address_of_sidecar(text: &str) -> Result<url::Url, String> {
    let url: url::Url = text.parse().map_err(|error| format!("{error}"))?;
    if url.path() != "/" || url.query().is_some() {
        return Err(format!("the path {} is too much: say where the sidecar listens, http://HOST:PORT", url.path()));
    }
    Ok(url)
}

/// Run the broker.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Where to listen. The default reaches this machine only.
    #[arg(long, value_name = "ADDR:PORT", env = "HIROBA_LISTEN", default_value_t = default_address())]
    pub(super) listen: SocketAddr,
    #[command(flatten)]
    pub(super) database: DatabaseArgs,
    /// The SPARQL sidecar, http://HOST:PORT: then /sparql is answered here too.
    #[arg(long, value_name = "URL", env = "HIROBA_SPARQL", value_parser = address_of_sidecar)]
    pub(super) sparql: Option<url::Url>,
    /// The address under which people reach this server, when it is behind a proxy.
    #[arg(long, value_name = "URL", env = "HIROBA_PUBLIC_URL")]
    pub(super) public_url: Option<url::Url>,
    /// Clients that name no @context get Hiroba's vocabulary instead of the core context alone.
    #[arg(long, env = "HIROBA_VOCABULARY_BY_DEFAULT")]
    pub(super) vocabulary_by_default: bool,
    /// A file with a token: requests that write must carry it (Authorization: Bearer …).
    #[arg(long, value_name = "FILE", env = "HIROBA_TOKEN_FILE")]
    pub(super) token_file: Option<PathBuf>,
    /// The name of this source among others (letters, digits, -._~ and the like). The default is made once for each database.
    #[arg(long, value_name = "NAME", env = "HIROBA_ALIAS")]
    pub(super) alias: Option<Alias>,
    /// How many entities an entity map may hold.
    #[arg(long, value_name = "N", env = "HIROBA_MAX_ENTITY_MAP_SIZE", default_value_t = 20_000)]
    pub(super) max_entity_map_size: usize,
    /// How long an entity map may be kept, as ISO 8601 writes durations.
    #[arg(long, value_name = "DURATION", env = "HIROBA_MAX_ENTITY_MAP_LIFETIME", default_value = "P1D", value_parser = length)]
    pub(super) max_entity_map_lifetime: Duration,
    #[command(flatten)]
    pub(super) egress: EgressArgs,
    /// A TOML file that lists files on the web to fetch and publish regularly.
    #[arg(long, value_name = "FILE", env = "HIROBA_HARVEST")]
    pub(super) harvest: Option<PathBuf>,
    /// Remove history that was recorded more than so many days ago. Without, it is kept for ever.
    #[arg(long, value_name = "DAYS", env = "HIROBA_HISTORY_DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) history_days: Option<u32>,
    /// Forget the history of an entity when it is deleted, and delete the entity when its history is.
    #[arg(long, env = "HIROBA_HISTORY_ENDS_WITH_ENTITY")]
    pub(super) history_ends_with_entity: bool,
    /// How many instances a temporal answer holds at most; it then tells which part of the interval it covers.
    #[arg(long, value_name = "N", env = "HIROBA_TEMPORAL_INSTANCES", default_value_t = 1_000,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) temporal_instances: u32,
    /// How large a file may be that is sent to be imported, in MiB.
    #[arg(long, value_name = "MIB", env = "HIROBA_MAX_UPLOAD", default_value_t = 256,
          value_parser = clap::value_parser!(u64).range(1..=1_048_576))]
    pub(super) max_upload: u64,
    /// How many subscriptions a tenant may have.
    #[arg(long, value_name = "NUMBER", env = "HIROBA_MAX_SUBSCRIPTIONS", default_value_t = 100_000)]
    pub(super) max_subscriptions: usize,
    /// How many snapshots a tenant may have.
    #[arg(long, value_name = "NUMBER", env = "HIROBA_MAX_SNAPSHOTS", default_value_t = 100)]
    pub(super) max_snapshots: usize,
    /// How many entities a snapshot may have.
    #[arg(long, value_name = "NUMBER", env = "HIROBA_MAX_SNAPSHOT_ENTITIES", default_value_t = 100_000)]
    pub(super) max_snapshot_entities: usize,
    /// How many requests may be under way; more are answered with 503. For those that write, it is three quarters of this.
    #[arg(long, value_name = "NUMBER", env = "HIROBA_MAX_IN_FLIGHT", default_value_t = 2_000,
          value_parser = clap::value_parser!(u32).range(4..=100_000))]
    pub(super) max_in_flight: u32,
    /// How many live streams (/stream) may be open at once.
    #[arg(long, value_name = "NUMBER", env = "HIROBA_MAX_STREAMS", default_value_t = 1_000)]
    pub(super) max_streams: usize,
    /// The form of the log.
    #[arg(long, value_enum, default_value_t)]
    pub(super) log_format: LogFormat,
}

/// A length of time as the standard writes it.
fn length(text: &str) -> Result<Duration, ngsild::Error> {
    Ok(ngsild::Duration::parse(text)?.length())
}

/// How many bytes of rendered answers are kept.
const ANSWERS: u64 = 32 << 20;

pub(super) fn run(arguments: ServeArgs) -> Outcome {
    logging::start(arguments.log_format, "info");
    let config = match config(&arguments) {
        Ok(config) => config,
        Err(error) => {
            output::error(error);
            return Outcome::Failed;
        }
    };
    match actix_web::rt::System::new().block_on(serve(config)) {
        Ok(()) => Outcome::Done,
        Err(error) => {
            output::error(&error);
            error.outcome()
        }
    }
}

/// Why the broker does not run.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServeError {
    #[error("cannot listen on {address}: {error}")]
    Listen { address: SocketAddr, error: std::io::Error },
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Egress(#[from] EgressError),
    #[error(transparent)]
    Harvest(#[from] PlanError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl ServeError {
    /// How the command ends because of it.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Store(StoreError::Unavailable(_)) => Outcome::Unreachable,
            _ => Outcome::Failed,
        }
    }
}

fn config(arguments: &ServeArgs) -> Result<Config, ServeError> {
    let token = arguments.token_file.as_deref().map(secret::read).transpose()?;
    Ok(Config {
        egress: arguments.egress.policy(),
        authorities: arguments.egress.authorities()?,
        harvest: arguments.harvest.as_deref().map(Plan::read).transpose()?,
        vocabulary_by_default: arguments.vocabulary_by_default,
        sparql: arguments.sparql.clone(),
        public_url: arguments.public_url.clone(),
        token,
        history_days: arguments.history_days,
        history_ends_with_entity: arguments.history_ends_with_entity,
        temporal_instances: usize::try_from(arguments.temporal_instances).unwrap_or(usize::MAX),
        alias: arguments.alias.clone(),
        max_map_entities: arguments.max_entity_map_size,
        max_map_lifetime: arguments.max_entity_map_lifetime,
        max_upload: arguments.max_upload << 20,
        max_subscriptions: arguments.max_subscriptions,
        max_snapshots: arguments.max_snapshots,
        max_streams: arguments.max_streams,
        max_snapshot_entities: arguments.max_snapshot_entities,
        max_in_flight: usize::try_from(arguments.max_in_flight).unwrap_or(usize::MAX),
        ..Config::new(arguments.listen, arguments.database.address())
    })
}

/// Runs a broker until it is told to stop.
pub(super) async fn serve(config: Config) -> Result<(), ServeError> {
    let address = config.listen;
    let listener = TcpListener::bind(address).map_err(|error| ServeError::Listen { address, error })?;
    let address = listener.local_addr()?;
    let state = Data::new(open(config).await?);
    let server = server::start(listener, state.clone())?;
    banner(&state, address);
    server::run_until_stopped(server, state).await?;
    Ok(())
}

/// Opens the database and makes the state of a broker.
pub(super) async fn open(config: Config) -> Result<AppState, ServeError> {
    let options = Options {
        keep_history: config.history_days.map(|days| Duration::from_secs(u64::from(days) * 86_400)),
        history_ends_with_entity: config.history_ends_with_entity,
        ..Options::new(config.database.as_str())
    };
    let store = Store::open(options).await?;
    let egress = Egress::new(config.egress, config.authorities.clone())?;
    let published: HashMap<&'static str, Arc<Value>> =
        HashMap::from([(hiroba_vocab::context::PATH, Arc::new(hiroba_vocab::context::context()))]);
    let metrics = Metrics::default();
    let harvest = match config.harvest.clone() {
        Some(_) if config.egress.offline => {
            tracing::warn!("harvest: nothing is fetched, since outgoing calls are switched off (--offline)");
            None
        }
        plan => plan.map(|plan| Harvest::new(plan, store.clone(), egress.clone(), metrics.harvest.clone())),
    };
    let sidecar = config.sparql.is_some().then(sidecar_client).transpose()?;
    let run_id = uuid::Uuid::new_v4().as_u128();
    Ok(AppState {
        egress: egress.clone(),
        subscriptions: Subscriptions::new(run_id, egress.clone()),
        snapshots: Snapshots::new(egress.clone(), BINDING),
        streams: Arc::new(Streams::new(config.max_streams, metrics.streams_open.clone())),
        event_stream: EventStream::default(),
        imports: Imports::new(config.max_upload),
        contexts: Contexts::new(egress, store.clone(), published),
        harvest,
        metrics,
        started: Instant::now(),
        run_id,
        draining: false.into(),
        summaries: Cache::new(1_000),
        answers: Cache::builder()
            .max_capacity(ANSWERS)
            .weigher(|key: &crate::state::AnswerKey, answer: &Arc<crate::state::Rendered>| {
                u32::try_from(key.request.len() + answer.body.len() + 100).unwrap_or(u32::MAX)
            })
            .build(),
        sidecar,
        store,
        config,
    })
}

/// A client for the sidecar. Its queries may take long; that it is there at all shows at once.
fn sidecar_client() -> Result<reqwest::Client, ServeError> {
    let client = reqwest::Client::builder().no_proxy().connect_timeout(Duration::from_secs(2)).build();
    client.map_err(|e| ServeError::Io(std::io::Error::other(e)))
}

/// What a person wants to know at the start.
fn banner(state: &AppState, address: SocketAddr) {
    output::note(format!("Hiroba {} on http://{address}", env!("CARGO_PKG_VERSION")));
    output::note(format!("  database  {}", state.store.describe()));
    output::note(format!("  NGSI-LD   http://{address}/ngsi-ld/v1/entities"));
    let writes = if state.config.token.is_some() { "need the token" } else { "are open to everybody who can connect" };
    output::note(format!("  writes    {writes}"));
    let EgressPolicy { offline, private } = state.config.egress;
    let outgoing = match (offline, private) {
        (true, _) => "none (--offline)",
        (false, true) => "any address, private ones too",
        (false, false) => "public addresses",
    };
    output::note(format!("  outgoing  {outgoing}"));
    if let Some(harvest) = &state.harvest {
        output::note(format!("  harvest   {} sources", harvest.sources().len()));
    }
    if state.config.token.is_none() && !address.ip().is_loopback() {
        output::note("warning: others on the network can write; --token-file closes this");
    }
}
