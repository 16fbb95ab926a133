//! SPARQL 1.1 Protocol as real clients speak it.

use std::time::Duration;

use serde_json::Value;

use crate::harness::{Broker, Sidecar, aeds, client};

const NAMES: &str = "SELECT ?name { <urn:ngsi-ld:AED:372013:1> <https://uri.etsi.org/ngsi-ld/default-context/name> ?name \
                     FILTER(lang(?name) = 'ja') }";
const ABOUT: &str = "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o FILTER(?s = <urn:ngsi-ld:AED:372013:1>) }";

struct World {
    _folder: tempfile::TempDir,
    broker: Broker,
    sidecar: Sidecar,
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    broker.upsert(&aeds(1..4)).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    World { _folder: folder, broker, sidecar }
}

#[tokio::test]
async fn every_way_of_asking_brings_the_same_answer() {
    let World { sidecar, .. } = world().await;
    let url = format!("{}/sparql", sidecar.process.url);
    let client = client();
    let form =
        |pairs: &[(&str, &str)]| url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let get = |path: &str, pairs: &[(&str, &str)]| client.get(format!("{url}{path}?{}", form(pairs)));
    let post = |path: &str, kind: &str, body: String| {
        client.post(format!("{url}{path}")).header("content-type", kind).body(body)
    };
    const FORM: &str = "application/x-www-form-urlencoded";
    for (way, request) in [
        ("GET", get("", &[("query", NAMES)])),
        ("GET with a slash", get("/", &[("query", NAMES)])),
        ("SPARQLWrapper", get("", &[("query", NAMES), ("format", "json"), ("output", "json"), ("results", "json")])),
        ("form", post("", FORM, form(&[("query", NAMES)]))),
        ("form with charset", post("", "application/x-www-form-urlencoded; charset=UTF-8", form(&[("query", NAMES)]))),
        ("direct", post("", "application/sparql-query", NAMES.to_owned())),
        ("rdflib", post("?", "application/sparql-query", NAMES.to_owned())),
        ("direct with parameters", post("?format=json", "application/sparql-query; charset=utf-8", NAMES.to_owned())),
        ("POST without a body", client.post(format!("{url}?{}", form(&[("query", NAMES)])))),
        ("GET with a content type", get("", &[("query", NAMES)]).header("content-type", "application/json")),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{way}");
        assert_eq!(answer.headers()["content-type"], "application/sparql-results+json", "{way}");
        assert_eq!(answer.headers()["access-control-allow-origin"], "*", "{way}");
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(body["results"]["bindings"][0]["name"]["value"], "施設1", "{way}");
    }
}

#[tokio::test]
async fn every_form_of_the_answer_can_be_had() {
    let World { sidecar, .. } = world().await;
    for (query, accept, media, part) in [
        (NAMES, "application/sparql-results+json", "application/sparql-results+json", "\"施設1\""),
        (NAMES, "application/sparql-results+xml", "application/sparql-results+xml", "xml:lang=\"ja\""),
        (NAMES, "text/csv", "text/csv; charset=utf-8", "name\r\n施設1\r\n"),
        (NAMES, "text/tab-separated-values", "text/tab-separated-values; charset=utf-8", "\"施設1\"@ja"),
        ("ASK {}", "application/sparql-results+xml", "application/sparql-results+xml", "<boolean>true</boolean>"),
        ("ASK {}", "text/csv", "text/csv; charset=utf-8", "true"),
        (ABOUT, "*/*", "text/turtle", "@prefix geo:"),
        (ABOUT, "application/turtle,text/turtle", "text/turtle", "\"施設1\"@ja"),
        (ABOUT, "application/n-triples", "application/n-triples", "\"施設1\"@ja ."),
        (ABOUT, "application/n-quads", "application/n-quads", "\"施設1\"@ja ."),
        (ABOUT, "application/trig", "application/trig", "\"施設1\"@ja"),
        (ABOUT, "application/rdf+xml", "application/rdf+xml", "<rdf:RDF"),
        (ABOUT, "application/ld+json", "application/ld+json", "\"@language\":\"ja\""),
        ("DESCRIBE <urn:ngsi-ld:AED:372013:1>", "application/n-triples", "application/n-triples", "\"施設1\"@ja ."),
    ] {
        let answer = sidecar.ask(query, accept).await;
        assert_eq!(answer.status(), 200, "{query} {accept}");
        assert_eq!(answer.headers()["content-type"], media, "{query} {accept}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(part), "{query} {accept}: {text}");
    }
    let (status, problem) = {
        let answer = sidecar.ask(NAMES, "image/png").await;
        (answer.status(), answer.text().await.unwrap())
    };
    assert_eq!(status, 406);
    assert!(problem.contains("text/csv"), "{problem}");
}

#[tokio::test]
async fn heads_options_and_other_methods() {
    let World { sidecar, .. } = world().await;
    let (client, url) = (client(), format!("{}/sparql", sidecar.process.url));
    let head = client.head(format!("{url}?query=ASK%20%7B%7D")).send().await.unwrap();
    assert!(!head.headers().contains_key("content-length"), "an empty answer, not a length of nothing");
    assert_eq!(
        (head.status().as_u16(), &head.headers()["content-type"]),
        (200, &"application/sparql-results+json".parse().unwrap())
    );
    assert_eq!(head.text().await.unwrap(), "");
    assert_eq!(client.head(&url).send().await.unwrap().status(), 200);
    assert_eq!(client.head(format!("{url}?query=nonsense")).send().await.unwrap().status(), 400);
    let options =
        client.request(reqwest::Method::OPTIONS, &url).header("origin", "https://city.example").send().await.unwrap();
    assert_eq!(options.status(), 204);
    assert_eq!(options.headers()["allow"], "GET, HEAD, POST, OPTIONS");
    assert_eq!(options.headers()["access-control-allow-methods"], "GET, HEAD, POST, OPTIONS");
    let put = client.put(&url).send().await.unwrap();
    assert_eq!((put.status().as_u16(), &put.headers()["allow"]), (405, &"GET, HEAD, POST, OPTIONS".parse().unwrap()));
    assert_eq!(sidecar.process.get("/nothing").await.status(), 404);
    for path in ["/health", "/ready", "/metrics", "/version", "/health/"] {
        assert_eq!(sidecar.process.get(path).await.status(), 200, "{path}");
        assert_eq!(client.head(format!("{}{path}", sidecar.process.url)).send().await.unwrap().status(), 200, "{path}");
    }
}

const DISTANCE: &str = "http://www.opengis.net/def/function/geosparql/distance";

#[tokio::test]
async fn a_bare_request_is_answered_with_the_service_description() {
    let World { sidecar, .. } = world().await;
    let comunica = "application/n-quads,application/trig;q=0.95,application/ld+json;q=0.9,application/n-triples;q=0.8,\
                    text/turtle;q=0.6,application/rdf+xml;q=0.5,text/n3;q=0.35,application/xml;q=0.3,text/html;q=0.2";
    for (accept, media) in
        [("*/*", "text/turtle"), (comunica, "application/n-quads"), ("application/ld+json", "application/ld+json")]
    {
        let url = format!("{}/sparql", sidecar.process.url);
        let answer = client().get(&url).header("accept", accept).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()), (200, media));
        let text = answer.text().await.unwrap();
        for part in ["SPARQL11Query", &url, "SPARQL_Results_JSON"] {
            assert!(text.contains(part), "{accept} {part}: {text}");
        }
        assert!(text.contains("geosparql/distance") || text.contains("geof:distance"), "{accept}: {text}");
        assert!(text.contains("default-context/AED") || text.contains("sd:name default:AED"), "{accept}: {text}");
        assert!(!text.contains("hiroba:sparql:state"), "{text}");
        if media == "application/n-quads" {
            // What Comunica looks for: the address that was asked says of itself that it is an endpoint, and what it can.
            for (term, object) in [("endpoint", url.as_str()), ("extensionFunction", DISTANCE)] {
                let told = format!("<{url}> <http://www.w3.org/ns/sparql-service-description#{term}> <{object}>");
                assert!(text.contains(&told), "{told}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn mistakes_are_answered_with_what_is_wrong_and_where() {
    let World { sidecar, .. } = world().await;
    let (status, problem) = sidecar.problem("SELECT *\n{ ?s ?p }").await;
    assert_eq!((status, &problem["line"], &problem["status"]), (400, &2.into(), &400.into()), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("not understood from '?s' on"), "{problem}");
    let (_, problem) = sidecar.problem("SELECT * {\n  ?s ?p \"日本\" . FOO ?o\n\n}\n").await;
    assert_eq!((&problem["line"], &problem["column"]), (&2.into(), &16.into()), "{problem}");
    assert_eq!(problem["detail"], "error at 2:16: not understood from 'FOO' on");
    for (query, status, part) in [
        ("INSERT DATA { <urn:x:s> <urn:x:p> 1 }", 403, "only reads"),
        ("CLEAR ALL", 403, "only reads"),
        ("SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }", 400, "SERVICE is switched off"),
        ("SELECT (<urn:x:f>(1) AS ?x) {}", 400, "urn:x:f"),
        ("SELECT * { ?s <relative> ?o }", 400, "error at 1:"),
        ("", 400, "expected"),
    ] {
        let (found, problem) = sidecar.problem(query).await;
        assert_eq!(found, status, "{query}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(part), "{query}: {problem}");
    }
    let url = format!("{}/sparql", sidecar.process.url);
    let client = client();
    let update = "INSERT DATA { <urn:x:s> <urn:x:p> 1 }";
    let form = |name: &str| url::form_urlencoded::Serializer::new(String::new()).append_pair(name, update).finish();
    const FORM: &str = "application/x-www-form-urlencoded";
    for (way, request, status) in [
        ("update directly", client.post(&url).header("content-type", "application/sparql-update").body(update), 403),
        ("update in a form", client.post(&url).header("content-type", FORM).body(form("update")), 403),
        ("update as a query", client.post(&url).header("content-type", FORM).body(form("query")), 403),
        ("update in the URL", client.get(format!("{url}?{}", form("update"))), 403),
        ("JSON", client.post(&url).header("content-type", "application/json").body("{}"), 415),
        ("no query", client.post(&url).header("content-type", FORM).body("x=y"), 400),
        ("two queries", client.get(format!("{url}?query=ASK%7B%7D&query=ASK%7B%7D")), 400),
        ("a book", client.post(&url).header("content-type", "application/sparql-query").body("#".repeat(2 << 20)), 413),
        ("no text", client.post(&url).header("content-type", "application/sparql-query").body(vec![0xff, 0xfe]), 400),
        ("no graph name", client.get(format!("{url}?query=ASK%7B%7D&default-graph-uri=no%20iri")), 400),
        ("another tenant", client.get(format!("{url}?query=ASK%7B%7D")).header("NGSILD-Tenant", "other"), 404),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{way}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{way}");
    }
    assert_eq!(sidecar.rows("SELECT * { <urn:x:s> ?p ?o }").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_dataset_can_be_chosen() {
    let World { sidecar, .. } = world().await;
    let graph = "https://uri.etsi.org/ngsi-ld/default-context/AED";
    let count = "SELECT (COUNT(*) AS ?n) { ?s <https://uri.etsi.org/ngsi-ld/unitCode> ?o }";
    let named = "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s <https://uri.etsi.org/ngsi-ld/unitCode> ?o } }";
    for (query, parameters, n) in [
        (count, String::new(), "0"),
        (count, format!("&default-graph-uri={graph}"), "3"),
        (named, String::new(), "3"),
        (named, format!("&default-graph-uri={graph}"), "0"),
        (named, format!("&named-graph-uri={graph}"), "3"),
        (named, "&named-graph-uri=urn:x:other".to_owned(), "0"),
        (
            "SELECT (COUNT(*) AS ?n) FROM <https://uri.etsi.org/ngsi-ld/default-context/AED> { ?s <https://uri.etsi.org/ngsi-ld/unitCode> ?o }",
            String::new(),
            "3",
        ),
        ("SELECT (COUNT(*) AS ?n) FROM <urn:hiroba:sparql:state> { ?s ?p ?o }", String::new(), "0"),
        (
            "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s <urn:hiroba:sparql:number> ?o } }",
            "&named-graph-uri=urn:hiroba:sparql:state".to_owned(),
            "0",
        ),
    ] {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let text =
            sidecar.process.get(&format!("/sparql?format=csv&query={query}{parameters}")).await.text().await.unwrap();
        assert_eq!(text.lines().nth(1), Some(n), "{query} {parameters}: {text}");
    }
}

#[tokio::test]
async fn health_and_metrics_tell_how_far_it_is() {
    let World { mut broker, sidecar, .. } = world().await;
    let health = sidecar.process.json("/health").await;
    assert_eq!((&health["status"], &health["lagSeconds"]), (&"ok".into(), &0.0.into()), "{health}");
    assert_eq!(health["broker"]["reachable"], true);
    let metrics = sidecar.process.get("/metrics").await.text().await.unwrap();
    for name in
        ["hiroba_sparql_queries", "hiroba_sparql_applied_changes_total", "hiroba_sparql_lag_seconds 0", "broker_up 1"]
    {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
    broker.process.kill();
    crate::harness::eventually("the sidecar notices", || async {
        sidecar.process.json("/health").await["status"] == "degraded"
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let health = sidecar.process.json("/health").await;
    assert!(health["lagSeconds"].as_f64().unwrap() > 0.2, "{health}");
    assert_eq!(sidecar.rows(NAMES).await.len(), 1, "what is there is answered");
    assert_eq!(sidecar.process.get("/ready").await.status(), 200);
    let started = std::time::Instant::now();
    assert_eq!(sidecar.process.stop(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(5));
}
