//! Properties of the source itself (5.2.9): members with names of their own, written like attributes of entities.

use serde_json::{Map, Value};

use crate::entity::Attributes;
use crate::error::Result;
use crate::jsonld::Context;
use crate::read::{Nulls, Reader, complete, is_instance, reads_as_attribute};
use crate::time::DateTime;

/// Reads one: a Property or another attribute, normalized, concise, or just its value.
///
/// # Errors
/// BadRequestData with the place when it is no attribute.
pub(super) fn attributes(name: &str, value: &Value, context: &Context, now: DateTime) -> Result<Attributes> {
    let body = Map::from_iter([(name.to_owned(), value.clone())]);
    let fragment = Reader { context, nulls: Nulls::Refused }.fragment(Value::Object(body))?;
    complete(fragment.attributes, now).map_err(|e| e.at(format!("/{name}")))
}

/// The names of sub-attributes inside one, at all depths, but for those of the core, which are the same to everybody.
pub(super) fn names<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Array(items) if items.iter().all(is_instance) => items.iter().for_each(|item| names(item, found)),
        Value::Object(members) if reads_as_attribute(members) => {
            let core = Context::core();
            for (name, value) in members.iter().filter(|(name, _)| core.definition(name).is_none()) {
                found.push(name);
                names(value, found);
            }
        }
        _ => {}
    }
}

/// The same with other names for the sub-attributes.
pub(super) fn renamed(value: &Value, rename: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::Array(items) if items.iter().all(is_instance) => {
            items.iter().map(|item| renamed(item, rename)).collect()
        }
        Value::Object(members) if reads_as_attribute(members) => {
            let core = Context::core();
            let member = |(name, value): (&String, &Value)| match core.definition(name) {
                Some(_) => (name.clone(), value.clone()),
                None => (rename(name), renamed(value, rename)),
            };
            Value::Object(members.iter().map(member).collect())
        }
        other => other.clone(),
    }
}
