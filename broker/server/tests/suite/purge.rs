//! Purge Entities over HTTP (clauses 5.6.21, 6.4.3.3).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Broker, encode, eventually, run};

const ENTITIES: &str = "/ngsi-ld/v1/entities";

async fn purge(broker: &Broker, query: &str) -> u16 {
    broker.ask(Method::DELETE, &format!("{ENTITIES}?{query}")).send().await.status
}

async fn ids(broker: &Broker) -> Vec<String> {
    let all = broker.get(&format!("{ENTITIES}?local=true&limit=1000")).send().await.json();
    all.as_array().unwrap().iter().map(|entity| entity["id"].as_str().unwrap().to_owned()).collect()
}

/// How many changes the log tells of whose line has `text`. It may tell of a commit a moment after its answer.
async fn changes(broker: &Broker, text: &str) -> usize {
    let feed = broker.get("/changes?limit=5000").send().await.text;
    feed.lines().filter(|line| line.contains(text)).count()
}

async fn town(broker: &Broker) {
    for n in 0..6 {
        broker
            .create(&json!({
                "id": format!("urn:x:{n}"), "type": if n % 2 == 0 { "Even" } else { "Odd" }, "n": n, "extra": 1,
                "scope": format!("/s{n}"), "location": {"type": "Point", "coordinates": [n, 0]}
            }))
            .await;
    }
}

#[test]
fn every_selection_narrows_what_is_deleted() {
    run(async {
        for (query, left) in [
            ("type=Even".to_owned(), vec![1, 3, 5]),
            ("type=Even,Odd".to_owned(), vec![]),
            ("type=Even&id=urn:x:1,urn:x:2".to_owned(), vec![0, 1, 3, 4, 5]),
            ("type=*&idPattern=[45]$".to_owned(), vec![0, 1, 2, 3]),
            (format!("q={}", encode("n>1;n<=3")), vec![0, 1, 4, 5]),
            (
                format!("georel={}&geometry=Point&coordinates=[0,0]", encode("near;maxDistance==150000")),
                vec![2, 3, 4, 5],
            ),
            ("type=Odd&scopeQ=/s3".to_owned(), vec![0, 1, 2, 4, 5]),
            ("local=true".to_owned(), vec![]),
            ("type=None".to_owned(), vec![0, 1, 2, 3, 4, 5]),
        ] {
            let broker = Broker::sqlite().await;
            town(&broker).await;
            assert_eq!(purge(&broker, &query).await, 204, "{query}");
            let left: Vec<String> = left.iter().map(|n| format!("urn:x:{n}")).collect();
            assert_eq!(ids(&broker).await, left, "{query}");
        }
    });
}

#[test]
fn drop_and_keep_take_attributes_away() {
    run(async {
        for broker in Broker::every().await {
            town(&broker).await;
            assert_eq!(purge(&broker, "type=Even&drop=extra,location").await, 204);
            assert_eq!(
                broker.simplified("urn:x:2").await,
                json!({"id": "urn:x:2", "type": "Even", "scope": "/s2", "n": 2})
            );
            assert_eq!(purge(&broker, "type=Odd&keep=extra").await, 204);
            assert_eq!(
                broker.simplified("urn:x:3").await,
                json!({"id": "urn:x:3", "type": "Odd", "scope": "/s3", "extra": 1})
            );
            assert_eq!(purge(&broker, "type=Odd&drop=scope").await, 204);
            assert_eq!(broker.simplified("urn:x:5").await, json!({"id": "urn:x:5", "type": "Odd", "extra": 1}));
            for query in ["type=Odd&drop=zzz", "type=Odd&keep=extra", "type=None"] {
                assert_eq!(purge(&broker, query).await, 204);
            }
            broker.create(&json!({"id": "urn:x:last", "type": "T"})).await;
            eventually("the log tells of the last", async || changes(&broker, "urn:x:last").await == 1).await;
            assert_eq!(changes(&broker, "urn:x:").await, 6 + 3 * 3 + 1, "what has nothing to lose is not written");
        }
    });
}

#[test]
fn thousands_are_purged_in_batches_and_told_one_by_one() {
    run(async {
        for broker in Broker::every().await {
            let all: Vec<Value> =
                (0..1_700).map(|n| json!({"id": format!("urn:x:{n}"), "type": "T", "n": n % 2})).collect();
            assert_eq!(broker.post("/ngsi-ld/v1/entityOperations/create", &json!(all)).send().await.status, 201);
            let other = broker.post(ENTITIES, &json!({"id": "urn:x:0", "type": "T"})).header("NGSILD-Tenant", "other");
            assert_eq!(other.send().await.status, 201);
            // Values are not indexed: the evaluator decides.
            assert_eq!(purge(&broker, "type=T&q=n==0").await, 204);
            assert_eq!(ids(&broker).await.len(), 850);
            assert_eq!(purge(&broker, "type=T").await, 204);
            assert!(ids(&broker).await.is_empty());
            eventually("the log tells of each", async || changes(&broker, "\"deleted\"").await == 1_700).await;
            let kept = broker.get(&format!("{ENTITIES}/urn:x:0")).header("NGSILD-Tenant", "other").send().await;
            assert_eq!(kept.status, 200, "of another tenant nothing is purged");
            let unknown = broker.ask(Method::DELETE, &format!("{ENTITIES}?type=T")).header("NGSILD-Tenant", "none");
            assert_eq!(unknown.send().await.error(), "NonexistentTenant");
            // For a query this is everything; nobody loses everything by a pattern.
            assert_eq!(purge(&broker, "idPattern=.*").await, 400);
        }
    });
}

/// Whatever others do meanwhile, a purge ends, and leaves nothing that matched when it began.
#[test]
fn a_purge_beside_writers_ends_and_is_complete() {
    run(async {
        for broker in Broker::every().await {
            let batch = |from: usize| -> Value {
                (from..from + 300).map(|n| json!({"id": format!("urn:x:{n}"), "type": "T", "n": 0})).collect()
            };
            assert_eq!(broker.post("/ngsi-ld/v1/entityOperations/create", &batch(0)).send().await.status, 201);
            let writer = async {
                for round in 1..=10 {
                    let upsert = "/ngsi-ld/v1/entityOperations/update";
                    broker.post(upsert, &batch(0)).send().await;
                    let created = "/ngsi-ld/v1/entityOperations/create";
                    assert_eq!(broker.post(created, &batch(round * 300)).send().await.status, 201);
                }
            };
            let (status, ()) = tokio::join!(purge(&broker, "type=T&q=n==0"), writer);
            assert_eq!(status, 204);
            let left = ids(&broker).await;
            let number = |id: &String| id.rsplit(':').next().unwrap().parse::<usize>().unwrap();
            assert!(left.iter().all(|id| number(id) >= 300), "on {}", broker.kind);
        }
    });
}
