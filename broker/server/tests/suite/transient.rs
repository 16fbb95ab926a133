//! Transient entities and attributes over HTTP (clause 4.22).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ngsild::DateTime;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Broker, eventually, run};

const ENTITIES: &str = "/ngsi-ld/v1/entities";

/// The present and some milliseconds more, as clients write it.
fn soon(milliseconds: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    DateTime::from_micros(i64::try_from(now.as_micros()).unwrap() + milliseconds * 1_000).to_string()
}

async fn told(broker: &Broker, id: &str) -> Vec<String> {
    let feed = broker.get("/changes?limit=5000").send().await.text;
    let changes = feed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_it = changes.filter(|change| change["id"] == id);
    of_it.map(|change| change["operation"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_expired_entity_is_gone_at_once_and_removed_soon() {
    run(async {
        for broker in Broker::every().await {
            broker.create(&json!({"id": "urn:x:0", "type": "T"})).await;
            broker.create(&json!({"id": "urn:x:1", "type": "T", "expiresAt": soon(700)})).await;
            let count = async || {
                let answer = broker.get(&format!("{ENTITIES}?type=T&count=true&limit=1")).send().await;
                (answer.header("NGSILD-Results-Count").unwrap().to_owned(), answer.header("etag").map(str::to_owned))
            };
            let (before, tag) = count().await;
            assert_eq!(before, "2");
            let shown = broker.get(&format!("{ENTITIES}/urn:x:1?options=sysAttrs")).send().await.json();
            assert!(shown["expiresAt"].is_string());
            tokio::time::sleep(Duration::from_millis(750)).await;
            assert_eq!(broker.get(&format!("{ENTITIES}/urn:x:1")).send().await.status, 404);
            assert_eq!(count().await.0, "1", "an answer of before is not used again");
            let again = broker.get(&format!("{ENTITIES}?type=T&count=true&limit=1"));
            let again = again.header("if-none-match", tag.as_deref().unwrap()).send().await;
            assert_eq!(again.status, 200, "the tag of before is no longer true");
            for change in [
                broker.ask(Method::DELETE, &format!("{ENTITIES}/urn:x:1")),
                broker.ask(Method::PATCH, &format!("{ENTITIES}/urn:x:1")).body(&json!({"a": 1})),
            ] {
                assert_eq!(change.send().await.status, 404);
            }
            eventually("the log tells of the removal", async || {
                told(&broker, "urn:x:1").await.contains(&"deleted".to_owned())
            })
            .await;
            broker.create(&json!({"id": "urn:x:1", "type": "U"})).await;
            let whole = ["created", "deleted", "created"];
            eventually("the log tells the whole story", async || told(&broker, "urn:x:1").await == whole).await;
        }
    });
}

#[test]
fn an_id_is_free_from_the_instant_on() {
    run(async {
        for broker in Broker::every().await {
            let past = "2020-01-01T00:00:00Z";
            let transient = |id: &str| json!({"id": id, "type": "T", "old": 1, "expiresAt": past});
            broker.create(&transient("urn:x:1")).await;
            assert_eq!(broker.get(&format!("{ENTITIES}/urn:x:1")).send().await.status, 404);
            broker.create(&json!({"id": "urn:x:1", "type": "U"})).await;
            assert_eq!(
                broker.simplified("urn:x:1").await,
                json!({"id": "urn:x:1", "type": "U"}),
                "nothing is left over"
            );
            for operation in ["create", "upsert", "upsert?options=update"] {
                broker.create(&transient("urn:x:2")).await;
                let path = format!("/ngsi-ld/v1/entityOperations/{operation}");
                let batch = broker.post(&path, &json!([{"id": "urn:x:2", "type": "U"}])).send().await;
                assert_eq!((batch.status, batch.json()), (201, json!(["urn:x:2"])), "{operation}");
                assert_eq!(broker.simplified("urn:x:2").await, json!({"id": "urn:x:2", "type": "U"}), "{operation}");
                broker.ask(Method::DELETE, &format!("{ENTITIES}/urn:x:2")).send().await;
            }
            broker.create(&transient("urn:x:3")).await;
            let batch = broker.post("/ngsi-ld/v1/entityOperations/update", &json!([{"id": "urn:x:3", "a": 1}]));
            assert_eq!(batch.send().await.json()["errors"][0]["error"]["status"], 404);
        }
    });
}

#[test]
fn an_attribute_may_expire_alone() {
    run(async {
        for broker in Broker::every().await {
            let end = soon(600);
            broker
                .create(&json!({
                    "id": "urn:x:1", "type": "T", "stays": 1,
                    "goes": {"value": 1, "expiresAt": end},
                    "some": [{"value": 1}, {"value": 2, "datasetId": "urn:d:1", "expiresAt": end}],
                    "below": {"value": 1, "sub": {"value": 2, "expiresAt": end}}
                }))
                .await;
            tokio::time::sleep(Duration::from_millis(650)).await;
            let shown = broker.get(&format!("{ENTITIES}/urn:x:1?format=concise")).send().await.json();
            let left = json!({"id": "urn:x:1", "type": "T", "stays": 1, "some": 1, "below": 1});
            assert_eq!(shown, left, "from the instant on");
            let patch = broker.ask(Method::PATCH, &format!("{ENTITIES}/urn:x:1/attrs/goes")).body(&json!({"value": 2}));
            assert_eq!(patch.send().await.status, 404, "an expired attribute cannot be changed");
            let modified = async || {
                let shown = broker.get(&format!("{ENTITIES}/urn:x:1?options=sysAttrs&pick=id,modifiedAt")).send().await;
                shown.json()["modifiedAt"].clone()
            };
            assert_eq!(modified().await, json!(end), "modified when it expired");
            eventually("the log tells of the removal", async || told(&broker, "urn:x:1").await.len() > 1).await;
            assert_eq!(told(&broker, "urn:x:1").await, ["created", "updated"]);
            assert_eq!(modified().await, json!(end), "removing changes nothing that can be seen");
            let append = broker.post(&format!("{ENTITIES}/urn:x:1/attrs?options=noOverwrite"), &json!({"goes": 3}));
            assert_eq!(append.send().await.status, 204, "the name is free again");
        }
    });
}

#[test]
fn an_expiry_can_be_set_moved_and_taken_back() {
    run(async {
        for broker in Broker::every().await {
            broker.create(&json!({"id": "urn:x:1", "type": "T", "a": 1, "expiresAt": soon(900)})).await;
            let path = format!("{ENTITIES}/urn:x:1");
            let merge = async |body: Value| broker.ask(Method::PATCH, &path).body(&body).send().await.status;
            assert_eq!(merge(json!({"a": {"expiresAt": soon(900)}})).await, 204);
            assert_eq!(merge(json!({"expiresAt": null, "a": {"expiresAt": "urn:ngsi-ld:null"}})).await, 204);
            assert_eq!(merge(json!({"expiresAt": "tomorrow"})).await, 400);
            tokio::time::sleep(Duration::from_millis(1_000)).await;
            assert_eq!(broker.simplified("urn:x:1").await["a"], 1);
            assert_eq!(merge(json!({"expiresAt": soon(100)})).await, 204);
            eventually("it is gone", async || broker.get(&path).send().await.status == 404).await;
        }
    });
}
