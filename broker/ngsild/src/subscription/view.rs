//! Subscriptions as clients see them (5.8.3, 5.8.4).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::names::PROJECTIONS;
use super::notification::projection_list;
use super::{Status, Subscription};
use crate::jsonld::Context;
use crate::query::{ProjectionList, TypeSelection};
use crate::time::DateTime;

/// What became of notifications so far (5.2.14, output members).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counters {
    /// `timesSent`: attempts, failed ones included.
    pub times_sent: u64,
    /// `timesFailed`: attempts that failed.
    pub times_failed: u64,
    /// `lastNotification`: when the last attempt was made.
    pub last_notification: Option<DateTime>,
    /// `lastSuccess`: when the last one was made that did not fail.
    pub last_success: Option<DateTime>,
    /// `lastFailure`: when the last one was made that failed.
    pub last_failure: Option<DateTime>,
    /// Whether the last one failed.
    pub failing: bool,
}

impl Counters {
    /// The output members; none before the first attempt.
    fn members(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let sent = self.times_sent > 0;
        let members = [
            ("status", json!(if self.failing { "failed" } else { "ok" })),
            ("timesSent", json!(self.times_sent)),
            ("timesFailed", json!(self.times_failed)),
            ("lastNotification", json!(self.last_notification)),
            ("lastSuccess", json!(self.last_success)),
            ("lastFailure", json!(self.last_failure)),
        ];
        members.into_iter().filter(move |(_, value)| sent && !value.is_null())
    }
}

impl Subscription {
    /// The subscription as a client sees it, without `@context`. Names of types and attributes are those of the reader's
    /// context; all else, `q` too, is as its author wrote it.
    pub fn to_json(
        &self,
        status: Status,
        counters: &Counters,
        sys_attrs: bool,
        context: &Context,
    ) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("id".to_owned(), json!(self.id));
        members.insert("type".to_owned(), json!("Subscription"));
        for (name, value) in &self.body {
            members.insert(name.clone(), self.shown(name, value, context));
        }
        if let Some(Value::Object(notification)) = members.get_mut("notification") {
            notification.extend(counters.members().map(|(name, value)| (name.to_owned(), value)));
        }
        members.insert("status".to_owned(), json!(status));
        if sys_attrs {
            members.insert("createdAt".to_owned(), json!(self.created_at));
            members.insert("modifiedAt".to_owned(), json!(self.modified_at));
        }
        members
    }

    fn shown(&self, name: &str, value: &Value, reader: &Context) -> Value {
        if !matches!(name, "entities" | "watchedAttributes" | "notification") {
            return value.clone();
        }
        let renaming = Renaming { author: self.names.context(name), reader };
        let mut value = value.clone();
        match name {
            "entities" => {
                for selector in value.as_array_mut().into_iter().flatten() {
                    if let Some(types) = selector.get_mut("type") {
                        renaming.types(types);
                    }
                }
            }
            "watchedAttributes" => {
                for name in value.as_array_mut().into_iter().flatten() {
                    if let Some(text) = name.as_str() {
                        *name = renaming.name(text).into();
                    }
                }
            }
            _ => {
                for list in PROJECTIONS {
                    if let Some(value) = value.get_mut(list) {
                        renaming.projection(value);
                    }
                }
            }
        }
        value
    }
}

/// From the names of one context to those of another.
struct Renaming<'r> {
    author: Context,
    reader: &'r Context,
}

impl Renaming<'_> {
    /// What the reader calls it. A name that would break the syntax around it stays.
    fn name(&self, name: &str) -> String {
        let Ok(iri) = self.author.expand_name(name) else { return name.to_owned() };
        let new = self.reader.compact(&iri);
        if new.contains([',', ';', '|', '(', ')', '{', '}', '"', ' ']) { name.to_owned() } else { new.into_owned() }
    }

    fn types(&self, types: &mut Value) {
        let selection = types.as_str().and_then(|text| text.parse::<TypeSelection>().ok());
        if let Some(TypeSelection::OneOf(mut alternatives)) = selection {
            for name in alternatives.iter_mut().flatten() {
                *name = self.name(name);
            }
            *types = TypeSelection::OneOf(alternatives).to_string().into();
        }
    }

    /// An array of names with braces. One item may hold several names, which stay together.
    fn projection(&self, names: &mut Value) {
        for item in names.as_array_mut().into_iter().flatten() {
            if let Ok(mut list) = projection_list(&json!([item])) {
                self.list(&mut list);
                *item = list.to_string().into();
            }
        }
    }

    fn list(&self, list: &mut ProjectionList) {
        for member in &mut list.0 {
            if !member.is_word() {
                member.name = self.name(&member.name);
            }
            if let Some(linked) = &mut member.linked {
                self.list(linked);
            }
        }
    }
}
