//! What the person who imports a file knows and the file does not say.

use std::path::PathBuf;

use hiroba_vocab::normalise::code::LocalGovernmentCode;
use ngsild::DateTime;

use crate::mapping::Mapping;

/// Options of an import. `now` is the only thing that must be given: an importer never reads the clock, so that the same
/// file gives the same entities.
#[derive(Debug, Clone)]
pub struct Options {
    /// When the entities are created.
    pub now: DateTime,
    /// The short name of the data set, where it should not be recognised.
    pub dataset: Option<String>,
    /// How the columns are read, where a person has said so. Without it, `<file>.hiroba.toml` beside the file is used if it
    /// is there, unless a data set is named.
    pub mapping: Option<Mapping>,
    /// A folder of mappings, of which the one is used that names exactly the columns of the table.
    pub mappings: Option<PathBuf>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The publisher's code.
    pub municipality: Option<LocalGovernmentCode>,
    /// The publisher's name, where it is not in the list of local governments.
    pub publisher: Option<String>,
    /// The licence: an IRI, or words that are looked up.
    pub licence: Option<String>,
    /// The address from which the file came.
    pub source: Option<String>,
    /// When the data set was published: `2026-04-01`.
    pub issued: Option<String>,
    /// Which day the data describe: `2026-03-31`.
    pub modified: Option<String>,
}

impl Options {
    /// Nothing is known but the time.
    pub fn new(now: DateTime) -> Self {
        Self {
            now,
            dataset: None,
            mapping: None,
            mappings: None,
            sheet: None,
            municipality: None,
            publisher: None,
            licence: None,
            source: None,
            issued: None,
            modified: None,
        }
    }
}
