//! Temporal representations: normalized (4.5.6), simplified (4.5.8), aggregated (4.5.19).

use hiroba_vocab::DatasetId;
use hiroba_vocab::ngsi_ld::NULL;
use indexmap::IndexMap;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Value, json};

use super::Rendering;
use super::attribute::{Instance, SimplifiedValue};
use crate::entity::{Attribute, Kind};
use crate::temporal::{Aggregate, AggregatedAttribute, AggregatedEntity, Evolution, Method, Point, Recorded};
use crate::time::DateTime;

/// The representations of series.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TemporalForm {
    /// Every instance spelled out (4.5.6).
    #[default]
    Normalized,
    /// Pairs of value and time (4.5.8, `temporalValues`).
    Values,
}

/// An entity's evolution as a JSON object. The rendering's projection and datasets have been applied to the evolution, of
/// whose members it shows the others.
#[derive(Debug, Clone, Copy)]
pub struct TemporalDocument<'e> {
    /// What to show.
    pub evolution: &'e Evolution,
    /// With which names, languages and system members.
    pub rendering: Rendering<'e>,
    /// As instances or as pairs.
    pub form: TemporalForm,
    /// The `@context` member, for `application/ld+json`.
    pub embedded_context: Option<&'e Value>,
}

impl Serialize for TemporalDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { evolution, rendering, form, embedded_context } = *self;
        let mut map = serializer.serialize_map(None)?;
        rendering.head(&mut map, embedded_context, &evolution.id, &evolution.types)?;
        if rendering.sys_attrs {
            let times = [("createdAt", evolution.created_at), ("modifiedAt", evolution.modified_at)];
            for (name, at) in times.into_iter().chain([("deletedAt", evolution.deleted_at)]) {
                if let Some(at) = at.filter(|_| rendering.projection.shows_system(name)) {
                    map.serialize_entry(name, &at)?;
                }
            }
        }
        if !evolution.scopes.is_empty() {
            let points = &evolution.scopes;
            match form {
                TemporalForm::Normalized => map.serialize_entry("scope", &Series { rendering, points })?,
                TemporalForm::Values => map.serialize_entry("scope", &ScopeValues(points))?,
            }
        }
        for (name, points) in &evolution.attributes {
            let name = rendering.context.compact(name);
            match form {
                TemporalForm::Normalized => map.serialize_entry(&name, &Series { rendering, points })?,
                TemporalForm::Values => map.serialize_entry(&name, &Values { rendering, points })?,
            }
        }
        map.end()
    }
}

/// The instances of a series.
struct Series<'e> {
    rendering: Rendering<'e>,
    points: &'e [Point],
}

impl Serialize for Series<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(Some(self.points.len()))?;
        for point in self.points {
            seq.serialize_element(&PointDocument { rendering: self.rendering, point })?;
        }
        seq.end()
    }
}

struct PointDocument<'e> {
    rendering: Rendering<'e>,
    point: &'e Point,
}

impl Serialize for PointDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { rendering, point } = self;
        let mut map = serializer.serialize_map(None)?;
        let deleted_at = point.instance.deleted_at;
        match (&point.instance.is, deleted_at) {
            (Recorded::Attribute { instance, .. }, None) => {
                Instance { rendering: *rendering, attribute: instance, alone: false }.members(&mut map)?;
            }
            (Recorded::Attribute { instance, .. }, Some(at)) => deletion(&mut map, rendering, instance, at)?,
            (Recorded::Scope { value, at }, None) => {
                map.serialize_entry("type", Kind::Property.name())?;
                map.serialize_entry("value", value)?;
                map.serialize_entry("observedAt", at)?;
                if rendering.sys_attrs {
                    map.serialize_entry("createdAt", at)?;
                    map.serialize_entry("modifiedAt", at)?;
                }
            }
            (Recorded::Scope { .. }, Some(_)) => {
                map.serialize_entry("type", Kind::Property.name())?;
                map.serialize_entry("value", NULL)?;
            }
        }
        if let Some(at) = deleted_at {
            map.serialize_entry("deletedAt", &at)?;
        }
        // Instances of the scope have times only (4.18).
        if point.instance.series().is_some() {
            map.serialize_entry("instanceId", &point.id)?;
        }
        map.end()
    }
}

/// What is left of an instance that was deleted: its kind, the NGSI-LD Null, which series it was of.
fn deletion<M: SerializeMap>(
    map: &mut M,
    rendering: &Rendering<'_>,
    instance: &Attribute,
    at: DateTime,
) -> Result<(), M::Error> {
    let kind = shown_kind(rendering, instance);
    map.serialize_entry("type", kind.name())?;
    map.serialize_entry(kind.value_member(), &null_of(kind))?;
    if let Some(id) = &instance.dataset_id {
        map.serialize_entry("datasetId", id)?;
    }
    if rendering.sys_attrs {
        map.serialize_entry("createdAt", &instance.created_at)?;
        map.serialize_entry("modifiedAt", &at)?;
    }
    Ok(())
}

/// The kind under which an instance is shown: in one language texts are plain values (4.15).
fn shown_kind(rendering: &Rendering<'_>, instance: &Attribute) -> Kind {
    match instance.is.kind() {
        Kind::LanguageProperty if rendering.lang.is_some() => Kind::Property,
        kind => kind,
    }
}

/// The NGSI-LD Null where a kind has its value (4.5.0).
fn null_of(kind: Kind) -> Value {
    match kind {
        Kind::LanguageProperty => json!({"@none": NULL}),
        Kind::ListProperty | Kind::ListRelationship => json!([NULL]),
        _ => NULL.into(),
    }
}

/// A series as pairs; several datasets as an array of such.
struct Values<'e> {
    rendering: Rendering<'e>,
    points: &'e [Point],
}

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rendering = self.rendering;
        let mut datasets: IndexMap<Option<&DatasetId>, Vec<&Point>> = IndexMap::new();
        for point in self.points {
            let dataset = point.instance.series().and_then(|(_, dataset)| dataset);
            datasets.entry(dataset).or_default().push(point);
        }
        let several = datasets.len() > 1;
        let mut series = datasets.into_iter().map(|(dataset, points)| DatasetValues { rendering, dataset, points });
        match series.next() {
            Some(one) if !several => one.serialize(serializer),
            first => serializer.collect_seq(first.into_iter().chain(series)),
        }
    }
}

struct DatasetValues<'e> {
    rendering: Rendering<'e>,
    dataset: Option<&'e DatasetId>,
    points: Vec<&'e Point>,
}

/// The member that holds the pairs of a kind (4.5.8).
fn list_member(kind: Kind) -> &'static str {
    match kind {
        Kind::Property | Kind::GeoProperty => "values",
        Kind::LanguageProperty => "languageMaps",
        Kind::VocabProperty => "vocabs",
        Kind::JsonProperty => "jsons",
        Kind::ListProperty => "valueLists",
        Kind::Relationship => "objects",
        Kind::ListRelationship => "objectLists",
    }
}

impl Serialize for DatasetValues<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let latest = self.points.iter().max_by_key(|point| (point.time, point.id));
        let kind = latest.map_or(Kind::Property, |point| match &point.instance.is {
            Recorded::Attribute { instance, .. } => shown_kind(&self.rendering, instance),
            Recorded::Scope { .. } => Kind::Property,
        });
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", kind.name())?;
        if let Some(id) = self.dataset {
            map.serialize_entry("datasetId", id)?;
        }
        let pairs: Vec<Pair<'_>> = self.points.iter().map(|point| Pair { rendering: self.rendering, point }).collect();
        map.serialize_entry(list_member(kind), &pairs)?;
        map.end()
    }
}

struct Pair<'e> {
    rendering: Rendering<'e>,
    point: &'e Point,
}

impl Serialize for Pair<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { rendering, point } = *self;
        let time = point.time;
        match (&point.instance.is, point.instance.deleted_at) {
            (Recorded::Attribute { instance, .. }, None) => {
                (SimplifiedValue { rendering, attribute: instance }, time).serialize(serializer)
            }
            (Recorded::Scope { value, .. }, None) => (value, time).serialize(serializer),
            (Recorded::Attribute { instance, .. }, Some(_)) => match shown_kind(&rendering, instance) {
                kind @ Kind::LanguageProperty => (json!({"languageMap": null_of(kind)}), time).serialize(serializer),
                kind => (null_of(kind), time).serialize(serializer),
            },
            (Recorded::Scope { .. }, Some(_)) => (NULL, time).serialize(serializer),
        }
    }
}

/// The series of scopes as pairs.
struct ScopeValues<'e>(&'e [Point]);

impl Serialize for ScopeValues<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("type", Kind::Property.name())?;
        let context = crate::jsonld::Context::core();
        let rendering = Rendering::whole(&context, super::Form::Simplified);
        let pairs: Vec<Pair<'_>> = self.0.iter().map(|point| Pair { rendering, point }).collect();
        map.serialize_entry("values", &pairs)?;
        map.end()
    }
}

/// An entity's aggregated series as a JSON object.
#[derive(Debug, Clone, Copy)]
pub struct AggregatedDocument<'e> {
    /// What to show.
    pub entity: &'e AggregatedEntity,
    /// With which names.
    pub rendering: Rendering<'e>,
    /// The `@context` member, for `application/ld+json`.
    pub embedded_context: Option<&'e Value>,
}

impl Serialize for AggregatedDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { entity, rendering, embedded_context } = *self;
        let mut map = serializer.serialize_map(None)?;
        rendering.head(&mut map, embedded_context, &entity.id, &entity.types)?;
        for (name, attribute) in &entity.attributes {
            map.serialize_entry(&rendering.context.compact(name), &Results(attribute))?;
        }
        map.end()
    }
}

struct Results<'e>(&'e AggregatedAttribute);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.0.kind.name())?;
        let triple = |Aggregate { value, start, end }: &Aggregate| json!([value, start, end]);
        for (method, results) in &self.0.results {
            let method: Method = *method;
            map.serialize_entry(method.name(), &results.iter().map(triple).collect::<Vec<_>>())?;
        }
        map.end()
    }
}
