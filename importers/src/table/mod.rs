//! Tables: rows of text cells with their place in the file, whatever the file's kind.

mod csv;
mod geo;
mod geojson;
mod join;
mod reach;
mod row;
mod sheet;

pub(crate) use join::{Join, Lookup};
pub(crate) use row::Row;

use std::sync::Arc;

use hiroba_vocab::Issues;
use hiroba_vocab::normalise::code::LocalGovernmentCode;

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
    /// Names of columns may be cut off: those of a Shapefile have ten bytes.
    pub(crate) cut_names: bool,
    /// What the reader has to say about the table as a whole.
    pub(crate) notable: Issues,
    /// The agency whose timetable this is a part of.
    pub(crate) agency: Option<Arc<Agency>>,
}

#[derive(Debug)]
enum Body {
    /// Read from the file each time: a CSV file may be larger than the memory.
    Csv { encoding: crate::source::Encoding, separator: u8, joins: Vec<Join> },
    /// In memory: workbooks and GeoJSON cannot be read in part.
    Stored(Vec<Row>),
}

/// The agency of a bus timetable, which stands for the publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Agency {
    /// Its code, if it is a local government.
    pub(crate) code: Option<LocalGovernmentCode>,
    /// Its name.
    pub(crate) name: String,
    /// What stands in ids for a code, if it is none: its corporate number, or its own id.
    pub(crate) stand_in: String,
}

impl Table {
    fn new(input: Input, body: Body) -> Self {
        Self { input, body, sheet: None, geometry: None, cut_names: false, notable: Issues::NONE, agency: None }
    }

    /// A table in memory.
    pub(crate) fn stored(input: Input, rows: Vec<Row>, geometry: Option<usize>) -> Self {
        Self { geometry, ..Self::new(input, Body::Stored(rows)) }
    }

    /// The tables of a file: one, or one for each sheet of a workbook that has cells.
    ///
    /// # Errors
    /// The file is damaged, protected or too large.
    pub(crate) fn all(source: &Source) -> Result<Vec<Self>, ImportError> {
        let input = source.input.clone();
        Ok(match source.kind {
            Kind::Csv(encoding) => {
                let separator = csv::separator(&source.input, encoding)?;
                vec![Self::new(input, Body::Csv { encoding, separator, joins: Vec::new() })]
            }
            Kind::GeoJson(encoding) => {
                let (rows, geometry) = geojson::read(&source.input, encoding)?;
                vec![Self::stored(input, rows, Some(geometry))]
            }
            Kind::Shapefile => vec![geo::shapefile(&source.input)?],
            Kind::GeoPackage => geo::geopackage(&source.input)?,
            kind => sheet::read(&source.input, kind)?
                .into_iter()
                .map(|(name, rows)| Self { sheet: Some(name), ..Self::stored(input.clone(), rows, None) })
                .collect(),
        })
    }

    /// Adds columns from other tables. Only text with separators can be joined.
    pub(crate) fn join(&mut self, join: Join) {
        if let Body::Csv { joins, .. } = &mut self.body {
            joins.push(join);
        }
    }

    /// The rows from the first one on.
    ///
    /// # Errors
    /// The file cannot be opened again.
    pub(crate) fn rows(&self) -> Result<Rows<'_>, ImportError> {
        Ok(match &self.body {
            Body::Csv { encoding, separator, joins } => {
                let rows = csv::CsvRows::new(&self.input, encoding.reader(self.input.open()?), *separator);
                Rows::Csv { rows: Box::new(rows), joins, width: None }
            }
            Body::Stored(rows) => Rows::Stored(rows.iter()),
        })
    }
}

/// Reads rows one after the other into a buffer that the caller keeps.
pub(crate) enum Rows<'t> {
    Csv {
        rows: Box<csv::CsvRows>,
        joins: &'t [Join],
        /// How many columns the header has, once it was read.
        width: Option<usize>,
    },
    Stored(std::slice::Iter<'t, Row>),
}

impl Rows<'_> {
    /// Reads the next row. `false` at the end.
    ///
    /// # Errors
    /// The file cannot be read, or the row breaks a limit.
    pub(crate) fn next(&mut self, row: &mut Row) -> Result<bool, ImportError> {
        match self {
            Self::Csv { rows, joins, width } => {
                let read = rows.next(row)?;
                if read && !joins.is_empty() && row.filled().next().is_some() {
                    let is_header = width.is_none();
                    let width = *width.get_or_insert(row.len());
                    joins.iter().for_each(|join| join.extend(row, width, is_header));
                }
                Ok(read)
            }
            Self::Stored(rows) => Ok(rows.next().is_some_and(|stored| {
                row.copy(stored);
                true
            })),
        }
    }
}
