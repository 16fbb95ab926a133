//! The rules of writing (5.5.8, 5.5.12, 5.6): old state and fragment in, new state out. Pure.
//!
//! | function | operation | clause |
//! |---|---|---|
//! | [`Fragment::into_entity`] | Create Entity | 5.6.1 |
//! | [`replace_entity`] | Replace Entity | 5.6.18 |
//! | [`merge_entity`] | Merge Entity | 5.6.17 |
//! | [`append_attributes`] | Append Attributes | 5.6.3 |
//! | [`update_attributes`] | Update Attributes | 5.6.2 |
//! | [`partial_attribute_update`] | Partial Attribute Update | 5.6.4 |
//! | [`replace_attribute`] | Replace Attribute | 5.6.19 |
//! | [`delete_attribute`] | Delete Attribute | 5.6.5 |
//! | [`purge_entity`] | Purge Entities | 5.6.21 |
//! | [`add_instances`] | Create or Update, Add Attributes (temporal) | 5.6.11, 5.6.12 |

mod merge;
mod purge;
mod temporal;

use hiroba_vocab::{DatasetId, Iri, Scope};
use indexmap::IndexSet;

pub(crate) use merge::text_of;
pub use merge::{MergeOptions, merge_entity};
pub use purge::{Purge, purge_entity};
pub use temporal::{Added, add_instances, keep_evolution};

use crate::entity::{Attribute, AttributeValue, Entity, Kind, MAX_ATTRIBUTES, MAX_INSTANCES, OneOrMany};
use crate::error::{Error, ErrorKind, Result};
use crate::geometry;
use crate::read::{AttributeFragment, Fragment, Patch, ValueFragment};
use crate::time::DateTime;

/// The new state of an entity, with what could not be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The new state.
    pub entity: Entity,
    /// The attributes that were changed, expanded.
    pub updated: Vec<Iri>,
    /// The attributes that were not, with the reason (5.2.19).
    pub not_updated: Vec<NotUpdated>,
}

/// An attribute that an operation left as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotUpdated {
    /// The attribute, expanded.
    pub attribute_name: Iri,
    /// Why.
    pub reason: String,
}

/// Which instances of an attribute Delete Attribute concerns (5.6.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstanceSelector {
    /// The one without datasetId.
    Default,
    /// The one with this datasetId.
    Dataset(DatasetId),
    /// All of them (`deleteAll=true`).
    All,
}

impl InstanceSelector {
    /// Whether an instance is among them.
    pub fn covers(&self, instance: &Attribute) -> bool {
        match self {
            Self::Default => instance.dataset_id.is_none(),
            Self::Dataset(id) => instance.dataset_id.as_ref() == Some(id),
            Self::All => true,
        }
    }
}

/// Replaces the whole content: attributes, scope, types. What existed before keeps its `createdAt`.
pub fn replace_entity(old: &Entity, new: Entity) -> Entity {
    let mut entity = new;
    entity.created_at = old.created_at;
    for (name, instances) in &mut entity.attributes {
        for instance in instances {
            if let Some(known) = find(old, name, instance.dataset_id.as_ref()) {
                instance.created_at = known.created_at;
            }
        }
    }
    entity
}

/// The next state of an entity of which a publisher gives the whole content anew: what is gone is removed, and instances
/// that say the same keep their times. `None` when nothing differs.
pub fn revise_entity(old: &Entity, mut new: Entity) -> Option<Entity> {
    if new.says_the_same(old) {
        return None;
    }
    new.created_at = old.created_at;
    for (name, instances) in &mut new.attributes {
        for instance in instances {
            match find(old, name, instance.dataset_id.as_ref()) {
                Some(known) if known.says_the_same(instance) => *instance = known.clone(),
                Some(known) => instance.created_at = known.created_at,
                None => {}
            }
        }
    }
    Some(new)
}

/// Appends attribute instances; with `overwrite`, instances that are there are replaced wholly.
///
/// # Errors
/// BadRequestData when an instance has no value.
pub fn append_attributes(old: &Entity, fragment: Fragment, overwrite: bool, now: DateTime) -> Result<Written> {
    let mut writing = Writing::start(old, now);
    writing.add_types(fragment.types);
    if let Patch::Set(scope) = fragment.scope {
        let scope = match writing.entity.scope.clone() {
            Some(known) if !overwrite => union(known, scope),
            _ => scope,
        };
        writing.set_scope(Some(scope));
    }
    if overwrite || writing.entity.expires_at.is_none() {
        writing.set_expiry(fragment.expires_at);
    }
    for (name, instances) in fragment.attributes {
        for instance in instances {
            let there = find(&writing.entity, &name, instance.dataset_id.as_ref()).is_some();
            if there && !overwrite {
                writing.skip(&name, "the attribute exists already and noOverwrite was asked for");
            } else {
                let instance = instance.complete(now).map_err(|e| e.at(&name))?;
                writing.put(&name, instance)?;
            }
        }
    }
    Ok(writing.finish())
}

/// Replaces attribute instances wholly; missing ones are appended; NGSI-LD Null deletes.
///
/// # Errors
/// BadRequestData when an instance has no value.
pub fn update_attributes(old: &Entity, fragment: Fragment, now: DateTime) -> Result<Written> {
    let mut writing = Writing::start(old, now);
    writing.add_types(fragment.types);
    match fragment.scope {
        // 5.6.2: replaced if there is one, otherwise ignored.
        Patch::Set(scope) if writing.entity.scope.is_some() => writing.set_scope(Some(scope)),
        Patch::Remove => writing.set_scope(None),
        Patch::Set(_) | Patch::Keep => {}
    }
    writing.set_expiry(fragment.expires_at);
    for (name, instances) in fragment.attributes {
        for instance in instances {
            if instance.is_deletion() {
                let selector = instance.dataset_id.map_or(InstanceSelector::Default, InstanceSelector::Dataset);
                if !writing.remove(&name, &selector) {
                    writing.skip(&name, "there is no such attribute instance to delete");
                }
            } else {
                let instance = instance.complete(now).map_err(|e| e.at(&name))?;
                writing.put(&name, instance)?;
            }
        }
    }
    Ok(writing.finish())
}

/// Changes members of one attribute instance: those given replace the same members, a Null removes one, the others stay.
///
/// # Errors
/// ResourceNotFound without such an instance; BadRequestData when the kind would change, or the instance be deleted.
pub fn partial_attribute_update(
    old: &Entity,
    name: &Iri,
    fragment: AttributeFragment,
    now: DateTime,
) -> Result<Entity> {
    fragment.check_part()?;
    let mut entity = old.clone();
    let instance = find_mut(&mut entity, name, fragment.dataset_id.as_ref())?;
    let kind = instance.is.kind();
    if fragment.kind_given && fragment.kind != Some(kind) {
        let given = fragment.kind.map_or("", Kind::name);
        return Err(Error::bad_request(format!("the attribute is a {}, not a {given}", kind.name())));
    }
    match fragment.value {
        None | Some(ValueFragment::Null) => {}
        Some(ValueFragment::Value(value)) => instance.is = as_kind(kind, value)?,
    }
    fragment.observed_at.apply(&mut instance.observed_at);
    fragment.unit_code.apply(&mut instance.unit_code);
    fragment.value_type.apply(&mut instance.value_type);
    fragment.object_type.apply(&mut instance.object_type);
    fragment.expires_at.apply(&mut instance.expires_at);
    if fragment.sealed.is_some() {
        instance.sealed = fragment.sealed;
    }
    for (name, subs) in fragment.attributes {
        for sub in subs {
            put_or_remove(&mut instance.attributes, &name, sub, now)?;
        }
    }
    instance.modified_at = now;
    entity.modified_at = now;
    Ok(entity)
}

/// Replaces one attribute instance, which must exist.
///
/// # Errors
/// ResourceNotFound without such an instance; BadRequestData when the fragment has no value.
pub fn replace_attribute(old: &Entity, name: &Iri, fragment: AttributeFragment, now: DateTime) -> Result<Entity> {
    fragment.check_whole()?;
    let mut entity = old.clone();
    let instance = find_mut(&mut entity, name, fragment.dataset_id.as_ref())?;
    let created_at = instance.created_at;
    *instance = Attribute { created_at, ..fragment.complete(now)? };
    entity.modified_at = now;
    Ok(entity)
}

/// Deletes instances of an attribute.
///
/// # Errors
/// ResourceNotFound when there is none to delete.
pub fn delete_attribute(old: &Entity, name: &Iri, which: &InstanceSelector, now: DateTime) -> Result<Entity> {
    let mut writing = Writing::start(old, now);
    if writing.remove(name, which) { Ok(writing.finish().entity) } else { Err(no_such_instance(name)) }
}

/// Deletes the scope (Delete Attribute with the name `scope`).
///
/// # Errors
/// ResourceNotFound when the entity has none.
pub fn delete_scope(old: &Entity, now: DateTime) -> Result<Entity> {
    if old.scope.is_none() {
        return Err(Error::new(ErrorKind::ResourceNotFound, format!("{} has no scope", old.id)));
    }
    Ok(Entity { scope: None, modified_at: now, ..old.clone() })
}

/// An entity under change.
struct Writing {
    entity: Entity,
    updated: IndexSet<Iri>,
    not_updated: Vec<NotUpdated>,
    now: DateTime,
}

impl Writing {
    fn start(old: &Entity, now: DateTime) -> Self {
        Self { entity: old.clone(), updated: IndexSet::new(), not_updated: Vec::new(), now }
    }

    fn touch(&mut self, name: &Iri) {
        self.entity.modified_at = self.now;
        self.updated.insert(name.clone());
    }

    fn add_types(&mut self, types: Vec<Iri>) {
        let before = self.entity.types.len();
        self.entity.add_types(types);
        if self.entity.types.len() != before {
            self.entity.modified_at = self.now;
        }
    }

    fn set_scope(&mut self, scope: Option<OneOrMany<Scope>>) {
        if self.entity.scope != scope {
            self.entity.scope = scope;
            self.entity.modified_at = self.now;
        }
    }

    fn set_expiry(&mut self, expires_at: Patch<DateTime>) {
        if expires_at != Patch::Keep {
            expires_at.apply(&mut self.entity.expires_at);
            self.entity.modified_at = self.now;
        }
    }

    /// Appends an instance, or replaces the one with the same datasetId.
    fn put(&mut self, name: &Iri, instance: Attribute) -> Result<()> {
        put(self.entity.attributes.entry(name.clone()).or_default(), instance).map_err(|e| e.at(name))?;
        if self.entity.attributes.len() > MAX_ATTRIBUTES {
            return Err(Error::bad_request(format!("the entity would have more than {MAX_ATTRIBUTES} attributes")));
        }
        self.touch(name);
        Ok(())
    }

    /// Whether anything was removed.
    fn remove(&mut self, name: &Iri, which: &InstanceSelector) -> bool {
        let Some(instances) = self.entity.attributes.get_mut(name) else { return false };
        let before = instances.len();
        instances.retain(|instance| !which.covers(instance));
        let removed = instances.len() != before;
        if instances.is_empty() {
            self.entity.attributes.shift_remove(name);
        }
        if removed {
            self.touch(name);
        }
        removed
    }

    fn skip(&mut self, name: &Iri, reason: &str) {
        self.not_updated.push(NotUpdated { attribute_name: name.clone(), reason: reason.to_owned() });
    }

    fn finish(mut self) -> Written {
        for skipped in &self.not_updated {
            self.updated.shift_remove(&skipped.attribute_name);
        }
        let updated = self.updated.into_iter().collect();
        Written { entity: self.entity, updated, not_updated: self.not_updated }
    }
}

fn put(instances: &mut Vec<Attribute>, instance: Attribute) -> Result<()> {
    let full = instances.len() >= MAX_INSTANCES;
    match instances.iter_mut().find(|known| known.dataset_id == instance.dataset_id) {
        Some(known) => *known = Attribute { created_at: known.created_at, ..instance },
        None if full => {
            return Err(Error::bad_request(format!("the attribute would have more than {MAX_INSTANCES} instances")));
        }
        None => instances.push(instance),
    }
    Ok(())
}

/// A sub-attribute of a partial update: replaced wholly, or removed by Null.
fn put_or_remove(
    attributes: &mut crate::entity::Attributes,
    name: &Iri,
    fragment: AttributeFragment,
    now: DateTime,
) -> Result<()> {
    if fragment.is_deletion() {
        if let Some(instances) = attributes.get_mut(name) {
            instances.retain(|instance| instance.dataset_id != fragment.dataset_id);
            if instances.is_empty() {
                attributes.shift_remove(name);
            }
        }
    } else {
        put(attributes.entry(name.clone()).or_default(), fragment.complete(now).map_err(|e| e.at(name))?)?;
    }
    Ok(())
}

/// A value read without `type`, taken as the kind that the instance has.
fn as_kind(kind: Kind, value: AttributeValue) -> Result<AttributeValue> {
    if value.kind() == kind {
        return Ok(value);
    }
    match (kind, value) {
        (Kind::GeoProperty, AttributeValue::Property(json)) => {
            geometry::parse(&json)?;
            Ok(AttributeValue::GeoProperty(json))
        }
        (Kind::Property, AttributeValue::GeoProperty(json)) => Ok(AttributeValue::Property(json)),
        (kind, value) => {
            Err(Error::bad_request(format!("the attribute is a {}, not a {}", kind.name(), value.kind().name())))
        }
    }
}

/// The known scopes and the new ones, written as before when there are no new ones.
fn union(known: OneOrMany<Scope>, scopes: OneOrMany<Scope>) -> OneOrMany<Scope> {
    let mut all = known.as_slice().to_vec();
    for scope in scopes.as_slice() {
        if !all.contains(scope) {
            all.push(scope.clone());
        }
    }
    if all.len() == known.as_slice().len() { known } else { OneOrMany::Many(all) }
}

fn find<'e>(entity: &'e Entity, name: &Iri, dataset_id: Option<&DatasetId>) -> Option<&'e Attribute> {
    entity.attributes.get(name)?.iter().find(|instance| instance.dataset_id.as_ref() == dataset_id)
}

fn find_mut<'e>(entity: &'e mut Entity, name: &Iri, dataset_id: Option<&DatasetId>) -> Result<&'e mut Attribute> {
    entity
        .attributes
        .get_mut(name)
        .and_then(|instances| instances.iter_mut().find(|instance| instance.dataset_id.as_ref() == dataset_id))
        .ok_or_else(|| no_such_instance(name))
}

fn no_such_instance(name: &Iri) -> Error {
    Error::new(ErrorKind::ResourceNotFound, format!("the entity has no such instance of {name}"))
}
