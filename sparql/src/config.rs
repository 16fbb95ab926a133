//! What the operator sets, checked once at the start.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use oxigraph::model::NamedNode;
use url::Url;

use crate::query::Limits;

/// The configuration of one sidecar.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The broker to follow.
    pub broker: Url,
    /// Whether updates are permitted. Then no broker is followed.
    pub maintenance: bool,
    /// The bearer token that the broker's feed asks for; in maintenance the one that updates need.
    pub token: Option<String>,
    /// Where the copy is kept.
    pub data_dir: PathBuf,
    /// The other endpoints that queries may ask by SERVICE.
    pub services: Vec<NamedNode>,
    /// How many tenants are kept beside the default one.
    pub max_tenants: usize,
    /// What queries may use.
    pub limits: Limits,
    /// How long requests under way may take when the server goes down.
    pub drain: Duration,
}

impl Config {
    /// The broker's address without what may be secret in it.
    pub fn broker_shown(&self) -> String {
        let mut url = self.broker.clone();
        // Only URLs that cannot have them refuse to lose them.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.to_string()
    }
}

/// Half of the memory that this process may have: of the machine's, or of its control group's where that is less. `None`
/// where the system does not say.
pub fn half_of_memory() -> Option<u64> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = machine.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let machine = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024;
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let group = group.and_then(|text| text.trim().parse::<u64>().ok());
    Some(group.map_or(machine, |group| group.min(machine)) / 2)
}
