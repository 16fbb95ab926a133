//! What of an entity is indexed, worked out once for both databases. SQL never looks into the payload.

use geo::Geometry;
use hiroba_vocab::Iri;
use ngsild::query::filter::{Comparable, IndexPath, IndexedValue};
use ngsild::{AttributeValue, Entity, Kind, geometry};
use serde::{Deserialize, Serialize};

/// How much of a text is indexed, in bytes: comparisons with shorter texts are exact, others a superset.
pub(crate) const TEXT_PREFIX: usize = 200;

/// Instants beyond this many microseconds are not whole numbers as floating point, so comparing them is a superset.
pub(crate) const EXACT_INSTANT: i64 = 1 << 53;

/// Types and attributes (with the kinds of their instances) of an entity. Sorted, so that equal ones are one text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// The types.
    pub types: Vec<Iri>,
    /// The attributes, a line for each kind that an instance has.
    pub attributes: Vec<(Iri, Kind)>,
}

impl Shape {
    /// The shape of an entity.
    pub fn of(entity: &Entity) -> Self {
        let mut types = entity.types.clone();
        types.sort();
        let instances = entity.attributes.iter().flat_map(|(name, all)| all.iter().map(move |one| (name, one)));
        let mut attributes: Vec<_> = instances.map(|(name, one)| (name.clone(), one.is.kind())).collect();
        attributes.sort();
        attributes.dedup();
        Self { types, attributes }
    }

    /// The text that stands for it in the database.
    pub(crate) fn key(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The text that stands for its types in the database.
    pub(crate) fn types_key(&self) -> String {
        serde_json::to_string(&self.types).unwrap_or_default()
    }
}

/// The value indexes that a process knows, with the number of that set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Definitions {
    pub(crate) version: i64,
    pub(crate) indexes: Vec<crate::model::ValueIndex>,
}

impl Definitions {
    /// The complete index over a path.
    pub(crate) fn ready(&self, path: &IndexPath) -> Option<i64> {
        self.indexes.iter().find(|index| index.ready && index.path == *path).map(|index| index.id)
    }
}

/// Index rows of one entity, besides id, types and shape.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rows {
    /// Scope paths with a leading slash.
    pub(crate) scopes: Vec<String>,
    /// The geometries of its GeoProperties.
    pub(crate) geometries: Vec<(Iri, Geometry<f64>)>,
    /// The values under value indexes.
    pub(crate) values: Vec<ValueRow>,
}

/// One indexed value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ValueRow {
    pub(crate) index: i64,
    pub(crate) kind: ValueKind,
    pub(crate) key: ValueKey,
}

/// The type that a value compares as. Items of arrays have kinds of their own: they count for equality only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ValueKind(pub(crate) i16);

impl ValueKind {
    pub(crate) const NUMBER: Self = Self(1);
    pub(crate) const TEXT: Self = Self(2);
    pub(crate) const BOOLEAN: Self = Self(3);
    pub(crate) const DATE_TIME: Self = Self(4);
    pub(crate) const DATE: Self = Self(5);
    pub(crate) const TIME: Self = Self(6);
    pub(crate) const IRI: Self = Self(7);

    /// The kind for items of arrays.
    pub(crate) const fn item(self) -> Self {
        Self(self.0 + 16)
    }
}

/// A value in the form in which it is compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ValueKey {
    Number(f64),
    Text(String),
}

impl Rows {
    pub(crate) fn of(entity: &Entity, definitions: &Definitions) -> Self {
        let scopes =
            entity.scopes().iter().map(|scope| scope.levels().fold(String::new(), |path, level| path + "/" + level));
        let mut geometries = Vec::new();
        for (name, instances) in &entity.attributes {
            for instance in instances {
                if let AttributeValue::GeoProperty(json) = &instance.is
                    && let Ok(shape) = geometry::parse(json)
                {
                    geometries.push((name.clone(), shape));
                }
            }
        }
        let mut values = Vec::new();
        for index in &definitions.indexes {
            values.extend(index.path.values(entity).into_iter().map(|value| ValueRow::new(index.id, value)));
        }
        Self { scopes: scopes.collect(), geometries, values }
    }
}

impl ValueRow {
    fn new(index: i64, value: IndexedValue) -> Self {
        let (kind, key) = value_key(&value.value);
        Self { index, kind: if value.item { kind.item() } else { kind }, key }
    }
}

/// The kind and key of a value, cut to what is indexed.
pub(crate) fn value_key(value: &Comparable) -> (ValueKind, ValueKey) {
    #[expect(clippy::cast_precision_loss, reason = "EXACT_INSTANT bounds where this matters")]
    match value {
        Comparable::Number(number) => (ValueKind::NUMBER, ValueKey::Number(*number)),
        Comparable::Boolean(value) => (ValueKind::BOOLEAN, ValueKey::Number(f64::from(u8::from(*value)))),
        Comparable::DateTime(at) => (ValueKind::DATE_TIME, ValueKey::Number(at.micros() as f64)),
        Comparable::Date(days) => (ValueKind::DATE, ValueKey::Number(*days as f64)),
        Comparable::Time(micros) => (ValueKind::TIME, ValueKey::Number(*micros as f64)),
        Comparable::Text(text) => (ValueKind::TEXT, ValueKey::Text(storable(prefix(text)))),
        Comparable::Iri(iri) => (ValueKind::IRI, ValueKey::Text(storable(prefix(iri.as_str())))),
    }
}

/// Text as PostgreSQL can hold it, which knows no NUL. Order and equality of texts stay what they are.
fn storable(text: &str) -> String {
    if text.contains(['\0', '\u{1}']) {
        text.replace('\u{1}', "\u{1}\u{2}").replace('\0', "\u{1}\u{1}")
    } else {
        text.to_owned()
    }
}

/// The part of a text that is indexed: whole characters, at most [`TEXT_PREFIX`] bytes.
pub(crate) fn prefix(text: &str) -> &str {
    if text.len() <= TEXT_PREFIX {
        return text;
    }
    let mut end = TEXT_PREFIX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
