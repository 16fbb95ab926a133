//! The command line.

mod output;
mod serve;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use hiroba_serving::logging::{self, LogFormat};
use hiroba_serving::secret;
use oxigraph::model::NamedNode;
use url::Url;

use crate::config::{Config, half_of_memory};
use crate::query::Limits;
use serve::ServeError;

/// Hiroba's SPARQL endpoint: a copy of a broker's entities as linked data, always up to date, to be read only.
///
/// The broker may be away, at the start or later: what is there is answered, and following goes on when it is back.
#[derive(Debug, Parser)]
#[command(name = "hiroba-sparql", version, max_term_width = 110)]
struct Cli {
    /// The broker to follow.
    #[arg(long, value_name = "URL", env = "HIROBA_BROKER", default_value = "http://127.0.0.1:1026", value_parser = broker)]
    broker: Url,
    /// Where to listen. The default reaches this machine only.
    #[arg(long, value_name = "ADDR:PORT", env = "HIROBA_SPARQL_LISTEN", default_value = "127.0.0.1:7878")]
    listen: SocketAddr,
    /// Where to keep the copy. It can be deleted at any time while this does not run: it is made anew.
    #[arg(long, value_name = "DIR", env = "HIROBA_SPARQL_DATA_DIR", default_value = "./hiroba-sparql-data")]
    data_dir: PathBuf,
    /// Permit SPARQL Update, with the token of --token-file, and follow no broker. What is changed is lost: the next start
    /// without this makes the copy anew.
    #[arg(long, requires = "token_file")]
    maintenance: bool,
    /// A file with the token that the broker's change feed asks for; with --maintenance, the token that updates need.
    #[arg(long, value_name = "FILE", env = "HIROBA_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// Another endpoint that queries may ask by SERVICE <URL>; may be repeated. This machine sends requests there for everybody.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    allow_service: Vec<NamedNode>,
    /// How many tenants are kept beside the default one. Each has a database of its own, with a price in memory and open files.
    #[arg(long, value_name = "NUMBER", default_value_t = 32, value_parser = clap::value_parser!(u32).range(0..=1_024))]
    max_tenants: u32,
    /// How long one query may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    query_timeout: u64,
    /// How many rows or triples one answer may have.
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    max_results: u64,
    /// How many queries may run at once. Others wait for a second, and are then asked to come back. [default: one for each processor, at least 2]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1_024))]
    max_queries: Option<u32>,
    /// How much memory the process may use before queries are stopped. [default: half of what there is]
    #[arg(long, value_name = "MEGABYTES", value_parser = clap::value_parser!(u64).range(64..=1_048_576))]
    max_memory: Option<u64>,
    /// The form of the log.
    #[arg(long, value_enum, default_value_t)]
    log_format: LogFormat,
}

/// Runs what the process was started for. Exit codes: 0 when it was told to stop, 1 when it cannot run, 2 when the command
/// line is not understood.
pub fn run() -> ExitCode {
    let arguments = Cli::parse();
    logging::start(arguments.log_format, "info");
    let outcome = config(arguments).and_then(|config| actix_web::rt::System::new().block_on(serve::serve(config)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(error);
            ExitCode::FAILURE
        }
    }
}

/// The address of a broker: http or https.
fn broker(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err("expected http://HOST:PORT or https://HOST".to_owned())
    }
}

/// The address of an endpoint, exactly as queries have to write it.
fn endpoint(text: &str) -> Result<NamedNode, String> {
    broker(text)?;
    NamedNode::new(text).map_err(|error| error.to_string())
}

fn config(arguments: Cli) -> Result<Config, ServeError> {
    let token = arguments.token_file.as_deref().map(secret::read).transpose()?;
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    let limits = Limits {
        timeout: Duration::from_secs(arguments.query_timeout),
        max_results: arguments.max_results,
        max_queries: arguments.max_queries.map_or(processors.max(2), |number| number as usize),
        max_memory: arguments.max_memory.map(|megabytes| megabytes << 20).or_else(half_of_memory),
    };
    Ok(Config {
        listen: arguments.listen,
        broker: arguments.broker,
        maintenance: arguments.maintenance,
        token,
        data_dir: arguments.data_dir,
        services: arguments.allow_service,
        max_tenants: arguments.max_tenants as usize,
        limits,
        drain: Duration::from_secs(20),
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_broker_is_an_address_of_http() {
        for (text, good) in [
            ("http://127.0.0.1:1026", true),
            ("https://city.example/broker/", true),
            ("127.0.0.1:1026", false),
            ("ftp://127.0.0.1", false),
            ("http:", false),
        ] {
            assert_eq!(broker(text).is_ok(), good, "{text}");
        }
    }
}
