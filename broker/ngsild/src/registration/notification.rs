//! CSourceNotification (5.3.2): what those are told who subscribed to registrations.

use serde_json::{Map, Value, json};

use crate::subscription::Watch;
use crate::time::DateTime;

/// Why registrations are told of (5.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TriggerReason {
    /// They match now, and did not before, or the subscription is new.
    NewlyMatching,
    /// They still match, and say something else.
    Updated,
    /// They match no longer, or are gone.
    NoLongerMatching,
}

impl TriggerReason {
    /// The name in `triggerReason`.
    pub fn name(self) -> &'static str {
        match self {
            Self::NewlyMatching => "newlyMatching",
            Self::Updated => "updated",
            Self::NoLongerMatching => "noLongerMatching",
        }
    }
}

/// The notification of some registrations, as [`Registration::to_json`](super::Registration::to_json) shows them with the
/// context of the subscription. `id` is a generated URI.
pub fn notification(
    id: &str,
    watch: &Watch,
    reason: TriggerReason,
    notified_at: DateTime,
    registrations: Vec<Map<String, Value>>,
) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("id".to_owned(), id.into());
    members.insert("type".to_owned(), "ContextSourceNotification".into());
    members.insert("subscriptionId".to_owned(), json!(watch.id));
    members.insert("notifiedAt".to_owned(), json!(notified_at));
    members.insert("triggerReason".to_owned(), reason.name().into());
    members.insert("data".to_owned(), registrations.into_iter().map(Value::Object).collect());
    if watch.endpoint.embeds_context() {
        members.insert("@context".to_owned(), watch.context.as_str().into());
    }
    members
}
