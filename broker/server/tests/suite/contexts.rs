//! @contexts over HTTP (clauses 5.5.7, 6.3.5, 6.3.6).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Broker, encode, run};

const ENTITIES: &str = "/ngsi-ld/v1/entities";

/// A server of contexts that counts what it is asked.
async fn context_server(body: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 2048];
            let _ = socket.read(&mut request).await;
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/ld+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    (format!("http://{address}/context.jsonld"), asked)
}

fn link(url: &str) -> String {
    format!("<{url}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"")
}

#[test]
fn names_mean_what_the_request_s_own_context_says() {
    run(async {
        let broker = Broker::sqlite_with(&["--allow-private-egress"]).await;
        let (url, asked) = context_server(r#"{"@context": {"name": "https://schema.org/name", "Shop": "https://schema.org/Store", "ex": "http://ex.example/"}}"#).await;
        let body = json!({"id": "urn:x:1", "type": "Shop", "name": "a", "ex:b": 1, "c": 1, "v": {"vocab": "name"}, "@context": [url, "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.6.jsonld"]});
        broker.create(&body).await;
        let with_link = broker.get(&format!("{ENTITIES}?type=Shop")).header("link", &link(&url)).send().await;
        let entity = &with_link.json()[0];
        assert_eq!(
            (entity["type"].as_str(), entity["name"]["value"].as_str(), entity["v"]["vocab"].as_str()),
            (Some("Shop"), Some("a"), Some("name"))
        );
        assert!(entity.get("ex:b").is_some());
        assert!(with_link.headers("link").contains(&url));
        let ld = broker
            .get(&format!("{ENTITIES}/urn:x:1"))
            .header("link", &link(&url))
            .header("accept", "application/ld+json")
            .send()
            .await;
        assert_eq!(ld.json()["@context"], json!(url), "the user's context alone; the core is implied");
        let without = broker.get(&format!("{ENTITIES}/urn:x:1")).send().await.json();
        assert_eq!(without["type"], "https://schema.org/Store");
        assert!(without.get("https://schema.org/name").is_some() && without.get("c").is_some());
        assert_eq!(broker.get(&format!("{ENTITIES}?type=Shop")).send().await.json(), json!([]));
        let iri = encode("https://schema.org/Store");
        assert_eq!(broker.get(&format!("{ENTITIES}?type={iri}")).send().await.json().as_array().unwrap().len(), 1);
        assert_eq!(asked.load(Ordering::SeqCst), 1, "a remote context is fetched once");
    });
}

#[test]
fn contexts_in_wrong_places_are_refused() {
    run(async {
        let broker = Broker::sqlite().await;
        let core = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.3.jsonld";
        let plain = json!({"id": "urn:x:1", "type": "T"}).to_string();
        let with = |context: &str| format!("{{\"id\": \"urn:x:1\", \"type\": \"T\", \"@context\": {context}}}");
        let ld = "application/ld+json";
        for (what, kind, header, body, status, error) in [
            ("context in plain JSON", "application/json", "", with("{}"), 400, "BadRequestData"),
            ("none in JSON-LD", ld, "", plain.clone(), 400, "BadRequestData"),
            ("both", ld, link(core).as_str(), with(&format!("\"{core}\"")), 400, "BadRequestData"),
            (
                "two links",
                "application/json",
                format!("{}, {}", link(core), link(core)).as_str(),
                plain.clone(),
                400,
                "BadRequestData",
            ),
            ("invalid", ld, "", with("5"), 400, "BadRequestData"),
            ("invalid inside", ld, "", with("{\"a\": 5}"), 400, "BadRequestData"),
            ("scoped", ld, "", with("{\"a\": {\"@id\": \"http://a/\", \"@context\": {}}}"), 400, "BadRequestData"),
            (
                "unknown core edition",
                ld,
                "",
                with("\"https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v9.9.jsonld\""),
                504,
                "LdContextNotAvailable",
            ),
            ("private address", ld, "", with("\"http://127.0.0.1:1/c\""), 504, "LdContextNotAvailable"),
            ("plain JSON by Link", "application/json", link(core).as_str(), plain.clone(), 201, ""),
        ] {
            let mut asking = broker.ask(reqwest::Method::POST, ENTITIES).raw(kind, body);
            if !header.is_empty() {
                asking = asking.header("link", header);
            }
            let answer = asking.send().await;
            assert_eq!(answer.status, status, "{what}: {}", answer.text);
            if !error.is_empty() {
                assert_eq!(answer.error(), error, "{what}");
            }
        }
    });
}

#[test]
fn something_else_than_a_context_is_told_apart_from_nothing() {
    run(async {
        let broker = Broker::sqlite_with(&["--allow-private-egress"]).await;
        let (url, _) = context_server("<html>not found</html>").await;
        let body = json!({"id": "urn:x:1", "type": "T", "@context": url});
        let answer = broker.post(ENTITIES, &body).send().await;
        assert_eq!((answer.status, answer.error().as_str()), (400, "BadRequestData"), "{}", answer.text);
        let offline = Broker::sqlite_with(&["--offline"]).await;
        let answer = offline
            .post(ENTITIES, &json!({"id": "urn:x:1", "type": "T", "@context": "https://example.org/c"}))
            .send()
            .await;
        assert_eq!((answer.status, answer.text.contains("--offline")), (504, true));
    });
}

#[test]
fn a_context_without_a_url_of_its_own_is_hosted() {
    run(async {
        let broker = Broker::sqlite().await;
        let context = json!({"name": "https://schema.org/name"});
        broker.create(&json!({"id": "urn:x:1", "type": "T", "name": 1, "@context": context})).await;
        let query = json!({"type": "Query", "entities": [{"type": "T"}], "@context": context});
        let answer = broker.post("/ngsi-ld/v1/entityOperations/query", &query).send().await;
        assert_eq!(answer.json()[0]["name"]["value"], 1);
        let links = answer.headers("link");
        let url = &links[1..links.find('>').unwrap()];
        let path = url.strip_prefix(&broker.base).unwrap();
        assert_eq!(broker.get(path).send().await.json()["@context"], context);
    });
}
