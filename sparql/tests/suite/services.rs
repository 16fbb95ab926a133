//! `SERVICE`: queries ask other endpoints only where the operator allows it, and nothing from there takes the process down.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::harness::{Broker, Sidecar, aeds, free_address};

const AED: &str = "https://uri.etsi.org/ngsi-ld/default-context/AED";

struct World {
    _folders: [tempfile::TempDir; 2],
    _broker: Broker,
    /// Knows the floors of some defibrillators.
    other: Sidecar,
    sidecar: Sidecar,
}

impl World {
    /// A sidecar that may ask another one, and these addresses.
    async fn new(also: &[&str]) -> Self {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let other = Sidecar::for_maintenance(folders[0].path()).await;
        other
            .update("INSERT DATA { <urn:ngsi-ld:AED:372013:1> <urn:x:floor> 3 . <urn:ngsi-ld:AED:372013:2> <urn:x:floor> 5 }")
            .await;
        let broker = Broker::start(folders[1].path()).await;
        broker.upsert(&aeds(0..20)).await;
        let url = format!("{}/sparql", other.process.url);
        let mut arguments = vec!["--query-timeout", "3", "--allow-service", &url];
        also.iter().for_each(|url| arguments.extend(["--allow-service", *url]));
        let sidecar = Sidecar::start_with(broker.url(), folders[1].path(), &arguments).await;
        sidecar.catch_up(&broker).await;
        Self { _folders: folders, _broker: broker, other, sidecar }
    }

    fn url(&self) -> String {
        format!("{}/sparql", self.other.process.url)
    }
}

#[tokio::test]
async fn an_endpoint_that_is_allowed_is_asked() {
    let world = World::new(&[]).await;
    let (sidecar, url) = (&world.sidecar, world.url());
    let floors = ["<urn:ngsi-ld:AED:372013:1>\t3", "<urn:ngsi-ld:AED:372013:2>\t5"];
    for query in [
        format!("SELECT ?s ?f {{ SERVICE <{url}> {{ ?s <urn:x:floor> ?f }} }}"),
        format!("SELECT ?s ?f {{ ?s a <{AED}> SERVICE <{url}> {{ ?s <urn:x:floor> ?f }} }}"),
        // Parts that have nothing in common inside, and a graph pattern: the other endpoint gets them as they are.
        format!(
            "SELECT DISTINCT ?s ?f {{ SERVICE <{url}> {{ ?s <urn:x:floor> ?f . ?x <urn:x:floor> ?g OPTIONAL {{ GRAPH ?h {{ ?s ?p ?o }} }} }} }}"
        ),
    ] {
        assert_eq!(sidecar.rows(&query).await, floors, "{query}");
    }
    let optional = format!("SELECT ?s ?f {{ ?s a <{AED}> OPTIONAL {{ SERVICE <{url}> {{ ?s <urn:x:floor> ?f }} }} }}");
    assert_eq!(sidecar.rows(&optional).await.len(), 20);
    // The update, and each query once, however many rows there were.
    let metrics = world.other.process.get("/metrics").await.text().await.unwrap();
    let asked: Vec<&str> = metrics.lines().filter(|line| line.starts_with("hiroba_sparql_queries_total")).collect();
    assert_eq!(asked, ["hiroba_sparql_queries_total{ending=\"Answered\"} 5"]);
    let description = sidecar.process.get("/sparql").await.text().await.unwrap();
    assert!(description.contains("BasicFederatedQuery"), "{description}");
}

#[tokio::test]
async fn other_endpoints_are_not_asked() {
    let world = World::new(&[]).await;
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let address = elsewhere.local_addr().unwrap();
    let same_host = format!("{}/", world.url());
    for url in [format!("http://{address}/"), same_host] {
        let (status, problem) = world.sidecar.problem(&format!("SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}")).await;
        assert_eq!(status, 400, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("--allow-service"), "{problem}");
        let silent = format!("SELECT (1 AS ?x) {{ SERVICE SILENT <{url}> {{ ?s ?p ?o }} }}");
        assert_eq!(world.sidecar.rows(&silent).await, ["1"]);
    }
    assert!(elsewhere.accept().is_err(), "nobody has called");
    let usage = std::process::Command::new(env!("CARGO_BIN_EXE_hiroba-sparql"))
        .args(["--allow-service", "file:///etc/passwd"])
        .output()
        .unwrap();
    assert_eq!(usage.status.code(), Some(2), "{usage:?}");
}

/// An endpoint that begins like a good one and goes on as told.
fn endpoint(answer: impl Fn(&mut std::net::TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            answer(&mut stream);
        }
    });
    url
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_well_is_named_in_the_error() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/sparql-results+json\r\nconnection: close\r\n\r\n";
    let endless = endpoint(move |stream| {
        let _ = stream.write_all(head.as_bytes());
        while stream.write_all(&[b' '; 1 << 16]).is_ok() {}
    });
    let silent = endpoint(|_| std::thread::sleep(Duration::from_secs(20)));
    let nonsense = endpoint(move |stream| drop(stream.write_all(format!("{head}<html>").as_bytes())));
    let moved = endpoint(|stream| {
        let answer = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
        drop(stream.write_all(answer.as_bytes()));
    });
    let nobody = format!("http://{}/", free_address());
    let all = [&endless, &silent, &nonsense, &moved, &nobody].map(String::as_str);
    let mut world = World::new(&all).await;
    for (url, status, part) in [
        (&nobody, 502, "refused"),
        (&nonsense, 502, ""),
        (&moved, 502, "302"),
        (&endless, 502, "longer than"),
        (&silent, 504, "3 seconds"),
    ] {
        let started = Instant::now();
        let (found, problem) = world.sidecar.problem(&format!("SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}")).await;
        assert_eq!(found, status, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(part) && (status == 504 || detail.contains(url.as_str())), "{problem}");
        assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    }
    let quiet = format!("SELECT (1 AS ?x) {{ SERVICE SILENT <{nobody}> {{ ?s ?p ?o }} }}");
    assert_eq!(world.sidecar.rows(&quiet).await, ["1"]);
    assert!(!world.sidecar.process.has_ended());
}
