//! A broker that is killed and started again on the same address and the same data.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use hiroba_benches::servers::Postgres;

/// How many lines of a broker's log are shown.
const LINES: usize = 20;

/// Where the data are.
#[derive(Debug)]
pub(crate) enum Database {
    /// SQLite in a temporary folder.
    Sqlite(tempfile::TempDir),
    /// The address of a database in a PostgreSQL of our own.
    PostGis { address: String, _server: Postgres },
}

impl Database {
    pub(crate) fn open(kind: &str) -> Self {
        match kind {
            "sqlite" => Self::Sqlite(tempfile::Builder::new().prefix("hiroba-reliability-").tempdir().unwrap()),
            _ => {
                let postgres = Postgres::start("");
                let address = postgres.create_database("reliability");
                Self::PostGis { address, _server: postgres }
            }
        }
    }

    fn arguments(&self) -> [&str; 2] {
        match self {
            Self::Sqlite(folder) => ["--data-dir", folder.path().to_str().unwrap()],
            Self::PostGis { address, .. } => ["--database", address],
        }
    }
}

/// A broker that runs.
#[derive(Debug)]
pub(crate) struct Broker {
    program: PathBuf,
    arguments: Vec<String>,
    pub(crate) address: SocketAddr,
    process: Child,
}

impl Broker {
    pub(crate) fn start(program: &Path, database: &Database) -> Self {
        let arguments: Vec<String> = database.arguments().map(ToOwned::to_owned).into();
        let (process, address) = launch(program, &arguments, "127.0.0.1:0");
        Self { program: program.to_owned(), arguments, address, process }
    }

    /// SIGKILL. Returns when the process is gone.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again. Returns when it listens.
    pub(crate) fn restart(&mut self) {
        (self.process, _) = launch(&self.program, &self.arguments, &self.address.to_string());
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(program: &Path, arguments: &[String], listen: &str) -> (Child, SocketAddr) {
    let mut process = Command::new(program)
        .args(["serve", "--allow-private-egress", "--listen", listen])
        .args(arguments)
        .env("RUST_LOG", "warn,access=off")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut said = Vec::new();
    let address = lines.find_map(|line| {
        let address = line.split_once(" on http://").and_then(|(_, address)| address.trim().parse().ok());
        said.push(line);
        address
    });
    let address = address.unwrap_or_else(|| panic!("the broker does not start: {said:?}"));
    std::thread::spawn(move || {
        lines.skip(4).enumerate().for_each(|(number, line)| {
            if number < LINES {
                println!("  broker: {line}");
            }
        });
    });
    (process, address)
}
