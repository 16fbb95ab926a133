//! Bodies that are refused, and where (5.2.12 to 5.2.15, 5.2.22, 5.2.33).

use ngsild::ErrorKind;
use ngsild::jsonld::Context;
use ngsild::subscription::{Fragment, Use, Watch};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{body, context, create, create_with, notifying, place, sent_to};
use crate::at;

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let selectors = |n: usize, pattern: bool| -> Value {
        let one = if pattern { json!({"type": "T", "idPattern": "a"}) } else { json!({"type": "T"}) };
        json!({"entities": vec![one; n]})
    };
    for (members, at) in [
        (json!({"type": null}), "/type"),
        (json!({"type": "Subscribe"}), "/type"),
        (json!({"id": 1}), "/id"),
        (json!({"id": "nonsense"}), "/id"),
        (json!({"subscriptionName": 1}), "/subscriptionName"),
        (json!({"description": ["a"]}), "/description"),
        (json!({"entities": {}}), "/entities"),
        (json!({"entities": []}), "/entities"),
        (json!({"entities": ["T"]}), "/entities/0"),
        (json!({"entities": [{"type": "T"}, {"id": "urn:x:1"}]}), "/entities/1/type"),
        (json!({"entities": [{"type": ["T"]}]}), "/entities/0/type"),
        (json!({"entities": [{"type": "A B"}]}), "/entities/0/type, character 2"),
        (json!({"entities": [{"type": "T", "id": "nonsense"}]}), "/entities/0/id"),
        (json!({"entities": [{"type": "T", "id": []}]}), "/entities/0/id"),
        (json!({"entities": [{"type": "T", "id": ["urn:x:1", 2]}]}), "/entities/0/id"),
        (json!({"entities": [{"type": "T", "idPattern": "("}]}), "/entities/0/idPattern"),
        (json!({"entities": [{"type": "T", "idPattern": 1}]}), "/entities/0/idPattern"),
        (selectors(101, false), "/entities"),
        (selectors(21, true), "/entities"),
        (json!({"watchedAttributes": []}), "/watchedAttributes"),
        (json!({"watchedAttributes": "a"}), "/watchedAttributes"),
        (json!({"watchedAttributes": [1]}), "/watchedAttributes"),
        (json!({"watchedAttributes": ["a b"]}), "/watchedAttributes"),
        (json!({"watchedAttributes": vec!["a"; 1_001]}), "/watchedAttributes"),
        (json!({"notificationTrigger": []}), "/notificationTrigger"),
        (json!({"notificationTrigger": ["entityChanged"]}), "/notificationTrigger"),
        (json!({"notificationTrigger": "entityCreated"}), "/notificationTrigger"),
        (json!({"timeInterval": 0}), "/timeInterval"),
        (json!({"timeInterval": -1}), "/timeInterval"),
        (json!({"timeInterval": "5"}), "/timeInterval"),
        (json!({"timeInterval": 1e300}), "/timeInterval"),
        (json!({"throttling": 0}), "/throttling"),
        (json!({"throttling": 1e-12}), "/throttling"),
        (json!({"q": "a=="}), "q, character 4"),
        (json!({"q": 1}), "/q"),
        (json!({"q": "a~=\"(\""}), "/q"),
        (json!({"q": "r{a}==1"}), "/q"),
        (json!({"geoQ": {"georel": "within"}}), "/geoQ"),
        (json!({"geoQ": {"georel": "near", "geometry": "Point", "coordinates": [1, 2]}}), "/geoQ/georel"),
        (json!({"geoQ": {"georel": "within", "geometry": "Point", "coordinates": "x"}}), "/geoQ/coordinates"),
        (json!({"geoQ": {"georel": "within", "geometry": "Odd", "coordinates": [1, 2]}}), "/geoQ/geometry"),
        (
            json!({"geoQ": {"georel": "equals", "geometry": "Point", "coordinates": [1, 2], "geoproperty": 1}}),
            "/geoQ/geoproperty",
        ),
        (json!({"scopeQ": "a b"}), "scopeQ, character 2"),
        (json!({"scopeQ": ["/a"]}), "/scopeQ"),
        (json!({"csf": "a=="}), "csf, character 4"),
        (json!({"expandValues": ["a"]}), "/expandValues"),
        (json!({"expandValues": "a,,b"}), "/expandValues"),
        (json!({"jsonKeys": 1}), "/jsonKeys"),
        (json!({"lang": "not_a_tag"}), "/lang"),
        (json!({"datasetId": "urn:d:1"}), "/datasetId"),
        (json!({"datasetId": ["x"]}), "/datasetId"),
        (json!({"temporalQ": {"timerel": "after"}}), "/temporalQ/timeAt"),
        (json!({"temporalQ": {"timerel": "after", "timeAt": "2026-01-01T00:00:00Z"}}), "/temporalQ"),
        (json!({"csf": "a=="}), "csf, character 4"),
        (json!({"expiresAt": "tomorrow"}), "/expiresAt"),
        (json!({"expiresAt": "2020-01-01T00:00:00Z"}), "/expiresAt"),
        (json!({"isActive": "true"}), "/isActive"),
        (json!({"jsonldContext": "context.jsonld"}), "/jsonldContext"),
        (json!({"jsonldContext": {}}), "/jsonldContext"),
        (json!({"localOnly": 1}), "/localOnly"),
        (json!({"splitEntities": "no"}), "/splitEntities"),
        (json!({"ngsildConformance": 1.6}), "/ngsildConformance"),
        (json!({"ngsildConformance": "v1"}), "/ngsildConformance"),
        (json!({"watchedAtributes": ["a"]}), "/watchedAtributes"),
        (json!({"notification": null}), "/notification"),
        (json!({"notification": []}), "/notification"),
    ] {
        let body = body(members);
        assert_eq!(place(create(&body).unwrap_err()), at, "{body}");
    }
    assert!(create(&json!([])).is_err());
}

#[test]
fn members_that_exclude_each_other_are_refused() {
    for (members, at) in [
        (json!({"entities": null}), "/entities"),
        (json!({"entities": null, "localOnly": false}), "/entities"),
        (json!({"timeInterval": 5, "watchedAttributes": ["a"]}), "/watchedAttributes"),
        (json!({"timeInterval": 5, "throttling": 1}), "/throttling"),
        (json!({"timeInterval": 5, "entities": null}), "/entities"),
        (json!({"entities": [{"type": "*"}], "localOnly": false}), "/localOnly"),
    ] {
        let body = body(members);
        assert_eq!(place(create(&body).unwrap_err()), at, "{body}");
    }
    for members in [
        json!({"entities": null, "watchedAttributes": ["a"]}),
        json!({"entities": null, "localOnly": true}),
        json!({"entities": null, "localOnly": true, "timeInterval": 5}),
        json!({"entities": [{"type": "*"}], "timeInterval": 0.5}),
        json!({"watchedAttributes": ["a"], "throttling": 2.5}),
    ] {
        assert!(create(&body(members.clone())).is_ok(), "{members}");
    }
}

#[test]
fn what_is_wrong_with_the_notification_is_named_with_its_place() {
    let long = format!("http://a.example/{}", "a".repeat(2_048));
    for (body, at) in [
        (notifying(json!({"endpoint": null})), "/notification/endpoint"),
        (notifying(json!({"endpoint": "http://a.example"})), "/notification/endpoint"),
        (notifying(json!({"attributes": []})), "/notification/attributes"),
        (notifying(json!({"attributes": ["type"]})), "/notification/attributes"),
        (notifying(json!({"attributes": ["scope"]})), "/notification/attributes"),
        (notifying(json!({"attributes": ["a b"]})), "/notification/attributes"),
        (notifying(json!({"pick": "a"})), "/notification/pick"),
        (notifying(json!({"pick": ["a{b"]})), "/notification/pick"),
        (notifying(json!({"pick": ["a{b}"]})), "/notification/pick"),
        (notifying(json!({"omit": ["a{b}"]})), "/notification/omit"),
        (notifying(json!({"pick": ["a"], "omit": ["a"]})), "/notification/omit"),
        (notifying(json!({"format": "keyvalues"})), "/notification/format"),
        (notifying(json!({"sysAttrs": "true"})), "/notification/sysAttrs"),
        (notifying(json!({"showChanges": 1})), "/notification/showChanges"),
        (notifying(json!({"showChanges": true, "format": "keyValues"})), "/notification/showChanges"),
        (notifying(json!({"showChanges": true, "format": "simplified"})), "/notification/showChanges"),
        (notifying(json!({"join": "sideways"})), "/notification/join"),
        (notifying(json!({"joinLevel": 1})), "/notification/joinLevel"),
        (notifying(json!({"join": "flat", "joinLevel": 0})), "/notification/joinLevel"),
        (notifying(json!({"join": "flat", "joinLevel": 11})), "/notification/joinLevel"),
        (notifying(json!({"odd": 1})), "/notification/odd"),
        (sent_to(json!({"uri": null})), "/notification/endpoint/uri"),
        (sent_to(json!({"uri": 1})), "/notification/endpoint/uri"),
        (sent_to(json!({"uri": "hook"})), "/notification/endpoint/uri"),
        (sent_to(json!({"uri": "http:///hook"})), "/notification/endpoint/uri"),
        (sent_to(json!({"uri": "ftp://a.example/hook"})), "/notification/endpoint/uri"),
        (sent_to(json!({"uri": "urn:ngsi-ld:x"})), "/notification/endpoint/uri"),
        (sent_to(json!({"uri": long})), "/notification/endpoint/uri"),
        (sent_to(json!({"accept": "text/plain"})), "/notification/endpoint/accept"),
        (sent_to(json!({"receiverInfo": {"a": "b"}})), "/notification/endpoint/receiverInfo"),
        (sent_to(json!({"receiverInfo": [{"key": "a", "value": 1}]})), "/notification/endpoint/receiverInfo"),
        (sent_to(json!({"receiverInfo": [{"key": "a", "value": "b\r\nc: d"}]})), "/notification/endpoint/receiverInfo"),
        (sent_to(json!({"receiverInfo": [{"key": "Host", "value": "b"}]})), "/notification/endpoint/receiverInfo"),
        (sent_to(json!({"notifierInfo": [1]})), "/notification/endpoint/notifierInfo"),
        (sent_to(json!({"timeout": 0})), "/notification/endpoint/timeout"),
        (sent_to(json!({"timeout": "3s"})), "/notification/endpoint/timeout"),
        (sent_to(json!({"cooldown": -1})), "/notification/endpoint/cooldown"),
        (sent_to(json!({"url": "http://a.example"})), "/notification/endpoint/url"),
    ] {
        assert_eq!(place(create(&body).unwrap_err()), at, "{body}");
    }
}

#[test]
fn a_name_without_a_meaning_is_refused() {
    let author = context(json!({"nothing": null}));
    for (name, members) in [
        ("/watchedAttributes", json!({"watchedAttributes": ["nothing"]})),
        ("/q", json!({"q": "nothing"})),
        ("/entities/0/type", json!({"entities": [{"type": "nothing"}]})),
        ("/notification/pick", json!({"notification": {"pick": ["nothing"], "endpoint": {"uri": "http://a.example"}}})),
    ] {
        let error = create_with(&body(members), &author).unwrap_err();
        assert_eq!(place(error), name);
    }
}

#[test]
fn too_much_in_a_q_is_told_as_such() {
    for q in [vec!["a"; 501].join(";"), vec!["a~=\"b\""; 21].join(";")] {
        let error = create(&body(json!({ "q": q }))).unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooComplexQuery, "{error}");
    }
    assert!(create(&body(json!({"q": vec!["a~=\"b\""; 20].join(";")}))).is_ok());
}

fn json_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop_oneof![
            Just("T"),
            Just("*"),
            Just("http://a.example/b"),
            Just("urn:ngsi-ld:null"),
            Just("@none"),
            Just("a{b}")
        ]
        .prop_map(Value::from),
    ];
    scalar.prop_recursive(3, 16, 4, |inner| {
        let key = prop_oneof![
            "[a-z]{1,3}",
            Just("type".to_owned()),
            Just("id".to_owned()),
            Just("idPattern".to_owned()),
            Just("endpoint".to_owned()),
            Just("uri".to_owned()),
            Just("pick".to_owned()),
            Just("key".to_owned())
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..4).prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

const ANY_MEMBER: [&str; 26] = [
    "id",
    "type",
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
    "temporalQ",
    "expiresAt",
    "isActive",
    "jsonldContext",
    "localOnly",
    "splitEntities",
    "ngsildConformance",
    "notification",
    "odd",
];

proptest! {
    #[test]
    fn no_body_panics(members in proptest::collection::vec((0..ANY_MEMBER.len(), json_value()), 0..4), whole in json_value()) {
        let mut some = body(json!({}));
        for (member, value) in members {
            some[ANY_MEMBER[member]] = value;
        }
        for body in [some, whole] {
            for r#use in [Use::Create, Use::Update] {
                let _ = Fragment::read(&body, r#use, &Context::core());
            }
            if let Ok(subscription) = create(&body) {
                let old = create(&super::body(json!({}))).unwrap();
                let fragment = Fragment::read(&body, Use::Update, &Context::core());
                if let Ok(fragment) = fragment {
                    let _ = old.update(fragment, at(1));
                }
                let _ = Watch::of(&subscription).unwrap();
            }
        }
    }
}
