//! Subscriptions (5.2.12 to 5.2.15, 5.3.1, 5.8): what clients ask for, which changes it is about, and what they are told.
//! Pure: who keeps subscriptions, follows changes and sends notifications finds every decision here.
//!
//! | step | what |
//! |---|---|
//! | a body comes in | [`Fragment::read`], then [`Subscription::create`] or [`Subscription::update`] |
//! | it is kept | [`Subscription`] is serde's; it needs no @context to be understood later |
//! | a process starts to match | [`Watch::of`], and [`Index::insert`] |
//! | a change was made | [`Index::candidates`], [`advance`] or [`rewind`], [`Watch::concerns`], then [`Watch::wants`] |
//! | it is told | [`Payload::notification`], with [`Watch::headers`] or [`Watch::message`] |
//! | clients look | [`Subscription::to_json`] |

mod endpoint;
mod fragment;
mod headers;
mod index;
mod members;
mod mqtt;
pub(crate) mod names;
mod notification;
mod payload;
mod replay;
mod trigger;
mod view;
mod wants;
mod watch;

use hiroba_vocab::Iri;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use endpoint::{Accept, Endpoint, Transport};
pub use fragment::{Fragment, Use};
pub use index::Index;
pub use mqtt::{Mqtt, MqttQos, MqttServer, MqttVersion, Password};
pub use payload::{Payload, Told};
pub use replay::{advance, rewind};
pub use trigger::Trigger;
pub use view::Counters;
pub use wants::Why;
pub use watch::Watch;

use crate::error::Result;
use crate::member::{apply, is_about, is_ahead};
use crate::time::DateTime;
use names::Names;

/// Whether a subscription leads to notifications (5.2.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It does.
    Active,
    /// It was told to wait.
    Paused,
    /// Its time is over.
    Expired,
}

impl Status {
    /// The status that follows from `isActive` and `expiresAt`.
    pub(super) fn of(is_active: bool, expires_at: Option<DateTime>, now: DateTime) -> Self {
        match (is_active, expires_at) {
            (_, Some(end)) if end <= now => Self::Expired,
            (true, _) => Self::Active,
            (false, _) => Self::Paused,
        }
    }
}

/// What a subscription is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// Entities (5.8).
    #[default]
    Entities,
    /// Context source registrations (5.11).
    Registrations,
}

impl Subject {
    fn is_entities(&self) -> bool {
        *self == Self::Entities
    }
}

/// A subscription as it is kept. Its serde form is what the databases hold; adding an optional member is compatible.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Its id.
    pub id: Iri,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Subject::is_entities")]
    pub subject: Subject,
    /// The members that the client set, as written, without `id`, `type`, `@context` and what only the broker says.
    body: Map<String, Value>,
    /// What the names in it stand for.
    #[serde(default)]
    names: Names,
    /// The URL of the @context of the request that created it.
    context: String,
    /// When it was created.
    pub created_at: DateTime,
    /// When a client last changed it.
    pub modified_at: DateTime,
}

impl Subscription {
    /// A new subscription to entities (5.8.1). `id` is that of the fragment, or a generated one. `context` is a URL that stands for the
    /// @context of the request: its own, that of a hosted ImplicitlyCreated context when it was written in place or had
    /// several parts, or the core's.
    ///
    /// # Errors
    /// BadRequestData when members do not go together (5.2.12), or `expiresAt` is not after `now`.
    pub fn create(id: Iri, fragment: Fragment, context: String, now: DateTime) -> Result<Self> {
        Self::about(Subject::Entities, id, fragment, context, now)
    }

    /// The same about something else (5.11.2).
    ///
    /// # Errors
    /// As [`create`](Self::create), and for members that only the other kind has.
    pub fn about(subject: Subject, id: Iri, fragment: Fragment, context: String, now: DateTime) -> Result<Self> {
        let (body, names) = (Map::new(), Names::default());
        let mut subscription = Self { id, subject, body, names, context, created_at: now, modified_at: now };
        apply(&mut subscription.body, &mut subscription.names, fragment.members, fragment.names);
        is_ahead(subscription.expires_at(), now)?;
        Watch::of(&subscription)?;
        Ok(subscription)
    }

    /// The subscription that an update leads to (5.8.2): members are replaced as a whole, or taken away. Counters are kept
    /// elsewhere, and go on.
    ///
    /// # Errors
    /// BadRequestData when the fragment is about another id, sets an `expiresAt` that is not after `now`, or leaves members
    /// that do not go together. The old one is as it was.
    pub fn update(&self, fragment: Fragment, now: DateTime) -> Result<Self> {
        is_about(fragment.id.as_ref(), &self.id)?;
        let sets = |name: &str| fragment.members.iter().any(|(member, _)| member == name);
        let (sets_expiry, sets_active) = (sets("expiresAt"), sets("isActive"));
        let mut new = Self { modified_at: now, ..self.clone() };
        apply(&mut new.body, &mut new.names, fragment.members, fragment.names);
        if sets_expiry {
            is_ahead(new.expires_at(), now)?;
            // A later end alone wakes what had ended, whether it was paused before or not.
            if !sets_active && self.status(now) == Status::Expired {
                new.body.shift_remove("isActive");
            }
        }
        Watch::of(&new)?;
        Ok(new)
    }

    /// `expiresAt`
    pub fn expires_at(&self) -> Option<DateTime> {
        DateTime::read(self.body.get("expiresAt")?.as_str()?)
    }

    /// Whether it leads to notifications at `now`.
    pub fn status(&self, now: DateTime) -> Status {
        let is_active = self.body.get("isActive").and_then(Value::as_bool).unwrap_or(true);
        Status::of(is_active, self.expires_at(), now)
    }

    /// The URL of the @context of notifications: `jsonldContext`, else that of the request that created it. It must be kept
    /// as long as the subscription is when this broker hosts it.
    pub fn context(&self) -> &str {
        self.body.get("jsonldContext").and_then(Value::as_str).unwrap_or(&self.context)
    }
}
