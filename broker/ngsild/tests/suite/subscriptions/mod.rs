//! Subscriptions: what is accepted, what becomes of it, and what is told.

mod changes;
mod gone;
mod index;
mod lifecycle;
mod members;
mod mqtt;
mod notifications;
mod refused;

use std::sync::Arc;

use hiroba_vocab::Iri;
use ngsild::change::Change;
use ngsild::jsonld::{Context, Documents, UserContext, process};
use ngsild::linked::LinkedEntities;
use ngsild::subscription::{Fragment, Payload, Subscription, Told, Use, Watch};
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

fn notify(watch: &Watch, told: &[Told<'_>], linked: &LinkedEntities) -> Result<Value> {
    let context = Context::core();
    Payload { watch, context: &context, linked, most_linked: 3 }.notification("urn:n:1", at(20), told)
}

/// The notification of a change at second 10.
fn told(watch: &Watch, before: Option<&Entity>, after: Option<&Entity>) -> Value {
    let change = Change::between(before, after);
    let told = Told { entity: after.or(before).unwrap(), change: change.as_ref(), at: at(10) };
    notify(watch, &[told], &LinkedEntities::new()).unwrap()
}

/// Its only entity.
fn data(watch: &Watch, before: Option<&Entity>, after: Option<&Entity>) -> Value {
    told(watch, before, after)["data"][0].take()
}

/// A watch that asks for everything, in a format.
fn all(format: &str, others: Value) -> Watch {
    let mut members = json!({ "format": format });
    over(members.as_object_mut().unwrap(), others);
    let mut body = notifying(members);
    body["notificationTrigger"] = json!(["entityCreated", "entityUpdated", "entityDeleted"]);
    watch(&body)
}
