//! Changes become notifications (5.8.6). One process at a time does it for all; when it dies, another one goes on from the
//! last change that was dealt with, so each change is matched once.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hiroba_store::{ChangeRecord, Matching, NewNotification, Position, ToMatch};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

use super::known::Known;
use super::teller::Teller;
use super::{LEASE, LOOK, in_future, periodic};
use crate::service::states::States;
use crate::service::{Result, now};
use crate::state::AppState;

/// How soon to look again after something was announced that could not be seen yet.
const SOON: Duration = Duration::from_millis(5);
/// How soon to look again for the first subscription. Without any, a commit is no reason to ask the database.
const IDLE: Duration = Duration::from_millis(50);
/// How many changes are dealt with in one commit, and how many bytes of notifications they may make, give or take one
/// change.
const BATCH: usize = 500;
const BYTES: usize = 8 << 20;

/// Matches whenever nobody else does, until it is dropped.
pub(super) async fn run(state: &Arc<AppState>) {
    let teller = Teller::new(state);
    loop {
        match claim(state).await {
            Ok(Some(matching)) => {
                // Whatever ends first ends the others.
                let outcome = tokio::select! {
                    outcome = changes(&teller, matching) => outcome,
                    outcome = periodic::run(&teller, matching) => outcome,
                    outcome = keep(state, matching) => outcome,
                };
                if let Err(error) = outcome {
                    tracing::warn!(%error, "matching changes with subscriptions failed; trying again");
                    sleep(LOOK).await;
                }
                if let Err(error) = state.store.release_matching(&matching).await {
                    tracing::warn!(%error, "the matching of changes is left to others when the claim ends");
                }
            }
            Ok(None) => sleep(LOOK).await,
            Err(error) => {
                tracing::warn!(%error, "cannot take up the matching of changes; trying again");
                sleep(LOOK).await;
            }
        }
    }
}

async fn claim(state: &AppState) -> Result<Option<Matching>> {
    if state.draining.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let now = now();
    Ok(state.store.claim_matching(&state.subscriptions.owner, now, in_future(now, LEASE)).await?)
}

/// Says that the matching goes on, until it is somebody else's.
async fn keep(state: &AppState, matching: Matching) -> Result<()> {
    while state.store.keep_matching(&matching, in_future(now(), LEASE)).await? {
        sleep(LOOK).await;
    }
    Ok(())
}

/// Follows the log until the matching is somebody else's, or the process goes down.
async fn changes(teller: &Teller, mut matching: Matching) -> Result<()> {
    let store = &teller.state.store;
    let (mut known, states) = (Known::of_changes(), States::new());
    let mut woken = store.watch();
    let (mut noted, mut pause) = (Instant::now(), LOOK);
    while !teller.state.draining.load(Ordering::Relaxed) {
        woken.borrow_and_update();
        // The log first, then the subscriptions: whoever subscribed before a change is known when it is matched. Up to the
        // head all is seen where nothing is told: the matcher is not shown everything.
        let idle = known.follows_nothing();
        let head = if idle || noted.elapsed() >= LOOK { Some(store.head().await?) } else { None };
        let part = if idle { ToMatch::default() } else { store.changes_to_match(matching.position, BATCH).await? };
        // Of a snapshot nothing is shown before somebody subscribes to it.
        if known.follow(store, now()).await? || idle {
            states.skip();
        }
        if idle && !known.follows_nothing() {
            continue;
        }
        let Batch { notifications, up_to } = batch(teller, &mut known, &states, &part).await?;
        let up_to = up_to.or(head).filter(|up_to| *up_to > matching.position);
        let news = up_to.is_some();
        matching.position = up_to.unwrap_or(matching.position);
        // What nobody wants to know of may be looked at again: how far it is need not be said each time.
        if !notifications.is_empty() || noted.elapsed() >= LOOK {
            if !store.note_notifications(&matching, matching.position, &notifications, in_future(now(), LEASE)).await? {
                return Ok(());
            }
            noted = Instant::now();
            if !notifications.is_empty() {
                teller.state.subscriptions.due.notify_one();
            }
        }
        if idle {
            sleep(IDLE).await;
        }
        if part.records.is_empty() || !news {
            // What was announced may become visible a moment later.
            pause = if timeout(pause, woken.changed()).await.is_ok() { SOON } else { (pause * 2).min(LOOK) };
        }
    }
    Ok(())
}

/// What comes of a part of the log.
struct Batch {
    notifications: Vec<NewNotification>,
    /// The last change that was dealt with.
    up_to: Option<Position>,
}

/// Deals with changes in their order, with as many as make a commit.
async fn batch(teller: &Teller, known: &mut Known, states: &States, part: &ToMatch) -> Result<Batch> {
    let is_wanted = |tenant, record: &ChangeRecord| !known.candidates(tenant, record).is_empty();
    let mut through = states.through(&teller.state.store, &part.records, is_wanted).await?;
    let mut batch = Batch { notifications: Vec::new(), up_to: None };
    let mut bytes = 0;
    for record in &part.records {
        if let Some((tenant, around)) = through.step(record) {
            let new = teller.change(known, tenant, record, &around).await?;
            bytes += new.iter().map(|new| new.payload.len()).sum::<usize>();
            batch.notifications.extend(new);
            // Others work on this thread, too.
            yield_now().await;
        }
        batch.up_to = Some(record.position);
        if bytes > BYTES {
            return Ok(batch);
        }
    }
    batch.up_to = part.up_to;
    Ok(batch)
}
