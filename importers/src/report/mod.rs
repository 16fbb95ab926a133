//! What an import did: for the publisher, row by row and column by column.

mod advice;
mod form;
mod html;
mod language;
mod quality;
mod recorder;
mod refusal;
mod text;

use serde::Serialize;

pub use advice::advice;
pub use form::Check;
pub(crate) use form::checks;
pub use html::Corrected;
pub use language::Language;
pub(crate) use quality::Facts;
pub use quality::{Part, Quality};
pub(crate) use recorder::{Recorder, letter};
pub(crate) use text::word;

use crate::generic::Proposal;
use crate::plan::Found;

/// The report of an import. Serialises to JSON; [`Report::to_text`] makes plain text of it, [`Report::to_html`] a page.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The file's name.
    pub file: String,
    /// What the bytes are: `CP932 (Shift_JIS)`, `Excel workbook (XLSX)`.
    pub format: &'static str,
    /// The name says another kind of file than the bytes are.
    pub misnamed: bool,
    /// How many bytes there are.
    pub bytes: u64,
    /// SHA-256 of the bytes, in hexadecimal.
    pub sha256: String,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The short name of the data set.
    pub dataset: String,
    /// Its Japanese title.
    pub title: String,
    /// How likely the table is that data set, 0 to 1.
    pub likeness: f64,
    /// How good the file is, for the publisher.
    pub quality: Quality,
    /// The table is none of the data sets: its rows became entities of a type of their own.
    pub is_own: bool,
    /// Where it is none: the data set that comes nearest.
    pub nearest: Option<Nearest>,
    /// The mapping by which the columns were read: its file.
    pub mapping: Option<String>,
    /// The row of the header, from 1; 0 for GeoJSON.
    pub header_row: u64,
    /// Titles and metadata above the header.
    pub above_header: Vec<String>,
    /// Rows with something in them above the header.
    pub rows_above_header: u64,
    /// The publisher's code, 000000 if unknown.
    pub publisher: String,
    /// The publisher's name.
    pub publisher_name: Option<String>,
    /// Where the code comes from.
    pub publisher_found: Found,
    /// What became of the rows.
    pub rows: Counts,
    /// What each column was taken for.
    pub columns: Vec<ColumnUse>,
    /// Issues by code and column, the weightiest first.
    pub issues: Vec<IssueGroup>,
    /// Rows that are no entity, by reason.
    pub set_aside: Vec<SetAsideGroup>,
    /// Rows that lack what is required; the first [`crate::limits::LISTED`].
    pub refused: Vec<RefusedRow>,
    /// Rows that repeat or continue others; the first [`crate::limits::LISTED`].
    pub merged: Vec<MergedRow>,
}

/// What became of the rows after the header. `read` is the sum of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Rows after the header.
    pub read: u64,
    /// Rows that became an entity.
    pub entities: u64,
    /// Rows that repeat or continue another.
    pub merged: u64,
    /// Rows that are no entity.
    pub set_aside: u64,
    /// Rows that were refused.
    pub refused: u64,
}

impl Counts {
    /// Whether every row is accounted for.
    pub fn add_up(&self) -> bool {
        self.read == self.entities + self.merged + self.set_aside + self.refused
    }
}

/// What a column was taken for.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ColumnUse {
    /// The header.
    pub header: String,
    /// The column as spreadsheets call it: A, B, …, AA.
    pub letter: String,
    /// The standard's name of the column, if it is known.
    pub means: Option<String>,
    /// The IRI of the attribute that takes its values.
    pub attribute: String,
    /// A mapping says that it is not to be published.
    pub skipped: bool,
    /// Of a table of its own: what it looks like, how certain that is, and why.
    pub proposal: Option<Proposal>,
}

/// The data set nearest to a table that is none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Nearest {
    /// Its short name.
    pub slug: String,
    /// Its Japanese title.
    pub title: String,
    /// How near, 0 to 1.
    pub score: f64,
}

/// An issue in a column.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IssueGroup {
    /// `date-era-overflow`
    pub code: &'static str,
    /// `note`, `changed`, `doubtful` or `unread`.
    pub level: &'static str,
    /// A sentence for the publisher.
    pub sentence: &'static str,
    /// The same in Japanese.
    pub sentence_ja: &'static str,
    /// The header, if it is about one column.
    pub column: Option<String>,
    /// That column as spreadsheets call it: A, B, …, AA.
    pub letter: Option<String>,
    /// How often.
    pub count: u64,
    /// The first [`crate::limits::EXAMPLES`].
    pub examples: Vec<Example>,
}

/// Where an issue was seen.
#[derive(Debug, Clone, Serialize)]
pub struct Example {
    /// The row; 0 for the file as a whole.
    pub row: u64,
    /// The text of the cell, shortened.
    pub text: String,
    /// What is published instead, where that differs: as an export writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
}

/// Rows that are no entity for the same reason.
#[derive(Debug, Clone, Serialize)]
pub struct SetAsideGroup {
    /// `total`, `note`, `blank`.
    pub reason: &'static str,
    /// A sentence.
    pub sentence: &'static str,
    /// The same in Japanese.
    pub sentence_ja: &'static str,
    /// How many.
    pub count: u64,
    /// The first [`crate::limits::EXAMPLES`].
    pub examples: Vec<Example>,
}

/// A row that was refused.
#[derive(Debug, Clone, Serialize)]
pub struct RefusedRow {
    /// The row.
    pub row: u64,
    /// The header of the column concerned.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// Why, and what to do.
    pub reason: String,
    /// The same in Japanese.
    pub reason_ja: &'static str,
}

/// A row that became part of another.
#[derive(Debug, Clone, Serialize)]
pub struct MergedRow {
    /// The row.
    pub row: u64,
    /// The row that it repeats or continues.
    pub into: u64,
    /// `duplicate`, `continuation`, or `part` of what several rows describe together, such as a line.
    pub why: &'static str,
}
