//! What notifications say of changes beside the present: previous values, and attributes that are gone (5.3.1).

use hiroba_vocab::Iri;
use hiroba_vocab::ngsi_ld::NULL;
use serde_json::{Map, Value, json};

use crate::entity::{Attribute, Attributes, Kind};
use crate::render::{Form, Rendering};
use crate::subscription::trigger::Trigger;
use crate::subscription::watch::Watch;
use crate::time::DateTime;

/// Adds to rendered entities what became of their attributes.
pub(super) struct Decoration<'d> {
    /// How the entities were rendered.
    pub(super) rendering: Rendering<'d>,
    pub(super) watch: &'d Watch,
    pub(super) deleted_at: DateTime,
}

impl Decoration<'_> {
    /// Adds to the members of an entity what was before: `now` are its attributes, `before` the instances that were
    /// touched. Attributes that are gone are told to those who asked for deletions.
    pub(super) fn changes(&self, members: &mut Map<String, Value>, now: &Attributes, before: &Attributes) {
        let triggers = &self.watch.triggers;
        let deletions = triggers.contains(&Trigger::AttributeDeleted) || triggers.contains(&Trigger::EntityUpdated);
        for (name, before) in self.shown(before) {
            let current: Vec<&Attribute> =
                now.get(name).into_iter().flatten().filter(|one| self.rendering.shows_instance(one)).collect();
            let is_there = |old: &&Attribute| current.iter().any(|one| one.dataset_id == old.dataset_id);
            let (changed, mut gone): (Vec<_>, Vec<_>) = before.into_iter().partition(is_there);
            if !deletions {
                gone.clear();
            }
            if gone.is_empty() && !self.watch.show_changes {
                continue;
            }
            let name = self.rendering.context.compact(name).into_owned();
            let value = members.get(&name).cloned();
            members.insert(name, self.attribute(value, &current, &changed, &gone));
        }
    }

    /// Adds all attributes of an entity that is gone.
    pub(super) fn deletions(&self, members: &mut Map<String, Value>, before: &Attributes) {
        for (name, before) in self.shown(before) {
            let name = self.rendering.context.compact(name).into_owned();
            members.insert(name, self.attribute(None, &[], &[], &before));
        }
    }

    /// The attributes and instances that are shown at all.
    fn shown<'a>(&self, attributes: &'a Attributes) -> Vec<(&'a Iri, Vec<&'a Attribute>)> {
        let shown = attributes.iter().filter(|(name, _)| self.rendering.projection.shows_attribute(name));
        let instances = shown
            .map(|(name, all)| (name, all.iter().filter(|one| self.rendering.shows_instance(one)).collect::<Vec<_>>()));
        instances.filter(|(_, all)| !all.is_empty()).collect()
    }

    /// One attribute: `value` is what was rendered of the `current` instances.
    fn attribute(
        &self,
        value: Option<Value>,
        current: &[&Attribute],
        changed: &[&Attribute],
        gone: &[&Attribute],
    ) -> Value {
        if self.rendering.form == Form::Simplified {
            return simplified(value, current, gone);
        }
        let mut instances: Vec<Value> = match (value, current) {
            (Some(Value::Array(items)), [_, _, ..]) => items,
            (Some(value), [one]) if self.rendering.shows_bare(one) => vec![json!({ "value": value })],
            (Some(value), [_]) => vec![value],
            _ => Vec::new(),
        };
        if self.watch.show_changes {
            for (instance, now) in instances.iter_mut().zip(current) {
                let old = changed.iter().find(|old| old.dataset_id == now.dataset_id);
                if let (Some(old), Value::Object(members)) = (old, instance) {
                    self.previous(members, old);
                }
            }
        }
        let alone = instances.is_empty() && gone.len() == 1;
        instances.extend(gone.iter().map(|old| self.gone(old, alone)));
        if instances.len() == 1 { instances.swap_remove(0) } else { Value::Array(instances) }
    }

    /// The previous value, under a name that says which member it was in.
    fn previous(&self, members: &mut Map<String, Value>, old: &Attribute) {
        let name = match old.is.kind() {
            Kind::Property | Kind::GeoProperty => "previousValue",
            Kind::LanguageProperty => "previousLanguageMap",
            Kind::VocabProperty => "previousVocab",
            Kind::JsonProperty => "previousJson",
            Kind::ListProperty => "previousValueList",
            Kind::Relationship => "previousObject",
            Kind::ListRelationship => "previousObjectList",
        };
        members.insert(name.to_owned(), self.rendering.value_of(old));
    }

    /// An instance that is gone: the NGSI-LD Null by itself where nothing else is to be said.
    fn gone(&self, old: &Attribute, alone: bool) -> Value {
        let sys_attrs = self.rendering.sys_attrs;
        if alone && old.dataset_id.is_none() && !sys_attrs && !self.watch.show_changes {
            return NULL.into();
        }
        let kind = old.is.kind();
        let mut members = Map::new();
        if self.rendering.form == Form::Normalized {
            members.insert("type".to_owned(), kind.name().into());
        }
        members.insert(kind.value_member().to_owned(), null_of(kind));
        if self.watch.show_changes {
            self.previous(&mut members, old);
        }
        members.extend(old.dataset_id.as_ref().map(|id| ("datasetId".to_owned(), json!(id))));
        if sys_attrs {
            members.insert("createdAt".to_owned(), json!(old.created_at));
            members.insert("modifiedAt".to_owned(), json!(old.modified_at));
            members.insert("deletedAt".to_owned(), json!(self.deleted_at));
        }
        Value::Object(members)
    }
}

/// The NGSI-LD Null as the value of a kind (4.5.0).
fn null_of(kind: Kind) -> Value {
    match kind {
        Kind::LanguageProperty => json!({ "@none": NULL }),
        Kind::ListProperty | Kind::ListRelationship => json!([NULL]),
        _ => NULL.into(),
    }
}

/// Simplified form has no place but for the Null itself, by dataset where there are several (4.5.4).
fn simplified(value: Option<Value>, current: &[&Attribute], gone: &[&Attribute]) -> Value {
    let key = |instance: &Attribute| instance.dataset_id.as_ref().map_or("@none", |id| id.as_str()).to_owned();
    let mut datasets = Map::new();
    match (value, current) {
        (Some(value), []) => return value,
        (Some(value), [one]) if one.dataset_id.is_none() => drop(datasets.insert(key(one), value)),
        (Some(mut value), _) => {
            if let Some(Value::Object(members)) = value.get_mut("dataset").map(Value::take) {
                datasets = members;
            }
        }
        (None, _) => {}
    }
    datasets.extend(gone.iter().map(|old| (key(old), NULL.into())));
    let alone = datasets.len() == 1;
    match datasets.get_mut("@none") {
        Some(only) if alone => only.take(),
        _ => json!({ "dataset": datasets }),
    }
}
