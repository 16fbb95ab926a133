//! Notifications reach their receivers (6.3.8, clause 7): many subscriptions at once, each in the hands of one process, and none
//! for long, so that a receiver that is slow or gone holds up its own subscription only.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::{LEASE, in_future, turn};
use crate::service::{Result, now};
use crate::state::AppState;

/// How many subscriptions this process delivers for at once.
const AT_ONCE: usize = 512;
/// How often to look for what is due by itself.
const LOOK: Duration = Duration::from_millis(500);

/// Delivers until it is dropped.
pub(super) async fn run(state: &Arc<AppState>) {
    let mut deliveries = JoinSet::new();
    loop {
        while deliveries.try_join_next().is_some() {}
        let taken = match take_up(state, &mut deliveries).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(%error, "cannot look for notifications to deliver; trying again");
                0
            }
        };
        if taken == 0 {
            // Too early is as good as late: whoever is woken looks for itself.
            let _ = timeout(LOOK, state.subscriptions.due.notified()).await;
        } else if deliveries.len() >= AT_ONCE {
            deliveries.join_next().await;
        }
    }
}

/// Begins with subscriptions that nobody delivers for, as many as this process can.
async fn take_up(state: &Arc<AppState>, deliveries: &mut JoinSet<()>) -> Result<usize> {
    if state.draining.load(Ordering::Relaxed) {
        return Ok(0);
    }
    let free = AT_ONCE.saturating_sub(deliveries.len());
    if free == 0 {
        return Ok(0);
    }
    let (now, asked) = (now(), Instant::now());
    let claims = state.store.claim_deliveries(&state.subscriptions.owner, now, in_future(now, LEASE), free).await?;
    let taken = claims.len();
    for claim in claims {
        let state = Arc::clone(state);
        deliveries.spawn(async move {
            if let Err(error) = turn::take(&state, &claim, asked).await {
                tracing::warn!(%error, id = claim.subscription, "a delivery was interrupted; it goes on later");
            }
            state.subscriptions.due.notify_one();
        });
    }
    Ok(taken)
}
