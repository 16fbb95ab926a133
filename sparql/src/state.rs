//! What every request may use. There are no statics, so tests can run many sidecars in one process.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use tokio::sync::watch;

use crate::config::Config;
use crate::copy::Current;
use crate::dump::Places;
use crate::follow::Status;
use crate::metrics::Metrics;
use crate::query::Pool;

/// The state of one sidecar.
pub struct AppState {
    /// The configuration, checked.
    pub config: Config,
    /// The copy in use.
    pub current: Arc<Current>,
    /// What the follower tells.
    pub status: watch::Receiver<Status>,
    /// Places for queries.
    pub pool: Arc<Pool>,
    /// Places for dumps.
    pub dumps: Places,
    /// Counters and timers.
    pub metrics: Arc<Metrics>,
    /// When this process started.
    pub started: Instant,
    /// Whether it is going down: then it is not ready for new work.
    pub draining: AtomicBool,
}
