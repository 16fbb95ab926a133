//! Modes of registrations (4.3.6.2, 4.3.6.3).

use std::str::FromStr;

use crate::error::{Error, Result};
use crate::receiver::cut;

/// How the data of a source and those of this broker go together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The source has data besides those that are here.
    #[default]
    Inclusive,
    /// Only the source has the attributes of these entities.
    Exclusive,
    /// Only sources have these entities, perhaps several of them.
    Redirect,
    /// The source fills in what nobody else has; it is never written to.
    Auxiliary,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Inclusive, Self::Exclusive, Self::Redirect, Self::Auxiliary];

    /// The name in `mode`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inclusive => "inclusive",
            Self::Exclusive => "exclusive",
            Self::Redirect => "redirect",
            Self::Auxiliary => "auxiliary",
        }
    }

    /// Whether what is registered must not be here as well (4.3.6.3).
    pub fn is_proxied(self) -> bool {
        matches!(self, Self::Exclusive | Self::Redirect)
    }
}

impl FromStr for Mode {
    type Err = Error;

    /// # Errors
    /// BadRequestData for a name that is none.
    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            Error::bad_request(format!("'{}' is no mode; there are {known}", cut(name)))
        })
    }
}
