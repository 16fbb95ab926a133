//! No query can take the process down, or everything for itself.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Broker, Sidecar, aeds};

/// Rows enough for a century.
const ENDLESS: &str = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }";

async fn world(arguments: &[&str]) -> (tempfile::TempDir, Broker, Sidecar) {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    broker.upsert(&aeds(0..300)).await;
    let sidecar = Sidecar::start_with(broker.url(), folder.path(), arguments).await;
    sidecar.catch_up(&broker).await;
    (folder, broker, sidecar)
}

#[tokio::test]
async fn a_query_that_takes_too_long_is_stopped() {
    let (_folder, _broker, sidecar) = world(&["--query-timeout", "1", "--max-queries", "2"]).await;
    let started = Instant::now();
    let (status, problem) = sidecar.problem(ENDLESS).await;
    assert_eq!(status, 504, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("1 seconds"), "{problem}");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    // Its place is free again, for queries that stop in the middle of their answer too.
    let rows = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }";
    for _ in 0..3 {
        let answer = sidecar.ask(rows, "text/csv").await;
        assert!(answer.status() == 504 || answer.text().await.is_err(), "an answer that is not complete looks so");
    }
    assert_eq!(sidecar.rows("SELECT (1 AS ?x) {}").await, ["1"]);
}

#[tokio::test]
async fn when_all_places_are_taken_others_are_asked_to_come_back() {
    let (_folder, _broker, sidecar) = world(&["--query-timeout", "5", "--max-queries", "1"]).await;
    let endless = sidecar.ask(ENDLESS, "*/*");
    let other = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        sidecar.ask("ASK {}", "*/*").await
    };
    let (endless, other) = tokio::join!(endless, other);
    assert_eq!((other.status().as_u16(), other.headers()["retry-after"].to_str().unwrap()), (503, "1"));
    assert_eq!(endless.status(), 504);
    // A client that goes away gives its place back.
    let gone = tokio::time::timeout(Duration::from_millis(300), sidecar.ask(ENDLESS, "*/*")).await;
    assert!(gone.is_err());
    let started = Instant::now();
    crate::harness::eventually("the place is free", || async { sidecar.ask("ASK {}", "*/*").await.status() == 200 })
        .await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_refused() {
    let (_folder, _broker, sidecar) = world(&["--max-results", "500"]).await;
    let (status, problem) = sidecar.problem("SELECT * { ?s ?p ?o }").await;
    assert_eq!(status, 403, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("more than 500"), "{problem}");
    let (status, _) = sidecar.problem("CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }").await;
    assert_eq!(status, 403);
    assert_eq!(sidecar.rows("SELECT * { ?s ?p ?o } LIMIT 500").await.len(), 500);
}

#[tokio::test]
async fn a_lookup_brings_all_that_is_said_and_no_more_than_allowed() {
    for (arguments, allowed) in [(vec![], 1_000_000), (vec!["--max-results", "900"], 900)] {
        let (_folder, broker, sidecar) = world(&arguments).await;
        // Few rows; more rows than allowed, or than are answered without a thread; more bytes than a first chunk has.
        for (rows, length) in [(3, 10), (950, 10), (3_000, 10), (40, 10_000)] {
            let id = format!("urn:ngsi-ld:Thing:{rows}");
            let values: Vec<String> = (0..rows).map(|n| format!("{n}{}", "x".repeat(length))).collect();
            broker
                .upsert(&[json!({ "id": id, "type": "Thing", "said": { "type": "Property", "value": values } })])
                .await;
            sidecar.catch_up(&broker).await;
            let of_it = format!("<{id}> <https://uri.etsi.org/ngsi-ld/default-context/said> ?value");
            for _ in 0..2 {
                if rows <= allowed {
                    assert_eq!(sidecar.rows(&format!("SELECT ?value {{ {of_it} }}")).await.len(), rows);
                } else {
                    assert_eq!(sidecar.problem(&format!("SELECT ?value {{ {of_it} }}")).await.0, 403, "{rows}");
                }
            }
            assert_eq!(sidecar.rows(&format!("SELECT ?value {{ {of_it} }} LIMIT 2")).await.len(), 2);
            assert_eq!(sidecar.ask(&format!("ASK {{ {of_it} }}"), "text/csv").await.text().await.unwrap(), "true");
        }
        // Each counts once, whether it was answered at once, with a thread, or not at all.
        let metrics = sidecar.process.get("/metrics").await.text().await.unwrap();
        let counted = |line: &str| metrics.lines().any(|found| found.ends_with(line));
        let (answered, stopped) = if allowed == 900 { (12, 4) } else { (16, 0) };
        assert!(counted(&format!("queries_total{{ending=\"Answered\"}} {answered}")), "{metrics}");
        assert!(stopped == 0 || counted(&format!("queries_total{{ending=\"Stopped\"}} {stopped}")), "{metrics}");
        assert!(counted("queries_running 0"), "{metrics}");
    }
}

#[tokio::test]
async fn a_query_that_takes_too_much_memory_is_stopped() {
    let (_folder, _broker, mut sidecar) = world(&["--max-memory", "300", "--query-timeout", "300"]).await;
    let sorted = "SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c";
    for _ in 0..2 {
        let (status, problem) = sidecar.problem(sorted).await;
        assert_eq!(status, 403, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("memory"), "{problem}");
    }
    assert_eq!(sidecar.rows("SELECT (1 AS ?x) {}").await, ["1"]);
    assert!(!sidecar.process.has_ended());
}

#[tokio::test]
async fn no_form_of_a_query_takes_the_process_down() {
    let (_folder, _broker, mut sidecar) = world(&["--query-timeout", "3"]).await;
    let many = |n: usize, part: &dyn Fn(usize) -> String| -> String { (0..n).map(part).collect::<Vec<_>>().join(" ") };
    for n in [900, 3_900] {
        for (what, query) in [
            ("!", format!("ASK {{ FILTER({}true) }}", "!".repeat(n))),
            ("||", format!("ASK {{ FILTER(true{}) }}", "||true".repeat(n / 2))),
            ("+", format!("SELECT (1{} AS ?x) {{}}", "+1".repeat(n))),
            ("OPTIONAL", format!("SELECT * {{ {} }}", many(n, &|i| format!("OPTIONAL {{ ?s{i} <urn:p> 1 }}")))),
            ("UNION", format!("ASK {{ {} {{}} }}", "{} UNION ".repeat(n - 10))),
            ("BIND", format!("SELECT * {{ {} }}", many(n, &|i| format!("BIND({i} AS ?x{i})")))),
            ("MINUS", format!("SELECT * {{ {} }}", "MINUS { ?s <urn:p> ?o } ".repeat(n))),
            ("FILTER", format!("ASK {{ {} }}", "FILTER(true) ".repeat(n))),
            ("path", format!("ASK {{ ?s <urn:p>{} ?o }}", "/<urn:p>".repeat(n))),
            ("path alternatives", format!("ASK {{ ?s <urn:p>{} ?o }}", "|<urn:p>".repeat(n))),
            ("triples", format!("ASK {{ {} }}", many(n, &|i| format!("?s{i} <urn:p> ?s{} .", i + 1)))),
            ("star", format!("ASK {{ ?s {} }}", many(n, &|i| format!("<urn:p{i}> ?o{i} ;")))),
            ("brackets", format!("ASK {{ FILTER({}1{}) }}", "(".repeat(n), ")".repeat(n))),
            ("groups", format!("ASK {}{}", "{".repeat(99.min(n)), "}".repeat(99.min(n)))),
            ("subqueries", format!("{}ASK {{}}{}", "", "") + &" ".repeat(n)),
            ("nested subqueries", format!("SELECT * {}{}", "{ SELECT * ".repeat(95) + "{}", "}".repeat(95))),
            ("negative EXISTS", format!("ASK {{ {} {{}} {} }}", "FILTER NOT EXISTS {".repeat(90), "}".repeat(90))),
        ] {
            let answer = sidecar.ask(&query, "*/*").await;
            let status = answer.status().as_u16();
            assert!(matches!(status, 200 | 400 | 403 | 504), "{what} {n}: {status}");
            assert!(!sidecar.process.has_ended(), "{what} {n}: {}", sidecar.process.log());
        }
    }
    assert_eq!(sidecar.rows("SELECT (1 AS ?x) {}").await, ["1"]);
}
