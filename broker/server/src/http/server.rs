//! Starting and stopping.

use std::io;
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::{Compress, NormalizePath, TrailingSlash, from_fn};
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use hiroba_serving::lifetime::{CLIENT_REQUEST, KEEP_ALIVE, open_many_files, stop_when_told};

use super::admission::admit;
use super::guard::guard;
use super::routes::configure;
use crate::service::subscriptions::Workers;
use crate::service::{imports, registrations, snapshots, streams};
use crate::state::AppState;

/// A server on a listener that is bound already. It runs until its handle stops it.
///
/// # Errors
/// When the listener cannot be used.
pub fn start(listener: TcpListener, state: Data<AppState>) -> io::Result<Server> {
    open_many_files();
    let drain = state.config.drain.as_secs();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .wrap(from_fn(guard))
            .wrap(Compress::default())
            .wrap(NormalizePath::new(TrailingSlash::Trim))
            .wrap(from_fn(admit))
            .configure(configure)
    })
    // An answer in parts would wait for the client to acknowledge each of them.
    .tcp_nodelay(true)
    .client_request_timeout(CLIENT_REQUEST)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(drain)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(server)
}

/// How often the database is told how often @contexts were used.
const SAVE_USES: Duration = Duration::from_secs(10);

/// Waits for SIGTERM or Ctrl-C, then lets requests under way end.
///
/// # Errors
/// When signals cannot be received, or the server fails.
pub async fn run_until_stopped(server: Server, state: Data<AppState>) -> io::Result<()> {
    let saving = actix_web::rt::spawn(save_uses(state.clone()));
    let snapshots = actix_web::rt::spawn(snapshots::run(state.clone().into_inner()));
    let subscriptions = Workers::start(&state.clone().into_inner())?;
    let streams = actix_web::rt::spawn(streams::run(state.clone().into_inner()));
    let registrations = actix_web::rt::spawn(registrations::run(state.clone().into_inner()));
    let imports = actix_web::rt::spawn(imports::run(state.clone().into_inner()));
    let harvest = state.harvest.clone().map(|harvest| actix_web::rt::spawn(harvest.run()));
    let stopping = state.clone();
    stop_when_told(server.handle(), move || {
        stopping.draining.store(true, Ordering::Relaxed);
        stopping.streams.close();
    })?;
    let outcome = server.await;
    saving.abort();
    snapshots.abort();
    drop(subscriptions);
    streams.abort();
    registrations.abort();
    if let Some(harvest) = harvest {
        harvest.abort();
    }
    state.imports.settled(state.config.drain).await;
    imports.abort();
    if let Err(error) = state.snapshots.save_uses(&state.store).await {
        tracing::warn!(%error, "cannot save when snapshots were used");
    }
    if let Err(error) = state.contexts.save_uses().await {
        tracing::warn!(%error, "cannot save how often @contexts were used");
    }
    outcome
}

/// Tells the database now and then how often @contexts were used, so that no request has to.
async fn save_uses(state: Data<AppState>) {
    loop {
        tokio::time::sleep(SAVE_USES).await;
        if let Err(error) = state.contexts.save_uses().await {
            tracing::warn!(%error, "cannot save how often @contexts were used; trying again");
        }
    }
}
