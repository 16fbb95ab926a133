//! The change feed: what happened, in the order of the commits, for readers that keep their own position.

use std::time::Duration;

use hiroba_store::{ChangeRecord, Position, Stored};
use hiroba_vocab::EntityId;

use super::Result;
use crate::state::AppState;

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
    let deadline = tokio::time::Instant::now() + wait;
    let records = loop {
        woken.mark_unchanged();
        let records = state.store.changes(after, limit).await?;
        if !records.is_empty() {
            break records;
        }
        match tokio::time::timeout_at(deadline, woken.changed()).await {
            Ok(Ok(())) => {}
            // The time is up, or the store is closing.
            Ok(Err(_)) | Err(_) => break Vec::new(),
        }
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
        let ids: Vec<EntityId> = run.iter().map(|record| record.entity.clone()).collect();
        let entities = match state.store.tenant(&run[0].tenant).await? {
            Some(tenant) => state.store.entities(tenant, &ids).await?,
            None => vec![None; ids.len()],
        };
        told.extend(run.into_iter().zip(entities).map(|(record, entity)| Told { record, entity }));
    }
    Ok(told)
}
