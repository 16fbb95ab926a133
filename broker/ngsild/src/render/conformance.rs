//! Entities for clients of older versions of the standard (4.3.6.8).

mod series;

use std::fmt;
use std::str::FromStr;

use hiroba_vocab::Iri;
use serde_json::Value;

use super::{Rendering, json};
use crate::entity::{Attribute, AttributeValue, Attributes, Entity, Kind, OneOrMany};
use crate::error::{Error, Result};

pub use series::{conform_aggregated, conform_evolution};

/// A version of the standard, `major.minor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpecVersion {
    major: u8,
    minor: u8,
}

/// Since when there are `datasetId`, `observedAt` and `unitCode`, several instances, and several types. For types the table
/// of 4.3.6.8 is followed; the history of 4.16 says 1.5.
const V1_3: SpecVersion = SpecVersion::new(1, 3);
/// Since when there are scopes and LanguageProperties.
const V1_4: SpecVersion = SpecVersion::new(1, 4);
/// Since when there are JsonProperty, VocabProperty, lists, and `objectType`.
const V1_8: SpecVersion = SpecVersion::new(1, 8);
/// Since when there are `expiresAt` and `valueType`.
const V1_9: SpecVersion = SpecVersion::new(1, 9);

impl SpecVersion {
    /// The first one that was published.
    pub const FIRST: Self = Self::new(1, 1);
    /// The one that this crate speaks.
    pub const CURRENT: Self = V1_9;

    const fn new(major: u8, minor: u8) -> Self {
        Self { major, minor }
    }

    /// Whether an entity may have to be changed for it.
    pub fn is_older(self) -> bool {
        self < Self::CURRENT
    }

    /// Whether the version has `datasetId`.
    pub(super) fn has_datasets(self) -> bool {
        self.knows(V1_3)
    }

    /// Whether the version knows what came with another one.
    fn knows(self, since: Self) -> bool {
        self >= since
    }

    /// The types that an entity has in the version: there was one before there were several.
    fn types(self, types: &[Iri]) -> Vec<Iri> {
        let known = if self.knows(V1_3) { types } else { types.get(..1).unwrap_or_default() };
        known.to_vec()
    }

    /// The kind that stands for another one in the version.
    fn kind(self, kind: Kind) -> Kind {
        match kind {
            Kind::LanguageProperty if !self.knows(V1_4) => Kind::Property,
            Kind::JsonProperty | Kind::VocabProperty | Kind::ListProperty if !self.knows(V1_8) => Kind::Property,
            Kind::ListRelationship if !self.knows(V1_8) => Kind::Relationship,
            known => known,
        }
    }
}

impl FromStr for SpecVersion {
    type Err = Error;

    /// # Errors
    /// BadRequestData unless the text is two numbers with a point between them.
    fn from_str(text: &str) -> Result<Self> {
        let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let numbers = text.split_once('.').and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
        let (major, minor) = numbers.ok_or_else(|| {
            let cut: String = text.chars().take(60).collect();
            Error::bad_request(format!("'{cut}' is not a version of NGSI-LD such as 1.8"))
        })?;
        Ok(Self { major, minor })
    }
}

impl fmt::Display for SpecVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The entity as a client of a version is to see it (table 4.3.6.8-1): what the version does not know is left out or
/// rewritten, in sub-attributes too.
///
/// Attributes and instances that `shown` does not show are gone already, since the fallbacks are about what is shown: of the
/// instances that a `datasetId` selects one must remain, although it may lose that member. So the result is to be rendered
/// with [`Rendering::of_conformed`]. A LanguageProperty that `shown` reduces to one language stays, because it is shown as a
/// Property anyway.
pub fn conform(entity: &Entity, version: SpecVersion, shown: &Rendering<'_>) -> Entity {
    let older = Older { version, shown };
    Entity {
        id: entity.id.clone(),
        types: version.types(&entity.types),
        scope: entity.scope.clone().filter(|_| version.knows(V1_4)),
        expires_at: entity.expires_at.filter(|_| version.knows(V1_9)),
        created_at: entity.created_at,
        modified_at: entity.modified_at,
        attributes: entity
            .attributes
            .iter()
            .filter(|(name, _)| shown.projection.shows_attribute(name))
            .map(|(name, all)| (name.clone(), all.iter().filter(|one| shown.shows_instance(one)).collect::<Vec<_>>()))
            .filter(|(_, instances)| !instances.is_empty())
            .map(|(name, instances)| (name, older.instances(&instances)))
            .collect(),
    }
}

impl Rendering<'_> {
    /// How to render what [`conform`] has made of an entity: its instances are selected already.
    #[must_use]
    pub fn of_conformed(self) -> Self {
        Self { datasets: &[], ..self }
    }
}

struct Older<'s, 'r> {
    version: SpecVersion,
    shown: &'s Rendering<'r>,
}

impl Older<'_, '_> {
    fn instances(&self, instances: &[&Attribute]) -> Vec<Attribute> {
        if self.version.knows(V1_3) {
            return instances.iter().map(|instance| self.instance(instance)).collect();
        }
        let default = instances.iter().find(|instance| instance.dataset_id.is_none());
        default.or(instances.first()).map(|instance| self.instance(instance)).into_iter().collect()
    }

    fn instance(&self, attribute: &Attribute) -> Attribute {
        let (v1_3, v1_8) = (self.version.knows(V1_3), self.version.knows(V1_8));
        let v1_9 = self.version.knows(V1_9);
        Attribute {
            is: self.value(&attribute.is),
            dataset_id: attribute.dataset_id.clone().filter(|_| v1_3),
            observed_at: attribute.observed_at.filter(|_| v1_3),
            unit_code: attribute.unit_code.clone().filter(|_| v1_3),
            value_type: attribute.value_type.clone().filter(|_| v1_9),
            object_type: attribute.object_type.clone().filter(|_| v1_8),
            expires_at: attribute.expires_at.filter(|_| v1_9),
            sealed: attribute.sealed.clone(),
            created_at: attribute.created_at,
            modified_at: attribute.modified_at,
            attributes: self.sub_attributes(&attribute.attributes),
        }
    }

    fn sub_attributes(&self, attributes: &Attributes) -> Attributes {
        let older = |instances: &[Attribute]| self.instances(&instances.iter().collect::<Vec<_>>());
        attributes.iter().map(|(name, instances)| (name.clone(), older(instances))).collect()
    }

    /// The value under an older kind: the content of the value member stays as it is shown.
    fn value(&self, value: &AttributeValue) -> AttributeValue {
        if self.version.kind(value.kind()) == value.kind() {
            return value.clone();
        }
        match value {
            AttributeValue::LanguageProperty(map) => {
                let reduced = self.shown.lang.is_some_and(|preference| preference.choose(map).is_some());
                if reduced { value.clone() } else { AttributeValue::Property(json(map)) }
            }
            AttributeValue::JsonProperty(json) => AttributeValue::Property(json.clone()),
            AttributeValue::VocabProperty(terms) => {
                AttributeValue::Property(json(&super::attribute::compacted(self.shown, terms)))
            }
            AttributeValue::ListProperty(items) => AttributeValue::Property(Value::Array(items.clone())),
            AttributeValue::ListRelationship(targets) => AttributeValue::Relationship(OneOrMany::Many(targets.clone())),
            AttributeValue::Property(_) | AttributeValue::GeoProperty(_) | AttributeValue::Relationship(_) => {
                value.clone()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_two_numbers_in_order() {
        for text in ["1.1", "1.3", "1.9", "1.10", "2.0"] {
            assert_eq!(text.parse::<SpecVersion>().unwrap().to_string(), text);
        }
        for text in ["", "1", "1.", ".9", "1.9.1", "v1.9", "1.x", "+1.9", "1.-9", "1.999", "１.9"] {
            assert!(text.parse::<SpecVersion>().is_err(), "{text}");
        }
        let version = |text: &str| text.parse::<SpecVersion>().unwrap();
        assert!(version("1.3").is_older() && !version("1.9").is_older() && !version("1.10").is_older());
        assert!(version("1.9") < version("1.10") && version("1.10") < version("2.0"));
    }
}
