//! What a person or a script reads of one file and its tables, and of all of them at the end.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hiroba_importers::{LeftOut, Report};
use hiroba_store::Delivered;
use hiroba_vocab::EntityId;
use serde::Serialize;

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
struct JsonError<'e> {
    file: &'e str,
    error: String,
}

/// Tells of a file that was read.
pub(super) fn imported(arguments: &ImportArgs, label: &str, file: &ImportedFile) {
    if arguments.report == ReportForm::Text {
        return output::result(file_text(file, label, arguments.dry_run));
    }
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

/// Tells of a file that is still the one that was imported before.
pub(super) fn not_modified(arguments: &ImportArgs, file: &str, versions: &[Delivered]) {
    match arguments.report {
        ReportForm::Text => output::result(not_modified_text(file, versions)),
        ReportForm::Json => {
            for Delivered { dataset, version } in versions {
                json(&JsonNotModified { file, not_modified: true, dataset: dataset.as_str(), version: *version });
            }
        }
    }
}

/// Tells of a file that was not published.
pub(super) fn failed(arguments: &ImportArgs, file: &str, error: &dyn std::fmt::Display) {
    output::error(error);
    if arguments.report == ReportForm::Json {
        json(&JsonError { file, error: error.to_string() });
    }
}

fn json(line: &impl Serialize) {
    output::result(serde_json::to_string(line).unwrap_or_default());
}

/// The reports of the tables of a file, what came of them, and what was left out, for people.
pub(in crate::cli) fn file_text(file: &ImportedFile, label: &str, dry_run: bool) -> String {
    let mut lines = Vec::new();
    for table in &file.tables {
        lines.push(table.report.to_text().trim_end().to_owned());
        lines.extend(outcome(table, dry_run));
    }
    if !file.left_out.is_empty() {
        lines.push(format!("{label}: not imported"));
        lines.extend(file.left_out.iter().map(|left| format!("  left out   {}: {}", left.name, left.reason)));
    }
    lines.join("\n")
}

/// What is told of a file that is still the one that was imported before, for people.
pub(in crate::cli) fn not_modified_text(label: &str, versions: &[Delivered]) -> String {
    let since = |one: &Delivered| format!("  not modified since it became version {} of {}", one.version, one.dataset);
    std::iter::once(label.to_owned()).chain(versions.iter().map(since)).collect::<Vec<_>>().join("\n")
}

fn outcome(imported: &Imported, dry_run: bool) -> Vec<String> {
    if dry_run {
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
        Versioned::Same { version, .. } => format!("  version    no new one: everything is as in version {version}"),
        Versioned::NotKept => {
            "  version    none: over NGSI-LD (--to) no versions are kept, and what is gone from the source \
                               stays"
                .to_owned()
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
    pub(super) fn tell(&self, arguments: &ImportArgs, targets: &Targets) {
        let count = self.read + self.not_modified + self.failed.len() as u64;
        if count < 2 && !targets.from_folder {
            return;
        }
        for line in self.lines(arguments, targets) {
            // A script counts for itself, and reads a line for each file.
            match arguments.report {
                ReportForm::Text => output::result(line),
                ReportForm::Json => output::note(line),
            }
        }
    }

    fn lines(&self, arguments: &ImportArgs, targets: &Targets) -> Vec<String> {
        let Self { read, not_modified, refused_rows, published, failed, datasets } = self;
        let left = targets.all.len() as u64 - (read + not_modified + failed.len() as u64);
        let mut first = format!("{} files: {read} read", targets.all.len());
        for (count, what) in [(*not_modified, "not modified"), (failed.len() as u64, "failed"), (left, "not tried")] {
            if count > 0 {
                first = format!("{first}, {count} {what}");
            }
        }
        let mut lines = vec![first];
        if arguments.dry_run {
            lines.push("  published  nothing (--dry-run)".to_owned());
        } else {
            let Published { created, changed, unchanged } = published;
            lines.push(format!("  published  {created} created, {changed} changed, {unchanged} unchanged"));
        }
        if *refused_rows > 0 {
            lines.push(format!("  refused    {refused_rows} rows; the reports above name them"));
        }
        if !failed.is_empty() {
            lines.push(format!("  failed     {}", named(failed)));
        }
        if !targets.passed_over.is_empty() {
            let names: Vec<String> = targets.passed_over.iter().map(PathBuf::as_path).map(shown).collect();
            let count = names.len();
            lines.push(format!("  passed over {count}, which by their names are no tables: {}", named(&names)));
        }
        if arguments.gone != GoneChoice::Keep && arguments.to.is_none() {
            for (what, files) in datasets.values().filter(|(_, files)| files.len() > 1) {
                lines.push(format!(
                    "  warning    {} are all {what}: what only the earlier ones list counts as gone. \
                     If together they are one list, give --gone keep",
                    named(files)
                ));
            }
        }
        lines
    }
}

fn shown(path: &std::path::Path) -> String {
    path.display().to_string()
}

fn named(files: &[String]) -> String {
    let first: Vec<&str> = files.iter().take(NAMED).map(String::as_str).collect();
    match files.len().saturating_sub(NAMED) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
