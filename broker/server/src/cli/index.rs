//! `hiroba index`: the value indexes that make conditions in `q` fast.

use clap::{Args, Subcommand};
use hiroba_store::{Options, Store, StoreError};
use ngsild::jsonld::Context;
use ngsild::query::Q;
use ngsild::query::filter::{Expansions, Filter, IndexPath};

use super::serve::DatabaseArgs;
use super::{Outcome, output};

/// List, create or drop value indexes.
///
/// Paths that are asked for often get an index by themselves. This command shows them, and makes or removes one by hand.
#[derive(Debug, Args)]
pub(super) struct IndexArgs {
    #[command(subcommand)]
    command: IndexCommand,
}

#[derive(Debug, Subcommand)]
enum IndexCommand {
    /// Show the indexes: number, path, who asked for it, state.
    List {
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Build an index and wait until it is complete.
    Create {
        /// The path as in q: an attribute of the vocabulary, or its full IRI; with .sub and [member] where needed.
        #[arg(value_name = "PATH")]
        path: String,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Remove an index.
    Drop {
        /// Its number as in the list.
        #[arg(value_name = "NUMBER")]
        number: i64,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

#[derive(Debug, thiserror::Error)]
enum IndexError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Path(#[from] ngsild::Error),
    #[error("'{0}' is no path that can be indexed: give an attribute, such as capacity, name[ja] or speed.observedAt")]
    NoPath(String),
    #[error("there is no index {0}; 'hiroba index list' shows those that there are")]
    Unknown(i64),
    #[error(
        "index {0} of this path is being built by another process; if building was interrupted, drop it and create it \
         again: hiroba index drop {0}"
    )]
    Unready(i64),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

pub(super) fn run(arguments: &IndexArgs) -> Outcome {
    let ended = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(IndexError::from)
        .and_then(|runtime| runtime.block_on(execute(&arguments.command)));
    match ended {
        Ok(()) => Outcome::Done,
        Err(error) => {
            output::error(&error);
            if matches!(error, IndexError::Store(StoreError::Unavailable(_))) {
                Outcome::Unreachable
            } else {
                Outcome::Failed
            }
        }
    }
}

async fn execute(command: &IndexCommand) -> Result<(), IndexError> {
    let context = Context::vocabulary();
    match command {
        IndexCommand::List { database } => {
            let indexes = open(database).await?.indexes().await?;
            for index in &indexes {
                let state = if index.ready { "ready" } else { "being built" };
                output::result(format!("{}\t{}\t{}\t{state}", index.id, text(&index.path, context), index.origin));
            }
            if indexes.is_empty() {
                output::note("there are no value indexes");
            }
        }
        IndexCommand::Create { path, database } => {
            let path = read(path, context)?;
            let store = open(database).await?;
            store.create_index(&path).await?;
            if let Some(index) = store.indexes().await?.iter().find(|index| index.path == path && !index.ready) {
                return Err(IndexError::Unready(index.id));
            }
            output::note(format!("{} is indexed", text(&path, context)));
        }
        IndexCommand::Drop { number, database } => {
            let store = open(database).await?;
            if !store.indexes().await?.iter().any(|index| index.id == *number) {
                return Err(IndexError::Unknown(*number));
            }
            output::note("waiting until every process knows …");
            store.drop_index(*number).await?;
            output::note(format!("index {number} is gone"));
        }
    }
    Ok(())
}

async fn open(database: &DatabaseArgs) -> Result<Store, StoreError> {
    Store::open(Options::new(database.address())).await
}

/// A path in the notation of q.
fn read(path: &str, context: &Context) -> Result<IndexPath, IndexError> {
    let no_path = || IndexError::NoPath(path.to_owned());
    match path.parse::<Q>()?.resolve(context, &Expansions::default())? {
        Filter::Condition(condition) => IndexPath::of(&condition).ok_or_else(no_path),
        _ => Err(no_path()),
    }
}

fn text(path: &IndexPath, context: &Context) -> String {
    let mut text = context.compact(&path.attribute).into_owned();
    for sub in &path.subs {
        text = format!("{text}.{}", context.compact(sub));
    }
    if let Some(member) = path.member {
        let name = serde_json::to_value(member).unwrap_or_default();
        text = format!("{text}.{}", name.as_str().unwrap_or_default());
    }
    if !path.inside.is_empty() {
        text = format!("{text}[{}]", path.inside.join("."));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_as_they_are_read() {
        let context = Context::vocabulary();
        for path in ["capacity", "name[ja]", "capacity.observedAt", "capacity.unitCode", "address[addressLocality]"] {
            assert_eq!(text(&read(path, context).unwrap(), context), path);
        }
        for path in ["a;b", "a==1;b", "name[*]", "createdAt", ""] {
            assert!(read(path, context).is_err(), "{path}");
        }
    }
}
