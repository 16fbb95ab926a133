//! Instances that are added to the temporal evolution of an entity (5.6.11, 5.6.12).

use hiroba_vocab::EntityId;

use super::{Writing, find};
use crate::entity::{Attribute, Entity};
use crate::error::Result;
use crate::read::{Patch, TemporalFragment};
use crate::temporal::{Evolution, Instance, Point, Recorded};
use crate::time::DateTime;

/// What adding instances comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    /// The entity as it is now: an instance that was observed at least as late as the current one takes its place.
    pub entity: Entity,
    /// What is to be recorded.
    pub instances: Vec<Instance>,
}

/// Adds instances to an entity, or to one that comes to be with them.
///
/// # Errors
/// BadRequestData when the entity would have too many attributes or instances.
pub fn add_instances(old: Option<&Entity>, id: &EntityId, fragment: TemporalFragment, now: DateTime) -> Result<Added> {
    let new = blank(id, now);
    let mut writing = Writing::start(old.unwrap_or(&new), now);
    writing.add_types(fragment.types);
    if let Some(at) = fragment.expires_at {
        writing.set_expiry(Patch::Set(at));
    }
    let newest = fragment.scopes.iter().max_by_key(|(_, at)| at.unwrap_or(now));
    if let Some((scope, at)) = newest
        && (at.is_none() || writing.entity.scope.is_none())
    {
        writing.set_scope(Some(scope.clone()));
    }
    let mut recorded = Vec::new();
    for (name, series) in fragment.attributes {
        for instance in series {
            let known = find(&writing.entity, &name, instance.dataset_id.as_ref());
            if known.is_none_or(|known| is_as_late(&instance, known)) {
                writing.put(&name, instance.clone())?;
            }
            recorded.push(Recorded::Attribute { name: name.clone(), instance });
        }
    }
    for (value, at) in fragment.scopes {
        recorded.push(Recorded::Scope { value, at: at.unwrap_or(now) });
    }
    let instances = (0..).zip(recorded).map(|(number, is)| Instance { number, deleted_at: None, is }).collect();
    Ok(Added { entity: writing.finish().entity, instances })
}

/// Adds a part of another evolution, as it was recorded there: deletions and times stay. The latest instances make the
/// entity, beside what it has already.
///
/// # Errors
/// BadRequestData when the entity would have too many attributes or instances.
pub fn keep_evolution(old: Option<&Entity>, evolution: Evolution, now: DateTime) -> Result<Added> {
    let new = blank(&evolution.id, now);
    let mut writing = Writing::start(old.unwrap_or(&new), now);
    writing.add_types(evolution.types);
    let mut points: Vec<Point> = evolution.attributes.into_values().flatten().chain(evolution.scopes).collect();
    points.sort_by_key(|point| (point.time, point.id));
    for point in points.iter().filter(|point| point.instance.deleted_at.is_none()) {
        match &point.instance.is {
            Recorded::Attribute { name, instance } => {
                let known = find(&writing.entity, name, instance.dataset_id.as_ref());
                if known.is_none_or(|known| is_as_late(instance, known)) {
                    writing.put(name, instance.clone())?;
                }
            }
            Recorded::Scope { value, .. } => writing.set_scope(Some(value.clone())),
        }
    }
    let numbered = |(number, point): (u32, Point)| Instance { number, ..point.instance };
    Ok(Added { entity: writing.finish().entity, instances: (0..).zip(points).map(numbered).collect() })
}

/// An entity that is about to come to be.
fn blank(id: &EntityId, now: DateTime) -> Entity {
    Entity {
        id: id.clone(),
        types: Vec::new(),
        scope: None,
        expires_at: None,
        created_at: now,
        modified_at: now,
        attributes: crate::Attributes::default(),
    }
}

/// Whether an instance was observed at least as late as another one. One of unknown time is of now, unless the other's
/// is known.
fn is_as_late(instance: &Attribute, known: &Attribute) -> bool {
    instance.observed_at >= known.observed_at
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jsonld::Context;
    use crate::read::{Nulls, Reader};

    #[test]
    fn the_instance_that_was_observed_last_is_the_current_one() {
        let context = Context::core();
        let reader = Reader { context: &context, nulls: Nulls::Refused };
        let id = EntityId::parse("urn:x:1").unwrap();
        let now = |seconds: i64| DateTime::from_micros(seconds * 1_000_000);
        let add = |old: Option<&Entity>, body, at| {
            add_instances(old, &id, reader.temporal(body, now(at)).unwrap(), now(at)).unwrap()
        };
        let value = |n: i64, day: u32| json!({"type": "Property", "value": n, "observedAt": format!("2026-04-{day:02}T00:00:00Z")});
        let current = |entity: &Entity| entity.attributes.values().next().unwrap()[0].is.clone();
        let first = add(None, json!({"id": "urn:x:1", "type": "T", "n": [value(1, 1), value(3, 3), value(2, 2)]}), 10);
        assert_eq!(first.instances.len(), 3);
        assert_eq!(current(&first.entity), crate::AttributeValue::Property(3.into()));
        let past = add(Some(&first.entity), json!({"n": [value(9, 2)]}), 20);
        assert_eq!((past.entity, past.instances.len()), (first.entity.clone(), 1), "the past leaves the present alone");
        let same = add(Some(&first.entity), json!({"n": [value(4, 3)], "scope": "/a"}), 30);
        assert_eq!(current(&same.entity), crate::AttributeValue::Property(4.into()));
        assert_eq!((same.entity.modified_at, same.instances.len()), (now(30), 2));
    }
}
