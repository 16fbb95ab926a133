//! Purge Entities (5.6.21): every entity that matches, in bounded batches, however many there are.

use std::sync::Arc;

use hiroba_store::{Outcome, Page, Stored, TenantId, Write};
use hiroba_vocab::EntityId;
use ngsild::DateTime;
use ngsild::query::{Query, matches};
use ngsild::write::{Purge, purge_entity};

use super::entities::without_expired;
use super::maps::{MapId, retrieve_entity_map};
use super::{Result, ServiceError, now};
use crate::state::AppState;

/// How many entities are in memory, and in one commit.
const BATCH: usize = 500;
/// How often a batch is tried again when others were faster.
const ATTEMPTS: usize = 50;

/// Which entities to purge, and how.
#[derive(Debug)]
pub struct PurgeRequest {
    /// Which entities.
    pub query: Query,
    /// Whether only local data are asked, which lifts the "too wide" rule.
    pub local: bool,
    /// What happens to each.
    pub what: Purge,
    /// The entity map whose entities alone are candidates.
    pub map: Option<MapId>,
}

/// Purge Entities (5.6.21). Entities that are created while it runs are left alone, so that it comes to an end.
///
/// # Errors
/// BadRequestData when the query is too wide; TooComplexQuery when it would look at too much; NoEntityMap: to go on without
/// the map would delete more than the client has asked for. What was committed before
/// an error of the database stays done: the request can be sent again.
pub async fn purge_entities(state: &AppState, tenant: TenantId, mut request: PurgeRequest) -> Result<()> {
    if !request.local {
        request.query.check_not_too_wide()?;
    }
    // Without any of them there is nothing to drop. That is an index, so others need not even be read.
    if let Purge::Drop { attributes, scope: false } = &request.what {
        request.query.attributes.clone_from(attributes);
    }
    if let Some(map) = &request.map {
        return purge_map(state, tenant, &request, map).await;
    }
    let start = now();
    let mut page = Page { limit: BATCH, ..Page::default() };
    loop {
        let answer = state.store.query(tenant, &request.query, page, now()).await?;
        let (more, last) = (answer.more, answer.last);
        let older: Vec<Stored> =
            answer.entities.into_iter().filter(|stored| stored.entity.created_at <= start).collect();
        // Results come in the order of creation: once all are younger, so is the rest.
        let done = older.is_empty();
        purge(state, tenant, &request, older).await?;
        if done || !more {
            return Ok(());
        }
        page.after = last;
    }
}

/// Purges the entities of an entity map that match.
async fn purge_map(state: &AppState, tenant: TenantId, request: &PurgeRequest, map: &MapId) -> Result<()> {
    let map = retrieve_entity_map(state, tenant, map).await?;
    for ids in map.entities.chunks(BATCH) {
        let now = now();
        let found = state.store.entities(tenant, ids).await?.into_iter().flatten();
        let open = found.filter(|stored| matches(&request.query, &stored.entity, now)).collect();
        purge(state, tenant, request, open).await?;
    }
    Ok(())
}

/// Purges entities of one batch. Those that others change meanwhile are looked at again: they may no longer match.
async fn purge(state: &AppState, tenant: TenantId, request: &PurgeRequest, mut open: Vec<Stored>) -> Result<()> {
    for _ in 0..ATTEMPTS {
        let now = now();
        let writes: Vec<Write> = open.drain(..).filter_map(|stored| change(stored, request, now)).collect();
        if writes.is_empty() {
            return Ok(());
        }
        let outcomes = state.store.write(tenant, &writes, now).await?;
        let conflicts: Vec<EntityId> = writes
            .iter()
            .zip(outcomes)
            .filter(|(_, outcome)| *outcome == Outcome::Conflict)
            .filter_map(|(write, _)| Some(write.before.as_ref()?.entity.id.clone()))
            .collect();
        if conflicts.is_empty() {
            return Ok(());
        }
        let now = super::now();
        let changed = state.store.entities(tenant, &conflicts).await?.into_iter().flatten();
        open = changed.filter(|stored| matches(&request.query, &stored.entity, now)).collect();
    }
    match open.first() {
        Some(stored) => Err(ServiceError::Contended(stored.entity.id.clone())),
        None => Ok(()),
    }
}

/// The write that purges one entity; `None` when there is nothing to do.
fn change(stored: Stored, request: &PurgeRequest, now: DateTime) -> Option<Write> {
    let shown = without_expired(stored.clone(), now);
    let after = purge_entity(&shown.entity, &request.what, now);
    if after.as_ref() == Some(&*stored.entity) {
        return None;
    }
    Some(Write { before: Some(stored), after: after.map(Arc::new) })
}
