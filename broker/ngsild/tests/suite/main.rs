//! One test binary for the crate: linking once is cheaper than once per file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod arbitrary;
mod conformance;
mod filters;
mod linked;
mod model;
mod rdf;
mod registrations;
mod representations;
mod subscriptions;
mod w3c_jsonld;
mod writes;

use ngsild::jsonld::Context;
use ngsild::read::{Nulls, Reader};
use ngsild::{DateTime, Entity};
use serde_json::Value;

/// A fixed instant, `seconds` after an arbitrary start.
fn at(seconds: i64) -> DateTime {
    DateTime::from_micros((1_740_000_000 + seconds) * 1_000_000)
}

/// Reads an entity as Create Entity does.
fn entity(body: Value) -> Entity {
    try_entity(body).unwrap_or_else(|e| panic!("{e}"))
}

fn try_entity(body: Value) -> ngsild::Result<Entity> {
    Reader { context: &Context::core(), nulls: Nulls::Refused }.fragment(body)?.into_entity(at(0))
}
