//! GeoJSON: the features of a collection as rows, their properties as columns, the geometry as the last column.

use std::io::Read as _;

use serde_json::{Map, Value};

use super::StoredRow;
use crate::error::ImportError;
use crate::limits;
use crate::source::{Encoding, Input};

/// Reads a FeatureCollection: a header row (number 0), then a row per feature numbered from 1. Returns the column of the
/// geometry too.
pub(super) fn read(input: &Input, encoding: Encoding) -> Result<(Vec<StoredRow>, usize), ImportError> {
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
    let mut headers: Vec<&str> = Vec::new();
    for (name, _) in features.iter().filter_map(properties).flatten() {
        if !headers.contains(&name.as_str()) {
            headers.push(name);
        }
        if headers.len() >= limits::COLUMNS {
            return Err(ImportError::TooLarge {
                file: input.name(),
                row: None,
                what: "the number of properties",
                limit: limits::COLUMNS.to_string(),
            });
        }
    }
    let geometry = headers.len();
    let header = headers.iter().map(|name| (*name).to_owned()).chain(["geometry".to_owned()]).collect();
    let mut rows = Vec::with_capacity(features.len() + 1);
    rows.push(StoredRow { number: 0, cells: header, covered: Vec::new() });
    for (at, feature) in features.iter().enumerate() {
        let cell = |name: &&str| {
            properties(feature).and_then(|properties| properties.get(*name)).map_or_else(String::new, plain)
        };
        let mut cells: Vec<String> = headers.iter().map(cell).collect();
        cells.push(
            feature.get("geometry").filter(|geometry| !geometry.is_null()).map_or_else(String::new, Value::to_string),
        );
        rows.push(StoredRow { number: at as u64 + 1, cells, covered: Vec::new() });
    }
    Ok((rows, geometry))
}

fn properties(feature: &Value) -> Option<&Map<String, Value>> {
    feature.get("properties").and_then(Value::as_object)
}

/// A property's value as a cell.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
