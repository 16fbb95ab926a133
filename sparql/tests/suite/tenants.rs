//! A query sees one tenant's data, and no way of asking shows another's.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Broker, Sidecar, TOKEN, aed, aeds, client};

const COUNT: &str = "SELECT (COUNT(*) AS ?n) { ?s a <https://uri.etsi.org/ngsi-ld/default-context/AED> }";
/// Long, with characters that no file name has, and equal to another one but for a capital.
const ODD: &str = "urn:ngsi-ld:tenant:../../etc/passwd?&%2F\"<>|*CITY";

/// The same ids for everybody, with a value that tells whose they are.
fn marked(tenant: &str, numbers: std::ops::Range<u32>) -> Vec<Value> {
    let mut entities: Vec<Value> = numbers.map(aed).collect();
    for entity in &mut entities {
        entity["whose"] = json!({"type": "Property", "value": format!("of <{tenant}>")});
        entity[format!("only{}", tenant.len())] = json!({"type": "Relationship", "object": entity["id"]});
        entity["type"] = json!(["AED", format!("Kind{}", tenant.len())]);
    }
    entities
}

/// Ways of asking for everything there is.
const EVERYTHING: [&str; 10] = [
    "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }",
    "CONSTRUCT { ?s ?p ?o . ?g ?p ?o } { GRAPH ?g { ?s ?p ?o } }",
    "CONSTRUCT { ?s ?p ?o } { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }",
    "DESCRIBE ?s { ?s ?p ?o }",
    "DESCRIBE <urn:ngsi-ld:AED:372013:1>",
    "CONSTRUCT { <urn:ngsi-ld:AED:372013:1> <urn:x:reaches> ?o } { <urn:ngsi-ld:AED:372013:1> (<urn:x:p>|!<urn:x:q>)* ?o }",
    "CONSTRUCT { ?o <urn:x:from> ?s } { ?s (!(<urn:x:p>|^<urn:x:q>))+ ?o }",
    "CONSTRUCT { ?s <urn:x:q> ?o } FROM <https://uri.etsi.org/ngsi-ld/default-context/AED> { ?s ?p ?o }",
    "CONSTRUCT { ?g ?p ?o } FROM NAMED <https://uri.etsi.org/ngsi-ld/default-context/AED> { GRAPH ?g { ?s ?p ?o } }",
    "CONSTRUCT { ?s <urn:x:n> ?n } { { SELECT ?s (GROUP_CONCAT(STR(?o)) AS ?n) { ?s ?p ?o } GROUP BY ?s } }",
];

async fn sees_only_its_own(sidecar: &Sidecar, tenants: &[&str]) {
    for tenant in tenants {
        for query in EVERYTHING {
            let request = sidecar.request(query, "application/n-triples").header("NGSILD-Tenant", *tenant);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 200, "{tenant} {query}");
            let text = answer.text().await.unwrap();
            assert!(!text.is_empty(), "{tenant} {query}");
            for other in tenants.iter().filter(|other| *other != tenant) {
                let (whose, kind) = (format!("of <{other}>").replace('"', "\\\""), format!("Kind{}>", other.len()));
                assert!(!text.contains(&whose), "{tenant} sees values of {other}: {query}");
                assert!(!text.contains(&kind), "{tenant} sees the types of {other}: {query}");
                assert!(!text.contains(&format!("only{}>", other.len())), "{tenant} sees names of {other}: {query}");
            }
        }
        let graphs = sidecar.rows_of(tenant, "SELECT DISTINCT ?g { GRAPH ?g {} }").await.join(" ");
        assert!(graphs.contains(&format!("Kind{}>", tenant.len())), "{tenant}: {graphs}");
        for other in tenants.iter().filter(|other| *other != tenant) {
            assert!(!graphs.contains(&format!("Kind{}>", other.len())), "{tenant} sees {other}: {graphs}");
        }
    }
}

async fn status(sidecar: &Sidecar, tenant: &str) -> u16 {
    sidecar.request(COUNT, "*/*").header("NGSILD-Tenant", tenant).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn nobody_sees_what_is_anothers() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    let tenants = ["", "a-city", "a-City-", ODD];
    for tenant in tenants {
        broker.upsert_for(tenant, &marked(tenant, 0..5)).await;
    }
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    sees_only_its_own(&sidecar, &tenants).await;
    assert_eq!(status(&sidecar, "A-CITY").await, 404, "names are not alike");

    // One that comes later, changes and deletions of each by itself.
    let tenants = [&tenants[..], &["later"]].concat();
    broker.upsert_for("later", &marked("later", 3..9)).await;
    broker.upsert_for("a-city", &marked("a-city", 5..7)).await;
    broker.delete(&["urn:ngsi-ld:AED:372013:2".to_owned()]).await;
    sidecar.catch_up(&broker).await;
    sees_only_its_own(&sidecar, &tenants[..4]).await;
    for (tenant, n) in [("", "4"), ("a-city", "7"), ("a-City-", "5"), (ODD, "5"), ("later", "6")] {
        assert_eq!(sidecar.rows_of(tenant, COUNT).await, [n], "{tenant}");
    }
    assert_eq!(sidecar.process.json("/health").await["tenants"], 4);

    // After a restart each is what it was.
    let before = sidecar.dump_of(ODD).await;
    assert_eq!(sidecar.process.stop(), Some(0));
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    assert!(!sidecar.process.log().contains("not the one"), "{}", sidecar.process.log());
    assert_eq!(sidecar.process.log().matches("the new copy is complete").count(), 1);
    assert_eq!(sidecar.dump_of(ODD).await, before);
    let fresh = tempfile::tempdir().unwrap();
    let fresh = Sidecar::start(broker.url(), fresh.path()).await;
    fresh.catch_up(&broker).await;
    for tenant in tenants {
        assert_eq!(sidecar.dump_of(tenant).await, fresh.dump_of(tenant).await, "{tenant}");
    }
}

#[tokio::test]
async fn the_tenant_is_named_by_a_header_or_by_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    broker.upsert(&aeds(0..1)).await;
    broker.upsert_for("city", &aeds(0..2)).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    let query: String = url::form_urlencoded::byte_serialize(COUNT.as_bytes()).collect();
    for (path, header, found) in [
        ("/sparql", None, "1"),
        ("/sparql", Some(("NGSILD-Tenant", "")), "1"),
        ("/sparql", Some(("NGSILD-Tenant", "city")), "2"),
        ("/sparql", Some(("Fiware-Service", "city")), "2"),
        ("/sparql/city", None, "2"),
        ("/sparql/city/", None, "2"),
        ("/sparql/city", Some(("NGSILD-Tenant", "city")), "2"),
    ] {
        let mut request = client().get(format!("{}{path}?query={query}&format=csv", sidecar.process.url));
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path} {header:?}");
        let told = answer.headers().get("ngsild-tenant").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(told.as_deref(), (found == "2").then_some("city"), "{path} {header:?}");
        assert!(answer.headers()["vary"].to_str().unwrap().contains("NGSILD-Tenant"));
        assert_eq!(answer.text().await.unwrap().lines().nth(1), Some(found), "{path} {header:?}");
    }
    for (path, tenant, status) in [
        ("/sparql/other", "", 404),
        ("/sparql", "other", 404),
        ("/sparql/city", "other", 400),
        ("/sparql/two%20words", "", 400),
    ] {
        for query in [format!("?query={query}"), String::new()] {
            let request = client().get(format!("{}{path}{query}", sidecar.process.url)).header("NGSILD-Tenant", tenant);
            assert_eq!(request.send().await.unwrap().status(), status, "{path} {tenant} {query}");
        }
    }
    let description = sidecar.process.get("/sparql/city").await.text().await.unwrap();
    assert!(description.contains("/sparql/city>"), "{description}");
}

async fn with_room_for(tenants: &str, broker: &Broker, folder: &Path) -> Sidecar {
    let sidecar = Sidecar::start_with(broker.url(), folder, &["--max-tenants", tenants]).await;
    sidecar.catch_up(broker).await;
    sidecar
}

#[tokio::test]
async fn tenants_that_there_is_no_room_for_are_left_out_until_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    broker.upsert_for("first", &aeds(0..2)).await;
    broker.upsert_for("second", &aeds(0..3)).await;
    let sidecar = with_room_for("1", &broker, folder.path()).await;
    broker.upsert_for("third", &aeds(0..4)).await;
    broker.upsert_for("first", &aeds(2..4)).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.rows_of("first", COUNT).await, ["4"]);
    assert_eq!((status(&sidecar, "second").await, status(&sidecar, "third").await), (404, 404));
    let metrics = sidecar.process.get("/metrics").await.text().await.unwrap();
    for line in ["hiroba_sparql_left_out_entities_total 7", "hiroba_sparql_tenants 1"] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    assert!(sidecar.process.log().contains("no room for more tenants"));
    assert_eq!(sidecar.process.stop(), Some(0));
    // Less room changes nothing for those that are there.
    let sidecar = with_room_for("0", &broker, folder.path()).await;
    assert_eq!(sidecar.rows_of("first", COUNT).await, ["4"]);
    assert_eq!(sidecar.process.stop(), Some(0));
    let sidecar = with_room_for("3", &broker, folder.path()).await;
    crate::harness::eventually("the new copy is there", || async { status(&sidecar, "third").await == 200 }).await;
    for (tenant, n) in [("first", "4"), ("second", "3"), ("third", "4")] {
        assert_eq!(sidecar.rows_of(tenant, COUNT).await, [n], "{tenant}");
    }
}

#[tokio::test]
async fn maintenance_changes_one_tenant_only() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    broker.upsert(&aeds(0..1)).await;
    broker.upsert_for("city", &aeds(0..2)).await;
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.process.stop(), Some(0));
    let sidecar = Sidecar::for_maintenance(folder.path()).await;
    let update = |tenant: &str| {
        let request = client().post(format!("{}/sparql", sidecar.process.url)).bearer_auth(TOKEN);
        let request = request.header("content-type", "application/sparql-update").header("NGSILD-Tenant", tenant);
        request.body("DROP ALL").send()
    };
    assert_eq!(update("unknown").await.unwrap().status(), 404);
    assert_eq!(update("city").await.unwrap().status(), 204);
    assert_eq!(sidecar.rows_of("city", COUNT).await, ["0"]);
    assert_eq!(sidecar.rows(COUNT).await, ["1"]);
    assert_eq!(sidecar.process.stop(), Some(0));
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    assert_eq!(sidecar.rows_of("city", COUNT).await, ["2"]);
}

#[tokio::test]
async fn many_tenants_do_not_run_out_of_open_files() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).await;
    for number in 0..20 {
        broker.upsert_for(&format!("tenant{number}"), &aeds(0..1)).await;
    }
    let sidecar = Sidecar::start(broker.url(), folder.path()).await;
    sidecar.catch_up(&broker).await;
    for number in 0..20 {
        assert_eq!(sidecar.rows_of(&format!("tenant{number}"), COUNT).await, ["1"]);
    }
}
