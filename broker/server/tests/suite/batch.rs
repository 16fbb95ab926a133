//! Batch operations over HTTP (clauses 5.6.7 to 5.6.10, 5.6.20).

use serde_json::{Value, json};

use crate::support::{Broker, eventually, run};

fn operation(name: &str) -> String {
    format!("/ngsi-ld/v1/entityOperations/{name}")
}

fn entity(id: &str, value: i64) -> Value {
    json!({"id": id, "type": "T", "a": value, "kept": {"value": 1, "unitCode": "C62"}})
}

#[test]
fn statuses_tell_what_became_of_the_whole() {
    run(async {
        for broker in Broker::every().await {
            let post = async |name: &str, body: Value| broker.post(&operation(name), &body).send().await;
            let created = post("create", json!([entity("urn:x:1", 1), entity("urn:x:2", 2)])).await;
            assert_eq!((created.status, created.json()), (201, json!(["urn:x:1", "urn:x:2"])));
            let partly = post("create", json!([entity("urn:x:1", 1), entity("urn:x:3", 3)])).await;
            assert_eq!((partly.status, &partly.json()["success"]), (207, &json!(["urn:x:3"])));
            assert_eq!(partly.header("content-type"), Some("application/json"));
            let error = &partly.json()["errors"][0];
            assert_eq!((error["entityId"].as_str(), error["error"]["status"].as_u64()), (Some("urn:x:1"), Some(409)));

            let upserted = post("upsert", json!([entity("urn:x:1", 10), entity("urn:x:4", 4)])).await;
            assert_eq!((upserted.status, upserted.json()), (201, json!(["urn:x:4"])), "only those that are new");
            assert_eq!(post("upsert", json!([entity("urn:x:1", 11)])).await.status, 204);
            assert_eq!(
                post("upsert?options=update", json!([{"id": "urn:x:1", "type": "T", "a": 12}])).await.status,
                204
            );
            assert_eq!(broker.simplified("urn:x:1").await, json!({"id": "urn:x:1", "type": "T", "a": 12, "kept": 1}));
            assert_eq!(post("upsert", json!([{"id": "urn:x:1", "type": "U", "b": 1}])).await.status, 204);
            assert_eq!(
                broker.simplified("urn:x:1").await,
                json!({"id": "urn:x:1", "type": "U", "b": 1}),
                "replaced wholly"
            );

            assert_eq!(post("update", json!([{"id": "urn:x:2", "a": 5}])).await.status, 204);
            assert_eq!(
                post("update?options=noOverwrite", json!([{"id": "urn:x:2", "a": 6, "c": 6}])).await.status,
                204
            );
            assert_eq!(broker.simplified("urn:x:2").await["a"], 5);
            let unknown = post("update", json!([{"id": "urn:x:none", "a": 5}])).await;
            assert_eq!((unknown.status, unknown.json()["errors"][0]["error"]["status"].as_u64()), (207, Some(404)));

            assert_eq!(
                post("merge", json!([{"id": "urn:x:2", "kept": {"value": 2}, "c": "urn:ngsi-ld:null"}])).await.status,
                204
            );
            let merged = broker.get("/ngsi-ld/v1/entities/urn:x:2?format=concise").send().await.json();
            assert_eq!(merged, json!({"id": "urn:x:2", "type": "T", "a": 5, "kept": {"value": 2, "unitCode": "C62"}}));

            let deleted = post("delete", json!(["urn:x:1", "urn:x:1", "urn:x:2"])).await;
            assert_eq!(
                (deleted.status, &deleted.json()["success"]),
                (207, &json!(["urn:x:1", "urn:x:2"])),
                "the second is unknown"
            );
            assert_eq!(post("delete", json!(["urn:x:3", "urn:x:4"])).await.status, 204);
        }
    });
}

#[test]
fn elements_of_one_entity_build_on_one_another() {
    run(async {
        for broker in Broker::every().await {
            let post = async |name: &str, body: Value| broker.post(&operation(name), &body).send().await;
            let twice = post("create", json!([entity("urn:x:1", 1), entity("urn:x:1", 2)])).await;
            assert_eq!((twice.status, &twice.json()["success"]), (207, &json!(["urn:x:1"])));
            assert_eq!(broker.simplified("urn:x:1").await["a"], 1);
            let merged = post(
                "merge",
                json!([{"id": "urn:x:1", "a": 2, "b": 1}, {"id": "urn:x:1", "a": 3}, {"id": "urn:x:1", "c": 1}]),
            )
            .await;
            assert_eq!(merged.status, 204);
            eventually("the log tells of each as a change of its own", async || {
                let feed = broker.get("/changes").send().await.text;
                feed.lines().filter(|line| line.contains("\"urn:x:1\"")).count() == 1 + 3
            })
            .await;
            assert_eq!(
                broker.simplified("urn:x:1").await,
                json!({"id": "urn:x:1", "type": "T", "a": 3, "b": 1, "c": 1, "kept": 1})
            );
            let upserted = post(
                "upsert?options=update",
                json!([{"id": "urn:x:2", "type": "T", "a": 1}, {"id": "urn:x:2", "type": "T", "b": 2}]),
            )
            .await;
            assert_eq!((upserted.status, upserted.json()), (201, json!(["urn:x:2"])));
            assert_eq!(broker.simplified("urn:x:2").await, json!({"id": "urn:x:2", "type": "T", "a": 1, "b": 2}));
        }
    });
}

#[test]
fn a_bad_element_is_its_own_fault_a_bad_batch_is_nobodys() {
    run(async {
        for broker in Broker::every().await {
            let post = async |name: &str, body: Value| broker.post(&operation(name), &body).send().await;
            let batch = json!([entity("urn:x:1", 1), {"id": "urn:x:2"}, {"type": "T"}, {"id": "nonsense", "type": "T"}, 5, entity("urn:x:3", 3)]);
            let answer = post("create", batch).await;
            assert_eq!((answer.status, &answer.json()["success"]), (207, &json!(["urn:x:1", "urn:x:3"])));
            let errors = answer.json()["errors"].as_array().unwrap().clone();
            assert_eq!(
                errors.iter().map(|e| e["entityId"].as_str().unwrap()).collect::<Vec<_>>(),
                ["urn:x:2", "", "", ""]
            );
            for body in [json!([]), json!([null]), json!({"id": "urn:x:9", "type": "T"}), json!("x")] {
                let answer = post("create", body.clone()).await;
                assert_eq!((answer.status, answer.error().as_str()), (400, "BadRequestData"), "{body}");
            }
            let half = format!("[{}, {{\"id\": \"urn:x:8\", \"type\":", entity("urn:x:7", 1));
            let answer =
                broker.ask(reqwest::Method::POST, &operation("create")).raw("application/json", half).send().await;
            assert_eq!((answer.status, answer.error().as_str()), (400, "InvalidRequest"));
            let trailing = format!("[{}] []", entity("urn:x:7", 1));
            let answer =
                broker.ask(reqwest::Method::POST, &operation("create")).raw("application/json", trailing).send().await;
            assert_eq!((answer.status, answer.error().as_str()), (400, "InvalidRequest"));
            let seven = broker.get("/ngsi-ld/v1/entities/urn:x:7").send().await;
            assert_eq!(seven.status, 404, "nothing of a broken body is written");
            assert_eq!(post("upsert?options=odd", json!([entity("urn:x:1", 1)])).await.error(), "InvalidRequest");
            assert_eq!(post("delete", json!([5])).await.status, 400);
        }
    });
}

#[test]
fn a_thousand_elements_are_one_commit() {
    run(async {
        for broker in Broker::every().await {
            let batch: Vec<Value> = (0..2_500).map(|n| entity(&format!("urn:x:{n}"), n)).collect();
            let answer = broker.post(&operation("upsert"), &json!(batch)).send().await;
            assert_eq!((answer.status, answer.json().as_array().unwrap().len()), (201, 2_500));
            let lines = broker.changes("/changes?limit=5000", 2_500).await;
            assert_eq!(lines.len(), 2_500);
            if broker.kind == "PostGIS" {
                let transactions: std::collections::BTreeSet<String> = lines
                    .iter()
                    .map(|line| line["position"].as_str().unwrap().split('-').next().unwrap().to_owned())
                    .collect();
                assert_eq!(transactions.len(), 3);
            }
            let ats: std::collections::BTreeSet<&str> = lines.iter().map(|line| line["at"].as_str().unwrap()).collect();
            assert_eq!(ats.len(), 1, "all of one batch have the same modifiedAt");
        }
    });
}

#[test]
fn each_element_may_have_its_own_context() {
    run(async {
        for broker in Broker::every().await {
            let with = |id: &str, iri: &str| json!({"id": id, "type": "T", "name": 1, "@context": {"name": iri}});
            let batch = json!([with("urn:x:1", "http://a.example/name"), with("urn:x:2", "http://b.example/name"), {"id": "urn:x:3", "type": "T"}]);
            let answer = broker.post(&operation("create"), &batch).send().await;
            assert_eq!(
                (answer.status, &answer.json()["success"]),
                (207, &json!(["urn:x:1", "urn:x:2"])),
                "the third has no @context"
            );
            let first = broker.get("/ngsi-ld/v1/entities/urn:x:1").send().await.json();
            assert!(first.get("http://a.example/name").is_some(), "{first}");
        }
    });
}
