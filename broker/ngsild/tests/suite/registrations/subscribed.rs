//! Subscriptions to registrations (5.11): what they are about, and what they tell.

use hiroba_vocab::Iri;
use ngsild::Result;
use ngsild::jsonld::Context;
use ngsild::registration::{TriggerReason, notification};
use ngsild::subscription::{Fragment, Subject, Subscription, Use, Watch};
use serde_json::{Value, json};

use super::{body, create, place, source};
use crate::at;

const CORE: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";

fn subscribe(members: Value) -> Result<Subscription> {
    let mut body = json!({
        "type": "Subscription", "entities": [{"type": "Greenhouse"}],
        "notification": {"endpoint": {"uri": "http://receiver.example/hook"}}
    });
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    let fragment = Fragment::read(&body, Use::Create, &Context::core())?;
    Subscription::about(Subject::Registrations, Iri::from_expanded("urn:s:1"), fragment, CORE.to_owned(), at(0))
}

fn watch(members: Value) -> Watch {
    Watch::of(&subscribe(members).unwrap()).unwrap()
}

#[test]
fn a_subscription_is_held_against_registrations() {
    let one = json!({
        "information": [{"entities": [{"type": "Greenhouse"}], "propertyNames": ["humidity"]}],
        "location": {"type": "Point", "coordinates": [5, 5]}, "scope": "/Tokyo", "speed": 50
    });
    let geo = |x: i64| json!({"georel": "near;maxDistance==1000", "geometry": "Point", "coordinates": [x, 5]});
    let to = |name: &str| json!({"endpoint": {"uri": "http://receiver.example/hook"}, name: ["id", "humidity"]});
    let colour = json!({"endpoint": {"uri": "http://receiver.example/hook"}, "attributes": ["colour"]});
    for (members, expected) in [
        (json!({}), true),
        (json!({"entities": [{"type": "Field"}]}), false),
        (json!({"entities": [{"type": "*"}]}), true),
        (json!({"watchedAttributes": ["humidity"]}), true),
        (json!({"watchedAttributes": ["colour"]}), false),
        (json!({"notification": to("pick")}), true),
        (json!({ "notification": colour }), false),
        (json!({"q": "humidity>5"}), true),
        (json!({"q": "colour==5"}), false),
        (json!({"geoQ": geo(5)}), true),
        (json!({"geoQ": geo(6)}), false),
        (json!({"scopeQ": "/Osaka"}), false),
        (json!({"csf": "speed>40"}), true),
        (json!({"csf": "speed>60"}), false),
        (json!({"temporalQ": {"timerel": "after", "timeAt": "2025-06-01T00:00:00Z"}}), false),
    ] {
        let found = watch(members.clone()).registrations().matches(&source(one.clone()), at(0));
        assert_eq!(found.is_some(), expected, "{members}");
    }
    let mut past = one;
    past["observationInterval"] = json!({"startAt": "2025-01-01T00:00:00Z"});
    let asked =
        json!({"temporalQ": {"timerel": "after", "timeAt": "2025-06-01T00:00:00Z", "timeproperty": "observedAt"}});
    assert!(watch(asked).registrations().matches(&source(past), at(0)).is_some());
}

#[test]
fn what_belongs_to_subscriptions_to_entities_is_refused() {
    let geojson = json!({"endpoint": {"uri": "http://r.example/", "accept": "application/geo+json"}});
    for (members, at) in [
        (json!({ "notification": geojson }), "/notification/endpoint/accept"),
        (json!({"temporalQ": {}}), "/temporalQ/timerel"),
        (json!({"temporalQ": {"timerel": "after", "timeAt": 5}}), "/temporalQ/timeAt"),
        (json!({"temporalQ": {"timerel": "after", "timeAt": "2025-06-01T00:00:00Z", "lastN": 5}}), "/temporalQ/lastN"),
        (json!({"csf": "a~=\"(\""}), "/csf"),
    ] {
        assert_eq!(place(subscribe(members.clone()).unwrap_err()), at, "{members}");
    }
}

#[test]
fn a_notification_says_why() {
    let registration = create(&body(json!({"id": "urn:r:1"}))).unwrap();
    let told = |members: Value| {
        let shown = registration.to_json(Some(&[0]), false, &Context::core());
        Value::Object(notification("urn:n:1", &watch(members), TriggerReason::Updated, at(5), vec![shown]))
    };
    let expected = json!({
        "id": "urn:n:1", "type": "ContextSourceNotification", "subscriptionId": "urn:s:1", "notifiedAt": at(5),
        "triggerReason": "updated", "data": [body(json!({"id": "urn:r:1"}))]
    });
    assert_eq!(told(json!({})), expected);
    let linked = json!({"notification": {"endpoint": {"uri": "http://r.example/", "accept": "application/ld+json"}}});
    assert_eq!(told(linked)["@context"], CORE);
    assert_eq!(TriggerReason::NewlyMatching.name(), "newlyMatching");
    assert_eq!(TriggerReason::NoLongerMatching.name(), "noLongerMatching");
}
