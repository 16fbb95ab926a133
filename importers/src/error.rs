//! Why a file cannot be imported. Rows that cannot are no error: they are in the report.

use std::fmt;

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
    /// A table that fits no data set.
    #[error("{}: {}", .0.file, unrecognised(.0))]
    Unrecognised(Box<Unrecognised>),
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

/// What was found where no data set fits.
#[derive(Debug)]
pub struct Unrecognised {
    /// The file's name.
    pub file: String,
    /// The headers.
    pub headers: Vec<String>,
    /// The row of the header.
    pub header_row: u64,
    /// The data set that comes nearest.
    pub nearest: Option<Nearest>,
}

/// The data set nearest to an unrecognised table.
#[derive(Debug)]
pub struct Nearest {
    /// Its short name.
    pub slug: String,
    /// Its Japanese title.
    pub title: String,
    /// How near, 0 to 1.
    pub score: f64,
    /// Whether this version can import it at all.
    pub supported: bool,
}

fn unrecognised(found: &Unrecognised) -> String {
    let shown: Vec<&str> = found.headers.iter().take(12).map(String::as_str).collect();
    let more = found.headers.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let headers = format!("the columns in row {} are {}{more}", found.header_row, shown.join(", "));
    match &found.nearest {
        Some(nearest) if !nearest.supported => format!(
            "this looks like {} ({}, {:.2}), which this version cannot import yet; {headers}.",
            nearest.title, nearest.slug, nearest.score
        ),
        Some(nearest) => format!(
            "no data set fits well enough; {headers}. The nearest is {} ({}, {:.2}). If that is what it is, name it with \
             --dataset {}.",
            nearest.title, nearest.slug, nearest.score, nearest.slug
        ),
        None => {
            format!("no data set fits; {headers}. Name the data set with --dataset if it is one of the standard's.")
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
    /// What is wrong, without the file's name before it.
    pub fn reason(&self) -> String {
        let text = self.to_string();
        let rest = text.strip_prefix(self.file()).unwrap_or(&text);
        let rest = rest.trim_start_matches([':', ',', ' ']);
        rest.strip_prefix("is ").map_or_else(|| rest.to_owned(), |what| format!("it is {what}"))
    }

    /// The same error of a table that has a longer name: that of its archive stands before its own.
    pub(crate) fn in_file(mut self, name: &str) -> Self {
        if let Self::Unrecognised(found) = &mut self {
            found.file = name.to_owned();
        }
        self
    }

    /// The row concerned, from 1, if one row is.
    pub fn row(&self) -> Option<u64> {
        match self {
            Self::TooLarge { row, .. } | Self::Damaged { row, .. } => *row,
            Self::OpenQuote { row, .. } => Some(*row),
            Self::NoHeader { .. }
            | Self::Unrecognised(_)
            | Self::Unreadable { .. }
            | Self::Directory { .. }
            | Self::Empty { .. }
            | Self::WrongKind { .. }
            | Self::Undecodable { .. }
            | Self::Unknown { .. } => None,
        }
    }

    /// The file concerned.
    pub fn file(&self) -> &str {
        match self {
            Self::Unreadable { file, .. }
            | Self::Directory { file }
            | Self::Empty { file }
            | Self::WrongKind { file, .. }
            | Self::TooLarge { file, .. }
            | Self::Undecodable { file, .. }
            | Self::Damaged { file, .. }
            | Self::OpenQuote { file, .. }
            | Self::NoHeader { file, .. }
            | Self::Unknown { file, .. } => file,
            Self::Unrecognised(found) => &found.file,
        }
    }
}
