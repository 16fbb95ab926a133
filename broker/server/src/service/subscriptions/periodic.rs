//! Notifications with `timeInterval` (5.8.6): their turns come by themselves. They are made beside the matching of changes,
//! and none holds up another for long.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hiroba_store::{Matching, NewNotification, TenantId};
use ngsild::subscription::{Status, Subject};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::known::{Active, Known};
use super::teller::Teller;
use super::{LEASE, LOOK, in_future};
use crate::service::registrations::{Registry, tell};
use crate::service::{Result, ServiceError, now};

/// How many are made at once.
const AT_ONCE: usize = 4;
/// How long one may take. After that its turn is left out.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes turns until the matching is somebody else's, or the process goes down.
pub(super) async fn run(teller: &Teller, matching: Matching) -> Result<()> {
    let store = &teller.state.store;
    let mut known = Known::periodic();
    let mut turns: JoinSet<Vec<NewNotification>> = JoinSet::new();
    while !teller.state.draining.load(Ordering::Relaxed) {
        known.follow(store, now()).await?;
        let at = now();
        while turns.len() < AT_ONCE
            && let Some((tenant, id)) = known.due(at)
        {
            let Some(active) = known.get_mut(tenant, &id).filter(|active| active.watch.status(at) == Status::Active)
            else {
                continue;
            };
            let (teller, active) = (teller.clone(), active.clone());
            turns.spawn(async move { turn(&teller, &active, tenant).await });
        }
        let wait = known.next_due().map_or(LOOK, |due| {
            Duration::from_micros(due.micros().saturating_sub(now().micros()).max(0).unsigned_abs())
        });
        let mut new = Vec::new();
        if turns.is_empty() {
            sleep(wait.min(LOOK)).await;
        } else if let Ok(Some(done)) =
            timeout(if turns.len() < AT_ONCE { wait.min(LOOK) } else { LOOK }, turns.join_next()).await
        {
            new.extend(done.unwrap_or_default());
        }
        if !new.is_empty() {
            if !store.note_notifications(&matching, matching.position, &new, in_future(now(), LEASE)).await? {
                return Ok(());
            }
            teller.state.subscriptions.due.notify_one();
        }
    }
    Ok(())
}

async fn turn(teller: &Teller, active: &Active, tenant: TenantId) -> Vec<NewNotification> {
    let id = &active.watch.id;
    let turn = async {
        match active.watch.subject {
            Subject::Entities => Ok(teller.turn(active, tenant).await?.into_iter().collect()),
            Subject::Registrations => {
                let Some(owner) = teller.state.store.owner(tenant).await? else { return Ok(Vec::new()) };
                let registry = Registry::load(&teller.state, tenant).await?;
                Ok(tell::all(&teller.state, (tenant, &owner.tenant), &registry, &active.watch).await)
            }
        }
    };
    match timeout(PATIENCE, turn).await {
        Ok(Ok(new)) => new,
        Ok(Err(error)) => {
            let error: ServiceError = error;
            tracing::warn!(%error, %id, "a periodic notification cannot be made; its turn is left out");
            Vec::new()
        }
        Err(_) => {
            tracing::warn!(%id, "a periodic notification takes too long; its turn is left out");
            Vec::new()
        }
    }
}
