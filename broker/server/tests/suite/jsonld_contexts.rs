//! The @context store over HTTP (clauses 5.13, 6.29, 6.30).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Answer, Asking, Broker, encode, eventually, run};

const CONTEXTS: &str = "/ngsi-ld/v1/jsonldContexts";
const ENTITIES: &str = "/ngsi-ld/v1/entities";
const CORE: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";

/// Somebody else's server with one document, which can change and disappear.
struct Publisher {
    url: String,
    asked: Arc<AtomicUsize>,
    answer: Arc<Mutex<(String, String)>>,
}

impl Publisher {
    async fn of(context: Value) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/context.jsonld", listener.local_addr().unwrap());
        let answer = (String::new(), json!({"@context": context}).to_string());
        let publisher = Self { url, asked: Arc::default(), answer: Arc::new(Mutex::new(answer)) };
        let (asked, answer) = (Arc::clone(&publisher.asked), Arc::clone(&publisher.answer));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                asked.fetch_add(1, Ordering::SeqCst);
                let _ = socket.read(&mut [0; 2048]).await;
                let (headers, body) = answer.lock().unwrap().clone();
                let head =
                    format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n", body.len());
                if !body.is_empty() {
                    let _ = socket.write_all((head + &body).as_bytes()).await;
                }
            }
        });
        publisher
    }

    fn publish(&self, headers: &str, body: &str) {
        *self.answer.lock().unwrap() = (headers.to_owned(), body.to_owned());
    }

    fn disappear(&self) {
        self.publish("", "");
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn path(&self) -> String {
        format!("{CONTEXTS}/{}", encode(&self.url))
    }
}

fn link(url: &str) -> String {
    format!("<{url}>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"")
}

/// Adds a context; the path of it.
async fn add(broker: &Broker, context: &Value) -> String {
    let answer = broker.post(CONTEXTS, &json!({"@context": context})).send().await;
    assert_eq!((answer.status, answer.text.as_str()), (201, ""));
    let path = answer.header("location").unwrap().to_owned();
    assert!(path.starts_with("/ngsi-ld/v1/jsonldContexts/"), "{path}");
    path
}

async fn get(broker: &Broker, path: &str) -> Answer {
    broker.get(path).send().await
}

async fn delete(broker: &Broker, path: &str) -> Answer {
    broker.ask(Method::DELETE, path).send().await
}

async fn list(broker: &Broker, query: &str) -> Value {
    let answer = get(broker, &format!("{CONTEXTS}?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// The entities of a type, by the names of a context.
async fn query(broker: &Broker, kind: &str, context: &str) -> Answer {
    broker.get(&format!("{ENTITIES}?type={kind}&format=simplified")).header("link", &link(context)).send().await
}

fn outcome(answer: &Answer) -> (u16, String) {
    (answer.status, if answer.text.is_empty() { String::new() } else { answer.error() })
}

#[test]
fn a_hosted_context_is_served_and_used_without_a_call_until_it_is_deleted() {
    run(async {
        // Calls to this machine are refused, so none can have been made.
        for broker in Broker::every().await {
            let context = json!([CORE, {"Shop": "https://schema.org/Store", "name": "https://schema.org/name"}]);
            let body = json!({"id": "urn:x:discarded", "@context": context});
            let added = broker.ask(Method::POST, CONTEXTS).raw("application/json", body.to_string()).send().await;
            let path = added.header("location").unwrap().to_owned();
            let url = format!("{}{path}", broker.base);
            let served = get(&broker, &path).await;
            assert_eq!((served.status, served.header("content-type")), (200, Some("application/json")));
            assert_eq!(served.json(), json!({"@context": context}), "as it was added, without other members");
            let as_ld = broker.get(&path).header("accept", "application/ld+json").send().await;
            assert_eq!(as_ld.header("content-type"), Some("application/ld+json"));
            assert_eq!(get(&broker, &format!("{CONTEXTS}/{}", encode(&url))).await.json(), served.json());

            let entity = json!({"id": "urn:x:1", "type": "Shop", "name": "a"});
            let created = broker.post(ENTITIES, &entity).header("link", &link(&url)).send().await;
            assert_eq!(created.status, 201, "{}", created.text);
            let with_more = json!({"id": "urn:x:2", "type": "Shop", "n": "b", "@context": [url, {"n": "name"}]});
            broker.create(&with_more).await;
            let found = query(&broker, "Shop", &url).await;
            assert_eq!((found.json()[0]["name"].as_str(), found.json()[1]["name"].as_str()), (Some("a"), Some("b")));
            assert!(found.headers("link").contains(&url));
            // One context that leads to another.
            let wrapper = add(&broker, &json!(url)).await;
            let wrapper = format!("{}{wrapper}", broker.base);
            assert_eq!(query(&broker, "Shop", &wrapper).await.json().as_array().unwrap().len(), 2);

            assert_eq!(list(&broker, "").await, json!([url, wrapper]), "the oldest first");
            assert_eq!(outcome(&delete(&broker, &format!("{path}?reload=true")).await), (400, "BadRequestData".into()));
            let deleted = delete(&broker, &path).await;
            assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
            for path in [path.clone(), format!("{path}?details=true")] {
                assert_eq!(outcome(&get(&broker, &path).await), (404, "ResourceNotFound".into()));
            }
            assert_eq!(outcome(&delete(&broker, &path).await), (404, "ResourceNotFound".into()));
            for gone in [&url, &wrapper] {
                let answer = query(&broker, "Shop", gone).await;
                assert_eq!(outcome(&answer), (504, "LdContextNotAvailable".into()), "{}", answer.text);
                assert!(answer.text.contains("deleted"), "{}", answer.text);
            }
            let again = broker.post(ENTITIES, &with_more).send().await;
            assert_eq!(again.error(), "LdContextNotAvailable");
            assert_eq!(list(&broker, "").await, json!([wrapper]), "deleting a part leaves the whole");
        }
    });
}

#[test]
fn what_is_no_context_is_not_added() {
    run(async {
        let broker = Broker::sqlite().await;
        let json = "application/json";
        let deep = format!("{{\"@context\": {{\"a\": {}1{}}}}}", "[".repeat(200), "]".repeat(200));
        let large = json!({"@context": {"a": format!("https://example.org/{}", "x".repeat(1 << 20))}}).to_string();
        for (what, kind, query, body, status, error) in [
            ("no JSON", json, "", "{\"@context\": ", 400, "InvalidRequest"),
            ("too deep", json, "", deep.as_str(), 400, "InvalidRequest"),
            ("an array", json, "", "[{\"@context\": {}}]", 400, "BadRequestData"),
            ("a string", json, "", "\"https://example.org/c\"", 400, "BadRequestData"),
            ("no @context", json, "", "{\"name\": \"https://schema.org/name\"}", 400, "BadRequestData"),
            ("null", json, "", "{\"@context\": null}", 400, "BadRequestData"),
            ("a number", json, "", "{\"@context\": 5}", 400, "BadRequestData"),
            ("a relative URL", json, "", "{\"@context\": \"c.jsonld\"}", 400, "BadRequestData"),
            ("an array in an array", json, "", "{\"@context\": [[{}]]}", 400, "BadRequestData"),
            ("a term that is a number", json, "", "{\"@context\": {\"a\": 5}}", 400, "BadRequestData"),
            ("a circle", json, "", "{\"@context\": {\"a\": \"b:x\", \"b\": \"a:x\"}}", 400, "BadRequestData"),
            (
                "a scoped context",
                json,
                "",
                "{\"@context\": {\"a\": {\"@id\": \"http://a/\", \"@context\": {}}}}",
                400,
                "BadRequestData",
            ),
            ("unknown parameter", json, "?kind=Hosted", "{\"@context\": {}}", 400, "InvalidRequest"),
            ("too large", json, "", large.as_str(), 413, "InvalidRequest"),
            ("plain text", "text/plain", "", "{\"@context\": {}}", 415, ""),
            ("empty", json, "", "{\"@context\": {}}", 201, ""),
            ("the core alone", "application/ld+json", "", "{\"@context\": []}", 201, ""),
            ("another's, out of reach", json, "", "{\"@context\": \"http://127.0.0.1:1/c\"}", 201, ""),
        ] {
            let answer =
                broker.ask(Method::POST, &format!("{CONTEXTS}{query}")).raw(kind, body.to_owned()).send().await;
            assert_eq!(outcome(&answer), (status, error.to_owned()), "{what}: {}", answer.text);
        }
        assert_eq!(list(&broker, "kind=Hosted").await.as_array().unwrap().len(), 3);
    });
}

#[test]
fn other_requests_that_make_no_sense_are_refused() {
    run(async {
        let broker = Broker::sqlite_with(&["--offline"]).await;
        let hosted = add(&broker, &json!({})).await;
        let core = format!("{CONTEXTS}/{}", encode(CORE));
        let old_core = format!("{CONTEXTS}/{}", encode(&CORE.replace("1.9", "1.6")));
        for (method, path, status, error) in [
            (Method::GET, format!("{CONTEXTS}?kind=hosted"), 400, "BadRequestData"),
            (Method::GET, format!("{CONTEXTS}?details=yes"), 400, "InvalidRequest"),
            (Method::GET, format!("{CONTEXTS}?details=&kind="), 200, ""),
            (Method::GET, format!("{hosted}?details=1"), 400, "InvalidRequest"),
            (Method::GET, format!("{hosted}?reload=true"), 400, "InvalidRequest"),
            (Method::DELETE, format!("{hosted}?reload=1"), 400, "InvalidRequest"),
            (Method::DELETE, format!("{hosted}?reload=true"), 400, "BadRequestData"),
            (Method::GET, format!("{CONTEXTS}/unknown"), 404, "ResourceNotFound"),
            (Method::GET, format!("{CONTEXTS}/unknown?details=true"), 404, "ResourceNotFound"),
            (Method::DELETE, format!("{CONTEXTS}/unknown"), 404, "ResourceNotFound"),
            (Method::DELETE, format!("{CONTEXTS}/unknown?reload=true"), 404, "ResourceNotFound"),
            (Method::GET, format!("{CONTEXTS}/{}", encode("https://example.org/c")), 404, "ResourceNotFound"),
            (Method::DELETE, CONTEXTS.to_owned(), 405, "InvalidRequest"),
            (Method::PUT, hosted.clone(), 411, ""),
            (Method::DELETE, core.clone(), 400, "BadRequestData"),
            (Method::DELETE, old_core.clone(), 400, "BadRequestData"),
            (Method::DELETE, format!("{core}?reload=true"), 204, ""),
            (Method::GET, core.clone(), 422, "OperationNotSupported"),
            (Method::GET, format!("{old_core}?details=true"), 200, ""),
        ] {
            let answer = broker.ask(method.clone(), &path).send().await;
            let error_of = if answer.status < 400 { String::new() } else { outcome(&answer).1 };
            assert_eq!((answer.status, error_of.as_str()), (status, error), "{method} {path}: {}", answer.text);
        }
        let known = get(&broker, &format!("{core}?details=true")).await.json();
        assert_eq!((known["URL"].as_str(), known["kind"].as_str()), (Some(CORE), Some("Cached")));
        let unacceptable = broker.get(&hosted).header("accept", "text/html").send().await;
        assert_eq!(unacceptable.status, 406);
    });
}

#[test]
fn only_those_with_the_token_may_change_the_store() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "secret").unwrap();
        let broker = Broker::sqlite_with(&["--token-file", file.to_str().unwrap()]).await;
        let body = json!({"@context": {}});
        assert_eq!(broker.post(CONTEXTS, &body).send().await.status, 401);
        let added = broker.post(CONTEXTS, &body).header("authorization", "Bearer secret").send().await;
        let path = added.header("location").unwrap();
        assert_eq!(delete(&broker, path).await.status, 401);
        assert_eq!(get(&broker, path).await.status, 200);
    });
}

#[test]
fn copies_of_remote_contexts_are_listed_reloaded_and_forgotten() {
    run(async {
        for broker in Broker::every_with(&["--allow-private-egress"]).await {
            let part = Publisher::of(json!({"name": "https://schema.org/name"})).await;
            let whole = Publisher::of(json!([part.url, {"Shop": "https://schema.org/Store"}])).await;
            part.publish(
                "cache-control: max-age=120\r\n",
                &json!({"@context": {"name": "https://schema.org/name"}}).to_string(),
            );
            let body = json!({"id": "urn:x:1", "type": "Shop", "name": "a", "@context": whole.url});
            broker.create(&body).await;
            let expected = [&whole.url, &part.url];
            assert_eq!(list(&broker, "kind=Cached").await, json!(expected), "in the order of the downloads");
            assert_eq!(list(&broker, "kind=Hosted").await, json!([]));
            let details = list(&broker, "details=true").await;
            let of_part = details.as_array().unwrap().iter().find(|entry| entry["URL"] == part.url).unwrap();
            let keys: Vec<&str> = of_part.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(keys, ["URL", "localId", "kind", "createdAt", "numberOfHits", "expiresAt", "lastUsage"]);
            let seconds = |member: &str| {
                let instant = ngsild::DateTime::parse(of_part[member].as_str().unwrap()).unwrap();
                instant.micros() / 1_000_000
            };
            assert_eq!(seconds("expiresAt") - seconds("createdAt"), 120, "as its publisher says");
            assert_eq!((of_part["kind"].as_str(), of_part["numberOfHits"].as_u64()), (Some("Cached"), Some(1)));
            let by_id = format!("{CONTEXTS}/{}", of_part["localId"].as_str().unwrap());
            for path in [&part.path(), &by_id] {
                assert_eq!(outcome(&get(&broker, path).await), (422, "OperationNotSupported".into()));
                assert_eq!(get(&broker, &format!("{path}?details=true")).await.json(), *of_part);
            }

            // What was known is used, until it is reloaded.
            part.publish("", &json!({"@context": {"label": "https://schema.org/name"}}).to_string());
            let before = query(&broker, "Shop", &whole.url).await;
            assert_eq!(before.json()[0]["name"], "a");
            let reloaded = delete(&broker, &format!("{}?reload=true", part.path())).await;
            assert_eq!((reloaded.status, reloaded.text.as_str()), (204, ""));
            let after = query(&broker, "Shop", &whole.url).await;
            assert_eq!((after.json()[0]["label"].as_str(), after.json()[0].get("name")), (Some("a"), None));
            assert_ne!(before.header("etag"), after.header("etag"));
            let entity = format!("{ENTITIES}/urn:x:1");
            let one = async || broker.get(&entity).header("link", &link(&whole.url)).send().await;
            let tag = one().await.header("etag").unwrap().to_owned();

            // A reload that fails leaves it as it was.
            for bad in ["", "<html>", "{}", "{\"@context\": 5}", "{\"@context\": {\"a\": {\"@id\": 5}}}"] {
                part.publish("", bad);
                let answer = delete(&broker, &format!("{by_id}?reload=true")).await;
                assert_eq!(outcome(&answer), (504, "LdContextNotAvailable".into()), "{bad}: {}", answer.text);
                assert_eq!(get(&broker, &format!("{by_id}?details=true")).await.status, 200, "{bad}");
                assert_eq!(query(&broker, "Shop", &whole.url).await.json()[0]["label"], "a", "{bad}");
            }
            assert_eq!(one().await.header("etag"), Some(tag.as_str()));

            // A part that was deleted is fetched again when it is needed.
            part.disappear();
            assert_eq!(delete(&broker, &by_id).await.status, 204);
            assert_eq!(outcome(&delete(&broker, &by_id).await), (404, "ResourceNotFound".into()));
            assert_eq!(outcome(&delete(&broker, &format!("{by_id}?reload=true")).await).0, 404);
            assert_eq!(query(&broker, "Shop", &whole.url).await.error(), "LdContextNotAvailable");
            assert_eq!(list(&broker, "").await, json!([whole.url]));
            part.publish("", &json!({"@context": {"caption": "https://schema.org/name"}}).to_string());
            assert_eq!(query(&broker, "Shop", &whole.url).await.json()[0]["caption"], "a");
            assert_ne!(one().await.header("etag"), Some(tag.as_str()));
            assert_eq!(whole.asked(), 1);
        }
    });
}

#[test]
fn a_context_that_answers_had_to_link_to_outlives_the_process() {
    run(async {
        for broker in Broker::every().await {
            let context = json!({"name": "https://schema.org/name"});
            broker.create(&json!({"id": "urn:x:1", "type": "T", "name": 1, "@context": context})).await;
            assert_eq!(list(&broker, "").await, json!([]), "nobody had to link to it");
            let asked = json!({"type": "Query", "entities": [{"type": "T"}], "@context": context});
            let ask = async |broker: &Broker| {
                let answer = broker.post("/ngsi-ld/v1/entityOperations/query?format=simplified", &asked).send().await;
                assert_eq!(answer.json()[0]["name"], 1);
                let links = answer.headers("link");
                links[1..links.find('>').unwrap()].to_owned()
            };
            let url = ask(&broker).await;
            assert_eq!(ask(&broker).await, url, "the same context, the same URL");
            assert_eq!(list(&broker, "kind=ImplicitlyCreated").await, json!([url]));
            let old_base = broker.base.clone();
            let broker = broker.kill_and_restart().await;
            let path = url.strip_prefix(&old_base).unwrap();
            assert_eq!(get(&broker, path).await.json(), json!({"@context": context}));
            // Named as the server was called before, it is known as well.
            assert_eq!(query(&broker, "T", &url).await.json()[0]["name"], 1);
            assert_eq!(ask(&broker).await.strip_prefix(&broker.base), Some(path));
            let details = list(&broker, "details=true").await;
            assert_eq!((details.as_array().unwrap().len(), &details[0]["kind"]), (1, &json!("ImplicitlyCreated")));
            assert_eq!(delete(&broker, path).await.status, 204);
            assert_eq!(ask(&broker).await.strip_prefix(&broker.base), Some(path), "made again when it is needed");
            assert_eq!(get(&broker, path).await.status, 200);
        }
    });
}

#[test]
fn a_context_that_is_too_large_to_link_to_still_serves_in_the_body() {
    run(async {
        let broker = Broker::sqlite().await;
        broker.create(&json!({"id": "urn:x:1", "type": "T", "name": 1})).await;
        let terms = (0..300).map(|n| (format!("a{n}"), json!(format!("https://example.org/{}{n}", "x".repeat(900)))));
        let context = Value::Object(terms.collect());
        let asked = json!({"type": "Query", "entities": [{"type": "T"}], "@context": context});
        let path = "/ngsi-ld/v1/entityOperations/query";
        assert_eq!(broker.post(path, &asked).send().await.error(), "BadRequestData");
        let with = broker.post(path, &asked).header("accept", "application/ld+json").send().await;
        assert_eq!((with.status, &with.json()[0]["@context"]), (200, &context));
    });
}

#[test]
fn tenants_do_not_see_each_other_s() {
    run(async {
        for broker in Broker::every_with(&["--allow-private-egress"]).await {
            let publisher = Publisher::of(json!({"remote": "https://example.org/remote"})).await;
            let a = async |asking: Asking<'_>| asking.header("NGSILD-Tenant", "a").send().await;
            let b = async |asking: Asking<'_>| asking.header("NGSILD-Tenant", "b").send().await;
            let unknown = a(broker.get(CONTEXTS)).await;
            assert_eq!(outcome(&unknown), (404, "NonexistentTenant".into()));
            let added = a(broker.post(CONTEXTS, &json!({"@context": {"Mine": "https://example.org/Mine"}}))).await;
            assert_eq!((added.status, added.header("ngsild-tenant")), (201, Some("a")), "the tenant comes to be");
            let path = added.header("location").unwrap();
            let url = format!("{}{path}", broker.base);
            let remote = json!({"id": "urn:x:1", "type": "Mine", "remote": 1, "@context": [url, publisher.url]});
            assert_eq!(a(broker.post(ENTITIES, &remote)).await.status, 201);
            assert_eq!(b(broker.post(ENTITIES, &json!({"id": "urn:x:1", "type": "Mine"}))).await.status, 201);
            assert_eq!(a(broker.get(CONTEXTS)).await.json(), json!([url, publisher.url]));
            for path in [
                path,
                &format!("{path}?details=true"),
                &publisher.path(),
                &format!("{}?details=true", publisher.path()),
            ] {
                assert_eq!(b(broker.get(path)).await.status, 404, "{path}");
                assert_eq!(get(&broker, path).await.status, 404, "{path}");
                assert_eq!(b(broker.ask(Method::DELETE, path.split('?').next().unwrap())).await.status, 404, "{path}");
            }
            assert_eq!((b(broker.get(CONTEXTS)).await.json(), list(&broker, "").await), (json!([]), json!([])));
            let named = |kind: &str| format!("{ENTITIES}?type={kind}");
            let of_b = b(broker.get(&named("Mine")).header("link", &link(&url))).await;
            assert_eq!(outcome(&of_b), (504, "LdContextNotAvailable".into()));
            let of_a = a(broker.get(&named("Mine")).header("link", &link(&url))).await;
            assert_eq!(of_a.json()[0]["type"], "Mine");
            // Each has its own copy of what is remote.
            assert_eq!(b(broker.get(&named("T")).header("link", &link(&publisher.url))).await.status, 200);
            assert_eq!(publisher.asked(), 2);
            assert_eq!(b(broker.ask(Method::DELETE, &publisher.path())).await.status, 204);
            assert_eq!(a(broker.get(&format!("{}?details=true", publisher.path()))).await.status, 200);
            assert_eq!(a(broker.get(path)).await.status, 200);
        }
    });
}

#[test]
fn two_brokers_on_one_database_know_the_same_contexts() {
    run(async {
        for one in Broker::every().await {
            let other = one.another().await;
            let path = add(&one, &json!({"Shop": "https://schema.org/Store"})).await;
            let (here, there) = (format!("{}{path}", one.base), format!("{}{path}", other.base));
            one.create(&json!({"id": "urn:x:1", "type": "Shop", "@context": here})).await;
            for (broker, url) in [(&other, &there), (&other, &here), (&one, &there)] {
                let name = || async { query(broker, "Shop", url).await.json()[0]["type"].clone() };
                eventually("the entity is seen", async || name().await == "Shop").await;
            }
            assert_eq!(list(&other, "").await, json!([there]));
            assert_eq!(get(&other, &path).await.json(), get(&one, &path).await.json());
            // One deletes it, the other has it in use.
            assert_eq!(delete(&one, &path).await.status, 204);
            assert_eq!(query(&one, "Shop", &here).await.status, 504);
            assert_eq!(get(&one, &path).await.status, 404);
            eventually("the other notices", async || query(&other, "Shop", &there).await.status == 504).await;
            assert_eq!(delete(&other, &path).await.status, 404);
        }
    });
}

#[test]
fn uses_are_counted_and_outlive_the_process() {
    run(async {
        for broker in Broker::every().await {
            let path = add(&broker, &json!({"Shop": "https://schema.org/Store"})).await;
            let details = format!("{path}?details=true");
            let fresh = get(&broker, &details).await.json();
            assert_eq!((fresh["numberOfHits"].as_u64(), fresh.get("lastUsage")), (Some(0), None));
            let url = format!("{}{path}", broker.base);
            for _ in 0..3 {
                query(&broker, "Shop", &url).await;
            }
            get(&broker, &path).await;
            let used = get(&broker, &details).await.json();
            assert_eq!(used["numberOfHits"], 4, "three by name, one by asking for it; details do not count");
            assert!(used["lastUsage"].as_str() > used["createdAt"].as_str());
            assert_eq!(list(&broker, "details=true").await[0], used);
            let broker = broker.stop_and_restart().await;
            let later = get(&broker, &details).await.json();
            assert_eq!((&later["numberOfHits"], &later["lastUsage"]), (&used["numberOfHits"], &used["lastUsage"]));
            assert_eq!(later["createdAt"], fresh["createdAt"]);
        }
    });
}

#[test]
fn once_a_deletion_is_acknowledged_nobody_here_goes_by_it_any_more() {
    run(async {
        for broker in Broker::every().await {
            broker.create(&json!({"id": "urn:x:1", "type": "https://schema.org/Store"})).await;
            for _ in 0..10 {
                let path = add(&broker, &json!({"Shop": "https://schema.org/Store"})).await;
                let url = format!("{}{path}", broker.base);
                let using = async || {
                    let mut seen = Vec::new();
                    while seen.last() != Some(&504) {
                        seen.push(query(&broker, "Shop", &url).await.status);
                    }
                    seen
                };
                let deleting = async {
                    let deleted = delete(&broker, &path).await;
                    assert_eq!(deleted.status, 204, "{}", deleted.text);
                    query(&broker, "Shop", &url).await.status
                };
                let (a, b, c, after) = tokio::join!(using(), using(), using(), deleting);
                assert_eq!(after, 504);
                assert!(a.iter().chain(&b).chain(&c).all(|status| matches!(status, 200 | 504)), "{a:?} {b:?} {c:?}");
            }
        }
    });
}

#[test]
fn a_tenant_has_room_for_a_thousand() {
    run(async {
        let broker = Broker::sqlite().await;
        let body = json!({"@context": {}});
        let statuses = async || {
            let mut statuses = Vec::new();
            for _ in 0..251 {
                statuses.push(broker.post(CONTEXTS, &body).send().await.status);
            }
            statuses
        };
        let (a, b, c, d) = tokio::join!(statuses(), statuses(), statuses(), statuses());
        let statuses = [a, b, c, d].concat();
        let count = |status: u16| statuses.iter().filter(|other| **other == status).count();
        assert_eq!((count(201), count(422)), (1_000, 4));
        let full = broker.post(CONTEXTS, &body).send().await;
        assert_eq!(outcome(&full), (422, "OperationNotSupported".into()));
        let elsewhere = broker.post(CONTEXTS, &body).header("NGSILD-Tenant", "other").send().await;
        assert_eq!(elsewhere.status, 201);
        let one = list(&broker, "").await[0].as_str().unwrap().strip_prefix(&broker.base).unwrap().to_owned();
        assert_eq!(delete(&broker, &one).await.status, 204);
        assert_eq!(broker.post(CONTEXTS, &body).send().await.status, 201);
    });
}
