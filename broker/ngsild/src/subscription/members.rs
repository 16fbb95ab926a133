//! The members of a Subscription (5.2.12), read into types one by one.

use std::time::Duration;

use hiroba_vocab::{DatasetId, Iri};
use serde_json::Value;

use super::notification::NotificationParams;
use super::trigger::Trigger;
use crate::error::{Error, ErrorKind, Result};
use crate::jsonld::Context;
use crate::language::LanguagePreference;
use crate::member::{dataset, flag, list, object, seconds, text, texts};
use crate::query::q::Test;
use crate::query::{EntitySelector, GeoQuery, Q, ScopeQuery, SelectorLimits};
use crate::receiver::cut;
use crate::render::SpecVersion;
use crate::temporal::{Interval, TimeProperty};
use crate::time::DateTime;

/// How many selectors `entities` may hold.
const SELECTORS: SelectorLimits =
    SelectorLimits { selectors: 100, patterns: MAX_PATTERNS, error: ErrorKind::BadRequestData };
/// How many regular expressions `entities` may hold, and how many `q`: a query's are gone with it, but these stay in memory,
/// compiled.
const MAX_PATTERNS: usize = 20;

/// Members that only the broker sets: clients that send back what they were told are not refused.
pub(super) const OUTPUT: [&str; 3] = ["status", "createdAt", "modifiedAt"];

/// Members that clients set, besides `id` and `type`.
pub(super) const MEMBERS: [&str; 23] = [
    "subscriptionName",
    "description",
    "entities",
    "watchedAttributes",
    "notificationTrigger",
    "timeInterval",
    "throttling",
    "q",
    "geoQ",
    "scopeQ",
    "csf",
    "expandValues",
    "jsonKeys",
    "lang",
    "datasetId",
    "expiresAt",
    "isActive",
    "jsonldContext",
    "localOnly",
    "splitEntities",
    "ngsildConformance",
    "notification",
    "temporalQ",
];

/// What the members say, each by itself; what they say together is for [`Watch`](super::Watch) to check.
#[derive(Debug, Default)]
pub(super) struct Members {
    pub(super) entities: Vec<EntitySelector>,
    /// Whether a selector is of any type (`*`).
    pub(super) any_type: bool,
    pub(super) watched: Vec<Iri>,
    pub(super) triggers: Option<Vec<Trigger>>,
    pub(super) time_interval: Option<Duration>,
    pub(super) throttling: Option<Duration>,
    pub(super) q: Option<Q>,
    pub(super) geo: Option<GeoQuery>,
    pub(super) scope: Option<ScopeQuery>,
    pub(super) csf: Option<Q>,
    pub(super) temporal: Option<(Interval, TimeProperty)>,
    pub(super) expand_values: Vec<String>,
    pub(super) lang: Option<LanguagePreference>,
    pub(super) datasets: Vec<Option<DatasetId>>,
    pub(super) expires_at: Option<DateTime>,
    pub(super) is_active: Option<bool>,
    pub(super) local_only: Option<bool>,
    pub(super) split_entities: Option<bool>,
    pub(super) conformance: Option<SpecVersion>,
    pub(super) notification: Option<NotificationParams>,
}

impl Members {
    /// Reads one member, whose names have the meaning of `context`. `id`, `type` and output members are not for here.
    ///
    /// # Errors
    /// BadRequestData with the place when it is no member, or not of its form.
    pub(super) fn read(&mut self, name: &str, value: &Value, context: &Context) -> Result<()> {
        self.member(name, value, context).map_err(|e| match &e.at {
            // Errors of syntax name the parameter and the character.
            Some(at) if at.strip_prefix(name).is_some_and(|rest| rest.starts_with(", character")) => e,
            Some(at) if at.starts_with('/') => e,
            Some(at) if at == name => Error { at: None, ..e }.inside(&format!("/{name}")),
            _ => e.inside(&format!("/{}", cut(name))),
        })
    }

    fn member(&mut self, name: &str, value: &Value, context: &Context) -> Result<()> {
        match name {
            "subscriptionName" | "description" => text(value).map(drop)?,
            "entities" => self.entities(value, context)?,
            "watchedAttributes" => {
                let name = |name: &str| context.expand_name(name);
                self.watched = texts(value)?.into_iter().map(name).collect::<Result<_>>()?;
            }
            "notificationTrigger" => {
                self.triggers = Some(texts(value)?.into_iter().map(str::parse).collect::<Result<_>>()?);
            }
            "timeInterval" => self.time_interval = Some(seconds(value)?),
            "throttling" => self.throttling = Some(seconds(value)?),
            "q" => self.q = Some(q(value)?),
            "geoQ" => self.geo = Some(GeoQuery::from_json(value, context)?),
            "scopeQ" => self.scope = Some(text(value)?.parse()?),
            "csf" => {
                let csf = q(value).map_err(|e| Error { at: e.at.map(|at| at.replacen('q', "csf", 1)), ..e })?;
                self.csf = Some(csf);
            }
            "expandValues" => self.expand_values = list(value)?,
            // All keys inside values are kept as they are here, so it changes nothing.
            "jsonKeys" => drop(list(value)?),
            "lang" => self.lang = Some(text(value)?.parse()?),
            "datasetId" => self.datasets = texts(value)?.into_iter().map(dataset).collect::<Result<_>>()?,
            "expiresAt" => self.expires_at = Some(DateTime::parse(text(value)?)?),
            "isActive" => self.is_active = Some(flag(value)?),
            "jsonldContext" => drop(Iri::parse(text(value)?)?),
            "localOnly" => self.local_only = Some(flag(value)?),
            "splitEntities" => self.split_entities = Some(flag(value)?),
            "ngsildConformance" => self.conformance = Some(text(value)?.parse()?),
            "notification" => self.notification = Some(NotificationParams::read(value, context)?),
            "temporalQ" => self.temporal = Some(temporal(value)?),
            name => return Err(unknown(name)),
        }
        Ok(())
    }

    fn entities(&mut self, value: &Value, context: &Context) -> Result<()> {
        for (i, selector) in value.as_array().into_iter().flatten().enumerate() {
            if selector.get("id").and_then(Value::as_array).is_some_and(Vec::is_empty) {
                return Err(Error::bad_request("'id' is a URI, or a non-empty array of URIs").at(format!("{i}/id")));
            }
        }
        (self.entities, self.any_type) = EntitySelector::list_from_json(value, context, SELECTORS)?;
        Ok(())
    }
}

fn q(value: &Value) -> Result<Q> {
    let q: Q = text(value)?.parse()?;
    let patterns = q.terms().iter().filter(|term| matches!(term.test, Test::Pattern { .. })).count();
    if patterns > MAX_PATTERNS {
        let detail = format!("the q of a Subscription may have at most {MAX_PATTERNS} patterns");
        return Err(Error::new(ErrorKind::TooComplexQuery, detail));
    }
    Ok(q)
}

/// A TemporalQuery (5.2.21), as far as it is about the intervals of registrations.
fn temporal(value: &Value) -> Result<(Interval, TimeProperty)> {
    const NAMES: [&str; 4] = ["timerel", "timeAt", "endTimeAt", "timeproperty"];
    let members = object(value, "it is an object with 'timerel' and 'timeAt'")?;
    if let Some(name) = members.keys().find(|name| !NAMES.contains(&name.as_str())) {
        let detail = format!("the temporalQ of a subscription has no '{}'; it has {}", cut(name), NAMES.join(", "));
        return Err(Error::bad_request(detail).at(cut(name)));
    }
    let get = |name: &str| members.get(name).map(|value| text(value).map_err(|e| e.at(name))).transpose();
    let interval = Interval::parse(get("timerel")?, get("timeAt")?, get("endTimeAt")?)?;
    let interval =
        interval.ok_or_else(|| Error::bad_request("a temporalQ needs 'timerel' and 'timeAt'").at("timerel"))?;
    let property = get("timeproperty")?.map(TimeProperty::parse).transpose()?.unwrap_or_default();
    Ok((interval, property))
}

/// The error for a name that is no member.
pub(super) fn unknown(name: &str) -> Error {
    let name = cut(name);
    Error::bad_request(format!("'{name}' is no member of Subscription")).at(format!("/{name}"))
}
