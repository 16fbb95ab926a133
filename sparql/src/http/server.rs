//! Starting and stopping.

use std::io;
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::{Compress, NormalizePath, TrailingSlash, from_fn};
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use tokio::signal::unix::{SignalKind, signal};

use super::guard::guard;
use super::routes::configure;
use crate::state::AppState;

/// How long a client may take to send its headers.
const CLIENT_REQUEST: Duration = Duration::from_secs(15);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// A server on a listener that is bound already. It runs until its handle stops it.
///
/// # Errors
/// When the listener cannot be used.
pub fn start(listener: TcpListener, state: Data<AppState>) -> io::Result<Server> {
    let drain = state.config.drain.as_secs();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .wrap(from_fn(guard))
            .wrap(Compress::default())
            .wrap(NormalizePath::new(TrailingSlash::Trim))
            .configure(configure)
    })
    // An answer in parts would wait for the client to acknowledge each of them.
    .tcp_nodelay(true)
    .client_request_timeout(CLIENT_REQUEST)
    .keep_alive(KEEP_ALIVE)
    // Who closes the connection no longer waits for the answer: then the query is stopped.
    .h1_allow_half_closed(false)
    .shutdown_timeout(drain)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(server)
}

/// Waits for SIGTERM or Ctrl-C, then lets requests under way end.
///
/// # Errors
/// When signals cannot be received, or the server fails.
pub async fn run_until_stopped(server: Server, state: Data<AppState>) -> io::Result<()> {
    let handle = server.handle();
    let mut terminate = signal(SignalKind::terminate())?;
    actix_web::rt::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        state.draining.store(true, Ordering::Relaxed);
        tracing::info!("stopping: requests under way are answered, no new ones are taken");
        handle.stop(true).await;
    });
    server.await
}
