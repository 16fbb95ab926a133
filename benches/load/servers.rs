//! A PostgreSQL and a broker of our own, stopped at the end.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What is measured.
pub(crate) struct Servers {
    pub(crate) database: String,
    pub(crate) broker: SocketAddr,
    process: Child,
    script: PathBuf,
    folder: tempfile::TempDir,
}

impl Servers {
    /// Builds the broker as it is shipped, and starts both.
    pub(crate) fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built =
            Command::new(cargo).args(["build", "--release", "-p", "hiroba"]).current_dir(&root).status().unwrap();
        assert!(built.success());
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);

        let script = root.join("scripts/postgres.sh");
        let folder = tempfile::Builder::new().prefix("hiroba-bench-").tempdir_in("/tmp").unwrap();
        // PostgreSQL refuses to run as root, and must reach its folder as another user.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).unwrap();
        let place = folder.path().join("postgres");
        let output = Command::new(&script).arg("start").arg(&place).stderr(Stdio::inherit()).output().unwrap();
        let server = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        assert!(server.starts_with("postgres://"), "PostgreSQL does not start: {server}");
        let database = format!("{}/bench", server.rsplit_once('/').unwrap().0);
        let made =
            Command::new("psql").args([&server, "-qc", "create database bench template hiroba_template"]).status();
        assert!(made.unwrap().success());

        let mut process = Command::new(target.join("release/hiroba"))
            .args(["serve", "--listen", "127.0.0.1:0", "--vocabulary-by-default", "--database", &database])
            .env("RUST_LOG", "warn,access=off")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let broker =
            lines.find_map(|line| line.split_once(" on http://")?.1.trim().parse().ok()).expect("the broker starts");
        std::thread::spawn(move || lines.for_each(|line| println!("{line}")));
        Self { database, broker, process, script, folder }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = Command::new(&self.script).arg("stop").arg(self.folder.path().join("postgres")).status();
    }
}
