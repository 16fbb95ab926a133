//! Who subscribes to a snapshot is told of what happens in it, and of nothing else.

use super::*;
use crate::mosquitto::Mosquitto;
use crate::notifications::{ARGUMENTS, SUBSCRIPTIONS};
use crate::receiver::{Letter, Receiver};

/// A subscription to entities of type T.
fn to(id: &str, address: &str, more: Value) -> Value {
    let mut body = json!({
        "id": id, "type": "Subscription", "entities": [{"type": "T"}], "notification": {"endpoint": {"uri": address}}
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn subscribe(asking: Asking<'_>) {
    let answer = asking.send().await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

fn change<'b>(broker: &'b Broker, id: &str, n: i64) -> Asking<'b> {
    broker.ask(Method::PATCH, &format!("{ENTITIES}/{id}/attrs/n")).body(&json!({"value": n}))
}

/// Gives `n` of an entity in a snapshot a value.
async fn set(broker: &Broker, snapshot: &str, id: &str, n: i64) {
    let answer = on(change(broker, id, n), snapshot).send().await;
    assert_eq!(answer.status, 204, "{}", answer.text);
}

/// Entities, and snapshots of them, whose preparation the whole log tells of: until then it may be told to who subscribes.
async fn with_snapshots(broker: &Broker, snapshots: &[&str]) {
    create_entities(broker, 3).await;
    for id in snapshots {
        prepare(broker, &of_type(id, "T")).await;
    }
    broker.create(&json!({"id": "urn:x:last", "type": "Other"})).await;
    broker.changes("/changes", 4).await;
}

/// Which entity and value of `n` was told, in order.
fn told(letters: &[Letter]) -> Vec<(String, i64)> {
    let read = |letter: &Letter| {
        let entity = &letter.body["data"][0];
        (entity["id"].as_str().unwrap().to_owned(), entity["n"]["value"].as_i64().unwrap())
    };
    letters.iter().map(read).collect()
}

fn pair(id: &str, n: i64) -> (String, i64) {
    (id.to_owned(), n)
}

fn west(asking: Asking<'_>) -> Asking<'_> {
    asking.header("NGSILD-Tenant", "west")
}

fn on_west(asking: Asking<'_>) -> Asking<'_> {
    west(on(asking, "urn:s:1"))
}

async fn listed(asking: Asking<'_>) -> Vec<String> {
    let answer = asking.send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json().as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn only_what_happens_in_a_snapshot_is_told_to_those_who_subscribe_to_it() {
    run(async {
        let receiver = Receiver::start().await;
        for broker in Broker::every_with(ARGUMENTS).await {
            with_snapshots(&broker, &["urn:s:1", "urn:s:2"]).await;
            let path = |name: &str| format!("/{name}/{}", broker.kind);
            let address = |name: &str| format!("{}{}", receiver.address, path(name));
            let body = |name: &str| to("urn:sub", &address(name), json!({}));
            subscribe(on(broker.post(SUBSCRIPTIONS, &body("one")), "urn:s:1")).await;
            subscribe(on(broker.post(SUBSCRIPTIONS, &body("two")), "urn:s:2")).await;
            subscribe(broker.post(SUBSCRIPTIONS, &body("tenant"))).await;
            let feed = broker.changes("/changes", 4).await;

            set(&broker, "urn:s:1", "urn:x:0", 10).await;
            set(&broker, "urn:s:2", "urn:x:0", 20).await;
            assert_eq!(change(&broker, "urn:x:0", 30).send().await.status, 204);
            set(&broker, "urn:s:1", "urn:x:1", 11).await;
            set(&broker, "urn:s:2", "urn:x:1", 21).await;
            assert_eq!(change(&broker, "urn:x:1", 31).send().await.status, 204);
            for (name, first, snapshot) in
                [("one", 10, Some("urn:s:1")), ("two", 20, Some("urn:s:2")), ("tenant", 30, None)]
            {
                let letters = receiver.letters(&path(name), 2).await;
                assert_eq!(told(&letters), [pair("urn:x:0", first), pair("urn:x:1", first + 1)], "{name}");
                for Letter { head, body, .. } in &letters {
                    let header = head.lines().find_map(|line| line.strip_prefix("ngsild-snapshot: "));
                    assert_eq!(header, snapshot, "{head}");
                    assert!(!head.contains("ngsild-tenant"), "{head}");
                    assert_eq!(body["subscriptionId"], "urn:sub");
                }
            }
            let after = feed.last().unwrap()["position"].as_str().unwrap();
            let news = broker.changes(&format!("/changes?after={after}"), 2).await;
            let news: Vec<_> = news.iter().map(|change| change["id"].as_str().unwrap()).collect();
            assert_eq!(news, ["urn:x:0", "urn:x:1"], "the tenant's own");
        }
    });
}

#[test]
fn the_subscriptions_of_a_snapshot_are_its_own() {
    run(async {
        let receiver = Receiver::start().await;
        for broker in Broker::every_with(ARGUMENTS).await {
            with_snapshots(&broker, &["urn:s:1"]).await;
            let path = format!("{SUBSCRIPTIONS}/urn:sub:1");
            let body = to("urn:sub:1", &format!("{}/own/{}", receiver.address, broker.kind), json!({"q": "n>5"}));
            let created = on(broker.post(SUBSCRIPTIONS, &body), "urn:s:1").send().await;
            assert_eq!((created.status, created.header("location")), (201, Some(path.as_str())));
            assert_eq!(created.header("NGSILD-Snapshot"), Some("urn:s:1"));
            let again = on(broker.post(SUBSCRIPTIONS, &body), "urn:s:1").send().await;
            assert_eq!(outcome(&again), (409, "AlreadyExists".into()));
            subscribe(broker.post(SUBSCRIPTIONS, &to("urn:sub:2", "http://receiver.example/", json!({})))).await;
            assert_eq!(listed(on(broker.get(SUBSCRIPTIONS), "urn:s:1")).await, ["urn:sub:1"]);
            assert_eq!(listed(broker.get(SUBSCRIPTIONS)).await, ["urn:sub:2"]);

            let patch = |q: &str| broker.ask(Method::PATCH, &path).body(&json!({ "q": q }));
            let letters = format!("/subscriptions/{}/deadLetters", "urn:sub:1");
            for elsewhere in [
                broker.get(&path),
                patch("n>6"),
                broker.ask(Method::DELETE, &path),
                broker.get(&letters),
                on(broker.get(&path), "urn:s:unknown"),
                on(broker.post(SUBSCRIPTIONS, &body), "urn:s:unknown"),
            ] {
                assert_eq!(outcome(&elsewhere.send().await), (404, "ResourceNotFound".into()));
            }
            assert_eq!(on(patch("n>6"), "urn:s:1").send().await.status, 204);
            let shown = on(broker.get(&path), "urn:s:1").send().await.json();
            assert_eq!((&shown["q"], &shown["status"]), (&json!("n>6"), &json!("active")));
            assert_eq!(on(broker.get(&letters), "urn:s:1").send().await.json()["deadLetters"], json!([]));

            create(&broker, &of_type("urn:s:other", "T")).await;
            prepared(&broker, "urn:s:other").await;
            let copy = json!({"id": "urn:s:copy", "type": "Snapshot"});
            assert_eq!(broker.post(&format!("{SNAPSHOTS}/urn:s:1/clone"), &copy).send().await.status, 201);
            prepared(&broker, "urn:s:copy").await;
            assert_eq!(listed(on(broker.get(SUBSCRIPTIONS), "urn:s:copy")).await, [""; 0], "a copy has none");

            assert_eq!(on(broker.ask(Method::DELETE, &path), "urn:s:1").send().await.status, 204);
            assert_eq!(listed(on(broker.get(SUBSCRIPTIONS), "urn:s:1")).await, [""; 0]);
            let registrations = on(broker.get("/ngsi-ld/v1/csourceSubscriptions"), "urn:s:1").send().await;
            assert_eq!(outcome(&registrations), (422, "OperationNotSupported".into()));
        }
    });
}

#[test]
fn what_happened_in_a_snapshot_is_told_after_a_crash_too() {
    run(async {
        let receiver = Receiver::start().await;
        for broker in Broker::every_with(ARGUMENTS).await {
            with_snapshots(&broker, &["urn:s:1"]).await;
            let path = format!("/503/1/{}", broker.kind);
            let body = to("urn:sub", &format!("{}{path}", receiver.address), json!({}));
            subscribe(on(broker.post(SUBSCRIPTIONS, &body), "urn:s:1")).await;
            for n in 10..15 {
                set(&broker, "urn:s:1", "urn:x:0", n).await;
            }
            let broker = broker.kill_and_restart_with(ARGUMENTS).await;
            set(&broker, "urn:s:1", "urn:x:0", 15).await;
            let letters = receiver.letters(&path, 7).await;
            let mut values: Vec<i64> = told(&letters).into_iter().map(|(_, n)| n).collect();
            values.dedup();
            assert_eq!(values, [10, 11, 12, 13, 14, 15], "{}", broker.kind);
            assert!(letters.iter().all(|letter| letter.head.contains("ngsild-snapshot: urn:s:1")), "{letters:?}");
        }
    });
}

#[test]
fn nothing_is_told_of_a_snapshot_that_is_gone() {
    run(async {
        let receiver = Receiver::start().await;
        for broker in Broker::every_with(ARGUMENTS).await {
            with_snapshots(&broker, &["urn:s:1", "urn:s:2"]).await;
            let hang = |name: &str| format!("{}/503/{name}", receiver.address);
            for (id, address) in [("urn:sub:1", hang("99")), ("urn:sub:2", hang("98"))] {
                let subscribing = on(broker.post(SUBSCRIPTIONS, &to(id, &address, json!({}))), "urn:s:1");
                subscribe(subscribing).await;
            }
            let path = format!("/left/{}", broker.kind);
            let body = to("urn:sub:1", &format!("{}{path}", receiver.address), json!({}));
            subscribe(on(broker.post(SUBSCRIPTIONS, &body), "urn:s:2")).await;
            set(&broker, "urn:s:1", "urn:x:0", 10).await;
            let waiting = async |line: &str| {
                eventually(&format!("{line} on {}", broker.kind), async || {
                    broker.get("/metrics").send().await.text.contains(line)
                })
                .await;
            };
            waiting("hiroba_waiting_notifications 2\n").await;
            assert_eq!(broker.ask(Method::DELETE, &super::path("urn:s:1")).send().await.status, 204);
            waiting("hiroba_waiting_notifications 0\n").await;
            waiting("hiroba_waiting_subscriptions 0\n").await;
            // One with the same name begins without them.
            prepare(&broker, &of_type("urn:s:1", "T")).await;
            assert_eq!(listed(on(broker.get(SUBSCRIPTIONS), "urn:s:1")).await, [""; 0]);
            set(&broker, "urn:s:1", "urn:x:0", 11).await;
            set(&broker, "urn:s:2", "urn:x:0", 12).await;
            assert_eq!(told(&receiver.letters(&path, 1).await), [pair("urn:x:0", 12)]);
        }
    });
}

#[test]
fn a_change_in_a_snapshot_is_told_with_all_that_happened_while_nobody_subscribed() {
    run(async {
        let receiver = Receiver::start().await;
        for broker in Broker::every_with(ARGUMENTS).await {
            with_snapshots(&broker, &["urn:s:1"]).await;
            let path = |name: &str| format!("/{name}/{}", broker.kind);
            let address = |name: &str| format!("{}{}", receiver.address, path(name));
            // Somebody follows the tenant all the time.
            subscribe(broker.post(SUBSCRIPTIONS, &to("urn:sub:t", &address("always"), json!({})))).await;
            for (round, name) in ["first", "second", "third"].into_iter().enumerate() {
                let body = to(&format!("urn:sub:{name}"), &address(name), json!({}));
                subscribe(on(broker.post(SUBSCRIPTIONS, &body), "urn:s:1")).await;
                set(&broker, "urn:s:1", "urn:x:2", 100).await;
                let letters = receiver.letters(&path(name), 1).await;
                let entity = &letters[0].body["data"][0];
                let expected = if round == 0 { Value::Null } else { json!(round) };
                assert_eq!((&entity["n"]["value"], &entity["m"]["value"]), (&json!(100), &expected), "{entity}");
                let own = format!("{SUBSCRIPTIONS}/urn:sub:{name}");
                assert_eq!(on(broker.ask(Method::DELETE, &own), "urn:s:1").send().await.status, 204);
                // These changes are passed over, up to the one of the tenant at least.
                let merge = |body: Value| broker.ask(Method::PATCH, &format!("{ENTITIES}/urn:x:2")).body(&body);
                let merged = on(merge(json!({"m": round + 1, "n": 0})), "urn:s:1").send().await;
                assert_eq!(merged.status, 204, "{}", merged.text);
                assert_eq!(merge(json!({"m": round + 1})).send().await.status, 204);
                receiver.letters(&path("always"), round + 1).await;
            }
        }
    });
}

#[test]
fn the_entities_of_a_snapshot_are_told_at_intervals() {
    run(async {
        let receiver = Receiver::start().await;
        for broker in Broker::every_with(ARGUMENTS).await {
            with_snapshots(&broker, &["urn:s:1"]).await;
            set(&broker, "urn:s:1", "urn:x:0", 10).await;
            let path = format!("/regularly/{}", broker.kind);
            let body = to("urn:sub", &format!("{}{path}", receiver.address), json!({"timeInterval": 1, "q": "n>5"}));
            subscribe(on(broker.post(SUBSCRIPTIONS, &body), "urn:s:1")).await;
            for letter in receiver.letters(&path, 2).await {
                assert_eq!(letter.body["data"].as_array().unwrap().len(), 1, "{}", letter.body);
                assert_eq!(told(std::slice::from_ref(&letter)), [pair("urn:x:0", 10)]);
                assert!(letter.head.contains("ngsild-snapshot: urn:s:1"), "{}", letter.head);
            }
        }
    });
}

#[test]
fn a_notification_names_the_tenant_and_the_snapshot_in_the_words_of_the_tenant() {
    run(async {
        let receiver = Receiver::start().await;
        let server = Mosquitto::start().await;
        for broker in Broker::every_with(ARGUMENTS).await {
            let entity = json!({"id": "urn:x:1", "type": "T", "n": 1});
            assert_eq!(west(broker.post(ENTITIES, &entity)).send().await.status, 201);
            assert_eq!(west(broker.post(SNAPSHOTS, &of_type("urn:s:1", "T"))).send().await.status, 201);
            eventually("the snapshot is prepared", async || {
                let answer = west(broker.get(&path("urn:s:1"))).send().await;
                answer.json()["snapshotStatus"] == "success"
            })
            .await;
            let hook = format!("/410/1/{}", broker.kind);
            let context = json!(["https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld", {
                "Thing": "https://uri.etsi.org/ngsi-ld/default-context/T",
                "number": "https://uri.etsi.org/ngsi-ld/default-context/n"
            }]);
            let mut body =
                to("urn:sub", &format!("{}{hook}", receiver.address), json!({"entities": [{"type": "Thing"}]}));
            body["@context"] = context;
            let made = on_west(broker.post(SUBSCRIPTIONS, &body));
            subscribe(made).await;
            if let Some(server) = &server {
                let uri = format!("mqtt://127.0.0.1:{}/{}", server.port, broker.kind);
                subscribe(on_west(broker.post(SUBSCRIPTIONS, &to("urn:sub:mqtt", &uri, json!({}))))).await;
            }
            let changed = on_west(change(&broker, "urn:x:1", 10)).send().await;
            assert_eq!(changed.status, 204, "{}", changed.text);

            let Letter { head, body, .. } = receiver.letters(&hook, 1).await.remove(0);
            assert_eq!(body["data"][0]["number"]["value"], 10, "{body}");
            assert!(head.contains("ngsild-tenant: west\r\nngsild-snapshot: urn:s:1"), "{head}");
            let link = head.lines().find_map(|line| line.strip_prefix("link: <")?.split_once('>')).unwrap().0;
            let id = link.rsplit_once('/').unwrap().1;
            let context = &format!("/ngsi-ld/v1/jsonldContexts/{id}");
            let shown = west(broker.get(context)).send().await;
            assert_eq!(shown.status, 200, "{context}: {}", shown.text);
            assert!(shown.text.contains("\"Thing\""), "{}", shown.text);

            let letters = "/subscriptions/urn:sub/deadLetters";
            eventually("it is given up", async || {
                on_west(broker.get(letters)).send().await.json()["deadLetters"][0]["number"].is_number()
            })
            .await;
            let replayed = on_west(broker.ask(Method::POST, &format!("{letters}/replay"))).send().await;
            assert_eq!(replayed.json(), json!({"replayed": 1}), "{}", replayed.text);
            let again = receiver.letters(&hook, 2).await.remove(1);
            assert_eq!(again.body, body);

            if let Some(server) = &server {
                let reader = server.read().await;
                assert_eq!(on_west(change(&broker, "urn:x:1", 11)).send().await.status, 204);
                let message = reader.messages(broker.kind, 1).await.remove(0).body;
                assert_eq!(message["metadata"]["NGSILD-Tenant"], "west", "{message}");
                assert_eq!(message["metadata"]["NGSILD-Snapshot"], "urn:s:1", "{message}");
            }
        }
    });
}
