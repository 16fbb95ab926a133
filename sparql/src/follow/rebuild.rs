//! A new copy from a snapshot, beside the one in use.

use tokio::sync::mpsc;

use super::feed::Snapshot;
use super::follower::{FollowError, Follower, gauge};
use super::line::Change;
use super::position::Position;
use super::status::Phase;
use crate::copy::{Anchor, Loaded, State, load};
use crate::quads;

/// How many lines may wait to be loaded.
const WAITING_LINES: usize = 64;

impl Follower {
    /// Makes a new copy and puts it into use. Until then the one before answers.
    ///
    /// # Errors
    /// [`FollowError`]: then nothing has changed.
    pub(super) async fn rebuild(&mut self, reason: &str) -> Result<(), FollowError> {
        let mark = self.feed.first_after(Position::default()).await?.as_ref().map(Change::mark);
        let snapshot = self.feed.snapshot().await?;
        self.heard_of();
        tracing::info!(reason, position = %snapshot.position, "a new copy is made from a snapshot");
        self.status.send_modify(|status| {
            status.phase = Phase::Loading;
            status.caught_up = false;
        });
        let anchor = Anchor { after: Position::default(), mark };
        let state = State { position: snapshot.position, anchor, shape: quads::shape(), left_out: false };
        let started = std::time::Instant::now();
        let loaded = self.load(snapshot, state).await?;
        self.folder.make_current(&loaded.copy)?;
        self.state = loaded.copy.state();
        self.metrics.left_out_entities.inc_by(loaded.left_out);
        self.metrics.tenants.set(gauge(loaded.copy.tenants()));
        self.current.set(loaded.copy);
        self.trusted = true;
        self.patient = false;
        self.metrics.rebuilds.inc();
        self.heard_of();
        self.status.send_modify(|status| {
            status.phase = Phase::Following;
            status.position = Some(state.position);
            status.last_change = None;
            status.refused += loaded.refused;
        });
        let seconds = started.elapsed().as_secs_f64();
        tracing::info!(entities = loaded.entities, refused = loaded.refused, seconds, "the new copy is complete");
        Ok(())
    }

    async fn load(&self, mut snapshot: Snapshot, state: State) -> Result<Loaded, FollowError> {
        let folder = self.folder.new_copy()?;
        let (lines, waiting) = mpsc::channel(WAITING_LINES);
        let (copy, room) = (self.folder.open_copy(&folder)?, self.room);
        let loading = tokio::task::spawn_blocking(move || load(copy, waiting, &state, room));
        loop {
            let line = match snapshot.next().await {
                Ok(Some(line)) => Ok(line),
                Ok(None) => break,
                Err(error) => Err(error),
            };
            let broken = line.is_err();
            // When nobody takes it, loading has failed and says why below.
            if lines.send(line).await.is_err() || broken {
                break;
            }
        }
        drop(lines);
        match loading.await? {
            Ok(loaded) => Ok(loaded),
            Err(error) => {
                self.folder.discard(&folder)?;
                Err(error.into())
            }
        }
    }
}
