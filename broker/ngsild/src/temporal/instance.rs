//! The points of a series, and their ids.

use std::fmt;
use std::str::FromStr;

use hiroba_vocab::{DatasetId, Iri, Scope};
use serde::{Deserialize, Serialize};

use super::query::TimeProperty;
use crate::change::Change;
use crate::entity::{Attribute, OneOrMany};
use crate::error::{Error, Result};
use crate::time::DateTime;

/// One point of a series: an attribute instance or a scope as it became at some time, or its deletion.
///
/// The serde form is what the databases hold where a record's history is not what its change did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// Its number within its record.
    pub number: u32,
    /// When it was deleted: then `is` tells what it was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<DateTime>,
    /// What it is.
    pub is: Recorded,
}

/// What an instance is an instance of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::large_enum_variant, reason = "nearly all are attributes")]
pub enum Recorded {
    /// An attribute.
    Attribute {
        /// The attribute's name, expanded.
        name: Iri,
        /// The instance.
        instance: Attribute,
    },
    /// The entity's scope, a series like an attribute's (4.18).
    Scope {
        /// The scopes.
        value: OneOrMany<Scope>,
        /// When they were set: this is `observedAt`, `createdAt` and `modifiedAt` at once.
        at: DateTime,
    },
}

impl Instance {
    /// The attribute and which of its series; `None` for scopes.
    pub fn series(&self) -> Option<(&Iri, Option<&DatasetId>)> {
        match &self.is {
            Recorded::Attribute { name, instance } => Some((name, instance.dataset_id.as_ref())),
            Recorded::Scope { .. } => None,
        }
    }

    /// The instant of a time property, if the instance has it (4.8).
    pub fn at(&self, property: TimeProperty) -> Option<DateTime> {
        let (observed, created, modified) = match &self.is {
            Recorded::Attribute { instance, .. } => (instance.observed_at, instance.created_at, instance.modified_at),
            Recorded::Scope { at, .. } => (Some(*at), *at, *at),
        };
        match property {
            TimeProperty::ObservedAt => observed.filter(|_| self.deleted_at.is_none()),
            TimeProperty::CreatedAt => Some(created),
            TimeProperty::ModifiedAt => Some(self.deleted_at.unwrap_or(modified)),
            TimeProperty::DeletedAt => self.deleted_at,
        }
    }

    /// Where the instance stands in time: when it was observed, or else when it was recorded.
    pub fn time(&self) -> DateTime {
        let recorded = || self.at(TimeProperty::ModifiedAt).unwrap_or(DateTime::from_micros(0));
        self.at(TimeProperty::ObservedAt).unwrap_or_else(recorded)
    }
}

/// What a change adds to the history of its entity. `at` is when it was made.
pub fn instances_of(change: Change, at: DateTime) -> Vec<Instance> {
    let mut instances = Vec::with_capacity(change.attributes.len() + 1);
    let mut number = 0..;
    for touched in change.attributes {
        let Some(number) = number.next() else { break };
        let (deleted_at, instance) = match (touched.after, touched.before) {
            (Some(after), _) => (None, after),
            (None, Some(before)) => (Some(at), before),
            (None, None) => continue,
        };
        let is = Recorded::Attribute { name: touched.name, instance };
        instances.push(Instance { number, deleted_at, is });
    }
    if let (Some(scope), Some(number)) = (change.scope, number.next()) {
        let (deleted_at, value) = match (scope.after, scope.before) {
            (Some(after), _) => (None, after),
            (None, Some(before)) => (Some(at), before),
            (None, None) => return instances,
        };
        instances.push(Instance { number, deleted_at, is: Recorded::Scope { value, at } });
    }
    instances
}

/// The earliest and the latest [time](Instance::time) of what a change adds to history; `at`, if it adds nothing.
pub fn times_of(change: &Change, at: DateTime) -> (DateTime, DateTime) {
    let attributes = change.attributes.iter().map(|touched| match &touched.after {
        Some(after) => after.observed_at.unwrap_or(after.modified_at),
        None => at,
    });
    let times = attributes.chain(change.scope.as_ref().map(|_| at));
    times
        .fold(None, |bounds: Option<(DateTime, DateTime)>, time| {
            Some(bounds.map_or((time, time), |(first, last)| (first.min(time), last.max(time))))
        })
        .unwrap_or((at, at))
}

/// The id of an instance (`instanceId`): the version that its record made, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId {
    /// The version of the record.
    pub version: i64,
    /// The number within the record.
    pub number: u32,
}

const PREFIX: &str = "urn:ngsi-ld:Instance:";

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}-{}", self.version, self.number)
    }
}

impl Serialize for InstanceId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl InstanceId {
    /// Reads an id; `None` for a URI that is the id of no instance here.
    ///
    /// # Errors
    /// BadRequestData when it is no URI.
    pub fn parse(text: &str) -> Result<Option<Self>> {
        Iri::parse(text).map_err(|e| Error::from(e).at("instanceId"))?;
        let Some((version, number)) = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-')) else {
            return Ok(None);
        };
        let id = i64::from_str(version).ok().zip(u32::from_str(number).ok());
        Ok(id.map(|(version, number)| Self { version, number }).filter(|id| id.to_string() == text))
    }
}

#[cfg(test)]
mod tests {
    use hiroba_vocab::EntityId;

    use super::*;
    use crate::change::Outcome;
    use crate::entity::{AttributeValue, Entity};

    #[test]
    fn the_outcome_of_a_change_tells_what_the_change_tells_unless_something_was_deleted() {
        let (early, late) = (DateTime::from_micros(1), DateTime::from_micros(2));
        let name = |text: &str| Iri::from_expanded(format!("urn:x:{text}"));
        let mut old = Entity::new(EntityId::parse("urn:x:1").unwrap(), name("T"), early);
        old.attributes.insert(name("a"), vec![Attribute::new(AttributeValue::Property(1.into()), early)]);
        old.scope = Some(OneOrMany::One(Scope::parse("/s").unwrap()));
        let mut new = old.clone();
        new.scope = None;
        let dataset_id = Some(DatasetId::parse("urn:d:1").unwrap());
        let other = Attribute { dataset_id, ..Attribute::new(AttributeValue::Property(3.into()), late) };
        new.attributes.insert(name("a"), vec![Attribute::new(AttributeValue::Property(2.into()), late), other]);
        let change = Change::between(Some(&old), Some(&new)).unwrap();
        let text = serde_json::to_string(&change).unwrap();
        let outcome: Outcome = serde_json::from_str(&text).unwrap();
        assert_eq!(instances_of(outcome.into(), late), instances_of(change, late));
        let deletion = Change::between(Some(&old), None).unwrap();
        assert!(serde_json::from_str::<Outcome>(&serde_json::to_string(&deletion).unwrap()).is_err());
    }

    #[test]
    fn ids_are_read_as_they_are_written() {
        let id = InstanceId { version: 91, number: 2 };
        assert_eq!(InstanceId::parse(&id.to_string()).unwrap(), Some(id));
        for other in ["urn:ngsi-ld:Instance:x", "urn:ngsi-ld:Instance:+1-2", "urn:x:1-2", "urn:ngsi-ld:Instance:1-2-3"]
        {
            assert_eq!(InstanceId::parse(other).unwrap(), None, "{other}");
        }
        assert!(InstanceId::parse("no uri").is_err());
    }
}
