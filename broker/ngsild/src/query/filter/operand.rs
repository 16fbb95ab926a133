//! The right-hand side of a comparison.

use std::cmp::Ordering;

use hiroba_vocab::Iri;
use serde_json::Value;

use crate::jsonld::Context;
use crate::query::q::Literal;
use crate::time::{DateTime, read_date, read_time};

/// A literal, ready to be compared. Values of another type never compare.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A number.
    Number(f64),
    /// Text in quotes.
    Text(String),
    /// A boolean.
    Boolean(bool),
    /// An instant; compares with text that is a DateTime.
    DateTime(DateTime),
    /// A date as days since 1970; compares with text that is a Date.
    Date(i64),
    /// A time of day in microseconds; compares with text that is a Time.
    Time(i64),
    /// A URI or bare word; with `expandValues` what it stands for.
    Word(Iri),
}

impl Operand {
    pub(super) fn new(literal: &Literal, expand_with: Option<&Context>) -> Self {
        if let (Some(context), Literal::Word(text) | Literal::Text(text)) = (expand_with, literal) {
            return Self::Word(context.expand_value(text));
        }
        match literal {
            Literal::Number(text) => Self::Number(text.parse().unwrap_or(f64::NAN)),
            Literal::Text(text) => Self::Text(text.clone()),
            Literal::Boolean(value) => Self::Boolean(*value),
            Literal::DateTime(text) => DateTime::read(text).map_or_else(|| Self::Text(text.clone()), Self::DateTime),
            Literal::Date(text) => read_date(text).map_or_else(|| Self::Text(text.clone()), Self::Date),
            Literal::Time(text) => read_time(text).map_or_else(|| Self::Text(text.clone()), Self::Time),
            Literal::Word(text) => Self::Word(Iri::from_expanded(text.as_str())),
        }
    }

    /// The operand as text, if it compares as text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Word(word) => Some(word.as_str()),
            _ => None,
        }
    }

    /// How a JSON value compares with this; `None` when the types differ. Typed values (`@value`) are looked into.
    pub(super) fn compare_json(&self, value: &Value) -> Option<Ordering> {
        match value {
            Value::Number(number) => match self {
                Self::Number(wanted) => number.as_f64()?.partial_cmp(wanted),
                _ => None,
            },
            Value::Bool(value) => match self {
                Self::Boolean(wanted) => Some(value.cmp(wanted)),
                _ => None,
            },
            Value::String(text) => self.compare_text(text),
            Value::Object(members) => self.compare_json(members.get("@value")?),
            Value::Null | Value::Array(_) => None,
        }
    }

    /// How text compares with this.
    pub(super) fn compare_text(&self, text: &str) -> Option<Ordering> {
        match self {
            Self::Text(wanted) => Some(text.cmp(wanted.as_str())),
            Self::Word(wanted) => Some(text.cmp(wanted.as_str())),
            Self::DateTime(wanted) => Some(DateTime::read(text)?.cmp(wanted)),
            Self::Date(wanted) => Some(read_date(text)?.cmp(wanted)),
            Self::Time(wanted) => Some(read_time(text)?.cmp(wanted)),
            Self::Number(_) | Self::Boolean(_) => None,
        }
    }

    /// How an instant compares with this.
    pub(super) fn compare_instant(&self, instant: DateTime) -> Option<Ordering> {
        match self {
            Self::DateTime(wanted) => Some(instant.cmp(wanted)),
            Self::Text(text) => Some(instant.cmp(&DateTime::read(text)?)),
            _ => None,
        }
    }
}
