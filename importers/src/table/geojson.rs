//! GeoJSON: the features of a collection as rows, their properties as columns, the geometry as the last column.

use std::borrow::Cow;
use std::io::Read as _;

use indexmap::IndexSet;
use serde_json::{Map, Value};

use super::Row;
use crate::error::ImportError;
use crate::limits;
use crate::source::{Encoding, Input};

/// Reads a FeatureCollection: a header row (number 0), then a row per feature numbered from 1. Returns the column of the
/// geometry too.
pub(super) fn read(input: &Input, encoding: Encoding) -> Result<(Vec<Row>, usize), ImportError> {
    let damaged = |row, reason: &str| ImportError::Damaged { file: input.name(), row, reason: reason.to_owned() };
    // The limit is on the bytes; the text may be longer.
    input.read_all(limits::GEOJSON, "the GeoJSON file")?;
    let mut text = String::new();
    encoding.reader(input.open()?).read_to_string(&mut text).map_err(|e| input.unreadable(&e))?;
    let document: Value = serde_json::from_str(&text)
        .map_err(|e| damaged(Some(e.line() as u64), &format!("the JSON is damaged ({e}). Export it again.")))?;
    let Some(Value::Array(features)) = document.get("features") else {
        return Err(damaged(None, "this is JSON but no GeoJSON FeatureCollection: it has no 'features'."));
    };
    let headers: IndexSet<&str> =
        features.iter().filter_map(properties).flatten().map(|(name, _)| name.as_str()).collect();
    if headers.len() >= limits::COLUMNS || headers.len().saturating_mul(features.len()) > limits::CELLS {
        return Err(ImportError::TooLarge {
            file: input.name(),
            row: None,
            what: "the table of features and properties",
            limit: format!("{} cells and {} columns", limits::CELLS, limits::COLUMNS),
        });
    }
    let mut header = Row::new(0);
    headers.iter().for_each(|name| header.push(name));
    header.push("geometry");
    let mut rows = Vec::with_capacity(features.len() + 1);
    rows.push(header);
    for (number, feature) in (1..).zip(features) {
        let mut row = Row::new(number);
        for name in &headers {
            let value = properties(feature).and_then(|properties| properties.get(*name));
            row.push(&value.map_or(Cow::Borrowed(""), plain));
        }
        let geometry = feature.get("geometry").filter(|geometry| !geometry.is_null());
        row.push(&geometry.map_or_else(String::new, Value::to_string));
        rows.push(row);
    }
    Ok((rows, headers.len()))
}

fn properties(feature: &Value) -> Option<&Map<String, Value>> {
    feature.get("properties").and_then(Value::as_object)
}

/// A property's value as a cell.
fn plain(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => "".into(),
        Value::String(text) => text.into(),
        other => other.to_string().into(),
    }
}
