//! Why a file cannot be imported. Rows that cannot are no error: they are in the report.

use std::fmt;

use hiroba_vocab::EntityId;

use crate::report::{Language, RefusedRow};

/// What is wrong with a file as a whole, with a sentence that tells the publisher what to do.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be opened or read.
    #[error("{file}: cannot be read: {reason}")]
    Unreadable {
        /// The file's name.
        file: String,
        /// What the system says.
        reason: String,
    },
    /// The temporary file that remembers rows cannot be used.
    #[error(
        "{file}: the temporary file for rows that repeat one another cannot be used: {reason}. Make room in the directory \
         for temporary files ({directory}), or name another one in the variable TMPDIR."
    )]
    Temporary {
        /// The name of the file that is imported.
        file: String,
        /// What the system says.
        reason: String,
        /// Where temporary files are.
        directory: String,
    },
    /// A directory where a file is expected.
    #[error("{file} is a directory. Give the file itself: a CSV, Excel or GeoJSON file.")]
    Directory {
        /// Its name.
        file: String,
    },
    /// A file without content.
    #[error("{file} is empty. Check that the download or the export was complete.")]
    Empty {
        /// Its name.
        file: String,
    },
    /// A file of a kind that holds no table.
    #[error("{file} is {what}. {advice}")]
    WrongKind {
        /// Its name.
        file: String,
        /// What it is: "a web page (HTML)".
        what: String,
        /// What to do.
        advice: String,
    },
    /// Larger than this importer takes.
    #[error("{file}{}: {what} exceeds the limit of {limit}. Split the file, or export it as CSV.", Row(*row))]
    TooLarge {
        /// Its name.
        file: String,
        /// The row concerned, if one row is.
        row: Option<u64>,
        /// What is too large.
        what: &'static str,
        /// The limit, with its unit.
        limit: String,
    },
    /// Bytes that are no text in any encoding that Japanese lists use.
    #[error(
        "{file}: byte {offset} (line {line}) is no character in UTF-8, CP932 (Shift_JIS) or EUC-JP. \
         Open the file where it was made and save it as CSV UTF-8."
    )]
    Undecodable {
        /// Its name.
        file: String,
        /// Offset of the first such byte, from 0.
        offset: u64,
        /// Its line, from 1.
        line: u64,
    },
    /// A workbook or GeoJSON file that is damaged or protected.
    #[error("{file}{}: {reason}", Row(*row))]
    Damaged {
        /// Its name.
        file: String,
        /// The row or feature concerned, if known.
        row: Option<u64>,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A quotation mark that is never closed swallows the rest of the file.
    #[error(
        "{file}, row {row}: a quotation mark (\") opens here and is never closed, so that the rest of the file would be one \
         cell. Close it, or take it out."
    )]
    OpenQuote {
        /// Its name.
        file: String,
        /// The row in which the record begins.
        row: u64,
    },
    /// No row that looks like a header.
    #[error(
        "{file}: no header row was found in the first {searched} rows. The header names the columns, such as 名称, 住所, 緯度, 経度."
    )]
    NoHeader {
        /// Its name.
        file: String,
        /// How many rows were looked at.
        searched: usize,
    },
    /// Nothing of the file can be published, where entities are published that it would take away.
    #[error(
        "{file}: {}, and the list that is published as {dataset} would lose everything. That list stays as it is. \
         Check that the export was complete. If the list really is empty, remove the data set: hiroba dataset remove {dataset}",
        none_of(*.rows, .refused.as_deref())
    )]
    NothingPublished {
        /// Its name.
        file: String,
        /// How many rows it has below the header.
        rows: u64,
        /// The first row that was refused, and why.
        refused: Option<Box<RefusedRow>>,
        /// The data set's entity.
        dataset: EntityId,
    },
    /// A mapping that cannot be understood, or is for another table.
    #[error("{file}, line {line}, column {column}: {problem}.")]
    Mapping {
        /// The mapping's file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The character in the line, from 1.
        column: usize,
        /// What is wrong, and what to write.
        problem: String,
    },
    /// The options name a data set or a sheet that does not exist.
    #[error("{file}: there is no {what} '{name}'. There is: {known}.")]
    Unknown {
        /// The file's name.
        file: String,
        /// "data set", "sheet".
        what: &'static str,
        /// What was asked for.
        name: String,
        /// What could have been.
        known: String,
    },
}

fn none_of(rows: u64, refused: Option<&RefusedRow>) -> String {
    match (rows, refused) {
        (0, _) => "the file holds no row below its header".to_owned(),
        (_, None) => format!("none of the {rows} rows of the file can be published"),
        (_, Some(RefusedRow { row, column, reason, .. })) => {
            format!("none of the {rows} rows of the file can be published (row {row}, {column}: {reason})")
        }
    }
}

/// `, row 5` if the row is known.
struct Row(Option<u64>);

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |row| write!(f, ", row {row}"))
    }
}

impl ImportError {
    /// The temporary file that remembers rows of `file` cannot be used.
    pub(crate) fn temporary(file: &str, error: &std::io::Error) -> Self {
        let directory = std::env::temp_dir().display().to_string();
        Self::Temporary { file: file.to_owned(), reason: error.to_string(), directory }
    }

    /// What is wrong, without the file's name before it.
    pub fn reason_in(&self, language: Language) -> String {
        let text = self.to_text_in(language);
        let rest = text.strip_prefix(self.file()).unwrap_or(&text);
        // Between the name and the rest of a Japanese sentence stands a particle.
        let rest = rest.trim_start_matches([':', ',', ' ', '：', '、', 'は']);
        rest.strip_prefix("is ").map_or_else(|| rest.to_owned(), |what| format!("it is {what}"))
    }

    /// The row concerned, from 1, if one row is.
    pub fn row(&self) -> Option<u64> {
        match self {
            Self::TooLarge { row, .. } | Self::Damaged { row, .. } => *row,
            Self::OpenQuote { row, .. } => Some(*row),
            Self::NothingPublished { refused, .. } => refused.as_ref().map(|refused| refused.row),
            _ => None,
        }
    }

    /// The file concerned.
    pub fn file(&self) -> &str {
        match self {
            Self::Unreadable { file, .. }
            | Self::Temporary { file, .. }
            | Self::Directory { file }
            | Self::Empty { file }
            | Self::WrongKind { file, .. }
            | Self::TooLarge { file, .. }
            | Self::Undecodable { file, .. }
            | Self::Damaged { file, .. }
            | Self::OpenQuote { file, .. }
            | Self::NoHeader { file, .. }
            | Self::NothingPublished { file, .. }
            | Self::Mapping { file, .. }
            | Self::Unknown { file, .. } => file,
        }
    }
}
