//! What kind of file the bytes are. Names lie: workbooks are called .csv, error pages are saved as data.

use std::io::{self, Read as _};

use zip::ZipArchive;

use super::{Encoding, Input, ReadSeek, encoding};
use crate::error::ImportError;
use crate::limits;

/// How many bytes at the beginning are kept to look at.
pub(super) const HEAD: usize = 16 * 1024;

/// How geometries of a Shapefile begin: 9994, big end first.
const SHAPES: &[u8] = &[0, 0, 0x27, 0x0A];
/// How an SQLite database begins, as a GeoPackage is one.
const DATABASE: &[u8] = b"SQLite format 3\0";

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
    /// The geometries of a Shapefile, with its other files beside it.
    Shapefile,
    /// A GeoPackage.
    GeoPackage,
    /// A ZIP archive with tables in it.
    Zip,
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
            Self::Shapefile => "Shapefile",
            Self::GeoPackage => "GeoPackage",
            Self::Zip => "ZIP archive",
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
        } else if ends(&[".shp"]) {
            self == Self::Shapefile
        } else if ends(&[".gpkg"]) {
            self == Self::GeoPackage
        } else if ends(&[".zip"]) {
            self == Self::Zip
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
    if head.starts_with(SHAPES) {
        return Ok(Kind::Shapefile);
    }
    if head.starts_with(DATABASE) {
        return Ok(Kind::GeoPackage);
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

/// Whether a file that begins like this may go on without a line end: workbooks and JSON may, tables of text do not.
pub(super) fn may_be_one_line(head: &[u8]) -> bool {
    let first =
        head.iter().find(|byte| !matches!(byte, 0 | 0xEF | 0xBB | 0xBF | 0xFE | 0xFF) && !byte.is_ascii_whitespace());
    head.starts_with(b"PK")
        || head.starts_with(SHAPES)
        || head.starts_with(DATABASE)
        || head.starts_with(&[0xD0, 0xCF, 0x11, 0xE0])
        || first == Some(&b'{')
}

fn is_html(text: &str) -> bool {
    let start: String = text.chars().take(1000).flat_map(char::to_lowercase).collect();
    ["<!doctype html", "<html", "<head", "<body", "<table", "<meta", "<script"].iter().any(|tag| start.contains(tag))
}

/// Tells workbooks from other archives by their parts, and bounds what they unpack to.
fn archive(input: &Input) -> Result<Kind, ImportError> {
    let mut zip = ZipArchive::new(input.seekable()?).map_err(|e| damaged(input, &e))?;
    let has = |is: fn(&str) -> bool| zip.file_names().any(|name| name.is_ok_and(|name| is(&name)));
    let kind = if has(|name| name.eq_ignore_ascii_case("xl/workbook.xml")) {
        Kind::Xlsx
    } else if has(|name| name == "content.xml") {
        Kind::Ods
    } else {
        return Ok(Kind::Zip);
    };
    check_unpacked(input, &mut zip)?;
    Ok(kind)
}

/// Unpacks the parts to nowhere and counts: the sizes that an archive declares may be lies.
fn check_unpacked(input: &Input, zip: &mut ZipArchive<Box<dyn ReadSeek>>) -> Result<(), ImportError> {
    let mut left = limits::WORKBOOK_UNPACKED;
    for at in 0..zip.len() {
        let part = zip.by_index(at).map_err(|e| damaged(input, &e))?;
        let unpacked = io::copy(&mut part.take(left + 1), &mut io::sink()).map_err(|e| damaged(input, &e))?;
        left = left.checked_sub(unpacked).ok_or_else(|| ImportError::TooLarge {
            file: input.name(),
            row: None,
            what: "the unpacked workbook",
            limit: limits::mebibytes(limits::WORKBOOK_UNPACKED),
        })?;
    }
    Ok(())
}

fn damaged(input: &Input, error: &dyn std::fmt::Display) -> ImportError {
    let reason = format!("the archive is damaged ({error}). Export it again.");
    ImportError::Damaged { file: input.name(), row: None, reason }
}

fn wrong(input: &Input, what: &str, advice: &str) -> ImportError {
    ImportError::WrongKind { file: input.name(), what: what.to_owned(), advice: advice.to_owned() }
}
