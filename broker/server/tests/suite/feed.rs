//! The change feed and its snapshot.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Broker, run};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_reader_starts_with_the_snapshot_and_goes_on_with_the_changes() {
    run(async {
        for broker in Broker::every().await {
            for n in 0..5 {
                broker.create(&json!({"id": format!("urn:x:{n}"), "type": "T", "n": n})).await;
            }
            broker.changes("/changes", 5).await;
            let snapshot = lines(&broker.get("/changes/snapshot").send().await.text);
            let position = snapshot[0]["position"].as_str().unwrap().to_owned();
            assert_eq!(snapshot.last().unwrap(), &json!({"end": true, "entities": 5}));
            assert_eq!(snapshot[1]["entity"]["id"], "urn:x:0");
            let after = |position: &str| format!("/changes?after={position}");
            assert!(broker.get(&after(&position)).send().await.text.is_empty());
            broker.ask(Method::PATCH, "/ngsi-ld/v1/entities/urn:x:1").body(&json!({"n": 9})).send().await;
            broker.ask(Method::DELETE, "/ngsi-ld/v1/entities/urn:x:2").send().await;
            let changes = broker.changes(&after(&position), 2).await;
            let told: Vec<_> =
                changes.iter().map(|c| (c["operation"].as_str().unwrap(), c["id"].as_str().unwrap())).collect();
            assert_eq!(told, [("updated", "urn:x:1"), ("deleted", "urn:x:2")]);
            assert_eq!(changes[0]["entity"]["n"]["value"], 9);
            assert_eq!(changes[1]["entity"], Value::Null);
            let last = changes[1]["position"].as_str().unwrap();
            assert!(broker.get(&after(last)).send().await.text.is_empty());
            let first = lines(&broker.get("/changes?limit=2").send().await.text);
            assert_eq!(first.len(), 2);
            for wrong in ["/changes?after=x", "/changes?limit=-1", "/changes?odd=1"] {
                assert_eq!(broker.get(wrong).send().await.status, 400, "{wrong}");
            }
        }
    });
}

#[test]
fn a_waiting_reader_is_answered_when_something_happens() {
    run(async {
        for broker in Broker::every().await {
            let started = Instant::now();
            let (answer, ()) = tokio::join!(broker.get("/changes?wait=30").send(), async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                broker.create(&json!({"id": "urn:x:1", "type": "T"})).await;
            });
            assert_eq!(lines(&answer.text).len(), 1);
            assert!(started.elapsed() < Duration::from_secs(5), "on {} after {:?}", broker.kind, started.elapsed());
            let last = lines(&answer.text)[0]["position"].as_str().unwrap().to_owned();
            let nothing = broker.get(&format!("/changes?after={last}&wait=1")).send().await;
            assert_eq!((nothing.status, nothing.text.as_str()), (200, ""));
            let of_another_log = broker.get("/changes?after=9999999999-1&wait=1").send().await;
            assert_eq!(of_another_log.status, 410, "{}", of_another_log.text);
        }
    });
}
