//! `notificationTrigger` (5.2.12): which kinds of change a subscription is about.

use std::str::FromStr;

use crate::error::{Error, Result};
use crate::receiver::cut;

/// A kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trigger {
    /// `entityCreated`: an entity is stored that was not there.
    EntityCreated,
    /// `entityUpdated`: any of the three attribute triggers.
    EntityUpdated,
    /// `entityDeleted`: an entity is there no more, whether deleted or expired.
    EntityDeleted,
    /// `attributeCreated`: an instance appears, also with its entity.
    AttributeCreated,
    /// `attributeUpdated`: an instance says something else.
    AttributeUpdated,
    /// `attributeDeleted`: an instance disappears from an entity that stays.
    AttributeDeleted,
}

impl Trigger {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::EntityCreated,
        Self::EntityUpdated,
        Self::EntityDeleted,
        Self::AttributeCreated,
        Self::AttributeUpdated,
        Self::AttributeDeleted,
    ];
    /// Those of a subscription that names none.
    pub const DEFAULT: [Self; 2] = [Self::AttributeCreated, Self::AttributeUpdated];

    /// The name in `notificationTrigger`.
    pub fn name(self) -> &'static str {
        match self {
            Self::EntityCreated => "entityCreated",
            Self::EntityUpdated => "entityUpdated",
            Self::EntityDeleted => "entityDeleted",
            Self::AttributeCreated => "attributeCreated",
            Self::AttributeUpdated => "attributeUpdated",
            Self::AttributeDeleted => "attributeDeleted",
        }
    }

    /// Whether it is about attributes: those are what `entityUpdated` stands for.
    pub fn is_of_attributes(self) -> bool {
        matches!(self, Self::AttributeCreated | Self::AttributeUpdated | Self::AttributeDeleted)
    }
}

impl FromStr for Trigger {
    type Err = Error;

    /// # Errors
    /// BadRequestData for a name that is none.
    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|trigger| trigger.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            Error::bad_request(format!("'{}' is no notificationTrigger; there are {known}", cut(name)))
        })
    }
}
