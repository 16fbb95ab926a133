//! What a person or a script reads of one file and its tables, and of all of them at the end.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hiroba_importers::report::Language;
use hiroba_importers::{LeftOut, Report};
use hiroba_store::Delivered;
use hiroba_vocab::EntityId;
use serde::Serialize;

use super::failure::TargetFailure;
use super::pages::{PageError, Pages};
use super::targets::Targets;
use super::{GoneChoice, ImportArgs, ReportForm};
use crate::cli::output;
use crate::service::datasets::{Entities, Imported, ImportedFile, VersionSummary, Versioned};
use crate::service::publish::Published;

/// How many files of a kind are named at the end.
const NAMED: usize = 10;

/// What a script reads of one table.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonReport<'r> {
    #[serde(flatten)]
    report: &'r Report,
    dry_run: bool,
    published: Published,
    /// The version that the table has become; null when nothing differs, or where no versions are kept.
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
#[serde(rename_all = "camelCase")]
struct JsonNotModified<'r> {
    file: &'r str,
    not_modified: bool,
    dataset: &'r str,
    version: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonError<'e> {
    file: &'e str,
    error: String,
    error_ja: String,
}

/// Tells of a file that was read, and writes the pages and corrected files of its tables that were asked for.
pub(super) async fn imported(
    arguments: &ImportArgs,
    pages: &mut Pages,
    label: &str,
    file: &mut ImportedFile,
) -> Result<(), PageError> {
    let language = pages.language;
    let several = file.tables.len() > 1;
    let mut written = Ok(());
    for table in &mut file.tables {
        match pages.write(arguments, label, several, table).await {
            Ok(page) if arguments.report == ReportForm::Html => output::result(page),
            Ok(_) => {}
            // What was imported is told all the same.
            Err(error) => written = Err(error),
        }
    }
    match arguments.report {
        ReportForm::Text => output::result(file_text(file, label, arguments.place().as_deref(), language)),
        ReportForm::Json => {
            for Imported { report, published, version, .. } in &file.tables {
                let version = match version {
                    Versioned::New(version) => Some(&**version),
                    Versioned::Same { .. } | Versioned::NotKept => None,
                };
                json(&JsonReport { report, dry_run: arguments.dry_run, published: *published, version });
            }
            if !file.left_out.is_empty() {
                json(&JsonLeftOut { file: label, left_out: &file.left_out });
            }
        }
        ReportForm::Html => left_out(file, label, language).into_iter().for_each(output::note),
    }
    written
}

/// Tells of a file that is still the one that was imported before.
pub(super) fn not_modified(arguments: &ImportArgs, language: Language, file: &str, versions: &[Delivered]) {
    match arguments.report {
        ReportForm::Text => output::result(not_modified_text(file, versions, language)),
        ReportForm::Json => {
            for Delivered { dataset, version } in versions {
                json(&JsonNotModified { file, not_modified: true, dataset: dataset.as_str(), version: *version });
            }
        }
        // Nothing was read that a page could show.
        ReportForm::Html => output::note(not_modified_text(file, versions, language)),
    }
}

/// Tells of a file that was not published.
pub(super) fn failed(arguments: &ImportArgs, language: Language, file: &str, error: &TargetFailure) {
    output::error(error.to_text_in(language));
    if arguments.report == ReportForm::Json {
        let error_ja = error.to_text_in(Language::Japanese);
        json(&JsonError { file, error: error.to_string(), error_ja });
    }
}

fn json(line: &impl Serialize) {
    output::result(serde_json::to_string(line).unwrap_or_default());
}

/// The reports of the tables of a file, what came of them, and what was left out, for people. `place` are the options that
/// lead to the database; `None` of a trial.
pub(in crate::cli) fn file_text(file: &ImportedFile, label: &str, place: Option<&str>, language: Language) -> String {
    let mut lines = Vec::new();
    for table in &file.tables {
        lines.push(table.report.to_text_in(language).trim_end().to_owned());
        lines.extend(match language {
            Language::English => outcome(table, place),
            Language::Japanese => outcome_ja(table, place),
        });
    }
    lines.extend(left_out(file, label, language));
    lines.join("\n")
}

/// What was not imported, for people.
fn left_out(file: &ImportedFile, label: &str, language: Language) -> Vec<String> {
    if file.left_out.is_empty() {
        return Vec::new();
    }
    let all = file.left_out.iter();
    match language {
        Language::English => std::iter::once(format!("{label}: not imported"))
            .chain(all.map(|left| format!("  left out   {}: {}", left.name, left.reason)))
            .collect(),
        Language::Japanese => std::iter::once(format!("{label}：取り込まなかったもの"))
            .chain(all.map(|left| format!("  対象外        {}：{}", left.name, left.reason_ja)))
            .collect(),
    }
}

/// What is told of a file that is still the one that was imported before, for people.
pub(in crate::cli) fn not_modified_text(label: &str, versions: &[Delivered], language: Language) -> String {
    let since = |Delivered { dataset, version }: &Delivered| match language {
        Language::English => format!("  not modified since it became version {version} of {dataset}"),
        Language::Japanese => format!("  {dataset}の第{version}版となった後、変わっていません"),
    };
    std::iter::once(label.to_owned()).chain(versions.iter().map(since)).collect::<Vec<_>>().join("\n")
}

fn outcome(imported: &Imported, place: Option<&str>) -> Vec<String> {
    let Some(place) = place else { return vec![nothing_written(Language::English)] };
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
    if imported.entities.took_most_away() {
        lines.push(
            "  warning    more than half of the published list is not in this file. If the file is only a part of it, undo \
             this version and give --gone keep"
                .to_owned(),
        );
    }
    lines.push(match &imported.version {
        Versioned::New(version) => {
            let VersionSummary { dataset, version, .. } = &**version;
            format!("  version    {version} of {dataset}; hiroba dataset undo {dataset}{place} takes it back")
        }
        Versioned::Same { version, .. } => format!("  version    no new one: everything is as in version {version}"),
        Versioned::NotKept => {
            "  version    none: over NGSI-LD (--to) no versions are kept, and what is gone from the source \
                               stays"
                .to_owned()
        }
    });
    lines
}

/// The same in Japanese.
fn outcome_ja(imported: &Imported, place: Option<&str>) -> Vec<String> {
    let Some(place) = place else { return vec![nothing_written(Language::Japanese)] };
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
    if imported.entities.took_most_away() {
        lines.push(
            "  注意          公開中の一覧の半分より多くが、このファイルにありません。ファイルが一覧の一部であれば、この版を取り消して、\
             --gone keepを指定してください"
                .to_owned(),
        );
    }
    lines.push(match &imported.version {
        Versioned::New(version) => {
            let VersionSummary { dataset, version, .. } = &**version;
            format!("  版            {dataset}の第{version}版。hiroba dataset undo {dataset}{place} で取り消せます")
        }
        Versioned::Same { version, .. } => format!("  版            第{version}版と同じため、新しい版はありません"),
        Versioned::NotKept => {
            "  版            なし：NGSI-LD（--to）では版を残さず、元にないものもそのままです".to_owned()
        }
    });
    lines
}

/// What became of all files of a command.
#[derive(Default)]
pub(super) struct Total {
    read: u64,
    not_modified: u64,
    refused_rows: u64,
    published: Published,
    failed: Vec<String>,
    /// By the entities of data sets: in words which it is, and the files that hold it.
    datasets: BTreeMap<EntityId, (String, Vec<String>)>,
}

impl Total {
    pub(super) fn add_imported(&mut self, label: &str, file: &ImportedFile) {
        self.read += 1;
        for Imported { dataset, report, published, .. } in &file.tables {
            self.refused_rows += report.rows.refused;
            self.published += *published;
            let what = || (format!("{} of {}", report.dataset, report.publisher), Vec::new());
            self.datasets.entry(dataset.clone()).or_insert_with(what).1.push(label.to_owned());
        }
    }

    pub(super) fn add_not_modified(&mut self) {
        self.not_modified += 1;
    }

    pub(super) fn add_failed(&mut self, label: String) {
        self.failed.push(label);
    }

    /// Tells it, where there was more than one file, or a folder in which some were passed over.
    pub(super) fn tell(&self, arguments: &ImportArgs, targets: &Targets, language: Language) {
        let count = self.read + self.not_modified + self.failed.len() as u64;
        if count < 2 && !targets.from_folder {
            return;
        }
        for line in self.lines(arguments, targets, language) {
            // A script counts for itself, and reads a line for each file.
            match arguments.report {
                ReportForm::Text => output::result(line),
                ReportForm::Json | ReportForm::Html => output::note(line),
            }
        }
    }

    fn lines(&self, arguments: &ImportArgs, targets: &Targets, language: Language) -> Vec<String> {
        let Self { read, not_modified, refused_rows, published, failed, datasets } = self;
        let say = |english: String, japanese: String| match language {
            Language::English => english,
            Language::Japanese => japanese,
        };
        let all = targets.all.len();
        let left = all as u64 - (read + not_modified + failed.len() as u64);
        let mut first = say(format!("{all} files: {read} read"), format!("{all}ファイル：読み取り{read}"));
        for (count, english, japanese) in [
            (*not_modified, "not modified", "変更なし"),
            (failed.len() as u64, "failed", "失敗"),
            (left, "not tried", "未処理"),
        ] {
            if count > 0 {
                first.push_str(&say(format!(", {count} {english}"), format!("、{japanese}{count}")));
            }
        }
        let mut lines = vec![first];
        if arguments.dry_run {
            lines.push(nothing_written(language));
        } else {
            let Published { created, changed, unchanged } = published;
            lines.push(say(
                format!("  published  {created} created, {changed} changed, {unchanged} unchanged"),
                format!("  書き込み      新規{created}、変更{changed}、変更なし{unchanged}"),
            ));
        }
        if *refused_rows > 0 {
            lines.push(say(
                format!("  refused    {refused_rows} rows; the reports above name them"),
                format!("  拒否した行    {refused_rows}行（上の報告にあります）"),
            ));
        }
        if !failed.is_empty() {
            let names = named(failed, language);
            lines.push(say(format!("  failed     {names}"), format!("  失敗          {names}")));
        }
        if !targets.passed_over.is_empty() {
            let names: Vec<String> = targets.passed_over.iter().map(PathBuf::as_path).map(shown).collect();
            let (count, names) = (names.len(), named(&names, language));
            lines.push(say(
                format!("  passed over {count}, which by their names are no tables: {names}"),
                format!("  対象外        {count}件（名前から表ではないもの）：{names}"),
            ));
        }
        if arguments.gone != GoneChoice::Keep && arguments.to.is_none() {
            for (what, files) in datasets.values().filter(|(_, files)| files.len() > 1) {
                let files = named(files, language);
                lines.push(say(
                    format!(
                        "  warning    {files} are all {what}: what only the earlier ones list counts as gone. \
                         If together they are one list, give --gone keep"
                    ),
                    format!(
                        "  注意          {files}はどれも{what}です。先のファイルだけにあるものは、なくなったものとして扱います。\
                         合わせて1つの一覧であれば、--gone keepを指定してください"
                    ),
                ));
            }
        }
        lines
    }
}

/// What is said of a trial.
fn nothing_written(language: Language) -> String {
    match language {
        Language::English => "  published  nothing (--dry-run)".to_owned(),
        Language::Japanese => "  書き込み      なし（--dry-run）".to_owned(),
    }
}

fn shown(path: &std::path::Path) -> String {
    path.display().to_string()
}

fn named(files: &[String], language: Language) -> String {
    let first: Vec<&str> = files.iter().take(NAMED).map(String::as_str).collect();
    match (files.len().saturating_sub(NAMED), language) {
        (0, Language::English) => first.join(", "),
        (0, Language::Japanese) => first.join("、"),
        (more, Language::English) => format!("{} and {more} more", first.join(", ")),
        (more, Language::Japanese) => format!("{}ほか{more}件", first.join("、")),
    }
}
