//! `hiroba import`.

mod pages;
mod read;
mod remote;
mod sink;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hiroba_importers::report::Language;
use hiroba_importers::{Options, Report};
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
pub(super) use remote::Remote;
pub(super) use sink::{Sink, SinkError};

/// Publish municipal files: CSV in any usual encoding, Excel workbooks, GeoJSON.
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
    /// The form of the report.
    #[arg(long, value_enum, default_value_t)]
    report: ReportForm,
    /// The language of the report, ja or en. Without, that of the environment (LC_ALL, LANG).
    #[arg(long, value_enum)]
    lang: Option<LanguageArg>,
    /// Write the report as a page for people too. With several files: a page each, with the file's name added.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write what is published as a file in the standard's layout: .csv, .xlsx or .geojson.
    #[arg(long, value_name = "FILE", value_parser = pages::corrected_file)]
    corrected: Option<PathBuf>,
}

/// The form of the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ReportForm {
    /// For people.
    #[default]
    Text,
    /// A JSON object a line, one for each file.
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

/// What a script reads of one file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonReport<'r> {
    #[serde(flatten)]
    report: &'r Report,
    dry_run: bool,
    published: Published,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonError<'e> {
    file: &'e str,
    error: String,
    error_ja: String,
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
    let imported = import_file(file.to_owned().into(), options(arguments), sink, &progress).await;
    progress.finish_and_clear();
    match imported {
        Ok((mut import, published)) => {
            let language = language(arguments);
            let report = import.report();
            let page = match pages::write(arguments, language, file, &mut import, &report).await {
                Ok(page) => page,
                Err(error) => {
                    output::error(error);
                    return Outcome::Failed;
                }
            };
            match arguments.report {
                ReportForm::Text => {
                    output::result(report.to_text_in(language).trim_end());
                    output::result(summary(arguments.dry_run, &published, language));
                }
                ReportForm::Html => output::result(page),
                ReportForm::Json => {
                    let json = JsonReport { report: &report, dry_run: arguments.dry_run, published };
                    output::result(serde_json::to_string(&json).unwrap_or_default());
                }
            }
            if report.rows.refused == 0 { Outcome::Done } else { Outcome::Invalid }
        }
        Err(error) => {
            let japanese = error.to_text_in(Language::Japanese);
            output::error(if language(arguments) == Language::Japanese { japanese.clone() } else { error.to_string() });
            if arguments.report == ReportForm::Json {
                let name = file.display().to_string();
                let json = JsonError { file: &name, error: error.to_string(), error_ja: japanese };
                output::result(serde_json::to_string(&json).unwrap_or_default());
            }
            error.outcome()
        }
    }
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

fn summary(dry_run: bool, published: &Published, language: Language) -> String {
    if language == Language::Japanese {
        let Published { created, changed, unchanged } = published;
        return if dry_run {
            "  書き込み      なし（--dry-run）".to_owned()
        } else {
            format!("  書き込み      新規{created}、変更{changed}、変更なし{unchanged}（データセット自身を含みます）")
        };
    }
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
