//! Clauses 4.4 to 4.8, 4.18, 4.22, 5.2, 5.5.4, 5.5.7.

use reqwest::Method;
use serde_json::{Value, json};

use super::steps::{Reading, delete, entity, get, patch, post, reading, refused, step};

const ONE: &str = "/entities/urn:x:1";
const CONCISE: &str = "/entities/urn:x:1?format=concise";
const SIMPLIFIED: &str = "/entities/urn:x:1?format=simplified";

/// An entity with an attribute `a`.
fn with(a: Value) -> Value {
    json!({"id": "urn:x:1", "type": "T", "a": a})
}

pub(super) fn readings() -> Vec<Reading> {
    let mut readings = attributes();
    readings.extend(nulls_and_system_members());
    readings.extend(contexts());
    readings
}

fn attributes() -> Vec<Reading> {
    let value = |value: Value| with(json!({"type": "Property", "value": value}));
    vec![
        reading(
            "PUT replaces the types too",
            [
                entity(&json!({"id": "urn:x:1", "type": ["T", "U"], "a": 1})),
                step(Method::PUT, ONE, 204).body(&json!({"type": "V"})),
                get(ONE).shows("/type", json!("V")).shows("/a", Value::Null),
            ],
        ),
        reading(
            "a geometry that is none is refused",
            [
                refused(&with(json!({"type": "GeoProperty", "value": {"type": "Circle", "coordinates": [1, 2]}}))),
                refused(&with(json!({"type": "GeoProperty", "value": {"type": "Point", "coordinates": [[1, 2]]}}))),
                refused(&with(json!({"type": "GeoProperty", "value": {"type": "Polygon",
                    "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}}))),
                refused(&with(json!({"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 95]}}))),
                refused(&with(
                    json!({"type": "GeoProperty", "value": {"type": "GeometryCollection", "geometries": []}}),
                )),
            ],
        ),
        reading(
            "an object with a type that is no kind of attribute is refused",
            [refused(&with(json!({"type": "Odd", "value": 1}))), refused(&with(json!({"type": "Point"})))],
        ),
        reading(
            "an array is the value of a Property unless all of it reads as instances",
            [
                entity(&with(json!([1, {"value": 2}]))),
                get(ONE).shows("/a/value", json!([1, {"value": 2}])),
                step(Method::PUT, ONE, 204)
                    .body(&json!({"type": "T", "a": [{"value": 1}, {"value": 2, "datasetId": "urn:d:1"}]})),
                get(ONE).shows("/a/1/datasetId", json!("urn:d:1")),
                step(Method::PUT, ONE, 204).body(&json!({"type": "T", "a": []})),
                get(ONE).shows("/a/value", json!([])),
            ],
        ),
        reading(
            "a datasetId is there once, and so is the default instance",
            [
                refused(&with(json!([{"value": 1}, {"value": 2}]))),
                refused(&with(json!([{"value": 1}, {"value": 2, "datasetId": "@none"}]))),
                refused(&with(json!([{"value": 1, "datasetId": "urn:d:1"}, {"value": 2, "datasetId": "urn:d:1"}]))),
            ],
        ),
        reading(
            "a concise value that would read as something else keeps its wrapping",
            [
                entity(&value(json!({"value": 1}))),
                get(CONCISE).shows("/a", json!({"value": {"value": 1}})),
                step(Method::PUT, ONE, 204)
                    .body(&json!({"type": "T", "a": {"type": "Property", "value": [{"object": "urn:x:2"}]}})),
                get(CONCISE).shows("/a", json!({"value": [{"object": "urn:x:2"}]})),
                step(Method::PUT, ONE, 204).body(&json!({"type": "T", "a": {"type": "Property", "value": {"k": [1]}}})),
                get(CONCISE).shows("/a", json!({"k": [1]})),
            ],
        ),
        reading(
            "a single instance with a datasetId is simplified to the dataset form",
            [
                entity(&with(json!({"value": 1, "datasetId": "urn:d:1"}))),
                get(SIMPLIFIED).shows("/a", json!({"dataset": {"urn:d:1": 1}})),
            ],
        ),
        reading(
            "simplified entities keep their scope, and their own system members when these are asked for",
            [
                entity(
                    &json!({"id": "urn:x:1", "type": "T", "scope": ["/a", "/b"], "a": 1, "expiresAt": "2199-01-01T00:00:00Z"}),
                ),
                get(&format!("{SIMPLIFIED}&options=sysAttrs"))
                    .shows("/scope", json!(["/a", "/b"]))
                    .shows("/a", json!(1))
                    .shows("/expiresAt", json!("2199-01-01T00:00:00Z")),
            ],
        ),
        reading(
            "the values of JsonProperties and of Properties come back as they were sent",
            [
                entity(&json!({"id": "urn:x:1", "type": "T",
                    "a": {"value": {"type": "x", "@id": "y", "location": [1], "n": 1e3}},
                    "b": {"json": {"id": 5, "type": ["x"], "@value": 1}}})),
                get(ONE)
                    .shows("/a/value", json!({"type": "x", "@id": "y", "location": [1], "n": 1e3}))
                    .shows("/b/json", json!({"id": 5, "type": ["x"], "@value": 1})),
            ],
        ),
        reading(
            "a proof is kept and given back, and its @context is not fetched",
            [
                entity(&with(json!({"value": 1, "ngsildproof": {"type": "Property", "entityIdSealed": "urn:x:1",
                    "entityTypeSealed": "T", "value": {"type": "DataIntegrityProof", "proofValue": "z5"}}}))),
                get(ONE)
                    .shows("/a/ngsildproof/entityTypeSealed", json!("T"))
                    .shows("/a/ngsildproof/value/proofValue", json!("z5")),
            ],
        ),
    ]
}

fn nulls_and_system_members() -> Vec<Reading> {
    let null = "urn:ngsi-ld:null";
    let kinds = json!({"id": "urn:x:1", "type": "T", "v": {"vocab": "X"}, "j": {"json": {"k": 1}}, "l": {"valueList": [1]},
        "r": {"objectList": ["urn:x:2"]}, "m": {"languageMap": {"ja": "駅"}}});
    vec![
        reading(
            "the NGSI-LD Null stands where a kind has its value",
            [
                entity(&kinds),
                patch(
                    ONE,
                    &json!({"v": {"vocab": null}, "j": {"json": null}, "l": {"valueList": [null]},
                        "r": {"objectList": [null]}, "m": {"languageMap": {"@none": null}}}),
                    204,
                ),
                get(SIMPLIFIED).shows("", json!({"id": "urn:x:1", "type": "T"})),
            ]
            .map(|step| step.nulls_are(null)),
        ),
        reading(
            "where nothing can be deleted the NGSI-LD Null is refused",
            [
                refused(&with(json!(null))),
                refused(&with(json!({"vocab": null}))),
                refused(&with(json!({"languageMap": {"@none": null}}))),
            ]
            .map(|step| step.nulls_are(null)),
        ),
        reading(
            "inside a JsonProperty the NGSI-LD Null is text, but a merge takes the member away",
            [
                entity(&with(json!({"json": {"k": null, "n": 1}}))),
                patch(&format!("{ONE}/attrs/a"), &json!({"json": {"k": null, "n": 2}}), 204),
                get(ONE).shows("/a/json", json!({"k": null, "n": 2})),
                patch(ONE, &json!({"a": {"json": {"k": null}}}), 204),
                get(ONE).shows("/a/json", json!({"n": 2})),
            ]
            .map(|step| step.nulls_are(null)),
        ),
        reading(
            "JSON null is refused, unless it takes an expiry back",
            [
                refused(&with(Value::Null)),
                refused(&with(json!({"value": null}))),
                refused(&with(json!({"value": 1, "b": null}))),
                entity(
                    &json!({"id": "urn:x:1", "type": "T", "a": {"value": {"k": {"@type": "@json", "@value": null}}}}),
                ),
                get(ONE).shows("/a/value/k", json!({"@type": "@json", "@value": null})),
            ],
        ),
        reading(
            "an entity may be born expired: then it is not there",
            [
                entity(&json!({"id": "urn:x:1", "type": "T", "expiresAt": "2001-01-01T00:00:00Z"})),
                step(Method::GET, ONE, 404),
                entity(&json!({"id": "urn:x:1", "type": "T"})),
            ],
        ),
        reading(
            "system members that clients send are passed over, as are those that only answers have",
            [
                entity(&json!({"id": "urn:x:1", "type": "T", "createdAt": "2001-01-01T00:00:00Z",
                    "a": {"value": 1, "modifiedAt": "nonsense", "instanceId": "urn:x:9", "previousValue": 3, "lang": "ja"}})),
                get(ONE).shows("", json!({"id": "urn:x:1", "type": "T", "a": {"type": "Property", "value": 1}})),
            ],
        ),
    ]
}

fn contexts() -> Vec<Reading> {
    let core = |version: &str| format!("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v{version}.jsonld");
    let link = |url: &str| format!("<{url}>; rel=\"http://www.w3.org/ns/json-ld#context\"");
    let own = json!({"location": "https://example.org/location", "value": "https://example.org/value", "a": "https://example.org/a"});
    let place = json!({"type": "Point", "coordinates": [1, 2]});
    vec![
        reading(
            "terms of the core that a user's @context defines stay those of the core",
            [
                entity(&json!({"id": "urn:x:1", "type": "T", "a": 1, "location": &place, "@context": [own]})),
                get(ONE).shows("/location/value", place).shows("/https:~1~1example.org~1a/value", json!(1)),
            ],
        ),
        reading(
            "any version of the core is the core that is built in",
            [
                entity(&json!({"id": "urn:x:1", "type": "T", "v": {"vocab": "X"}, "@context": core("1.3")})),
                get(ONE).header("link", &link(&core("1.6"))).shows("/v/vocab", json!("X")),
                get(ONE).header("accept", "application/ld+json").shows("/@context", json!(core("1.9"))),
                step(Method::GET, ONE, 504).header("link", &link(&core("9.9"))).error("LdContextNotAvailable"),
            ],
        ),
        reading(
            "a request has one JSON-LD Link at most",
            [
                entity(&with(json!(1))),
                step(Method::GET, ONE, 400)
                    .header("link", &format!("{}, {}", link(&core("1.8")), link(&core("1.9"))))
                    .error("BadRequestData"),
            ],
        ),
        reading(
            "every element of a batch in ld+json is a JSON-LD document of its own",
            [post(
                "/entityOperations/create",
                &json!([{"id": "urn:x:1", "type": "T", "@context": {"T": "https://example.org/T"}}, {"id": "urn:x:2", "type": "T"}]),
                207,
            )
            .shows("/success", json!(["urn:x:1"]))
            .shows("/errors/0/entityId", json!("urn:x:2"))],
        ),
        reading(
            "answers are compacted with the @context of their own request, page by page",
            [
                entity(&json!({"id": "urn:x:1", "type": "T", "a": 1, "@context": own})),
                entity(&json!({"id": "urn:x:2", "type": "T", "a": 2, "@context": own})),
                get("/entities?type=T&limit=1").shows("/0/https:~1~1example.org~1a/value", json!(1)),
                post("/jsonldContexts", &json!({"@context": own}), 201),
                get("/entities?type=T&limit=1&offset=1")
                    .header("link", &link(&core("1.9")))
                    .shows("/0/https:~1~1example.org~1a/value", json!(2)),
            ],
        ),
        reading(
            "an @context in a body of application/json is refused, except where it is added",
            [
                post("/entities", &with(json!(1)), 201),
                step(Method::POST, "/entities", 400)
                    .body(&json!({"id": "urn:x:2", "type": "T", "@context": own}))
                    .plain()
                    .error("BadRequestData"),
                step(Method::POST, "/jsonldContexts", 201).body(&json!({"@context": own})).plain(),
            ],
        ),
        reading(
            "an @context inside an attribute, or inside an @context, is refused",
            [
                refused(&with(json!({"value": 1, "@context": own}))),
                refused(&json!({"id": "urn:x:1", "type": "T", "@context": {"a": {"@id": "https://example.org/a", "@context": {}}}})),
            ],
        ),
        reading(
            "a deleted scope is gone, whatever the @context says of scopes",
            [
                entity(&json!({"id": "urn:x:1", "type": "T", "scope": "/a", "@context": {"scope": "https://example.org/s"}})),
                delete(&format!("{ONE}/attrs/scope"), 204),
                get(ONE).shows("/scope", Value::Null),
            ],
        ),
    ]
}
