//! `q` with names expanded and patterns compiled, ready to be asked of entities.
//!
//! The tree is public: stores read it to find out which indexes narrow the candidates.

mod evaluate;
mod index;
mod operand;
mod resolve;

use hiroba_vocab::Iri;
use regex::Regex;
use serde::{Deserialize, Serialize};

pub use index::{Comparable, IndexPath, IndexedValue};
pub use operand::Operand;
pub use resolve::Expansions;

use super::q::OrderOperator;
use crate::entity::Entity;
use crate::time::DateTime;

/// A resolved `q`.
#[derive(Debug, Clone)]
pub enum Filter {
    /// All of these.
    And(Vec<Filter>),
    /// At least one of these.
    Or(Vec<Filter>),
    /// One condition.
    Condition(Box<Condition>),
}

/// A resolved condition on one element of an entity.
#[derive(Debug, Clone)]
pub struct Condition {
    /// Where to start.
    pub root: Root,
    /// The steps from there.
    pub steps: Vec<Step>,
    /// What the brackets hold.
    pub inside: Inside,
    /// What is asked.
    pub test: ResolvedTest,
}

/// The first name of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// An attribute.
    Attribute(Iri),
    /// The entity's own `createdAt` or `modifiedAt`.
    System(SystemMember),
}

/// Members of entities and instances that are no attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SystemMember {
    /// `createdAt`
    CreatedAt,
    /// `modifiedAt`
    ModifiedAt,
    /// `observedAt`
    ObservedAt,
    /// `expiresAt`
    ExpiresAt,
    /// `unitCode`
    UnitCode,
    /// `datasetId`
    DatasetId,
}

/// A further name of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A sub-attribute.
    Attribute(Iri),
    /// A member that describes the instance; always the last step.
    Member(SystemMember),
}

/// What brackets mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inside {
    /// There are none.
    Nothing,
    /// Any language.
    AnyLanguage,
    /// Member names, or a language tag.
    Path(Vec<String>),
}

/// A resolved test.
#[derive(Debug, Clone)]
pub enum ResolvedTest {
    /// The element exists.
    Exists,
    /// It equals one of these; negated, it exists and equals none.
    OneOf {
        /// Whether it is `!=`.
        negated: bool,
        /// The values.
        values: Vec<Operand>,
    },
    /// It lies between two values, both included; negated, it exists and does not.
    Between {
        /// Whether it is `!=`.
        negated: bool,
        /// The lower end.
        from: Operand,
        /// The upper end.
        to: Operand,
    },
    /// It is greater or less.
    Order(OrderOperator, Operand),
    /// It matches a pattern; negated, it is text that does not.
    Pattern {
        /// Whether it is `!~=`.
        negated: bool,
        /// The compiled pattern.
        pattern: Regex,
    },
}

impl Filter {
    /// Whether the entity satisfies the filter at `now`.
    pub fn matches(&self, entity: &Entity, now: DateTime) -> bool {
        match self {
            Self::And(items) => items.iter().all(|item| item.matches(entity, now)),
            Self::Or(items) => items.iter().any(|item| item.matches(entity, now)),
            Self::Condition(condition) => evaluate::condition(condition, entity, now),
        }
    }

    /// Whether at least one condition is about an attribute, not only about system members (5.7.2.4).
    pub fn names_an_attribute(&self) -> bool {
        match self {
            Self::And(items) | Self::Or(items) => items.iter().any(Self::names_an_attribute),
            Self::Condition(condition) => matches!(condition.root, Root::Attribute(_)),
        }
    }
}
