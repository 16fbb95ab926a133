//! What entities were after the changes that were seen last, for those who follow the log.

use std::sync::Arc;

use hiroba_store::{TenantId, Version};
use hiroba_vocab::EntityId;
use moka::sync::Cache;
use ngsild::Entity;

/// An entity after a change; `None` is one that does not exist.
#[derive(Debug, Clone)]
pub(super) struct LastState {
    pub(super) version: Version,
    pub(super) entity: Option<Arc<Entity>>,
}

/// The states that were seen last, as many as fit.
#[derive(Debug)]
pub(super) struct LastStates(Cache<(TenantId, EntityId), LastState>);

impl LastStates {
    /// Room for entities with so many attributes altogether: about 500 bytes each.
    pub(super) fn new(attributes: u64) -> Self {
        let weigh = |_: &(TenantId, EntityId), last: &LastState| {
            let attributes = last.entity.as_ref().map_or(0, |entity| entity.attributes.len());
            u32::try_from(attributes.saturating_add(1)).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(attributes).weigher(weigh).build())
    }

    pub(super) fn get(&self, tenant: TenantId, id: &EntityId) -> Option<LastState> {
        self.0.get(&(tenant, id.clone()))
    }

    pub(super) fn insert(&self, tenant: TenantId, id: &EntityId, version: Version, entity: Option<Arc<Entity>>) {
        self.0.insert((tenant, id.clone()), LastState { version, entity });
    }

    pub(super) fn forget_all(&self) {
        self.0.invalidate_all();
    }
}
