//! `hiroba import`.

mod failure;
mod mapping;
mod pages;
mod remote;
mod sink;
mod targets;
mod told;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hiroba_importers::report::Language;
use hiroba_importers::{ImportError, Mapping, Options};
use hiroba_serving::secret;
use hiroba_vocab::Tenant;
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::StatusCode;

use super::serve::{DatabaseArgs, EgressArgs};
use super::{Outcome, output};
use crate::egress::{DownloadError, Egress, Fetched};
use crate::service::datasets::{Gone, ImportedFile, Progress, day, municipality};
use crate::service::now;
use crate::service::sources::{self, Publication, Reread, Source, SourceError};

pub(super) use failure::{FileError, source_outcome};
pub(super) use remote::Remote;
pub(super) use sink::{Sink, SinkError};
pub(super) use told::{file_text, not_modified_text};

use failure::{TargetFailure, shown_on};
use pages::Pages;
use targets::{Target, Targets};
use told::Total;

/// Publish municipal files: CSV in any usual encoding, Excel workbooks, GeoJSON, Shapefiles, GeoPackages, bus timetables
/// (GTFS), ZIP archives of them.
///
/// A folder stands for every table below it. A URL is fetched, and read only if the file has changed since the last time.
/// The data set is recognised by its columns; a table that is none becomes one of its own. Importing a file again writes
/// only what differs. Every row is accounted for
/// in the report: published, merged with another, set aside because it is no entity, or refused with the reason.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// Files, folders, and addresses of files (http://…, https://…).
    #[arg(required = true, value_name = "FILE|FOLDER|URL")]
    files: Vec<PathBuf>,
    /// Only report what would be published.
    #[arg(long)]
    dry_run: bool,
    /// Send the entities to this broker, http://HOST:PORT, instead of writing into a database.
    #[arg(long, value_name = "URL", value_parser = broker)]
    to: Option<url::Url>,
    /// A file with the token that the broker asks for.
    #[arg(long, value_name = "FILE", env = "HIROBA_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    database: DatabaseArgs,
    /// The tenant to publish for.
    #[arg(long, value_name = "NAME", value_parser = tenant)]
    tenant: Option<Tenant>,
    /// Which data set it is, when it is not recognised: aed, evacuation_space, …
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// Read the columns as this mapping says. Beside the file, as FILE.hiroba.toml, it is found without being named.
    #[arg(long, value_name = "FILE", conflicts_with = "dataset")]
    mapping: Option<PathBuf>,
    /// A folder of mappings: the one that names exactly the columns of the file is used.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["dataset", "mapping"])]
    mappings: Option<PathBuf>,
    /// Write down how the columns were read, as a mapping to edit. Only with one file; nothing there is written over.
    #[arg(long, value_name = "FILE")]
    save_mapping: Option<PathBuf>,
    /// Which sheet of a workbook.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// The publisher's 全国地方公共団体コード, six digits, when the file does not tell.
    #[arg(long, value_name = "CODE", value_parser = municipality)]
    municipality: Option<LocalGovernmentCode>,
    /// The publisher's name, where it is no local government.
    #[arg(long, value_name = "NAME")]
    publisher: Option<String>,
    /// The licence: a URL, or a name such as "CC BY 4.0".
    #[arg(long, value_name = "LICENCE")]
    licence: Option<String>,
    /// The address where the file is published. Of a file that is fetched it is the URL, unless given.
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// The day on which the file was published, YYYY-MM-DD or 令和8年4月1日.
    #[arg(long, value_name = "DATE", value_parser = day)]
    issued: Option<String>,
    /// The day that the file describes, YYYY-MM-DD or 令和8年4月1日.
    #[arg(long, value_name = "DATE", value_parser = day)]
    modified: Option<String>,
    /// What becomes of entities of the data set that the file does not list any more.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t, conflicts_with = "to")]
    gone: GoneChoice,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t)]
    report: ReportForm,
    /// Read files at addresses even when they have not changed.
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    egress: EgressArgs,
    /// The language of the report, ja or en. Without, that of the environment (LC_ALL, LANG).
    #[arg(long, value_enum)]
    lang: Option<LanguageArg>,
    /// Write the report as a page for people too. With several files or tables: a page each, with its name added.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write what is published as a file in the standard's layout: .csv, .xlsx or .geojson. With several files or tables: a
    /// file each, with its name added.
    #[arg(long, value_name = "FILE", value_parser = pages::corrected_file)]
    corrected: Option<PathBuf>,
}

/// What becomes of entities that are gone from the source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum GoneChoice {
    /// They stay in the data set: the file is only a part of it.
    Keep,
    /// They stay, marked with absentSince, and leave the data set.
    #[default]
    Mark,
    /// They are removed; where rows were refused they are only marked.
    Remove,
}

impl ImportArgs {
    /// The options with which other commands find what was written; `None` where nothing is.
    fn place(&self) -> Option<String> {
        let tenant = self.tenant.as_ref().map(|tenant| format!(" --tenant {tenant}")).unwrap_or_default();
        (!self.dry_run).then(|| self.database.as_options() + &tenant)
    }
}

impl From<GoneChoice> for Gone {
    fn from(choice: GoneChoice) -> Self {
        match choice {
            GoneChoice::Keep => Self::Keep,
            GoneChoice::Mark => Self::Mark,
            GoneChoice::Remove => Self::Remove,
        }
    }
}

/// The form of the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ReportForm {
    /// For people.
    #[default]
    Text,
    /// A JSON object a line, one for each table.
    Json,
    /// A page for the person who keeps the list.
    Html,
}

/// The language of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LanguageArg {
    /// Japanese.
    Ja,
    /// English.
    En,
}

pub(super) fn broker(text: &str) -> Result<url::Url, String> {
    let mut url = url::Url::parse(text).map_err(|e| e.to_string())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("a broker's address is http://HOST:PORT or https://HOST".to_owned());
    }
    // What is joined to it goes below its path.
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

pub(super) fn tenant(text: &str) -> Result<Tenant, String> {
    Tenant::parse(text).map_err(|e| e.to_string())
}

pub(super) fn run(arguments: &ImportArgs) -> Outcome {
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::error(error);
            return Outcome::Failed;
        }
    };
    runtime.block_on(run_all(arguments))
}

async fn run_all(arguments: &ImportArgs) -> Outcome {
    let options = match options(arguments) {
        Ok(options) => options,
        Err(error) => {
            output::error(&error);
            return Outcome::Invalid;
        }
    };
    let targets = match Targets::find(&arguments.files) {
        Ok(targets) => targets,
        Err(error) => {
            output::error(error);
            return Outcome::Failed;
        }
    };
    if let Some(path) = &arguments.save_mapping {
        let [Target::File(file)] = targets.all.as_slice() else {
            output::error("--save-mapping writes the mapping of one file; give one file");
            return Outcome::Invalid;
        };
        if let Err(error) = mapping::save(file, options.clone(), path).await {
            output::error(&error);
            return error.outcome();
        }
    }
    let egress = match arguments.egress.gate() {
        Ok(egress) => egress,
        Err(error) => {
            output::error(error);
            return Outcome::Failed;
        }
    };
    let sink = match sink(arguments).await {
        Ok(sink) => sink,
        Err(error) => {
            output::error(&error);
            return error.outcome();
        }
    };
    let (mut outcome, mut total) = (Outcome::Done, Total::default());
    let mut pages = Pages::new(language(arguments), targets.all.len() > 1);
    for target in &targets.all {
        let options = Options { now: now(), ..options.clone() };
        let this = run_one(arguments, options, &sink, &egress, target, (&mut pages, &mut total)).await;
        outcome = outcome.worse(this);
        if this == Outcome::Unreachable {
            break;
        }
    }
    total.tell(arguments, &targets, pages.language);
    outcome
}

async fn run_one(
    arguments: &ImportArgs,
    options: Options,
    sink: &Sink,
    egress: &Egress,
    target: &Target,
    (pages, total): (&mut Pages, &mut Total),
) -> Outcome {
    let label = target.label();
    let bar = progress(&label);
    let published = publish(arguments, options, sink, egress, target, shown_on(&bar)).await;
    bar.finish_and_clear();
    match published {
        Ok(Publication::Imported(mut file)) => {
            total.add_imported(&label, &file);
            match told::imported(arguments, pages, &label, &mut file).await {
                Ok(()) => imported_outcome(&file),
                Err(error) => {
                    output::error(error);
                    imported_outcome(&file).worse(Outcome::Failed)
                }
            }
        }
        Ok(Publication::NotModified(versions)) => {
            told::not_modified(arguments, pages.language, &label, &versions);
            total.add_not_modified();
            Outcome::Done
        }
        Err(error) => {
            told::failed(arguments, pages.language, &label, &error);
            total.add_failed(label);
            error.outcome()
        }
    }
}

/// How the command ends because of a file that was imported.
pub(super) fn imported_outcome(file: &ImportedFile) -> Outcome {
    let refused = file.tables.iter().any(|table| table.report.rows.refused > 0);
    if refused { Outcome::Invalid } else { Outcome::Done }
}

/// Sends one file to where entities go. Only a database knows what was fetched before.
async fn publish(
    arguments: &ImportArgs,
    options: Options,
    sink: &Sink,
    egress: &Egress,
    target: &Target,
    progress: Progress,
) -> Result<Publication, TargetFailure> {
    let gone = Gone::from(arguments.gone);
    let url = match target {
        Target::Url(url) => url,
        Target::File(file) => {
            let imported = sink.import(file.clone().into(), options, gone, progress).await?;
            return Ok(Publication::Imported(imported));
        }
    };
    let address = |error| TargetFailure::Address { url: url.to_string(), error };
    let source = Source::new(url.clone(), options, gone).map_err(address)?;
    if let Sink::Store(store, tenant) = sink {
        let reread = if arguments.again { Reread::Always } else { Reread::IfAnythingChanged };
        return Ok(sources::publish(store, egress, *tenant, &source, reread, progress).await?);
    }
    fetch_into(sink, egress, &source, gone, progress).await
}

/// Fetches a file and sends it where nothing is known of what was fetched before.
pub(super) async fn fetch_into(
    sink: &Sink,
    egress: &Egress,
    source: &Source,
    gone: Gone,
    progress: Progress,
) -> Result<Publication, TargetFailure> {
    let download = |error| SourceError::Download { url: source.url().clone(), error };
    let file = match egress.download(source.url().as_str(), None).await.map_err(download)? {
        Fetched::File(file) => file,
        Fetched::NotModified => return Err(download(DownloadError::Status { status: StatusCode::NOT_MODIFIED }).into()),
    };
    let imported = sink.import(file.path.clone().into(), source.options(), gone, progress).await;
    let mut imported = imported.map_err(|failure| TargetFailure::Fetched { url: source.url().to_string(), failure })?;
    imported.fetched = Some(file);
    Ok(Publication::Imported(imported))
}

/// The language that was asked for, else the environment's.
fn language(arguments: &ImportArgs) -> Language {
    match arguments.lang {
        Some(LanguageArg::Ja) => Language::Japanese,
        Some(LanguageArg::En) => Language::English,
        None => {
            let named = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
            let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(named);
            Language::of_locale(&locale.unwrap_or_default())
        }
    }
}

/// A line that tells how far it is, on a terminal only.
fn progress(label: &str) -> ProgressBar {
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {bar:20} {pos}/{len} rows  {per_sec}  {eta}") {
        bar.set_style(style);
    }
    bar.set_message(label.to_owned());
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}

fn options(arguments: &ImportArgs) -> Result<Options, ImportError> {
    Ok(Options {
        dataset: arguments.dataset.clone(),
        mapping: arguments.mapping.as_deref().map(Mapping::read).transpose()?,
        mappings: arguments.mappings.clone(),
        sheet: arguments.sheet.clone(),
        municipality: arguments.municipality,
        publisher: arguments.publisher.clone(),
        licence: arguments.licence.clone(),
        source: arguments.source.clone(),
        issued: arguments.issued.clone(),
        modified: arguments.modified.clone(),
        ..Options::new(now())
    })
}

async fn sink(arguments: &ImportArgs) -> Result<Sink, SinkError> {
    if arguments.dry_run {
        return Ok(Sink::Nothing);
    }
    let tenant = arguments.tenant.clone().unwrap_or_else(Tenant::default_tenant);
    if let Some(url) = &arguments.to {
        let token = arguments.token_file.as_deref().map(secret::read).transpose().map_err(SinkError::Secret)?;
        return Sink::remote(url.clone(), token, tenant);
    }
    Sink::store(&arguments.database.address(), &tenant).await
}
