//! The process: how it starts, stops, survives, and what it says of itself.

use std::process::Command;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Broker, eventually, hiroba, run};

#[test]
fn it_starts_at_once_stays_small_and_stops_cleanly() {
    run(async {
        let started = Instant::now();
        let mut broker = Broker::sqlite().await;
        assert!(started.elapsed() < Duration::from_secs(1), "started after {:?}", started.elapsed());
        broker.create(&json!({"id": "urn:x:1", "type": "T"})).await;
        let status = std::fs::read_to_string(format!("/proc/{}/status", broker.process.id())).unwrap();
        // Without the program's own file: how much of that is in memory tells of the build, not of what it needs.
        let resident = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        let kilobytes: u64 = resident.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kilobytes < 40_000, "{kilobytes} kB");
        let kill = Command::new("kill").args(["-TERM", &broker.process.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let stopped = Instant::now();
        let end = broker.process.wait().unwrap();
        assert!(end.success() && stopped.elapsed() < Duration::from_secs(5), "{end} after {:?}", stopped.elapsed());
    });
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    run(async {
        for broker in Broker::every().await {
            let kind = broker.kind;
            let mut acknowledged = Vec::new();
            for n in 0..200 {
                broker.create(&json!({"id": format!("urn:x:{n}"), "type": "T", "n": n})).await;
                acknowledged.push(n);
            }
            let broker = broker.kill_and_restart().await;
            let count = broker.get("/ngsi-ld/v1/entities?type=T&limit=0&count=true").send().await;
            assert_eq!(count.header("NGSILD-Results-Count"), Some(acknowledged.len().to_string().as_str()), "{kind}");
            let feed = broker.changes("/changes?limit=5000", acknowledged.len()).await;
            assert_eq!(feed.len(), acknowledged.len(), "{kind}");
        }
    });
}

#[test]
fn it_tells_how_it_is() {
    run(async {
        for broker in Broker::every().await {
            assert_eq!(broker.get("/health").send().await.json(), json!({"status": "ok"}));
            let ready = broker.get("/ready").send().await;
            assert_eq!((ready.status, ready.json()["status"].as_str()), (200, Some("ready")));
            let version = broker.get("/version").send().await.json();
            assert!(version["orionld version"].is_string() && version["database"].as_str().unwrap().contains("SQL"));
            let id = broker.get("/health").header("x-request-id", "my-id.1").send().await;
            assert_eq!(id.header("x-request-id"), Some("my-id.1"));
            broker.get("/ngsi-ld/v1/entities/urn:x:none").send().await;
            for method in ["INVENTED1", "INVENTED2"] {
                broker.ask(Method::from_bytes(method.as_bytes()).unwrap(), "/health").send().await;
            }
            let metrics = broker.get("/metrics").send().await.text;
            assert!(!metrics.contains("INVENTED") && metrics.contains("method=\"other\""), "{metrics}");
            let line =
                "hiroba_http_requests_total{method=\"GET\",route=\"/ngsi-ld/v1/entities/{id}\",status=\"404\"} 1";
            assert!(metrics.contains(line), "{metrics}");
        }
    });
}

#[test]
fn a_lost_database_is_told_and_found_again() {
    run(async {
        let Some(mut broker) = Broker::every().await.into_iter().nth(1) else { return };
        broker.create(&json!({"id": "urn:x:1", "type": "T"})).await;
        broker.refuse_connections(true).await;
        let answer = broker.post("/ngsi-ld/v1/entities", &json!({"id": "urn:x:2", "type": "T"})).send().await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{}", answer.text);
        assert!(!answer.text.contains("127.0.0.1"), "addresses stay in the log: {}", answer.text);
        assert_eq!(broker.get("/ready").send().await.status, 503);
        assert_eq!(broker.get("/health").send().await.status, 200);
        broker.refuse_connections(false).await;
        eventually("the broker works again", async || broker.get("/ready").send().await.status == 200).await;
        broker.create(&json!({"id": "urn:x:3", "type": "T"})).await;
        assert!(broker.process.try_wait().unwrap().is_none());
    });
}

#[test]
fn too_many_requests_are_told_to_come_later_and_nobody_else_suffers() {
    run(async {
        for broker in Broker::every_with(&["--max-in-flight", "4"]).await {
            let kind = broker.kind;
            let address = broker.base.strip_prefix("http://").unwrap();
            let none = "hiroba_http_requests_in_flight 1\n";
            let all_gone = async || broker.get("/metrics").send().await.text.contains(none);
            eventually("whoever asked whether it is ready is gone", all_gone).await;
            // Three writes that do not get on, because their bodies do not come.
            let mut hanging = Vec::new();
            for n in 0..3 {
                // One after the other, and again when it was refused: whoever looks is under way, too.
                let expected = format!("hiroba_http_requests_in_flight {}\n", n + 2);
                eventually("it is under way", async || {
                    let mut stream = TcpStream::connect(address).await.unwrap();
                    let head = "POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                                Content-Length: 100\r\n\r\n{";
                    stream.write_all(head.as_bytes()).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    let is_under_way = broker.get("/metrics").send().await.text.contains(&expected);
                    hanging.extend(is_under_way.then_some(stream));
                    is_under_way
                })
                .await;
            }

            let body = json!({"id": "urn:x:1", "type": "T"});
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = format!(
                "POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                 Content-Length: {}\r\n\r\n{body}",
                body.to_string().len()
            );
            // Twice on one connection, which stays open. Whoever asks again at once is slowed down.
            for _ in 0..2 {
                let asked = Instant::now();
                stream.write_all(request.as_bytes()).await.unwrap();
                let answer = read_answer(&mut stream).await;
                assert!(answer.starts_with("HTTP/1.1 503 "), "{kind}: {answer}");
                assert!(answer.to_lowercase().contains("retry-after: 1\r\n"), "{kind}: {answer}");
                assert!(answer.contains("\"status\":503"), "{kind}: {answer}");
                assert!(asked.elapsed() >= Duration::from_secs(1), "{kind}: {:?}", asked.elapsed());
            }
            assert_eq!(broker.get("/ngsi-ld/v1/entities?type=T").send().await.json(), json!([]), "{kind}: reads go on");

            // Whoever goes away makes room.
            drop(hanging);
            eventually("there is room", async || broker.post("/ngsi-ld/v1/entities", &body).send().await.status == 201)
                .await;
            eventually("all are gone", all_gone).await;
            let mut readers = Vec::new();
            for _ in 0..4 {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let head = "POST /ngsi-ld/v1/entityOperations/query HTTP/1.1\r\nHost: x\r\n\
                            Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
                stream.write_all(head.as_bytes()).await.unwrap();
                readers.push(stream);
            }
            eventually("reads are refused, too", async || {
                broker.get("/ngsi-ld/v1/entities/urn:x:1").send().await.status == 503
            })
            .await;
            for path in ["/health", "/ready", "/metrics", "/version"] {
                assert_eq!(broker.get(path).send().await.status, 200, "{kind}: {path}");
            }
        }
    });
}

/// An answer with a length, as text.
async fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() == length.unwrap_or(0) {
                return text;
            }
        }
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_buf(&mut answer)).await;
        assert!(read.unwrap().unwrap() > 0, "the connection was closed: {text}");
    }
}

#[test]
fn writes_need_the_token_when_there_is_one() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "s3cret\n").unwrap();
        let broker = Broker::sqlite_with(&["--token-file", file.to_str().unwrap()]).await;
        let body = json!({"id": "urn:x:1", "type": "T"});
        let path = "/ngsi-ld/v1/entities";
        assert_eq!(broker.post(path, &body).send().await.status, 401);
        assert_eq!(broker.post(path, &body).header("authorization", "Bearer wrong!").send().await.status, 401);
        assert_eq!(broker.post(path, &body).header("authorization", "Bearer s3cret").send().await.status, 201);
        assert_eq!(broker.get("/ngsi-ld/v1/entities/urn:x:1").send().await.status, 200, "reading is open");
        let query = json!({"type": "Query", "entities": [{"type": "T"}]});
        assert_eq!(broker.post("/ngsi-ld/v1/entityOperations/query", &query).send().await.status, 200);
        assert_eq!(broker.get("/changes").send().await.status, 401);
    });
}

#[test]
fn exit_codes_tell_scripts_what_happened() {
    for (arguments, code) in [
        (&["--version"][..], 0),
        (&["serve", "--odd"], 2),
        (&["serve", "--listen", "nonsense"], 2),
        (&["serve", "--listen", "127.0.0.1:0", "--database", "mysql://x/y"], 1),
        (&["serve", "--listen", "127.0.0.1:0", "--database", "postgres://127.0.0.1:1/x"], 4),
        (&["serve", "--listen", "127.0.0.1:0", "--data-dir", "/proc/nothing"], 4),
        (&["serve", "--listen", "192.0.2.1:1"], 1),
        (&["serve", "--listen", "127.0.0.1:0", "--token-file", "/nonexistent"], 1),
        (&["serve", "--data-dir", "a", "--database", "postgres://b/c"], 2),
    ] {
        let output = hiroba(arguments);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
        assert!(!text.contains("panicked"), "{arguments:?}: {text}");
    }
}
