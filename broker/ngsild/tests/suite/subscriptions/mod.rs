//! Subscriptions: what is accepted, what becomes of it, and what is told.

mod changes;
mod index;
mod lifecycle;
mod members;

use std::sync::Arc;

use hiroba_vocab::Iri;
use ngsild::jsonld::{Context, Documents, UserContext, process};
use ngsild::subscription::{Fragment, Subscription, Use, Watch};
use ngsild::{Entity, Error, Result};
use serde_json::{Map, Value, json};

use crate::{at, entity};

const CORE: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";

/// A body that is accepted, with other members put over its own; null takes one away.
fn body(members: Value) -> Value {
    let mut body = json!({
        "type": "Subscription", "entities": [{"type": "T"}],
        "notification": {"endpoint": {"uri": "http://receiver.example/hook"}}
    });
    over(body.as_object_mut().unwrap(), members);
    body
}

/// The same with members of `notification`.
fn notifying(members: Value) -> Value {
    let mut body = body(json!({}));
    over(body["notification"].as_object_mut().unwrap(), members);
    body
}

/// The same with members of `notification.endpoint`.
fn sent_to(members: Value) -> Value {
    let mut body = body(json!({}));
    over(body["notification"]["endpoint"].as_object_mut().unwrap(), members);
    body
}

fn over(members: &mut Map<String, Value>, others: Value) {
    for (name, value) in others.as_object().unwrap().clone() {
        match value {
            Value::Null => drop(members.remove(&name)),
            value => drop(members.insert(name, value)),
        }
    }
}

fn create(body: &Value) -> Result<Subscription> {
    create_with(body, &Context::core())
}

fn create_with(body: &Value, context: &Context) -> Result<Subscription> {
    let fragment = Fragment::read(body, Use::Create, context)?;
    let id = fragment.id.clone().unwrap_or_else(|| Iri::from_expanded("urn:ngsi-ld:Subscription:1"));
    Subscription::create(id, fragment, CORE.to_owned(), at(0))
}

fn update(subscription: &Subscription, body: Value, seconds: i64) -> Result<Subscription> {
    subscription.update(Fragment::read(&body, Use::Update, &Context::core())?, at(seconds))
}

fn watch(body: &Value) -> Watch {
    Watch::of(&create(body).unwrap_or_else(|e| panic!("{body}: {e}"))).unwrap()
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

/// One of the triggers of a change, as subscriptions name them.
fn triggers(names: &[&str]) -> Value {
    json!({"notificationTrigger": names})
}

/// The entity `urn:x:1` of type T with these members.
fn thing(members: Value) -> Entity {
    let mut body = json!({"id": "urn:x:1", "type": "T"});
    over(body.as_object_mut().unwrap(), members);
    entity(body)
}
