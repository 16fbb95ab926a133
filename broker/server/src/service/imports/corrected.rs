//! A table of a file that was sent, as the file that it should have been.

use std::fs::File;
use std::io::{BufWriter, Seek};
use std::path::Path;
use std::sync::Arc;

use hiroba_importers::export::{ExportError, Format};
use hiroba_importers::{CorrectedError, Input, Options, Report};
use hiroba_store::StoreError;
use hiroba_vocab::dataset::Edition;
use hiroba_vocab::{Dataset, Datasets};
use ngsild::{Error, ErrorKind};
use tokio::sync::OwnedSemaphorePermit;

use super::import::Shown;
use super::refusal::NoTable;
use super::{Imports, Outcome};
use crate::service::datasets::Failure;
use crate::service::{Result, ServiceError, now};

/// How many corrected files are made or being sent at once.
pub(super) const AT_ONCE: usize = 4;

/// A file that was made of a table, in a temporary file that has no name any more.
#[derive(Debug)]
pub struct CorrectedFile {
    /// At its beginning.
    pub file: File,
    /// How many bytes it has.
    pub bytes: u64,
    /// What it is to be called.
    pub name: String,
    /// The place of one who makes or sends such a file, until it is dropped.
    pub place: OwnedSemaphorePermit,
}

/// A table of which a corrected file can be made.
#[derive(Debug)]
pub struct Correctable {
    shown: Shown,
    table: usize,
    dataset: Arc<Dataset>,
    stem: String,
    rows: u64,
}

/// The data set of the standard that a table is, if the standard has a layout for it.
pub fn standard(report: &Report) -> Option<&'static Arc<Dataset>> {
    let dataset = Datasets::published().get(&report.dataset).filter(|_| !report.is_own)?;
    Some(dataset).filter(|dataset| !dataset.layout(Edition::Current).fields.is_empty())
}

/// The path where everything of a data set is downloaded in the layout of the standard, but for the ending.
pub fn download(dataset: &Dataset) -> String {
    format!("/data/{}", dataset.slug)
}

impl Outcome {
    /// The reports of the tables that were read, in the order of the file.
    pub fn reports(&self) -> Vec<&Report> {
        match self {
            Self::Preview(file) => file.tables.iter().map(|table| &table.report).collect(),
            Self::Published(file) => file.tables.iter().map(|table| &table.report).collect(),
            Self::Undone(_) | Self::Failed(_) => Vec::new(),
        }
    }

    /// The report of a table, by its place from 1.
    ///
    /// # Errors
    /// NoTable when there is none.
    pub fn report(&self, table: usize) -> Result<&Report> {
        let found = table.checked_sub(1).and_then(|at| self.reports().get(at).copied());
        found.ok_or_else(|| NoTable::Place(table).into())
    }
}

impl Correctable {
    /// Finds the table, by its place from 1, as the preview shows it.
    ///
    /// # Errors
    /// NoTable when there is none, when it is no data set of the standard, or when the file is no longer here.
    pub(super) fn of(shown: Shown, table: usize) -> Result<Self> {
        let report = shown.outcome.report(table)?;
        let dataset = Arc::clone(standard(report).ok_or(NoTable::Layout)?);
        if shown.folder.is_none() {
            return Err(NoTable::Published(format!("{}.csv?layout=current", download(&dataset))).into());
        }
        let of_several = shown.outcome.reports().len() > 1;
        let member = Path::new(&report.file).file_stem().unwrap_or_default().to_string_lossy();
        let sheet = report.sheet.as_ref().filter(|_| of_several).map(|sheet| format!("-{sheet}")).unwrap_or_default();
        let (stem, rows) = (format!("{member}{sheet}"), report.rows.entities);
        Ok(Self { table, dataset, stem, rows, shown })
    }

    /// The data set that it is.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// How many entities it has.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes the file. Takes seconds where the table is large, and no thread that others need.
    ///
    /// # Errors
    /// Busy when too many are being made or sent; when the file cannot be read again, or the new one not be written.
    pub async fn write(
        self,
        imports: &Imports,
        edition: Edition,
        format: Format,
    ) -> Result<CorrectedFile, Failure<ServiceError>> {
        let Self { shown, table, stem, .. } = self;
        let sent = shown.file_name.clone();
        let fail = |error| Failure::Destination { file: sent.clone(), error, written: 0 };
        let busy = "as many corrected files as fit here are being made; try again later";
        let place = Arc::clone(&imports.correcting).try_acquire_owned();
        let place = place.map_err(|_| fail(ServiceError::Busy(busy.to_owned())))?;
        // The place goes along: whoever gives up waiting does not end the work.
        let work = tokio::task::spawn_blocking(move || (make(&shown, table, edition, format), place));
        let (made, place) = work.await.map_err(|error| fail(unwritten(&error)))?;
        let (file, bytes) = made?;
        let name = format!("{stem}-corrected.{}", format.extension());
        Ok(CorrectedFile { file, bytes, name, place })
    }
}

/// Reads the table once more and writes it as it should have been. Gives the file at its beginning, and its length.
fn make(shown: &Shown, table: usize, edition: Edition, format: Format) -> Result<(File, u64), Failure<ServiceError>> {
    let fail = |error| Failure::Destination { file: shown.file_name.clone(), error, written: 0 };
    // The folder stays as long as `shown` does, even if the file is published meanwhile.
    let folder = shown.folder.as_ref().ok_or_else(|| fail(NoTable::Place(table).into()))?;
    let input = Input::Path(folder.path().join(&shown.file_name));
    let opened = hiroba_importers::open(input, Options { now: now(), ..shown.options.clone() })?;
    let import = table.checked_sub(1).and_then(|at| opened.imports.into_iter().nth(at));
    let mut import = import.ok_or_else(|| fail(NoTable::Place(table).into()))?;
    let out = BufWriter::new(tempfile::tempfile().map_err(|error| fail(unwritten(&error)))?);
    let (out, _) = import.write_corrected(edition, format, out).map_err(|error| match error {
        CorrectedError::Import(error) => Failure::File(error),
        CorrectedError::Export(ExportError::Rows(_)) => {
            fail(Error::new(ErrorKind::TooManyResults, error.to_string()).into())
        }
        CorrectedError::Export(error) => fail(unwritten(&error)),
    })?;
    let mut file = out.into_inner().map_err(|error| fail(unwritten(&error)))?;
    let bytes = file.stream_position().and_then(|bytes| file.rewind().map(|()| bytes));
    let bytes = bytes.map_err(|error| fail(unwritten(&error)))?;
    Ok((file, bytes))
}

/// The disk is full, or the like: that is told in the log alone.
fn unwritten(error: &dyn std::fmt::Display) -> ServiceError {
    StoreError::Database(format!("a corrected file cannot be written: {error}")).into()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use hiroba_importers::Import;
    use hiroba_vocab::EntityId;
    use tempfile::TempDir;

    use super::*;
    use crate::service::datasets::{Previewed, PreviewedFile};
    use crate::service::publish::Published;

    const LIST: &str = "市区町村コード,NO,名称,住所,緯度,経度,設置位置\n\
        990019,1,ひろば市役所,広場県広場市中央1-1,35.501,139.501,1階\n";

    /// A file of one table that was previewed, and the folder that it is in.
    fn previewed() -> (Shown, Arc<TempDir>) {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let path = folder.path().join("aed.csv");
        std::fs::write(&path, LIST).unwrap();
        let options = Options::new(now());
        let mut import = Import::open(Input::Path(path), options.clone()).unwrap();
        assert_eq!(import.rows().unwrap().filter(Result::is_ok).count(), 1);
        let table = Previewed {
            takes_most_away: false,
            report: import.report(),
            dataset: EntityId::parse("urn:ngsi-ld:Dataset:990019:aed").unwrap(),
            entities: Published::default(),
            gone: 0,
            first: Vec::new(),
        };
        let outcome = Arc::new(Outcome::Preview(PreviewedFile { tables: vec![table], left_out: Vec::new() }));
        let file_name = "aed.csv".to_owned();
        (Shown { outcome, file_name, folder: Some(Arc::clone(&folder)), options }, folder)
    }

    async fn written(imports: &Imports, shown: Shown) -> Result<CorrectedFile, Failure<ServiceError>> {
        Correctable::of(shown, 1).unwrap().write(imports, Edition::Current, Format::Csv).await
    }

    #[actix_web::test]
    async fn no_more_than_a_few_files_are_made_or_sent_at_once() {
        let imports = Imports::new(1 << 20);
        let mut made = Vec::new();
        for _ in 0..AT_ONCE {
            made.push(written(&imports, previewed().0).await.unwrap());
        }
        let refused = written(&imports, previewed().0).await.map(drop);
        assert!(matches!(refused, Err(Failure::Destination { error: ServiceError::Busy(_), .. })), "{refused:?}");
        made.pop();
        assert!(written(&imports, previewed().0).await.is_ok(), "one that was sent makes room");
    }

    #[actix_web::test]
    async fn a_file_that_is_published_meanwhile_is_corrected_all_the_same() {
        let (shown, folder) = previewed();
        drop(folder);
        let mut made = written(&Imports::new(1 << 20), shown).await.unwrap();
        let mut text = String::new();
        made.file.read_to_string(&mut text).unwrap();
        assert!(text.contains("ひろば市役所") && text.len() as u64 == made.bytes, "{text}");
        assert_eq!(made.name, "aed-corrected.csv");
    }

    #[test]
    fn of_a_published_file_the_download_is_told() {
        let (shown, _folder) = previewed();
        let refused = Correctable::of(Shown { folder: None, ..shown }, 1).map(drop);
        assert!(
            matches!(&refused, Err(ServiceError::NoTable(NoTable::Published(path))) if path == "/data/aed.csv?layout=current"),
            "{refused:?}"
        );
    }
}
