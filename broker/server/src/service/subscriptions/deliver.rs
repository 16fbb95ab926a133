//! Notifications reach their receivers (6.3.8, clause 7): at least once, in order for each subscription. A receiver that is slow or
//! gone holds up its own subscription only.
//!
//! A notification that is not taken is tried again after 1, 2, 4 … seconds, at most 5 minutes apart, with some chance in it,
//! and never before `cooldown` has passed. It is given up, and becomes a dead letter, when it has been tried for a day, or at
//! once when the receiver says that it is gone (410), when an MQTT server takes none as large, or when this broker must not
//! call it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hiroba_store::DeliveryClaim;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::channel::Channel;
use super::known::watch;
use super::matcher::in_future;
use crate::service::{Result, now};
use crate::state::AppState;

/// How many subscriptions this process delivers for at once.
const AT_ONCE: usize = 64;
/// For how long a subscription is taken up. Whoever delivers says more often that it goes on; when its process dies, others
/// wait this long.
const LEASE: Duration = Duration::from_secs(5);
/// How long a receiver may take unless `timeout` says otherwise, and at most.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_PATIENCE: Duration = Duration::from_secs(60);
/// How many notifications of one subscription are delivered before others have their turn.
const TURN: usize = 100;
/// How often to look for what is due by itself.
const LOOK: Duration = Duration::from_millis(500);
/// The first pause after a failure, and the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// For how long a notification is tried.
const TRIED: Duration = Duration::from_secs(24 * 3_600);

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
    let now = now();
    let claims = state.store.claim_deliveries(&state.subscriptions.owner, now, in_future(now, LEASE), free).await?;
    let taken = claims.len();
    for claim in claims {
        let state = Arc::clone(state);
        deliveries.spawn(async move {
            if let Err(error) = deliver(&state, &claim).await {
                tracing::warn!(%error, id = claim.subscription, "a delivery was interrupted; it goes on later");
            }
            state.subscriptions.due.notify_one();
        });
    }
    Ok(taken)
}

/// Delivers what waits for one receiver, until nothing does, an attempt fails, or others have their turn.
async fn deliver(state: &AppState, claim: &DeliveryClaim) -> Result<()> {
    let store = &state.store;
    let Some(entry) = store.subscription(claim.tenant, &claim.subscription).await? else { return Ok(()) };
    let watch = watch(&entry)?;
    let patience = watch.endpoint.timeout.unwrap_or(PATIENCE).min(MOST_PATIENCE);
    let tenants = store.tenants().await?;
    let tenant = tenants.iter().find(|(id, _)| *id == claim.tenant).map(|(_, name)| name.as_str());
    let channel = Channel::of(&watch, tenant.filter(|name| !name.is_empty()));
    for _ in 0..TURN {
        if state.draining.load(Ordering::Relaxed) || !store.keep_delivery(claim, in_future(now(), LEASE)).await? {
            break;
        }
        let Some(next) = store.next_notification(claim).await? else { break };
        let Some(outcome) = held(state, claim, channel.send(state, &next, patience)).await? else { return Ok(()) };
        let failure = outcome.err();
        let now = now();
        let Some(failure) = failure else {
            if !store.delivered(claim, next.number, now).await? {
                return Ok(());
            }
            continue;
        };
        let pause = pause(next.attempts).max(watch.endpoint.cooldown.unwrap_or_default());
        let again = in_future(now, pause);
        if failure.is_final || now > in_future(next.at, TRIED) {
            store.gave_up(claim, next.number, now, &failure.reason, again).await?;
            tracing::warn!(id = claim.subscription, reason = failure.reason, "a notification is given up");
        } else {
            store.not_delivered(claim, next.number, now, &failure.reason, again).await?;
        }
        break;
    }
    store.release_delivery(claim, now()).await?;
    Ok(())
}

/// Does something while saying that the delivery goes on. `None` when it is somebody else's by now.
async fn held<T>(state: &AppState, claim: &DeliveryClaim, work: impl Future<Output = T>) -> Result<Option<T>> {
    tokio::pin!(work);
    loop {
        match timeout(LEASE / 3, &mut work).await {
            Ok(done) => return Ok(Some(done)),
            Err(_) if state.store.keep_delivery(claim, in_future(now(), LEASE)).await? => {}
            Err(_) => return Ok(None),
        }
    }
}

/// How long to wait after so many attempts have failed.
fn pause(attempts: u64) -> Duration {
    let doubled = PAUSE.saturating_mul(1 << attempts.min(16)).min(LONGEST_PAUSE);
    // Between three quarters and five quarters: receivers that come back are not met by all at once.
    doubled.mul_f64(0.75 + 0.5 * f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0)
}
