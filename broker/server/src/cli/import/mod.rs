//! `hiroba import`.

mod failure;
mod mapping;
mod pages;
mod remote;
mod sink;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hiroba_importers::report::Language;
use hiroba_importers::{ImportError, Mapping, Options, Report};
use hiroba_vocab::Tenant;
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::code::LocalGovernmentCode;
use hiroba_vocab::normalise::date::{Moment, date};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::serve::DatabaseArgs;
use super::{Outcome, output, secret};
use crate::service::datasets::{Entities, Gone, Imported, VersionSummary, Versioned};
use crate::service::now;
use crate::service::publish::Published;

pub(super) use failure::FileError;
use failure::shown_on;
pub(super) use remote::Remote;
use sink::Sink;
pub(super) use sink::SinkError;

/// Publish municipal files: CSV in any usual encoding, Excel workbooks, GeoJSON.
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
    /// What becomes of entities of the data set that the file does not list any more.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t, conflicts_with = "to")]
    gone: GoneChoice,
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
    /// The version that the file has become; null when nothing differs, or where no versions are kept.
    version: Option<&'r VersionSummary>,
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
    let imported = sink.import(file.to_owned().into(), options, arguments.gone.into(), shown_on(&progress)).await;
    progress.finish_and_clear();
    match imported {
        Ok(mut imported) => {
            let language = language(arguments);
            let report = &imported.report;
            let page = match pages::write(arguments, language, file, &mut imported.import, report).await {
                Ok(page) => page,
                Err(error) => {
                    output::error(error);
                    return Outcome::Failed;
                }
            };
            match arguments.report {
                ReportForm::Text => {
                    output::result(report.to_text_in(language).trim_end());
                    for line in summary(arguments, &imported, language) {
                        output::result(line);
                    }
                }
                ReportForm::Html => output::result(page),
                ReportForm::Json => {
                    let version = match &imported.version {
                        Versioned::New(version) => Some(&**version),
                        Versioned::Same(_) | Versioned::NotKept => None,
                    };
                    let (dry_run, published) = (arguments.dry_run, imported.published);
                    let json = JsonReport { report, dry_run, published, version };
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

fn summary(arguments: &ImportArgs, imported: &Imported, language: Language) -> Vec<String> {
    if language == Language::Japanese {
        return summary_ja(arguments, imported);
    }
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

fn summary_ja(arguments: &ImportArgs, imported: &Imported) -> Vec<String> {
    if arguments.dry_run {
        return vec!["  書き込み      なし（--dry-run）".to_owned()];
    }
    let Published { created, changed, unchanged } = imported.published;
    let mut lines = vec![format!(
        "  書き込み      新規{created}、変更{changed}、変更なし{unchanged}（データセット自身を含みます）"
    )];
    let Entities { removed, marked, kept, .. } = imported.entities;
    for (count, what) in [
        (removed, "削除しました"),
        (marked, "absentSinceを付けました（--goneで選べます）"),
        (kept, "データセットに残しました"),
    ] {
        if count > 0 {
            lines.push(format!("  元にないもの  {count}件：{what}"));
        }
    }
    lines.push(match &imported.version {
        Versioned::New(version) => {
            let VersionSummary { dataset, version, .. } = &**version;
            format!("  版            {dataset}の第{version}版。hiroba dataset undo {dataset} で取り消せます")
        }
        Versioned::Same(number) => format!("  版            第{number}版と同じため、新しい版はありません"),
        Versioned::NotKept => {
            "  版            なし：NGSI-LD（--to）では版を残さず、元にないものもそのままです".to_owned()
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
