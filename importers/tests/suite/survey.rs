//! The table of `docs/importing-results.md`: what the importer makes of real files, without any option.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use hiroba_importers::{Import, Options, open};
use ngsild::DateTime;

/// Where the real files are: `HIROBA_MUNICIPAL_DATA`, or beside the repository.
pub(crate) fn directory() -> PathBuf {
    std::env::var_os("HIROBA_MUNICIPAL_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/municipal"), PathBuf::from)
}

/// The page, or `None` where the files are not at hand.
pub(crate) fn page(directory: &Path) -> Option<String> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(directory).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension != "md"));
    files.sort();
    let (mut imported, mut refused) = (String::new(), String::new());
    for path in &files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match import(path) {
            Ok(line) => imported.push_str(&line),
            Err(error) => {
                let _ = writeln!(
                    refused,
                    "| `{name}` | {} |",
                    error
                        .trim_start_matches(&format!("{name}: "))
                        .trim_start_matches(&format!("{name} "))
                        .replace('\n', " ")
                        .replace('|', "/")
                );
            }
        }
    }
    Some(format!("{HEAD}{imported}\n{OTHERS}{refused}"))
}

/// A line for each table.
fn import(path: &Path) -> Result<String, String> {
    let opened = open(path, Options::new(DateTime::from_micros(0))).map_err(|e| e.to_string())?;
    opened.imports.into_iter().map(line).collect()
}

fn line(mut import: Import) -> Result<String, String> {
    for outcome in import.rows().map_err(|e| e.to_string())? {
        outcome.map_err(|e| e.to_string())?;
    }
    let report = import.report();
    let rows = &report.rows;
    let count =
        |level: &str| report.issues.iter().filter(|issue| issue.level == level).map(|issue| issue.count).sum::<u64>();
    let mut why: Vec<String> = Vec::new();
    for row in &report.refused {
        let one = format!("{}: {}", row.column.replace('\n', " "), row.reason);
        if !why.contains(&one) {
            why.push(one);
        }
    }
    let why = if why.is_empty() { "–".to_owned() } else { why.join(" ").replace('|', "/") };
    let check = if rows.add_up() { "" } else { " **rows lost**" };
    Ok(format!(
        "| `{}` | {} | {} | {} | {:.2} | {} | {} | {} | {} | {} | {}{check} | {} | {} | {} | {why} |\n",
        report.file,
        report.format,
        report.dataset,
        report.header_row,
        report.score,
        report.publisher,
        rows.read,
        rows.entities,
        rows.merged,
        rows.set_aside,
        rows.refused,
        count("unread"),
        count("doubtful"),
        count("changed"),
    ))
}

const HEAD: &str = "\
# What the importer makes of real files

Files that cities published, each imported without any option: no mapping, no data set, no municipality. Written by
`cargo run -p hiroba-importers --example survey`; a test keeps it equal to what the code does.

Every row is accounted for: read = entities + merged + set aside + refused. *Unread* counts cells that could not be
understood (their text is published under the column's own name), *doubtful* values that are published with a code
beside them, *changed* values that are published with the source text beside them. A publisher of 000000 means that
nothing in the file says who published it; `--municipality` does.

| File | Format | Data set | Header row | Likeness | Publisher | Read | Entities | Merged | Set aside | Refused | Unread | Doubtful | Changed | Why refused |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
";

const OTHERS: &str = "\
## Files of other kinds

What this version does not import, it says so of:

| File | Answer |
|---|---|
";
