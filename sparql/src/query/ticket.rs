//! One running query, and the reasons to stop it.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use oxigraph::sparql::CancellationToken;

use super::QueryError;

/// Why a query is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Timeout = 1,
    Memory = 2,
    Gone = 3,
}

/// What the query's thread, the client's side and the watch have in common.
pub(super) struct Ticket {
    /// Oxigraph looks at it for every quad that it reads.
    pub(super) token: CancellationToken,
    pub(super) started: Instant,
    pub(super) timeout: Duration,
    reason: AtomicU8,
}

impl Ticket {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { token: CancellationToken::new(), started: Instant::now(), timeout, reason: AtomicU8::new(0) }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.started + self.timeout
    }

    /// Stops the query. The first reason counts.
    pub(super) fn stop(&self, reason: Reason) {
        let _ = self.reason.compare_exchange(0, reason as u8, Ordering::AcqRel, Ordering::Acquire);
        self.token.cancel();
    }

    /// Whether it has been told to stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Why it was stopped; `None` when it was not.
    pub(super) fn stopped(&self) -> Option<QueryError> {
        match self.reason.load(Ordering::Acquire) {
            0 => None,
            reason if reason == Reason::Timeout as u8 => Some(QueryError::Timeout(self.timeout)),
            reason if reason == Reason::Memory as u8 => Some(QueryError::Memory),
            _ => Some(QueryError::Gone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_counts() {
        let ticket = Ticket::new(Duration::from_secs(3));
        assert_eq!((ticket.stopped(), ticket.is_stopped()), (None, false));
        ticket.stop(Reason::Memory);
        ticket.stop(Reason::Gone);
        assert_eq!((ticket.stopped(), ticket.is_stopped()), (Some(QueryError::Memory), true));
    }
}
