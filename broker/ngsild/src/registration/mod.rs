//! Context source registrations (5.2.8 to 5.2.11, 5.2.34, 5.9, 5.10, 5.12): who else has data, and which of them a question
//! is for. Pure: who keeps registrations finds every decision here. Nothing here calls a source.
//!
//! | step | what |
//! |---|---|
//! | a body comes in | [`Fragment::read`], then [`Registration::create`] or [`Registration::update`] |
//! | it is kept | [`Registration`] is serde's; it needs no @context to be understood later |
//! | it is asked | [`Source::of`], then [`RegistrationQuery::matches`] |
//! | clients look | [`Registration::to_json`] |
//! | a subscription tells of it | [`notification`] |

mod fragment;
mod information;
mod interval;
mod management;
mod matching;
mod members;
mod mode;
mod notification;
mod operations;
mod own;
mod source;
mod view;

use hiroba_vocab::Iri;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use fragment::Fragment;
pub use information::{EntityInfo, RegistrationInfo};
pub use interval::TimeInterval;
pub use management::Management;
pub use matching::RegistrationQuery;
pub use mode::Mode;
pub use notification::{TriggerReason, notification};
pub use operations::Operations;
pub use source::Source;

pub use crate::subscription::Use;

use crate::error::Result;
use crate::member::{apply, is_about, is_ahead};
use crate::subscription::names::Names;
use crate::time::DateTime;

/// A registration as it is kept. Its serde form is what the databases hold; adding an optional member is compatible.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    /// Its id.
    pub id: Iri,
    /// The members that the client set, as written, without `id`, `type`, `@context` and what only the broker says. The
    /// source's own properties stand under their IRIs.
    body: Map<String, Value>,
    /// What the names in it stand for.
    #[serde(default)]
    names: Names,
    /// When it was created.
    pub created_at: DateTime,
    /// When a client last changed it.
    pub modified_at: DateTime,
}

impl Registration {
    /// A new registration (5.9.2). `id` is that of the fragment, or a generated one.
    ///
    /// # Errors
    /// BadRequestData when members are missing or do not go together (5.2.9, 4.3.6), or `expiresAt` is not after `now`.
    pub fn create(id: Iri, fragment: Fragment, now: DateTime) -> Result<Self> {
        let mut registration =
            Self { id, body: Map::new(), names: Names::default(), created_at: now, modified_at: now };
        apply(&mut registration.body, &mut registration.names, fragment.members, fragment.names);
        is_ahead(registration.expires_at(), now)?;
        Source::of(&registration)?;
        Ok(registration)
    }

    /// The registration that an update leads to (5.9.3): members are replaced as a whole, or taken away.
    ///
    /// # Errors
    /// BadRequestData when the fragment is about another id, sets an `expiresAt` that is not after `now`, or leaves members
    /// that do not go together. The old one is as it was.
    pub fn update(&self, fragment: Fragment, now: DateTime) -> Result<Self> {
        is_about(fragment.id.as_ref(), &self.id)?;
        let sets_expiry = fragment.members.iter().any(|(name, _)| name == "expiresAt");
        let mut new = Self { modified_at: now, ..self.clone() };
        apply(&mut new.body, &mut new.names, fragment.members, fragment.names);
        if sets_expiry {
            is_ahead(new.expires_at(), now)?;
        }
        Source::of(&new)?;
        Ok(new)
    }

    /// `expiresAt`: from then on it is gone.
    pub fn expires_at(&self) -> Option<DateTime> {
        DateTime::read(self.body.get("expiresAt")?.as_str()?)
    }
}
