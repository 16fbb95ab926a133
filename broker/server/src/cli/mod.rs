//! The command line.

mod logging;
mod output;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// How a command ended. The numbers are a contract with scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was done.
    Done,
    /// Something failed.
    Failed,
    /// The data have errors that somebody should look at.
    Invalid,
    /// A server or database cannot be reached.
    Unreachable,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        // 2 is clap's own: the command line was not understood.
        Self::from(match outcome {
            Outcome::Done => 0,
            Outcome::Failed => 1,
            Outcome::Invalid => 3,
            Outcome::Unreachable => 4,
        })
    }
}

/// Hiroba, the open-data platform for cities.
#[derive(Debug, Parser)]
#[command(name = "hiroba", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the broker.
    Serve(serve::ServeArgs),
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(arguments) => serve::run(arguments),
    };
    outcome.into()
}
