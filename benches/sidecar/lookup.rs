//! A simple query, beside Oxigraph's own server on a copy of the same database.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hiroba_benches::client::{Measured, run as ask};
use hiroba_benches::id;

use crate::Arguments;
use crate::ask::query;
use crate::pair::{Pair, path};

/// How often each of the two is measured, in turns.
const ROUNDS: usize = 5;
/// How many connections ask.
const CLIENTS: usize = 2;

pub(crate) async fn run(arguments: &Arguments) {
    let entities = arguments.entities.unwrap_or(100_000);
    let seconds = arguments.seconds.unwrap_or(5);
    let mut pair = Pair::new(arguments, entities).await;
    pair.start(&[]);
    pair.caught_up().await;
    pair.settled().await;
    // Whoever copies a database must not write in it.
    pair.sidecar = None;
    let copied = tempfile::Builder::new().prefix("hiroba-sidecar-").tempdir().unwrap();
    let database = database(pair.copy.path()).expect("a copy in the data folder");
    let done = Command::new("cp").args(["-a", &path(&database), &path(copied.path())]).status();
    assert!(done.unwrap().success());
    let copied = copied.path().join(database.file_name().unwrap());
    pair.start(&[]);
    pair.caught_up().await;
    pair.settled().await;
    let oxigraph = Oxigraph::start(arguments.oxigraph.as_deref().unwrap(), &copied);

    let ours = pair.sidecar.as_ref().unwrap().address;
    let mut all = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        for (server, (address, path)) in [(ours, "/sparql"), (oxigraph.address, "/query")].into_iter().enumerate() {
            let measured = ask(address, CLIENTS, seconds, move |client, n| {
                let number = (n * CLIENTS + client + round * 7_919) % entities;
                query(path, &format!("SELECT ?p ?o {{ <{}> ?p ?o }}", id(number)))
            })
            .await;
            let Measured { per_second, median, p99, .. } = measured;
            let name = ["hiroba-sparql", "oxigraph"][server];
            println!("  {name:<14} {per_second:>8.0} /s   p50 {median:.2} ms, p99 {p99:.2} ms");
            all[server].push(per_second);
        }
    }
    for rates in &mut all {
        rates.sort_by(f64::total_cmp);
    }
    println!(
        "  to oxigraph    {:>8.0} %   (medians of {ROUNDS} rounds)",
        all[0][ROUNDS / 2] / all[1][ROUNDS / 2] * 100.0
    );
}

/// The folder of the default tenant's database: RocksDB has a file CURRENT there.
fn database(folder: &Path) -> Option<std::path::PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        if folder.join("CURRENT").is_file() {
            found.push(folder);
            continue;
        }
        let inside = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        folders.extend(inside.filter(|path| path.is_dir()));
    }
    found.into_iter().max_by_key(|folder| size(folder))
}

fn size(folder: &Path) -> u64 {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

/// Oxigraph's own server.
struct Oxigraph {
    address: SocketAddr,
    process: Child,
}

impl Oxigraph {
    fn start(program: &Path, database: &Path) -> Self {
        // Free now; nobody else here takes one.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut process = Command::new(program)
            .args(["serve-read-only", "--location", &path(database), "--bind", &address.to_string()])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect(address).is_err() {
            assert!(process.try_wait().unwrap().is_none(), "Oxigraph's server does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { address, process }
    }
}

impl Drop for Oxigraph {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
