//! Starting and stopping.

use std::io;
use std::net::TcpListener;
use std::sync::atomic::Ordering;

use actix_web::dev::Server;
use actix_web::middleware::{Compress, NormalizePath, TrailingSlash, from_fn};
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use hiroba_serving::lifetime::{CLIENT_REQUEST, KEEP_ALIVE, stop_when_told};

use super::guard::guard;
use super::routes::configure;
use crate::state::AppState;

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
    stop_when_told(server.handle(), move || state.draining.store(true, Ordering::Relaxed))?;
    server.await
}
