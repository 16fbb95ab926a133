//! From the state after a change to the one before it.

use hiroba_vocab::EntityId;

use crate::change::{AttributeChange, Change, Operation};
use crate::entity::{Attributes, Entity};
use crate::time::DateTime;

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
        restore(&mut entity.attributes, touched);
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
        id: id.clone(),
        types: change.types.clone(),
        scope: None,
        expires_at: None,
        created_at: before().map(|instance| instance.created_at).min().unwrap_or(at),
        modified_at: before().map(|instance| instance.modified_at).max().unwrap_or(at),
        attributes: Attributes::default(),
    }
}

fn restore(attributes: &mut Attributes, touched: &AttributeChange) {
    let instances = attributes.entry(touched.name.clone()).or_default();
    let place = instances.iter().position(|instance| instance.dataset_id == touched.dataset_id);
    match (place, &touched.before) {
        (Some(place), Some(before)) => {
            if let Some(instance) = instances.get_mut(place) {
                *instance = before.clone();
            }
        }
        (Some(place), None) => drop(instances.remove(place)),
        (None, Some(before)) => instances.push(before.clone()),
        (None, None) => {}
    }
    if instances.is_empty() {
        attributes.shift_remove(&touched.name);
    }
}
