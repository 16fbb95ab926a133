//! Values as municipalities write them, read once into what they mean.
//!
//! Each function here is pure. It takes the text of a cell and returns a [`Reading`]: nothing, a value, or "not
//! understood", each with the issues that a publisher should know. Nothing is repaired in silence, and no function
//! looks at another cell: what must be decided over a column or a file is decided by the caller and passed in.

pub mod address;
pub mod age;
pub mod area_code;
pub mod character;
pub mod choice;
pub mod code;
pub mod coordinate;
pub mod date;
pub mod days;
mod era;
pub mod event_dates;
pub mod flag;
mod geodesy;
pub mod hours;
mod html;
pub mod kana;
pub mod key;
pub mod licence;
pub mod list;
pub mod number;
mod numeral;
pub mod phone;
pub mod recurrence;
pub mod time;
pub mod variant;
pub mod web;
pub mod weekly;

use crate::issue::{Issue, Issues};

/// What a cell says.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading<T> {
    /// Nothing: blank, or a word that stands for nothing.
    Empty(Issues),
    /// A value.
    Value(T, Issues),
    /// Something that this normaliser does not understand. The text is to be kept.
    Unread(Issues),
}

impl<T> Reading<T> {
    /// Nothing at all.
    pub const BLANK: Self = Self::Empty(Issues::NONE);

    /// A value without issues.
    pub fn value(value: T) -> Self {
        Self::Value(value, Issues::NONE)
    }

    /// Not understood, for one reason.
    pub fn unread(issue: Issue) -> Self {
        Self::Unread(Issues::one(issue))
    }

    /// The value, if there is one.
    pub fn ok(self) -> Option<T> {
        match self {
            Self::Value(value, _) => Some(value),
            Self::Empty(_) | Self::Unread(_) => None,
        }
    }

    /// What was noticed.
    pub fn issues(&self) -> Issues {
        match self {
            Self::Empty(issues) | Self::Value(_, issues) | Self::Unread(issues) => *issues,
        }
    }

    /// Another value for the same reading.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Empty(issues) => Reading::Empty(issues),
            Self::Value(value, issues) => Reading::Value(f(value), issues),
            Self::Unread(issues) => Reading::Unread(issues),
        }
    }
}
