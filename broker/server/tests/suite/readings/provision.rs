//! Clauses 5.5.8, 5.5.11, 5.5.12, 5.6.

use reqwest::Method;
use serde_json::{Value, json};

use super::steps::{Reading, delete, entity, get, patch, post, reading, step};

const ONE: &str = "/entities/urn:x:1";
const ATTRS: &str = "/entities/urn:x:1/attrs";
const SIMPLIFIED: &str = "/entities/urn:x:1?format=simplified";

pub(super) fn readings() -> Vec<Reading> {
    let mut readings = single();
    readings.extend(batches());
    readings
}

fn single() -> Vec<Reading> {
    let sample = json!({"id": "urn:x:1", "type": "T", "a": 1, "m": {"languageMap": {"ja": "駅", "en": "station"}},
        "d": [{"value": 1}, {"value": 2, "datasetId": "urn:d:1"}]});
    vec![
        reading(
            "a body that is wrong is told of before an entity that is not there",
            [
                patch("/entities/urn:x:none", &json!({"a b": 1}), 400),
                step(Method::PUT, "/entities/urn:x:none", 400).body(&json!({"a": 1})),
                patch("/entities/urn:x:none/attrs/a", &json!({"type": "Odd"}), 400),
                entity(&sample),
                patch("/entities/urn:x:none", &json!({"a": 1}), 404),
            ],
        ),
        reading(
            "an id in a fragment is that of the path",
            [
                entity(&sample),
                patch(ONE, &json!({"id": "urn:x:2", "a": 1}), 400).error("BadRequestData"),
                patch(ATTRS, &json!({"id": "urn:x:2", "a": 1}), 400).error("BadRequestData"),
                post(ATTRS, &json!({"id": "urn:x:2", "b": 1}), 400).error("BadRequestData"),
                patch(ATTRS, &json!({"id": "urn:x:1", "type": "T", "a": 1}), 204),
            ],
        ),
        reading(
            "partly done updates are told as an UpdateResult",
            [
                entity(&sample),
                patch(ATTRS, &json!({"b": 1, "none": "urn:ngsi-ld:null"}), 207)
                    .shows("/updated", json!(["https://uri.etsi.org/ngsi-ld/default-context/b"]))
                    .shows("/notUpdated/0/attributeName", json!("https://uri.etsi.org/ngsi-ld/default-context/none")),
                patch(ATTRS, &json!({"none": "urn:ngsi-ld:null"}), 207).shows("/updated", json!([])),
            ],
        ),
        reading(
            "languages are merged one by one, and a Null takes one away",
            [
                entity(&sample),
                patch(ONE, &json!({"m": {"languageMap": {"en": "stop", "fr": "gare", "ja": "urn:ngsi-ld:null"}}}), 204),
                get(SIMPLIFIED).shows("/m/languageMap", json!({"en": "stop", "fr": "gare"})),
            ],
        ),
        reading(
            "a normalized merge with another kind replaces the instance, a simplified one is refused",
            [
                entity(&sample),
                patch(ONE, &json!({"a": {"type": "Relationship", "object": "urn:x:2"}}), 204),
                get(ONE).shows("/a", json!({"type": "Relationship", "object": "urn:x:2"})),
                patch(&format!("{ONE}?format=simplified"), &json!({"a": 5}), 400).error("BadRequestData"),
                patch(&format!("{ONE}?format=simplified"), &json!({"new": "urn:x:2"}), 204),
                get(ONE).shows("/new/type", json!("Property")),
            ],
        ),
        reading(
            "a partial update needs no type, and cannot change it",
            [
                entity(&sample),
                patch(&format!("{ATTRS}/m"), &json!({"languageMap": {"ja": "駅舎"}}), 204),
                get(ONE).shows("/m/type", json!("LanguageProperty")).shows("/m/languageMap/ja", json!("駅舎")),
                patch(&format!("{ATTRS}/m"), &json!({"type": "Property", "value": 1}), 400).error("BadRequestData"),
            ],
        ),
        reading(
            "datasetId=@none is the default instance",
            [
                entity(&sample),
                delete(&format!("{ATTRS}/d?datasetId=@none"), 204),
                get(SIMPLIFIED).shows("/d", json!({"dataset": {"urn:d:1": 2}})),
                delete(&format!("{ATTRS}/d?datasetId=@none"), 404),
            ],
        ),
        reading(
            "the scope is no attribute to be updated or replaced",
            [
                entity(&json!({"id": "urn:x:1", "type": "T", "scope": "/a"})),
                patch(&format!("{ATTRS}/scope"), &json!({"value": "/b"}), 400).error("BadRequestData"),
                step(Method::PUT, &format!("{ATTRS}/scope"), 400).body(&json!({"value": "/b"})),
                get("/attributes").shows("/attributeList", json!([])),
            ],
        ),
        reading(
            "a purge that finds nothing is done, and one that keeps and drops is refused",
            [
                entity(&sample),
                delete("/entities?type=None", 204),
                delete("/entities?type=T&keep=a&drop=m", 400).error("BadRequestData"),
                get(ONE).shows("/a/value", json!(1)),
            ],
        ),
        reading(
            "nothing to add to the past is refused",
            [
                entity(&sample),
                post("/temporal/entities/urn:x:1/attrs", &json!({}), 400).error("BadRequestData"),
                post("/temporal/entities/urn:x:1/attrs", &json!({"type": "U"}), 400).error("BadRequestData"),
                post("/temporal/entities/urn:x:none/attrs", &json!({"a": 1}), 404),
            ],
        ),
    ]
}

fn batches() -> Vec<Reading> {
    let null = "urn:ngsi-ld:null";
    let one = json!({"id": "urn:x:1", "type": "T", "a": 1});
    vec![
        reading(
            "an element that is wrong is its own error, under its id if it has one",
            [
                post(
                    "/entityOperations/create",
                    &json!([one, {"id": "nonsense", "type": "T"}, {"type": "T"}, 5, {"id": "urn:x:2", "type": "T", "a b": 1}]),
                    207,
                )
                .shows("/success", json!(["urn:x:1"]))
                .shows("/errors/3/entityId", json!("urn:x:2"))
                .shows("/errors/3/error/type", json!("https://uri.etsi.org/ngsi-ld/errors/BadRequestData")),
                post("/entityOperations/create", &json!([one, null]), 400).error("BadRequestData"),
            ],
        ),
        reading(
            "Nulls are for batches that update and merge",
            [
                entity(&one),
                post("/entityOperations/upsert", &json!([{"id": "urn:x:1", "type": "T", "a": null}]), 207),
                post("/entityOperations/update", &json!([{"id": "urn:x:1", "a": null}]), 207),
                post("/entityOperations/upsert?options=update", &json!([{"id": "urn:x:1", "type": "T", "b": 1, "a": null}]), 204),
                get(SIMPLIFIED).shows("", json!({"id": "urn:x:1", "type": "T", "b": 1})),
                post("/entityOperations/merge", &json!([{"id": "urn:x:1", "b": null}]), 204),
                get(SIMPLIFIED).shows("", json!({"id": "urn:x:1", "type": "T"})),
            ]
            .map(|step| step.nulls_are(null)),
        ),
        reading(
            "what a batch leaves as it is does not make its element fail",
            [
                entity(&one),
                post("/entityOperations/update?options=noOverwrite", &json!([{"id": "urn:x:1", "a": 2, "b": 3}]), 204),
                get(SIMPLIFIED).shows("/a", json!(1)).shows("/b", json!(3)),
            ],
        ),
        reading(
            "a batch upsert makes its tenant, an update does not",
            [
                post("/entityOperations/update", &json!([one]), 404).error("NonexistentTenant"),
                post("/entityOperations/upsert", &json!([one]), 201).shows("", json!(["urn:x:1"])),
                post("/entityOperations/upsert", &json!([one]), 204),
            ],
        ),
        reading(
            "a batch of ids deletes each once",
            [
                entity(&one),
                post("/entityOperations/delete", &json!(["urn:x:1", "urn:x:1"]), 207)
                    .shows("/success", json!(["urn:x:1"]))
                    .shows("/errors/0/error/status", json!(404)),
                post("/entityOperations/delete", &Value::Array(Vec::new()), 400),
            ],
        ),
    ]
}
