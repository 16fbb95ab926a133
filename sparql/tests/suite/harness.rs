//! Brokers and sidecars to test with: processes of their own, on free ports, in folders that are gone afterwards.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

/// The sidecar, as cargo has just built it.
const SIDECAR: &str = env!("CARGO_BIN_EXE_hiroba-sparql");

/// What updates in maintenance need.
pub(crate) const TOKEN: &str = "0p3rator";

/// A process that is killed when it is dropped, if it still runs.
pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
    folder: PathBuf,
}

impl Drop for Process {
    #[expect(clippy::print_stdout, reason = "whoever looks for what went wrong needs to know what it said")]
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("{}:\n{}", self.folder.display(), self.log());
        }
    }
}

impl Process {
    fn start(program: &Path, folder: &Path, address: &str, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        let log = std::fs::File::options().create(true).append(true).open(folder.with_extension("log")).unwrap();
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().unwrap();
        Self { child, url: format!("http://{address}"), folder: folder.to_owned() }
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and says with what code it did.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(started.elapsed() < Duration::from_secs(30), "it does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.with_extension("log")).unwrap_or_default()
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        client().get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).await.text().await.unwrap()).unwrap()
    }
}

pub(crate) fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // No test uses TLS, and reading the system's certificates takes longer than most requests.
    Client::builder().no_proxy().tls_certs_only([]).timeout(Duration::from_secs(120)).build().unwrap()
}

pub(crate) fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Tries until it is so, or for a long time in vain.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < Duration::from_secs(180), "not in three minutes: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn answers(url: &str) -> bool {
    client().get(format!("{url}/health")).send().await.is_ok_and(|answer| answer.status().is_success())
}

/// A broker with a database of its own.
pub(crate) struct Broker {
    pub(crate) process: Process,
    address: String,
    folder: PathBuf,
    arguments: Vec<String>,
}

impl Broker {
    /// The broker's program. It lies where cargo puts the sidecar's own: `cargo test --workspace` builds both first.
    fn program() -> PathBuf {
        let program = Path::new(SIDECAR).with_file_name("hiroba");
        assert!(program.exists(), "{} is not there: build it with `cargo build -p hiroba`", program.display());
        program
    }

    pub(crate) async fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[]).await
    }

    pub(crate) async fn start_with(folder: &Path, arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self::at(free_address(), folder.join("broker"), arguments).await
    }

    async fn at(address: String, folder: PathBuf, arguments: Vec<String>) -> Self {
        let program = Self::program();
        let data = folder.to_str().unwrap();
        let mut all = vec!["serve", "--listen", &address, "--data-dir", data, "--log-format", "human"];
        all.extend(arguments.iter().map(String::as_str));
        let process = Process::start(&program, &folder, &address, &all);
        eventually("the broker answers", || answers(&process.url)).await;
        Self { process, address, folder, arguments }
    }

    /// The same broker again, after `meanwhile` has had its folder to itself.
    pub(crate) async fn restart(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self { mut process, address, folder, arguments } = self;
        process.kill();
        drop(process);
        meanwhile(&folder);
        Self::at(address, folder, arguments).await
    }

    pub(crate) fn url(&self) -> &str {
        &self.process.url
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Value {
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Creates or replaces entities.
    pub(crate) async fn upsert(&self, entities: &[Value]) {
        self.upsert_for("", entities).await;
    }

    pub(crate) async fn upsert_for(&self, tenant: &str, entities: &[Value]) {
        let url = format!("{}/ngsi-ld/v1/entityOperations/upsert", self.url());
        let mut request = client().post(url).header("content-type", "application/json");
        if !tenant.is_empty() {
            request = request.header("NGSILD-Tenant", tenant);
        }
        self.send(request.body(json!(entities).to_string())).await;
    }

    pub(crate) async fn patch(&self, id: &str, fragment: Value) {
        let url = format!("{}/ngsi-ld/v1/entities/{id}/attrs", self.url());
        self.send(client().patch(url).header("content-type", "application/json").body(fragment.to_string())).await;
    }

    pub(crate) async fn delete(&self, ids: &[String]) {
        let url = format!("{}/ngsi-ld/v1/entityOperations/delete", self.url());
        let body = json!(ids).to_string();
        self.send(client().post(url).header("content-type", "application/json").body(body)).await;
    }

    /// The end of the change log.
    pub(crate) async fn head(&self) -> String {
        let text = self.process.get("/changes/snapshot").await.text().await.unwrap();
        let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        first["position"].as_str().unwrap().to_owned()
    }
}

/// A sidecar with a copy of its own.
pub(crate) struct Sidecar {
    pub(crate) process: Process,
}

impl Sidecar {
    pub(crate) async fn start(broker: &str, folder: &Path) -> Self {
        Self::start_with(broker, folder, &[]).await
    }

    pub(crate) async fn start_with(broker: &str, folder: &Path, arguments: &[&str]) -> Self {
        let address = free_address();
        let data = folder.join("sidecar");
        let mut all = vec!["--broker", broker, "--listen", &address, "--data-dir", data.to_str().unwrap()];
        all.extend(["--log-format", "human"]);
        all.extend(arguments);
        if !arguments.contains(&"--query-timeout") {
            // Where nothing is tried with the time: a machine may have much else to do.
            all.extend(["--query-timeout", "300"]);
        }
        // As services often are: with few open files, and leave to take more.
        let mut shell = vec!["-c", "ulimit -Sn 256; exec \"$0\" \"$@\"", SIDECAR];
        shell.extend(all);
        let process = Process::start(Path::new("sh"), &data, &address, &shell);
        eventually("the sidecar answers", || answers(&process.url)).await;
        Self { process }
    }

    /// A sidecar that takes updates, with [`TOKEN`], and follows nobody.
    pub(crate) async fn for_maintenance(folder: &Path) -> Self {
        let token = folder.join("operators-token");
        std::fs::write(&token, TOKEN).unwrap();
        let arguments = ["--maintenance", "--token-file", token.to_str().unwrap()];
        Self::start_with("http://127.0.0.1:1", folder, &arguments).await
    }

    /// Carries out an update as the operator.
    pub(crate) async fn update(&self, update: &str) {
        let url = format!("{}/sparql", self.process.url);
        let request = client().post(url).bearer_auth(TOKEN).header("content-type", "application/sparql-update");
        let answer = request.body(update.to_owned()).send().await.unwrap();
        let status = answer.status();
        assert_eq!(status, 204, "{update}: {}", answer.text().await.unwrap());
    }

    /// Waits until everything that the broker has is here.
    pub(crate) async fn catch_up(&self, broker: &Broker) {
        let head = broker.head().await;
        eventually("the sidecar has caught up", || async {
            let health = self.process.json("/health").await;
            health["position"] == head.as_str() && health["caughtUp"] == true
        })
        .await;
    }

    pub(crate) fn request(&self, query: &str, accept: &str) -> RequestBuilder {
        let url = format!("{}/sparql", self.process.url);
        let request = client().post(url).header("content-type", "application/sparql-query").header("accept", accept);
        request.body(query.to_owned())
    }

    pub(crate) async fn ask(&self, query: &str, accept: &str) -> Response {
        self.request(query, accept).send().await.unwrap()
    }

    /// Rows as lines of TSV, sorted, without the header.
    pub(crate) async fn rows(&self, query: &str) -> Vec<String> {
        self.rows_of("", query).await
    }

    /// Rows of what a tenant has.
    pub(crate) async fn rows_of(&self, tenant: &str, query: &str) -> Vec<String> {
        let request = self.request(query, "text/tab-separated-values").header("NGSILD-Tenant", tenant);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{query}: {status} {text}");
        let mut rows: Vec<String> = text.lines().skip(1).map(ToOwned::to_owned).collect();
        rows.sort();
        rows
    }

    /// Every quad that can be seen, the examples aside.
    pub(crate) async fn dump(&self) -> Vec<String> {
        self.dump_of("").await
    }

    pub(crate) async fn dump_of(&self, tenant: &str) -> Vec<String> {
        self.rows_of(tenant, "SELECT ?g ?s ?p ?o { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } FILTER(?g != <https://w3id.org/hiroba/examples>) } }").await
    }

    /// Status and body of a query that is not answered.
    pub(crate) async fn problem(&self, query: &str) -> (u16, Value) {
        let answer = self.ask(query, "*/*").await;
        let status = answer.status().as_u16();
        let kind = answer.headers().get("content-type").cloned();
        let text = answer.text().await.unwrap();
        assert_eq!(kind.unwrap(), "application/problem+json", "{query}: {status} {text}");
        (status, serde_json::from_str(&text).unwrap())
    }
}

/// A defibrillator as a city would publish it.
pub(crate) fn aed(number: u32) -> Value {
    let (x, y) = (134.0 + f64::from(number % 100) * 0.001, 34.3 + f64::from(number / 100 % 100) * 0.001);
    json!({
        "id": format!("urn:ngsi-ld:AED:372013:{number}"),
        "type": "AED",
        "scope": "/高松市",
        "name": {"type": "LanguageProperty", "languageMap": {"ja": format!("施設{number}"), "en": format!("Place {number}")}},
        "count": {"type": "Property", "value": number % 5 + 1, "unitCode": "C62", "observedAt": "2026-04-01T00:00:00Z"},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [x, y]}},
        "address": {"type": "Property", "value": {"addressRegion": "香川県", "addressLocality": "高松市"}},
        "owner": {"type": "Relationship", "object": format!("urn:ngsi-ld:Organization:{}", number % 10)},
        "since": {"type": "Property", "value": {"@type": "Date", "@value": "2020-04-01"}},
    })
}

/// Defibrillators with these numbers.
pub(crate) fn aeds(numbers: std::ops::Range<u32>) -> Vec<Value> {
    numbers.map(aed).collect()
}
