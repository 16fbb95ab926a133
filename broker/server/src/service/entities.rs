//! Provision of single entities and attributes (5.6.1 to 5.6.6, 5.6.17 to 5.6.19), and their retrieval (5.7.1).

use std::borrow::Cow;
use std::sync::Arc;

use hiroba_store::{Outcome, Stored, TenantId, Write};
use hiroba_vocab::{EntityId, Iri};
use ngsild::query::TypeAlternatives;
use ngsild::read::{AttributeFragment, Fragment, Reader, SimplifiedFragment};
use ngsild::write::{self, InstanceSelector, MergeOptions, Written};
use ngsild::{DateTime, Entity};

use super::{Result, ServiceError, now};
use crate::state::AppState;

/// How often a change is tried again when somebody else was faster.
pub(super) const ATTEMPTS: usize = 50;

/// Which entity an operation is about: its id and, if the client says so, its types.
#[derive(Debug, Clone)]
pub struct Target {
    /// The tenant.
    pub tenant: TenantId,
    /// The id.
    pub id: EntityId,
    /// The type selection that it must match, or else it counts as unknown.
    pub types: Option<TypeAlternatives>,
}

/// Create Entity (5.6.1).
///
/// # Errors
/// AlreadyExists.
pub async fn create_entity(state: &AppState, tenant: TenantId, entity: Entity) -> Result<EntityId> {
    let now = entity.created_at;
    let entity = Arc::new(entity);
    let id = entity.id.clone();
    for _ in 0..ATTEMPTS {
        let known = state.store.valid_entities(tenant, std::slice::from_ref(&id), now).await?;
        if known.iter().any(Option::is_some) {
            return Err(ServiceError::entity_exists(&id));
        }
        let write = Write { before: None, after: Some(Arc::clone(&entity)) };
        match state.store.write(tenant, &[write], now).await?.first() {
            Some(Outcome::Done { .. }) => return Ok(id),
            Some(Outcome::Conflict) | None => {}
        }
    }
    Err(ServiceError::Contended(id))
}

/// Retrieve Entity (5.7.1): the entity without what has expired.
///
/// # Errors
/// ResourceNotFound.
pub async fn retrieve_entity(state: &AppState, target: &Target) -> Result<Stored> {
    let now = now();
    let stored = state.store.entity(target.tenant, &target.id).await?;
    let stored = stored.filter(|stored| is_target(target, &stored.entity, now));
    stored.map(|stored| without_expired(stored, now)).ok_or_else(|| ServiceError::no_entity(&target.id))
}

/// Replace Entity (5.6.18).
///
/// # Errors
/// ResourceNotFound.
pub async fn replace_entity(state: &AppState, target: &Target, new: Entity) -> Result<()> {
    change(state, target, |old, _| Ok((Some(write::replace_entity(old, new.clone())), ()))).await
}

/// Merge Entity (5.6.17).
///
/// # Errors
/// ResourceNotFound; BadRequestData when a new attribute has no value.
pub async fn merge_entity(state: &AppState, target: &Target, fragment: Fragment, options: &MergeOptions) -> Result<()> {
    change(state, target, |old, now| Ok((Some(write::merge_entity(old, fragment.clone(), options, now)?), ()))).await
}

/// Merge Entity (5.6.17) with a simplified body. `reader` understands its values.
///
/// # Errors
/// ResourceNotFound; BadRequestData when a value is not of its attribute's kind.
pub async fn merge_simplified(
    state: &AppState,
    target: &Target,
    reader: &Reader<'_>,
    body: &SimplifiedFragment,
    options: &MergeOptions,
) -> Result<()> {
    change(state, target, |old, now| {
        let fragment = reader.for_entity(body, old, options)?;
        Ok((Some(write::merge_entity(old, fragment, options, now)?), ()))
    })
    .await
}

/// Delete Entity (5.6.6).
///
/// # Errors
/// ResourceNotFound.
pub async fn delete_entity(state: &AppState, target: &Target) -> Result<()> {
    change(state, target, |_, _| Ok((None, ()))).await
}

/// Append Attributes (5.6.3).
///
/// # Errors
/// ResourceNotFound; BadRequestData when an instance has no value.
pub async fn append_attributes(
    state: &AppState,
    target: &Target,
    fragment: Fragment,
    overwrite: bool,
) -> Result<Written> {
    change(state, target, |old, now| {
        let written = write::append_attributes(old, fragment.clone(), overwrite, now)?;
        Ok((Some(written.entity.clone()), written))
    })
    .await
}

/// Update Attributes (5.6.2).
///
/// # Errors
/// ResourceNotFound; BadRequestData when an instance has no value.
pub async fn update_attributes(state: &AppState, target: &Target, fragment: Fragment) -> Result<Written> {
    change(state, target, |old, now| {
        let written = write::update_attributes(old, fragment.clone(), now)?;
        Ok((Some(written.entity.clone()), written))
    })
    .await
}

/// Partial Attribute Update (5.6.4).
///
/// # Errors
/// ResourceNotFound; BadRequestData when the kind would change.
pub async fn partial_attribute_update(
    state: &AppState,
    target: &Target,
    name: &Iri,
    fragment: AttributeFragment,
) -> Result<()> {
    change(state, target, |old, now| Ok((Some(write::partial_attribute_update(old, name, fragment.clone(), now)?), ())))
        .await
}

/// Replace Attribute (5.6.19).
///
/// # Errors
/// ResourceNotFound; BadRequestData when the fragment has no value.
pub async fn replace_attribute(
    state: &AppState,
    target: &Target,
    name: &Iri,
    fragment: AttributeFragment,
) -> Result<()> {
    change(state, target, |old, now| Ok((Some(write::replace_attribute(old, name, fragment.clone(), now)?), ()))).await
}

/// What Delete Attribute deletes.
#[derive(Debug, Clone)]
pub enum Deleted {
    /// Instances of an attribute.
    Attribute(Iri, InstanceSelector),
    /// The scope.
    Scope,
}

/// Delete Attribute (5.6.5).
///
/// # Errors
/// ResourceNotFound.
pub async fn delete_attribute(state: &AppState, target: &Target, what: &Deleted) -> Result<()> {
    change(state, target, |old, now| {
        let entity = match what {
            Deleted::Attribute(name, which) => write::delete_attribute(old, name, which, now)?,
            Deleted::Scope => write::delete_scope(old, now)?,
        };
        Ok((Some(entity), ()))
    })
    .await
}

/// Loads the target, works out its new state, and writes it unless somebody was faster; then all over again.
async fn change<T>(
    state: &AppState,
    target: &Target,
    mut step: impl FnMut(&Entity, DateTime) -> ngsild::Result<(Option<Entity>, T)>,
) -> Result<T> {
    for _ in 0..ATTEMPTS {
        let now = now();
        let stored = state.store.entity(target.tenant, &target.id).await?;
        let Some(before) = stored.filter(|stored| is_target(target, &stored.entity, now)) else {
            return Err(ServiceError::no_entity(&target.id));
        };
        let shown = without_expired(before.clone(), now);
        let (after, result) = step(&shown.entity, now)?;
        if after.as_ref() == Some(&*before.entity) {
            return Ok(result);
        }
        let write = Write { before: Some(before), after: after.map(Arc::new) };
        match state.store.write(target.tenant, &[write], now).await?.first() {
            Some(Outcome::Done { .. }) => return Ok(result),
            Some(Outcome::Conflict) | None => {}
        }
    }
    Err(ServiceError::Contended(target.id.clone()))
}

fn is_target(target: &Target, entity: &Entity, now: DateTime) -> bool {
    !entity.is_expired(now) && target.types.as_ref().is_none_or(|types| types.matches(&entity.types))
}

/// An entity that has not expired, as clients see it.
pub fn present(stored: Stored, now: DateTime) -> Option<Stored> {
    (!stored.entity.is_expired(now)).then(|| without_expired(stored, now))
}

/// The entity as clients see it: instances that have expired are not there (4.22).
pub fn without_expired(stored: Stored, now: DateTime) -> Stored {
    let changed = match stored.entity.valid_at(now) {
        Some(Cow::Owned(entity)) => Arc::new(entity),
        Some(Cow::Borrowed(_)) | None => return stored,
    };
    Stored { entity: changed, ..stored }
}
