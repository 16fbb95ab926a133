//! A PostgreSQL and a broker of our own, stopped at the end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::print_stdout,
    reason = "a bench may stop when its set-up fails, and shows the broker's log"
)]

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Builds the broker as it is shipped. Where the program is.
pub fn build_broker() -> PathBuf {
    let root = root();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "--release", "-p", "hiroba"]).current_dir(&root).status().unwrap();
    assert!(built.success());
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from).join("release/hiroba")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What is measured.
#[derive(Debug)]
pub struct Servers {
    /// The address of the broker's database.
    pub database: String,
    /// Where the broker listens.
    pub broker: SocketAddr,
    program: PathBuf,
    process: Child,
    postgres: Option<Postgres>,
}

impl Servers {
    /// Builds the broker as it is shipped, and starts both. `settings` are lines of postgresql.conf.
    ///
    /// With `HIROBA_BENCH_DATABASE` in the environment, the broker works on that database, which is left as it is.
    pub fn start(settings: &str) -> Self {
        let program = build_broker();
        let (database, postgres) = match std::env::var("HIROBA_BENCH_DATABASE") {
            Ok(loaded) => (loaded, None),
            Err(_) => {
                let postgres = Postgres::start(settings);
                (postgres.create_database("bench"), Some(postgres))
            }
        };
        let mut process = Command::new(&program)
            .args(["serve", "--listen", "127.0.0.1:0", "--vocabulary-by-default", "--database", &database])
            .env("RUST_LOG", "warn,access=off")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let broker =
            lines.find_map(|line| line.split_once(" on http://")?.1.trim().parse().ok()).expect("the broker starts");
        std::thread::spawn(move || lines.for_each(|line| println!("{line}")));
        Self { database, broker, program, process, postgres }
    }

    /// Builds a value index with `hiroba index create`.
    pub fn create_index(&self, path: &str) {
        let created =
            Command::new(&self.program).args(["index", "create", path, "--database", &self.database]).status();
        assert!(created.unwrap().success());
    }

    /// Whether the database was there before.
    pub fn loaded(&self) -> bool {
        self.postgres.is_none()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A PostgreSQL with its data in a temporary folder.
#[derive(Debug)]
pub struct Postgres {
    script: PathBuf,
    folder: tempfile::TempDir,
    server: String,
}

impl Postgres {
    /// Starts one. `settings` are lines of postgresql.conf.
    pub fn start(settings: &str) -> Self {
        let script = root().join("scripts/postgres.sh");
        let folder = tempfile::Builder::new().prefix("hiroba-bench-").tempdir_in("/tmp").unwrap();
        // PostgreSQL refuses to run as root, and must reach its folder as another user.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        let output = Command::new(&script)
            .arg("start")
            .arg(folder.path().join("postgres"))
            .env("HIROBA_POSTGRES_CONF", settings)
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        let server = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        assert!(server.starts_with("postgres://"), "PostgreSQL does not start: {server}");
        Self { script, folder, server }
    }

    /// Creates an empty database with PostGIS in it, and gives its address.
    pub fn create_database(&self, name: &str) -> String {
        let sql = format!("create database {name} template hiroba_template");
        let made = Command::new("psql").args([&self.server, "-qc", &sql]).status();
        assert!(made.unwrap().success());
        format!("{}/{name}", self.server.rsplit_once('/').unwrap().0)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = Command::new(&self.script).arg("stop").arg(self.folder.path().join("postgres")).status();
    }
}
