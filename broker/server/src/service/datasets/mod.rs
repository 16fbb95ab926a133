//! Data sets: a publisher's table, from the file to entities in the database, in versions that can be compared and undone.
//!
//! | module | what it does |
//! |---|---|
//! | `pipeline` | reads a file on one thread while the batch before is written to some destination |
//! | `destination` | the database as that destination: a file is a version of its data set |
//! | `session` | one version in the making: every change is noted before it is made |
//! | `preview` | what publishing a file would do, without doing it |
//! | `told` | what a person tells of a file |
//! | `version` | what is told of a version |
//! | `difference` | what two versions publish differently |
//! | `undo` | bringing an earlier version back, removing a data set |

mod destination;
mod difference;
mod pipeline;
mod preview;
mod session;
mod told;
mod undo;
mod version;

use hiroba_importers::{Import, Input, LeftOut, Options, Report};
use hiroba_store::{DatasetEntry, Store, TenantId};
use hiroba_vocab::EntityId;
use serde::Serialize;

use super::publish::Published;
use super::{Result, ServiceError};
use crate::egress::DownloadedFile;
use destination::Database;

pub use difference::{AttributeDifference, DifferenceKind, DifferencePage, EntityDifference, differences, range};
pub(crate) use pipeline::{Destination, ReadTable, keep_what_was_told, publish_tables};
pub use pipeline::{Failure, Progress, Step, silent};
pub use preview::{Previewed, PreviewedFile, preview_import};
pub use told::{day, municipality};
pub use undo::{Undone, remove, undo};
pub use version::{Details, Entities, Rows, VersionSummary, versions};

/// What becomes of entities that were in a data set and that its source no longer lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Gone {
    /// They stay, and belong to the data set on: the file is only a part of it.
    Keep,
    /// They stay, with the attribute `absentSince`, and belong to the data set no longer. Nothing is lost if the file was
    /// the wrong one, and readers can tell.
    #[default]
    Mark,
    /// They are removed. Where rows of the file were refused, they are only marked: the rows may be about them.
    Remove,
}

/// Which version a file has become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Versioned {
    /// A new one.
    New(Box<VersionSummary>),
    /// None: everything is as a version has it already.
    Same {
        /// The data set's entity.
        dataset: EntityId,
        /// The number of that version.
        version: i64,
    },
    /// None: where the entities went, no versions are kept.
    NotKept,
}

impl Versioned {
    /// The data set's entity and the number of the version that says what the file says, where versions are kept.
    pub fn number(&self) -> Option<(&EntityId, i64)> {
        match self {
            Self::New(version) => Some((&version.dataset, version.version)),
            Self::Same { dataset, version } => Some((dataset, *version)),
            Self::NotKept => None,
        }
    }
}

/// What became of a file.
#[derive(Debug)]
pub struct ImportedFile {
    /// Its tables, in the order of the file.
    pub tables: Vec<Imported>,
    /// Sheets of a workbook and members of an archive that were not imported.
    pub left_out: Vec<LeftOut>,
    /// The file that was fetched: its tables can be read again as long as it is there.
    pub fetched: Option<DownloadedFile>,
}

/// What became of a table.
#[derive(Debug)]
pub struct Imported {
    /// The data set's entity.
    pub dataset: EntityId,
    /// What was read.
    pub report: Report,
    /// The table, for whoever wants to read it again, as long as it is kept.
    pub import: Option<Import>,
    /// What was written, the data set's own entity included; what was done about entities that are gone is not.
    pub published: Published,
    /// What was done to the entities, those included that are gone from the source; the data set's own is not.
    pub entities: Entities,
    /// The version that it has become.
    pub version: Versioned,
}

/// Publishes every table of a file as a version of its data set: each row that is an entity, then what is gone, then the
/// entity of the data set. Only differences are written; where there are none, there is no new version.
///
/// # Errors
/// The file cannot be read; Busy when somebody else imports the same data set; the database fails or refuses. Then what
/// was written before stays as a failed version: importing the file again goes on from there, and undo takes it back.
pub async fn publish_import(
    store: &Store,
    tenant: TenantId,
    input: Input,
    options: Options,
    gone: Gone,
    progress: Progress,
) -> Result<ImportedFile, Failure<ServiceError>> {
    let now = options.now;
    let end = async |destination: Database<'_>, published| match published {
        Ok(ReadTable { dataset, report, import, published }) => {
            let (version, entities) = destination.outcome();
            Ok(Imported { dataset, report, import: Some(import), published, entities, version })
        }
        Err(failure) => {
            destination.fail().await;
            Err(failure)
        }
    };
    let make = || Database::new(store, tenant, now, gone);
    let (tables, left_out) = publish_tables(input, options, progress, make, end).await?;
    Ok(ImportedFile { tables, left_out, fetched: None })
}

/// The data sets of a tenant, in the order of their ids, after the one given.
///
/// # Errors
/// When the database fails.
pub async fn datasets(store: &Store, tenant: TenantId, after: &str, limit: usize) -> Result<Vec<DatasetEntry>> {
    Ok(store.datasets(tenant, after, limit).await?)
}

/// The data set that a person means: by its id, or by the end of it after a colon (`131016:aed`, `aed`).
///
/// # Errors
/// NoDataset when there is none, or when several are meant: then it names them.
pub async fn find(store: &Store, tenant: TenantId, name: &str) -> Result<EntityId> {
    let ending = format!(":{name}");
    let (mut meant, mut after) = (Vec::new(), String::new());
    loop {
        let page = datasets(store, tenant, &after, 500).await?;
        let Some(last) = page.last() else { break };
        after = last.dataset.to_string();
        for DatasetEntry { dataset, .. } in page {
            if dataset.as_str() == name {
                return Ok(dataset);
            }
            if dataset.as_str().ends_with(&ending) {
                meant.push(dataset);
            }
        }
    }
    match (meant.pop(), meant.as_slice()) {
        (Some(only), []) => Ok(only),
        (None, _) => Err(ServiceError::NoDataset(name.to_owned())),
        (Some(last), others) => {
            let all: Vec<&str> = others.iter().chain([&last]).map(EntityId::as_str).collect();
            Err(ServiceError::NoDataset(format!("{name}, unless one of {} is meant: give its id", all.join(", "))))
        }
    }
}
