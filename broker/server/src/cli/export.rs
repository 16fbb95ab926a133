//! `hiroba export`: a data set as a file in the standard's own layout.

use std::collections::HashSet;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufWriter, Write, stdout};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use hiroba_importers::export::{ExportError, Format, Sheet, Summary, Survey, Writer, is_absent};
use hiroba_importers::report::Language;
use hiroba_serving::secret;
use hiroba_store::{Options, Store, StoreError, TenantId};
use hiroba_vocab::dataset::Edition;
use hiroba_vocab::{Dataset, Datasets, Iri, Tenant, Terms};
use ngsild::Entity;
use ngsild::query::{EntitySelector, Query, TypeAlternatives};

use super::import::{Remote, SinkError};
use super::serve::{DatabaseArgs, NoDatabase};
use super::{Outcome, output};
use crate::service::now;
use crate::service::walk::Walk;

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
    /// Read the entities from this broker, http://HOST:PORT, instead of a database. Any broker of NGSI-LD will do.
    #[arg(long, value_name = "URL", value_parser = super::import::broker)]
    from: Option<url::Url>,
    /// A file with the token that the broker asks for.
    #[arg(long, value_name = "FILE", env = "HIROBA_TOKEN_FILE")]
    token_file: Option<PathBuf>,
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
    #[error("there are no entities of {0} that are in their source; import a file first")]
    Empty(String),
    #[error("{0}: {1}")]
    File(String, std::io::Error),
    #[error(transparent)]
    NoDatabase(#[from] NoDatabase),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Broker(#[from] SinkError),
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
            tell(&summary, Language::English);
            Outcome::Done
        }
        Err(error) => {
            output::error(&error);
            match error {
                FileError::Store(StoreError::Unavailable(_)) => Outcome::Unreachable,
                FileError::Broker(error) => error.outcome(),
                _ => Outcome::Failed,
            }
        }
    }
}

/// What the form could not hold, for the person at the terminal.
pub(super) fn tell(summary: &Summary, language: Language) {
    let japanese = language == Language::Japanese;
    let say = |english: String, ja: String| output::note(if japanese { ja } else { english });
    say(format!("{} rows", summary.rows), format!("{}行", summary.rows));
    for (attribute, times) in &summary.left_out {
        say(
            format!("left out, {times} times: {attribute} (the layout has no column for it)"),
            format!("省いた項目（{times}回）：{attribute}（標準の様式に列がありません）"),
        );
    }
    for (character, times) in &summary.replaced {
        say(
            format!("replaced by 〓, {times} times: {character} (CP932 does not have it)"),
            format!("〓に置き換えた文字（{times}回）：{character}（CP932にありません）"),
        );
    }
    if summary.absent > 0 {
        say(
            format!("left out: {} entities that their source no longer lists (absentSince)", summary.absent),
            format!("省いたもの：元の一覧になくなったもの（absentSince）{}件", summary.absent),
        );
    }
    if summary.shortened > 0 {
        say(
            format!("shortened: {} texts longer than a cell of a workbook", summary.shortened),
            format!("ブックのセルに収まらないため切り詰めた文字列：{}件", summary.shortened),
        );
    }
}

async fn execute(arguments: &ExportArgs) -> Result<Summary, FileError> {
    let known = Datasets::published();
    let dataset = known.get(&arguments.dataset).ok_or_else(|| {
        let names: Vec<&str> = known.supported().iter().map(|dataset| dataset.slug.as_str()).collect();
        FileError::Unknown(arguments.dataset.clone(), names.join(", "))
    })?;
    let source = Source::of(arguments, dataset).await?;
    let mut survey = Survey::new(dataset, arguments.layout.into());
    let (mut entities, mut rows) = (source.entities(), 0_u64);
    while let Some(some) = entities.next().await? {
        rows += some.iter().filter(|entity| !is_absent(entity)).count() as u64;
        some.iter().for_each(|entity| survey.see(entity));
    }
    if rows == 0 {
        return Err(FileError::Empty(dataset.slug.clone()));
    }
    let sheet = Arc::new(survey.sheet());
    let format = arguments.format.into();
    match &arguments.output {
        Some(path) => {
            let named = |error| FileError::File(path.display().to_string(), error);
            write(source.entities(), sheet, format, BufWriter::new(File::create(path).map_err(named)?)).await
        }
        None => write(source.entities(), sheet, format, BufWriter::new(stdout())).await,
    }
}

async fn write<W: Write>(
    mut entities: Entities<'_>,
    sheet: Arc<Sheet>,
    format: Format,
    out: W,
) -> Result<Summary, FileError> {
    let mut writer = Writer::new(sheet, format, out)?;
    while let Some(some) = entities.next().await? {
        for entity in &some {
            writer.push(entity)?;
        }
    }
    let (mut out, summary) = writer.finish()?;
    out.flush()?;
    Ok(summary)
}

/// Where the entities of a data set are.
struct Source {
    place: Place,
    entity_type: Iri,
}

enum Place {
    Database(Store, TenantId),
    Broker(Box<Remote>),
}

impl Source {
    async fn of(arguments: &ExportArgs, dataset: &Dataset) -> Result<Self, FileError> {
        let tenant = arguments.tenant.clone().unwrap_or_else(Tenant::default_tenant);
        let place = if let Some(url) = &arguments.from {
            let token = arguments.token_file.as_deref().map(secret::read).transpose().map_err(SinkError::Secret)?;
            Place::Broker(Box::new(Remote::new(url.clone(), token, tenant)?))
        } else {
            let store = Store::open(Options::new(arguments.database.existing_address()?)).await?;
            let tenant = store.tenant(&tenant).await?.ok_or(FileError::NoTenant(tenant))?;
            Place::Database(store, tenant)
        };
        Ok(Self { place, entity_type: Terms::published().iri(&dataset.entity_type) })
    }

    /// All entities from the first on. A file is written of two readings.
    fn entities(&self) -> Entities<'_> {
        match &self.place {
            Place::Database(store, tenant) => {
                let types = Some(TypeAlternatives::single(self.entity_type.clone()));
                let selectors = vec![EntitySelector { types, ..EntitySelector::default() }];
                let query = Query { selectors, ..Query::default() };
                Entities::Database(Walk::new(store.clone(), *tenant, query, usize::MAX))
            }
            Place::Broker(remote) => {
                Entities::Broker { remote, entity_type: &self.entity_type, offset: 0, seen: HashSet::new() }
            }
        }
    }
}

/// Entities, piece by piece: they may be more than the memory holds.
enum Entities<'s> {
    Database(Walk),
    Broker { remote: &'s Remote, entity_type: &'s Iri, offset: usize, seen: HashSet<u64> },
}

impl Entities<'_> {
    async fn next(&mut self) -> Result<Option<Vec<Arc<Entity>>>, FileError> {
        match self {
            Self::Database(walk) => {
                let entities = walk.next(CHUNK).await?;
                Ok(entities.map(|entities| entities.into_iter().map(|stored| stored.entity).collect()))
            }
            Self::Broker { remote, entity_type, offset, seen } => {
                let mut page = remote.page(entity_type, *offset, CHUNK, now()).await?;
                // A broker may give fewer than it was asked for: the end is where there is nothing more.
                if page.is_empty() {
                    return Ok(None);
                }
                *offset += page.len();
                // Where something was removed or added meanwhile, pages overlap.
                page.retain(|entity| seen.insert(hash(entity)));
                Ok(Some(page.into_iter().map(Arc::new).collect()))
            }
        }
    }
}

/// The id in 8 bytes: ids of a whole data set would fill the memory.
fn hash(entity: &Entity) -> u64 {
    let mut hasher = DefaultHasher::new();
    entity.id.as_str().hash(&mut hasher);
    hasher.finish()
}
