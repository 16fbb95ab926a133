//! Prints `docs/importing-results.md`: what the importer makes of the real files beside the repository.
//!
//! `cargo run -p hiroba-importers --example survey > docs/importing-results.md`. With a file as argument it prints the
//! reports of its tables and their first entities instead; a second argument says how many.

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use hiroba_importers::{LeftOut, Options, Outcome, open};
use ngsild::jsonld::{Documents, UserContext, process};
use ngsild::render::{EntityDocument, Form, Rendering};
use ngsild::{DateTime, Entity};

#[path = "../tests/suite/survey.rs"]
mod survey;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    let path = std::env::args_os().nth(1).map_or_else(survey::directory, PathBuf::from);
    if path.is_file() {
        let first = std::env::args().nth(2).and_then(|n| n.parse().ok()).unwrap_or(2);
        return Ok(write!(out, "{}", report(&path, first)?)?);
    }
    match survey::page(&path) {
        Some(page) => write!(out, "{page}")?,
        None => writeln!(out, "no files in {}; set HIROBA_MUNICIPAL_DATA", path.display())?,
    }
    Ok(())
}

/// The reports of the tables of one file, and their first entities.
fn report(path: &Path, first: usize) -> Result<String, Box<dyn Error>> {
    let opened = open(path, Options::new(DateTime::from_micros(0)))?;
    let mut text = String::new();
    for mut import in opened.imports {
        let mut entities = Vec::new();
        for outcome in import.rows()? {
            if let Outcome::Entity { entity, .. } = outcome?
                && entities.len() < first
            {
                entities.push(entity);
            }
        }
        text.push_str(&import.report().to_text());
        for entity in entities.iter().map(|entity| &**entity).chain([&import.dataset_entity()]) {
            text.push_str(&shown(entity)?);
        }
    }
    for LeftOut { name, reason, .. } in opened.left_out {
        text.push_str(&format!("left out  {name}: {reason}\n"));
    }
    Ok(text)
}

/// An entity with the names of the published context.
fn shown(entity: &Entity) -> Result<String, Box<dyn Error>> {
    struct NoDocuments;
    impl Documents for NoDocuments {
        fn document(&self, _: &str) -> Option<std::sync::Arc<serde_json::Value>> {
            None
        }
    }
    let context = hiroba_vocab::context::context();
    let context = process(&UserContext::from_json(&context["@context"])?, &NoDocuments)?;
    let rendering = Rendering::whole(&context, Form::Concise);
    Ok(serde_json::to_string(&EntityDocument { entity, rendering, embedded_context: None })? + "\n")
}
