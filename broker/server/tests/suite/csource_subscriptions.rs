//! Subscriptions to context source registrations (5.11, 6.12, 6.13): what clients say of them, and what they are told.

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};

use crate::receiver::{Letter, Receiver};
use crate::registrations::{of_greenhouses, patch, path, register};
use crate::support::{Broker, eventually, run};

const SUBSCRIPTIONS: &str = "/ngsi-ld/v1/csourceSubscriptions";
const ARGUMENTS: &[&str] = &["--allow-private-egress"];

/// A subscription to sources that have greenhouses, with other members in their places.
fn to(id: &str, address: &str, members: Value) -> Value {
    let mut body = json!({
        "id": id, "type": "Subscription", "entities": [{"type": "Greenhouse"}], "notification": {"endpoint": {"uri": address}}
    });
    for (name, value) in members.as_object().unwrap() {
        body[name.as_str()] = value.clone();
    }
    body
}

async fn subscribe(broker: &Broker, body: &Value) {
    let answer = broker.post(SUBSCRIPTIONS, body).send().await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

async fn unregister(broker: &Broker, id: &str) {
    assert_eq!(broker.ask(Method::DELETE, &path(id)).send().await.status, 204);
}

/// Why, and the ids of what was told, in order.
fn told(letters: &[Letter]) -> Vec<(String, Vec<String>)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let ids = |letter: &Letter| letter.body["data"].as_array().unwrap().iter().map(|one| text(&one["id"])).collect();
    letters.iter().map(|letter| (text(&letter.body["triggerReason"]), ids(letter))).collect()
}

fn expected(pairs: &[(&str, &[&str])]) -> Vec<(String, Vec<String>)> {
    pairs.iter().map(|(why, ids)| ((*why).to_owned(), ids.iter().map(|id| (*id).to_owned()).collect())).collect()
}

#[test]
fn a_subscription_to_registrations_is_created_shown_changed_and_deleted_apart_from_those_to_entities() {
    run(async {
        for broker in Broker::every().await {
            let body = to(
                "urn:s:1",
                "http://receiver.example/hook",
                json!({"csf": "speed>5", "temporalQ": {"timerel": "after", "timeAt": "2026-01-01T00:00:00Z"}}),
            );
            let created = broker.post(SUBSCRIPTIONS, &body).send().await;
            assert_eq!(
                created.header("location"),
                Some("/ngsi-ld/v1/csourceSubscriptions/urn:s:1"),
                "{}",
                created.text
            );
            assert_eq!(broker.post(SUBSCRIPTIONS, &body).send().await.status, 409);
            let place = format!("{SUBSCRIPTIONS}/urn:s:1");
            let mut shown = body.clone();
            shown["status"] = json!("active");
            assert_eq!(broker.get(&place).send().await.json(), shown);
            assert_eq!(broker.get(SUBSCRIPTIONS).send().await.json(), json!([shown]));

            let other = "/ngsi-ld/v1/subscriptions";
            for method in [Method::GET, Method::DELETE] {
                assert_eq!(broker.ask(method, &format!("{other}/urn:s:1")).send().await.status, 404);
            }
            let change = json!({"isActive": false});
            assert_eq!(broker.ask(Method::PATCH, &format!("{other}/urn:s:1")).body(&change).send().await.status, 404);
            let counted = broker.get(&format!("{other}?count=true")).send().await;
            assert_eq!((counted.json(), counted.header("ngsild-results-count")), (json!([]), Some("0")));
            let of_entities = to("urn:s:2", "http://receiver.example/hook", json!({}));
            assert_eq!(broker.post(other, &of_entities).send().await.status, 201);
            let counted = broker.get(&format!("{SUBSCRIPTIONS}?count=true")).send().await;
            assert_eq!((counted.json(), counted.header("ngsild-results-count")), (json!([shown]), Some("1")));
            assert_eq!(broker.get(&format!("{SUBSCRIPTIONS}/urn:s:2")).send().await.status, 404);

            assert_eq!(broker.ask(Method::PATCH, &place).body(&change).send().await.status, 204);
            let broker = broker.kill_and_restart().await;
            assert_eq!(broker.get(&place).send().await.json()["status"], "paused");
            assert_eq!(broker.ask(Method::DELETE, &place).send().await.status, 204);
            assert_eq!(broker.get(&place).send().await.status, 404);

            let geojson =
                json!({"notification": {"endpoint": {"uri": "http://r.example/", "accept": "application/geo+json"}}});
            for (members, place) in
                [(geojson, "accept"), (json!({"temporalQ": {"timerel": "after"}}), "/temporalQ/timeAt")]
            {
                let refused = broker.post(SUBSCRIPTIONS, &to("urn:s:3", "http://r.example/", members)).send().await;
                assert_eq!((refused.status, refused.error().as_str()), (400, "BadRequestData"));
                assert!(refused.text.contains(place), "{}", refused.text);
            }
        }
    });
}

#[test]
fn registrations_are_told_when_they_begin_change_and_end() {
    run(async {
        let receiver = Receiver::start().await;
        for (n, broker) in Broker::every_with(ARGUMENTS).await.into_iter().enumerate() {
            let (hook, kind) = (format!("/told/{n}"), broker.kind);
            register(&broker, &of_greenhouses("urn:r:1", json!({}))).await;
            let fields = json!({"information": [{"entities": [{"type": "Field"}]}]});
            register(&broker, &of_greenhouses("urn:r:2", fields.clone())).await;
            let info = json!([{"key": "X-Who", "value": "me"}]);
            let endpoint = json!({"uri": format!("{}{hook}", receiver.address), "receiverInfo": info});
            subscribe(&broker, &to("urn:s:1", "", json!({"notification": {"endpoint": endpoint}}))).await;
            register(&broker, &of_greenhouses("urn:r:3", json!({"mode": "redirect"}))).await;
            assert_eq!(patch(&broker, "urn:r:1", &json!({"description": "d"})).await.status, 204);
            assert_eq!(patch(&broker, "urn:r:2", &json!({"description": "not of interest"})).await.status, 204);
            let greenhouses =
                json!({"information": [{"entities": [{"type": "Field"}]}, {"entities": [{"type": "Greenhouse"}]}]});
            assert_eq!(patch(&broker, "urn:r:2", &greenhouses).await.status, 204);
            assert_eq!(patch(&broker, "urn:r:2", &fields).await.status, 204);
            unregister(&broker, "urn:r:2").await;
            unregister(&broker, "urn:r:3").await;
            let letters = receiver.letters(&hook, 6).await;
            let steps = expected(&[
                ("newlyMatching", &["urn:r:1"]),
                ("newlyMatching", &["urn:r:3"]),
                ("updated", &["urn:r:1"]),
                ("newlyMatching", &["urn:r:2"]),
                ("noLongerMatching", &["urn:r:2"]),
                ("noLongerMatching", &["urn:r:3"]),
            ]);
            assert_eq!(told(&letters), steps, "on {kind}");
            let Letter { head, body, .. } = &letters[3];
            assert!(head.contains("x-who: me") && head.contains("link: <https://uri.etsi.org/"), "{head}");
            assert_eq!(body["type"], "ContextSourceNotification");
            assert_eq!(body["subscriptionId"], "urn:s:1");
            assert_eq!(body["data"][0]["information"], json!([{"entities": [{"type": "Greenhouse"}]}]), "what matters");
            assert_eq!(letters[5].body["data"][0]["mode"], "redirect", "as it was last");
            eventually("the counters tell of it", async || {
                let shown = broker.get(&format!("{SUBSCRIPTIONS}/urn:s:1")).send().await.json();
                shown["notification"]["timesSent"] == 6 && shown["notification"]["status"] == "ok"
            })
            .await;
        }
    });
}

#[test]
fn who_changes_a_subscription_is_told_of_all_that_match_again_and_who_pauses_it_of_nothing() {
    run(async {
        let receiver = Receiver::start().await;
        for (n, broker) in Broker::every_with(ARGUMENTS).await.into_iter().enumerate() {
            let hook = format!("/again/{n}");
            for id in ["urn:r:2", "urn:r:1"] {
                register(&broker, &of_greenhouses(id, json!({"scope": format!("/s{}", &id[6..])}))).await;
            }
            subscribe(&broker, &to("urn:s:1", &format!("{}{hook}", receiver.address), json!({"isActive": false})))
                .await;
            assert_eq!(patch(&broker, "urn:r:1", &json!({"description": "d"})).await.status, 204);
            let place = format!("{SUBSCRIPTIONS}/urn:s:1");
            for change in [json!({"isActive": true}), json!({"scopeQ": "/s1"})] {
                assert_eq!(broker.ask(Method::PATCH, &place).body(&change).send().await.status, 204);
            }
            let steps = expected(&[("newlyMatching", &["urn:r:2", "urn:r:1"]), ("newlyMatching", &["urn:r:1"])]);
            assert_eq!(told(&receiver.letters(&hook, 2).await), steps, "on {}", broker.kind);
        }
    });
}

#[test]
fn registrations_that_end_by_themselves_are_told_and_periodic_subscriptions_look_again_and_again() {
    run(async {
        let receiver = Receiver::start().await;
        for (n, broker) in Broker::every_with(ARGUMENTS).await.into_iter().enumerate() {
            let (ends, regularly) = (format!("/ends/{n}"), format!("/regularly/{n}"));
            let address = |hook: &str| format!("{}{hook}", receiver.address);
            subscribe(&broker, &to("urn:s:1", &address(&ends), json!({}))).await;
            register(&broker, &of_greenhouses("urn:r:1", json!({}))).await;
            subscribe(&broker, &to("urn:s:2", &address(&regularly), json!({"timeInterval": 1}))).await;
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            let soon = ngsild::DateTime::from_micros(i64::try_from(now.as_micros()).unwrap() + 2_000_000);
            register(&broker, &of_greenhouses("urn:r:2", json!({"expiresAt": soon}))).await;
            let steps = expected(&[
                ("newlyMatching", &["urn:r:1"]),
                ("newlyMatching", &["urn:r:2"]),
                ("noLongerMatching", &["urn:r:2"]),
            ]);
            assert_eq!(told(&receiver.letters(&ends, 3).await), steps, "on {}", broker.kind);
            let letters = told(&receiver.letters(&regularly, 3).await);
            assert_eq!(letters[0], expected(&[("newlyMatching", &["urn:r:1"])])[0]);
            eventually("only one is left", async || {
                let letters = told(&receiver.letters(&regularly, 3).await);
                letters.len() > 3 && letters.last() == Some(&letters[0])
            })
            .await;
        }
    });
}

#[test]
fn what_was_acknowledged_is_told_although_receivers_fail_and_the_broker_is_killed() {
    run(async {
        let receiver = Receiver::start().await;
        for (n, mut broker) in Broker::every_with(ARGUMENTS).await.into_iter().enumerate() {
            let hook = format!("/503/1/{n}");
            subscribe(&broker, &to("urn:s:1", &format!("{}{hook}", receiver.address), json!({}))).await;
            let mut steps = Vec::new();
            for round in 0..3 {
                for n in 0..5 {
                    let id = format!("urn:r:{round}{n}");
                    register(&broker, &of_greenhouses(&id, json!({}))).await;
                    steps.push(("newlyMatching".to_owned(), vec![id]));
                }
                broker = broker.kill_and_restart_with(ARGUMENTS).await;
            }
            let mut all = Vec::new();
            eventually("the last one is told", async || {
                all = told(&receiver.letters(&hook, 0).await);
                all.last() == steps.last()
            })
            .await;
            all.dedup();
            assert_eq!(all, steps, "in order, some perhaps twice in a row, on {}", broker.kind);
        }
    });
}

#[test]
fn what_is_registered_while_somebody_subscribes_is_told_once() {
    run(async {
        let receiver = Receiver::start().await;
        for (n, broker) in Broker::every_with(ARGUMENTS).await.into_iter().enumerate() {
            let hook = format!("/meanwhile/{n}");
            let body = to("urn:s:1", &format!("{}{hook}", receiver.address), json!({}));
            let bodies: Vec<Value> = (0..12).map(|n| of_greenhouses(&format!("urn:r:{n:02}"), json!({}))).collect();
            let all = join_all(bodies.iter().map(|body| register(&broker, body)));
            join(all, subscribe(&broker, &body)).await;
            register(&broker, &of_greenhouses("urn:r:99", json!({}))).await;
            let mut ids: Vec<String> = Vec::new();
            eventually("the last one is told", async || {
                let letters = told(&receiver.letters(&hook, 0).await);
                ids = letters.into_iter().flat_map(|(_, ids)| ids).collect();
                ids.last().map(String::as_str) == Some("urn:r:99")
            })
            .await;
            ids.sort_unstable();
            let each: Vec<String> = (0..12).chain([99]).map(|n| format!("urn:r:{n:02}")).collect();
            assert_eq!(ids, each, "on {}", broker.kind);
        }
    });
}
