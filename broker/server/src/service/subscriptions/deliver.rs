//! Notifications reach their receivers (6.3.8): at least once, in order for each subscription. A receiver that is slow or
//! gone holds up its own subscription only.
//!
//! A notification that is not taken is tried again after 1, 2, 4 … seconds, at most 5 minutes apart, with some chance in it,
//! and never before `cooldown` has passed. It is given up, and becomes a dead letter, when it has been tried for a day, or at
//! once when the receiver says that it is gone (410), or when this broker must not call it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hiroba_store::{DeliveryClaim, Notification};
use ngsild::subscription::{Transport, Watch};
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::known::watch;
use super::matcher::in_future;
use crate::egress::EgressError;
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
/// How many of them are read at a time.
const AHEAD: usize = 20;
/// For how long what the database said of a claim is believed.
const SURE: Duration = Duration::from_millis(500);
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
    let (now, asked) = (now(), Instant::now());
    let claims = state.store.claim_deliveries(&state.subscriptions.owner, now, in_future(now, LEASE), free).await?;
    let taken = claims.len();
    for claim in claims {
        let state = Arc::clone(state);
        deliveries.spawn(async move {
            if let Err(error) = deliver(&state, &claim, asked).await {
                tracing::warn!(%error, id = claim.subscription, "a delivery was interrupted; it goes on later");
            }
            state.subscriptions.due.notify_one();
        });
    }
    Ok(taken)
}

/// Delivers what waits for one receiver, until nothing does, an attempt fails, or others have their turn. `sure` is when the
/// claim was made.
async fn deliver(state: &AppState, claim: &DeliveryClaim, sure: Instant) -> Result<()> {
    let store = &state.store;
    let Some(entry) = store.subscription(claim.tenant, &claim.subscription).await? else { return Ok(()) };
    let watch = watch(&entry)?;
    let tenants = store.tenants().await?;
    let tenant = tenants.iter().find(|(id, _)| *id == claim.tenant).map(|(_, name)| name.as_str());
    let headers = headers(&watch, tenant.filter(|name| !name.is_empty()));
    let mut turn = Turn { state, claim, watch, headers, sure };
    for _ in 0..TURN / AHEAD {
        let next = store.next_notifications(claim, AHEAD).await?;
        for notification in &next {
            if state.draining.load(Ordering::Relaxed) || !turn.is_ours().await? {
                break;
            }
            let Some(outcome) = turn.attempt(notification).await? else { return Ok(()) };
            match outcome {
                Ok(()) => {
                    state.metrics.attempted("delivered");
                    // Before the next one is sent: what comes again after a kill is the last one only.
                    if !store.delivered(claim, &[notification.number], now()).await? {
                        return Ok(());
                    }
                }
                Err(failure) => return turn.failed(notification, &failure).await,
            }
        }
        if next.len() < AHEAD || state.draining.load(Ordering::Relaxed) {
            break;
        }
    }
    store.release_delivery(claim, now()).await?;
    Ok(())
}

/// The turn of one subscription.
struct Turn<'t> {
    state: &'t AppState,
    claim: &'t DeliveryClaim,
    watch: Watch,
    headers: HeaderMap,
    /// When the database last said that the subscription is ours.
    sure: Instant,
}

impl Turn<'_> {
    /// Whether the subscription is still ours to deliver for. The database is asked now and then.
    async fn is_ours(&mut self) -> Result<bool> {
        if self.sure.elapsed() < SURE {
            return Ok(true);
        }
        let asked = Instant::now();
        let ours = self.state.store.keep_delivery(self.claim, in_future(now(), LEASE)).await?;
        self.sure = asked;
        Ok(ours)
    }

    /// One attempt, while saying that the delivery goes on. `None` when it is somebody else's by now.
    async fn attempt(&mut self, notification: &Notification) -> Result<Option<Result<(), Failure>>> {
        let patience = self.watch.endpoint.timeout.unwrap_or(PATIENCE).min(MOST_PATIENCE);
        let work = attempt(self.state, &self.watch, self.headers.clone(), notification, patience);
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

    /// Notes that an attempt failed, and leaves the subscription to others until the next one.
    async fn failed(&self, notification: &Notification, failure: &Failure) -> Result<()> {
        let (store, claim, now) = (&self.state.store, self.claim, now());
        let pause = pause(notification.attempts).max(self.watch.endpoint.cooldown.unwrap_or_default());
        let again = in_future(now, pause);
        if failure.is_final || now > in_future(notification.at, TRIED) {
            self.state.metrics.attempted("given_up");
            store.gave_up(claim, notification.number, now, &failure.reason, again).await?;
            tracing::warn!(id = claim.subscription, reason = failure.reason, "a notification is given up");
        } else {
            self.state.metrics.attempted("failed");
            store.not_delivered(claim, notification.number, now, &failure.reason, again).await?;
        }
        store.release_delivery(claim, now).await?;
        Ok(())
    }
}

/// How long to wait after so many attempts have failed.
fn pause(attempts: u64) -> Duration {
    let doubled = PAUSE.saturating_mul(1 << attempts.min(16)).min(LONGEST_PAUSE);
    // Between three quarters and five quarters: receivers that come back are not met by all at once.
    doubled.mul_f64(0.75 + 0.5 * f64::from(uuid::Uuid::new_v4().as_bytes()[0]) / 255.0)
}

/// Why a notification was not taken.
struct Failure {
    reason: String,
    /// Whether it would fail again.
    is_final: bool,
}

async fn attempt(
    state: &AppState,
    watch: &Watch,
    headers: HeaderMap,
    notification: &Notification,
    patience: Duration,
) -> Result<(), Failure> {
    if watch.endpoint.transport == Transport::Mqtt {
        return Err(Failure { reason: "notifications over MQTT are not built".to_owned(), is_final: true });
    }
    let body = notification.payload.clone().into();
    match state.egress.post(&watch.endpoint.uri, headers, body, patience).await {
        Ok(status) if status.is_success() => Ok(()),
        Ok(status) => {
            Err(Failure { reason: format!("the receiver answered {status}"), is_final: status == StatusCode::GONE })
        }
        Err(error) => {
            let is_final = !matches!(error, EgressError::Failed(_));
            Err(Failure { reason: error.to_string(), is_final })
        }
    }
}

/// The headers of all notifications of a subscription. One that HTTP cannot carry is left out.
fn headers(watch: &Watch, tenant: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for pair in watch.headers(tenant, None) {
        let name = HeaderName::from_bytes(pair.key.as_bytes());
        let value = HeaderValue::from_bytes(pair.value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    if !headers.contains_key(ACCEPT) {
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    }
    headers
}
