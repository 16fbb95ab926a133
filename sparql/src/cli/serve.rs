//! Running: the follower, the watch over queries and the server, until somebody says stop.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::Data;
use hiroba_serving::lifetime::open_many_files;
use hiroba_serving::secret::SecretError;
use tokio::sync::watch;

use super::output;
use crate::config::Config;
use crate::copy::{CopyError, Current, Folder, Room};
use crate::dump::Places;
use crate::follow::{Feed, FeedError, Follower, Phase, Status};
use crate::http::server;
use crate::metrics::Metrics;
use crate::query::{Pool, Services};
use crate::state::AppState;

/// How long queries may hold the copy when everything else has stopped.
const CLOSING: Duration = Duration::from_secs(5);

/// Why the sidecar does not run.
#[derive(Debug, thiserror::Error)]
pub(super) enum ServeError {
    #[error("cannot listen on {address}: {error}")]
    Listen { address: SocketAddr, error: std::io::Error },
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("{0} (the data folder can be deleted: the copy is then made anew)")]
    Copy(#[from] CopyError),
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error("cannot ask other endpoints: {0}")]
    Services(#[from] reqwest::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Runs until it is told to stop.
pub(super) async fn serve(config: Config) -> Result<(), ServeError> {
    let address = config.listen;
    let listener = TcpListener::bind(address).map_err(|error| ServeError::Listen { address, error })?;
    let address = listener.local_addr()?;
    // Each tenant's database takes 18, and twice that while a new copy is made.
    open_many_files();
    let folder = Folder::open(&config.data_dir, config.max_tenants)?;
    let (current, metrics) = (Arc::new(Current::default()), Arc::new(Metrics::default()));
    let (status, told) = watch::channel(Status::default());
    let work = if config.maintenance {
        Work::Maintenance(maintain(folder, &current, status)?)
    } else {
        let feed = Feed::new(&config.broker, config.token.clone())?;
        let room = Room::within(config.limits.max_memory);
        Work::Following(Follower::open(feed, folder, Arc::clone(&current), status, Arc::clone(&metrics), room)?)
    };
    let services = Services::new(&config.services)?;
    // What is changed by hand does not get into the index.
    let pool = Pool::new(config.limits, services, Arc::clone(&current), Arc::clone(&metrics), !config.maintenance);
    let state = Data::new(AppState {
        current: Arc::clone(&current),
        status: told,
        pool: Arc::clone(&pool),
        dumps: Places::default(),
        metrics,
        started: Instant::now(),
        draining: false.into(),
        config,
    });
    let server = server::start(listener, state.clone())?;
    let (stop, stopped) = watch::channel(false);
    let working = actix_web::rt::spawn(work.run(stopped));
    let watching = actix_web::rt::spawn(pool.watch());
    banner(&state, address);
    server::run_until_stopped(server, state).await?;
    stop.send_replace(true);
    watching.abort();
    // What it has begun is finished or left undone as a whole; a failure here changes nothing any more.
    let _ = working.await;
    current.close(CLOSING).await;
    Ok(())
}

/// What goes on beside answering.
enum Work {
    Following(Follower),
    /// Nothing; but the folder stays this process' own.
    Maintenance(Folder),
}

impl Work {
    async fn run(self, mut stop: watch::Receiver<bool>) {
        match self {
            Self::Following(follower) => follower.run(stop).await,
            Self::Maintenance(_folder) => drop(stop.wait_for(|stop| *stop).await),
        }
    }
}

/// Puts the copy into use as it is, for changes by hand.
fn maintain(folder: Folder, current: &Current, status: watch::Sender<Status>) -> Result<Folder, CopyError> {
    let copy = folder.current_or_empty()?;
    let position = copy.state().map(|state| state.position);
    status.send_replace(Status { phase: Phase::Maintenance, position, ..Status::default() });
    current.set(copy);
    Ok(folder)
}

/// What a person wants to know at the start.
fn banner(state: &AppState, address: SocketAddr) {
    let config = &state.config;
    output::note(format!("Hiroba SPARQL {} on http://{address}", env!("CARGO_PKG_VERSION")));
    output::note(format!("  queries   http://{address}/sparql"));
    output::note(format!("  dumps     http://{address}/dumps/all.nq.gz"));
    if config.maintenance {
        output::note("  updates   permitted with the token, and lost at the next start without --maintenance");
    } else {
        output::note(format!("  broker    {}", config.broker_shown()));
    }
    let position = state.status.borrow().position;
    let copy = position.map_or("none yet".to_owned(), |position| format!("up to {position}"));
    output::note(format!("  copy      {} ({copy})", config.data_dir.display()));
    let limits = &config.limits;
    let memory = limits.max_memory.map_or("any".to_owned(), |bytes| format!("{}", bytes >> 20));
    output::note(format!(
        "  limits    {} queries at once, {} s, {} rows, {memory} MB",
        limits.max_queries,
        limits.timeout.as_secs(),
        limits.max_results
    ));
}
