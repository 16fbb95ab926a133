//! The queries of the documentation run, and find something.

use serde_json::{Value, json};

use crate::harness::{Broker, Sidecar};

const DOCUMENT: &str = include_str!("../../../docs/sparql.md");
const HIROBA: &str = "https://w3id.org/hiroba/vocab/";

/// A place in the middle of the demo's town, with names as importers give them.
fn place(kind: &str, number: u32, x: f64) -> Value {
    json!({
        "id": format!("urn:ngsi-ld:{kind}:990019:{number:010}"),
        "type": format!("{HIROBA}{kind}"),
        "https://schema.org/name": {"type": "LanguageProperty", "languageMap": {"ja": "市役所", "en": "City Hall"}},
        "https://schema.org/maximumAttendeeCapacity": {"type": "Property", "value": 384, "unitCode": "C62"},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [x, 36.3930]}},
    })
}

/// The blocks of the document that are queries.
fn queries() -> Vec<&'static str> {
    let after = DOCUMENT.split("```sparql\n").skip(1);
    after.map(|rest| rest.split_once("```").unwrap().0).collect()
}

async fn world() -> (tempfile::TempDir, Broker, Sidecar) {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    let places = [place("EvacuationSite", 1, 139.063), place("AED", 1, 139.0635), place("PublicFacility", 1, 139.0636)];
    broker.upsert(&places).await;
    broker.upsert_for("city", &places).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    (folder, broker, sidecar)
}

async fn finds_something(sidecar: &Sidecar, query: &str) {
    let graph = query.contains("CONSTRUCT") || query.contains("DESCRIBE");
    let answer = sidecar.ask(query, if graph { "application/n-triples" } else { "text/csv" }).await;
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{query}: {text}");
    let lines = if graph { 1 } else { 2 };
    assert!(text == "true" || text.lines().count() >= lines, "{query} finds nothing: {text}");
}

#[tokio::test]
async fn every_query_of_the_documentation_finds_something() {
    let (_folder, _broker, sidecar) = world().await;
    let queries = queries();
    assert!(queries.len() >= 12, "{}", queries.len());
    for query in queries {
        finds_something(&sidecar, query).await;
    }
}

#[tokio::test]
async fn editors_find_the_examples_of_the_documentation_in_the_endpoint() {
    let (_folder, _broker, sidecar) = world().await;
    // As SIB's editor asks, without knowing of any graph.
    let examples = "PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        SELECT DISTINCT ?sq ?comment ?query WHERE {
            ?sq a sh:SPARQLExecutable ; rdfs:comment ?comment ; sh:select|sh:ask|sh:construct ?query .
        } ORDER BY ?sq";
    let prefixes = "PREFIX sh: <http://www.w3.org/ns/shacl#> SELECT DISTINCT ?prefix ?namespace
        WHERE { [] sh:namespace ?namespace ; sh:prefix ?prefix } ORDER BY ?prefix";
    let bindings = async |tenant: &str, query: &str| {
        let request = sidecar.request(query, "application/json").header("NGSILD-Tenant", tenant);
        let body = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str::<Value>(&body).unwrap()["results"]["bindings"].as_array().unwrap().clone()
    };
    for tenant in ["", "city"] {
        let found = bindings(tenant, examples).await;
        assert_eq!(found.len(), 11, "{tenant}");
        for (i, example) in found.iter().enumerate() {
            let text = |name: &str| example[name]["value"].as_str().unwrap().to_owned();
            assert!(text("sq").starts_with(&format!("https://w3id.org/hiroba/examples/{:02}-", i + 1)), "{example}");
            assert!(queries().iter().any(|query| query.trim_end() == text("query")), "not documented: {example}");
            assert!(DOCUMENT.contains(&text("comment")), "{example}");
            finds_something(&sidecar, &text("query")).await;
        }
        let prefixes = bindings(tenant, prefixes).await;
        assert!(prefixes.iter().any(|row| row["prefix"]["value"] == "geof"), "{prefixes:?}");
        for row in prefixes {
            let declared = format!(
                "PREFIX {}: <{}> ASK {{}}",
                row["prefix"]["value"].as_str().unwrap(),
                row["namespace"]["value"].as_str().unwrap()
            );
            assert_eq!(sidecar.ask(&declared, "*/*").await.status(), 200, "{declared}");
        }
    }
    // Who does not look for them does not meet them.
    let among_data = "SELECT ?s { ?s ?p ?o FILTER(STRSTARTS(STR(?s), 'https://w3id.org/hiroba/examples')) }";
    assert_eq!(sidecar.rows(among_data).await, Vec::<String>::new());
    let declared = format!("PREFIX sh: <http://www.w3.org/ns/shacl#> {among_data}");
    assert_eq!(sidecar.rows(&declared).await, Vec::<String>::new());
    let chosen = "PREFIX sh: <http://www.w3.org/ns/shacl#> SELECT ?s FROM <urn:x:other> { ?s a sh:SPARQLExecutable }";
    assert_eq!(sidecar.rows(chosen).await, Vec::<String>::new());
    let in_graph = "SELECT DISTINCT ?s { GRAPH <https://w3id.org/hiroba/examples> { ?s ?p ?o } }";
    assert!(sidecar.rows(in_graph).await.len() > 20);
    // The data are beside them.
    let both = "PREFIX sh: <http://www.w3.org/ns/shacl#> SELECT DISTINCT ?s { { ?s a sh:SPARQLExecutable } UNION { ?s a <https://w3id.org/hiroba/vocab/AED> } }";
    assert_eq!(sidecar.rows(both).await.len(), 12);
}
