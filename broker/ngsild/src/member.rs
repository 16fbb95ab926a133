//! Members of JSON bodies, read into types: what subscriptions and registrations have in common.

use std::time::Duration;

use hiroba_vocab::{DatasetId, Iri};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::subscription::names::Names;
use crate::time::DateTime;

/// How many names or ids an array may hold.
const MAX_ITEMS: usize = 1_000;
/// The longest period, in seconds: a hundred years.
const MAX_SECONDS: f64 = 100.0 * 366.0 * 86_400.0;

/// An object; `expected` says what it is, for the error.
pub(crate) fn object<'v>(value: &'v Value, expected: &str) -> Result<&'v Map<String, Value>> {
    value.as_object().ok_or_else(|| Error::bad_request(expected))
}

/// A string.
pub(crate) fn text(value: &Value) -> Result<&str> {
    value.as_str().ok_or_else(|| Error::bad_request("it is a string"))
}

/// A non-empty array of strings.
pub(crate) fn texts(value: &Value) -> Result<Vec<&str>> {
    let wrong = || Error::bad_request("it is a non-empty array of strings");
    let items = value.as_array().filter(|items| !items.is_empty()).ok_or_else(wrong)?;
    if items.len() > MAX_ITEMS {
        return Err(Error::bad_request(format!("it has at most {MAX_ITEMS} items")));
    }
    items.iter().map(|item| item.as_str().ok_or_else(wrong)).collect()
}

/// A string that is a list with commas.
pub(crate) fn list(value: &Value) -> Result<Vec<String>> {
    let items: Vec<String> = text(value)?.split(',').map(str::to_owned).collect();
    if items.iter().any(String::is_empty) || items.len() > MAX_ITEMS {
        return Err(Error::bad_request(format!("it is a list of 1 to {MAX_ITEMS} names with commas")));
    }
    Ok(items)
}

/// `true` or `false`.
pub(crate) fn flag(value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| Error::bad_request("it is true or false"))
}

/// A `datasetId`; `None` for `@none`.
pub(crate) fn dataset(text: &str) -> Result<Option<DatasetId>> {
    if text == DatasetId::NONE { Ok(None) } else { Ok(Some(DatasetId::parse(text)?)) }
}

/// A number of seconds.
pub(crate) fn seconds(value: &Value) -> Result<Duration> {
    period(value.as_f64(), "it is a number of seconds, greater than 0")
}

/// A number of milliseconds.
pub(crate) fn milliseconds(value: &Value) -> Result<Duration> {
    period(value.as_f64().map(|number| number / 1_000.0), "it is a number of milliseconds, greater than 0")
}

fn period(seconds: Option<f64>, expected: &str) -> Result<Duration> {
    let seconds = seconds.filter(|seconds| *seconds > 0.0 && *seconds <= MAX_SECONDS);
    let period = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    // What rounds to nothing is no period.
    period.filter(|period| !period.is_zero()).ok_or_else(|| Error::bad_request(expected))
}

/// Puts members in the place of those that are there, or takes them away, with what their names stand for.
pub(crate) fn apply(
    body: &mut Map<String, Value>,
    names: &mut Names,
    members: Vec<(String, Option<Value>)>,
    mut new_names: Names,
) {
    for (name, value) in members {
        names.take(&name, &mut new_names);
        match value {
            Some(value) => drop(body.insert(name, value)),
            None => drop(body.shift_remove(&name)),
        }
    }
}

/// That an update whose body has an `id` is about the resource of its path.
pub(crate) fn is_about(given: Option<&Iri>, id: &Iri) -> Result<()> {
    match given.filter(|given| *given != id) {
        Some(other) => {
            let detail = format!("the body is about {other}, the path about {id}");
            Err(Error::bad_request(detail).at("/id"))
        }
        None => Ok(()),
    }
}

/// That `expiresAt`, if there is one, is still to come.
pub(crate) fn is_ahead(expires_at: Option<DateTime>, now: DateTime) -> Result<()> {
    match expires_at.filter(|end| *end <= now) {
        Some(end) => Err(Error::bad_request(format!("'expiresAt' is over: {end} is not after {now}")).at("/expiresAt")),
        None => Ok(()),
    }
}
