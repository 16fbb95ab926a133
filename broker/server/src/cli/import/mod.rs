//! `hiroba import`.

mod failure;
mod remote;
mod sink;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hiroba_importers::{LeftOut, Options, Report};
use hiroba_vocab::Tenant;
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::serve::DatabaseArgs;
use super::{Outcome, output, secret};
use crate::service::datasets::{Entities, Gone, Imported, VersionSummary, Versioned, day, municipality};
use crate::service::now;
use crate::service::publish::Published;

pub(super) use failure::FileError;
use failure::shown_on;
use sink::{Sink, SinkError};

/// Publish municipal files: CSV in any usual encoding, Excel workbooks, GeoJSON, bus timetables (GTFS), ZIP archives of them.
///
/// The data set is recognised by its columns. Importing a file again writes only what differs. Every row is accounted for
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
    /// What becomes of entities of the data set that the file does not list any more.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t, conflicts_with = "to")]
    gone: GoneChoice,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t)]
    report: ReportForm,
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

/// What a script reads of one table.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonReport<'r> {
    #[serde(flatten)]
    report: &'r Report,
    dry_run: bool,
    published: Published,
    /// The version that the file has become; null when nothing differs, or where no versions are kept.
    version: Option<&'r VersionSummary>,
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
    let sink = match sink(arguments).await {
        Ok(sink) => sink,
        Err(error) => {
            output::error(&error);
            return error.outcome();
        }
    };
    let mut outcome = Outcome::Done;
    for file in &arguments.files {
        let this = run_one(arguments, &sink, file).await;
        outcome = outcome.worse(this);
        if this == Outcome::Unreachable {
            break;
        }
    }
    outcome
}

async fn run_one(arguments: &ImportArgs, sink: &Sink, file: &std::path::Path) -> Outcome {
    let progress = progress(file);
    let imported =
        sink.import(file.to_owned().into(), options(arguments), arguments.gone.into(), shown_on(&progress)).await;
    progress.finish_and_clear();
    match imported {
        Ok(imported) => {
            let mut outcome = Outcome::Done;
            for table in &imported.tables {
                show(arguments, table);
                if table.report.rows.refused > 0 {
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

fn show(arguments: &ImportArgs, table: &Imported) {
    let report = &table.report;
    match arguments.report {
        ReportForm::Text => {
            output::result(report.to_text().trim_end());
            for line in summary(arguments, table) {
                output::result(line);
            }
        }
        ReportForm::Json => {
            let version = match &table.version {
                Versioned::New(version) => Some(&**version),
                Versioned::Same(_) | Versioned::NotKept => None,
            };
            let json = JsonReport { report, dry_run: arguments.dry_run, published: table.published, version };
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

fn summary(arguments: &ImportArgs, imported: &Imported) -> Vec<String> {
    if arguments.dry_run {
        return vec!["  published  nothing (--dry-run)".to_owned()];
    }
    let Published { created, changed, unchanged } = imported.published;
    let mut lines = vec![format!(
        "  published  {created} created, {changed} changed, {unchanged} unchanged, the data set's own entity included"
    )];
    let Entities { removed, marked, kept, .. } = imported.entities;
    for (count, what) in [
        (removed, "removed"),
        (marked, "marked with absentSince (--gone says what becomes of them)"),
        (kept, "kept in the data set"),
    ] {
        if count > 0 {
            lines.push(format!("  gone       {count} no longer in the source: {what}"));
        }
    }
    lines.push(match &imported.version {
        Versioned::New(version) => {
            let VersionSummary { dataset, version, .. } = &**version;
            format!("  version    {version} of {dataset}; hiroba dataset undo {dataset} takes it back")
        }
        Versioned::Same(number) => format!("  version    no new one: everything is as in version {number}"),
        Versioned::NotKept => {
            "  version    none: over NGSI-LD (--to) no versions are kept, and what is gone from the source \
                               stays"
                .to_owned()
        }
    });
    lines
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

fn options(arguments: &ImportArgs) -> Options {
    Options {
        dataset: arguments.dataset.clone(),
        sheet: arguments.sheet.clone(),
        municipality: arguments.municipality,
        publisher: arguments.publisher.clone(),
        licence: arguments.licence.clone(),
        source: arguments.source.clone(),
        issued: arguments.issued.clone(),
        modified: arguments.modified.clone(),
        ..Options::new(now())
    }
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
