//! Subscriptions (5.8): clients say what they want to be told of, and are told.
//!
//! | module | what |
//! |---|---|
//! | `crud` | subscriptions are created, told of, changed and deleted; what was given up is sent after all |
//! | `room` | how many a tenant may have |
//! | `known` | the subscriptions of all tenants, ready for matching |
//! | `matcher` | changes become notifications, by one process at a time |
//! | `periodic` | so do the turns of subscriptions with `timeInterval` |
//! | `teller` | what a notification says |
//! | `words` | the names in it |
//! | `deliver`, `turn` | notifications reach their receivers, in order for each subscription |
//! | `channel` | what carries them: HTTP or MQTT |
//!
//! Both workers keep what they have done in the database, so that a process that dies loses nothing: another one, or the
//! same after a restart, goes on.

mod channel;
pub mod crud;
mod deliver;
mod known;
mod matcher;
mod periodic;
mod room;
mod teller;
mod turn;
mod words;

use std::sync::Arc;
use std::time::Duration;

use hiroba_vocab::Tenant;
use ngsild::DateTime;
use ngsild::jsonld::Context;
use ngsild::subscription::Watch;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::egress::Egress;
use crate::mqtt::Links;
use crate::service::{Result, now};
use crate::state::AppState;
use room::Room;
use words::Words;

pub(super) use known::watch;

/// For how long work is claimed. Whoever does it says more often that it goes on; when the process dies, others wait this
/// long.
const LEASE: Duration = Duration::from_secs(5);
/// How often to say that work goes on, and to look whether whoever has claimed it still lives.
const LOOK: Duration = Duration::from_secs(1);

/// What this process knows of the work on subscriptions.
#[derive(Debug)]
pub struct Subscriptions {
    /// Names this process for people who look who is at work.
    owner: String,
    /// Wakes the deliverer of this process.
    due: Notify,
    /// Its connections to MQTT servers.
    links: Links,
    /// What the names in notifications are.
    words: Words,
    /// How many more a tenant may have.
    room: Room,
}

impl Subscriptions {
    /// Nothing is under way. `run` is a number that no other process has; calls to MQTT servers pass the gate.
    pub fn new(run: u128, egress: Egress) -> Self {
        let (owner, due) = (format!("{run:032x}"), Notify::new());
        Self { owner, due, links: Links::new(egress), words: Words::new(), room: Room::new() }
    }

    /// Notifications wait that this process need not look for by itself.
    pub(super) fn wake(&self) {
        self.due.notify_one();
    }
}

/// What the names in the notifications of a subscription are.
pub(super) async fn notification_context(state: &AppState, tenant: &Tenant, watch: &Watch) -> Arc<Context> {
    state.subscriptions.words.of(&state.contexts, tenant, &watch.context).await
}

/// Measures what waits: for receivers, and to be matched.
///
/// # Errors
/// When the database fails.
pub async fn backlog(state: &AppState) -> Result<()> {
    let backlog = state.store.backlog().await?;
    let oldest = state.store.changes(backlog.matched, 1).await?;
    let gauge = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let lag = oldest.first().map_or(0, |record| now().micros().saturating_sub(record.at.micros()).max(0));
    state.metrics.waiting_notifications.set(gauge(backlog.notifications));
    state.metrics.waiting_subscriptions.set(gauge(backlog.subscriptions));
    state.metrics.matching_lag.set(lag as f64 / 1e6);
    Ok(())
}

/// Matches changes and delivers notifications, on threads of its own: neither holds up those that answer requests.
#[derive(Debug)]
pub struct Workers(Option<tokio::runtime::Runtime>);

impl Workers {
    /// Begins.
    ///
    /// # Errors
    /// When there can be no threads.
    pub fn start(state: &Arc<AppState>) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("subscriptions")
            .enable_all()
            .build()?;
        let (matching, delivering) = (Arc::clone(state), Arc::clone(state));
        runtime.spawn(for_ever("matching", move || {
            let state = Arc::clone(&matching);
            async move { matcher::run(&state).await }
        }));
        runtime.spawn(for_ever("delivering", move || {
            let state = Arc::clone(&delivering);
            async move { deliver::run(&state).await }
        }));
        Ok(Self(Some(runtime)))
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Begins work anew whenever it fails.
async fn for_ever<F: Future<Output = ()> + Send + 'static>(name: &str, work: impl Fn() -> F) {
    loop {
        if let Err(error) = tokio::spawn(work()).await {
            tracing::error!(%error, "{name} failed; it begins anew");
        }
        sleep(LOOK).await;
    }
}

fn in_future(from: DateTime, by: Duration) -> DateTime {
    DateTime::from_micros(from.micros().saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}
