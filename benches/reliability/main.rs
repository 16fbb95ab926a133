//! What Hiroba promises when it is killed and when too much is asked of it, tried and judged.
//!
//! ```sh
//! cargo run --release -p hiroba-benches --bin reliability -- killed     # or: overload, many
//! ```
//!
//! It starts the broker as it is shipped on SQLite, then on a PostgreSQL of its own, and ends with 1 when anything that was
//! acknowledged is lost or comes out of order, or when many subscriptions cost too much. Writers, receiver and judge share one thread, so that the broker has the rest
//! of the machine. docs/reliability.md has the results.
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

mod broker;
mod judge;
mod killed;
mod load;
mod many;
mod overload;
mod plan;
mod receiver;

use std::path::PathBuf;
use std::process::ExitCode;

use hiroba_benches::servers::build;

const USAGE: &str = "\
reliability killed   [--database sqlite|postgis] [--minutes 5] [--kills 10] [--rate 100] [--brokers 1] [--seed 1]
reliability overload [--database sqlite|postgis] [--seconds 30] [--times 2] [--subscriptions 0] [--apart yes]
reliability many     [--database sqlite|postgis] [--subscriptions 100000]
With --apart the load has the last processor, and the broker and the database have the others.
All: --broker PROGRAM takes a broker that is built already.";

/// What the command line asks for.
#[derive(Debug, Clone)]
pub(crate) struct Arguments {
    command: String,
    databases: Vec<String>,
    minutes: f64,
    kills: usize,
    rate: f64,
    brokers: usize,
    seed: u64,
    seconds: f64,
    times: f64,
    subscriptions: usize,
    /// The processor that is the load's own, if it has one.
    apart: Option<usize>,
    /// The broker's program; without, it is built.
    broker: Option<PathBuf>,
}

impl Arguments {
    fn read(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let mut read = Self {
            command: words.next()?,
            databases: vec!["sqlite".to_owned(), "postgis".to_owned()],
            minutes: 5.0,
            kills: 10,
            rate: 100.0,
            brokers: 1,
            seed: 1,
            seconds: 30.0,
            times: 2.0,
            subscriptions: 0,
            apart: None,
            broker: None,
        };
        while let Some(option) = words.next() {
            let value = words.next()?;
            match option.as_str() {
                "--database" if ["sqlite", "postgis"].contains(&value.as_str()) => read.databases = vec![value],
                "--minutes" => read.minutes = value.parse().ok()?,
                "--kills" => read.kills = value.parse().ok()?,
                "--rate" => read.rate = value.parse().ok()?,
                "--brokers" => read.brokers = value.parse().ok().filter(|brokers| *brokers > 0)?,
                "--seed" => read.seed = value.parse().ok()?,
                "--seconds" => read.seconds = value.parse().ok()?,
                "--times" => read.times = value.parse().ok()?,
                "--subscriptions" => read.subscriptions = value.parse().ok()?,
                "--apart" if value == "yes" => {
                    read.apart =
                        Some(std::thread::available_parallelism().ok()?.get().checked_sub(1).filter(|last| *last > 0)?);
                }
                "--broker" => read.broker = Some(value.into()),
                _ => return None,
            }
        }
        Some(read)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(arguments) = Arguments::read(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let program = arguments.broker.clone().unwrap_or_else(|| build("hiroba"));
    let mut good = true;
    for database in &arguments.databases {
        good &= match arguments.command.as_str() {
            "killed" => killed::run(&arguments, &program, database).await,
            "overload" => overload::run(&arguments, &program, database).await,
            "many" => many::run(&arguments, &program, database).await,
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        };
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
