//! Prints `docs/importing-results.md`: what the importer makes of the real files beside the repository.
//!
//! `cargo run -p hiroba-importers --example survey > docs/importing-results.md`, or with a directory or file as argument.

use std::io::Write as _;
use std::path::PathBuf;

use hiroba_importers::{Import, Options};
use ngsild::DateTime;

#[path = "../tests/suite/survey.rs"]
mod survey;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let path = std::env::args_os().nth(1).map_or_else(survey::directory, PathBuf::from);
    if path.is_file() {
        return match report(&path) {
            Ok(text) => write!(out, "{text}"),
            Err(error) => writeln!(out, "{error}"),
        };
    }
    match survey::page(&path) {
        Some(page) => write!(out, "{page}"),
        None => writeln!(out, "no files in {}; set HIROBA_MUNICIPAL_DATA", path.display()),
    }
}

/// The report of one file, and its first entities.
fn report(path: &std::path::Path) -> Result<String, Box<dyn std::error::Error>> {
    let mut import = Import::open(path, Options::new(DateTime::from_micros(0)))?;
    let mut shown = String::new();
    let mut entities = 0;
    for outcome in import.rows()? {
        if let hiroba_importers::Outcome::Entity { entity, .. } = outcome?
            && entities < 2
        {
            entities += 1;
            shown.push_str(&serde_json::to_string_pretty(&entity)?);
            shown.push('\n');
        }
    }
    Ok(format!("{}\n{shown}", import.report().to_text()))
}
