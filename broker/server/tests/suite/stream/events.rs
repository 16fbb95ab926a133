//! What is told, and how it looks.

use reqwest::Method;
use serde_json::json;

use super::{Listener, pairs, thing};
use crate::support::{Broker, encode, run};

#[test]
fn entities_come_change_leave_and_go() {
    run(async {
        for broker in Broker::every().await {
            let kind = broker.kind;
            broker.create(&thing("urn:x:old", 1)).await;
            let mut stream = Listener::open(&broker, &format!("/stream?type=T&q={}", encode("n>5"))).await;
            broker.create(&thing("urn:x:small", 1)).await;
            broker.create(&thing("urn:x:1", 9)).await;
            broker.create(&json!({"id": "urn:x:other", "type": "U", "n": 9})).await;
            broker.set("urn:x:1", &json!({"n": 7, "name": "seven"})).await;
            broker.set("urn:x:small", &json!({"n": 2})).await;
            broker.set("urn:x:1", &json!({"n": 3})).await;
            broker.set("urn:x:1", &json!({"n": 4})).await;
            broker.set("urn:x:old", &json!({"n": 6})).await;
            broker.delete("urn:x:1").await;
            broker.delete("urn:x:old").await;
            let mut told = Vec::new();
            for _ in 0..5 {
                told.push(stream.event().await);
            }
            let deleted_at = told[4].1["deletedAt"].take();
            assert!(deleted_at.as_str().is_some_and(|at| at.starts_with("20") && at.ends_with('Z')), "{deleted_at}");
            let n = |n: i64| json!({"type": "Property", "value": n});
            let name = json!({"type": "Property", "value": "seven"});
            let expected = [
                ("created", json!({"id": "urn:x:1", "type": "T", "n": n(9)})),
                ("updated", json!({"id": "urn:x:1", "type": "T", "n": n(7), "name": name})),
                ("left", json!({"id": "urn:x:1", "type": "T"})),
                ("updated", json!({"id": "urn:x:old", "type": "T", "n": n(6)})),
                ("deleted", json!({"id": "urn:x:old", "type": "T", "deletedAt": null})),
            ];
            assert_eq!(told, expected.map(|(event, data)| (event.to_owned(), data)), "on {kind}");
        }
    });
}

#[test]
fn each_state_is_told_even_one_that_is_over() {
    run(async {
        for broker in Broker::every().await {
            broker.create(&json!({"id": "urn:x:first", "type": "U"})).await;
            broker.changes("/changes", 1).await;
            let start = Listener::open(&broker, "/stream").await.last_id;
            broker.create(&thing("urn:x:1", 0)).await;
            for n in 1..=20 {
                broker.set("urn:x:1", &json!({"n": n})).await;
            }
            broker.delete("urn:x:1").await;
            broker.changes("/changes", 23).await;
            // Everything has happened before this stream is opened.
            let path = format!("/stream?type=T&format=simplified&lastEventId={start}");
            let mut stream = Listener::open(&broker, &path).await;
            for n in 0..=20 {
                let event = if n == 0 { "created" } else { "updated" };
                let entity = json!({"id": "urn:x:1", "type": "T", "n": n});
                assert_eq!(stream.event().await, (event.to_owned(), entity), "on {}", broker.kind);
            }
            assert_eq!(stream.told(1).await, pairs(&[("deleted", "urn:x:1")]));
        }
    });
}

#[test]
fn what_moves_out_of_an_area_leaves_it() {
    run(async {
        for broker in Broker::every().await {
            let at = |x: f64| json!({"type": "Point", "coordinates": [x, 36.0]});
            let path = "/stream?georel=near;maxDistance==1000&geometry=Point&coordinates=[139,36]&format=simplified";
            let mut stream = Listener::open(&broker, path).await;
            broker.create(&json!({"id": "urn:bus:1", "type": "Bus", "location": at(139.001)})).await;
            broker.create(&json!({"id": "urn:bus:2", "type": "Bus", "location": at(139.9)})).await;
            for x in [139.002, 139.5, 139.6, 139.003] {
                broker.set("urn:bus:1", &json!({"location": at(x)})).await;
            }
            broker.set("urn:bus:2", &json!({"location": at(139.0)})).await;
            let expected = [
                ("created", "urn:bus:1"),
                ("updated", "urn:bus:1"),
                ("left", "urn:bus:1"),
                ("updated", "urn:bus:1"),
                ("updated", "urn:bus:2"),
            ];
            assert_eq!(stream.told(5).await, pairs(&expected), "on {}", broker.kind);
        }
    });
}

#[test]
fn an_entity_of_another_type_or_scope_than_before_leaves() {
    run(async {
        for broker in Broker::every().await {
            broker.create(&json!({"id": "urn:x:1", "type": "T", "n": 1})).await;
            broker.create(&json!({"id": "urn:x:2", "type": "T", "n": 1, "scope": "/a"})).await;
            let mut of_type = Listener::open(&broker, "/stream?type=T").await;
            let mut in_scope = Listener::open(&broker, "/stream?scopeQ=/a").await;
            let other =
                json!([{"id": "urn:x:1", "type": "U", "n": 1}, {"id": "urn:x:2", "type": "U", "n": 1, "scope": "/b"}]);
            let answer = broker.post("/ngsi-ld/v1/entityOperations/upsert", &other).send().await;
            assert_eq!(answer.status, 204, "{}", answer.text);
            assert_eq!(of_type.told(2).await, pairs(&[("left", "urn:x:1"), ("left", "urn:x:2")]), "on {}", broker.kind);
            assert_eq!(in_scope.told(1).await, pairs(&[("left", "urn:x:2")]), "on {}", broker.kind);
        }
    });
}

#[test]
fn what_expires_is_told_as_gone() {
    run(async {
        for broker in Broker::every().await {
            let mut stream = Listener::open(&broker, "/stream?type=T&q=alert").await;
            let soon = in_two_seconds();
            let entity = json!({"id": "urn:x:1", "type": "T", "alert": 1, "expiresAt": soon});
            broker.create(&entity).await;
            let alert = json!({"type": "Property", "value": 1, "expiresAt": soon});
            broker.create(&json!({"id": "urn:x:2", "type": "T", "alert": alert})).await;
            assert_eq!(stream.told(2).await, pairs(&[("created", "urn:x:1"), ("created", "urn:x:2")]));
            let mut gone = stream.told(2).await;
            gone.sort();
            assert_eq!(gone, pairs(&[("deleted", "urn:x:1"), ("left", "urn:x:2")]), "on {}", broker.kind);
        }
    });
}

/// An instant in two seconds.
fn in_two_seconds() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    ngsild::DateTime::from_micros(i64::try_from(since.as_micros()).unwrap() + 2_000_000).to_string()
}

#[test]
fn only_what_changes_in_the_chosen_form_is_told() {
    run(async {
        for broker in Broker::every().await {
            let mut shown = Listener::open(&broker, "/stream?type=T&pick=id,n&options=keyValues").await;
            let mut times = Listener::open(&broker, "/stream?type=T&pick=id,n&options=sysAttrs,concise").await;
            let mut english = Listener::open(&broker, "/stream?type=T&attrs=l&lang=en&format=simplified").await;
            let l = json!({"languageMap": {"en": "pond", "ja": "池"}});
            broker.create(&json!({"id": "urn:x:1", "type": "T", "n": 1, "l": l})).await;
            broker.set("urn:x:1", &json!({"m": 5})).await;
            broker.set("urn:x:1", &json!({"n": 1})).await;
            broker.set("urn:x:1", &json!({"n": 2})).await;
            let event = |event: &str, n: i64| (event.to_owned(), json!({"id": "urn:x:1", "n": n}));
            assert_eq!(shown.event().await, event("created", 1), "on {}", broker.kind);
            assert_eq!(shown.event().await, event("updated", 2), "on {}", broker.kind);
            // Writing the same value moves modifiedAt, which is shown here.
            assert_eq!(times.told(3).await.len(), 3);
            let entity = json!({"id": "urn:x:1", "type": "T", "l": "pond"});
            assert_eq!(english.event().await, ("created".to_owned(), entity));
            broker.delete("urn:x:1").await;
            assert_eq!(english.told(1).await, pairs(&[("deleted", "urn:x:1")]));
        }
    });
}

#[test]
fn names_are_those_of_the_context_in_the_url() {
    run(async {
        let broker = Broker::sqlite().await;
        let context = json!({"@context": {"Thing": "https://example.org/Thing", "size": "https://example.org/size"}});
        let added = broker.ask(Method::POST, "/ngsi-ld/v1/jsonldContexts").body(&context).send().await;
        assert_eq!(added.status, 201, "{}", added.text);
        let url = format!("{}{}", broker.base, added.header("location").unwrap());
        let path = format!("/stream?type=Thing&format=simplified&context={}", encode(&url));
        let mut stream = Listener::open(&broker, &path).await;
        assert!(stream.headers["link"].to_str().unwrap().contains(&url));
        broker
            .create(&json!({"id": "urn:x:1", "type": "https://example.org/Thing", "https://example.org/size": 3}))
            .await;
        let entity = json!({"id": "urn:x:1", "type": "Thing", "size": 3});
        assert_eq!(stream.event().await, ("created".to_owned(), entity));
    });
}
