//! How much one file may hold. Every input has a bound, so that no file can hold a worker or fill the memory.

/// Bytes of one CSV record, quoted line breaks included.
pub const RECORD: usize = 4 * 1024 * 1024;

/// Bytes of a CSV file without a line end after which the rest is not read any more. No encoding and no quoting packs a
/// record of [`RECORD`] bytes into more.
pub(crate) const LINE: u64 = 4 * RECORD as u64;

/// Bytes of the rows that together are one thing, after its first: the files of a data set.
pub const JOINED: usize = RECORD;

/// Rows of a table.
pub const ROWS: u64 = 10_000_000;

/// Hashes of one kind that an import keeps in memory: of rows, of numbers and of ids, so that those that occur again are
/// known. When there are more they go to temporary files, which take 24 bytes for each row and kind; two bytes of each
/// stay in memory.
pub const REMEMBERED: usize = 200_000;

/// Columns of a table. Spreadsheets end at 16,384.
pub const COLUMNS: usize = 16_384;

/// Bytes of a workbook.
pub const WORKBOOK: u64 = 64 * 1024 * 1024;

/// Bytes of all parts of a workbook when unpacked.
pub const WORKBOOK_UNPACKED: u64 = 512 * 1024 * 1024;

/// Members of a ZIP archive.
pub const ARCHIVE_MEMBERS: usize = 1_000;

/// Bytes of all tables of a ZIP archive when unpacked. They are never held in memory together.
pub const ARCHIVE_UNPACKED: u64 = 4 * 1024 * 1024 * 1024;

/// How many times its packed size a member of a ZIP archive may unpack to, beyond its first mebibyte. Lists of a city
/// pack to a tenth, the fares of a bus feed to a fiftieth.
pub const ARCHIVE_RATIO: u64 = 400;

/// Cells of one sheet, from the first column to the last filled one of each row.
pub const CELLS: usize = 20_000_000;

/// Bytes of one feature of a GeoJSON file.
pub const FEATURE: usize = 16 * 1024 * 1024;

/// Features of a GeoJSON file times names of properties: a feature has a cell for each name that any of them has.
pub const GEOJSON_CELLS: u64 = 1_000_000_000;

/// Brackets that are open at once in a GeoJSON file outside its features.
pub(crate) const DEPTH: usize = 128;

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
