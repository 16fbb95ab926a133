//! `--maintenance`: the operator changes the copy by hand, nobody else does, and the broker has the last word.

use serde_json::Value;

use crate::harness::{Broker, Sidecar, TOKEN, aeds, client};

const COUNT: &str = "SELECT (COUNT(*) AS ?n) { ?s a <https://uri.etsi.org/ngsi-ld/default-context/AED> }";
const NOTE: &str = "INSERT DATA { <urn:x:note> <urn:x:says> 'by hand' }";

#[tokio::test]
async fn what_is_changed_in_maintenance_is_there_until_the_broker_is_followed_again() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    broker.upsert(&aeds(0..4)).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    let before = sidecar.dump().await;
    assert_eq!(sidecar.process.stop(), Some(0));

    let sidecar = Sidecar::for_maintenance(folder.path()).await;
    assert_eq!(sidecar.process.json("/health").await["status"], "maintenance");
    assert_eq!(sidecar.rows(COUNT).await, ["4"], "the copy is there without the broker");
    assert!(sidecar.ask("ASK {}", "*/*").await.headers().contains_key("hiroba-position"));
    sidecar.update(NOTE).await;
    assert!(
        !sidecar.ask("ASK {}", "*/*").await.headers().contains_key("hiroba-position"),
        "it holds something else now"
    );
    assert_eq!(sidecar.process.json("/health").await["position"], Value::Null);
    sidecar
        .update("DELETE { ?s ?p ?o } WHERE { ?s a <https://uri.etsi.org/ngsi-ld/default-context/AED> ; ?p ?o }")
        .await;
    assert_eq!(sidecar.rows(COUNT).await, ["0"]);
    // What it finds by words it finds without the index, which by now may not be true.
    sidecar.update("INSERT DATA { <urn:x:named> <https://schema.org/name> '閉鎖した公園' }").await;
    sidecar
        .update(
            "PREFIX text: <http://jena.apache.org/text#> \
             DELETE { ?e ?p ?o } WHERE { ?e text:query '閉鎖' ; ?p ?o }",
        )
        .await;
    assert_eq!(sidecar.rows("SELECT ?o { <urn:x:named> ?p ?o }").await, [""; 0]);
    assert_eq!(sidecar.rows("SELECT ?o { <urn:x:note> <urn:x:says> ?o }").await, ["\"by hand\""]);
    assert_eq!(sidecar.process.stop(), Some(0));

    // What was changed is still there for the next maintenance.
    let sidecar = Sidecar::for_maintenance(folder.path()).await;
    assert_eq!(sidecar.rows("SELECT ?o { <urn:x:note> <urn:x:says> ?o }").await, ["\"by hand\""]);
    assert_eq!(sidecar.process.stop(), Some(0));

    // The broker's log says otherwise, and it counts.
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.dump().await, before);
}

#[tokio::test]
async fn an_update_needs_maintenance_and_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::for_maintenance(folder.path()).await;
    let url = format!("{}/sparql", sidecar.process.url);
    for (way, token) in [("no token", None), ("another token", Some("guess")), ("a part of it", Some(&TOKEN[..3]))] {
        let mut request = client().post(&url).header("content-type", "application/sparql-update").body(NOTE);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["www-authenticate"]),
            (401, &"Bearer".parse().unwrap())
        );
        let problem: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert!(problem["detail"].as_str().unwrap().contains("--token-file"), "{way}: {problem}");
    }
    assert_eq!(sidecar.rows("SELECT * { ?s ?p ?o }").await, Vec::<String>::new());
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_hiroba-sparql")).arg("--maintenance").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "maintenance without a token is a mistake: {output:?}");
}

#[tokio::test]
async fn an_update_is_carried_out_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let sidecar = Sidecar::for_maintenance(folder.path()).await;
    sidecar.update("INSERT DATA { <urn:x:a> <urn:x:p> 1 }; CREATE GRAPH <urn:x:g>").await;
    for (update, status, part) in [
        ("INSERT DATA { <urn:x:b> <urn:x:p> 1 }; CREATE GRAPH <urn:x:g>", 400, "already exists"),
        ("INSERT DATA { <urn:x:b> <urn:x:p> 1 }; LOAD <http://127.0.0.1:1/data.ttl>", 400, "LOAD is switched off"),
        ("INSERT { ?s <urn:x:q> ?o } WHERE { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }", 400, ""),
        ("INSERT DATA { <urn:x:b> <urn:x:p> }", 400, "expected"),
    ] {
        let request = client().post(format!("{}/sparql", sidecar.process.url)).bearer_auth(TOKEN);
        let answer = request.header("content-type", "application/sparql-update").body(update).send().await.unwrap();
        let found = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        assert_eq!(found, status, "{update}: {text}");
        assert!(text.contains(part), "{update}: {text}");
        assert_eq!(sidecar.rows("SELECT ?s { ?s ?p ?o }").await, ["<urn:x:a>"], "{update}");
    }
}
