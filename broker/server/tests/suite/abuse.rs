//! Bad input: a clear error each, nothing half-written, the process lives.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Broker, encode, run};

const ENTITIES: &str = "/ngsi-ld/v1/entities";

#[test]
fn hostile_bodies_are_refused() {
    run(async {
        let mut broker = Broker::sqlite().await;
        let deep = format!("{{\"id\":\"urn:x:1\",\"type\":\"T\",\"a\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
        let many = |count: usize| -> String { (0..count).map(|n| format!(",\"a{n}\":1")).collect() };
        let instances: Vec<Value> =
            (0..1_001).map(|n| json!({"value": n, "datasetId": format!("urn:d:{n}")})).collect();
        let positions = vec![json!([1.0, 2.0]); 200_001];
        for (what, body, status) in [
            ("blank", b" ".to_vec(), 400),
            ("not UTF-8", b"{\"id\":\"\xff\"}".to_vec(), 400),
            ("deep", deep.into_bytes(), 400),
            ("a number too large", b"{\"id\":\"urn:x:1\",\"type\":\"T\",\"a\":1e999}".to_vec(), 400),
            ("an array", b"[]".to_vec(), 400),
            ("a string", b"\"x\"".to_vec(), 400),
            (
                "large geometry",
                json!({"id": "urn:x:1", "type": "T", "g": {"type": "LineString", "coordinates": positions}})
                    .to_string()
                    .into_bytes(),
                400,
            ),
            ("too large", vec![b' '; (8 << 20) + 1], 413),
            ("many attributes", format!("{{\"id\":\"urn:x:many\",\"type\":\"T\"{}}}", many(9_000)).into_bytes(), 201),
            ("too many", format!("{{\"id\":\"urn:x:1\",\"type\":\"T\"{}}}", many(100_000)).into_bytes(), 400),
            ("many instances", json!({"id": "urn:x:1", "type": "T", "a": instances}).to_string().into_bytes(), 400),
        ] {
            let answer = broker.ask(Method::POST, ENTITIES).raw("application/json", body).send().await;
            assert_eq!(answer.status, status, "{what}: {:.300}", answer.text);
        }
        assert_eq!(broker.get(&format!("{ENTITIES}/urn:x:1")).send().await.status, 404);
        assert!(broker.process.try_wait().unwrap().is_none());
    });
}

#[test]
fn hostile_parameters_are_refused() {
    run(async {
        for mut broker in Broker::every().await {
            broker.create(&json!({"id": "urn:x:1", "type": "T", "a": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"})).await;
            for (query, status) in [
                (format!("type=T&q={}", encode(&"(".repeat(10_000))), 403),
                (format!("type=T&q={}", encode(&vec!["a==1"; 600].join(";"))), 403),
                (format!("type=T&q={}", encode("a~=(a+)+$")), 200),
                (format!("type=T&q={}", encode("a~=(")), 400),
                (format!("type=T&idPattern={}", encode("((((a{1000}){1000}){1000})")), 400),
                (format!("type={}", encode(&vec!["T"; 2_000].join(","))), 400),
                (format!("type=T&limit={}", u64::MAX), 403),
                ("type=T&limit=99999999999999999999999".to_owned(), 400),
                (format!("type=T&offset={}", usize::MAX), 200),
                (format!("type=T&q={}", encode("a==1;DROP TABLE entity;--")), 400),
                (format!("type=T&q={}", encode("a==\"'; drop table entity; --\"")), 200),
                (format!("type=T&scopeQ={}", encode("/'; drop table entity")), 400),
                (format!("id={}&local=true", encode("urn:x:'; drop table entity; --")), 400),
                (format!("type=T&q={}", encode("a==\"\u{0}\"")), 400),
                ("type=T&georel=near;maxDistance==1e300&geometry=Point&coordinates=[0,0]".to_owned(), 200),
                ("type=T&georel=near;maxDistance==NaN&geometry=Point&coordinates=[0,0]".to_owned(), 400),
                ("type=T&count=true&count=true".to_owned(), 400),
                ("type=%ff%fe".to_owned(), 400),
            ] {
                let answer = broker.get(&format!("{ENTITIES}?{query}")).send().await;
                assert_eq!(answer.status, status, "{query:.100} on {}: {:.300}", broker.kind, answer.text);
            }
            assert_eq!(broker.get(&format!("{ENTITIES}/urn:x:1")).send().await.status, 200);
            assert!(broker.process.try_wait().unwrap().is_none());
        }
    });
}

#[test]
fn a_query_has_no_more_patterns_and_selectors_than_fit_into_memory() {
    run(async {
        for broker in Broker::every().await {
            let selectors = |count: usize, pattern: &str| -> Vec<Value> {
                (0..count).map(|n| json!({"type": "T", (pattern): format!("urn:x:{n}")})).collect()
            };
            let patterns = |count: usize| vec!["name~=\"a\""; count].join("|");
            for (what, status, body) in [
                ("patterns of ids", 200, json!({"type": "Query", "entities": selectors(50, "idPattern")})),
                ("too many", 403, json!({"type": "Query", "entities": selectors(51, "idPattern")})),
                ("selectors", 200, json!({"type": "Query", "entities": selectors(500, "id")})),
                ("too many", 403, json!({"type": "Query", "entities": selectors(501, "id")})),
                ("patterns in q", 200, json!({"type": "Query", "entities": [{"type": "T"}], "q": patterns(50)})),
                ("too many", 403, json!({"type": "Query", "entities": [{"type": "T"}], "q": patterns(51)})),
            ] {
                let answer = broker.post("/ngsi-ld/v1/entityOperations/query", &body).send().await;
                assert_eq!(answer.status, status, "{what}: {}", answer.text);
            }
        }
    });
}

#[test]
fn text_that_databases_dislike_is_kept_or_refused_but_never_an_error_of_ours() {
    run(async {
        for broker in Broker::every().await {
            for (i, text) in ["\u{0}", "a\u{0}b", "\u{10ffff}", "'\"\\", "\u{202e}", "\r\n\t"].iter().enumerate() {
                let body =
                    json!({"id": format!("urn:x:{i}"), "type": "T", "a": text, "l": {"languageMap": {"ja": text}}});
                let answer = broker.post(ENTITIES, &body).send().await;
                assert_eq!(answer.status, 201, "{text:?} on {}: {}", broker.kind, answer.text);
                assert_eq!(broker.simplified(&format!("urn:x:{i}")).await["a"], *text);
                let query = encode(&format!("a=={}", Value::from(*text)));
                let found = broker.get(&format!("{ENTITIES}?type=T&q={query}")).send().await;
                assert_eq!(found.json().as_array().map(Vec::len), Some(1), "{text:?}: {}", found.text);
            }
        }
    });
}

#[test]
fn requests_without_length_and_broken_ones_are_refused() {
    run(async {
        let mut broker = Broker::sqlite().await;
        let host = broker.base.trim_start_matches("http://").to_owned();
        let raw = async |request: &str| {
            let mut socket = tokio::net::TcpStream::connect(&host).await.unwrap();
            socket.write_all(request.as_bytes()).await.unwrap();
            let mut answer = vec![0; 4096];
            let read = socket.read(&mut answer).await.unwrap();
            String::from_utf8_lossy(&answer[..read]).lines().next().unwrap_or_default().to_owned()
        };
        let chunked = "POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
        assert!(raw(chunked).await.contains("411"));
        let none = "PATCH /ngsi-ld/v1/entities/urn:x:1 HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n\r\n";
        assert!(raw(none).await.contains("411"), "before any other check");
        assert!(raw("NONSENSE\r\n\r\n").await.contains("400"));
        // A client that goes away in the middle of its body.
        let mut socket = tokio::net::TcpStream::connect(&host).await.unwrap();
        socket.write_all(b"POST /ngsi-ld/v1/entities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"id\":").await.unwrap();
        drop(socket);
        assert_eq!(broker.get("/health").send().await.status, 200);
        assert!(broker.process.try_wait().unwrap().is_none());
    });
}
