//! What is told of an import, for programs.

use ngsild::Entity;
use ngsild::jsonld::Context;
use ngsild::render::{EntityDocument, Form, Rendering};
use serde_json::{Value, json};

use super::super::problem::HttpError;
use crate::service::datasets::{Imported, Previewed, Versioned};
use crate::service::imports::{Import, Outcome};

/// Whether there is a new version.
pub(super) fn is_new(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Published(file) => file.tables.iter().any(|table| matches!(table.version, Versioned::New(_))),
        Outcome::Undone(undone) => undone.iter().any(|undone| undone.version.is_some()),
        Outcome::Preview(_) | Outcome::Failed(_) => false,
    }
}

/// An import as a JSON object. Entities are in the normalized form, with the names of `context`.
pub(super) fn import(import: &Import, context: &Context) -> Value {
    let task = import.task();
    let (rows, expected) = import.progress();
    let mut body = json!({
        "id": import.id,
        "state": import.stage().name(),
        "action": task.action.name(),
        "canUndo": import.can_undo(),
        "fileName": import.file_name,
        "bytes": import.bytes,
        "gone": task.gone,
        "begunAt": import.begun_at(),
        "finishedAt": import.ended_at(),
        "progress": {"rows": rows, "expectedRows": expected},
    });
    let Some(outcome) = import.outcome() else { return body };
    match &*outcome {
        Outcome::Preview(file) => {
            body["tables"] = file.tables.iter().map(|table| previewed(table, context)).collect();
            body["leftOut"] = json!(file.left_out);
        }
        Outcome::Published(file) => {
            body["tables"] = file.tables.iter().map(published).collect();
            body["leftOut"] = json!(file.left_out);
        }
        Outcome::Undone(undone) => body["undone"] = json!(undone),
        Outcome::Failed(failure) => body["error"] = HttpError::from(failure).body(),
    }
    body
}

fn previewed(table: &Previewed, context: &Context) -> Value {
    let Previewed { report, dataset, entities, gone, first, .. } = table;
    let document = |entity: &Entity| {
        let rendering = Rendering::whole(context, Form::Normalized);
        // Entities that were just made can be written as JSON.
        serde_json::to_value(EntityDocument { entity, rendering, embedded_context: None }).unwrap_or_default()
    };
    json!({
        "dataset": dataset,
        "report": report,
        "entities": {
            "created": entities.created,
            "changed": entities.changed,
            "unchanged": entities.unchanged,
            "gone": gone,
        },
        "first": first.iter().map(document).collect::<Vec<_>>(),
    })
}

fn published(table: &Imported) -> Value {
    let version = match &table.version {
        Versioned::New(version) => json!(version),
        Versioned::Same { dataset, version } => json!({"dataset": dataset, "version": version}),
        Versioned::NotKept => Value::Null,
    };
    json!({
        "dataset": table.dataset,
        "report": table.report,
        "entities": table.entities,
        "new": matches!(table.version, Versioned::New(_)),
        "version": version,
    })
}
