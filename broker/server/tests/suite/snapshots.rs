//! Snapshots over HTTP (clauses 4.3.7, 5.16, 6.3.22, 6.36 to 6.38).

mod notifications;
mod operations;
mod preparation;
mod subscriptions;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ngsild::DateTime;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Asking, Broker, encode, eventually, run};

const SNAPSHOTS: &str = "/ngsi-ld/v1/snapshots";
const ENTITIES: &str = "/ngsi-ld/v1/entities";

fn typed(name: &str) -> Value {
    json!({"type": "Query", "entities": [{"type": name}]})
}

/// A snapshot of the entities of a type.
fn of_type(id: &str, name: &str) -> Value {
    json!({"id": id, "type": "Snapshot", "snapshotQueries": [typed(name)]})
}

fn path(id: &str) -> String {
    format!("{SNAPSHOTS}/{id}")
}

fn instant(value: &Value) -> i64 {
    DateTime::parse(value.as_str().unwrap()).unwrap().micros()
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

/// Creates entities `urn:x:0` and so on of type T.
async fn create_entities(broker: &Broker, count: usize) {
    for part in (0..count).collect::<Vec<_>>().chunks(1_000) {
        let entities: Vec<Value> =
            part.iter().map(|n| json!({"id": format!("urn:x:{n}"), "type": "T", "n": n})).collect();
        let answer = broker.post("/ngsi-ld/v1/entityOperations/create", &json!(entities)).send().await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
}

async fn create(broker: &Broker, body: &Value) {
    let answer = broker.post(SNAPSHOTS, body).send().await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

/// Waits until a snapshot is prepared. The snapshot.
async fn prepared(broker: &Broker, id: &str) -> Value {
    let mut snapshot = Value::Null;
    eventually(&format!("{id} is prepared on {}", broker.kind), async || {
        let answer = broker.get(&path(id)).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        snapshot = answer.json();
        snapshot["snapshotStatus"] != "preparing"
    })
    .await;
    snapshot
}

/// Creates a snapshot and waits until it is prepared.
async fn prepare(broker: &Broker, body: &Value) -> Value {
    create(broker, body).await;
    prepared(broker, body["id"].as_str().unwrap()).await
}

/// A request that works on a snapshot.
fn on<'b>(asking: Asking<'b>, snapshot: &str) -> Asking<'b> {
    asking.header("NGSILD-Snapshot", snapshot)
}

/// The entities of type T in a snapshot, simplified.
async fn shown(broker: &Broker, snapshot: &str) -> Value {
    let answer = on(broker.get(&format!("{ENTITIES}?type=T&format=simplified&limit=1000")), snapshot).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

fn outcome(answer: &Answer) -> (u16, String) {
    (answer.status, if answer.text.is_empty() { String::new() } else { answer.error() })
}

#[test]
fn a_snapshot_is_created_told_of_changed_and_deleted() {
    run(async {
        for broker in Broker::every().await {
            create_entities(&broker, 3).await;
            let body = json!({"type": "Snapshot", "snapshotQueries": [typed("T")]});
            let start = now();
            let created = broker.post(SNAPSHOTS, &body).send().await;
            assert_eq!((created.status, created.text.as_str()), (201, ""));
            let location = created.header("location").unwrap().to_owned();
            let id = location.strip_prefix(&format!("{SNAPSHOTS}/")).unwrap().to_owned();
            assert!(id.starts_with("urn:ngsi-ld:Snapshot:"), "{id}");
            let snapshot = prepared(&broker, &id).await;
            let known = ["createdAt", "modifiedAt", "expiresAt"];
            let told: serde_json::Map<String, Value> = snapshot
                .as_object()
                .unwrap()
                .iter()
                .filter(|(name, _)| !known.contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            let expected = json!({
                "id": id, "type": "Snapshot", "snapshotStatus": "success", "snapshotQueries": [typed("T")],
                "snapshotQueriesDetails": [{"resultStatus": "success"}], "snapshotPriority": 5
            });
            assert_eq!(json!(told), expected);
            let created_at = instant(&snapshot["createdAt"]);
            assert!((start..now()).contains(&created_at) && instant(&snapshot["modifiedAt"]) > created_at);
            assert_eq!(instant(&snapshot["expiresAt"]) - created_at, 86_400_000_000, "a day");

            let patch = async |body: Value| broker.ask(Method::PATCH, &location).body(&body).send().await;
            let change = json!({
                "snapshotPriority": 8, "snapshotLifetime": "PT2H", "endpoint": "http://receiver.example/a",
                "receiverInfo": [{"key": "X-Key", "value": "secret"}], "snapshotStatus": "failure"
            });
            let answer = patch(change).await;
            let changed = answer.json();
            assert_eq!(
                (answer.status, &changed["snapshotPriority"], &changed["snapshotStatus"]),
                (200, &json!(8), &json!("success"))
            );
            assert_eq!(changed["receiverInfo"], json!([{"key": "X-Key", "value": "secret"}]));
            let left = instant(&changed["expiresAt"]) - now();
            assert!((7_190_000_000..=7_200_000_000).contains(&left), "two hours from now on: {left}");
            assert!(instant(&changed["modifiedAt"]) > instant(&snapshot["modifiedAt"]));
            let capped = patch(json!({"snapshotLifetime": "P1Y"})).await.json();
            assert!(instant(&capped["expiresAt"]) - now() <= 30 * 86_400_000_000, "at most 30 days");
            assert_eq!(capped["snapshotLifetime"], "P1Y", "as it was wished");
            let back = json!({"endpoint": "urn:ngsi-ld:null", "receiverInfo": null, "snapshotPriority": null});
            let back = patch(back).await.json();
            assert!(back.get("endpoint").is_none() && back.get("receiverInfo").is_none());
            assert_eq!((&back["snapshotPriority"], &back["snapshotLifetime"]), (&json!(5), &json!("P1Y")));
            assert_eq!(patch(json!({})).await.json()["modifiedAt"], back["modifiedAt"], "nothing has changed");
            assert_eq!(broker.get(&location).send().await.json(), back);

            assert_eq!(shown(&broker, &id).await.as_array().unwrap().len(), 3);
            let used = broker.get(&location).send().await.json();
            assert!(instant(&used["lastUsedAt"]) > instant(&back["modifiedAt"]), "{used}");
            let deleted = broker.ask(Method::DELETE, &location).send().await;
            assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
            for gone in [
                broker.get(&location),
                broker.ask(Method::DELETE, &location),
                broker.ask(Method::PATCH, &location).body(&json!({"snapshotPriority": 1})),
                on(broker.get(&format!("{ENTITIES}?type=T")), &id),
            ] {
                assert_eq!(outcome(&gone.send().await), (404, "ResourceNotFound".into()));
            }
            assert_eq!(broker.get(&format!("{ENTITIES}/urn:x:0")).send().await.status, 200);
        }
    });
}

#[test]
fn the_past_and_what_is_linked_are_kept_too() {
    run(async {
        for broker in Broker::every().await {
            let at = |day: u32| format!("2026-04-{day:02}T00:00:00Z");
            let series: Vec<Value> =
                (1..=4).map(|day| json!({"type": "Property", "value": day, "observedAt": at(day)})).collect();
            let sensor = json!({"id": "urn:x:sensor", "type": "Sensor", "t": series, "other": 1});
            assert_eq!(broker.post("/ngsi-ld/v1/temporal/entities", &sensor).send().await.status, 201);
            broker.create(&json!({"id": "urn:x:room", "type": "Room", "name": "Hall"})).await;
            broker.create(&json!({"id": "urn:x:lamp", "type": "Lamp", "in": {"object": "urn:x:room"}})).await;
            let past = json!({
                "type": "Query", "entities": [{"type": "Sensor"}], "pick": ["id", "type", "t"],
                "temporalQ": {"timerel": "between", "timeAt": at(2), "endTimeAt": at(4)}
            });
            let nothing = json!({
                "type": "Query", "entities": [{"type": "Sensor"}], "temporalQ": {"timerel": "before", "timeAt": at(1)}
            });
            let body = json!({
                "id": "urn:s:1", "type": "Snapshot", "snapshotTemporalQueries": [past, nothing],
                "snapshotQueries": [{"type": "Query", "entities": [{"type": "Lamp"}], "join": "flat"}]
            });
            let snapshot = prepare(&broker, &body).await;
            assert_eq!(snapshot["snapshotStatus"], "partial");
            let details = json!([{"resultStatus": "success"}, {"resultStatus": "empty"}]);
            assert_eq!(snapshot["snapshotTemporalQueriesDetails"], details);
            assert_eq!(
                broker.ask(Method::DELETE, "/ngsi-ld/v1/temporal/entities/urn:x:sensor").send().await.status,
                204
            );
            let kept = async |path: &str| on(broker.get(path), "urn:s:1").send().await.json();
            let series = kept("/ngsi-ld/v1/temporal/entities/urn:x:sensor?format=temporalValues").await;
            assert_eq!(
                series,
                json!({"id": "urn:x:sensor", "type": "Sensor", "t": {"type": "Property", "values": [[2, at(2)], [3, at(3)]]}})
            );
            let found =
                kept(&format!("/ngsi-ld/v1/temporal/entities?type=Sensor&timerel=after&timeAt={}", at(3))).await;
            assert_eq!(found[0]["t"][0]["value"], 3);
            assert_eq!(kept("/ngsi-ld/v1/entities/urn:x:sensor?format=simplified").await["t"], 3);
            assert_eq!(kept("/ngsi-ld/v1/entities/urn:x:room?format=simplified").await["name"], "Hall");
        }
    });
}

#[test]
fn what_is_wrong_with_a_request_is_told() {
    run(async {
        for broker in Broker::every().await {
            broker.create(&json!({"id": "urn:x:1", "type": "T"})).await;
            prepare(&broker, &of_type("urn:s:1", "T")).await;
            let one = path("urn:s:1");
            let clone = format!("{one}/clone");
            let with = |name: &str, value: Value| {
                let mut body = json!({"type": "Snapshot", "snapshotQueries": [typed("T")]});
                body[name] = value;
                body
            };
            let wide = json!([{"type": "Query", "scopeQ": "/a"}]);
            let temporal = json!([{"type": "Query", "entities": [{"type": "T"}], "temporalQ": {"timerel": "around", "timeAt": "2030-01-01T00:00:00Z"}}]);
            let joined = json!([{"type": "Query", "entities": [{"type": "T"}], "join": "around"}]);
            for (method, path, body, status, error, detail) in [
                (Method::POST, SNAPSHOTS, json!([]), 400, "BadRequestData", "JSON object"),
                (Method::POST, SNAPSHOTS, json!({"type": "Snapshot"}), 400, "BadRequestData", "/snapshotQueries"),
                (Method::POST, SNAPSHOTS, with("id", json!("urn:s:1")), 409, "AlreadyExists", "urn:s:1"),
                (Method::POST, SNAPSHOTS, with("id", json!("x")), 400, "BadRequestData", "/id"),
                (Method::POST, SNAPSHOTS, with("snapshotQueries", wide), 400, "BadRequestData", "/snapshotQueries/0"),
                (
                    Method::POST,
                    SNAPSHOTS,
                    with("snapshotQueries", json!([{"type": "Query", "q": "a=="}])),
                    400,
                    "BadRequestData",
                    "/snapshotQueries/0/q, character 4",
                ),
                (Method::POST, SNAPSHOTS, with("snapshotQueries", joined), 400, "BadRequestData", "join"),
                (
                    Method::POST,
                    SNAPSHOTS,
                    with("snapshotTemporalQueries", temporal),
                    400,
                    "BadRequestData",
                    "/snapshotTemporalQueries/0/temporalQ/timerel",
                ),
                (
                    Method::POST,
                    SNAPSHOTS,
                    with("snapshotPriority", json!(11)),
                    400,
                    "BadRequestData",
                    "/snapshotPriority",
                ),
                (Method::POST, SNAPSHOTS, with("endpoint", json!("mqtt://a")), 400, "BadRequestData", "/endpoint"),
                (Method::POST, SNAPSHOTS, with("surelyUnknown", json!(1)), 400, "BadRequestData", "surelyUnknown"),
                (Method::PATCH, &one, with("id", json!("urn:s:1")), 400, "BadRequestData", "/snapshotQueries"),
                (Method::PATCH, &one, json!({"id": "urn:s:2"}), 400, "BadRequestData", "/id"),
                (Method::PATCH, &one, json!({"snapshotLifetime": "P0D"}), 400, "BadRequestData", "/snapshotLifetime"),
                (Method::PATCH, "/ngsi-ld/v1/snapshots/x", json!({}), 400, "BadRequestData", "'x'"),
                (Method::PATCH, "/ngsi-ld/v1/snapshots/urn:s:9", json!({}), 404, "ResourceNotFound", "urn:s:9"),
                (Method::POST, &clone, with("id", json!("urn:s:2")), 400, "BadRequestData", "/snapshotQueries"),
                (Method::POST, &clone, json!({"type": "Snapshot", "id": "urn:s:1"}), 409, "AlreadyExists", "urn:s:1"),
                (
                    Method::POST,
                    "/ngsi-ld/v1/snapshots/urn:s:9/clone",
                    json!({"type": "Snapshot"}),
                    404,
                    "ResourceNotFound",
                    "urn:s:9",
                ),
                (
                    Method::POST,
                    "/ngsi-ld/v1/snapshots/x/clone",
                    json!({"type": "Snapshot"}),
                    400,
                    "BadRequestData",
                    "'x'",
                ),
            ] {
                let answer = broker.ask(method.clone(), path).body(&body).send().await;
                assert_eq!(outcome(&answer), (status, error.into()), "{method} {path} {body}: {}", answer.text);
                assert!(answer.text.contains(detail), "{body}: {}", answer.text);
            }
            for (method, path, status, detail) in [
                (Method::GET, "/snapshots/x".to_owned(), 400, "'x'"),
                (Method::GET, "/snapshots/urn:s:9".to_owned(), 404, "there is no snapshot urn:s:9"),
                (Method::GET, "/snapshots/urn:s:1?a=1".to_owned(), 400, "'a'"),
                (Method::DELETE, "/snapshots/x".to_owned(), 400, "'x'"),
                (Method::DELETE, "/snapshots".to_owned(), 400, "q"),
                (Method::DELETE, format!("/snapshots?q={}", encode("odd==1")), 400, "no member of Snapshot"),
                (Method::DELETE, format!("/snapshots?q={}", encode("snapshotPriority==")), 400, "at q"),
                (Method::DELETE, format!("/snapshots?q={}", encode("snapshotPriority==9")), 404, "matches the query"),
                (Method::GET, "/snapshots".to_owned(), 405, ""),
                (Method::DELETE, "/snapshots/urn:s:1/clone".to_owned(), 405, ""),
                (Method::GET, "/snapshots/urn:s:1/clone".to_owned(), 405, ""),
            ] {
                let answer = broker.ask(method.clone(), &format!("/ngsi-ld/v1{path}")).send().await;
                assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
                assert!(answer.text.contains(detail), "{method} {path}: {}", answer.text);
            }
            let big = format!("{{\"type\": \"Snapshot\", \"id\": \"{}\"}}", "x".repeat(1 << 20));
            assert_eq!(broker.ask(Method::POST, SNAPSHOTS).raw("application/json", big).send().await.status, 413);
        }
    });
}

#[test]
fn names_in_queries_go_by_the_context_of_the_request() {
    run(async {
        for broker in Broker::every().await {
            let context = json!({"Shop": "https://schema.org/Store", "title": "https://schema.org/name"});
            for (id, title) in [("urn:x:1", "a"), ("urn:x:2", "b")] {
                broker.create(&json!({"id": id, "type": "Shop", "title": title, "@context": context})).await;
            }
            broker.create(&json!({"id": "urn:x:3", "type": "Shop", "title": "a"})).await;
            let query = json!({"type": "Query", "entities": [{"type": "Shop"}], "q": "title==\"a\""});
            let body = json!({"id": "urn:s:1", "type": "Snapshot", "snapshotQueries": [query], "@context": context});
            let snapshot = prepare(&broker, &body).await;
            assert_eq!(snapshot["snapshotQueries"], json!([query]), "as the client wrote it");
            let all = on(broker.get(&format!("{ENTITIES}?local=true&pick=id")), "urn:s:1").send().await;
            assert_eq!(all.json(), json!([{"id": "urn:x:1"}]));
            // The answer has the @context that its names go by.
            let ld = broker.get(&path("urn:s:1")).header("accept", "application/ld+json").send().await;
            assert_eq!((ld.header("content-type"), &ld.json()["@context"]), (Some("application/ld+json"), &context));
            let plain = broker.get(&path("urn:s:1")).send().await;
            let link = plain.headers("link");
            let url = link.split(['<', '>']).nth(1).unwrap().to_owned();
            let served = broker.get(url.strip_prefix(&broker.base).unwrap()).send().await;
            assert_eq!(served.json()["@context"], context, "{link}");
            // What answers about a snapshot link to belongs to the tenant.
            let body = json!({"type": "Query", "entities": [{"type": "Shop"}], "@context": {"Shop": "https://schema.org/Store"}});
            let answer = on(broker.post("/ngsi-ld/v1/entityOperations/query", &body), "urn:s:1").send().await;
            assert_eq!(answer.json().as_array().unwrap().len(), 1);
            let url = answer.headers("link").split(['<', '>']).nth(1).unwrap().to_owned();
            let place = url.strip_prefix(&broker.base).unwrap();
            for asking in [broker.get(place), on(broker.get(place), "urn:s:1")] {
                assert_eq!(asking.send().await.status, 200, "{url}");
            }
            let missing =
                json!({"type": "Snapshot", "snapshotQueries": [query], "@context": "http://127.0.0.1:1/none"});
            assert_eq!(outcome(&broker.post(SNAPSHOTS, &missing).send().await), (504, "LdContextNotAvailable".into()));
        }
    });
}

#[test]
fn a_clone_has_the_data_of_its_source_and_a_life_of_its_own() {
    run(async {
        for broker in Broker::every().await {
            create_entities(&broker, 600).await;
            let body = json!({"id": "urn:s:1", "type": "Snapshot", "snapshotQueries": [typed("T"), typed("U")],
                              "snapshotPriority": 9, "snapshotLifetime": "P2D"});
            let source = prepare(&broker, &body).await;
            // What was changed in the source is copied too.
            let change = broker.ask(Method::PATCH, &format!("{ENTITIES}/urn:x:5")).body(&json!({"n": -5}));
            assert_eq!(on(change, "urn:s:1").send().await.status, 204);
            assert_eq!(
                on(broker.ask(Method::DELETE, &format!("{ENTITIES}/urn:x:6")), "urn:s:1").send().await.status,
                204
            );
            let clone = format!("{}/clone", path("urn:s:1"));
            let wish = json!({"id": "urn:s:2", "type": "Snapshot", "snapshotPriority": 2});
            let answer = broker.post(&clone, &wish).send().await;
            assert_eq!((answer.status, answer.header("location")), (201, Some(path("urn:s:2").as_str())));
            let copy = prepared(&broker, "urn:s:2").await;
            for member in ["snapshotStatus", "snapshotQueries", "snapshotQueriesDetails"] {
                assert_eq!(copy[member], source[member], "{member}");
            }
            assert_eq!(copy["snapshotStatus"], "partial");
            assert_eq!((&copy["snapshotPriority"], copy.get("snapshotLifetime")), (&json!(2), None));
            assert_eq!(shown(&broker, "urn:s:2").await, shown(&broker, "urn:s:1").await);
            assert_eq!(shown(&broker, "urn:s:2").await.as_array().unwrap().len(), 599);
            on(broker.ask(Method::DELETE, &format!("{ENTITIES}/urn:x:1")), "urn:s:2").send().await;
            assert_eq!(shown(&broker, "urn:s:1").await.as_array().unwrap().len(), 599);
            assert_eq!(broker.ask(Method::DELETE, &path("urn:s:1")).send().await.status, 204);
            assert_eq!(shown(&broker, "urn:s:2").await.as_array().unwrap().len(), 598);
            // A clone of what is not there any more when its turn comes is not made, and not asked for either.
            assert_eq!(outcome(&broker.post(&clone, &wish).send().await), (404, "ResourceNotFound".into()));
            let unnamed = broker.post(&format!("{}/clone", path("urn:s:2")), &json!({})).send().await;
            assert!(unnamed.header("location").unwrap().contains("urn:ngsi-ld:Snapshot:"), "{}", unnamed.text);
        }
    });
}

#[test]
fn snapshots_that_match_a_query_are_deleted() {
    run(async {
        for broker in Broker::every().await {
            broker.create(&json!({"id": "urn:x:1", "type": "T"})).await;
            for (n, kind, priority) in [(1, "T", 1), (2, "T", 5), (3, "None", 5), (4, "T", 9)] {
                let mut body = of_type(&format!("urn:s:{n}"), kind);
                body["snapshotPriority"] = json!(priority);
                prepare(&broker, &body).await;
            }
            let purge = async |q: &str| {
                let asking = broker.ask(Method::DELETE, &format!("{SNAPSHOTS}?q={}", encode(q)));
                asking.send().await.status
            };
            let left = async || {
                let mut left = Vec::new();
                for n in 1..=4 {
                    if broker.get(&path(&format!("urn:s:{n}"))).send().await.status == 200 {
                        left.push(n);
                    }
                }
                left
            };
            assert_eq!(purge("snapshotPriority>9|createdAt<2020-01-01T00:00:00Z").await, 404);
            assert_eq!(left().await, [1, 2, 3, 4]);
            assert_eq!(purge("snapshotStatus==\"empty\"").await, 204);
            assert_eq!(left().await, [1, 2, 4]);
            assert_eq!(purge("snapshotPriority<=5;id!=\"urn:s:1\"").await, 204);
            assert_eq!(left().await, [1, 4]);
            let other =
                broker.ask(Method::DELETE, &format!("{SNAPSHOTS}?q=snapshotPriority")).header("NGSILD-Tenant", "other");
            assert_eq!(outcome(&other.send().await), (404, "NonexistentTenant".into()));
            assert_eq!(purge("snapshotPriority").await, 204);
            assert_eq!(purge("snapshotPriority").await, 404);
            assert_eq!(broker.get(&format!("{ENTITIES}/urn:x:1")).send().await.status, 200);
        }
    });
}

#[test]
fn a_snapshot_expires() {
    run(async {
        for broker in Broker::every().await {
            broker.create(&json!({"id": "urn:x:1", "type": "T"})).await;
            let mut body = of_type("urn:s:1", "T");
            prepare(&broker, &body).await;
            let brief = broker.ask(Method::PATCH, &path("urn:s:1")).body(&json!({"snapshotLifetime": "PT0.3S"}));
            assert_eq!(brief.send().await.status, 200);
            tokio::time::sleep(Duration::from_millis(350)).await;
            // At once, whether or not it is removed by now.
            for gone in [broker.get(&path("urn:s:1")), on(broker.get(&format!("{ENTITIES}?type=T")), "urn:s:1")] {
                assert_eq!(outcome(&gone.send().await), (404, "ResourceNotFound".into()));
            }
            body["snapshotLifetime"] = json!("P1D");
            let again = prepare(&broker, &body).await;
            assert_eq!(again["snapshotStatus"], "success", "the id is free");
            assert_eq!(shown(&broker, "urn:s:1").await.as_array().unwrap().len(), 1);
        }
    });
}
