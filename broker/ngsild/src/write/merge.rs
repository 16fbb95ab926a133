//! Merge Entity (5.6.17, 5.5.12): JSON Merge Patch at any depth, keyed by expanded names.

use hiroba_vocab::Iri;
use hiroba_vocab::ngsi_ld::NULL;
use serde_json::{Map, Value};

use super::{Writing, as_kind, put};
use crate::entity::{Attribute, AttributeValue, Attributes, Entity, Kind, LanguageMap, OneOrMany};
use crate::error::{Error, Result};
use crate::read::{AttributeFragment, Fragment, Patch, ValueFragment};
use crate::time::DateTime;

/// The parameters of Merge Entity.
#[derive(Debug, Clone, Default)]
pub struct MergeOptions {
    /// `observedAt`: what merged attributes that had one get, unless the body says otherwise.
    pub observed_at: Option<DateTime>,
    /// `lang`: under which tag plain text for a LanguageProperty goes.
    pub lang: Option<String>,
}

/// Merges a fragment into an entity.
///
/// # Errors
/// BadRequestData when a new attribute has no value.
pub fn merge_entity(old: &Entity, fragment: Fragment, options: &MergeOptions, now: DateTime) -> Result<Entity> {
    let mut writing = Writing::start(old, now);
    writing.add_types(fragment.types);
    match fragment.scope {
        Patch::Keep => {}
        Patch::Remove => writing.set_scope(None),
        Patch::Set(scope) => writing.set_scope(Some(scope)),
    }
    writing.set_expiry(fragment.expires_at);
    let merger = Merger { options, now };
    for (name, instances) in fragment.attributes {
        for instance in instances {
            if merger.instance(&mut writing.entity.attributes, &name, instance).map_err(|e| e.at(&name))? {
                writing.touch(&name);
            }
        }
    }
    Ok(writing.finish().entity)
}

struct Merger<'o> {
    options: &'o MergeOptions,
    now: DateTime,
}

impl Merger<'_> {
    /// Merges one instance into a set of attributes. Whether anything was written.
    fn instance(&self, attributes: &mut Attributes, name: &Iri, fragment: AttributeFragment) -> Result<bool> {
        let known = attributes
            .get(name)
            .and_then(|instances| instances.iter().position(|instance| instance.dataset_id == fragment.dataset_id));
        match known {
            None if fragment.is_deletion() => Ok(false),
            None => {
                let mut instance = without_deletions(fragment).complete(self.now)?;
                strip_nulls(&mut instance);
                put(attributes.entry(name.clone()).or_default(), instance)?;
                Ok(true)
            }
            Some(at) if fragment.is_deletion() => {
                if let Some(instances) = attributes.get_mut(name) {
                    instances.remove(at);
                    if instances.is_empty() {
                        attributes.shift_remove(name);
                    }
                }
                Ok(true)
            }
            Some(at) => {
                if let Some(instance) = attributes.get_mut(name).and_then(|instances| instances.get_mut(at)) {
                    self.merge(instance, fragment)?;
                }
                Ok(true)
            }
        }
    }

    fn merge(&self, instance: &mut Attribute, fragment: AttributeFragment) -> Result<()> {
        if let Some(ValueFragment::Value(value)) = fragment.value {
            self.merge_value(instance, value, fragment.kind_given);
        }
        let had_observed_at = instance.observed_at.is_some();
        match (fragment.observed_at, self.options.observed_at) {
            (Patch::Keep, Some(at)) if had_observed_at => instance.observed_at = Some(at),
            (patch, _) => patch.apply(&mut instance.observed_at),
        }
        fragment.unit_code.apply(&mut instance.unit_code);
        fragment.value_type.apply(&mut instance.value_type);
        fragment.object_type.apply(&mut instance.object_type);
        fragment.expires_at.apply(&mut instance.expires_at);
        if fragment.sealed.is_some() {
            instance.sealed = fragment.sealed;
        }
        drop_foreign_members(instance);
        for (name, subs) in fragment.attributes {
            for sub in subs {
                self.instance(&mut instance.attributes, &name, sub).map_err(|e: Error| e.at(&name))?;
            }
        }
        instance.modified_at = self.now;
        Ok(())
    }

    fn merge_value(&self, instance: &mut Attribute, value: AttributeValue, kind_given: bool) {
        let kind = instance.is.kind();
        if let (AttributeValue::LanguageProperty(map), AttributeValue::Property(text), Some(lang)) =
            (&mut instance.is, &value, &self.options.lang)
            && let Some(text) = text_of(text)
        {
            map.insert(lang.as_str().into(), text);
            return;
        }
        let value = if kind_given { value } else { as_kind(kind, value.clone()).unwrap_or(value) };
        match (&mut instance.is, value) {
            (AttributeValue::Property(old), AttributeValue::Property(new)) => merge_json(old, new),
            (AttributeValue::JsonProperty(old), AttributeValue::JsonProperty(new)) => merge_json(old, new),
            (AttributeValue::LanguageProperty(old), AttributeValue::LanguageProperty(new)) => merge_languages(old, new),
            (old, new) => {
                *old = new;
                strip_nulls(instance);
            }
        }
    }
}

/// RFC 7396 with the NGSI-LD Null in the place of null.
fn merge_json(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else { return };
    for (key, value) in patch {
        if value == NULL {
            members.shift_remove(&key);
        } else {
            merge_json(members.entry(key).or_insert(Value::Null), value);
        }
    }
}

fn merge_languages(target: &mut LanguageMap, patch: LanguageMap) {
    for (tag, text) in patch {
        if matches!(&text, OneOrMany::One(text) if &**text == NULL) {
            target.shift_remove(&tag);
        } else {
            target.insert(tag, text);
        }
    }
}

/// Sub-attributes that are only a Null have nothing to delete in something that is new.
fn without_deletions(mut fragment: AttributeFragment) -> AttributeFragment {
    fragment.attributes.retain_mut(|(_, subs)| {
        let kept = std::mem::take(subs).into_iter().filter(|sub| !sub.is_deletion());
        subs.extend(kept.map(without_deletions));
        !subs.is_empty()
    });
    fragment
}

/// Nulls in something that is new have nothing to delete.
fn strip_nulls(instance: &mut Attribute) {
    match &mut instance.is {
        AttributeValue::Property(value) | AttributeValue::JsonProperty(value) => {
            let patch = std::mem::take(value);
            merge_json(value, patch);
        }
        AttributeValue::LanguageProperty(map) => {
            let patch = std::mem::take(map);
            merge_languages(map, patch);
        }
        _ => {}
    }
    instance.attributes.values_mut().flatten().for_each(strip_nulls);
}

/// A merge may change the kind; members that the new kind cannot have go.
fn drop_foreign_members(instance: &mut Attribute) {
    let kind = instance.is.kind();
    if !matches!(kind, Kind::Property | Kind::GeoProperty | Kind::ListProperty) {
        instance.unit_code = None;
    }
    if kind.is_relationship() {
        instance.value_type = None;
    } else {
        instance.object_type = None;
    }
}

/// The text that a languageMap could hold: a string, or an array of strings.
pub(crate) fn text_of(value: &Value) -> Option<OneOrMany<Box<str>>> {
    match value {
        Value::String(text) => Some(OneOrMany::One(text.as_str().into())),
        Value::Array(items) => {
            let texts = items.iter().map(|item| item.as_str().map(Into::into)).collect::<Option<_>>()?;
            Some(OneOrMany::Many(texts))
        }
        _ => None,
    }
}
