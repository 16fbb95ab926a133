//! How much one file may hold. Every input has a bound, so that no file can hold a worker or fill the memory.

/// Bytes of one CSV record, quoted line breaks included.
pub const RECORD: usize = 4 * 1024 * 1024;

/// Bytes of a CSV file without a line end after which the rest is not read any more. No encoding and no quoting packs a
/// record of [`RECORD`] bytes into more.
pub(crate) const LINE: u64 = 4 * RECORD as u64;

/// Bytes of the rows that together are one thing, after its first: the files of a data set.
pub const JOINED: usize = RECORD;

/// Rows of a table. An import keeps hashes of 60 to 130 bytes for each of them
/// (measured at 450,000 and 930,000 rows), whatever the row holds, so that this many rows cost about a gigabyte.
pub const ROWS: u64 = 10_000_000;

/// Columns of a table. Spreadsheets end at 16,384.
pub const COLUMNS: usize = 16_384;

/// Bytes of a workbook.
pub const WORKBOOK: u64 = 64 * 1024 * 1024;

/// Bytes of all parts of a workbook when unpacked.
pub const WORKBOOK_UNPACKED: u64 = 512 * 1024 * 1024;

/// Cells of one sheet or GeoJSON file, from the first column to the last filled one of each row.
pub const CELLS: usize = 20_000_000;

/// Bytes of a GeoJSON file.
pub const GEOJSON: u64 = 128 * 1024 * 1024;

/// Bytes of a mapping.
pub const MAPPING: u64 = 4 * 1024 * 1024;

/// Rows at the top of a table among which the header is looked for.
pub const HEADER_SEARCH: usize = 40;

/// Rows that are looked at to recognise a data set.
pub const SAMPLE: usize = 200;

/// Cells with the same issue in one column that a report lists one by one; beyond that it only counts.
pub const EXAMPLES: usize = 100;

/// Cells that a report lists one by one, over all columns and issues. The first five of each are listed in any case.
pub const LISTED_CELLS: usize = 10_000;

/// Rows set aside or refused that a report lists one by one; beyond that it only counts.
pub const LISTED: usize = 1_000;

/// `64 MiB`.
pub(crate) fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes / (1024 * 1024))
}
