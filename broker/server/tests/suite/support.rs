//! Brokers to talk to, and a way to say what is asked and what must come back.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use hiroba_store::{Options, Store};
use reqwest::Method;
use serde_json::Value;

/// A broker process with a database of its own.
pub(crate) struct Broker {
    pub(crate) process: Child,
    pub(crate) base: String,
    pub(crate) kind: &'static str,
    database: Database,
    client: reqwest::Client,
}

enum Database {
    Folder(tempfile::TempDir),
    /// The folder of another broker.
    Shared(String),
    PostGis(String),
}

impl Database {
    fn arguments(&self) -> [String; 2] {
        match self {
            Self::Folder(folder) => ["--data-dir".to_owned(), folder.path().display().to_string()],
            Self::Shared(folder) => ["--data-dir".to_owned(), folder.clone()],
            Self::PostGis(url) => ["--database".to_owned(), url.clone()],
        }
    }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// All values of a header, joined.
    pub(crate) fn headers(&self, name: &str) -> String {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>().join(", ")
    }

    /// The short name of the error type.
    pub(crate) fn error(&self) -> String {
        let kind = self.json()["type"].as_str().unwrap_or_default().to_owned();
        kind.rsplit('/').next().unwrap_or_default().to_owned()
    }
}

/// A request under construction.
pub(crate) struct Asking<'b> {
    broker: &'b Broker,
    request: reqwest::RequestBuilder,
}

impl Asking<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// A body in `application/json`, unless the header says otherwise already.
    pub(crate) fn body(mut self, body: &Value) -> Self {
        let kind = if body.get("@context").is_some() || body.get(0).is_some_and(|first| first.get("@context").is_some())
        {
            "application/ld+json"
        } else {
            "application/json"
        };
        self.request = self.request.header("content-type", kind).body(body.to_string());
        self
    }

    pub(crate) fn raw(mut self, kind: &str, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.header("content-type", kind).body(body);
        self
    }

    pub(crate) async fn send(self) -> Answer {
        let _ = self.broker;
        let response = self.request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap() }
    }
}

impl Broker {
    /// A broker on a new SQLite database.
    pub(crate) async fn sqlite() -> Self {
        Self::start(Database::Folder(tempfile::tempdir().unwrap()), &[]).await
    }

    pub(crate) async fn sqlite_with(arguments: &[&str]) -> Self {
        Self::start(Database::Folder(tempfile::tempdir().unwrap()), arguments).await
    }

    /// A broker on each kind of database.
    pub(crate) async fn every() -> Vec<Self> {
        Self::every_with(&[]).await
    }

    pub(crate) async fn every_with(arguments: &[&str]) -> Vec<Self> {
        let mut brokers = vec![Self::sqlite_with(arguments).await];
        if let Some(url) = postgis().await {
            brokers.push(Self::start(Database::PostGis(url), arguments).await);
        }
        brokers
    }

    /// A broker on each kind of database, on which something was done before.
    pub(crate) async fn every_after(work: impl AsyncFn(Store)) -> Vec<Self> {
        let mut databases = vec![Database::Folder(tempfile::tempdir().unwrap())];
        databases.extend(postgis().await.map(Database::PostGis));
        let mut brokers = Vec::new();
        for database in databases {
            let [_, place] = database.arguments();
            work(Store::open(Options::new(place)).await.unwrap()).await;
            brokers.push(Self::start(database, &[]).await);
        }
        brokers
    }

    /// Another broker on the same database.
    pub(crate) async fn another(&self) -> Self {
        self.another_with(&[]).await
    }

    /// The same, with other arguments.
    pub(crate) async fn another_with(&self, arguments: &[&str]) -> Self {
        let database = match &self.database {
            Database::Folder(folder) => Database::Shared(folder.path().display().to_string()),
            Database::Shared(folder) => Database::Shared(folder.clone()),
            Database::PostGis(url) => Database::PostGis(url.clone()),
        };
        Self::start(database, arguments).await
    }

    async fn start(database: Database, arguments: &[&str]) -> Self {
        let kind = match &database {
            Database::Folder(_) | Database::Shared(_) => "SQLite",
            Database::PostGis(_) => "PostGIS",
        };
        let mut process = Command::new(env!("CARGO_BIN_EXE_hiroba"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(database.arguments())
            .args(arguments)
            .env("RUST_LOG", "warn")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let base = address(&mut process).expect("the broker says where it listens");
        // reqwest's own TLS set-up needs a provider although no test uses TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap();
        Self { process, base, kind, database, client }
    }

    /// The arguments of other commands that work on this broker's database.
    pub(crate) fn place(&self) -> [String; 2] {
        self.database.arguments()
    }

    /// Kills the process without warning, and starts another one on the same database.
    pub(crate) async fn kill_and_restart(self) -> Self {
        self.kill_and_restart_with(&[]).await
    }

    /// The same, with other arguments.
    pub(crate) async fn kill_and_restart_with(mut self, arguments: &[&str]) -> Self {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let database = std::mem::replace(&mut self.database, Database::PostGis(String::new()));
        Self::start(database, arguments).await
    }

    /// Asks the process to stop, and starts another one on the same database.
    pub(crate) async fn stop_and_restart(self) -> Self {
        self.stop_and_restart_with(&[]).await
    }

    /// The same, with other arguments.
    pub(crate) async fn stop_and_restart_with(mut self, arguments: &[&str]) -> Self {
        let kill = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(kill.success() && self.process.wait().unwrap().success());
        let database = std::mem::replace(&mut self.database, Database::PostGis(String::new()));
        Self::start(database, arguments).await
    }

    /// Makes PostGIS refuse this broker's connections, or accept them again.
    pub(crate) async fn refuse_connections(&self, refuse: bool) {
        let Database::PostGis(url) = &self.database else { panic!("only PostGIS can refuse") };
        let name = url.rsplit('/').next().unwrap();
        let server = std::env::var("HIROBA_TEST_POSTGRES").unwrap();
        let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&format!("alter database {name} allow_connections {}", !refuse)).await.unwrap();
        if refuse {
            let sql = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
            client.batch_execute(&sql).await.unwrap();
        }
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> Asking<'_> {
        Asking { broker: self, request: self.client.request(method, format!("{}{path}", self.base)) }
    }

    pub(crate) fn get(&self, path: &str) -> Asking<'_> {
        self.ask(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Asking<'_> {
        self.ask(Method::POST, path).body(body)
    }

    /// Creates an entity that must be new.
    pub(crate) async fn create(&self, body: &Value) {
        let answer = self.post("/ngsi-ld/v1/entities", body).send().await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }

    /// The changes at an address of the feed, once there are as many: it tells of a commit when the transactions of the
    /// whole database server that began before have ended.
    pub(crate) async fn changes(&self, path: &str, count: usize) -> Vec<Value> {
        let mut changes: Vec<Value> = Vec::new();
        eventually(&format!("{path} tells {count} changes on {}", self.kind), async || {
            let feed = self.get(path).send().await.text;
            changes = feed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            changes.len() >= count
        })
        .await;
        changes
    }

    /// An entity in key-value form.
    pub(crate) async fn simplified(&self, id: &str) -> Value {
        self.get(&format!("/ngsi-ld/v1/entities/{id}?format=simplified")).send().await.json()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads the banner up to the address; the rest of the log goes on to this process's own.
fn address(process: &mut Child) -> Option<String> {
    let mut lines = BufReader::new(process.stderr.take()?).lines();
    let base = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let (_, base) = line.split_once(" on ")?;
        base.starts_with("http://").then(|| base.trim().to_owned())
    });
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("{line}")));
    base
}

/// A new database on the server that `HIROBA_TEST_POSTGRES` names.
pub(crate) async fn postgis() -> Option<String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(server) = std::env::var("HIROBA_TEST_POSTGRES") else {
        assert!(std::env::var_os("HIROBA_REQUIRE_POSTGIS").is_none(), "HIROBA_TEST_POSTGRES is not set");
        eprintln!("SKIPPED on PostGIS: HIROBA_TEST_POSTGRES is not set (scripts/test.sh sets it)");
        return None;
    };
    let name = format!("hiroba_http_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let (client, connection) = tokio_postgres::connect(&server, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("select pg_advisory_lock(1)").await.unwrap();
    client.batch_execute(&format!("create database {name} template hiroba_template")).await.unwrap();
    client.batch_execute("select pg_advisory_unlock(1)").await.unwrap();
    let (base, _) = server.rsplit_once('/').unwrap();
    Some(format!("{base}/{name}"))
}

/// Runs the program to its end.
pub(crate) fn hiroba(arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_hiroba")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(test)
}

/// Waits until something holds.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < Duration::from_secs(20), "{what} within 20 seconds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Text for a query string.
pub(crate) fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
