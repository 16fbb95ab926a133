//! What the members may be (5.2.12 to 5.2.15, 5.2.22, 5.2.33).

use std::time::Duration;

use ngsild::jsonld::Context;
use ngsild::query::{Query, matches};
use ngsild::render::Form;
use ngsild::subscription::{Accept, Subscription, Transport, Trigger, Watch};
use serde_json::json;

use super::{body, context, create_with, notifying, watch};
use crate::{at, entity};

#[test]
fn everything_that_is_said_arrives() {
    let mut body = json!({
        "id": "urn:ngsi-ld:Subscription:s1", "type": "Subscription", "subscriptionName": "n", "description": "d",
        "entities": [{"type": "A|B", "idPattern": "^urn:ngsi-ld:A:"}, {"type": "C", "id": ["urn:x:1", "urn:x:2"]}],
        "watchedAttributes": ["a", "b"], "notificationTrigger": ["attributeDeleted", "attributeUpdated", "attributeDeleted"],
        "q": "a>60", "geoQ": {"georel": "within", "geometry": "Point", "coordinates": [1, 2]}, "scopeQ": "/a/#",
        "expandValues": "a", "jsonKeys": "b", "lang": "ja", "datasetId": ["@none", "urn:d:1"], "csf": "x==1",
        "throttling": 2.5, "expiresAt": "2031-01-01T00:00:00Z", "isActive": false, "splitEntities": true,
        "jsonldContext": "https://a.example/context.jsonld", "ngsildConformance": "1.6",
    });
    body["notification"] = json!({
        "pick": ["id", "type", "a,r{b}"], "omit": ["c"], "format": "concise", "sysAttrs": true, "showChanges": true,
        "join": "inline", "joinLevel": 2, "status": "ok", "timesSent": 5,
        "endpoint": {
            "uri": "https://app.example/hook", "accept": "application/ld+json", "timeout": 3000, "cooldown": 10000.5,
            "receiverInfo": [{"key": "Authorization", "value": "Bearer t"}], "notifierInfo": [{"key": "k", "value": "v"}]
        }
    });
    let watch = watch(&body);
    assert_eq!((watch.query.selectors.len(), watch.query.selectors[1].ids.len(), watch.watched.len()), (2, 2, 2));
    assert_eq!(watch.triggers, [Trigger::AttributeUpdated, Trigger::AttributeDeleted]);
    assert!(watch.query.filter.is_some() && watch.query.geo.is_some() && watch.query.scope.is_some());
    assert_eq!((watch.datasets.len(), watch.datasets[0].is_none(), watch.form), (2, true, Form::Concise));
    assert!(watch.sys_attrs && watch.show_changes && !watch.is_active && watch.split_entities && !watch.local_only);
    assert_eq!(watch.join.as_ref().map(|join| join.levels), Some(2));
    assert_eq!((watch.throttling, watch.time_interval), (Some(Duration::from_millis(2_500)), None));
    assert_eq!(watch.conformance.unwrap().to_string(), "1.6");
    assert_eq!(watch.context, "https://a.example/context.jsonld");
    let endpoint = &watch.endpoint;
    assert_eq!((endpoint.accept, &endpoint.transport), (Accept::JsonLd, &Transport::Http));
    assert_eq!(endpoint.timeout, Some(Duration::from_secs(3)));
    assert_eq!(endpoint.cooldown, Some(Duration::from_micros(10_000_500)));
    assert_eq!(
        (endpoint.receiver_info[0].key.as_str(), endpoint.notifier_info[0].value.as_str()),
        ("Authorization", "v")
    );
}

#[test]
fn what_is_not_said_has_the_standards_defaults() {
    let watch = watch(&body(json!({})));
    assert_eq!(watch.triggers, [Trigger::AttributeCreated, Trigger::AttributeUpdated]);
    assert_eq!((watch.form, watch.endpoint.accept), (Form::Normalized, Accept::Json));
    assert!(watch.is_active && !watch.sys_attrs && !watch.show_changes && !watch.local_only && !watch.split_entities);
    assert!(watch.join.is_none() && watch.projection.is_everything() && watch.watched.is_empty());
    let local = super::watch(&body(json!({"entities": [{"type": "*"}], "splitEntities": true})));
    assert!(local.local_only && !local.split_entities, "any type implies local scope, where nothing is split");
}

#[test]
fn names_keep_the_meaning_that_they_came_with() {
    let author = context(
        json!({"ex": "https://ex.example/", "Lamp": "ex:Lamp", "on": "ex:on", "lit": "ex:lit", "sea-level": "ex:sea"}),
    );
    let body = body(json!({
        "entities": [{"type": "(Lamp;ex:Old),Plain"}], "watchedAttributes": ["on", "ex:odd", "sea-level", "plain"],
        "q": "on==lit;r{Lamp:on}==\"x\"", "expandValues": "on",
        "geoQ": {"georel": "within", "geometry": "Point", "coordinates": [1, 2], "geoproperty": "on"},
        "notification": {
            "pick": ["id", "on", "r{sea-level}"], "join": "flat", "endpoint": {"uri": "http://a.example/"}
        }
    }));
    let subscription = create_with(&body, &author).unwrap();
    let kept: Subscription = serde_json::from_value(serde_json::to_value(&subscription).unwrap()).unwrap();
    assert_eq!(kept, subscription);
    let watch = Watch::of(&kept).unwrap();
    let iri = |name: &str| author.expand(name).unwrap();
    assert_eq!(watch.watched, ["on", "ex:odd", "sea-level", "plain"].map(iri));
    assert_eq!(
        watch.query.selectors[0].types.as_ref().unwrap().0,
        [vec![iri("Lamp"), iri("ex:Old")], vec![iri("Plain")]]
    );
    assert_eq!(watch.query.geo.unwrap().property, iri("on"));
    assert!(watch.projection.shows_attribute(&iri("on")) && !watch.projection.shows_attribute(&iri("plain")));
    let filter = format!("{:?}", watch.query.filter.unwrap());
    assert!(filter.contains("https://ex.example/lit") && filter.contains("https://ex.example/on"), "{filter}");
}

#[test]
fn attributes_show_id_type_and_scope_as_well() {
    let watch = watch(&notifying(json!({"attributes": ["a"]})));
    let shown = &watch.projection;
    assert!(shown.shows_id() && shown.shows_type() && shown.shows_scope() && shown.shows_system("createdAt"));
    let name = |name: &str| Context::core().expand(name).unwrap();
    assert!(shown.shows_attribute(&name("a")) && !shown.shows_attribute(&name("b")));
    let without = super::watch(&notifying(json!({"attributes": ["a"], "omit": ["scope"]})));
    assert!(!without.projection.shows_scope() && without.projection.shows_attribute(&name("a")));
}

#[test]
fn any_type_matches_every_entity() {
    let watch = watch(&body(json!({"entities": [{"type": "*"}]})));
    let odd = entity(json!({"id": "urn:x:1", "type": "Odd"}));
    assert!(matches(&watch.query, &odd, at(0)));
    assert!(matches(&Query::default(), &odd, at(0)));
}
