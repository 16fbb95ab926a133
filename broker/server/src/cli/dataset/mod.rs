//! `hiroba dataset`: the versions of imported data sets.

mod differences;
mod show;

use clap::{Args, Subcommand, ValueEnum};
use hiroba_store::{Options, Store, StoreError, TenantId};
use hiroba_vocab::Tenant;

use super::serve::{DatabaseArgs, NoDatabase};
use super::{Outcome, output};
use crate::service::ServiceError;
use crate::service::datasets::{self, find};

/// How many data sets or versions are read at a time.
const PAGE: usize = 500;

/// List data sets and their versions, compare versions, undo them, remove data sets.
///
/// Every import is a version. A data set D is named by its id (urn:ngsi-ld:Dataset:131016:aed) or by the end of it
/// (131016:aed, aed).
#[derive(Debug, Args)]
pub(super) struct DatasetArgs {
    #[command(subcommand)]
    command: DatasetCommand,
}

#[derive(Debug, Args)]
struct Place {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The tenant whose data sets they are.
    #[arg(long, value_name = "NAME", value_parser = crate::cli::import::tenant)]
    tenant: Option<Tenant>,
}

#[derive(Debug, Subcommand)]
enum DatasetCommand {
    /// Show the data sets: latest version, state, number of entities, time, id.
    List {
        /// As a JSON object a line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Show the versions of a data set, the newest first.
    Versions {
        /// The data set.
        #[arg(value_name = "D")]
        dataset: String,
        /// As a JSON object a line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Show what one version publishes differently from another: without numbers, what the latest changed.
    Diff {
        /// The data set.
        #[arg(value_name = "D")]
        dataset: String,
        /// The one version; 0 is the state before the first.
        #[arg(value_name = "A", requires = "to")]
        from: Option<i64>,
        /// The other version.
        #[arg(value_name = "B")]
        to: Option<i64>,
        /// The form.
        #[arg(long, value_enum, default_value_t)]
        format: DiffForm,
        #[command(flatten)]
        place: Place,
    },
    /// Bring an earlier version back: without --to, the state before the latest one.
    ///
    /// Entities that others have changed since are left alone and listed. An undo is a version itself and can be undone. When
    /// it is interrupted, it can be repeated.
    Undo {
        /// The data set.
        #[arg(value_name = "D")]
        dataset: String,
        /// The version to bring back; 0 is the state before the first.
        #[arg(long, value_name = "VERSION")]
        to: Option<i64>,
        /// Also those that others have changed since.
        #[arg(long)]
        force: bool,
        /// As a JSON object.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Remove a data set with all its entities. It can be undone.
    Remove {
        /// The data set.
        #[arg(value_name = "D")]
        dataset: String,
        /// As a JSON object.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
}

/// The form of differences.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum DiffForm {
    /// For people.
    #[default]
    Text,
    /// A JSON object a line, one for each entity.
    Json,
    /// A row for each attribute that differs, and for each entity that was added or removed.
    Csv,
}

#[derive(Debug, thiserror::Error)]
enum DatasetError {
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error("there is no tenant '{0}' in this database")]
    NoTenant(Tenant),
    #[error(transparent)]
    NoDatabase(#[from] NoDatabase),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("the result cannot be written: {0}")]
    Csv(#[from] csv::Error),
}

impl From<StoreError> for DatasetError {
    fn from(error: StoreError) -> Self {
        Self::Service(error.into())
    }
}

pub(super) fn run(arguments: &DatasetArgs) -> Outcome {
    let ended = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(DatasetError::from)
        .and_then(|runtime| runtime.block_on(execute(&arguments.command)));
    match ended {
        Ok(outcome) => outcome,
        Err(error) => {
            output::error(&error);
            match error {
                DatasetError::Service(ServiceError::Store(StoreError::Unavailable(_))) => Outcome::Unreachable,
                _ => Outcome::Failed,
            }
        }
    }
}

async fn execute(command: &DatasetCommand) -> Result<Outcome, DatasetError> {
    match command {
        DatasetCommand::List { json, place } => {
            let (store, tenant) = open(place).await?;
            list(&store, tenant, *json).await?;
        }
        DatasetCommand::Versions { dataset, json, place } => {
            let (store, tenant) = open(place).await?;
            let dataset = find(&store, tenant, dataset).await?;
            let mut below = i64::MAX;
            if !json {
                output::result(show::VERSION_HEADER);
            }
            loop {
                let page = datasets::versions(&store, tenant, &dataset, below, PAGE).await?;
                let Some(last) = page.last() else { break };
                below = last.version;
                for version in &page {
                    output::result(if *json { show::json(version) } else { show::version(version) });
                }
            }
        }
        DatasetCommand::Diff { dataset, from, to, format, place } => {
            let (store, tenant) = open(place).await?;
            let dataset = find(&store, tenant, dataset).await?;
            let range = datasets::range(&store, tenant, &dataset, *from, *to).await?;
            differences::show(&store, tenant, &dataset, range, *format).await?;
        }
        DatasetCommand::Undo { dataset, to, force, json, place } => {
            let (store, tenant) = open(place).await?;
            let dataset = find(&store, tenant, dataset).await?;
            let undone = datasets::undo(&store, tenant, &dataset, *to, *force).await?;
            show::undone(&undone, *json);
            if undone.entities.left > 0 {
                return Ok(Outcome::Invalid);
            }
        }
        DatasetCommand::Remove { dataset, json, place } => {
            let (store, tenant) = open(place).await?;
            let dataset = find(&store, tenant, dataset).await?;
            show::undone(&datasets::remove(&store, tenant, &dataset).await?, *json);
        }
    }
    Ok(Outcome::Done)
}

async fn open(place: &Place) -> Result<(Store, TenantId), DatasetError> {
    let store = Store::open(Options::new(place.database.existing_address()?)).await?;
    let name = place.tenant.clone().unwrap_or_else(Tenant::default_tenant);
    match store.tenant(&name).await? {
        Some(tenant) => Ok((store, tenant)),
        None => Err(DatasetError::NoTenant(name)),
    }
}

async fn list(store: &Store, tenant: TenantId, json: bool) -> Result<(), DatasetError> {
    let mut after = String::new();
    loop {
        let page = datasets::datasets(store, tenant, &after, PAGE).await?;
        if page.is_empty() && after.is_empty() {
            output::note("no data set was imported into this database");
        } else if after.is_empty() && !json {
            output::result(show::LIST_HEADER);
        }
        let Some(last) = page.last() else { return Ok(()) };
        after = last.dataset.to_string();
        for entry in page {
            output::result(show::dataset(entry, json));
        }
    }
}
