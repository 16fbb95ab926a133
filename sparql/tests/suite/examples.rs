//! The queries of the documentation run, and find something.

use serde_json::{Value, json};

use crate::harness::{Broker, Sidecar};

const DOCUMENT: &str = include_str!("../../../docs/sparql.md");
const HIROBA: &str = "https://w3id.org/hiroba/vocab/";

/// A place in the middle of Takamatsu, with names as importers give them.
fn place(kind: &str, number: u32, x: f64) -> Value {
    json!({
        "id": format!("urn:ngsi-ld:{kind}:372013:{number}"),
        "type": format!("{HIROBA}{kind}"),
        "https://schema.org/name": {"type": "LanguageProperty", "languageMap": {"ja": "市役所", "en": "City Hall"}},
        "https://schema.org/maximumAttendeeCapacity": {"type": "Property", "value": 384, "unitCode": "C62"},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [x, 34.3503]}},
    })
}

/// The blocks of the document that are queries.
fn queries() -> Vec<&'static str> {
    let after = DOCUMENT.split("```sparql\n").skip(1);
    after.map(|rest| rest.split_once("```").unwrap().0).collect()
}

#[tokio::test]
async fn every_query_of_the_documentation_finds_something() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    let places =
        [place("EvacuationSite", 161, 134.047), place("AED", 1, 134.0475), place("PublicFacility", 1, 134.0476)];
    broker.upsert(&places).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    let queries = queries();
    assert!(queries.len() >= 8, "{}", queries.len());
    for query in queries {
        let graph = query.contains("CONSTRUCT") || query.contains("DESCRIBE");
        let answer = sidecar.ask(query, if graph { "application/n-triples" } else { "text/csv" }).await;
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{query}: {text}");
        assert!(text.lines().count() >= if graph { 1 } else { 2 }, "{query} finds nothing: {text}");
    }
}
