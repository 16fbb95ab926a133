//! The states that an entity went through: from the present back, change by change.

use std::collections::HashMap;

use hiroba_store::{ChangeRecord, Store, TenantId};
use hiroba_vocab::{EntityId, Tenant};
use ngsild::Entity;
use ngsild::subscription::rewind;

use super::Result;

/// How many later changes are looked at to find out what an entity was like. One that has changed more often since is
/// taken as it was then as far as the records at hand tell.
const LATER: usize = 10_000;

/// The states before and after a change.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    pub(super) before: Option<Entity>,
    pub(super) after: Option<Entity>,
}

/// For each record what was around its change, with the number of the tenant; `None` for those that are not `wanted`.
///
/// # Errors
/// When the database fails.
pub(super) async fn around(
    store: &Store,
    records: &[ChangeRecord],
    wanted: impl Fn(TenantId, &ChangeRecord) -> bool,
) -> Result<Vec<Option<(TenantId, Around)>>> {
    let mut tenants: HashMap<&Tenant, Option<TenantId>> = HashMap::new();
    // By entity, since states are found from the present back.
    let mut groups: HashMap<(TenantId, &EntityId), Vec<usize>> = HashMap::new();
    for (at, record) in records.iter().enumerate() {
        let tenant = match tenants.get(&record.tenant) {
            Some(tenant) => *tenant,
            None => {
                let tenant = store.tenant(&record.tenant).await?;
                tenants.insert(&record.tenant, tenant);
                tenant
            }
        };
        if let Some(tenant) = tenant.filter(|tenant| wanted(*tenant, record)) {
            groups.entry((tenant, &record.entity)).or_default().push(at);
        }
    }
    let mut around = vec![None; records.len()];
    for ((tenant, id), group) in groups {
        // All changes of the entity from the first that is wanted on: the others lead from one state to the next.
        let first = group.first().copied().unwrap_or_default();
        let of_entity = |(at, record): &(usize, &ChangeRecord)| {
            *at >= first && record.entity == *id && tenants.get(&record.tenant) == Some(&Some(tenant))
        };
        let (places, changes): (Vec<usize>, Vec<&ChangeRecord>) = records.iter().enumerate().filter(of_entity).unzip();
        for (at, states) in places.into_iter().zip(states(store, tenant, id, &changes).await?) {
            if let Some(place) = around.get_mut(at).filter(|_| group.binary_search(&at).is_ok()) {
                *place = Some((tenant, states));
            }
        }
    }
    Ok(around)
}

/// The states around changes of one entity, in the order of the changes.
///
/// # Errors
/// When the database fails.
async fn states(store: &Store, tenant: TenantId, id: &EntityId, changes: &[&ChangeRecord]) -> Result<Vec<Around>> {
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
