//! Subscriptions (5.8): clients say what they want to be told of, and are told.
//!
//! | module | what |
//! |---|---|
//! | `crud` | subscriptions are created, told of, changed and deleted; what was given up is sent after all |
//! | `known` | the subscriptions of all tenants, ready for matching |
//! | `past` | the states that an entity went through |
//! | `matcher` | changes become notifications, by one process at a time |
//! | `deliver` | notifications reach their receivers, in order for each subscription |
//!
//! Both workers keep what they have done in the database, so that a process that dies loses nothing: another one, or the
//! same after a restart, goes on.

pub mod crud;
mod deliver;
mod known;
mod matcher;
mod past;

pub(super) use known::watch;
pub(super) use matcher::context as notification_context;

use std::sync::Arc;

use tokio::sync::Notify;

use crate::state::AppState;

/// What this process knows of the work on subscriptions.
#[derive(Debug)]
pub struct Subscriptions {
    /// Names this process for people who look who is at work.
    owner: String,
    /// Wakes the deliverer of this process.
    due: Notify,
}

impl Subscriptions {
    /// Nothing is under way. `run` is a number that no other process has.
    pub fn new(run: u128) -> Self {
        Self { owner: format!("{run:032x}"), due: Notify::new() }
    }

    /// Notifications wait that this process need not look for by itself.
    pub(super) fn wake(&self) {
        self.due.notify_one();
    }
}

/// Matches changes and delivers notifications until it is dropped.
pub async fn run(state: Arc<AppState>) {
    tokio::join!(matcher::run(&state), deliver::run(&state));
}
