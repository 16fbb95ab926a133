//! The values that a condition looks at, so that a store can index them.
//!
//! An index over a path holds every value that [`super::Filter::matches`] would compare, so narrowing by it and deciding by the
//! evaluator cannot disagree.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::evaluate::{Target, visit_instances};
use super::{Condition, Inside, Root, Step, SystemMember};
use crate::entity::Entity;
use crate::time::{DateTime, read_date, read_time};
use hiroba_vocab::Iri;

/// A path that values can be indexed by. Its JSON form is stored: names are expanded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IndexPath {
    /// The attribute.
    pub attribute: Iri,
    /// Sub-attributes from there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subs: Vec<Iri>,
    /// A member that describes the instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<SystemMember>,
    /// What brackets hold: a member path, or a language tag.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<String>,
}

/// One value at a path.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexedValue {
    /// Whether the value is an item of an array: then it counts for equality, not for order.
    pub item: bool,
    /// The value, by the type that it compares as.
    pub value: Comparable,
}

/// Values by the type that they compare as.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparable {
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
    /// A boolean.
    Boolean(bool),
    /// An instant.
    DateTime(DateTime),
    /// Days since 1970-01-01.
    Date(i64),
    /// Microseconds since midnight.
    Time(i64),
    /// The target of a relationship, or a vocabulary term: knows equality only.
    Iri(Iri),
}

impl IndexPath {
    /// The path that a condition is about; `None` for the entity's own system members and for `[*]`.
    pub fn of(condition: &Condition) -> Option<Self> {
        let Root::Attribute(attribute) = &condition.root else { return None };
        let mut path = Self { attribute: attribute.clone(), subs: Vec::new(), member: None, inside: Vec::new() };
        for step in &condition.steps {
            match step {
                Step::Attribute(name) => path.subs.push(name.clone()),
                Step::Member(member) => path.member = Some(*member),
            }
        }
        match &condition.inside {
            Inside::Nothing => {}
            Inside::AnyLanguage => return None,
            Inside::Path(names) => path.inside.clone_from(names),
        }
        Some(path)
    }

    /// A plain attribute.
    pub fn attribute(name: Iri) -> Self {
        Self { attribute: name, subs: Vec::new(), member: None, inside: Vec::new() }
    }

    /// Every value that an entity has at this path, expired instances included.
    pub fn values(&self, entity: &Entity) -> Vec<IndexedValue> {
        let mut steps: Vec<Step> = self.subs.iter().cloned().map(Step::Attribute).collect();
        steps.extend(self.member.map(Step::Member));
        let inside = if self.inside.is_empty() { Inside::Nothing } else { Inside::Path(self.inside.clone()) };
        let mut values = Vec::new();
        let instances = entity.attributes.get(&self.attribute).map_or(&[][..], Vec::as_slice);
        visit_instances(instances, &steps, &inside, None, &mut |target| {
            collect(target, &mut values);
            false
        });
        values
    }
}

fn collect(target: &Target<'_>, values: &mut Vec<IndexedValue>) {
    match target {
        Target::Json(Value::Array(items)) => items.iter().for_each(|item| json(item, true, values)),
        Target::List(items) => items.iter().for_each(|item| json(item, true, values)),
        Target::Json(value) => json(value, false, values),
        Target::Text(value) => text(value, false, values),
        Target::Iri(iri) => values.push(IndexedValue { item: false, value: Comparable::Iri((*iri).clone()) }),
        Target::Instant(at) => values.push(IndexedValue { item: false, value: Comparable::DateTime(*at) }),
    }
}

fn json(value: &Value, item: bool, values: &mut Vec<IndexedValue>) {
    let plain = match value {
        Value::Number(number) => number.as_f64().map(Comparable::Number),
        Value::Bool(value) => Some(Comparable::Boolean(*value)),
        Value::String(value) => return text(value, item, values),
        Value::Object(members) => return members.get("@value").into_iter().for_each(|inner| json(inner, item, values)),
        Value::Null | Value::Array(_) => None,
    };
    values.extend(plain.map(|value| IndexedValue { item, value }));
}

/// Text compares as text, and as a point in time when it is one.
fn text(text: &str, item: bool, values: &mut Vec<IndexedValue>) {
    let in_time = DateTime::read(text)
        .map(Comparable::DateTime)
        .or_else(|| read_date(text).map(Comparable::Date))
        .or_else(|| read_time(text).map(Comparable::Time));
    values.extend(in_time.map(|value| IndexedValue { item, value }));
    values.push(IndexedValue { item, value: Comparable::Text(text.to_owned()) });
}
