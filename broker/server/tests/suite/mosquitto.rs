//! A real MQTT server, and somebody who reads from it.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::support::eventually;

/// Mosquitto, on ports of its own, with and without TLS. It keeps sessions in a file.
pub(crate) struct Mosquitto {
    process: Child,
    folder: tempfile::TempDir,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
}

/// A message that was read.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) qos: u8,
    pub(crate) topic: String,
    pub(crate) body: Value,
}

/// A program of Mosquitto's. What is missing fails the test where PostGIS must be there too, and skips it elsewhere.
fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian keeps servers where only root looks.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var_os("HIROBA_REQUIRE_POSTGIS").is_none(), "{name} is missing: scripts/install.sh test");
        eprintln!("SKIPPED over MQTT: {name} is missing (scripts/install.sh test installs it)");
    }
    found
}

pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Mosquitto {
    /// A server to which everybody may say everything.
    pub(crate) async fn start() -> Option<Self> {
        Self::start_with("allow_anonymous true\n").await
    }

    /// A server with other settings. `{folder}` stands for its folder, in which `users` has ann with the password
    /// `p@ss:w/rd`, and by `rights` nobody may say anything but at the topic `t`.
    pub(crate) async fn start_with(settings: &str) -> Option<Self> {
        let server = program("mosquitto")?;
        let folder = tempfile::tempdir().unwrap();
        let (port, tls_port) = (free_port(), free_port());
        let path = folder.path().display();
        certificates(folder.path());
        let passwords = folder.path().join("users");
        let mut made = Command::new(program("mosquitto_passwd")?);
        made.args(["-c", "-b"]).arg(&passwords).args(["ann", "p@ss:w/rd"]).stderr(Stdio::null());
        assert!(made.status().unwrap().success());
        std::fs::write(folder.path().join("rights"), "topic readwrite t\n").unwrap();
        let settings = settings.replace("{folder}", &path.to_string());
        // Some settings are about the listener above them.
        let config = format!(
            "listener {tls_port} 127.0.0.1\ncertfile {path}/server.pem\nkeyfile {path}/server.key\n\
             listener {port} 127.0.0.1\nuser root\npersistence true\npersistence_location {path}/\nlog_dest none\n{settings}"
        );
        std::fs::write(folder.path().join("mosquitto.conf"), config).unwrap();
        let process = launch(&server, folder.path());
        let server = Self { process, folder, port, tls_port };
        server.ready().await;
        Some(server)
    }

    async fn ready(&self) {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        eventually("Mosquitto listens", async || TcpStream::connect(address).is_ok()).await;
    }

    /// The authority that made the certificate of this server, which is one for `localhost` only.
    pub(crate) fn authority(&self) -> String {
        self.folder.path().join("authority.pem").display().to_string()
    }

    /// Kills it without warning.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again, at the same place.
    pub(crate) async fn restart(&mut self) {
        self.process = launch(&program("mosquitto").unwrap(), self.folder.path());
        self.ready().await;
    }

    /// Stops it in the middle of everything, or lets it go on.
    pub(crate) fn freeze(&self, freeze: bool) {
        self.signal(if freeze { "-STOP" } else { "-CONT" });
    }

    /// A program that speaks to this server as ann.
    fn client(&self, name: &str) -> Command {
        let mut command = Command::new(program(name).unwrap());
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-u", "ann", "-P", "p@ss:w/rd"]);
        command
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap().success());
    }

    /// Reads everything from now on, in a session that survives the server.
    pub(crate) async fn read(&self) -> Reader {
        let mut process = self
            .client("mosquitto_sub")
            .args(["-t", "#", "-q", "2", "-c", "-i", "reader", "-F", "%q %t %p"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let got = Arc::new(Mutex::new(Vec::new()));
        let reader = Reader { process, got: Arc::clone(&got) };
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // A topic may have blanks: the body begins with the first brace.
                let (head, body) = line.split_at(line.find('{').unwrap());
                let (qos, topic) = head.trim_end().split_once(' ').unwrap();
                let (qos, topic, body) = (qos.parse().unwrap(), topic.to_owned(), serde_json::from_str(body).unwrap());
                got.lock().unwrap().push(Message { qos, topic, body });
            }
        });
        eventually("the reader has subscribed", async || {
            let told = self.client("mosquitto_pub").args(["-t", "t", "-m", "{}"]).status().unwrap();
            assert!(told.success());
            reader.got.lock().unwrap().iter().any(|message| message.topic == "t")
        })
        .await;
        // The session is written down, so that it is known again after the server was killed.
        self.signal("-USR1");
        let file = self.folder.path().join("mosquitto.db");
        eventually("Mosquitto has written its sessions", async || file.is_file()).await;
        reader
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(server: &Path, folder: &Path) -> Child {
    Command::new(server).arg("-c").arg(folder.join("mosquitto.conf")).spawn().unwrap()
}

/// An authority, and what it says of `localhost`.
fn certificates(folder: &Path) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new([]).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&key).unwrap();
    std::fs::write(folder.join("authority.pem"), certificate.pem()).unwrap();
    let issuer = rcgen::Issuer::new(authority, key);
    let key = rcgen::KeyPair::generate().unwrap();
    let server = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    std::fs::write(folder.join("server.pem"), server.pem()).unwrap();
    std::fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
}

/// Somebody who reads everything.
pub(crate) struct Reader {
    process: Child,
    got: Arc<Mutex<Vec<Message>>>,
}

impl Reader {
    /// What came at a topic, once it is as much.
    pub(crate) async fn messages(&self, topic: &str, count: usize) -> Vec<Message> {
        let mut messages = Vec::new();
        eventually(&format!("{count} messages at {topic}"), async || {
            messages = self.got.lock().unwrap().iter().filter(|message| message.topic == topic).cloned().collect();
            messages.len() >= count
        })
        .await;
        messages
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
