//! What happens to snapshots by itself: they are prepared, and removed when their time has come.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ngsild::DateTime;
use tokio::task::JoinSet;

use super::prepare::{CLAIM, prepare};
use super::tell_deleted;
use crate::service::{Result, now};
use crate::state::AppState;

/// How often to look for work that other processes have left, and for what has expired.
const LOOK: Duration = Duration::from_secs(1);
/// How often the database is told when snapshots were used.
const SAVE_USES: Duration = Duration::from_secs(10);
/// How many snapshots a process prepares at once.
const AT_ONCE: usize = 2;
/// How many expired snapshots are removed at a time.
const EXPIRED: usize = 100;

/// Looks after snapshots until it is dropped.
pub async fn run(state: Arc<AppState>) {
    let mut preparations = JoinSet::new();
    let mut saved = Instant::now();
    loop {
        while preparations.try_join_next().is_some() {}
        if let Err(error) = take_up(&state, &mut preparations).await {
            tracing::warn!(%error, "cannot look for snapshots to prepare; trying again");
        }
        if let Err(error) = expire(&state).await {
            tracing::warn!(%error, "cannot remove expired snapshots; trying again");
        }
        if saved.elapsed() >= SAVE_USES {
            saved = Instant::now();
            if let Err(error) = state.snapshots.save_uses(&state.store).await {
                tracing::warn!(%error, "cannot save when snapshots were used; trying again");
            }
        }
        // Too early is as good as late: whoever is woken looks for itself.
        let _ = tokio::time::timeout(LOOK, state.snapshots.wanted.notified()).await;
    }
}

/// Begins with snapshots that nobody prepares, as many as this process can.
async fn take_up(state: &Arc<AppState>, preparations: &mut JoinSet<()>) -> Result<()> {
    while preparations.len() < AT_ONCE && !state.draining.load(Ordering::Relaxed) {
        let now = now();
        let until = DateTime::from_micros(now.micros() + CLAIM);
        let Some(claimed) = state.store.claim_snapshot(now, until).await? else { break };
        let state = Arc::clone(state);
        preparations.spawn(async move {
            prepare(&state, &claimed).await;
            state.snapshots.wanted.notify_one();
        });
    }
    Ok(())
}

async fn expire(state: &AppState) -> Result<()> {
    loop {
        let now = now();
        let expired = state.store.expired_snapshots(now, EXPIRED).await?;
        let all = expired.len() < EXPIRED;
        for (tenant, id) in expired {
            // Somebody else may have removed it, or have given it more time.
            if let Some(entry) = state.store.delete_snapshot(tenant, &id, Some(now), now).await? {
                tracing::info!(id, "a snapshot has expired");
                tell_deleted(state, entry);
            }
        }
        if all {
            return Ok(());
        }
    }
}
