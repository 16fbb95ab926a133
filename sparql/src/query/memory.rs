//! How much memory the process uses. Sorting, grouping and joining keep their rows in memory, and Oxigraph has no bound
//! for that; so the process as a whole is watched.

use std::time::{Duration, Instant};

/// How long a stopped query has to give its memory back before the next one is stopped.
const PATIENCE: Duration = Duration::from_millis(500);
/// The size of a page, in which the system counts.
const PAGE: u64 = 4096;

/// Watches the memory of this process.
#[derive(Debug)]
pub(super) struct Memory {
    limit: Option<u64>,
    stopped: Option<Instant>,
}

impl Memory {
    pub(super) fn new(limit: Option<u64>) -> Self {
        Self { limit, stopped: None }
    }

    /// Whether a query should be stopped now. Ends the process when it uses twice as much as allowed in spite of that:
    /// a query may be in a place where it cannot be stopped, and a process that starts again goes on from its last
    /// position, while a machine without memory takes everything else along.
    pub(super) fn is_short(&mut self, queries_running: bool) -> bool {
        let Some(limit) = self.limit.filter(|_| queries_running) else { return false };
        let Some(used) = used() else { return false };
        if used > limit.saturating_mul(2) {
            tracing::error!(used, limit, "a query that cannot be stopped takes all memory: the process ends");
            std::process::exit(1);
        }
        if used <= limit || self.stopped.is_some_and(|at| at.elapsed() < PATIENCE) {
            return false;
        }
        self.stopped = Some(Instant::now());
        true
    }
}

/// Bytes in memory; `None` where the system does not say.
fn used() -> Option<u64> {
    let numbers = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(numbers.split_whitespace().nth(1)?.parse::<u64>().ok()? * PAGE)
}
