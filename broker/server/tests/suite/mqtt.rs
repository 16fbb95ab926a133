//! Changes are told over MQTT (clause 7), by the built binary and a real MQTT server.

use serde_json::{Value, json};

use crate::mosquitto::{Message, Mosquitto};
use crate::notifications::{ARGUMENTS, SUBSCRIPTIONS, create_before, entity, set, subscribe};
use crate::support::{Broker, eventually, run};

/// A subscription to entities of type T.
fn to(id: &str, uri: &str, more: Value) -> Value {
    let mut endpoint = json!({ "uri": uri });
    endpoint.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({
        "id": id, "type": "Subscription", "entities": [{"type": "T"}], "notification": {"endpoint": endpoint}
    })
}

fn settings(version: &str, qos: u8) -> Value {
    json!({"notifierInfo": [{"key": "MQTT-Version", "value": version}, {"key": "MQTT-QoS", "value": qos.to_string()}]})
}

/// What was told of `p`, in order.
fn values(messages: &[Message]) -> Vec<i64> {
    messages.iter().filter_map(|message| message.body["body"]["data"][0]["p"]["value"].as_i64()).collect()
}

async fn told(broker: &Broker, id: &str) -> Value {
    broker.get(&format!("{SUBSCRIPTIONS}/{id}")).send().await.json()["notification"].clone()
}

/// The reason of the one notification that was given up.
async fn given_up(broker: &Broker, id: &str) -> String {
    let mut reason = String::new();
    eventually("a notification is given up", async || {
        let letters = broker.get(&format!("/subscriptions/{id}/deadLetters")).send().await.text;
        assert!(!letters.contains("secret"), "{letters}");
        let letters: Value = serde_json::from_str(&letters).unwrap();
        reason = letters["deadLetters"][0]["error"].as_str().unwrap_or_default().to_owned();
        !reason.is_empty()
    })
    .await;
    reason
}

#[test]
fn a_change_is_published_in_both_versions_with_every_quality_of_service() {
    run(async {
        let Some(server) = Mosquitto::start().await else { return };
        let reader = server.read().await;
        for broker in Broker::every_with(ARGUMENTS).await {
            create_before(&broker, "urn:x:1", 0).await;
            let uri = |topic: &str| format!("mqtt://127.0.0.1:{}/{}/{topic}", server.port, broker.kind);
            subscribe(&broker, &to("urn:s:default", &uri("default"), json!({}))).await;
            for version in ["mqtt3.1.1", "mqtt5.0"] {
                for qos in 0..=2 {
                    let topic = format!("{version}/{qos}");
                    subscribe(&broker, &to(&format!("urn:s:{version}{qos}"), &uri(&topic), settings(version, qos)))
                        .await;
                }
            }
            for value in 1..=20 {
                set(&broker, "urn:x:1", value).await;
            }
            let expected: Vec<i64> = (1..=20).collect();
            for version in ["mqtt3.1.1", "mqtt5.0"] {
                for qos in 0..=2 {
                    let messages = reader.messages(&format!("{}/{version}/{qos}", broker.kind), 20).await;
                    assert_eq!(values(&messages), expected, "{version} {qos} on {}", broker.kind);
                    assert!(messages.iter().all(|message| message.qos == qos), "{version} {qos}: {messages:?}");
                }
            }
            let messages = reader.messages(&format!("{}/default", broker.kind), 20).await;
            assert_eq!((values(&messages), messages[0].qos), (expected, 0));
            eventually("the counters tell of it", async || {
                let told = told(&broker, "urn:s:mqtt3.1.11").await;
                told["timesSent"] == 20 && told["status"] == "ok" && told.get("timesFailed").is_none_or(|n| n == 0)
            })
            .await;
        }
    });
}

#[test]
fn what_are_headers_elsewhere_is_the_metadata_of_the_message() {
    run(async {
        let Some(server) = Mosquitto::start().await else { return };
        let reader = server.read().await;
        for broker in Broker::every_with(ARGUMENTS).await {
            let uri = |topic: &str| format!("mqtt://127.0.0.1:{}/{}/{topic}", server.port, broker.kind);
            let info = json!({"receiverInfo": [{"key": "Authorization", "value": "Bearer t"}, {"key": "X-A", "value": "広場"}]});
            for (id, topic, more) in [
                ("urn:s:1", "a%20b/%E5%BA%83%E5%A0%B4", info),
                ("urn:s:2", "ld", json!({"accept": "application/ld+json"})),
            ] {
                let asking = broker.post(SUBSCRIPTIONS, &to(id, &uri(topic), more)).header("NGSILD-Tenant", "city");
                assert_eq!(asking.send().await.status, 201);
            }
            let asking = broker.post("/ngsi-ld/v1/entities", &entity("urn:x:1", 7)).header("NGSILD-Tenant", "city");
            assert_eq!(asking.send().await.status, 201);

            let messages = reader.messages(&format!("{}/a b/広場", broker.kind), 1).await;
            let core = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";
            let link = format!("<{core}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"");
            let metadata = json!({
                "Content-Type": "application/json", "Link": link, "Authorization": "Bearer t", "X-A": "広場",
                "NGSILD-Tenant": "city"
            });
            let Message { body, .. } = &messages[0];
            assert_eq!(body["metadata"], metadata);
            assert_eq!(
                (&body["body"]["type"], &body["body"]["subscriptionId"]),
                (&json!("Notification"), &json!("urn:s:1"))
            );
            assert_eq!(body["body"]["data"], json!([entity("urn:x:1", 7)]));
            assert!(body["body"].get("@context").is_none() && body.as_object().unwrap().len() == 2, "{body}");

            let Message { body, .. } = &reader.messages(&format!("{}/ld", broker.kind), 1).await[0];
            let metadata = json!({"Content-Type": "application/ld+json", "NGSILD-Tenant": "city"});
            assert_eq!((&body["metadata"], &body["body"]["@context"]), (&metadata, &json!(core)));
        }
    });
}

#[test]
fn nothing_is_lost_and_the_order_is_kept_although_the_server_is_killed() {
    run(async {
        for broker in Broker::every_with(ARGUMENTS).await {
            let Some(mut server) = Mosquitto::start().await else { return };
            let reader = server.read().await;
            create_before(&broker, "urn:x:1", 0).await;
            let mut topics = Vec::new();
            for (n, version) in ["mqtt3.1.1", "mqtt5.0"].into_iter().enumerate() {
                for qos in [1, 2] {
                    let topic = format!("killed/{n}/{qos}");
                    let uri = format!("mqtt://127.0.0.1:{}/{topic}", server.port);
                    subscribe(&broker, &to(&format!("urn:s:{n}{qos}"), &uri, settings(version, qos))).await;
                    topics.push(topic);
                }
            }
            let mut value = 0;
            for _ in 0..2 {
                for _ in 0..5 {
                    value += 1;
                    set(&broker, "urn:x:1", value).await;
                }
                for topic in &topics {
                    eventually("all of it is read", async || {
                        values(&reader.messages(topic, 0).await).last() == Some(&value)
                    })
                    .await;
                }
                server.kill();
                for _ in 0..5 {
                    value += 1;
                    set(&broker, "urn:x:1", value).await;
                }
                eventually("an attempt fails", async || told(&broker, "urn:s:01").await["status"] == "failed").await;
                server.restart().await;
            }
            for topic in &topics {
                let mut got = Vec::new();
                eventually("all is told", async || {
                    got = values(&reader.messages(topic, 0).await);
                    got.last() == Some(&value)
                })
                .await;
                got.dedup();
                assert_eq!(got, (1..=value).collect::<Vec<i64>>(), "{topic} on {}", broker.kind);
            }
        }
    });
}

#[test]
fn a_server_that_says_nothing_holds_up_nobody_else() {
    run(async {
        let Some(server) = Mosquitto::start().await else { return };
        let reader = server.read().await;
        // It accepts connections, and never says a word.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let nowhere = format!("mqtt://127.0.0.1:{}/nowhere", silent.local_addr().unwrap().port());
        for broker in Broker::every_with(ARGUMENTS).await {
            create_before(&broker, "urn:x:1", 0).await;
            for n in 0..20 {
                subscribe(&broker, &to(&format!("urn:s:{n}"), &nowhere, settings("mqtt5.0", 1))).await;
            }
            let topic = format!("held/{}", broker.kind);
            let uri = format!("mqtt://127.0.0.1:{}/{topic}", server.port);
            subscribe(&broker, &to("urn:s:fine", &uri, settings("mqtt5.0", 1))).await;
            let start = std::time::Instant::now();
            for value in 1..=5 {
                set(&broker, "urn:x:1", value).await;
            }
            assert_eq!(values(&reader.messages(&topic, 5).await), [1, 2, 3, 4, 5]);
            assert!(start.elapsed().as_secs() < 8, "{:?}", start.elapsed());
        }
    });
}

#[test]
fn user_and_certificate_are_checked_on_both_sides() {
    run(async {
        let Some(server) = Mosquitto::start_with("allow_anonymous false\npassword_file {folder}/users\n").await else {
            return;
        };
        let reader = server.read().await;
        let authority = server.authority();
        for broker in Broker::every_with(&["--allow-private-egress", "--ca-file", &authority]).await {
            create_before(&broker, "urn:x:1", 0).await;
            let user = "ann:p%40ss%3Aw%2Frd";
            let (plain, tls) = (server.port, server.tls_port);
            for (id, uri, version) in [
                ("urn:s:1", format!("mqtt://{user}@127.0.0.1:{plain}/{}/plain", broker.kind), "mqtt3.1.1"),
                ("urn:s:2", format!("mqtts://{user}@localhost:{tls}/{}/tls", broker.kind), "mqtt5.0"),
                ("urn:s:wrong", format!("mqtt://ann:secret@127.0.0.1:{plain}/{}/wrong", broker.kind), "mqtt5.0"),
                ("urn:s:other", format!("mqtts://{user}@127.0.0.1:{tls}/{}/other", broker.kind), "mqtt5.0"),
            ] {
                subscribe(&broker, &to(id, &uri, settings(version, 1))).await;
            }
            set(&broker, "urn:x:1", 1).await;
            for topic in ["plain", "tls"] {
                assert_eq!(values(&reader.messages(&format!("{}/{topic}", broker.kind), 1).await), [1]);
            }
            for id in ["urn:s:wrong", "urn:s:other"] {
                eventually("it fails", async || told(&broker, id).await["status"] == "failed").await;
            }
            for topic in ["wrong", "other"] {
                assert!(reader.messages(&format!("{}/{topic}", broker.kind), 0).await.is_empty());
            }
        }
    });
}

#[test]
fn what_cannot_arrive_is_given_up_with_the_reason_and_the_rest_goes_on() {
    run(async {
        let Some(server) = Mosquitto::start_with("allow_anonymous true\nmax_packet_size 2000\n").await else { return };
        let reader = server.read().await;
        for broker in Broker::every_with(ARGUMENTS).await {
            create_before(&broker, "urn:x:1", 0).await;
            let topic = format!("large/{}", broker.kind);
            let uri = format!("mqtt://ann:secret@127.0.0.1:{}/{topic}", server.port);
            subscribe(&broker, &to("urn:s:1", &uri, settings("mqtt5.0", 1))).await;
            broker
                .create(&json!({"id": "urn:x:2", "type": "T", "q": {"type": "Property", "value": "x".repeat(3_000)}}))
                .await;
            set(&broker, "urn:x:1", 1).await;
            assert_eq!(values(&reader.messages(&topic, 1).await), [1]);
            let reason = given_up(&broker, "urn:s:1").await;
            assert!(reason.contains("too large") && reason.contains("2000"), "{reason}");
        }
    });
}

#[test]
fn the_gate_holds_for_mqtt_too() {
    run(async {
        let Some(server) = Mosquitto::start().await else { return };
        let reader = server.read().await;
        for (arguments, says) in
            [(&[][..], "--allow-private-egress"), (&["--allow-private-egress", "--offline"][..], "--offline")]
        {
            let broker = Broker::sqlite_with(arguments).await;
            create_before(&broker, "urn:x:1", 0).await;
            for (n, host) in ["127.0.0.1", "localhost", "[::1]", "127.1"].into_iter().enumerate() {
                let uri = format!("mqtt://ann:secret@{host}:{}/gate", server.port);
                subscribe(&broker, &to(&format!("urn:s:{n}"), &uri, json!({}))).await;
            }
            set(&broker, "urn:x:1", 1).await;
            for n in 0..4 {
                let reason = given_up(&broker, &format!("urn:s:{n}")).await;
                assert!(reason.contains(says), "{reason}");
            }
        }
        assert!(reader.messages("gate", 0).await.is_empty());
    });
}
