//! One test binary for the crate: files as cities publish them, files that are none, and laws that hold for any bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod archives;
mod as_they_come;
mod demo;
mod documents;
mod files;
mod forms;
mod laws;
mod layers;
mod mappings;
mod page;
mod recognition;
mod results;
mod round_trip;
mod rows;
mod schemas;
mod survey;
mod tables;
mod unusable;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use hiroba_importers::{Import, ImportError, Input, Options, Outcome, Report};
use ngsild::jsonld::{Context, Documents, UserContext, process};
use ngsild::render::{EntityDocument, Form, Rendering};
use ngsild::{DateTime, Entity};
use serde_json::Value as Json;

/// What became of a file.
#[derive(Debug)]
struct Imported {
    /// The entities in concise form, under the names of the published context.
    entities: Vec<Json>,
    outcomes: Vec<Outcome>,
    report: Report,
}

impl Imported {
    /// `5 = 3 + 1 + 1 + 0`: read, entities, merged, set aside, refused.
    fn counts(&self) -> String {
        let rows = &self.report.rows;
        format!("{} = {} + {} + {} + {}", rows.read, rows.entities, rows.merged, rows.set_aside, rows.refused)
    }

    /// `column: code ×count`, the weightiest first.
    fn issues(&self) -> Vec<String> {
        let line = |group: &hiroba_importers::report::IssueGroup| {
            format!("{}: {} ×{}", group.column.as_deref().unwrap_or("the row"), group.code, group.count)
        };
        self.report.issues.iter().map(line).collect()
    }

    /// The member of each entity at a JSON pointer.
    fn all(&self, pointer: &str) -> Vec<Json> {
        self.entities.iter().map(|entity| entity.pointer(pointer).cloned().unwrap_or(Json::Null)).collect()
    }
}

/// The directory of the samples.
fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// No option but the time, which is the epoch.
fn options() -> Options {
    Options::new(DateTime::from_micros(0))
}

fn import(input: impl Into<Input>) -> Result<Imported, ImportError> {
    import_with(input, options())
}

fn import_with(input: impl Into<Input>, options: Options) -> Result<Imported, ImportError> {
    let mut import = Import::open(input, options)?;
    let outcomes = import.rows()?.collect::<Result<Vec<_>, _>>()?;
    let expected = import.expected_rows();
    let report = import.report();
    assert!(report.rows.add_up(), "{}: {:?}", report.file, report.rows);
    assert_eq!(outcomes.len() as u64, report.rows.read, "{}", report.file);
    assert_eq!(expected, Some(report.rows.read), "{}", report.file);
    let entities = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Entity { entity, .. } => Some(shown(entity)),
        _ => None,
    });
    Ok(Imported { entities: entities.collect(), report, outcomes })
}

/// Bytes under a name.
fn named(name: &str, bytes: impl Into<Vec<u8>>) -> Input {
    Input::Bytes { name: name.to_owned(), bytes: bytes.into().into() }
}

/// Text as a CSV file.
fn csv(text: &str) -> Imported {
    import(named("list.csv", text)).unwrap()
}

fn shown(entity: &Entity) -> Json {
    struct NoDocuments;
    impl Documents for NoDocuments {
        fn document(&self, _: &str) -> Option<std::sync::Arc<Json>> {
            None
        }
    }
    static CONTEXT: LazyLock<Context> = LazyLock::new(|| {
        let context = hiroba_vocab::context::context();
        process(&UserContext::from_json(&context["@context"]).unwrap(), &NoDocuments).unwrap()
    });
    let rendering = Rendering::whole(&CONTEXT, Form::Concise);
    serde_json::to_value(EntityDocument { entity, rendering, embedded_context: None }).unwrap()
}
