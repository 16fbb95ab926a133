//! Live streams: readers are told the changes of what a query finds, as they happen.
//!
//! | module | what |
//! |---|---|
//! | `moment` | a change with the states around it, and what it is to a query |
//! | `recent` | the last changes, which all streams at the head of the log share |
//! | `follower` | reads the log once for all streams |
//! | `reader` | one stream: a position in the log, and how to go on from it |
//!
//! A stream holds a position and no changes. At the head it reads what the follower found, behind it the log itself, page
//! by page, as fast as its client reads. So idle streams cost no reads of the database, and a slow one slows nobody.

mod follower;
mod moment;
mod reader;
mod recent;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use hiroba_store::{ChangeRecord, Position, TenantId};
use ngsild::query::Query;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{Notify, watch};

use recent::Recent;

pub use follower::run;
pub use moment::{Event, Moment};
pub use reader::{Reader, Step, open};

/// The streams of one process.
#[derive(Debug)]
pub struct Streams {
    most: usize,
    open: Gauge,
    shared: Mutex<Shared>,
    /// Wakes the streams; true when they are to end.
    moved: watch::Sender<bool>,
    /// Wakes the follower.
    joined: Notify,
}

#[derive(Debug, Default)]
struct Shared {
    interests: Vec<Arc<Interest>>,
    /// What the follower found; `None` while it rests.
    recent: Option<Recent>,
}

/// What one stream is about.
#[derive(Debug)]
struct Interest {
    tenant: TenantId,
    query: Query,
    /// The follower looks for it from here on.
    since: OnceLock<Position>,
}

impl Interest {
    /// Whether a change can be of interest, as far as ids and types tell.
    fn concerns(&self, tenant: TenantId, record: &ChangeRecord) -> bool {
        let change = &record.change;
        let selectors = &self.query.selectors;
        let selects = |types| selectors.iter().any(|selector| selector.selects(&record.entity, types));
        self.tenant == tenant
            && (selectors.is_empty() || selects(&change.types) || change.types_before.as_deref().is_some_and(selects))
    }
}

/// A stream's place among those that are open, until it is dropped.
#[derive(Debug)]
struct Seat {
    streams: Arc<Streams>,
    interest: Arc<Interest>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.streams.shared().interests.retain(|interest| !Arc::ptr_eq(interest, &self.interest));
        self.streams.open.dec();
    }
}

impl Streams {
    /// No stream is open. `most` may be at once; `open` counts them.
    pub fn new(most: usize, open: Gauge) -> Self {
        Self { most, open, shared: Mutex::default(), moved: watch::Sender::new(false), joined: Notify::new() }
    }

    /// Ends all streams, and those that are still to come.
    pub fn close(&self) {
        self.moved.send_replace(true);
    }

    /// A place for one more stream; `None` when there are too many.
    fn sit(self: &Arc<Self>, interest: Interest) -> Option<Seat> {
        let interest = Arc::new(interest);
        let mut shared = self.shared();
        if shared.interests.len() >= self.most {
            return None;
        }
        shared.interests.push(Arc::clone(&interest));
        drop(shared);
        self.open.inc();
        self.joined.notify_one();
        Some(Seat { streams: Arc::clone(self), interest })
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
