//! Linked Entity Retrieval (4.5.23), as a part of Retrieve Entity and Query Entities (5.7.1, 5.7.2).

use hiroba_store::{Stored, TenantId};
use ngsild::LinkedEntities;
use ngsild::linked::Joining;

use super::{Result, now};
use crate::state::AppState;

/// Everything that an answer needs of the entities that its own entities link to, level by level.
///
/// # Errors
/// TooManyResults when the answer would hold more linked entities than allowed.
pub async fn linked_entities(
    state: &AppState,
    tenant: TenantId,
    entities: &[Stored],
    joining: &Joining<'_>,
) -> Result<LinkedEntities> {
    let (limit, now) = (state.config.max_linked, now());
    let mut linked = LinkedEntities::new();
    loop {
        let missing = joining.missing(entities, &linked, limit)?;
        if missing.is_empty() {
            return Ok(linked);
        }
        // What is there is counted before more is loaded: so memory is bounded, too.
        state.store.find_linked(tenant, missing.into_iter().take(limit), &mut linked, now).await?;
    }
}
