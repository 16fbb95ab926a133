//! The command line.

mod dataset;
mod demo;
mod export;
mod harvest;
mod import;
mod index;
mod output;
mod serve;
mod vocab;

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

impl Outcome {
    /// How two parts of one command end together: the one that needs more attention counts.
    fn worse(self, other: Self) -> Self {
        let rank = |outcome| match outcome {
            Self::Done => 0,
            Self::Invalid => 1,
            Self::Failed => 2,
            Self::Unreachable => 3,
        };
        if rank(other) > rank(self) { other } else { self }
    }
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
    Serve(serve::ServeArgs),
    Import(import::ImportArgs),
    Harvest(harvest::HarvestArgs),
    Dataset(dataset::DatasetArgs),
    Export(export::ExportArgs),
    Demo(demo::DemoArgs),
    Index(index::IndexArgs),
    Vocab(vocab::VocabArgs),
}

/// Runs the command that the process was started with.
pub fn run() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Harvest(arguments) => harvest::run(&arguments),
        Command::Dataset(arguments) => dataset::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Demo(arguments) => demo::run(arguments),
        Command::Index(arguments) => index::run(&arguments),
        Command::Vocab(arguments) => vocab::run(&arguments),
    };
    outcome.into()
}
