//! A broker with an invented city in it, and a sidecar that follows it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hiroba_benches::batch;
use hiroba_benches::client::{Ask, Connection};
use hiroba_benches::servers::{Postgres, Running, build};
use hiroba_benches::wire::{Wire, request};
use tempfile::TempDir;

use crate::Arguments;
use crate::ask::json;

const BATCH: usize = 1_000;
/// How many connections load the city.
const LOADERS: usize = 2;
/// How often to look whether something has come about.
const LOOK: Duration = Duration::from_millis(20);
/// For how long it must be idle.
const SETTLING: Duration = Duration::from_secs(2);

/// Both, with their data.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) broker: Running,
    pub(crate) sidecar: Option<Running>,
    program: PathBuf,
    /// Where the sidecar keeps its copy.
    pub(crate) copy: TempDir,
    _data: TempDir,
    _postgres: Option<Postgres>,
}

impl Pair {
    /// A broker with so many entities. The sidecar is not started.
    pub(crate) async fn new(arguments: &Arguments, entities: usize) -> Self {
        let broker = arguments.broker.clone().unwrap_or_else(|| build("hiroba"));
        let program = arguments.sidecar.clone().unwrap_or_else(|| build("hiroba-sparql"));
        let data = folder();
        let postgres = (arguments.database == "postgis").then(|| Postgres::start(""));
        let place = match &postgres {
            Some(postgres) => ["--database".to_owned(), postgres.create_database("sidecar")],
            None => ["--data-dir".to_owned(), path(data.path())],
        };
        let mut all = ["serve", "--listen", "127.0.0.1:0", "--vocabulary-by-default"].map(ToOwned::to_owned).to_vec();
        all.extend(place);
        let broker = Running::start(&broker, &all);
        let pair = Self { broker, sidecar: None, program, copy: folder(), _data: data, _postgres: postgres };
        let started = Instant::now();
        let loaders: Vec<_> =
            (0..LOADERS).map(|loader| tokio::spawn(load(pair.broker.address, loader, entities))).collect();
        for loader in loaders {
            loader.await.unwrap();
        }
        println!("{}: {entities} entities, loaded in {:.0} s", arguments.database, started.elapsed().as_secs_f64());
        pair
    }

    /// Starts the sidecar, with more arguments.
    pub(crate) fn start(&mut self, more: &[&str]) {
        let mut all: Vec<String> = vec!["--broker".to_owned(), format!("http://{}", self.broker.address)];
        all.extend(["--listen", "127.0.0.1:0", "--data-dir"].map(ToOwned::to_owned));
        all.push(path(self.copy.path()));
        all.extend(more.iter().map(|word| (*word).to_owned()));
        self.sidecar = Some(Running::start(&self.program, &all));
    }

    /// Waits until the sidecar answers queries and has come to the end of the broker's log. How long it took.
    pub(crate) async fn caught_up(&self) -> Duration {
        let started = Instant::now();
        let address = self.sidecar.as_ref().unwrap().address;
        let mut wire = Wire::open(address).await.unwrap();
        loop {
            let health = wire.ask(&request("GET", "/health", "")).await.unwrap();
            let health = json(&health.body.into());
            if health["phase"] == "following" && health["caughtUp"] == true {
                return started.elapsed();
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until the sidecar has nothing to do any more: its database goes on arranging what it has taken in.
    pub(crate) async fn settled(&self) {
        let mut before = Duration::ZERO;
        loop {
            tokio::time::sleep(SETTLING).await;
            let now = self.sidecar.as_ref().unwrap().processor_time();
            if now - before < SETTLING / 50 {
                return;
            }
            before = now;
        }
    }

    /// A connection to the sidecar.
    pub(crate) async fn ask(&self) -> Connection {
        Connection::open(self.sidecar.as_ref().unwrap().address).await
    }
}

async fn load(address: std::net::SocketAddr, loader: usize, size: usize) {
    let mut connection = Connection::open(address).await;
    for start in (0..size).step_by(BATCH).skip(loader).step_by(LOADERS) {
        connection.send(&Ask::create_batch(batch(start..size.min(start + BATCH)))).await;
    }
}

fn folder() -> TempDir {
    tempfile::Builder::new().prefix("hiroba-sidecar-").tempdir().unwrap()
}

pub(crate) fn path(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
