//! The states that an entity went through: from the present back, change by change.

use hiroba_store::{ChangeRecord, Store, TenantId};
use hiroba_vocab::EntityId;
use ngsild::Entity;
use ngsild::subscription::rewind;

use crate::service::Result;

/// How many later changes are looked at to find out what an entity was like. One that has changed more often since is
/// taken as it was then as far as the records at hand tell.
const LATER: usize = 10_000;

/// The states before and after a change.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    pub(super) before: Option<Entity>,
    pub(super) after: Option<Entity>,
}

/// The states around changes of one entity, in the order of the changes.
///
/// # Errors
/// When the database fails.
pub(super) async fn states(
    store: &Store,
    tenant: TenantId,
    id: &EntityId,
    changes: &[&ChangeRecord],
) -> Result<Vec<Around>> {
    let Some(last) = changes.last() else { return Ok(Vec::new()) };
    // The present is read before the changes that lead to it, so that none of them is missing.
    let present = store.entities_since(tenant, &[(id.clone(), last.version)]).await?.into_iter().next().flatten();
    let mut state = present.as_ref().map(|present| Entity::clone(&present.entity));
    if present.as_ref().is_none_or(|present| present.version != last.version) {
        let later = store.changes_of(tenant, id, last.version, LATER).await?;
        let is_past = |record: &&ChangeRecord| present.as_ref().is_none_or(|present| record.version <= present.version);
        for record in later.iter().filter(is_past).rev() {
            state = rewind(state, id, &record.change, record.at);
        }
    }
    let mut around = vec![Around::default(); changes.len()];
    for (change, around) in changes.iter().zip(&mut around).rev() {
        if let Some(entity) = &mut state {
            entity.types.clone_from(&change.change.types);
            entity.modified_at = change.at;
            entity.expires_at = change.change.expires_at;
        }
        let before = rewind(state.clone(), id, &change.change, change.at);
        *around = Around { before: before.clone(), after: state };
        state = before;
    }
    Ok(around)
}
