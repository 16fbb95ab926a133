//! `/sparql` and `/ready` with a SPARQL sidecar, played by a small server here.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;

use crate::support::{Broker, encode, eventually, run};

/// A sidecar that tells in its answer what it was asked. It is busy for queries that say so.
fn sidecar() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| answer(&stream)));
    url
}

fn answer(mut stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let asked = format!("{head}{}", String::from_utf8(body).unwrap());
    let status = if asked.contains("busy") { "503 Busy\r\nretry-after: 1" } else { "200 OK" };
    let response = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/x-asked\r\nhiroba-position: 0-8\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{asked}",
        asked.len()
    );
    stream.write_all(response.as_bytes()).unwrap();
}

#[test]
fn queries_and_answers_pass_through_as_they_are() {
    run(async {
        let broker = Broker::sqlite_with(&["--sparql", &sidecar()]).await;
        let path = format!("/sparql?query={}&format=csv", encode("ASK { ?s ?p \"駅\" }"));
        let got = broker.get(&path).header("accept", "text/csv;q=0.5").header("NGSILD-Tenant", "other").send().await;
        assert_eq!((got.status, got.header("content-type")), (200, Some("text/x-asked")), "{}", got.text);
        let asked = got.text.to_ascii_lowercase();
        let line = format!("GET {path} HTTP/1.1").to_ascii_lowercase();
        for part in [line.as_str(), "accept: text/csv;q=0.5", "ngsild-tenant: other", "x-forwarded-host: 127.0.0.1:"] {
            assert!(asked.contains(part), "{part} in {asked}");
        }
        let path = "/sparql/a%20city?query=ASK%20%7B%7D";
        let got = broker.get(path).header("Hiroba-Not-Before", "0-7").header("Authorization", "Bearer x").send().await;
        assert_eq!((got.status, got.header("hiroba-position")), (200, Some("0-8")), "{}", got.text);
        let asked = got.text.to_ascii_lowercase();
        assert!(asked.starts_with(&format!("get {path} ").to_ascii_lowercase()), "{asked}");
        assert!(asked.contains("hiroba-not-before: 0-7") && !asked.contains("bearer"), "{asked}");
        let post = broker.ask(reqwest::Method::POST, "/sparql").raw("application/sparql-query", "ASK {}").send().await;
        assert!(post.text.contains("application/sparql-query") && post.text.ends_with("ASK {}"), "{}", post.text);
        let on_snapshot = broker.get("/sparql?query=ASK%20%7B%7D").header("NGSILD-Snapshot", "urn:s:1").send().await;
        assert_eq!((on_snapshot.status, on_snapshot.error().as_str()), (422, "OperationNotSupported"));
        let busy = broker.get("/sparql?query=busy").send().await;
        assert_eq!((busy.status, busy.header("retry-after")), (503, Some("1")));
        let ready = broker.get("/ready").send().await.json();
        assert_eq!((&ready["status"], &ready["sparql"]), (&"ready".into(), &"ok".into()));
    });
}

#[test]
fn a_sidecar_that_is_away_or_silent_degrades_only() {
    run(async {
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        // It takes connections, and never says a word.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        for address in [nobody, silent.local_addr().unwrap()] {
            let broker = Broker::sqlite_with(&["--sparql", &format!("http://{address}")]).await;
            eventually("it is noticed", async || {
                let ready = broker.get("/ready").send().await;
                assert_eq!(ready.status, 200);
                ready.json()["status"] == "degraded"
            })
            .await;
        }
        let broker = Broker::sqlite_with(&["--sparql", &format!("http://{nobody}")]).await;
        let answer = broker.get("/sparql?query=ASK%20%7B%7D").send().await;
        let problem: Value = answer.json();
        assert_eq!((answer.status, &problem["status"]), (502, &502.into()), "{}", answer.text);
    });
}

#[test]
fn dumps_pass_through_by_name_and_tenant_and_other_names_do_not() {
    run(async {
        let broker = Broker::sqlite_with(&["--sparql", &sidecar()]).await;
        for path in ["/dumps/all.nq.gz", "/dumps/a%20city/short.ttl.gz"] {
            let got = broker.get(path).header("accept-encoding", "br, gzip").header("NGSILD-Tenant", "").send().await;
            assert_eq!((got.status, got.header("hiroba-position")), (200, Some("0-8")), "{}", got.text);
            assert!(got.text.to_ascii_lowercase().starts_with(&format!("get {path} ")), "{}", got.text);
            assert_eq!(got.header("content-encoding"), Some("identity"), "what is compressed is not compressed again");
        }
        for path in ["/dumps/all.zip", "/dumps/city/all.zip", "/dumps/..%2Fsparql", "/dumps"] {
            assert_eq!(broker.get(path).send().await.status, 404, "{path}");
        }
    });
}
