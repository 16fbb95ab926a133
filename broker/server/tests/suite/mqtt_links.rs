//! Connections to MQTT servers: what is shared, what is refused, and what odd servers can do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hiroba::egress::{Authorities, Egress, EgressPolicy};
use hiroba::mqtt::{Links, PublishError};
use hiroba_vocab::Iri;
use ngsild::jsonld::Context;
use ngsild::subscription::{Fragment, Mqtt, Subscription, Transport, Use, Watch};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::mosquitto::{Mosquitto, free_port};
use crate::support::run;

const PATIENCE: Duration = Duration::from_secs(5);

fn links(authorities: Authorities) -> Links {
    Links::new(Egress::new(EgressPolicy { offline: false, private: true }, authorities).unwrap())
}

/// An endpoint as a subscription has it.
fn at(uri: &str, version: &str, qos: u8) -> Mqtt {
    let info = json!([{"key": "MQTT-Version", "value": version}, {"key": "MQTT-QoS", "value": qos.to_string()}]);
    let body = json!({
        "id": "urn:s:1", "type": "Subscription", "entities": [{"type": "T"}],
        "notification": {"endpoint": {"uri": uri, "notifierInfo": info}}
    });
    let fragment = Fragment::read(&body, Use::Create, &Context::core()).unwrap();
    let now = ngsild::DateTime::from_micros(0);
    let subscription = Subscription::create(Iri::parse("urn:s:1").unwrap(), fragment, String::new(), now).unwrap();
    match Watch::of(&subscription).unwrap().endpoint.transport {
        Transport::Mqtt(mqtt) => mqtt,
        Transport::Http => panic!("{uri}"),
    }
}

async fn publish(links: &Links, to: &Mqtt, size: usize) -> Result<(), PublishError> {
    links.publish(to, "1".repeat(size).into(), PATIENCE).await
}

/// A way to a server that counts connections.
async fn counted(port: u16) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (own, count) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (own, count)
}

#[test]
fn messages_of_one_user_to_one_server_share_a_connection_and_a_lost_one_is_made_anew() {
    run(async {
        let Some(mut server) = Mosquitto::start().await else { return };
        let (port, connections) = counted(server.port).await;
        let links = links(Authorities::default());
        let uri = |user: &str, topic: &str| format!("mqtt://{user}127.0.0.1:{port}/{topic}");
        for (user, version, expected) in [
            ("", "mqtt5.0", 1),
            ("", "mqtt3.1.1", 2),
            ("ann:one@", "mqtt5.0", 3),
            ("ann:other@", "mqtt5.0", 4),
            ("", "mqtt5.0", 4),
        ] {
            let to: Vec<Mqtt> = (0..60).map(|n| at(&uri(user, &format!("t/{}", n % 3)), version, n % 3)).collect();
            let sent = to.iter().map(|to| publish(&links, to, 100));
            for done in futures_util::future::join_all(sent).await {
                done.unwrap();
            }
            assert_eq!(connections.load(Ordering::Relaxed), expected, "{user} {version}");
        }
        let to = at(&uri("", "t"), "mqtt5.0", 1);
        server.kill();
        let mut lost = 0;
        while publish(&links, &to, 1).await.is_err() {
            lost += 1;
            assert!(lost < 200, "it is made anew");
            if lost == 3 {
                server.restart().await;
            }
        }
        assert!(lost >= 3 && connections.load(Ordering::Relaxed) >= 5);
    });
}

#[test]
fn a_refusal_tells_its_reason_and_never_the_password() {
    run(async {
        let settings = "allow_anonymous true\npassword_file {folder}/users\nmax_qos 1\nmax_packet_size 500\n";
        let Some(server) = Mosquitto::start_with(settings).await else { return };
        let closed = free_port();
        let trusting = links(Authorities::read(server.authority().as_ref()).unwrap());
        let links = links(Authorities::default());
        let (port, tls) = (server.port, server.tls_port);
        for (uri, version, qos, size, is_final, says) in [
            (format!("mqtt://ann:secret@127.0.0.1:{port}/t"), "mqtt5.0", 1, 1, false, "NotAuthorized (0x87)"),
            (format!("mqtt://ann:secret@127.0.0.1:{port}/t"), "mqtt3.1.1", 1, 1, false, "NotAuthorized (0x05)"),
            (format!("mqtt://127.0.0.1:{port}/t"), "mqtt5.0", 2, 1, false, "up to MQTT-QoS 1"),
            (format!("mqtt://127.0.0.1:{port}/t"), "mqtt5.0", 1, 600, true, "too large: 609 bytes"),
            (format!("mqtt://127.0.0.1:{port}/t"), "mqtt5.0", 0, 600, true, "the MQTT server takes 500"),
            (format!("mqtt://127.0.0.1:{port}/t"), "mqtt3.1.1", 0, 600, false, "is lost"),
            (format!("mqtt://127.0.0.1:{closed}/t"), "mqtt5.0", 1, 1, false, "refused"),
            (format!("mqtts://localhost:{tls}/t"), "mqtt5.0", 1, 1, false, "UnknownIssuer"),
            (format!("mqtts://localhost:{port}/t"), "mqtt5.0", 1, 1, false, "no TLS connection"),
            (format!("mqtt://127.0.0.1:{tls}/t"), "mqtt5.0", 1, 1, false, "before it was accepted"),
        ] {
            let error = publish(&links, &at(&uri, version, qos), size).await.unwrap_err();
            assert!(error.to_string().contains(says), "{uri} {version} {qos}: {error}");
            assert!(!error.to_string().contains("secret") && !format!("{error:?}").contains("secret"), "{error:?}");
            assert_eq!(error.is_final(), is_final, "{uri}: {error}");
        }
        for (host, says) in [("localhost", None), ("127.0.0.1", Some("not valid for name"))] {
            let done = publish(&trusting, &at(&format!("mqtts://{host}:{tls}/t"), "mqtt5.0", 1), 1).await;
            assert_eq!(done.is_ok(), says.is_none(), "{done:?}");
            assert!(says.is_none_or(|says| done.unwrap_err().to_string().contains(says)), "{host}");
        }
    });
}

#[test]
fn a_message_that_the_server_may_not_take_fails_alone() {
    run(async {
        let Some(server) = Mosquitto::start_with("allow_anonymous true\nacl_file {folder}/rights\n").await else {
            return;
        };
        let links = links(Authorities::default());
        let to = |topic: &str, qos: u8| at(&format!("mqtt://127.0.0.1:{}/{topic}", server.port), "mqtt5.0", qos);
        for qos in [1, 2] {
            let error = publish(&links, &to("forbidden", qos), 1).await.unwrap_err();
            assert!(error.to_string().contains("NotAuthorized (0x87)"), "{error}");
        }
    });
}

#[test]
fn a_server_that_does_not_go_on_is_waited_for_as_long_as_was_wished() {
    run(async {
        let Some(server) = Mosquitto::start().await else { return };
        let links = links(Authorities::default());
        for qos in 0..=2 {
            let to = at(&format!("mqtt://127.0.0.1:{}/t", server.port), "mqtt5.0", qos);
            publish(&links, &to, 1).await.unwrap();
            server.freeze(true);
            let start = Instant::now();
            let error = links.publish(&to, "1".into(), Duration::from_millis(300)).await.unwrap_err();
            assert!(error.to_string().contains("within 300 ms"), "{qos}: {error}");
            assert!(start.elapsed() < Duration::from_secs(2));
            server.freeze(false);
            publish(&links, &to, 1).await.unwrap();
        }
    });
}

#[test]
fn what_is_no_mqtt_is_a_failure_and_nothing_worse() {
    const ACCEPTED: &[u8] = &[0x20, 3, 0, 0, 0];
    run(async {
        let links = links(Authorities::default());
        // What the server says at once, and when there is a message.
        let cases: [(&[u8], &[u8]); 17] = [
            (b"", b""),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", b""),
            (&[0x20, 2, 0, 0], b""),
            (&[0x20, 2, 0, 1], b""),
            (&[0x20, 3, 0, 0x99, 0], b""),
            (&[0x20, 0xff, 0xff, 0xff, 0x7f], b""),
            (&[0x20, 0xff, 0xff, 0xff, 0xff, 0xff], b""),
            (&[0x20, 6, 0, 0, 3, 0x21, 0, 0], b""),
            (&[0x20, 8, 0, 0, 5, 0x27, 0, 0, 0, 0], b""),
            (ACCEPTED, b""),
            (ACCEPTED, &[0x40, 2, 0, 9]),
            (ACCEPTED, &[0xe0, 2, 0x8b, 0]),
            (ACCEPTED, &[0xd0, 0, 0xd0, 0, 0x00, 0]),
            (ACCEPTED, &[0x30, 4, 0, 1, b't', 0, 0xf0, 0]),
            (ACCEPTED, &[0x40, 4, 0, 1, 0x95, 0]),
            (ACCEPTED, &[0x50, 2, 0, 1, 0x70, 2, 0, 1]),
            (ACCEPTED, &[0x20, 6, 0, 0, 3, 0x21, 0, 1, 0x40, 2, 0, 1, 0x40, 2, 0, 1]),
        ];
        for (n, (first, then)) in cases.into_iter().enumerate() {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let speaker = tokio::spawn(async move {
                while let Ok((mut socket, _)) = listener.accept().await {
                    let mut heard = [0; 1_024];
                    let _ = socket.read(&mut heard).await;
                    let _ = socket.write_all(first).await;
                    if !then.is_empty() && socket.read(&mut heard).await.is_ok() {
                        let _ = socket.write_all(then).await;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            });
            let start = Instant::now();
            let done =
                links.publish(&at(&format!("mqtt://127.0.0.1:{port}/t"), "mqtt5.0", 1), "1".into(), PATIENCE).await;
            assert!(start.elapsed() < PATIENCE, "{n}: {done:?}");
            assert!(n > 14 || done.is_err(), "{n}: {done:?}");
            speaker.abort();
        }
    });
}
