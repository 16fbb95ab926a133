//! What kind of file the bytes are. Names lie: workbooks are called .csv, error pages are saved as data.

use std::io::Cursor;

use super::{Encoding, Input, encoding};
use crate::error::ImportError;
use crate::limits;

/// How many bytes at the beginning are kept to look at.
pub(super) const HEAD: usize = 16 * 1024;

/// A kind of file that holds a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text with separators.
    Csv(Encoding),
    /// An Office Open XML workbook.
    Xlsx,
    /// An old Excel workbook (BIFF).
    Xls,
    /// An OpenDocument spreadsheet.
    Ods,
    /// A GeoJSON FeatureCollection.
    GeoJson(Encoding),
}

impl Kind {
    /// The words for reports: `CP932 (Shift_JIS)`, `Excel workbook (XLSX)`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Csv(encoding) => encoding.label(),
            Self::Xlsx => "Excel workbook (XLSX)",
            Self::Xls => "Excel workbook (XLS)",
            Self::Ods => "OpenDocument spreadsheet (ODS)",
            Self::GeoJson(_) => "GeoJSON",
        }
    }

    /// Whether a name ends like another kind.
    pub(super) fn contradicts(self, name: &str) -> bool {
        let name = name.to_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        let named = if ends(&[".csv", ".tsv", ".txt"]) {
            matches!(self, Self::Csv(_))
        } else if ends(&[".xlsx", ".xlsm"]) {
            self == Self::Xlsx
        } else if ends(&[".xls"]) {
            self == Self::Xls
        } else if ends(&[".ods"]) {
            self == Self::Ods
        } else if ends(&[".geojson", ".json"]) {
            matches!(self, Self::GeoJson(_))
        } else {
            true
        };
        !named
    }
}

/// Decides the kind: by magic numbers first, then by the first character of the text.
pub(super) fn examine(input: &Input, head: &[u8]) -> Result<Kind, ImportError> {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return archive(input);
    }
    if head.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Ok(Kind::Xls);
    }
    if head.starts_with(b"%PDF") {
        return Err(wrong(input, "a PDF document", "Publish the table itself as CSV or Excel."));
    }
    if head.starts_with(&[0x1F, 0x8B]) {
        return Err(wrong(input, "compressed (gzip)", "Unpack it first."));
    }
    let encoding = encoding::detect(input, head)?;
    let beginning = encoding.decode_lossy(head);
    let first = beginning.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
    if first.is_empty() && head.len() < HEAD {
        return Err(ImportError::Empty { file: input.name() });
    }
    if first.starts_with('<') {
        let what = if is_html(first) { "a web page (HTML)" } else { "an XML document" };
        return Err(wrong(input, what, "Download the data itself: the address may have led to an error page."));
    }
    if first.starts_with('{') {
        return Ok(Kind::GeoJson(encoding));
    }
    Ok(Kind::Csv(encoding))
}

fn is_html(text: &str) -> bool {
    let start: String = text.chars().take(1000).flat_map(char::to_lowercase).collect();
    ["<!doctype html", "<html", "<head", "<body", "<table", "<meta", "<script"].iter().any(|tag| start.contains(tag))
}

/// Tells workbooks from other archives by their parts, and bounds what they unpack to.
fn archive(input: &Input) -> Result<Kind, ImportError> {
    let damaged = |reason: String| ImportError::Damaged { file: input.name(), row: None, reason };
    let bytes = input.read_all(limits::WORKBOOK, "the workbook")?;
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes))
        .map_err(|e| damaged(format!("the archive is damaged ({e}). Export it again.")))?;
    let mut unpacked: u64 = 0;
    let (mut xlsx, mut ods, mut gtfs) = (false, false, false);
    for at in 0..zip.len() {
        let Ok(part) = zip.by_index_raw(at) else { continue };
        unpacked = unpacked.saturating_add(part.size());
        let Ok(name) = part.name() else { continue };
        xlsx |= name.eq_ignore_ascii_case("xl/workbook.xml");
        ods |= name == "content.xml";
        gtfs |= name.ends_with("stop_times.txt");
    }
    if unpacked > limits::WORKBOOK_UNPACKED {
        return Err(ImportError::TooLarge {
            file: input.name(),
            row: None,
            what: "the unpacked workbook",
            limit: limits::mebibytes(limits::WORKBOOK_UNPACKED),
        });
    }
    match (xlsx, ods, gtfs) {
        (true, ..) => Ok(Kind::Xlsx),
        (_, true, _) => Ok(Kind::Ods),
        (.., true) => Err(wrong(input, "a bus timetable (GTFS)", "This version imports tables of places only.")),
        _ => Err(wrong(input, "a ZIP archive", "Unpack it and give the file inside.")),
    }
}

fn wrong(input: &Input, what: &str, advice: &str) -> ImportError {
    ImportError::WrongKind { file: input.name(), what: what.to_owned(), advice: advice.to_owned() }
}
