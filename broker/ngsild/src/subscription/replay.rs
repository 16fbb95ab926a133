//! From the state before a change to the one after it, and back.

use hiroba_vocab::EntityId;

use crate::change::{AttributeChange, Change, Operation};
use crate::entity::{Attribute, Attributes, Entity};
use crate::time::DateTime;

/// The state of an entity after a change, from the state before it: change by change the past becomes the present. `None`
/// is an entity that does not exist. `at` is when the change was made.
///
/// The order of attributes and instances may be another than the writer's. An update of an entity that is not there leads
/// nowhere: `None`.
pub fn advance(before: Option<Entity>, id: &EntityId, change: &Change, at: DateTime) -> Option<Entity> {
    let mut entity = match change.operation {
        Operation::Created => bare(id, change, at),
        Operation::Updated => before?,
        Operation::Deleted => return None,
    };
    entity.types.clone_from(&change.types);
    entity.modified_at = at;
    entity.expires_at = change.expires_at;
    for touched in &change.attributes {
        put(&mut entity.attributes, touched, touched.after.as_ref());
    }
    if let Some(scope) = &change.scope {
        entity.scope = scope.after.clone();
    }
    Some(entity)
}

/// The state of an entity before a change, from the state after it: change by change, from the newest, the present becomes
/// the past. `None` is an entity that does not exist. `at` is when the change was made.
///
/// What a record does not hold stays as it is after the change: `expiresAt` and `modifiedAt` of the entity, and in records
/// without `typesBefore` the types. A deleted entity comes back as old as its oldest attribute instance, or as its deletion when
/// it has none, and without `expiresAt`. The order of attributes and instances is not restored.
///
/// An update of an entity that is not there cannot be undone: `None`.
pub fn rewind(after: Option<Entity>, id: &EntityId, change: &Change, at: DateTime) -> Option<Entity> {
    let mut entity = match change.operation {
        Operation::Created => return None,
        Operation::Updated => after?,
        Operation::Deleted => deleted(id, change, at),
    };
    for touched in &change.attributes {
        put(&mut entity.attributes, touched, touched.before.as_ref());
    }
    if let Some(types) = &change.types_before {
        entity.types.clone_from(types);
    }
    if let Some(scope) = &change.scope {
        entity.scope = scope.before.clone();
    }
    Some(entity)
}

/// A deleted entity, without attributes yet.
fn deleted(id: &EntityId, change: &Change, at: DateTime) -> Entity {
    let before = || change.attributes.iter().filter_map(|touched| touched.before.as_ref());
    Entity {
        created_at: before().map(|instance| instance.created_at).min().unwrap_or(at),
        modified_at: before().map(|instance| instance.modified_at).max().unwrap_or(at),
        ..bare(id, change, at)
    }
}

/// An entity of the types of a change, created at some time, with nothing else.
fn bare(id: &EntityId, change: &Change, at: DateTime) -> Entity {
    Entity {
        id: id.clone(),
        types: change.types.clone(),
        scope: None,
        expires_at: None,
        created_at: at,
        modified_at: at,
        attributes: Attributes::default(),
    }
}

/// Puts one of the states of an instance that was touched in the place of whichever is there.
fn put(attributes: &mut Attributes, touched: &AttributeChange, state: Option<&Attribute>) {
    let instances = attributes.entry(touched.name.clone()).or_default();
    let place = instances.iter().position(|instance| instance.dataset_id == touched.dataset_id);
    match (place, state) {
        (Some(place), Some(state)) => {
            if let Some(instance) = instances.get_mut(place) {
                *instance = state.clone();
            }
        }
        (Some(place), None) => drop(instances.remove(place)),
        (None, Some(state)) => instances.push(state.clone()),
        (None, None) => {}
    }
    if instances.is_empty() {
        attributes.shift_remove(&touched.name);
    }
}
