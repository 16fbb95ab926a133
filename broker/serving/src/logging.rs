//! Logs: for people on a terminal, JSON otherwise.

use std::io::IsTerminal;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// The form of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Human,
    /// A JSON object a line.
    Json,
}

/// Starts logging to standard error. `RUST_LOG` chooses what; else it is `level` and what is worse.
pub fn start(format: LogFormat, level: &str) {
    // Requests that are not HTTP are errors of ours to actix_http; and to actix_server, each of its steps is news.
    let default = format!("{level},actix_http=off,actix_server=warn");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let json = match format {
        LogFormat::Auto => !std::io::stderr().is_terminal(),
        LogFormat::Human => false,
        LogFormat::Json => true,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A subscriber may be there already (tests): then that one stays.
    let _ = if json { builder.json().flatten_event(true).try_init() } else { builder.try_init() };
}
