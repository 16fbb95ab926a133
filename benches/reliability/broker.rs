//! A broker that is killed and started again on the same address and the same data.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hiroba_benches::servers::{Postgres, Running};

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
    running: Running,
}

impl Broker {
    pub(crate) fn start(program: &Path, database: &Database) -> Self {
        let arguments: Vec<String> = database.arguments().map(ToOwned::to_owned).into();
        let running = launch(program, &arguments, "127.0.0.1:0");
        Self { program: program.to_owned(), arguments, address: running.address, running }
    }

    /// SIGKILL. Returns when the process is gone.
    pub(crate) fn kill(&mut self) {
        self.running.kill();
    }

    /// Starts it again. Returns when it listens.
    pub(crate) fn restart(&mut self) {
        self.running = launch(&self.program, &self.arguments, &self.address.to_string());
    }
}

fn launch(program: &Path, arguments: &[String], listen: &str) -> Running {
    let mut all = ["serve", "--allow-private-egress", "--listen", listen].map(ToOwned::to_owned).to_vec();
    all.extend_from_slice(arguments);
    Running::start(program, &all)
}
