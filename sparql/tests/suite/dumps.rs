//! Dumps: everything of a tenant, of one moment, as a file that any program reads.

use std::collections::BTreeSet;
use std::io::Read;

use flate2::read::GzDecoder;
use oxigraph::io::{RdfFormat, RdfParser};
use serde_json::json;

use crate::harness::{Broker, Process, Sidecar, aeds, client};

/// The quads of a dump, written as N-Quads, and the position that it says to hold.
async fn dump(process: &Process, path: &str, format: RdfFormat) -> (BTreeSet<String>, String) {
    let answer = process.get(path).await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()),
        (200, "application/gzip")
    );
    let position = answer.headers()["hiroba-position"].to_str().unwrap().to_owned();
    let (mut text, bytes) = (String::new(), answer.bytes().await.unwrap());
    GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    let quads = RdfParser::from_format(format).for_slice(text.as_bytes());
    (quads.map(|quad| quad.unwrap().to_string()).collect(), position)
}

/// The same by SPARQL.
async fn short(sidecar: &Sidecar, tenant: &str) -> BTreeSet<String> {
    let query = sidecar.request("CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }", "application/n-triples");
    let text = query.header("NGSILD-Tenant", tenant).send().await.unwrap().text().await.unwrap();
    RdfParser::from_format(RdfFormat::NTriples)
        .for_slice(text.as_bytes())
        .map(|quad| quad.unwrap().to_string())
        .collect()
}

#[tokio::test]
async fn every_dump_holds_what_queries_see_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    broker.upsert(&aeds(0..300)).await;
    broker.upsert_for("city", &[json!({"id": "urn:x:1", "type": "T"})]).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    let head = broker.head().await;
    let expected = short(&sidecar, "").await;
    assert!(expected.len() > 3_000, "{}", expected.len());
    for (name, format) in [("short.nt.gz", RdfFormat::NTriples), ("short.ttl.gz", RdfFormat::Turtle)] {
        assert_eq!(
            dump(&sidecar.process, &format!("/dumps/{name}"), format).await,
            (expected.clone(), head.clone()),
            "{name}"
        );
    }
    let (quads, _) = dump(&sidecar.process, "/dumps/all.nq.gz", RdfFormat::NQuads).await;
    assert_eq!(dump(&sidecar.process, "/dumps/all.trig.gz", RdfFormat::TriG).await.0, quads);
    assert!(expected.is_subset(&quads), "the short triples are among them");
    let graph = "<https://uri.etsi.org/ngsi-ld/default-context/AED>";
    let named: Vec<&String> = quads.difference(&expected).collect();
    assert!(named.len() > 3_000 && named.iter().all(|quad| quad.ends_with(graph)), "neither state nor examples");
    // Another tenant's, by path and by header; who has none, and what is no dump.
    let of_city = short(&sidecar, "city").await;
    assert_eq!(dump(&sidecar.process, "/dumps/city/short.nt.gz", RdfFormat::NTriples).await.0, of_city);
    for (path, tenant, status) in [
        ("/dumps/short.nt.gz", "city", 200),
        ("/dumps/city/short.nt.gz", "other", 400),
        ("/dumps/nobody/short.nt.gz", "", 404),
        ("/dumps/short.zip", "", 404),
    ] {
        let request = client().get(format!("{}{path}", sidecar.process.url)).header("NGSILD-Tenant", tenant);
        assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{path} {tenant}");
    }
}

/// A line with its instant as Oxigraph gives it back: without zeros at the end of the fraction.
fn canonical(line: &str) -> String {
    match line.split_once("Z\"^^<http://www.w3.org/2001/XMLSchema#dateTime>") {
        Some((head, tail)) if head.rsplit_once('"').is_some_and(|(_, instant)| instant.contains('.')) => {
            let head = head.trim_end_matches('0').trim_end_matches('.');
            format!("{head}Z\"^^<http://www.w3.org/2001/XMLSchema#dateTime>{tail}")
        }
        _ => line.to_owned(),
    }
}

#[tokio::test]
async fn an_entity_s_iri_leads_to_what_a_query_describes() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    broker.upsert(&aeds(0..3)).await;
    let dataset = json!({"id": "urn:ngsi-ld:Dataset:372013:aed", "type": "http://www.w3.org/ns/dcat#Dataset",
        "https://w3id.org/hiroba/vocab/fileName": {"type": "Property", "value": "aed.csv"},
        "https://w3id.org/hiroba/vocab/sha256": {"type": "Property", "value": "00ff"}});
    broker.upsert(&[dataset]).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    for id in ["urn:ngsi-ld:AED:372013:1", "urn:ngsi-ld:Dataset:372013:aed"] {
        // The entity and the nodes below it.
        let query = format!("CONSTRUCT {{ ?s ?p ?o }} {{ ?s ?p ?o FILTER(STRSTARTS(STR(?s), \"{id}\")) }}");
        let text = sidecar.ask(&query, "application/n-triples").await.text().await.unwrap();
        let queried: BTreeSet<String> = text.lines().map(ToOwned::to_owned).collect();
        let text = broker.process.get(&format!("/id/{id}?format=nt")).await.text().await.unwrap();
        assert_eq!(text.lines().map(canonical).collect::<BTreeSet<_>>(), queried, "{id}");
    }
    let ask = "ASK { ?d <http://www.w3.org/ns/prov#wasGeneratedBy>/<http://www.w3.org/ns/prov#used> ?f . \
               ?f <http://spdx.org/rdf/terms#checksum>/<http://spdx.org/rdf/terms#checksumValue> ?sum }";
    assert!(sidecar.ask(ask, "application/json").await.text().await.unwrap().contains("true"));
    // When the data set goes, what was said of its import goes with it.
    broker.delete(&["urn:ngsi-ld:Dataset:372013:aed".to_owned()]).await;
    sidecar.catch_up(&broker).await;
    let left = sidecar.rows("SELECT ?s { ?s ?p ?o FILTER(STRSTARTS(STR(?s), \"urn:ngsi-ld:Dataset\")) }").await;
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn a_dump_beside_writers_is_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    broker.upsert(&aeds(0..2_000)).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    let client = client();
    let mut begun = client.get(format!("{}/dumps/all.nq.gz", sidecar.process.url)).send().await.unwrap();
    // Each change replaces the value in both shapes at once.
    for round in 10..20 {
        broker.patch("urn:ngsi-ld:AED:372013:1999", json!({"count": {"type": "Property", "value": round}})).await;
    }
    sidecar.catch_up(&broker).await;
    let mut bytes = Vec::new();
    while let Some(part) = begun.chunk().await.unwrap() {
        bytes.extend(part);
    }
    let mut text = String::new();
    GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    let value = |subject: &str, predicate: &str| {
        let said = format!("> <https://uri.etsi.org/ngsi-ld/{predicate}> \"");
        let lines: Vec<&str> = text.lines().filter(|line| line.starts_with(subject) && line.contains(&said)).collect();
        assert_eq!(lines.len(), 1, "{subject} {predicate}: {lines:?}");
        lines[0].split('"').nth(1).unwrap().to_owned()
    };
    // The attribute's own node is named below the entity.
    let id = "<urn:ngsi-ld:AED:372013:1999";
    let node = text
        .lines()
        .find(|line| line.starts_with(&format!("{id}> <https://uri.etsi.org/ngsi-ld/default-context/count> <")));
    let node = node.unwrap().split(' ').nth(2).unwrap().trim_end_matches('>');
    assert_eq!(value(node, "hasValue"), value(id, "default-context/count"));
    let head = client.head(format!("{}/dumps/all.nq.gz", sidecar.process.url)).send().await.unwrap();
    assert!(!head.headers().contains_key("content-length"), "an empty answer, not a length of nothing");
    assert_eq!((head.status().as_u16(), head.headers().contains_key("hiroba-position")), (200, true));
}
