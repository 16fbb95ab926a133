//! `hiroba export`: a data set from the database as a file in the standard's own layout.

use std::fs::File;
use std::io::{BufWriter, Write, stdout};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use hiroba_importers::export::{ExportError, Format, Sheet, Summary, Survey, Writer};
use hiroba_store::{Options, Page, Store, StoreError, TenantId};
use hiroba_vocab::dataset::Edition;
use hiroba_vocab::{Dataset, Datasets, Tenant, Terms};
use ngsild::query::{EntitySelector, Query, TypeAlternatives};
use ngsild::{DateTime, Entity};

use super::serve::DatabaseArgs;
use super::{Outcome, output};
use crate::service::entities::without_expired;
use crate::service::now;

/// How many entities are read at a time.
const CHUNK: usize = 1_000;

/// Write a data set as a file in the standard's own layout: the official columns in their order, then the city's own.
///
/// Importing the file again changes nothing.
#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The short name of the data set: aed, evacuation_space, …
    #[arg(value_name = "DATASET")]
    dataset: String,
    /// The form of the file.
    #[arg(long, value_enum, default_value_t)]
    format: FormatArg,
    /// The standard of today (自治体標準オープンデータセット) or the old one (推奨データセット).
    #[arg(long, value_enum, default_value_t)]
    layout: LayoutArg,
    /// Where to write; without, to standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Whose entities.
    #[arg(long, value_name = "NAME", value_parser = super::import::tenant)]
    tenant: Option<Tenant>,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatArg {
    /// CSV in UTF-8 with a byte order mark.
    #[default]
    Csv,
    /// CSV in CP932 (Shift_JIS); what it lacks is replaced by 〓.
    CsvCp932,
    /// An Excel workbook.
    Xlsx,
    /// A GeoJSON FeatureCollection.
    Geojson,
}

/// One of the standard's layouts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LayoutArg {
    /// 自治体標準オープンデータセット
    #[default]
    Current,
    /// 推奨データセット
    Old,
}

impl From<FormatArg> for Format {
    fn from(argument: FormatArg) -> Self {
        match argument {
            FormatArg::Csv => Self::Csv,
            FormatArg::CsvCp932 => Self::CsvCp932,
            FormatArg::Xlsx => Self::Xlsx,
            FormatArg::Geojson => Self::GeoJson,
        }
    }
}

impl From<LayoutArg> for Edition {
    fn from(argument: LayoutArg) -> Self {
        match argument {
            LayoutArg::Current => Self::Current,
            LayoutArg::Old => Self::Old,
        }
    }
}

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error("there is no data set '{0}'. There is: {1}.")]
    Unknown(String, String),
    #[error("there is no tenant '{0}'")]
    NoTenant(Tenant),
    #[error("there are no entities of {0}; import a file first")]
    Empty(String),
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

pub(super) fn run(arguments: &ExportArgs) -> Outcome {
    let ended = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(FileError::from)
        .and_then(|runtime| runtime.block_on(execute(arguments)));
    match ended {
        Ok(summary) => {
            tell(&summary);
            Outcome::Done
        }
        Err(error) => {
            output::error(&error);
            if matches!(error, FileError::Store(StoreError::Unavailable(_))) {
                Outcome::Unreachable
            } else {
                Outcome::Failed
            }
        }
    }
}

/// What the form could not hold, for the person at the terminal.
pub(super) fn tell(summary: &Summary) {
    output::note(format_args!("{} rows", summary.rows));
    for (attribute, times) in &summary.left_out {
        output::note(format_args!("left out, {times} times: {attribute} (the layout has no column for it)"));
    }
    for (character, times) in &summary.replaced {
        output::note(format_args!("replaced by 〓, {times} times: {character} (CP932 does not have it)"));
    }
    if summary.shortened > 0 {
        output::note(format_args!("shortened: {} texts longer than a cell of a workbook", summary.shortened));
    }
}

async fn execute(arguments: &ExportArgs) -> Result<Summary, FileError> {
    let known = Datasets::published();
    let dataset = known.get(&arguments.dataset).ok_or_else(|| {
        let names: Vec<&str> = known.supported().iter().map(|dataset| dataset.slug.as_str()).collect();
        FileError::Unknown(arguments.dataset.clone(), names.join(", "))
    })?;
    let store = Store::open(Options::new(arguments.database.address())).await?;
    let tenant = arguments.tenant.clone().unwrap_or_else(Tenant::default_tenant);
    let tenant = store.tenant(&tenant).await?.ok_or(FileError::NoTenant(tenant))?;
    let source = Source { store, tenant, dataset, now: now() };
    let mut survey = Survey::new(dataset, arguments.layout.into());
    let mut rows = 0_u64;
    source
        .each(|entity| {
            rows += 1;
            survey.see(entity);
            Ok(())
        })
        .await?;
    if rows == 0 {
        return Err(FileError::Empty(dataset.slug.clone()));
    }
    let sheet = survey.sheet();
    let format = arguments.format.into();
    match &arguments.output {
        Some(path) => {
            let named = |error| FileError::File(path.display().to_string(), error);
            source.write(&sheet, format, BufWriter::new(File::create(path).map_err(named)?)).await
        }
        None => source.write(&sheet, format, BufWriter::new(stdout())).await,
    }
}

/// The entities of a data set in a database.
struct Source<'d> {
    store: Store,
    tenant: TenantId,
    dataset: &'d Arc<Dataset>,
    now: DateTime,
}

impl Source<'_> {
    /// Reads all entities, piece by piece: they may be more than the memory holds.
    async fn each(&self, mut see: impl FnMut(&Entity) -> Result<(), FileError>) -> Result<(), FileError> {
        let types = Some(TypeAlternatives::single(Terms::published().iri(&self.dataset.entity_type)));
        let query =
            Query { selectors: vec![EntitySelector { types, ..EntitySelector::default() }], ..Query::default() };
        let mut page = Page { limit: CHUNK, ..Page::default() };
        loop {
            let answer = self.store.query(self.tenant, &query, page, self.now).await?;
            for stored in answer.entities {
                see(&without_expired(stored, self.now).entity)?;
            }
            if !answer.more {
                return Ok(());
            }
            page.after = answer.last;
        }
    }

    async fn write<W: Write>(&self, sheet: &Sheet, format: Format, out: W) -> Result<Summary, FileError> {
        let mut writer = Writer::new(sheet, format, out)?;
        self.each(|entity| Ok(writer.push(entity)?)).await?;
        let (mut out, summary) = writer.finish()?;
        out.flush()?;
        Ok(summary)
    }
}
