//! The loop that keeps the copy up to date.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use super::feed::{Feed, FeedError, Page};
use super::line::Change;
use super::status::{Phase, Status};
use crate::copy::{Anchor, Copy, CopyError, Current, Folder, LoadError, Room, State};
use crate::metrics::Metrics;
use crate::quads;

/// How long to wait before the next attempt when something failed: doubled each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Why following does not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum FollowError {
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("the work in the background ended: {0}")]
    Background(#[from] tokio::task::JoinError),
}

/// Keeps the copy up to date with one broker.
#[derive(Debug)]
pub struct Follower {
    pub(super) feed: Feed,
    pub(super) folder: Folder,
    pub(super) current: Arc<Current>,
    pub(super) status: watch::Sender<Status>,
    pub(super) metrics: Arc<Metrics>,
    /// What making a copy may use.
    pub(super) room: Room,
    /// Where the copy in use stands.
    pub(super) state: Option<State>,
    /// Whether the broker's log is known to be the one that the copy was made from. It has to be asked again whenever
    /// the broker could have become another one: after every failure, and when it has nothing new for long.
    pub(super) trusted: bool,
    /// Whether the broker is known to have had nothing more a moment ago. Only then may it wait for a change before it
    /// answers: until then nobody can say whether the copy is up to date.
    pub(super) patient: bool,
}

impl Follower {
    /// A follower that goes on from the copy in the data folder, if there is one that this version can use.
    ///
    /// # Errors
    /// [`CopyError`] when the copy that is there cannot be opened.
    pub fn open(
        feed: Feed,
        folder: Folder,
        current: Arc<Current>,
        status: watch::Sender<Status>,
        metrics: Arc<Metrics>,
        room: Room,
    ) -> Result<Self, CopyError> {
        let mut state = None;
        if let Some(copy) = folder.current()? {
            state = copy.state();
            if let Some(state) = state {
                metrics.tenants.set(gauge(copy.tenants()));
                status.send_modify(|status| status.position = Some(state.position));
                current.set(copy);
            }
        }
        Ok(Self { feed, folder, current, status, metrics, room, state, trusted: false, patient: false })
    }

    /// Follows until it is told to stop.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut pause = FIRST_PAUSE;
        loop {
            let step = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                step = self.step() => step,
            };
            let Err(error) = step else {
                pause = FIRST_PAUSE;
                continue;
            };
            self.trusted = false;
            self.patient = false;
            self.failed(&error);
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Asks once, and does what the answer asks for.
    async fn step(&mut self) -> Result<(), FollowError> {
        let (Some(copy), Some(state)) = (self.current.get(), self.state) else {
            return self.rebuild("there is no copy yet").await;
        };
        if state.shape != quads::shape() {
            return self.rebuild("the copy was made with another version or vocabulary").await;
        }
        if state.left_out && copy.has_room() {
            return self.rebuild("there is room for tenants that were left out").await;
        }
        if !self.trusted {
            if !self.is_same_log(&state).await? {
                return self.rebuild("the broker's change log is not the one that the copy was made from").await;
            }
            self.trusted = true;
        }
        // Only now: the broker is there, and has what follows.
        self.status
            .send_if_modified(|status| std::mem::replace(&mut status.phase, Phase::Following) != Phase::Following);
        let page = self.feed.page(state.position, self.patient).await?;
        self.heard_of();
        if page.lines.is_empty() {
            self.trusted = !self.patient;
            self.patient = true;
            self.status.send_modify(|status| status.caught_up = true);
            return Ok(());
        }
        self.apply(copy, state, page).await
    }

    async fn apply(&mut self, copy: Arc<Copy>, state: State, page: Page) -> Result<(), FollowError> {
        let more = page.more;
        let work = move || -> Result<_, FollowError> {
            let changes: Vec<Change> = page.lines.iter().map(|line| Change::read(line)).collect::<Result<_, _>>()?;
            drop(page);
            let last = changes.last().map(|change| (change.position, change.at));
            let applied = copy.apply(&state, changes)?;
            Ok((applied, last, copy.state(), copy.tenants()))
        };
        let (applied, last, state, tenants) = tokio::task::spawn_blocking(work).await??;
        self.state = state;
        self.patient = !more;
        self.metrics.applied(&applied);
        self.metrics.tenants.set(gauge(tenants));
        self.status.send_modify(|status| {
            status.caught_up = !more;
            status.refused += applied.refused as u64;
            if let Some((position, at)) = last {
                status.position = Some(position);
                status.last_change = Some(at);
            }
        });
        Ok(())
    }

    /// Whether the broker's log still holds what the copy was made from: not when the broker was emptied, restored
    /// from a backup that is older than the copy, or is another one.
    async fn is_same_log(&self, state: &State) -> Result<bool, FeedError> {
        let Anchor { after, mark } = state.anchor;
        let change = self.feed.first_after(after).await?;
        let there = change.as_ref().map(Change::mark);
        if mark.is_some() && there != mark {
            return Ok(false);
        }
        if mark.is_some() && change.is_some_and(|change| change.position == state.position) {
            return Ok(true);
        }
        // The log begins as it did, but what is known of it is older than the position.
        Ok(self.feed.snapshot().await?.position >= state.position)
    }

    /// Notes that the broker answers.
    pub(super) fn heard_of(&self) {
        self.metrics.broker_up.set(1);
        self.status.send_modify(|status| {
            if status.trouble.take().is_some() {
                tracing::info!("the broker answers again");
            }
            status.last_contact = Some(SystemTime::now());
        });
    }

    fn failed(&self, error: &FollowError) {
        self.metrics.broker_up.set(0);
        let trouble = error.to_string();
        self.status.send_modify(|status| {
            if status.trouble.as_ref() == Some(&trouble) {
                tracing::debug!(%error, "following fails, still");
            } else {
                tracing::warn!(%error, "following fails; it is tried again and again");
            }
            if self.current.get().is_none() {
                status.phase = Phase::Waiting;
            }
            status.trouble = Some(trouble);
        });
    }
}

/// A number as gauges take it.
pub(super) fn gauge(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
