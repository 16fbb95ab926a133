//! Connections that outlive the threads that use them.

use std::pin::Pin;

use deadpool_postgres::Connect;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error, NoTls};

/// What drives connections, on threads of its own.
///
/// A connection ends with the runtime that drives it, and each thread of the HTTP server has one of its own: those that
/// end first would take connections with them that others are using.
#[derive(Debug)]
pub(super) struct Driver {
    handle: Handle,
    /// Taken at the end alone.
    runtime: Option<Runtime>,
}

impl Driver {
    /// # Errors
    /// When there can be no threads.
    pub(super) fn start() -> std::io::Result<Self> {
        // Reading and writing sockets is all they do.
        let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(8));
        let runtime =
            Builder::new_multi_thread().worker_threads(threads).thread_name("postgres").enable_all().build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// How a pool connects.
    pub(super) fn connect(&self) -> impl Connect + use<> {
        Driven(self.handle.clone())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Waiting for its threads is forbidden where this may happen.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct Driven(Handle);

type Connected = Result<(Client, JoinHandle<()>), Error>;

impl Connect for Driven {
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move {
            let Ok(connected) = self.0.spawn(async move { config.connect(NoTls).await }).await else {
                // Only when the process ends. The pool's timeout tells whoever waits.
                return std::future::pending().await;
            };
            let (client, connection) = connected?;
            let driven = self.0.spawn(async move {
                if let Err(error) = connection.await {
                    tracing::warn!(%error, "a connection to the database broke");
                }
            });
            Ok((client, driven))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::connections;
    use super::*;

    #[test]
    fn a_connection_outlives_the_runtime_that_asked_for_it() {
        let Ok(server) = std::env::var("HIROBA_TEST_POSTGRES") else {
            assert!(std::env::var_os("HIROBA_REQUIRE_POSTGIS").is_none(), "HIROBA_TEST_POSTGRES is not set");
            eprintln!("SKIPPED on PostGIS: HIROBA_TEST_POSTGRES is not set (scripts/test.sh sets it)");
            return;
        };
        let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
        let (one, other) = (runtime(), runtime());
        let driver = Driver::start().unwrap();
        let pool = connections(&driver, server.parse().unwrap(), 1).unwrap();
        let client = one.block_on(pool.get()).unwrap();
        drop(one);
        other.block_on(client.simple_query("select 1")).unwrap();
    }
}
