//! `hiroba import`.

mod mapping;
mod read;
mod remote;
mod sink;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hiroba_importers::{ImportError, LeftOut, Mapping, Options, Report};
use hiroba_vocab::Tenant;
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use hiroba_vocab::normalise::date::{Moment, date};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::serve::DatabaseArgs;
use super::{Outcome, output, secret};
use crate::service::now;
use crate::service::publish::Published;

pub(super) use read::{FileError, import_file};
pub(super) use sink::{Sink, SinkError};

/// Publish municipal files: CSV in any usual encoding, Excel workbooks, GeoJSON, bus timetables (GTFS), ZIP archives of them.
///
/// The data set is recognised by its columns; a table that is none becomes one of its own. Importing a file again writes only what differs. Every row is accounted for
/// in the report: published, merged with another, set aside because it is no entity, or refused with the reason.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The files.
    #[arg(required = true, value_name = "FILE")]
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
    /// The address where the file is published.
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// The day on which the file was published, YYYY-MM-DD or 令和8年4月1日.
    #[arg(long, value_name = "DATE", value_parser = day)]
    issued: Option<String>,
    /// The day that the file describes, YYYY-MM-DD or 令和8年4月1日.
    #[arg(long, value_name = "DATE", value_parser = day)]
    modified: Option<String>,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t)]
    report: ReportForm,
}

/// The form of the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ReportForm {
    /// For people.
    #[default]
    Text,
    /// A JSON object a line, one for each table.
    Json,
}

fn broker(text: &str) -> Result<url::Url, String> {
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

fn tenant(text: &str) -> Result<Tenant, String> {
    Tenant::parse(text).map_err(|e| e.to_string())
}

fn day(text: &str) -> Result<String, String> {
    match date(text, None) {
        Reading::Value(day @ Moment::Day(_), _) => Ok(day.to_string()),
        _ => Err("expected a day: 2026-04-01, 2026/4/1 or 令和8年4月1日".to_owned()),
    }
}

fn municipality(text: &str) -> Result<LocalGovernmentCode, String> {
    LocalGovernmentCode::parse(text).ok_or_else(|| {
        "a 全国地方公共団体コード has six digits, of which the last one checks the others (131016)".to_owned()
    })
}

/// What a script reads of one table.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonReport<'r> {
    #[serde(flatten)]
    report: &'r Report,
    dry_run: bool,
    published: Published,
}

/// The sheets and members that were not imported.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonLeftOut<'l> {
    file: &'l str,
    left_out: &'l [LeftOut],
}

#[derive(Serialize)]
struct JsonError<'e> {
    file: &'e str,
    error: String,
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
    if let Some(path) = &arguments.save_mapping {
        let [file] = arguments.files.as_slice() else {
            output::error("--save-mapping writes the mapping of one file; give one file");
            return Outcome::Invalid;
        };
        if let Err(error) = mapping::save(file, options.clone(), path).await {
            output::error(&error);
            return error.outcome();
        }
    }
    let sink = match sink(arguments).await {
        Ok(sink) => sink,
        Err(error) => {
            output::error(&error);
            return error.outcome();
        }
    };
    let mut outcome = Outcome::Done;
    for file in &arguments.files {
        let this = run_one(arguments, &options, &sink, file).await;
        outcome = outcome.worse(this);
        if this == Outcome::Unreachable {
            break;
        }
    }
    outcome
}

async fn run_one(arguments: &ImportArgs, options: &Options, sink: &Sink, file: &std::path::Path) -> Outcome {
    let progress = progress(file);
    let options = Options { now: now(), ..options.clone() };
    let imported = import_file(file.to_owned().into(), options, sink, &progress).await;
    progress.finish_and_clear();
    match imported {
        Ok(imported) => {
            let mut outcome = Outcome::Done;
            for (report, published) in &imported.tables {
                show(arguments, report, *published);
                if report.rows.refused > 0 {
                    outcome = outcome.worse(Outcome::Invalid);
                }
            }
            show_left_out(arguments, file, &imported.left_out);
            outcome
        }
        Err(error) => {
            output::error(&error);
            if arguments.report == ReportForm::Json {
                let name = file.display().to_string();
                let json = JsonError { file: &name, error: error.to_string() };
                output::result(serde_json::to_string(&json).unwrap_or_default());
            }
            error.outcome()
        }
    }
}

fn show(arguments: &ImportArgs, report: &Report, published: Published) {
    match arguments.report {
        ReportForm::Text => {
            output::result(report.to_text().trim_end());
            output::result(summary(arguments.dry_run, &published));
        }
        ReportForm::Json => {
            let json = JsonReport { report, dry_run: arguments.dry_run, published };
            output::result(serde_json::to_string(&json).unwrap_or_default());
        }
    }
}

/// Says what of a file was not imported, if there is anything.
fn show_left_out(arguments: &ImportArgs, file: &std::path::Path, left_out: &[LeftOut]) {
    if left_out.is_empty() {
        return;
    }
    let name = file.display().to_string();
    match arguments.report {
        ReportForm::Text => {
            output::result(format!("{name}: not imported"));
            left_out.iter().for_each(|left| output::result(format!("  left out   {}: {}", left.name, left.reason)));
        }
        ReportForm::Json => {
            let json = JsonLeftOut { file: &name, left_out };
            output::result(serde_json::to_string(&json).unwrap_or_default());
        }
    }
}

fn summary(dry_run: bool, published: &Published) -> String {
    if dry_run {
        return "  published  nothing (--dry-run)".to_owned();
    }
    let Published { created, changed, unchanged } = published;
    format!(
        "  published  {created} created, {changed} changed, {unchanged} unchanged, the data set's own entity included"
    )
}

/// A line that tells how far it is, on a terminal only.
fn progress(file: &std::path::Path) -> ProgressBar {
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {bar:20} {pos}/{len} rows  {per_sec}  {eta}") {
        bar.set_style(style);
    }
    bar.set_message(file.display().to_string());
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
