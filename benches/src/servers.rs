//! A PostgreSQL and a broker of our own, stopped at the end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench may stop when its set-up fails, and shows the broker's log"
)]

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How many lines of a program's log are shown.
const LINES: usize = 20;

/// Builds a package as it is shipped: `hiroba` or `hiroba-sparql`. Where its program is.
pub fn build(package: &str) -> PathBuf {
    let root = root();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "--release", "-p", package]).current_dir(&root).status().unwrap();
    assert!(built.success());
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("release").join(package)
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
    postgres: Option<Postgres>,
    _broker: Running,
}

impl Servers {
    /// Builds the broker as it is shipped, and starts both. `settings` are lines of postgresql.conf.
    ///
    /// With `HIROBA_BENCH_DATABASE` in the environment, the broker works on that database, which is left as it is.
    pub fn start(settings: &str) -> Self {
        let program = build("hiroba");
        let (database, postgres) = match std::env::var("HIROBA_BENCH_DATABASE") {
            Ok(loaded) => (loaded, None),
            Err(_) => {
                let postgres = Postgres::start(settings);
                (postgres.create_database("bench"), Some(postgres))
            }
        };
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--vocabulary-by-default", "--database", &database];
        let running = Running::start(&program, &arguments);
        Self { database, broker: running.address, program, postgres, _broker: running }
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

/// A broker or a sidecar that runs, until this is dropped.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    process: Child,
}

impl Running {
    /// Starts a program. Returns when it listens; what it says later is shown, up to 20 lines of it.
    pub fn start(program: &Path, arguments: &[impl AsRef<OsStr>]) -> Self {
        let mut process = Command::new(program)
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
        let address = address.unwrap_or_else(|| panic!("{} does not start: {said:?}", program.display()));
        std::thread::spawn(move || {
            // The rest of what it says at the start is indented.
            for (number, line) in lines.filter(|line| !line.starts_with(' ')).enumerate() {
                if number < LINES {
                    println!("  {line}");
                }
            }
        });
        Self { address, process }
    }

    /// How much processor time the process has taken (Linux only), to a hundredth of a second.
    pub fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    /// SIGKILL. Returns when the process is gone.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Running {
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
