//! The change feed: what happened, in the order of the commits, for readers that keep their own position.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hiroba_store::{ChangeRecord, Position, Stored, Version};
use hiroba_vocab::EntityId;
use tokio::time::Instant;

use super::Result;
use crate::state::AppState;

/// How soon, and how seldom, a waiting reader looks for changes that nobody announced.
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A change with the entity as it is now: what a reader needs to bring its own copy up to date. `None` when the entity
/// is gone by now.
#[derive(Debug)]
pub struct Told {
    /// The change.
    pub record: ChangeRecord,
    /// The entity now, which may be newer than the change.
    pub entity: Option<Stored>,
}

/// Changes after a position, at most `limit`. When there are none, waits up to `wait` for the first.
///
/// # Errors
/// When the database fails.
pub async fn changes(state: &AppState, after: Position, limit: usize, wait: Duration) -> Result<Vec<Told>> {
    let mut woken = state.store.watch();
    let deadline = Instant::now() + wait;
    let mut pause = LONGEST_PAUSE;
    let records = loop {
        let records = state.store.changes(after, limit).await?;
        // A server that goes down does not wait for news.
        if !records.is_empty() || Instant::now() >= deadline || state.draining.load(Ordering::Relaxed) {
            break records;
        }
        // A commit may be announced a moment before readers may see it: look again soon, then less and less often.
        pause = match tokio::time::timeout_at(deadline.min(Instant::now() + pause), woken.changed()).await {
            Ok(Ok(())) => SHORTEST_PAUSE,
            Ok(Err(_)) => break records,
            Err(_) => (pause * 2).min(LONGEST_PAUSE),
        };
    };
    with_entities(state, records).await
}

async fn with_entities(state: &AppState, records: Vec<ChangeRecord>) -> Result<Vec<Told>> {
    let mut told = Vec::with_capacity(records.len());
    let mut records = records.into_iter().peekable();
    while let Some(first) = records.next() {
        let mut run = vec![first];
        while let Some(next) = records.next_if(|next| next.tenant == run[0].tenant) {
            run.push(next);
        }
        let seen: Vec<(EntityId, Version)> = run.iter().map(|record| (record.entity.clone(), record.version)).collect();
        let entities = match state.store.tenant(&run[0].tenant).await? {
            Some(tenant) => state.store.entities_since(tenant, &seen).await?,
            None => vec![None; seen.len()],
        };
        told.extend(run.into_iter().zip(entities).map(|(record, entity)| Told { record, entity }));
    }
    Ok(told)
}
