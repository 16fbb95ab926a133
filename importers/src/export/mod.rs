//! Entities of a data set as a file in the standard's own layout: the way back.
//!
//! Importing an export changes nothing: the entities get the same ids and the same values. What the importer keeps
//! beside a value that it changed (`sourceValue`, `dataIssues`) is not written, because the file has the value as it was
//! read and nothing is left to be said of it. Only a condition that the standard's form cannot hold, 有（要予約）, is written
//! in its own words.
//!
//! Which columns there are in which order is said by the data set's [`Layout`](hiroba_vocab::dataset::Layout) of an edition.
//! The old one has one column for the whole address and none for its codes: these are not written.
//!
//! The columns of the layout come first, then the columns that a city has besides, under the header that they had. Which
//! these are is known only when all entities were seen: a [`Survey`] looks at them once, a [`Writer`] writes them.

mod address;
mod compound;
mod csv;
mod geojson;
mod hours;
mod layouter;
mod own;
mod record;
mod sheet;
mod substitute;
mod value;
mod xlsx;

use std::io::Write;
use std::sync::Arc;

use hiroba_vocab::Terms;
use indexmap::IndexMap;
use ngsild::Entity;
use serde::Serialize;

pub(crate) use layouter::{Key, Layouter};
pub use sheet::{Sheet, Survey};
pub use substitute::SUBSTITUTE;

/// The form of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CSV in UTF-8 with a byte order mark, by which spreadsheets know the encoding. RFC 4180, lines end with CRLF.
    Csv,
    /// The same in CP932, for programs that read nothing else. What it cannot hold is written as [`SUBSTITUTE`] and counted.
    CsvCp932,
    /// An Excel workbook with one sheet.
    Xlsx,
    /// A GeoJSON FeatureCollection, the headers as names of properties.
    GeoJson,
}

impl Format {
    /// The end of the file's name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv | Self::CsvCp932 => "csv",
            Self::Xlsx => "xlsx",
            Self::GeoJson => "geojson",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::CsvCp932 => "text/csv; charset=Shift_JIS; header=present",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::GeoJson => "application/geo+json",
        }
    }
}

/// What was written, and what the form could not hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Rows below the header.
    pub rows: u64,
    /// Attributes for which a row has no place, by their IRI, and how often.
    pub left_out: IndexMap<String, u64>,
    /// Characters that CP932 does not have, each with how often it was replaced.
    pub replaced: IndexMap<char, u64>,
    /// Entities that their source no longer lists, and that are no rows: they are marked with `absentSince`.
    pub absent: u64,
    /// Texts that were cut because a cell of a workbook holds 32,767 characters.
    pub shortened: u64,
}

/// Why a file could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file or connection refuses.
    #[error("the file cannot be written: {0}")]
    Io(#[from] std::io::Error),
    /// The workbook cannot be made.
    #[error("the workbook cannot be made: {0}")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// A sheet ends.
    #[error("a sheet of a workbook ends at {0} rows. Export CSV instead.")]
    Rows(u32),
}

/// Whether the source of an entity no longer lists it: it is marked with `absentSince`. A list that is current has no row
/// for it.
pub fn is_absent(entity: &Entity) -> bool {
    entity.attributes.contains_key(&Terms::published().iri("absentSince"))
}

/// Writes entities in the order in which they come.
pub struct Writer<W: Write> {
    sheet: Arc<Sheet>,
    form: Form<W>,
    summary: Summary,
}

enum Form<W: Write> {
    Csv(Box<csv::Csv<W>>),
    Xlsx(Box<xlsx::Xlsx<W>>),
    GeoJson(geojson::GeoJson<W>),
}

impl<W: Write> Writer<W> {
    /// Begins the file.
    ///
    /// # Errors
    /// [`ExportError`] when it cannot be written.
    pub fn new(sheet: Arc<Sheet>, format: Format, out: W) -> Result<Self, ExportError> {
        let mut summary = Summary::default();
        let form = match format {
            Format::Csv => Form::Csv(Box::new(csv::Csv::new(&sheet, out, false, &mut summary)?)),
            Format::CsvCp932 => Form::Csv(Box::new(csv::Csv::new(&sheet, out, true, &mut summary)?)),
            Format::Xlsx => Form::Xlsx(Box::new(xlsx::Xlsx::new(&sheet, out)?)),
            Format::GeoJson => Form::GeoJson(geojson::GeoJson::new(out)?),
        };
        Ok(Self { sheet, form, summary })
    }

    /// Writes one entity, unless its source no longer lists it ([`is_absent`]).
    ///
    /// # Errors
    /// [`ExportError`] when it cannot be written, or a sheet of a workbook is full.
    pub fn push(&mut self, entity: &Entity) -> Result<(), ExportError> {
        if is_absent(entity) {
            self.summary.absent += 1;
            return Ok(());
        }
        let geometry = matches!(self.form, Form::GeoJson(_));
        for row in self.sheet.rows(entity, geometry) {
            for name in row.left_out {
                *self.summary.left_out.entry(name).or_insert(0) += 1;
            }
            match &mut self.form {
                Form::Csv(form) => form.push(&row.cells, &mut self.summary)?,
                Form::Xlsx(form) => form.push(&self.sheet, &row.cells, &mut self.summary)?,
                Form::GeoJson(form) => form.push(&self.sheet, &row.cells, row.geometry)?,
            }
            self.summary.rows += 1;
        }
        Ok(())
    }

    /// Hands on what has been written so far, for a file that is sent while it is made. Workbooks are whole only at the end.
    pub fn out(&mut self) -> Option<&mut W> {
        match &mut self.form {
            Form::Csv(form) => Some(form.out()),
            Form::GeoJson(form) => Some(form.out()),
            Form::Xlsx(_) => None,
        }
    }

    /// Ends the file, and gives back where it was written.
    ///
    /// # Errors
    /// [`ExportError`] when it cannot be written.
    pub fn finish(self) -> Result<(W, Summary), ExportError> {
        let out = match self.form {
            Form::Csv(form) => form.finish()?,
            Form::Xlsx(form) => form.finish(&self.sheet)?,
            Form::GeoJson(form) => form.finish()?,
        };
        Ok((out, self.summary))
    }
}
