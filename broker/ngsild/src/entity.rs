//! Entities and their attributes: the information model of 4.2 and 4.5, with every name expanded.
//!
//! The types of this module are also the stored form: their serde representation is what the databases hold. Adding
//! an optional member is compatible; renaming one is a migration.

use std::borrow::Cow;
use std::collections::BTreeSet;

use hiroba_vocab::{DatasetId, EntityId, Iri, Scope};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::time::DateTime;

/// How many attributes one entity or attribute may have.
pub const MAX_ATTRIBUTES: usize = 10_000;
/// How many instances one attribute may have.
pub const MAX_INSTANCES: usize = 1_000;

/// One value, or an array of values: JSON makes a difference, and clients get back what they sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// A single value, not in an array.
    One(T),
    /// An array.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// The values, however they were written.
    pub fn as_slice(&self) -> &[T] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

/// An entity (4.5.1, 5.2.4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entity {
    /// The id; never changes.
    pub id: EntityId,
    /// The types, expanded, without duplicates, in the order in which they came.
    pub types: Vec<Iri>,
    /// The scopes (4.18).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<OneOrMany<Scope>>,
    /// When the entity stops being valid (4.22).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime>,
    /// When it was created here.
    pub created_at: DateTime,
    /// When it was last changed here.
    pub modified_at: DateTime,
    /// The attributes.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// Attributes by their expanded name, each with one or several instances (4.5.5), in the order in which they came.
///
/// Names come from outside, so the hash is keyed anew in each process.
pub type Attributes = IndexMap<Iri, Vec<Attribute>, ahash::RandomState>;

/// One instance of an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// Kind and value.
    pub is: AttributeValue,
    /// Which instance this is; `None` for the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_id: Option<DatasetId>,
    /// When the value was observed, as the client says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<DateTime>,
    /// UN/CEFACT unit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_code: Option<Box<str>>,
    /// Datatype or class of the value, expanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_type: Option<Iri>,
    /// Types of the relationship's targets, expanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_type: Option<OneOrMany<Iri>>,
    /// When the instance stops being valid (4.22).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime>,
    /// What an `ngsildproof` seals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Box<Sealed>>,
    /// When the instance was created here.
    pub created_at: DateTime,
    /// When it was last changed here.
    pub modified_at: DateTime,
    /// Sub-attributes: properties of properties and the like.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

/// The two members that only an attribute named `ngsildproof` may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sealed {
    /// The entity that the proof is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_id: Option<Iri>,
    /// Its types, expanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity_type: Option<OneOrMany<Iri>>,
}

/// The eight attribute kinds (4.5.2, 4.5.3, 4.5.18, 4.5.20 to 4.5.24) with their value members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum AttributeValue {
    /// `value`: any JSON but null.
    Property(Json),
    /// `value`: a GeoJSON geometry, as sent.
    GeoProperty(Json),
    /// `languageMap`: text by language tag.
    LanguageProperty(LanguageMap),
    /// `vocab`: terms, expanded.
    VocabProperty(OneOrMany<Iri>),
    /// `json`: JSON that is never expanded.
    JsonProperty(Json),
    /// `valueList`: an ordered array.
    ListProperty(Vec<Json>),
    /// `object`: one target, or an unordered set of targets.
    Relationship(OneOrMany<Iri>),
    /// `objectList`: ordered targets.
    ListRelationship(Vec<Iri>),
}

/// Text by RFC 5646 language tag or `@none`.
pub type LanguageMap = IndexMap<Box<str>, OneOrMany<Box<str>>, ahash::RandomState>;

/// The names of the attribute kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// 4.5.2
    Property,
    /// 4.5.2, 4.7
    GeoProperty,
    /// 4.5.18
    LanguageProperty,
    /// 4.5.20
    VocabProperty,
    /// 4.5.24
    JsonProperty,
    /// 4.5.21
    ListProperty,
    /// 4.5.3
    Relationship,
    /// 4.5.22
    ListRelationship,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Property,
        Self::GeoProperty,
        Self::LanguageProperty,
        Self::VocabProperty,
        Self::JsonProperty,
        Self::ListProperty,
        Self::Relationship,
        Self::ListRelationship,
    ];

    /// The kind's name, as `type` shows it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Property => "Property",
            Self::GeoProperty => "GeoProperty",
            Self::LanguageProperty => "LanguageProperty",
            Self::VocabProperty => "VocabProperty",
            Self::JsonProperty => "JsonProperty",
            Self::ListProperty => "ListProperty",
            Self::Relationship => "Relationship",
            Self::ListRelationship => "ListRelationship",
        }
    }

    /// The member that holds the value in normalized form.
    pub fn value_member(self) -> &'static str {
        match self {
            Self::Property | Self::GeoProperty => "value",
            Self::LanguageProperty => "languageMap",
            Self::VocabProperty => "vocab",
            Self::JsonProperty => "json",
            Self::ListProperty => "valueList",
            Self::Relationship => "object",
            Self::ListRelationship => "objectList",
        }
    }

    /// The kind of that name. `VocabularyProperty` is what version 1.7 called VocabProperty.
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "VocabularyProperty" {
            return Some(Self::VocabProperty);
        }
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether the kind points at entities.
    pub fn is_relationship(self) -> bool {
        matches!(self, Self::Relationship | Self::ListRelationship)
    }
}

impl AttributeValue {
    /// Which kind this is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Property(_) => Kind::Property,
            Self::GeoProperty(_) => Kind::GeoProperty,
            Self::LanguageProperty(_) => Kind::LanguageProperty,
            Self::VocabProperty(_) => Kind::VocabProperty,
            Self::JsonProperty(_) => Kind::JsonProperty,
            Self::ListProperty(_) => Kind::ListProperty,
            Self::Relationship(_) => Kind::Relationship,
            Self::ListRelationship(_) => Kind::ListRelationship,
        }
    }

    /// The ids of the entities that a relationship points at, in their order; none for other kinds.
    pub fn targets(&self) -> &[Iri] {
        match self {
            Self::Relationship(targets) => targets.as_slice(),
            Self::ListRelationship(targets) => targets,
            _ => &[],
        }
    }
}

impl Attribute {
    /// A default instance without metadata, created at `now`.
    pub fn new(is: AttributeValue, now: DateTime) -> Self {
        Self {
            is,
            dataset_id: None,
            observed_at: None,
            unit_code: None,
            value_type: None,
            object_type: None,
            expires_at: None,
            sealed: None,
            created_at: now,
            modified_at: now,
            attributes: Attributes::default(),
        }
    }

    /// Whether the instance is no longer valid at `now` (4.22).
    pub fn is_expired(&self, now: DateTime) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// The earliest instant at which the instance or anything below it expires.
    pub fn next_expiry(&self) -> Option<DateTime> {
        self.expires_at.into_iter().chain(next_expiry(&self.attributes)).min()
    }

    /// Whether both say the same, leaving the system's own timestamps aside.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.is == other.is
            && self.dataset_id == other.dataset_id
            && self.observed_at == other.observed_at
            && self.unit_code == other.unit_code
            && self.value_type == other.value_type
            && self.object_type == other.object_type
            && self.expires_at == other.expires_at
            && self.sealed == other.sealed
            && attributes_say_the_same(&self.attributes, &other.attributes)
    }
}

/// Whether both hold the same names with the same instances, leaving order and the system's timestamps aside.
pub fn attributes_say_the_same(left: &Attributes, right: &Attributes) -> bool {
    let instances_equal = |a: &[Attribute], b: &[Attribute]| {
        a.len() == b.len() && a.iter().all(|one| b.iter().any(|other| one.says_the_same(other)))
    };
    left.len() == right.len()
        && left.iter().all(|(name, instances)| right.get(name).is_some_and(|others| instances_equal(instances, others)))
}

impl Entity {
    /// An entity of one type without attributes, created at `now`.
    pub fn new(id: EntityId, r#type: Iri, now: DateTime) -> Self {
        Self {
            id,
            types: vec![r#type],
            scope: None,
            expires_at: None,
            created_at: now,
            modified_at: now,
            attributes: Attributes::default(),
        }
    }

    /// The entity's scopes, however they were written.
    pub fn scopes(&self) -> &[Scope] {
        self.scope.as_ref().map_or(&[], OneOrMany::as_slice)
    }

    /// Adds types; a type that is there already stays once.
    pub fn add_types(&mut self, types: impl IntoIterator<Item = Iri>) {
        for name in types {
            if !self.types.contains(&name) {
                self.types.push(name);
            }
        }
    }

    /// The default instance of an attribute.
    pub fn default_instance(&self, name: &str) -> Option<&Attribute> {
        self.attributes.get(name)?.iter().find(|instance| instance.dataset_id.is_none())
    }

    /// Whether the entity itself is no longer valid at `now` (4.22).
    pub fn is_expired(&self, now: DateTime) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// The earliest instant at which the entity, or any instance at any depth, expires.
    pub fn next_expiry(&self) -> Option<DateTime> {
        self.expires_at.into_iter().chain(next_expiry(&self.attributes)).min()
    }

    /// The entity as it is at `now`, without the instances that have expired, at any depth (4.22); `None` when it has
    /// expired itself. What loses an instance was modified when that instance expired, so that nothing seems to happen
    /// later, when the expired instance is removed from the database.
    pub fn valid_at(&self, now: DateTime) -> Option<Cow<'_, Self>> {
        if self.is_expired(now) {
            return None;
        }
        if self.next_expiry().is_none_or(|at| at > now) {
            return Some(Cow::Borrowed(self));
        }
        let mut entity = self.clone();
        let last = remove_expired(&mut entity.attributes, now);
        entity.modified_at = last.map_or(self.modified_at, |last| last.max(self.modified_at));
        Some(Cow::Owned(entity))
    }

    /// Whether both say the same, leaving the system's own timestamps and all order aside.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let set = |types: &[Iri]| types.iter().cloned().collect::<BTreeSet<_>>();
        self.id == other.id
            && set(&self.types) == set(&other.types)
            && self.scopes() == other.scopes()
            && self.expires_at == other.expires_at
            && attributes_say_the_same(&self.attributes, &other.attributes)
    }
}

fn next_expiry(attributes: &Attributes) -> Option<DateTime> {
    attributes.values().flatten().filter_map(Attribute::next_expiry).min()
}

/// Removes the instances that have expired, and attributes left with none. When the last of them did.
fn remove_expired(attributes: &mut Attributes, now: DateTime) -> Option<DateTime> {
    let mut last = None;
    attributes.retain(|_, instances| {
        instances.retain_mut(|instance| {
            if let Some(end) = instance.expires_at.filter(|end| *end <= now) {
                last = last.max(Some(end));
                return false;
            }
            if let Some(end) = remove_expired(&mut instance.attributes, now) {
                instance.modified_at = instance.modified_at.max(end);
                last = last.max(Some(end));
            }
            true
        });
        !instances.is_empty()
    });
    last
}
