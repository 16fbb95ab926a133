//! What the SPARQL sidecar promises, tried on programs as they are shipped.
//!
//! ```sh
//! cargo run --release -p hiroba-benches --bin sidecar -- fresh
//! cargo run --release -p hiroba-benches --bin sidecar -- rebuild
//! cargo run --release -p hiroba-benches --bin sidecar -- near
//! cargo run --release -p hiroba-benches --bin sidecar -- lookup --oxigraph ~/.cargo/bin/oxigraph
//! ```
//!
//! `fresh`: how long after the broker's acknowledgement a write is seen by a query. `rebuild`: how long a copy takes from
//! nothing, and again while the old one answers. `near`: what the index of places and words saves. `lookup`: a simple
//! query beside Oxigraph's own server (`cargo install oxigraph-cli`) on a copy of the same database, in turns.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a bench may stop when its set-up fails, and prints its result"
)]

mod ask;
mod fresh;
mod lookup;
mod near;
mod pair;
mod rebuild;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
sidecar fresh   [--entities 10000] [--rate 500] [--seconds 30] [--database sqlite|postgis]
sidecar rebuild [--entities 1000000] [--database sqlite|postgis]
sidecar near    [--entities 100000] [--database sqlite|postgis]
sidecar lookup  [--entities 100000] [--seconds 5] --oxigraph PROGRAM
All: --broker PROGRAM and --sidecar PROGRAM take what is built already.";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Arguments {
    entities: Option<usize>,
    rate: u32,
    seconds: Option<u64>,
    database: String,
    oxigraph: Option<PathBuf>,
    broker: Option<PathBuf>,
    sidecar: Option<PathBuf>,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let mut read = Self {
            entities: None,
            rate: 500,
            seconds: None,
            database: "sqlite".to_owned(),
            oxigraph: None,
            broker: None,
            sidecar: None,
        };
        while let Some(option) = words.next() {
            let value = words.next()?;
            match option.as_str() {
                "--entities" => read.entities = Some(value.parse().ok()?),
                "--rate" => read.rate = value.parse().ok().filter(|rate| *rate > 0)?,
                "--seconds" => read.seconds = Some(value.parse().ok()?),
                "--database" if ["sqlite", "postgis"].contains(&value.as_str()) => read.database = value,
                "--oxigraph" => read.oxigraph = Some(value.into()),
                "--broker" => read.broker = Some(value.into()),
                "--sidecar" => read.sidecar = Some(value.into()),
                _ => return None,
            }
        }
        Some(read)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next();
    let (Some(command), Some(arguments)) = (command, Arguments::read(words)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match command.as_str() {
        "fresh" => fresh::run(&arguments).await,
        "rebuild" => rebuild::run(&arguments).await,
        "near" => near::run(&arguments).await,
        "lookup" if arguments.oxigraph.is_some() => lookup::run(&arguments).await,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}
