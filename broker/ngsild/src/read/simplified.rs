//! Simplified bodies (4.5.4) of Merge Entity (5.6.17): bare values. What they are is told by the entity that they are
//! merged into, so such a body is read in two steps.

use hiroba_vocab::ngsi_ld::NULL;
use hiroba_vocab::{DatasetId, EntityId, Iri};
use serde_json::Value;

use super::{AttributeFragment, Fragment, Path, Reader};
use crate::entity::{Attribute, AttributeValue, Entity, Kind, MAX_INSTANCES};
use crate::error::{Error, Result};
use crate::geometry;
use crate::write::{MergeOptions, text_of};

/// The member that holds several instances of an attribute, by datasetId.
const DATASET: &str = "dataset";

/// A simplified body of which the values are not yet understood.
#[derive(Debug, Clone)]
pub struct SimplifiedFragment {
    /// Everything but the attributes.
    head: Fragment,
    /// The attributes: name as written, IRI, value.
    attributes: Vec<(String, Iri, Value)>,
}

impl Reader<'_> {
    /// Reads a simplified entity fragment up to the values of its attributes.
    ///
    /// # Errors
    /// BadRequestData as [`Reader::fragment`].
    pub fn simplified(&self, body: Value) -> Result<SimplifiedFragment> {
        let mut attributes = Vec::new();
        let head = self.document(body, |name, iri, value| {
            attributes.push((name.to_owned(), iri, value));
            Ok(())
        })?;
        Ok(SimplifiedFragment { head, attributes })
    }

    /// What a simplified body says of `entity`: each value as the kind that its attribute has there. New attributes
    /// become Properties, unless the value itself shows another kind (a geometry, `languageMap`, `vocab`, `json`):
    /// nothing tells a relationship from text.
    ///
    /// # Errors
    /// BadRequestData when a value is not of the kind that the attribute has.
    pub fn for_entity(&self, body: &SimplifiedFragment, entity: &Entity, options: &MergeOptions) -> Result<Fragment> {
        let mut fragment = body.head.clone();
        for (name, iri, value) in &body.attributes {
            let known = entity.attributes.get(iri).map_or(&[][..], Vec::as_slice);
            let root = Path::root();
            let instances = self.simplified_instances(value, known, options, &root.member(name))?;
            fragment.attributes.push((iri.clone(), instances));
        }
        Ok(fragment)
    }

    fn simplified_instances(
        &self,
        value: &Value,
        known: &[Attribute],
        options: &MergeOptions,
        path: &Path<'_>,
    ) -> Result<Vec<AttributeFragment>> {
        let Some(datasets) = datasets(value) else {
            return Ok(vec![self.simplified_value(value.clone(), kind_of(known, None), options, path)?]);
        };
        if datasets.len() > MAX_INSTANCES {
            return Err(Error::bad_request(format!("at most {MAX_INSTANCES} instances are allowed")).at(path));
        }
        let dataset = path.member(DATASET);
        let read = |(id, value): (Option<DatasetId>, &Value)| {
            let key = id.as_ref().map_or(DatasetId::NONE, DatasetId::as_str).to_owned();
            let kind = kind_of(known, id.as_ref());
            let instance = self.simplified_value(value.clone(), kind, options, &dataset.member(&key))?;
            Ok(AttributeFragment { dataset_id: id, ..instance })
        };
        datasets.into_iter().map(read).collect()
    }

    /// One value as an instance of `kind`; without one, of the kind that the value shows.
    fn simplified_value(
        &self,
        value: Value,
        kind: Option<Kind>,
        options: &MergeOptions,
        path: &Path<'_>,
    ) -> Result<AttributeFragment> {
        if value == NULL {
            self.removal::<()>().map_err(|e| e.at(path))?;
            return Ok(AttributeFragment::deletion());
        }
        let kind = kind.unwrap_or_else(|| shown_kind(&value));
        let value = match kind {
            // Plain text in one language: the merge puts it under its tag.
            Kind::LanguageProperty if options.lang.is_some() && text_of(&value).is_some() => {
                let text = self.plain_value(value, path)?;
                return Ok(AttributeFragment::of(AttributeValue::Property(text)));
            }
            Kind::LanguageProperty | Kind::VocabProperty | Kind::JsonProperty => {
                only_member(value, kind).map_err(|e| e.at(path))?
            }
            Kind::Property => self.plain_value(value, path)?,
            Kind::GeoProperty | Kind::ListProperty | Kind::Relationship | Kind::ListRelationship => value,
        };
        let value = self
            .value(kind, value, path)
            .map_err(|e| Error { detail: format!("{} (the attribute is a {})", e.detail, kind.name()), ..e })?;
        Ok(AttributeFragment { kind: Some(kind), value: Some(value), ..AttributeFragment::deletion() })
    }
}

impl SimplifiedFragment {
    /// Checks that an `id` in the body, if any, is the one in the path (5.4).
    ///
    /// # Errors
    /// BadRequestData when they differ.
    pub fn check_id(&self, id: &EntityId) -> Result<()> {
        self.head.check_id(id)
    }
}

/// The kind of an attribute's instance; of any other instance, when there is no such one.
fn kind_of(known: &[Attribute], dataset_id: Option<&DatasetId>) -> Option<Kind> {
    let same = known.iter().find(|instance| instance.dataset_id.as_ref() == dataset_id);
    same.or_else(|| known.first()).map(|instance| instance.is.kind())
}

/// The instances of the multi-attribute form, `{"dataset": {"@none": …, "urn:…": …}}`; `None` for any other value.
fn datasets(value: &Value) -> Option<Vec<(Option<DatasetId>, &Value)>> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let datasets = members.get(DATASET)?.as_object().filter(|datasets| !datasets.is_empty())?;
    datasets
        .iter()
        .map(|(key, value)| match key.as_str() {
            DatasetId::NONE => Some((None, value)),
            id => Some((Some(DatasetId::parse(id).ok()?), value)),
        })
        .collect()
}

/// The kind that a value shows by itself.
fn shown_kind(value: &Value) -> Kind {
    if geometry::is_geometry(value) {
        return Kind::GeoProperty;
    }
    let wrapped = [Kind::LanguageProperty, Kind::VocabProperty, Kind::JsonProperty];
    let only = value.as_object().filter(|members| members.len() == 1);
    let shown = only.and_then(|members| wrapped.into_iter().find(|kind| members.contains_key(kind.value_member())));
    shown.unwrap_or(Kind::Property)
}

/// What is in `{"languageMap": …}` and the like.
fn only_member(value: Value, kind: Kind) -> Result<Value> {
    let member = kind.value_member();
    let wrong =
        || Error::bad_request(format!("the attribute is a {}: expected an object with '{member}' alone", kind.name()));
    match value {
        Value::Object(mut members) if members.len() == 1 => members.shift_remove(member).ok_or_else(wrong),
        _ => Err(wrong()),
    }
}
