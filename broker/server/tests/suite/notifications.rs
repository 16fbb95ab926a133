//! Changes are told to whoever subscribed (clauses 5.8.6, 6.3.8), whatever dies meanwhile.

use reqwest::Method;
use serde_json::{Value, json};

use crate::receiver::{Letter, Receiver};
use crate::support::{Broker, eventually, run};

pub(crate) const SUBSCRIPTIONS: &str = "/ngsi-ld/v1/subscriptions";
pub(crate) const ARGUMENTS: &[&str] = &["--allow-private-egress"];

/// A subscription to entities of type T.
fn to(id: &str, receiver: &Receiver, path: &str, more: Value) -> Value {
    let mut body = json!({
        "id": id, "type": "Subscription", "entities": [{"type": "T"}],
        "notification": {"endpoint": {"uri": format!("{}{path}", receiver.address)}}
    });
    for (name, value) in more.as_object().unwrap() {
        if name == "notification" || name == "endpoint" {
            let members =
                if name == "endpoint" { &mut body["notification"]["endpoint"] } else { &mut body["notification"] };
            members.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        } else {
            body[name] = value.clone();
        }
    }
    body
}

pub(crate) async fn subscribe(broker: &Broker, body: &Value) {
    let answer = broker.post(SUBSCRIPTIONS, body).send().await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

pub(crate) async fn set(broker: &Broker, id: &str, value: i64) {
    let path = format!("/ngsi-ld/v1/entities/{id}/attrs/p");
    let answer = broker.ask(Method::PATCH, &path).body(&json!({"type": "Property", "value": value})).send().await;
    assert_eq!(answer.status, 204, "{}", answer.text);
}

pub(crate) fn entity(id: &str, value: i64) -> Value {
    json!({"id": id, "type": "T", "p": {"type": "Property", "value": value}})
}

/// Creates an entity, and waits until the log tells of it: until then it may be told to who subscribes after it.
pub(crate) async fn create_before(broker: &Broker, id: &str, value: i64) {
    broker.create(&entity(id, value)).await;
    broker.changes("/changes", 1).await;
}

/// What was told of `p`, in order.
fn values(letters: &[Letter]) -> Vec<i64> {
    letters.iter().filter_map(|letter| letter.body["data"][0]["p"]["value"].as_i64()).collect()
}

#[test]
fn a_change_is_told_with_the_headers_that_were_asked_for() {
    run(async {
        let receiver = Receiver::start().await;
        for (n, broker) in Broker::every_with(ARGUMENTS).await.into_iter().enumerate() {
            create_before(&broker, "urn:x:old", 1).await;
            let path = format!("/told/{n}");
            let info = json!({"receiverInfo": [{"key": "Authorization", "value": "Bearer t"}]});
            subscribe(&broker, &to("urn:s:1", &receiver, &path, json!({"endpoint": info}))).await;
            broker.create(&entity("urn:x:1", 7)).await;
            let letters = receiver.letters(&path, 1).await;
            let Letter { head, body, .. } = &letters[0];
            for part in ["content-type: application/json", "authorization: bearer t", "link: <https://uri.etsi.org/"] {
                assert!(head.contains(part), "{part}: {head}");
            }
            assert_eq!(body["type"], "Notification");
            assert_eq!(body["subscriptionId"], "urn:s:1");
            assert_eq!(body["data"], json!([{"id": "urn:x:1", "type": "T", "p": {"type": "Property", "value": 7}}]));
            eventually("the counters tell of it", async || {
                let shown = broker.get(&format!("{SUBSCRIPTIONS}/urn:s:1")).send().await.json();
                let told = &shown["notification"];
                told["timesSent"] == 1 && told["status"] == "ok" && told["lastSuccess"].is_string()
            })
            .await;
            assert_eq!(receiver.letters(&path, 1).await.len(), 1, "what was before is not told");
            for line in [
                "hiroba_notification_attempts_total{outcome=\"delivered\"} 1\n",
                "hiroba_waiting_notifications 0\n",
                "hiroba_waiting_subscriptions 0\n",
                "hiroba_matching_lag_seconds 0.0\n",
            ] {
                eventually(line, async || broker.get("/metrics").send().await.text.contains(line)).await;
            }
        }
    });
}

#[test]
fn a_state_that_matched_is_told_even_when_it_is_over() {
    run(async {
        let receiver = Receiver::start().await;
        for (n, broker) in Broker::every_with(ARGUMENTS).await.into_iter().enumerate() {
            create_before(&broker, "urn:x:1", 0).await;
            let path = format!("/over/{n}");
            subscribe(&broker, &to("urn:s:1", &receiver, &path, json!({"q": "p>60", "watchedAttributes": ["p"]})))
                .await;
            for value in [70, 50, 71, 51, 72, 0] {
                set(&broker, "urn:x:1", value).await;
            }
            assert_eq!(values(&receiver.letters(&path, 3).await), [70, 71, 72], "{}", broker_kind(n));
        }
    });
}

fn broker_kind(n: usize) -> &'static str {
    if n == 0 { "SQLite" } else { "PostGIS" }
}

#[test]
fn changes_and_deletions_are_told_with_what_was_before() {
    run(async {
        let receiver = Receiver::start().await;
        for (n, broker) in Broker::every_with(ARGUMENTS).await.into_iter().enumerate() {
            create_before(&broker, "urn:x:1", 1).await;
            let path = format!("/before/{n}");
            let more = json!({"notificationTrigger": ["attributeUpdated", "entityDeleted"], "notification": {"showChanges": true}});
            subscribe(&broker, &to("urn:s:1", &receiver, &path, more)).await;
            set(&broker, "urn:x:1", 2).await;
            // The same again is no change.
            set(&broker, "urn:x:1", 2).await;
            assert_eq!(broker.ask(Method::DELETE, "/ngsi-ld/v1/entities/urn:x:1").send().await.status, 204);
            let letters = receiver.letters(&path, 2).await;
            assert_eq!(letters[0].body["data"][0]["p"]["previousValue"], 1);
            let gone = &letters[1].body["data"][0];
            assert!(gone["deletedAt"].is_string(), "{gone}");
            assert_eq!(gone["p"]["previousValue"], 2, "{gone}");
        }
    });
}

#[test]
fn a_receiver_that_fails_gets_everything_in_order_and_one_that_hangs_holds_up_nobody_else() {
    run(async {
        let receiver = Receiver::start().await;
        for (n, broker) in Broker::every_with(ARGUMENTS).await.into_iter().enumerate() {
            create_before(&broker, "urn:x:1", 0).await;
            let (busy, hang, fine) = (format!("/503/2/{n}"), format!("/hang/{n}"), format!("/fine/{n}"));
            for (id, path) in [("urn:s:1", &hang), ("urn:s:2", &busy), ("urn:s:3", &fine)] {
                subscribe(&broker, &to(id, &receiver, path, json!({}))).await;
            }
            for value in 1..=5 {
                set(&broker, "urn:x:1", value).await;
            }
            assert_eq!(values(&receiver.letters(&fine, 5).await), [1, 2, 3, 4, 5]);
            let told = values(&receiver.letters(&busy, 7).await);
            assert_eq!(told, [1, 1, 1, 2, 3, 4, 5], "the first three times the same");
            assert_eq!(receiver.letters(&hang, 1).await.len(), 1, "one at a time");
            eventually("monitoring sees what hangs and what failed", async || {
                let metrics = broker.get("/metrics").send().await.text;
                metrics.contains("hiroba_notification_attempts_total{outcome=\"failed\"} 2\n")
                    && metrics.contains("hiroba_waiting_notifications 5\n")
            })
            .await;
        }
    });
}

#[test]
fn notifications_that_come_too_soon_are_dropped_and_periodic_ones_come_by_themselves() {
    run(async {
        let receiver = Receiver::start().await;
        for (n, broker) in Broker::every_with(ARGUMENTS).await.into_iter().enumerate() {
            create_before(&broker, "urn:x:1", 0).await;
            let (seldom, regularly) = (format!("/seldom/{n}"), format!("/regularly/{n}"));
            subscribe(&broker, &to("urn:s:1", &receiver, &seldom, json!({"throttling": 3600}))).await;
            subscribe(&broker, &to("urn:s:2", &receiver, &regularly, json!({"timeInterval": 1}))).await;
            for value in 1..=5 {
                set(&broker, "urn:x:1", value).await;
            }
            let letters = receiver.letters(&regularly, 2).await;
            assert_eq!(letters[1].body["data"].as_array().unwrap().len(), 1);
            assert_eq!(values(&receiver.letters(&seldom, 1).await), [1]);
        }
    });
}

#[test]
fn what_was_acknowledged_is_told_although_the_broker_is_killed_again_and_again() {
    run(async {
        let receiver = Receiver::start().await;
        for (n, mut broker) in Broker::every_with(ARGUMENTS).await.into_iter().enumerate() {
            create_before(&broker, "urn:x:1", 0).await;
            let path = format!("/killed/{n}");
            subscribe(&broker, &to("urn:s:1", &receiver, &path, json!({}))).await;
            let mut value = 0;
            for _ in 0..4 {
                for _ in 0..25 {
                    value += 1;
                    set(&broker, "urn:x:1", value).await;
                }
                broker = broker.kill_and_restart_with(ARGUMENTS).await;
            }
            set(&broker, "urn:x:1", 1_000).await;
            let mut told = Vec::new();
            eventually("the last one is told", async || {
                told = values(&receiver.letters(&path, 0).await);
                told.last() == Some(&1_000)
            })
            .await;
            told.dedup();
            let expected: Vec<i64> = (1..=value).chain([1_000]).collect();
            assert_eq!(told, expected, "in order, some perhaps twice in a row, on {}", broker_kind(n));
        }
    });
}

#[test]
fn several_processes_share_the_work_and_survive_one_another() {
    run(async {
        let receiver = Receiver::start().await;
        let Some(first) = Broker::every_with(ARGUMENTS).await.into_iter().nth(1) else { return };
        let second = first.another_with(ARGUMENTS).await;
        for n in 0..10 {
            first.create(&entity(&format!("urn:x:{n}"), 0)).await;
        }
        first.changes("/changes", 10).await;
        for n in 0..10 {
            let mut body = to(&format!("urn:s:{n}"), &receiver, &format!("/shared/{n}"), json!({}));
            body["entities"] = json!([{"type": "T", "id": format!("urn:x:{n}")}]);
            subscribe(&first, &body).await;
        }
        for value in 1..=20 {
            for n in 0..10 {
                let broker = if n % 2 == 0 { &first } else { &second };
                set(broker, &format!("urn:x:{n}"), value).await;
            }
        }
        // It is killed.
        drop(first);
        for n in 0..10 {
            set(&second, &format!("urn:x:{n}"), 21).await;
        }
        for n in 0..10 {
            let mut told = Vec::new();
            eventually("all is told", async || {
                told = values(&receiver.letters(&format!("/shared/{n}"), 0).await);
                told.last() == Some(&21)
            })
            .await;
            told.dedup();
            assert_eq!(told, (1..=21).collect::<Vec<i64>>(), "of urn:x:{n}");
        }
    });
}
