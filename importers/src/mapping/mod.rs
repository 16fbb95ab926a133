//! Mappings: what a person says of a table's columns, in a small TOML file that stands beside the table or in a folder.
//!
//! `Import::mapping` writes one for any import; the same file then gives the same entities.

mod apply;
mod find;
mod read;
mod write;

use hiroba_vocab::dataset::Reads;
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use hiroba_vocab::normalise::key::HeaderKey;

use crate::header::Header;

pub(crate) use apply::{apply, is_for_none};
pub(crate) use find::{beside, in_folder};
pub(crate) use write::write;

/// What a person says of a table. [`Mapping::read`] reads it; the text that [`crate::Import::mapping`] writes explains each
/// field.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// The file that it comes from.
    pub file: String,
    /// The short name of the data set that the table is.
    pub dataset: Option<String>,
    /// The type of the entities, where the table is none: a class of the vocabulary, or an IRI.
    pub entity_type: Option<String>,
    /// The short name, where the table is no data set.
    pub slug: Option<String>,
    /// Its Japanese title.
    pub title_ja: Option<String>,
    /// Its English title.
    pub title_en: Option<String>,
    /// The publisher's code.
    pub publisher: Option<LocalGovernmentCode>,
    /// The publisher's name.
    pub publisher_name: Option<String>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The row of the header, from 1.
    pub header_row: Option<u64>,
    /// Headers of the columns of which a row must fill one.
    pub subject: Option<Vec<Named>>,
    /// Headers of the columns that tell rows apart; `*` alone is all of them.
    pub identity: Option<Vec<Named>>,
    /// The columns.
    pub columns: Vec<ColumnMapping>,
}

/// A header with the place in the mapping where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// The header.
    pub header: String,
    /// Line and column, from 1.
    pub at: (usize, usize),
}

/// What a person says of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnMapping {
    /// Its header.
    pub header: String,
    /// The column of the standard that it is, by its official name.
    pub column: Option<String>,
    /// How its cells are read.
    pub reads: Option<Reads>,
    /// The attribute that takes the values: a term, an IRI, or `own` for the IRI of the header.
    pub attribute: Option<String>,
    /// The language of a text, or the key in a compound value.
    pub part: Option<String>,
    /// UN/CEFACT code of the unit of its numbers.
    pub unit: Option<String>,
    /// Units that stand behind its numbers.
    pub units: Vec<String>,
    /// It is not published.
    pub skip: bool,
    /// Line and column in the mapping, from 1.
    pub at: (usize, usize),
}

impl Mapping {
    /// How many headers of a table the mapping names.
    pub(crate) fn fits(&self, keys: &[HeaderKey]) -> usize {
        let own = self.columns.iter().map(|column| HeaderKey::new(&column.header));
        // A header of signs alone is like a blank one, and tells no row apart.
        own.filter(|key| !key.full.is_empty() && keys.contains(key)).count()
    }

    /// Whether the mapping names exactly the columns of a table, in any order.
    pub(crate) fn is_for(&self, header: &Header) -> bool {
        let sorted = |mut keys: Vec<String>| {
            keys.sort_unstable();
            keys
        };
        let own = self.columns.iter().map(|column| HeaderKey::new(&column.header).full).collect();
        let table = header.names.iter().map(|name| HeaderKey::new(name).full).collect();
        sorted(own) == sorted(table)
    }
}
