//! In which form a file of the standard is wished: the parameters `layout` and `encoding`, and the end of its name.

use hiroba_importers::export::Format;
use hiroba_vocab::Dataset;
use hiroba_vocab::dataset::Edition;
use ngsild::{Error, ErrorKind};

use super::super::problem::{HttpError, Result};

/// How many rows a workbook holds here: it is made as a whole before it is sent. CSV has no such limit.
const WORKBOOK_ROWS: u64 = 100_000;

/// A layout of the standard, and the kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileForm {
    /// The edition whose layout it is.
    pub edition: Edition,
    /// The kind of file.
    pub format: Format,
}

impl FileForm {
    /// What is asked for. `ending` is `csv`, `xlsx` or `geojson`. `None` where no layout is; workbooks always have one.
    ///
    /// # Errors
    /// BadRequestData for words that are none, and for an encoding of what is no CSV in a layout.
    pub fn of(ending: &str, layout: Option<&str>, encoding: Option<&str>) -> Result<Option<Self>> {
        match layout {
            None if ending != "xlsx" && encoding.is_none() => Ok(None),
            None if ending != "xlsx" => {
                Err(refuse("encoding", "the encoding is for files with layout=current or layout=old"))
            }
            layout => Self::in_layout(ending, layout.unwrap_or("current"), encoding).map(Some),
        }
    }

    /// The same where a layout is asked for.
    ///
    /// # Errors
    /// BadRequestData for words that are none, and for an encoding of what is no CSV.
    pub fn in_layout(ending: &str, layout: &str, encoding: Option<&str>) -> Result<Self> {
        let edition = match layout {
            "current" => Edition::Current,
            "old" => Edition::Old,
            other => return Err(refuse("layout", format!("'{other}' is not one of current, old"))),
        };
        let format = match (ending, encoding) {
            ("csv", None | Some("utf-8")) => Format::Csv,
            ("csv", Some("cp932")) => Format::CsvCp932,
            ("csv", Some(other)) => return Err(refuse("encoding", format!("'{other}' is not one of utf-8, cp932"))),
            (_, Some(_)) => return Err(refuse("encoding", "only CSV has a choice of encodings")),
            ("xlsx", None) => Format::Xlsx,
            ("geojson", None) => Format::GeoJson,
            _ => return Err(refuse("layout", "a file in a layout ends in .csv, .xlsx or .geojson")),
        };
        Ok(Self { edition, format })
    }

    /// Whether a data set has the layout.
    ///
    /// # Errors
    /// BadRequestData when it has none of this edition.
    pub fn check(self, dataset: &Dataset) -> Result<()> {
        if dataset.layout(self.edition).fields.is_empty() {
            return Err(refuse("layout", format!("{} has no {} layout", dataset.slug, self.edition.word())));
        }
        Ok(())
    }

    /// Whether so many rows fit.
    ///
    /// # Errors
    /// TooManyResults for more than a workbook holds here.
    pub fn holds(self, rows: u64) -> Result<()> {
        if self.format == Format::Xlsx && rows > WORKBOOK_ROWS {
            let limit = format!("a workbook holds at most {WORKBOOK_ROWS} rows here. Take CSV instead");
            return Err(Error::new(ErrorKind::TooManyResults, limit).into());
        }
        Ok(())
    }
}

fn refuse(parameter: &str, why: impl Into<String>) -> HttpError {
    Error::bad_request(why).at(parameter).into()
}
