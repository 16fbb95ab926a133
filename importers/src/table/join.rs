//! Columns that a table takes from other tables of the same archive.

use std::collections::HashMap;

use hiroba_vocab::normalise::character::trim;

use super::Row;

/// Columns that are added to a table, or filled in it.
#[derive(Debug)]
pub(crate) enum Join {
    /// Columns of another table. Where several lookups know a row, each column is filled by the first that has a value.
    Columns {
        /// Their headers.
        headers: Vec<String>,
        /// Where their cells are looked up.
        lookups: Vec<Lookup>,
    },
    /// A column once more, under another name.
    Copy {
        /// The name.
        header: &'static str,
        /// The column.
        column: usize,
    },
    /// What an empty cell of a column means; the column is added where there is none.
    Default {
        /// Its header.
        header: &'static str,
        /// Where it is.
        column: Option<usize>,
        /// What it means.
        value: String,
    },
}

/// Cells of another table by the value of a column of this one.
#[derive(Debug)]
pub(crate) struct Lookup {
    /// The column of this table.
    pub(crate) column: usize,
    /// As many cells as there are headers.
    pub(crate) cells: HashMap<String, Vec<String>>,
}

impl Join {
    /// Adds the columns to a row of a table whose header has `width` columns of its own.
    pub(super) fn extend(&self, row: &mut Row, width: usize, is_header: bool) {
        while row.len() < width {
            row.push("");
        }
        match self {
            Self::Columns { headers, .. } if is_header => headers.iter().for_each(|header| row.push(header)),
            Self::Columns { headers, lookups } => {
                let found: Vec<&Vec<String>> =
                    lookups.iter().filter_map(|lookup| lookup.cells.get(trim(row.cell(lookup.column)))).collect();
                for at in 0..headers.len() {
                    let cell = found.iter().filter_map(|cells| cells.get(at)).find(|cell| !cell.is_empty());
                    row.push(cell.map_or("", String::as_str));
                }
            }
            Self::Copy { header, .. } if is_header => row.push(header),
            Self::Copy { column, .. } => {
                let cell = row.cell(*column).to_owned();
                row.push(&cell);
            }
            Self::Default { header, column: None, .. } if is_header => row.push(header),
            Self::Default { column: None, value, .. } => row.push(value),
            Self::Default { column: Some(column), value, .. } => {
                if !is_header && trim(row.cell(*column)).is_empty() {
                    row.replace(*column, value);
                }
            }
        }
    }
}
