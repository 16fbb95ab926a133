//! The copy follows the broker: what is written is seen, what is gone leaves nothing behind.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Broker, Sidecar, aed, aeds, client, eventually, free_address};

const COUNT: &str = "SELECT (COUNT(*) AS ?n) { ?s a <https://uri.etsi.org/ngsi-ld/default-context/AED> }";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A dump from a sidecar that has just made its copy.
async fn fresh_dump(broker: &Broker) -> Vec<String> {
    let folder = folder();
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(broker).await;
    sidecar.dump().await
}

#[tokio::test]
async fn writes_are_seen_and_leave_nothing_stale() {
    let folder = folder();
    let broker = Broker::start(folder.path()).await;
    broker.upsert(&aeds(0..20)).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.rows(COUNT).await, ["20"]);
    let at_first = sidecar.dump().await;
    assert_eq!(at_first, fresh_dump(&broker).await);

    broker.patch("urn:ngsi-ld:AED:372013:3", json!({"count": {"type": "Property", "value": 77}})).await;
    broker
        .patch(
            "urn:ngsi-ld:AED:372013:4",
            json!({"address": {"type": "Property", "value": {"x": {"y": [1, {"z": 2}]}}}}),
        )
        .await;
    let mut other = aed(5);
    other["type"] = json!(["Defibrillator", "AED"]);
    other["count"] =
        json!([{"type": "Property", "value": 1}, {"type": "Property", "value": 2, "datasetId": "urn:x:d"}]);
    broker.upsert(&[other]).await;
    broker.delete(&["urn:ngsi-ld:AED:372013:6".to_owned()]).await;
    sidecar.catch_up(&broker).await;
    let count = |number: u32| {
        format!(
            "SELECT ?n {{ <urn:ngsi-ld:AED:372013:{number}> <https://uri.etsi.org/ngsi-ld/default-context/count> ?n }}"
        )
    };
    assert_eq!(sidecar.rows(&count(3)).await, ["77"]);
    assert_eq!(sidecar.rows(&count(5)).await, ["1", "2"]);
    let gone = sidecar
        .dump()
        .await
        .into_iter()
        .filter(|line| line.contains("AED:372013:6>") || line.contains("AED:372013:6#"));
    assert_eq!(gone.count(), 0);
    assert_eq!(sidecar.dump().await, fresh_dump(&broker).await);
    let graphs = "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }";
    assert_eq!(sidecar.rows(graphs).await.len(), 3, "two types, and the examples");

    // The other type is gone, and its graph with it.
    broker.upsert(&[aed(5)]).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.rows(graphs).await.len(), 2);
    assert_eq!(sidecar.rows("SELECT ?g { GRAPH ?g {} }").await.len(), 2);
    assert_eq!(sidecar.dump().await, fresh_dump(&broker).await);

    let all: Vec<String> = (0..20).filter(|n| *n != 6).map(|n| format!("urn:ngsi-ld:AED:372013:{n}")).collect();
    broker.delete(&all).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.dump().await, Vec::<String>::new());
    assert_eq!(sidecar.rows("SELECT ?g { GRAPH ?g {} }").await, ["<https://w3id.org/hiroba/examples>"]);
}

#[tokio::test]
async fn both_shapes_keep_the_instants_of_the_broker() {
    let folder = folder();
    let broker = Broker::start(folder.path()).await;
    broker.upsert(&[aed(1)]).await;
    broker.patch("urn:ngsi-ld:AED:372013:1", json!({"count": {"type": "Property", "value": 2}})).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    let shown = broker.process.json("/ngsi-ld/v1/entities/urn:ngsi-ld:AED:372013:1?options=sysAttrs").await;
    let text = |value: &serde_json::Value| {
        // Oxigraph writes instants without the zeros at their end.
        let instant = value.as_str().unwrap().trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.');
        format!("\"{instant}Z\"^^<http://www.w3.org/2001/XMLSchema#dateTime>")
    };
    let prefixes = "PREFIX ngsi-ld: <https://uri.etsi.org/ngsi-ld/> PREFIX : <https://uri.etsi.org/ngsi-ld/default-context/> \
                    PREFIX dcterms: <http://purl.org/dc/terms/>";
    let plain =
        sidecar.rows(&format!("{prefixes} SELECT ?c ?m {{ ?s dcterms:created ?c ; dcterms:modified ?m }}")).await;
    assert_eq!(plain, [format!("{}\t{}", text(&shown["createdAt"]), text(&shown["modifiedAt"]))]);
    let reified = format!(
        "{prefixes} SELECT ?c ?m {{ GRAPH :AED {{ ?s :count [ ngsi-ld:createdAt ?c ; ngsi-ld:modifiedAt ?m ] }} }}"
    );
    let count = &shown["count"];
    assert_eq!(
        sidecar.rows(&reified).await,
        [format!("{}\t{}", text(&count["createdAt"]), text(&count["modifiedAt"]))]
    );
}

#[tokio::test]
async fn entities_that_look_like_parts_of_others_stay() {
    let folder = folder();
    let broker = Broker::start(folder.path()).await;
    let page = |id: &str, title: &str| {
        json!({"id": id, "type": "Page", "title": {"type": "Property", "value": {"text": title}},
               "topic": {"type": "Relationship", "object": "http://city.example/page#me"}})
    };
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    broker.upsert(&[page("http://city.example/page", "a"), page("http://city.example/page#me", "b")]).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.dump().await, fresh_dump(&broker).await);
    broker.upsert(&[page("http://city.example/page", "c")]).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.dump().await, fresh_dump(&broker).await);
    broker.delete(&["http://city.example/page".to_owned()]).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.dump().await, fresh_dump(&broker).await);
    assert!(!sidecar.dump().await.is_empty());
    broker.delete(&["http://city.example/page#me".to_owned()]).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.dump().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_broker_may_come_later_and_go() {
    let folder = folder();
    let address = free_address();
    let sidecar = Sidecar::start(&format!("http://{address}"), folder.path()).await;
    let (status, problem) = sidecar.problem("ASK {}").await;
    assert_eq!((status, problem["status"].as_u64()), (503, Some(503)), "{problem}");
    assert_eq!(sidecar.process.get("/ready").await.status(), 503);
    let health = sidecar.process.json("/health").await;
    assert_eq!((&health["status"], &health["broker"]["reachable"]), (&"no data yet".into(), &false.into()), "{health}");
    drop(sidecar);

    let broker = Broker::start(folder.path()).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    broker.upsert(&aeds(0..3)).await;
    sidecar.catch_up(&broker).await;
    let broker = broker.restart(|_| {}).await;
    broker.upsert(&aeds(3..5)).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.rows(COUNT).await, ["5"]);
    assert!(!sidecar.process.log().contains("not the one"), "the same broker is recognised: {}", sidecar.process.log());
}

#[tokio::test]
async fn a_broker_that_was_emptied_or_restored_is_noticed() {
    let folder = folder();
    let broker = Broker::start(folder.path()).await;
    let backup = folder.path().join("backup");
    let copy = |from: &Path, to: &Path| {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    };
    broker.upsert(&aeds(0..10)).await;
    let broker = broker.restart(|data| copy(data, &backup)).await;
    broker.upsert(&aeds(10..20)).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.rows(COUNT).await, ["20"]);

    // The log ends before the copy's position.
    let restore = |data: &Path| {
        std::fs::remove_dir_all(data).unwrap();
        copy(&backup, data);
    };
    let broker = broker.restart(restore).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.rows(COUNT).await, ["10"]);

    // The log has grown past the copy's position before the copy looks at it again, but it is another log.
    broker.upsert(&aeds(10..12)).await;
    sidecar.catch_up(&broker).await;
    let mut process = sidecar.process;
    process.kill();
    let broker = broker.restart(restore).await;
    broker.upsert(&aeds(30..45)).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.rows(COUNT).await, ["25"]);

    // Nothing is left.
    let broker = broker.restart(|data| std::fs::remove_dir_all(data).unwrap()).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.dump().await, Vec::<String>::new());
    let copies = std::fs::read_dir(folder.path().join("sidecar")).unwrap();
    let copies = copies.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("copy-"));
    assert_eq!(copies.count(), 1, "replaced copies are removed");
}

#[tokio::test]
async fn a_feed_behind_a_token_is_read_with_the_token() {
    let folder = folder();
    let token = folder.path().join("token");
    std::fs::write(&token, "s3cret\n").unwrap();
    let token = token.to_str().unwrap();
    let broker = Broker::start_with(folder.path(), &["--token-file", token]).await;
    let url = format!("{}/ngsi-ld/v1/entities", broker.url());
    let request = client().post(url).bearer_auth("s3cret").header("content-type", "application/json");
    broker.send(request.body(aed(1).to_string())).await;
    let without = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::start(broker.url(), without.path()).await;
    eventually("the missing token is told", || async {
        let health = sidecar.process.json("/health").await;
        health["broker"]["error"].as_str().is_some_and(|error| error.contains("--token-file"))
    })
    .await;
    let sidecar = Sidecar::start_with(broker.url(), folder.path(), &["--token-file", token]).await;
    eventually("the entity is there", || async {
        sidecar.process.get("/ready").await.status() == 200 && sidecar.rows(COUNT).await == ["1"]
    })
    .await;
}

#[tokio::test]
async fn a_change_is_seen_within_a_moment() {
    let folder = folder();
    let broker = Broker::start(folder.path()).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    broker.upsert(&[aed(0)]).await;
    sidecar.catch_up(&broker).await;
    let mut lags = Vec::new();
    for number in 1..21 {
        broker.upsert(&[aed(number)]).await;
        let written = Instant::now();
        let query = format!("ASK {{ <urn:ngsi-ld:AED:372013:{number}> ?p ?o }}");
        while sidecar.ask(&query, "text/csv").await.text().await.unwrap() != "true" {
            assert!(written.elapsed() < Duration::from_secs(10));
        }
        lags.push(written.elapsed());
    }
    lags.sort();
    eprintln!("from the broker's answer to the sidecar's: median {:?}, longest {:?}", lags[10], lags[19]);
    assert!(lags[10] < Duration::from_secs(1), "{lags:?}");
}

#[tokio::test]
async fn the_index_follows_changes_and_outlives_a_restart() {
    let folder = folder();
    let broker = Broker::start(folder.path()).await;
    broker.upsert(&aeds(0..300)).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    // A hundred rows are read as they are; here are more, so both go by the index.
    let near = "PREFIX geo: <http://www.opengis.net/ont/geosparql#> PREFIX geof: <http://www.opengis.net/def/function/geosparql/> \
        SELECT ?aed { ?aed geo:hasDefaultGeometry/geo:asWKT ?there \
        FILTER(geof:distance(?there, 'POINT(134.0101 34.3)'^^geo:wktLiteral) < 20) }";
    let named = "PREFIX text: <http://jena.apache.org/text#> SELECT ?aed { ?aed text:query '中央公園' }";
    let id = |number: u32| format!("urn:ngsi-ld:AED:372013:{number}");
    let row = |number: u32| format!("<{}>", id(number));
    assert_eq!(sidecar.rows(near).await, [row(10)]);
    assert_eq!(sidecar.rows(named).await, Vec::<String>::new());

    let moved = json!({"location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [134.01011, 34.3]}},
        "https://schema.org/name": {"type": "Property", "value": "中央公園"}});
    let append = client().post(format!("{}/ngsi-ld/v1/entities/{}/attrs", broker.url(), id(7)));
    broker.send(append.header("content-type", "application/json").body(moved.to_string())).await;
    broker.delete(&[id(10)]).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.rows(near).await, [row(7)]);
    assert_eq!(sidecar.rows(named).await, [row(7)]);

    drop(sidecar);
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.rows(near).await, [row(7)]);
    assert_eq!(sidecar.rows(named).await, [row(7)]);
    // Nobody sees it.
    let hidden = "SELECT ?s { { GRAPH ?g { ?s ?p ?o } } UNION { ?s ?p ?o } FILTER(STRSTARTS(STR(?p), 'urn:hiroba:')) }";
    assert_eq!(sidecar.rows(hidden).await, Vec::<String>::new());
}
