//! How much one file may hold. Every input has a bound, so that no file can hold a worker or fill the memory.

/// Bytes of one CSV record, quoted line breaks included.
pub const RECORD: usize = 4 * 1024 * 1024;

/// Columns of a table. Spreadsheets end at 16,384.
pub const COLUMNS: usize = 16_384;

/// Bytes of a workbook.
pub const WORKBOOK: u64 = 64 * 1024 * 1024;

/// Bytes of all parts of a workbook when unpacked.
pub const WORKBOOK_UNPACKED: u64 = 1024 * 1024 * 1024;

/// Cells with content in one sheet.
pub const CELLS: usize = 20_000_000;

/// Bytes of a GeoJSON file.
pub const GEOJSON: u64 = 128 * 1024 * 1024;

/// Rows at the top of a table among which the header is looked for.
pub const HEADER_SEARCH: usize = 40;

/// Rows that are looked at to recognise a data set.
pub const SAMPLE: usize = 200;

/// Examples of an issue that a report holds.
pub const EXAMPLES: usize = 5;

/// Rows set aside or refused that a report lists one by one; beyond that it only counts.
pub const LISTED: usize = 1_000;

/// `64 MiB`.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes / (1024 * 1024))
}
