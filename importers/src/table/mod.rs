//! Tables: rows of text cells with their place in the file, whatever the file's kind.

mod csv;
mod geojson;
mod row;
mod sheet;

pub(crate) use row::Row;

use crate::error::ImportError;
use crate::source::{Input, Kind, Source};

/// A table that can be read from its first row as often as needed.
#[derive(Debug)]
pub(crate) struct Table {
    input: Input,
    body: Body,
    /// The sheet's name, for workbooks.
    pub(crate) sheet: Option<String>,
    /// The column that holds geometries, for GeoJSON.
    pub(crate) geometry: Option<usize>,
}

#[derive(Debug)]
enum Body {
    /// Read from the file each time: a CSV file may be larger than the memory.
    Csv { encoding: crate::source::Encoding, separator: u8 },
    /// In memory: workbooks and GeoJSON cannot be read in part.
    Stored(Vec<StoredRow>),
}

/// A row in memory.
#[derive(Debug, Default)]
pub(crate) struct StoredRow {
    pub(crate) number: u64,
    pub(crate) cells: Vec<String>,
    /// Columns whose cell is covered by a merged cell that begins above.
    pub(crate) covered: Vec<usize>,
}

impl Table {
    /// The tables of a file: one, or one for each sheet of a workbook that has cells.
    ///
    /// # Errors
    /// The file is damaged, protected or too large.
    pub(crate) fn all(source: &Source) -> Result<Vec<Self>, ImportError> {
        let input = source.input.clone();
        let stored = |rows, sheet, geometry| Self { input: input.clone(), body: Body::Stored(rows), sheet, geometry };
        Ok(match source.kind {
            Kind::Csv(encoding) => {
                let separator = csv::separator(&source.input, encoding)?;
                vec![Self { input, body: Body::Csv { encoding, separator }, sheet: None, geometry: None }]
            }
            Kind::GeoJson(encoding) => {
                let (rows, geometry) = geojson::read(&source.input, encoding)?;
                vec![stored(rows, None, Some(geometry))]
            }
            kind => sheet::read(&source.input, kind)?
                .into_iter()
                .map(|(name, rows)| stored(rows, Some(name), None))
                .collect(),
        })
    }

    /// The rows from the first one on.
    ///
    /// # Errors
    /// The file cannot be opened again.
    pub(crate) fn rows(&self) -> Result<Rows<'_>, ImportError> {
        Ok(match &self.body {
            Body::Csv { encoding, separator } => {
                Rows::Csv(Box::new(csv::CsvRows::new(&self.input, encoding.reader(self.input.open()?), *separator)))
            }
            Body::Stored(rows) => Rows::Stored(rows.iter()),
        })
    }
}

/// Reads rows one after the other into a buffer that the caller keeps.
pub(crate) enum Rows<'t> {
    Csv(Box<csv::CsvRows>),
    Stored(std::slice::Iter<'t, StoredRow>),
}

impl Rows<'_> {
    /// Reads the next row. `false` at the end.
    ///
    /// # Errors
    /// The file cannot be read, or the row breaks a limit.
    pub(crate) fn next(&mut self, row: &mut Row) -> Result<bool, ImportError> {
        match self {
            Self::Csv(rows) => rows.next(row),
            Self::Stored(rows) => Ok(rows.next().is_some_and(|stored| {
                row.fill(stored);
                true
            })),
        }
    }
}
