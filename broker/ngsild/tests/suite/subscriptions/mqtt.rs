//! Endpoints over MQTT (clause 7).

use ngsild::subscription::{Mqtt, MqttQos, MqttVersion, Transport};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{create, place, sent_to, watch};

fn mqtt(endpoint: Value) -> Mqtt {
    match watch(&sent_to(endpoint)).endpoint.transport {
        Transport::Mqtt(mqtt) => mqtt,
        Transport::Http => panic!("it is an endpoint over MQTT"),
    }
}

/// `user:password@host:port/topic` as they are understood, and whether TLS is used.
fn read(uri: &str) -> (bool, String) {
    let Mqtt { server, topic, .. } = mqtt(json!({ "uri": uri }));
    let secret = server.password.as_ref().map(|password| password.reveal());
    let who = format!("{}:{}", server.user.as_deref().unwrap_or("-"), secret.unwrap_or("-"));
    (server.tls, format!("{who} {} {} {topic}", server.host, server.port))
}

#[test]
fn an_address_tells_server_user_and_topic() {
    for (uri, tls, expected) in [
        ("mqtt://a.example/t", false, "-:- a.example 1883 t"),
        ("MQTTS://a.example/t", true, "-:- a.example 8883 t"),
        ("mqtt://a.example:2883/t/u/v", false, "-:- a.example 2883 t/u/v"),
        ("mqtt://a.example:/t", false, "-:- a.example 1883 t"),
        ("mqtts://ann@a.example:443/t", true, "ann:- a.example 443 t"),
        ("mqtt://ann:pass@a.example/t", false, "ann:pass a.example 1883 t"),
        ("mqtt://ann:p%40s%3As%2F@a.example/t", false, "ann:p@s:s/ a.example 1883 t"),
        ("mqtt://ann:p:q@a.example/t", false, "ann:p:q a.example 1883 t"),
        ("mqtt://:pass@a.example/t", false, "-:pass a.example 1883 t"),
        ("mqtt://[2001:db8::1]:2883/t", false, "-:- 2001:db8::1 2883 t"),
        ("mqtt://192.0.2.1/t", false, "-:- 192.0.2.1 1883 t"),
        ("mqtt://a.example//t/", false, "-:- a.example 1883 /t/"),
        ("mqtt://a.example/%E5%BA%83%E5%A0%B4/a%20b%3Fc", false, "-:- a.example 1883 広場/a b?c"),
        ("mqtt://a.example/広場", false, "-:- a.example 1883 広場"),
    ] {
        assert_eq!(read(uri), (tls, expected.to_owned()), "{uri}");
    }
}

#[test]
fn settings_have_the_standards_defaults() {
    let settings = |info: Value| {
        let mqtt = mqtt(json!({"uri": "mqtt://a.example/t", "notifierInfo": info}));
        (mqtt.qos, mqtt.server.version)
    };
    let pair = |key: &str, value: &str| json!({"key": key, "value": value});
    assert_eq!(settings(json!([])), (MqttQos::AtMostOnce, MqttVersion::V5_0));
    assert_eq!(settings(json!([pair("MQTT-QoS", "0")])).0, MqttQos::AtMostOnce);
    assert_eq!(settings(json!([pair("MQTT-QoS", "1")])).0, MqttQos::AtLeastOnce);
    let both = json!([pair("MQTT-QoS", "2"), pair("MQTT-Version", "mqtt3.1.1"), pair("other", "x")]);
    assert_eq!(settings(both), (MqttQos::ExactlyOnce, MqttVersion::V3_1_1));
    assert_eq!(settings(json!([pair("MQTT-Version", "mqtt5.0")])).1, MqttVersion::V5_0);
}

#[test]
fn what_mqtt_cannot_carry_is_refused_with_its_place() {
    let (uri, info) = ("/notification/endpoint/uri", "/notification/endpoint/notifierInfo");
    let setting =
        |key: &str, value: &str| json!({"uri": "mqtt://a.example/t", "notifierInfo": [{"key": key, "value": value}]});
    let old = json!([{"key": "MQTT-Version", "value": "mqtt3.1.1"}]);
    for (endpoint, at, says) in [
        (json!({"uri": "mqtt://a.example"}), uri, "topic"),
        (json!({"uri": "mqtt://a.example/"}), uri, "topic"),
        (json!({"uri": "mqtt://a.example/a/+"}), uri, "wildcards"),
        (json!({"uri": "mqtt://a.example/a/#"}), uri, "wildcards"),
        (json!({"uri": "mqtt://a.example/a/%2B/b"}), uri, "wildcards"),
        (json!({"uri": "mqtt://a.example/a/%23"}), uri, "wildcards"),
        (json!({"uri": "mqtt://a.example/a%00b"}), uri, "control characters"),
        (json!({"uri": "mqtt://a.example/a%0Ab"}), uri, "control characters"),
        (json!({"uri": "mqtt://a.example/%FF"}), uri, "UTF-8"),
        (json!({"uri": "mqtt://a.example/a?b=c"}), uri, "%3F"),
        (json!({"uri": format!("mqtt://a.example/{}", "a".repeat(2_048))}), uri, "2048 bytes"),
        (json!({"uri": "mqtt://ann%00:p@a.example/a"}), uri, "user"),
        (json!({"uri": "mqtt://ann:p%FF@a.example/a"}), uri, "password"),
        (json!({"uri": "mqtt://:1883/a"}), uri, "host"),
        (json!({"uri": "mqtt://ann@/a"}), uri, "host"),
        (json!({"uri": "mqtt://a.example:0/a"}), uri, "port"),
        (json!({"uri": "mqtt://:secret@a.example/a", "notifierInfo": old}), uri, "needs a user"),
        (
            json!({"uri": "mqtt://a.example/a", "accept": "application/geo+json"}),
            "/notification/endpoint/accept",
            "MQTT",
        ),
        (setting("MQTT-QoS", "3"), info, "0, 1, 2"),
        (setting("MQTT-QoS", ""), info, "0, 1, 2"),
        (setting("MQTT-Version", "5"), info, "mqtt3.1.1, mqtt5.0"),
    ] {
        let error = create(&sent_to(endpoint.clone())).unwrap_err();
        assert!(error.detail.contains(says), "{endpoint}: {}", error.detail);
        assert!(!error.detail.contains("secret"), "{}", error.detail);
        assert_eq!(place(error), at, "{endpoint}");
    }
}

#[test]
fn a_password_is_not_shown_by_accident() {
    let mqtt = mqtt(json!({"uri": "mqtt://ann:secret@a.example/t"}));
    assert!(!format!("{mqtt:?}").contains("secret"), "{mqtt:?}");
}

proptest! {
    #[test]
    fn no_address_is_too_odd_to_be_read(rest in "[-a-z0-9:@/%\\[\\]+#?.~広]{0,40}") {
        if let Ok(subscription) = create(&sent_to(json!({"uri": format!("mqtt://{rest}")}))) {
            let Transport::Mqtt(mqtt) = ngsild::subscription::Watch::of(&subscription).unwrap().endpoint.transport else {
                panic!("{rest}")
            };
            prop_assert!(!mqtt.topic.is_empty() && !mqtt.topic.contains(['+', '#', '\0']));
            prop_assert!(!mqtt.server.host.is_empty() && mqtt.server.port != 0);
        }
    }
}
