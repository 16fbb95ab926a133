//! Versions and data sets as lines.

use hiroba_store::DatasetEntry;
use serde::Serialize;

use crate::cli::output;
use crate::service::datasets::{Entities, Undone, VersionSummary};

/// The columns of [`version`].
pub(super) const VERSION_HEADER: &str = "version\tkind\tstate\tbegun\tcreated\tchanged\tunchanged\tgone\tfrom";
/// The columns of [`dataset`].
pub(super) const LIST_HEADER: &str = "version\tkind\tstate\tentities\tbegun\tid";

pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A version in a line, with tabs between the columns.
pub(super) fn version(version: &VersionSummary) -> String {
    let VersionSummary { version: number, kind, state, restores, begun_at, details, .. } = version;
    let Entities { created, changed, unchanged, removed, marked, kept, .. } = version.entities();
    let gone = removed + marked + kept;
    let from = match (restores, &details.file_name) {
        (Some(0), _) => "the state before the first version".to_owned(),
        (Some(restored), _) => format!("version {restored}"),
        (None, Some(file)) => file.clone(),
        (None, None) => String::new(),
    };
    format!("{number}\t{kind}\t{state}\t{begun_at}\t{created}\t{changed}\t{unchanged}\t{gone}\t{from}")
}

/// A data set in a line: tabs between the columns, or JSON.
pub(super) fn dataset(entry: DatasetEntry, as_json: bool) -> String {
    let DatasetEntry { dataset, members, latest } = entry;
    let latest = VersionSummary::latest(&dataset, latest);
    if as_json {
        #[derive(Serialize)]
        struct Entry {
            members: u64,
            #[serde(flatten)]
            latest: VersionSummary,
        }
        return json(&Entry { members, latest });
    }
    let VersionSummary { version, kind, state, begun_at, .. } = latest;
    format!("{version}\t{kind}\t{state}\t{members}\t{begun_at}\t{dataset}")
}

/// What an undo or a removal did.
pub(super) fn undone(undone: &Undone, as_json: bool) {
    if as_json {
        output::result(json(undone));
        return;
    }
    let Undone { version, entities, left } = undone;
    let Entities { created, changed, removed, .. } = entities;
    match version {
        Some(version) => {
            output::result(format!(
                "version {} of {}: {created} brought back, {changed} changed, {removed} removed",
                version.version, version.dataset
            ));
        }
        None => output::result("nothing had to be done"),
    }
    if entities.left > 0 {
        output::note(format!(
            "{} were changed by others since and are left alone; --force undoes them too:",
            entities.left
        ));
        for id in left {
            output::note(format!("  {id}"));
        }
        if entities.left > left.len() as u64 {
            output::note("  …");
        }
    }
}
