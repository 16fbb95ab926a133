//! Tables of a timetable in memory: the small ones that are joined to others.

use hiroba_vocab::normalise::character::trim;

use super::only_table;
use crate::error::ImportError;
use crate::limits;
use crate::source::Source;
use crate::table::Row;

/// Header and rows, cells trimmed, blank rows left out.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Content {
    /// A whole table.
    ///
    /// # Errors
    /// It cannot be read, or has more than [`limits::CELLS`] cells.
    pub(super) fn whole(source: &Source) -> Result<Self, ImportError> {
        Self::read(source, usize::MAX)
    }

    /// The header and the first row.
    pub(super) fn beginning(source: &Source) -> Result<Self, ImportError> {
        Self::read(source, 1)
    }

    fn read(source: &Source, most: usize) -> Result<Self, ImportError> {
        let table = only_table(source)?;
        let (mut rows, mut row) = (table.rows()?, Row::default());
        let (mut content, mut cells) = (Self::default(), 0);
        while content.rows.len() < most && rows.next(&mut row)? {
            if row.filled().next().is_none() {
                continue;
            }
            cells += row.len();
            if cells > limits::CELLS {
                return Err(ImportError::TooLarge {
                    file: source.input.name(),
                    row: Some(row.number),
                    what: "the table",
                    limit: format!("{} cells", limits::CELLS),
                });
            }
            let read: Vec<String> = row.cells().map(|cell| trim(cell).to_owned()).collect();
            if content.header.is_empty() { content.header = read } else { content.rows.push(read) }
        }
        Ok(content)
    }

    /// Where a column stands.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|header| header.eq_ignore_ascii_case(name))
    }

    /// The cell of a row, empty where there is none.
    pub(super) fn cell<'c>(&self, row: &'c [String], column: Option<usize>) -> &'c str {
        column.and_then(|column| row.get(column)).map_or("", String::as_str)
    }
}

/// How many rows there are below the header.
pub(super) fn count(source: &Source) -> Result<u64, ImportError> {
    let table = only_table(source)?;
    let (mut rows, mut row, mut count) = (table.rows()?, Row::default(), 0_u64);
    while rows.next(&mut row)? {
        count += u64::from(row.filled().next().is_some());
    }
    Ok(count.saturating_sub(1))
}
