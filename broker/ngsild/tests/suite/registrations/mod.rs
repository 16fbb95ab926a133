//! Context source registrations: what is accepted, what becomes of it, and what they are asked for.

mod lifecycle;
mod matching;
mod refused;
mod subscribed;

use std::sync::Arc;

use hiroba_vocab::Iri;
use ngsild::jsonld::{Context, Documents, UserContext, process};
use ngsild::registration::{Fragment, Registration, Source, Use};
use ngsild::{Error, Result};
use serde_json::{Value, json};

use crate::at;

/// A body that is accepted, with other members put over its own; null takes one away.
fn body(members: Value) -> Value {
    let mut body = json!({
        "type": "ContextSourceRegistration", "endpoint": "https://north.example/broker",
        "information": [{"entities": [{"type": "Greenhouse"}]}]
    });
    for (name, value) in members.as_object().unwrap().clone() {
        match value {
            Value::Null => drop(body.as_object_mut().unwrap().remove(&name)),
            value => body[name] = value,
        }
    }
    body
}

fn create(body: &Value) -> Result<Registration> {
    create_with(body, &Context::core())
}

fn create_with(body: &Value, context: &Context) -> Result<Registration> {
    let fragment = Fragment::read(body, Use::Create, context)?;
    let id = fragment.id.clone().unwrap_or_else(|| Iri::from_expanded("urn:ngsi-ld:ContextSourceRegistration:1"));
    Registration::create(id, fragment, at(0))
}

fn update(registration: &Registration, body: Value, seconds: i64) -> Result<Registration> {
    registration.update(Fragment::read(&body, Use::Update, &Context::core())?, at(seconds))
}

/// A source with these members.
fn source(members: Value) -> Source {
    let body = body(members);
    Source::of(&create(&body).unwrap_or_else(|e| panic!("{body}: {e}"))).unwrap()
}

fn place(error: Error) -> String {
    error.at.unwrap_or_default()
}

/// A context with these terms.
fn context(terms: Value) -> Context {
    struct Nothing;
    impl Documents for Nothing {
        fn document(&self, _: &str) -> Option<Arc<Value>> {
            None
        }
    }
    process(&UserContext::from_json(&terms).unwrap(), &Nothing).unwrap()
}
