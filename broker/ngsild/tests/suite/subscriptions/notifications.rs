//! What receivers are told, and how it travels (5.3.1, 6.3.8, clause 7).

use std::sync::Arc;

use hiroba_vocab::Iri;
use ngsild::ErrorKind;
use ngsild::change::Change;
use ngsild::jsonld::Context;
use ngsild::linked::LinkedEntities;
use ngsild::subscription::{Payload, Told, Watch};
use serde_json::{Value, json};

use super::{CORE, all, context, data, notify, notifying, sent_to, thing, told, watch};
use crate::{at, entity};

#[test]
fn an_entity_is_shown_in_the_format_that_was_asked_for() {
    let new = thing(json!({"a": {"value": 1, "unitCode": "CEL"}, "b": 2, "r": {"object": "urn:x:2"}, "scope": "/s"}));
    for (asked, shown) in [
        (
            json!({}),
            json!({
                "id": "urn:x:1", "type": "T", "scope": "/s", "a": {"type": "Property", "value": 1, "unitCode": "CEL"},
                "b": {"type": "Property", "value": 2}, "r": {"type": "Relationship", "object": "urn:x:2"}
            }),
        ),
        (
            json!({"format": "concise", "omit": ["scope"]}),
            json!({"id": "urn:x:1", "type": "T", "a": {"value": 1, "unitCode": "CEL"}, "b": 2, "r": {"object": "urn:x:2"}}),
        ),
        (json!({"format": "keyValues", "pick": ["type", "b"]}), json!({"type": "T", "b": 2})),
        (
            json!({"format": "simplified", "attributes": ["a"]}),
            json!({"id": "urn:x:1", "type": "T", "scope": "/s", "a": 1}),
        ),
        (
            json!({"format": "concise", "sysAttrs": true, "pick": ["id", "b"]}),
            json!({"id": "urn:x:1", "b": {"value": 2, "createdAt": at(0), "modifiedAt": at(0)}}),
        ),
    ] {
        let watch = watch(&notifying(asked.clone()));
        assert_eq!(data(&watch, None, Some(&new)), shown, "{asked}");
    }
}

#[test]
fn lang_and_datasets_choose_what_is_shown() {
    let new = thing(json!({
        "n": {"languageMap": {"ja": "池", "en": "pond"}}, "a": [{"value": 1}, {"value": 2, "datasetId": "urn:d:1"}]
    }));
    let mut body = notifying(json!({"format": "simplified"}));
    body["lang"] = "en".into();
    body["datasetId"] = json!(["urn:d:1", "@none"]);
    let both = data(&watch(&body), None, Some(&new));
    assert_eq!((&both["n"], &both["a"]), (&json!("pond"), &json!({"dataset": {"@none": 1, "urn:d:1": 2}})));
    body["datasetId"] = json!(["@none"]);
    assert_eq!(data(&watch(&body), None, Some(&new))["a"], 1);
}

#[test]
fn an_envelope_says_whose_notification_it_is_and_when() {
    let new = thing(json!({"location": {"type": "Point", "coordinates": [1, 2]}}));
    let prefer = json!([{"key": "prefer", "value": "body=json"}]);
    for (endpoint, in_body, in_data) in [
        (json!({}), false, false),
        (json!({"accept": "application/ld+json"}), true, false),
        (json!({"accept": "application/geo+json"}), false, true),
        (json!({"accept": "application/geo+json", "receiverInfo": prefer}), false, false),
    ] {
        let watch = watch(&sent_to(endpoint.clone()));
        let told = told(&watch, None, Some(&new));
        assert_eq!(told["id"], "urn:n:1");
        assert_eq!(told["type"], "Notification");
        assert_eq!(told["subscriptionId"], "urn:ngsi-ld:Subscription:1");
        assert_eq!(told["notifiedAt"], json!(at(20)));
        assert_eq!(told.get("@context").is_some_and(|context| context == CORE), in_body, "{endpoint}");
        assert_eq!(told["data"].get("@context").is_some_and(|context| context == CORE), in_data, "{endpoint}");
        let linked = watch.headers(None, None).iter().any(|header| header.key == "Link");
        assert_eq!(linked, !in_body && !in_data, "{endpoint}");
        if watch.endpoint.accept.media_type() == "application/geo+json" {
            let feature = &told["data"]["features"][0];
            assert_eq!(told["data"]["type"], "FeatureCollection");
            assert_eq!(feature["geometry"], json!({"type": "Point", "coordinates": [1, 2]}));
            assert_eq!(feature["properties"]["type"], "T");
        } else {
            assert_eq!(told["data"][0]["id"], "urn:x:1");
        }
    }
}

#[test]
fn names_are_those_of_the_subscriptions_context() {
    let ours = context(json!({"Lampe": "https://ex.example/Lamp", "an": "https://ex.example/on"}));
    let mut new = thing(json!({"https://ex.example/on": true, "https://ex.example/gone": 1}));
    new.types = vec![Iri::from_expanded("https://ex.example/Lamp")];
    let watch = watch(&notifying(json!({"format": "concise"})));
    let none = LinkedEntities::new();
    let payload = Payload { watch: &watch, context: &ours, linked: &none, most_linked: 0 };
    let shown = payload.notification("urn:n:1", at(1), &[Told { entity: &new, change: None, at: at(1) }]).unwrap();
    assert_eq!(shown["data"], json!([{"id": "urn:x:1", "type": "Lampe", "an": true, "https://ex.example/gone": 1}]));
}

#[test]
fn linked_entities_are_shown_in_them_or_behind_them() {
    let new = thing(json!({"a": 1, "r": {"object": ["urn:x:2", "urn:x:3"]}}));
    let mut linked = LinkedEntities::new();
    for n in 2..4 {
        let other = entity(json!({"id": format!("urn:x:{n}"), "type": "T", "b": n, "c": 0}));
        linked.insert(other.id.clone(), Some(Arc::new(other)), at(1));
    }
    let told = [Told { entity: &new, change: None, at: at(10) }];
    let pick = json!({"pick": ["id", "r{b}"], "join": "flat"});
    let flat = notify(&all("simplified", pick), &told, &linked).unwrap();
    assert_eq!(flat["data"], json!([{"id": "urn:x:1", "r": ["urn:x:2", "urn:x:3"]}, {"b": 2}, {"b": 3}]));
    let pick = json!({"pick": ["id", "r{b}"], "join": "inline"});
    let inline = notify(&all("simplified", pick), &told, &linked).unwrap();
    assert_eq!(inline["data"], json!([{"id": "urn:x:1", "r": [{"b": 2}, {"b": 3}]}]));
    let all_of_them = all("simplified", json!({"join": "flat"}));
    let context = Context::core();
    let few = Payload { watch: &all_of_them, context: &context, linked: &linked, most_linked: 1 };
    assert_eq!(few.notification("urn:n:1", at(1), &told).unwrap_err().kind, ErrorKind::TooManyResults);
    let change = Change::between(Some(&new), None).unwrap();
    let gone = [Told { entity: &new, change: Some(&change), at: at(10) }];
    let shown = notify(&all_of_them, &gone, &linked).unwrap();
    assert_eq!(shown["data"].as_array().unwrap().len(), 1, "what is gone links to nothing");
}

#[test]
fn receivers_of_an_older_version_are_told_in_its_words() {
    let mut body = notifying(json!({"showChanges": true}));
    body["ngsildConformance"] = "1.6".into();
    let with = |value: Value| thing(json!({"a": {"json": value}}));
    let (old, new) = (with(json!({"k": 1})), with(json!({"k": 2})));
    let shown = data(&watch(&body), Some(&old), Some(&new));
    assert_eq!(shown["a"], json!({"type": "Property", "value": {"k": 2}, "previousValue": {"k": 1}}));
}

#[test]
fn what_had_expired_is_not_told_of() {
    let new = thing(json!({"a": {"value": 1, "expiresAt": at(9)}, "b": 1}));
    let shown = data(&watch(&notifying(json!({"format": "concise"}))), None, Some(&new));
    assert_eq!(shown, json!({"id": "urn:x:1", "type": "T", "b": 1}));
}

#[test]
fn headers_and_messages_say_the_same() {
    let info = json!([{"key": "Authorization", "value": "Bearer t"}, {"key": "X-A", "value": "1"}]);
    let link = format!("<{CORE}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"");
    let written = |watch: &Watch, tenant, snapshot| -> Vec<String> {
        watch.headers(tenant, snapshot).into_iter().map(|header| format!("{}: {}", header.key, header.value)).collect()
    };
    let plain = watch(&sent_to(json!({ "receiverInfo": info })));
    assert_eq!(
        written(&plain, Some("city"), Some("urn:s:1")),
        [
            "Content-Type: application/json",
            &format!("Link: {link}"),
            "Authorization: Bearer t",
            "X-A: 1",
            "NGSILD-Tenant: city",
            "NGSILD-Snapshot: urn:s:1"
        ]
    );
    let ld = watch(&sent_to(json!({"accept": "application/ld+json"})));
    assert_eq!(written(&ld, None, None), ["Content-Type: application/ld+json"]);
    let theirs = json!([{"key": "link", "value": "x"}, {"key": "ngsild-tenant", "value": "other"}]);
    let forged = watch(&sent_to(json!({ "receiverInfo": theirs })));
    let own = written(&forged, Some("city"), None);
    assert_eq!(own, ["Content-Type: application/json", &format!("Link: {link}"), "NGSILD-Tenant: city"]);
    assert_eq!(written(&forged, None, None)[2], "ngsild-tenant: other", "a receiver may be a broker with tenants");
    let mqtt = watch(&sent_to(json!({"uri": "mqtt://a.example/topic", "receiverInfo": info})));
    let message = mqtt.message(json!({"type": "Notification"}), Some("city"), None);
    let metadata = json!({
        "Content-Type": "application/json", "Link": link, "Authorization": "Bearer t", "X-A": "1", "NGSILD-Tenant": "city"
    });
    assert_eq!(message, json!({"metadata": metadata, "body": {"type": "Notification"}}));
}
