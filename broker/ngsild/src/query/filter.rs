//! `q` with names expanded and patterns compiled, ready to be asked of entities.
//!
//! The tree is public: stores read it to find out which indexes narrow the candidates.

mod evaluate;
mod index;
mod links;
mod operand;
mod resolve;

use hiroba_vocab::Iri;
use regex::Regex;
use serde::{Deserialize, Serialize};

pub use index::{Comparable, IndexPath, IndexedValue};
pub use links::{Link, LinkedCondition, MissingLinks};
pub use operand::Operand;
pub use resolve::Expansions;
pub(super) use resolve::check_depth;

use super::q::OrderOperator;
use crate::entity::Entity;
use crate::linked::LinkedEntities;
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
    /// One condition on linked entities.
    Linked(Box<LinkedCondition>),
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
    /// Whether the entity satisfies the filter at `now`, as far as its linked entities are known.
    pub fn matches(&self, entity: &Entity, linked: &LinkedEntities, now: DateTime) -> bool {
        self.holds(entity, Some(linked), now)
    }

    /// Whether the entity can satisfy the filter at `now`, whatever its linked entities are.
    pub fn may_match(&self, entity: &Entity, now: DateTime) -> bool {
        self.holds(entity, None, now)
    }

    /// The meaning of the filter. Without `linked`, conditions on linked entities count as true: they never stand under a
    /// negation, so what fails all the same fails with any linked entities.
    fn holds(&self, entity: &Entity, linked: Option<&LinkedEntities>, now: DateTime) -> bool {
        match self {
            Self::And(items) => items.iter().all(|item| item.holds(entity, linked, now)),
            Self::Or(items) => items.iter().any(|item| item.holds(entity, linked, now)),
            Self::Condition(condition) => evaluate::condition(condition, &[entity], now),
            Self::Linked(on) => {
                linked.is_none_or(|linked| evaluate::condition(&on.condition, &on.subjects(entity, linked, now), now))
            }
        }
    }

    /// Whether any condition is about linked entities.
    pub fn follows_links(&self) -> bool {
        match self {
            Self::And(items) | Self::Or(items) => items.iter().any(Self::follows_links),
            Self::Condition(_) => false,
            Self::Linked(_) => true,
        }
    }

    /// Notes which linked entities must be looked for before the filter can be decided for an entity. Those of the next
    /// level can be told when these are known: ask again until none is missing.
    pub fn missing_links(&self, entity: &Entity, linked: &LinkedEntities, now: DateTime, missing: &mut MissingLinks) {
        match self {
            Self::And(items) | Self::Or(items) => {
                items.iter().for_each(|item| item.missing_links(entity, linked, now, missing));
            }
            Self::Condition(_) => {}
            Self::Linked(on) => on.missing(entity, linked, now, missing),
        }
    }

    /// The attributes of the entity itself that conditions are about, in the order of the text.
    pub fn attributes(&self) -> Vec<&Iri> {
        match self {
            Self::And(items) | Self::Or(items) => items.iter().flat_map(Self::attributes).collect(),
            Self::Condition(condition) => match &condition.root {
                Root::Attribute(name) => vec![name],
                Root::System(_) => Vec::new(),
            },
            Self::Linked(on) => on.links.first().map(|link| &link.relationship).into_iter().collect(),
        }
    }

    /// Whether at least one condition is about an attribute, not only about system members (5.7.2.4).
    pub fn names_an_attribute(&self) -> bool {
        match self {
            Self::And(items) | Self::Or(items) => items.iter().any(Self::names_an_attribute),
            Self::Condition(condition) => matches!(condition.root, Root::Attribute(_)),
            Self::Linked(_) => true,
        }
    }
}
