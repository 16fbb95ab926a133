//! Subscriptions to registrations are kept (5.11.2 to 5.11.6), each with what it is told first, in one commit.

use hiroba_store::{NewSubscription, RegistryChange, RegistryChanged, SubscriptionAdded, TenantId};
use hiroba_vocab::Tenant;
use ngsild::subscription::{Subscription, Watch};

use super::registry::Registry;
use super::{ATTEMPTS, tell};
use crate::service::{Result, ServiceError};
use crate::state::AppState;

/// Adds a subscription.
///
/// # Errors
/// Busy, and when the database fails.
pub(in crate::service) async fn add(
    state: &AppState,
    owner: (TenantId, &Tenant),
    subscription: &Subscription,
    stored: &NewSubscription,
) -> Result<SubscriptionAdded> {
    let watch = Watch::of(subscription)?;
    for _ in 0..ATTEMPTS {
        let registry = Registry::load(state, owner.0).await?;
        let told = tell::all(state, owner, &registry, &watch).await;
        let change = RegistryChange::Subscribe(stored.clone());
        match state.store.change_registry(owner.0, registry.revision, change, told).await? {
            RegistryChanged::Done => {
                state.subscriptions.wake();
                return Ok(SubscriptionAdded::Done);
            }
            RegistryChanged::Exists => return Ok(SubscriptionAdded::Exists),
            RegistryChanged::Stale => {}
        }
    }
    Err(busy(subscription.id.as_str()))
}

/// Changes a subscription that was worked out from this registry. Whether the registry is still the same.
///
/// # Errors
/// When the database fails.
pub(in crate::service) async fn update(
    state: &AppState,
    owner: (TenantId, &Tenant),
    registry: &Registry,
    subscription: &Subscription,
    stored: NewSubscription,
) -> Result<bool> {
    let told = tell::all(state, owner, registry, &Watch::of(subscription)?).await;
    let change = RegistryChange::Resubscribe(stored);
    let changed = state.store.change_registry(owner.0, registry.revision, change, told).await?;
    state.subscriptions.wake();
    Ok(changed == RegistryChanged::Done)
}

/// Removes a subscription, which exists.
///
/// # Errors
/// Busy, and when the database fails.
pub(in crate::service) async fn remove(state: &AppState, tenant: TenantId, id: &str) -> Result<()> {
    for _ in 0..ATTEMPTS {
        let revision = state.store.registry_revision(tenant).await?;
        let change = RegistryChange::Unsubscribe(id.to_owned());
        if state.store.change_registry(tenant, revision, change, Vec::new()).await? == RegistryChanged::Done {
            return Ok(());
        }
    }
    Err(busy(id))
}

fn busy(id: &str) -> ServiceError {
    ServiceError::Busy(format!("registrations are being changed by too many others; the subscription {id} is not"))
}
