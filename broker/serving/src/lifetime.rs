//! How many clients servers take, how long they wait for them, and how they stop.

use std::io;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

/// How long a client may take to send its headers.
pub const CLIENT_REQUEST: Duration = Duration::from_secs(15);

/// How long an idle connection is kept.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Takes as many open files as the system grants. It often starts processes with 1,024, for the sake of programs that are older
/// than large numbers; each connection is one.
pub fn open_many_files() {
    let limit = getrlimit(Resource::Nofile);
    // Where it is not granted the one that there is must do.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Stops a server on SIGTERM or Ctrl-C: requests under way may end. What `before` does is done first.
///
/// # Errors
/// When signals cannot be received.
pub fn stop_when_told(server: ServerHandle, before: impl FnOnce() + 'static) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    actix_web::rt::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        before();
        tracing::info!("stopping: requests under way are answered, no new ones are taken");
        server.stop(true).await;
    });
    Ok(())
}
