//! Attribute instances in the three forms.

use std::borrow::Cow;

use hiroba_vocab::Iri;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

use super::{Form, Rendering, linked};
use crate::entity::{Attribute, AttributeValue, Kind, OneOrMany};
use crate::geometry;
use crate::read::{is_instance, reads_as_attribute};

impl Rendering<'_> {
    /// Whether an instance that is the only one of its attribute is shown as its value alone.
    pub(crate) fn shows_bare(&self, attribute: &Attribute) -> bool {
        Instance { rendering: *self, attribute, alone: true }.bare_value().is_some()
    }

    /// What the value member of an instance holds, whatever `lang` is.
    pub(crate) fn value_of(&self, attribute: &Attribute) -> Value {
        super::json(&FullValue { rendering: *self, value: &attribute.is })
    }
}

/// All shown instances of one attribute: a single object or value, or an array of them.
pub(super) struct Instances<'a> {
    pub(super) rendering: Rendering<'a>,
    pub(super) instances: &'a [Attribute],
    pub(super) shown: usize,
}

impl<'a> Instances<'a> {
    fn shown(&self) -> impl Iterator<Item = &'a Attribute> {
        let rendering = self.rendering;
        self.instances.iter().filter(move |instance| rendering.shows_instance(instance))
    }
}

impl Serialize for Instances<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rendering = self.rendering;
        if rendering.form == Form::Simplified {
            return self.simplified(serializer);
        }
        if self.shown == 1
            && let Some(attribute) = self.shown().next()
        {
            return Instance { rendering, attribute, alone: true }.serialize(serializer);
        }
        let mut seq = serializer.serialize_seq(Some(self.shown))?;
        for attribute in self.shown() {
            seq.serialize_element(&Instance { rendering, attribute, alone: false })?;
        }
        seq.end()
    }
}

impl Instances<'_> {
    /// Key-value form (4.5.4): the bare value; with several datasets, or one that is not the default, an object by
    /// dataset so that no id is lost.
    fn simplified<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = |attribute| SimplifiedValue { rendering: self.rendering, attribute };
        if self.shown == 1
            && let Some(attribute) = self.shown().next().filter(|attribute| attribute.dataset_id.is_none())
        {
            return value(attribute).serialize(serializer);
        }
        struct ByDataset<'a>(&'a Instances<'a>);
        impl Serialize for ByDataset<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(self.0.shown))?;
                for attribute in self.0.shown() {
                    let key = attribute.dataset_id.as_ref().map_or("@none", |id| id.as_str());
                    map.serialize_entry(key, &SimplifiedValue { rendering: self.0.rendering, attribute })?;
                }
                map.end()
            }
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("dataset", &ByDataset(self))?;
        map.end()
    }
}

/// One instance in normalized or concise form.
pub(super) struct Instance<'a> {
    pub(super) rendering: Rendering<'a>,
    pub(super) attribute: &'a Attribute,
    /// Whether it stands by itself. Inside an array of instances concise form needs an object to be readable.
    pub(super) alone: bool,
}

impl Serialize for Instance<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(value) = self.bare_value() {
            return value.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        self.members(&mut map)?;
        map.end()
    }
}

impl<'a> Instance<'a> {
    /// The value, where concise form shows nothing else.
    fn bare_value(&self) -> Option<&'a Value> {
        let Self { rendering, attribute, alone } = self;
        let concise = rendering.form == Form::Concise;
        let bare = concise && *alone && !self.has_other_members() && self.chosen_language().is_none();
        match &attribute.is {
            AttributeValue::Property(value) | AttributeValue::GeoProperty(value) if bare => {
                is_bare(attribute.is.kind(), value).then_some(value)
            }
            _ => None,
        }
    }

    /// The members of the instance's object.
    pub(super) fn members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Self { rendering, attribute, .. } = self;
        let concise = rendering.form == Form::Concise;
        let kind = attribute.is.kind();
        if let Some((tag, text)) = self.chosen_language() {
            if !concise {
                map.serialize_entry("type", Kind::Property.name())?;
            }
            map.serialize_entry("value", text)?;
            map.serialize_entry("lang", tag)?;
        } else {
            if !concise || needs_type(&attribute.is) {
                map.serialize_entry("type", kind.name())?;
            }
            map.serialize_entry(kind.value_member(), &FullValue { rendering: *rendering, value: &attribute.is })?;
            linked::member(map, *rendering, attribute)?;
        }
        self.metadata(map)?;
        for (name, instances) in &attribute.attributes {
            let shown = instances.len();
            // A datasetId filter, and join, are about the entity's own attributes, not about what describes them.
            let rendering = Rendering { datasets: &[], inline: None, ..*rendering };
            map.serialize_entry(&rendering.context.compact(name), &Instances { rendering, instances, shown })?;
        }
        Ok(())
    }

    fn chosen_language(&self) -> Option<(&'a str, &'a OneOrMany<Box<str>>)> {
        match (&self.attribute.is, self.rendering.lang) {
            (AttributeValue::LanguageProperty(map), Some(preference)) => preference.choose(map),
            _ => None,
        }
    }

    fn has_other_members(&self) -> bool {
        let a = self.attribute;
        a.dataset_id.is_some()
            || a.observed_at.is_some()
            || a.unit_code.is_some()
            || a.value_type.is_some()
            || a.object_type.is_some()
            || a.sealed.is_some()
            || !a.attributes.is_empty()
            || self.rendering.sys_attrs
    }

    fn metadata<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Self { rendering, attribute, .. } = self;
        let context = rendering.context;
        if let Some(id) = &attribute.dataset_id {
            map.serialize_entry("datasetId", id)?;
        }
        if let Some(at) = &attribute.observed_at {
            map.serialize_entry("observedAt", at)?;
        }
        if let Some(code) = &attribute.unit_code {
            map.serialize_entry("unitCode", code)?;
        }
        if let Some(datatype) = &attribute.value_type {
            map.serialize_entry("valueType", &context.compact(datatype))?;
        }
        if let Some(types) = &attribute.object_type {
            map.serialize_entry("objectType", &compacted(rendering, types))?;
        }
        if let Some(sealed) = &attribute.sealed {
            if let Some(id) = &sealed.entity_id {
                map.serialize_entry("entityIdSealed", id)?;
            }
            if let Some(types) = &sealed.entity_type {
                map.serialize_entry("entityTypeSealed", &compacted(rendering, types))?;
            }
        }
        if rendering.sys_attrs {
            map.serialize_entry("createdAt", &attribute.created_at)?;
            map.serialize_entry("modifiedAt", &attribute.modified_at)?;
            if let Some(at) = &attribute.expires_at {
                map.serialize_entry("expiresAt", at)?;
            }
        }
        Ok(())
    }
}

/// Whether concise form would take the value for another kind's: a geometry under `value` reads as a GeoProperty.
fn needs_type(value: &AttributeValue) -> bool {
    matches!(value, AttributeValue::Property(json) if geometry::is_geometry(json))
}

/// Whether a value can stand by itself in concise form and still be read back as the same kind (annex C.2.2).
fn is_bare(kind: Kind, value: &Value) -> bool {
    match value {
        _ if kind == Kind::GeoProperty => geometry::is_geometry(value),
        Value::Object(members) => !reads_as_attribute(members),
        Value::Array(items) => items.is_empty() || !items.iter().all(is_instance),
        _ => true,
    }
}

pub(super) fn compacted<'a>(rendering: &Rendering<'a>, iris: &'a OneOrMany<Iri>) -> OneOrMany<Cow<'a, str>> {
    match iris {
        OneOrMany::One(iri) => OneOrMany::One(rendering.context.compact(iri)),
        OneOrMany::Many(iris) => OneOrMany::Many(iris.iter().map(|iri| rendering.context.compact(iri)).collect()),
    }
}

/// The value member in normalized and concise form.
struct FullValue<'a> {
    rendering: Rendering<'a>,
    value: &'a AttributeValue,
}

impl Serialize for FullValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            AttributeValue::Property(value) | AttributeValue::GeoProperty(value) => value.serialize(serializer),
            AttributeValue::JsonProperty(value) => value.serialize(serializer),
            AttributeValue::LanguageProperty(map) => map.serialize(serializer),
            AttributeValue::VocabProperty(terms) => compacted(&self.rendering, terms).serialize(serializer),
            AttributeValue::ListProperty(items) => items.serialize(serializer),
            AttributeValue::Relationship(targets) => targets.serialize(serializer),
            AttributeValue::ListRelationship(targets) => {
                if self.rendering.form == Form::Concise {
                    return targets.serialize(serializer);
                }
                let mut seq = serializer.serialize_seq(Some(targets.len()))?;
                for target in targets {
                    seq.serialize_element(&Single("object", target))?;
                }
                seq.end()
            }
        }
    }
}

/// The value of an instance in simplified form.
pub(super) struct SimplifiedValue<'a> {
    pub(super) rendering: Rendering<'a>,
    pub(super) attribute: &'a Attribute,
}

impl Serialize for SimplifiedValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (&self.attribute.is, self.rendering.lang) {
            (AttributeValue::Property(value) | AttributeValue::GeoProperty(value), _) => value.serialize(serializer),
            (AttributeValue::JsonProperty(value), _) => Single("json", value).serialize(serializer),
            (AttributeValue::LanguageProperty(map), Some(preference)) => {
                preference.choose(map).map(|(_, text)| text).serialize(serializer)
            }
            (AttributeValue::LanguageProperty(map), None) => Single("languageMap", map).serialize(serializer),
            (AttributeValue::VocabProperty(terms), _) => {
                Single("vocab", &compacted(&self.rendering, terms)).serialize(serializer)
            }
            (AttributeValue::ListProperty(items), _) => items.serialize(serializer),
            (AttributeValue::Relationship(OneOrMany::One(target)), _) => {
                linked::Target { rendering: self.rendering, instance: self.attribute, target }.serialize(serializer)
            }
            (AttributeValue::Relationship(_) | AttributeValue::ListRelationship(_), _) => {
                linked::Targets { rendering: self.rendering, instance: self.attribute }.serialize(serializer)
            }
        }
    }
}

/// An object with one member.
struct Single<'a, T>(&'static str, &'a T);

impl<T: Serialize> Serialize for Single<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.0, self.1)?;
        map.end()
    }
}
