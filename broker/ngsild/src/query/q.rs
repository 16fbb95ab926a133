//! The query language `q` (4.9): syntax tree and text.
//!
//! Where the printed grammar is narrower than the standard's own examples, the examples are followed: parentheses nest,
//! brackets may hold a language tag or `*`, one type may stand before `:` in braces, bare words are values.

mod display;
mod parse;

use std::str::FromStr;

use crate::error::{Error, Result};

/// A `q` expression with names as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Q {
    /// All of two or more (`;`).
    And(Vec<Q>),
    /// At least one of two or more (`|`).
    Or(Vec<Q>),
    /// One condition.
    Term(Box<Term>),
}

/// A condition on one element of an entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Which element.
    pub path: AttributePath,
    /// What about it.
    pub test: Test,
}

/// Names that lead to an element: `a`, `a.b`, `a[b.c]`, `a[en]`, `a{T:b}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributePath {
    /// Attribute, sub-attribute, …; never empty.
    pub names: Vec<String>,
    /// What the brackets hold.
    pub brackets: Option<Brackets>,
    /// The path at the entity that the relationship points to.
    pub linked: Option<Box<LinkedPath>>,
}

/// What stands in `[` and `]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Brackets {
    /// `[*]`: any language.
    AnyLanguage,
    /// A member path into a compound value, or a language tag: which one depends on the attribute's kind.
    Path(Vec<String>),
}

/// `{path}` or `{T1,T2:path}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedPath {
    /// The types of the target; empty for any.
    pub types: Vec<String>,
    /// The path at the target.
    pub path: AttributePath,
}

/// What is asked of an element.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// That it exists.
    Exists,
    /// `==` or `!=` with one or more values.
    Equality {
        /// Whether it is `!=`.
        negated: bool,
        /// The values; never empty.
        values: Vec<Literal>,
    },
    /// `==` or `!=` with `from..to`.
    Range {
        /// Whether it is `!=`.
        negated: bool,
        /// The lower end, included.
        from: Literal,
        /// The upper end, included.
        to: Literal,
    },
    /// `>`, `>=`, `<`, `<=`.
    Order(OrderOperator, Literal),
    /// `~=` or `!~=`.
    Pattern {
        /// Whether it is `!~=`.
        negated: bool,
        /// The regular expression.
        pattern: String,
    },
}

/// The operators of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderOperator {
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
}

/// A value as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A JSON number.
    Number(String),
    /// A JSON string in double quotes.
    Text(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A DateTime.
    DateTime(String),
    /// A Date.
    Date(String),
    /// A Time.
    Time(String),
    /// Anything else without quotes: a URI, or a bare word.
    Word(String),
}

impl FromStr for Q {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse::parse(text)
    }
}

impl Q {
    /// All conditions, in the order of the text.
    pub fn terms(&self) -> Vec<&Term> {
        match self {
            Self::And(items) | Self::Or(items) => items.iter().flat_map(Self::terms).collect(),
            Self::Term(term) => vec![term],
        }
    }

    /// How deep linked entities nest: 0 without braces.
    pub fn link_depth(&self) -> usize {
        fn depth(path: &AttributePath) -> usize {
            path.linked.as_ref().map_or(0, |linked| 1 + depth(&linked.path))
        }
        self.terms().into_iter().map(|term| depth(&term.path)).max().unwrap_or(0)
    }
}
