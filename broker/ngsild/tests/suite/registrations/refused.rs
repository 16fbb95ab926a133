//! Bodies that are refused, and where (5.2.8 to 5.2.11, 5.2.34, 4.3.6).

use ngsild::ErrorKind;
use ngsild::jsonld::Context;
use ngsild::registration::{Fragment, Source, Use};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{body, create, place};
use crate::at;

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let info = |info: Value| json!({"information": [info]});
    let entity = |entity: Value| json!({"information": [{"entities": [entity]}]});
    let headers = |key: &str, value: &str| json!({"contextSourceInfo": [{"key": key, "value": value}]});
    for (members, at) in [
        (json!({"type": null}), "/type"),
        (json!({"type": "Registration"}), "/type"),
        (json!({"id": 1}), "/id"),
        (json!({"id": "nonsense"}), "/id"),
        (json!({"endpoint": null}), "/endpoint"),
        (json!({"endpoint": "north.example"}), "/endpoint"),
        (json!({"endpoint": "ftp://north.example"}), "/endpoint"),
        (json!({"endpoint": {"uri": "http://north.example"}}), "/endpoint"),
        (json!({"information": null}), "/information"),
        (json!({"information": []}), "/information"),
        (json!({"information": {}}), "/information"),
        (json!({"information": vec![json!({"propertyNames": ["a"]}); 101]}), "/information"),
        (info(json!({})), "/information/0"),
        (info(json!("Greenhouse")), "/information/0"),
        (info(json!({"entities": []})), "/information/0/entities"),
        (info(json!({"propertyNames": []})), "/information/0/propertyNames"),
        (info(json!({"propertyNames": "a"})), "/information/0/propertyNames"),
        (info(json!({"relationshipNames": ["a b"]})), "/information/0/relationshipNames"),
        (info(json!({"propertyNames": ["a"], "attributes": ["b"]})), "/information/0/attributes"),
        (entity(json!({"id": "urn:x:1"})), "/information/0/entities/0/type"),
        (entity(json!({"type": []})), "/information/0/entities/0/type"),
        (entity(json!({"type": "A B"})), "/information/0/entities/0/type"),
        (entity(json!({"type": "A", "id": "nonsense"})), "/information/0/entities/0/id"),
        (entity(json!({"type": "A", "id": ["urn:x:1"]})), "/information/0/entities/0/id"),
        (entity(json!({"type": "A", "idPattern": "("})), "/information/0/entities/0/idPattern"),
        (entity(json!({"type": "A", "name": "b"})), "/information/0/entities/0/name"),
        (info(json!({"entities": vec![json!({"type": "A", "idPattern": "a"}); 21]})), "/information"),
        (json!({"mode": "proxied"}), "/mode"),
        (json!({"mode": "auxiliary"}), "/operations"),
        (json!({"mode": "auxiliary", "operations": ["retrieveOps", "queryBatch"]}), "/operations"),
        (json!({"mode": "exclusive"}), "/information/0"),
        (json!({"operations": []}), "/operations"),
        (json!({"operations": ["readEverything"]}), "/operations"),
        (json!({"registrationName": ""}), "/registrationName"),
        (json!({"description": 1}), "/description"),
        (json!({"contextSourceAlias": "a b"}), "/contextSourceAlias"),
        (json!({"contextSourceAlias": ""}), "/contextSourceAlias"),
        (json!({"contextSourceInfo": {"key": "a", "value": "b"}}), "/contextSourceInfo"),
        (headers("Content-Length", "1"), "/contextSourceInfo"),
        (headers("a b", "1"), "/contextSourceInfo"),
        (headers("Via", "1.1 other"), "/contextSourceInfo/0"),
        (headers("NGSILD-Tenant", "north"), "/contextSourceInfo/0"),
        (headers("jsonldContext", "nonsense"), "/contextSourceInfo/0"),
        (headers("accept", "text/plain"), "/contextSourceInfo/0"),
        (headers("contentType", "application/geo+json"), "/contextSourceInfo/0"),
        (headers("ngsildConformance", "newest"), "/contextSourceInfo/0"),
        (json!({"datasetId": []}), "/datasetId"),
        (json!({"datasetId": ["nonsense"]}), "/datasetId"),
        (json!({"expiresAt": "2001-01-01T00:00:00Z"}), "/expiresAt"),
        (json!({"expiresAt": "tomorrow"}), "/expiresAt"),
        (json!({"location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}}), "/location"),
        (json!({"location": "{\"type\": \"Point\", \"coordinates\": [1, 2]}"}), "/location"),
        (json!({"observationSpace": {"type": "Point", "coordinates": [1]}}), "/observationSpace"),
        (json!({"operationSpace": {"type": "Point", "coordinates": [200, 0]}}), "/operationSpace"),
        (json!({"scope": []}), "/scope"),
        (json!({"scope": "a b"}), "/scope"),
        (json!({"observationInterval": {}}), "/observationInterval/startAt"),
        (json!({"observationInterval": {"startAt": "2026-01-01T00:00:00Z", "end": 1}}), "/observationInterval/end"),
        (
            json!({"managementInterval": {"startAt": "2026-01-01T00:00:00Z", "endAt": "2025-01-01T00:00:00Z"}}),
            "/managementInterval/endAt",
        ),
        (json!({"management": []}), "/management"),
        (json!({"management": {"timeout": 0}}), "/management/timeout"),
        (json!({"management": {"localOnly": "yes"}}), "/management/localOnly"),
        (json!({"management": {"cacheDuration": 5}}), "/management/cacheDuration"),
        (json!({"management": {"retries": 5}}), "/management/retries"),
        (json!({"refreshRate": "1 day"}), "/refreshRate"),
        (json!({"tenant": ""}), "/tenant"),
        (json!({"bad name": 1}), "/bad name"),
        (json!({"value": 1}), "/value"),
        (json!({"speed": {"type": "Property"}}), "/speed"),
        (json!({"speed": "urn:ngsi-ld:null"}), "/speed"),
    ] {
        let body = body(members);
        let error = create(&body).expect_err(&body.to_string());
        assert_eq!(error.kind, ErrorKind::BadRequestData, "{body}");
        assert_eq!(place(error), at, "{body}");
    }
    assert!(create(&json!([])).is_err());
}

#[test]
fn what_is_right_is_read() {
    let ids = json!([{"entities": [{"type": "A", "id": "urn:x:1"}], "propertyNames": ["a"]}]);
    for members in [
        json!({"mode": "exclusive", "information": ids}),
        json!({"mode": "redirect"}),
        json!({"mode": "auxiliary", "operations": ["retrieveOps"]}),
        json!({"mode": "auxiliary", "operations": ["retrieveEntity", "queryEntity"]}),
        json!({"information": [{"entities": [{"type": ["A", "B"], "idPattern": "^urn:x:"}], "relationshipNames": ["r"]}]}),
        json!({"contextSourceInfo": [{"key": "Authorization", "value": "urn:ngsi-ld:request"}, {"key": "accept", "value": "application/ld+json"}]}),
        json!({"expiresAt": "2199-01-01T00:00:00Z", "scope": ["/a", "/b/c"], "datasetId": ["@none", "urn:d:1"]}),
        json!({"observationInterval": {"startAt": "2026-01-01T00:00:00Z"}, "refreshRate": "PT1H", "tenant": "north"}),
        json!({"speed": 5, "accuracy": {"type": "Property", "value": 2, "unitCode": "CEL"}, "seats": [1, 2], "place": {"a": 1}}),
        json!({"status": "ok", "timesSent": 5, "createdAt": "2001-01-01T00:00:00Z"}),
    ] {
        let body = body(members);
        create(&body).unwrap_or_else(|e| panic!("{body}: {e}"));
    }
}

#[test]
fn groups_of_operations_stand_for_their_names() {
    let operations = |names: Option<Value>| {
        let members = names.map_or(json!({}), |names| json!({"operations": names}));
        Source::of(&create(&body(members)).unwrap()).unwrap().operations
    };
    for (names, name, expected) in [
        (None, "queryEntity", true),
        (None, "queryBatch", true),
        (None, "createEntity", false),
        (None, "queryTemporal", false),
        (Some(json!(["associationOps"])), "retrieveEntityMap", false),
        (Some(json!(["associationOps"])), "createSubscription", true),
        (Some(json!(["retrieveOps"])), "queryBatch", false),
        (Some(json!(["updateOps"])), "replaceAttrs", true),
        (Some(json!(["updateOps"])), "queryEntity", false),
        (Some(json!(["redirectionOps"])), "purgeEntity", true),
        (Some(json!(["redirectionOps"])), "createBatch", false),
        (Some(json!(["retrieveOps", "upsertBatch"])), "upsertBatch", true),
    ] {
        assert_eq!(operations(names.clone()).supports(name), expected, "{name} in {names:?}");
    }
}

proptest! {
    #[test]
    fn no_member_panics(
        name in "(id|type|endpoint|information|mode|operations|contextSourceInfo|datasetId|location|scope|management|own|[a-z]{1,5})",
        text in ".{0,20}",
    ) {
        let inside = json!({"entities": [{"type": text, "id": text, "idPattern": text}], "propertyNames": [text]});
        for value in [json!(text), json!([text]), json!({ "key": text }), json!([{"key": text, "value": text}]), json!([inside]), Value::Null] {
            let body = body(json!({(name.clone()): value}));
            for r#use in [Use::Create, Use::Update] {
                if let Ok(fragment) = Fragment::read(&body, r#use, &Context::core()) {
                    let id = hiroba_vocab::Iri::from_expanded("urn:r:1");
                    let _ = ngsild::registration::Registration::create(id, fragment, at(0));
                }
            }
        }
    }
}
