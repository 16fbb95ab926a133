//! What waits for one receiver is delivered: at least once, in order.
//!
//! A notification that is not taken is tried again after 1, 2, 4 … seconds, at most 5 minutes apart, with some chance in it,
//! and never before `cooldown` has passed. It is given up, and becomes a dead letter, when it has been tried for a day, or at
//! once when the receiver says that it is gone (410), when an MQTT server takes none as large, or when this broker must not
//! call it. What waits behind it is tried as seldom, until something arrives.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hiroba_store::{DeliveryClaim, Notification};
use ngsild::subscription::Status;
use tokio::time::{Instant, timeout};

use super::channel::{Channel, Failure};
use super::known::watch;
use super::{LEASE, in_future};
use crate::service::{Result, now};
use crate::state::AppState;

/// How long a receiver may take unless `timeout` says otherwise, and at most.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_PATIENCE: Duration = Duration::from_secs(60);
/// For how long one subscription is delivered for before others have their turn; an attempt under way goes on.
const TURN: Duration = Duration::from_secs(2);
/// How many notifications are read at a time.
const AHEAD: usize = 20;
/// For how long what the database said of a claim and a subscription is believed.
const SURE: Duration = Duration::from_millis(500);
/// The first pause after a failure, and the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// For how long a notification is tried.
const TRIED: Duration = Duration::from_secs(24 * 3_600);
/// How often to look after a subscription that is paused. Whoever changes it is noticed at once.
const PAUSED: Duration = Duration::from_secs(60);

/// Delivers what waits for one receiver, until nothing does, an attempt fails, or others have their turn. `sure` is when the
/// claim was made.
///
/// # Errors
/// When the database fails.
pub(super) async fn take(state: &AppState, claim: &DeliveryClaim, sure: Instant) -> Result<()> {
    let store = &state.store;
    let Some(entry) = store.subscription(claim.tenant, &claim.subscription).await? else { return Ok(()) };
    let watch = watch(&entry)?;
    if watch.status(now()) == Status::Paused {
        return Ok(store.hold_delivery(claim, in_future(now(), PAUSED)).await.map(drop)?);
    }
    let Some(owner) = store.owner(claim.tenant).await? else { return Ok(()) };
    let mut turn = Turn {
        state,
        claim,
        channel: Channel::of(&watch, &owner),
        patience: watch.endpoint.timeout.unwrap_or(PATIENCE).min(MOST_PATIENCE),
        cooldown: watch.endpoint.cooldown.unwrap_or_default(),
        revision: entry.revision,
        failures: entry.failures,
        began: Instant::now(),
        sure,
    };
    if turn.run().await? != Go::Lost {
        store.release_delivery(claim, now()).await?;
    }
    Ok(())
}

/// The turn of one subscription.
struct Turn<'t> {
    state: &'t AppState,
    claim: &'t DeliveryClaim,
    channel: Channel<'t>,
    patience: Duration,
    cooldown: Duration,
    /// The subscription as it was when the turn began.
    revision: i64,
    /// How many attempts have failed since one succeeded.
    failures: u64,
    began: Instant,
    /// When the database last said that the subscription is ours.
    sure: Instant,
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Go {
    On,
    /// The turn is over.
    Stop,
    /// The subscription is somebody else's by now, or gone.
    Lost,
}

impl Turn<'_> {
    async fn run(&mut self) -> Result<Go> {
        loop {
            let next = self.state.store.next_notifications(self.claim, AHEAD).await?;
            for notification in &next {
                let go = self.goes_on().await?;
                if go != Go::On {
                    return Ok(go);
                }
                let Some(outcome) = self.attempt(notification).await? else { return Ok(Go::Lost) };
                match outcome {
                    Ok(()) => {
                        self.state.metrics.attempted("delivered");
                        self.failures = 0;
                        // Before the next one is sent: what comes again after a kill is the last one only.
                        if !self.state.store.delivered(self.claim, &[notification.number], now()).await? {
                            return Ok(Go::Lost);
                        }
                    }
                    Err(failure) => return self.failed(notification, &failure).await,
                }
            }
            if next.is_empty() {
                return Ok(Go::Stop);
            }
        }
    }

    /// Whether the subscription is still ours to deliver for, and what it was. The database is asked now and then.
    async fn goes_on(&mut self) -> Result<Go> {
        if self.state.draining.load(Ordering::Relaxed) || self.began.elapsed() > TURN {
            return Ok(Go::Stop);
        }
        if self.sure.elapsed() < SURE {
            return Ok(Go::On);
        }
        let (asked, store, claim) = (Instant::now(), &self.state.store, self.claim);
        if !store.keep_delivery(claim, in_future(now(), LEASE)).await? {
            return Ok(Go::Lost);
        }
        self.sure = asked;
        Ok(match store.subscription(claim.tenant, &claim.subscription).await? {
            None => Go::Lost,
            Some(entry) if entry.revision != self.revision => Go::Stop,
            Some(_) => Go::On,
        })
    }

    /// One attempt, while saying that the delivery goes on. `None` when it is somebody else's by now.
    async fn attempt(&mut self, notification: &Notification) -> Result<Option<Result<(), Failure>>> {
        let work = self.channel.send(self.state, notification, self.patience);
        tokio::pin!(work);
        loop {
            if let Ok(done) = timeout(LEASE / 3, &mut work).await {
                return Ok(Some(done));
            }
            let asked = Instant::now();
            if !self.state.store.keep_delivery(self.claim, in_future(now(), LEASE)).await? {
                return Ok(None);
            }
            self.sure = asked;
        }
    }

    /// Notes that an attempt failed, and when the next one is to be made.
    async fn failed(&mut self, notification: &Notification, failure: &Failure) -> Result<Go> {
        let (store, claim, now) = (&self.state.store, self.claim, now());
        let again = in_future(now, pause(self.failures).max(self.cooldown));
        let is_over = notification.tried_at.is_some_and(|first| now > in_future(first, TRIED));
        let noted = if failure.is_final || is_over {
            self.state.metrics.attempted("given_up");
            tracing::warn!(id = claim.subscription, reason = failure.reason, "a notification is given up");
            store.gave_up(claim, notification.number, now, &failure.reason, again).await?
        } else {
            self.state.metrics.attempted("failed");
            store.not_delivered(claim, notification.number, now, &failure.reason, again).await?
        };
        Ok(if noted { Go::Stop } else { Go::Lost })
    }
}

/// How long to wait after one more attempt has failed than so many.
fn pause(failures: u64) -> Duration {
    let doubled = PAUSE.saturating_mul(1 << failures.min(16)).min(LONGEST_PAUSE);
    // Between three quarters and five quarters: receivers that come back are not met by all at once.
    doubled.mul_f64(0.75 + 0.5 * f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0)
}
