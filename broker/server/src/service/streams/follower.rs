//! The log is read once for all streams.

use std::sync::Arc;
use std::time::Duration;

use hiroba_store::Position;
use tokio::time::{sleep, timeout};

use super::moment::Moment;
use super::recent::Recent;
use super::{Interest, Streams};
use crate::service::Result;
use crate::service::states::States;
use crate::state::AppState;

/// How often the log is looked at although nobody announced anything.
const LOOK: Duration = Duration::from_secs(1);
/// How soon to look again after something was announced that could not be seen yet.
const SOON: Duration = Duration::from_millis(5);
/// How many changes are read at a time.
const BATCH: usize = 500;

/// Follows the log as long as any stream is open, until it is dropped.
pub async fn run(state: Arc<AppState>) {
    let states = States::new();
    let mut woken = state.store.watch();
    let mut pause = LOOK;
    loop {
        woken.borrow_and_update();
        if state.streams.rest() {
            states.skip();
            state.streams.joined.notified().await;
            continue;
        }
        match read_on(&state, &states).await {
            Ok(more) if more => continue,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot follow the change log for streams; trying again");
                sleep(LOOK).await;
            }
        }
        // What was announced may become visible a moment later.
        pause = tokio::select! {
            announced = timeout(pause, woken.changed()) => if announced.is_ok() { SOON } else { (pause * 2).min(LOOK) },
            () = state.streams.joined.notified() => pause,
        };
    }
}

/// Reads one page of the log. Whether there may be more.
async fn read_on(state: &AppState, states: &States) -> Result<bool> {
    let streams = &state.streams;
    let up_to = match streams.up_to() {
        Some(up_to) => up_to,
        None => streams.begin(state.store.head().await?),
    };
    // The streams first, then the log: what is read from here on is read for all of them.
    let interests = streams.include(up_to);
    let records = state.store.changes(up_to, BATCH).await?;
    let more = records.len() == BATCH;
    if let Some(last) = records.last().map(|record| record.position) {
        let wanted = |tenant, record: &_| interests.iter().any(|interest| interest.concerns(tenant, record));
        let moments = Moment::all(states, &state.store, records, wanted).await?;
        streams.push(moments, last);
    }
    Ok(more)
}

impl Streams {
    /// Forgets everything if no stream is open. Whether it is so.
    fn rest(&self) -> bool {
        let mut shared = self.shared();
        let idle = shared.interests.is_empty();
        if idle {
            shared.recent = None;
        }
        idle
    }

    fn up_to(&self) -> Option<Position> {
        self.shared().recent.as_ref().map(Recent::up_to)
    }

    fn begin(&self, head: Position) -> Position {
        self.shared().recent = Some(Recent::at(head));
        head
    }

    /// All open streams; those that are new are looked for from this position on.
    fn include(&self, up_to: Position) -> Vec<Arc<Interest>> {
        let interests = self.shared().interests.clone();
        let is_new = |interest: &Arc<Interest>| interest.since.set(up_to).is_ok();
        // Each of them has to hear it, so this is no `any`.
        if interests.iter().filter(|interest| is_new(interest)).count() > 0 {
            self.wake();
        }
        interests
    }

    fn push(&self, moments: Vec<Moment>, up_to: Position) {
        if let Some(recent) = &mut self.shared().recent {
            recent.push(moments, up_to);
        }
        self.wake();
    }

    /// Wakes the streams, unless they are to end: that they hear anyhow.
    fn wake(&self) {
        self.moved.send_if_modified(|closed| !*closed);
    }
}
