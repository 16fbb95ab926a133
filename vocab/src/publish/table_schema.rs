//! Frictionless Table Schema of the files of a data set (Data Package standard, table schema).

use serde_json::{Map, Value, json};

use super::pattern;
use crate::dataset::{Cardinality, Dataset, Datatype, Edition, Field, Reads};
use crate::namespace::HIROBA;

/// The table schema of one edition: a field for each column, in the order of the layout.
pub fn table_schema(dataset: &Dataset, edition: Edition) -> Value {
    let fields: Vec<Value> = dataset.layout(edition).fields.iter().map(field).collect();
    json!({
        "$schema": "https://datapackage.org/profiles/1.0/tableschema.json",
        "name": format!("{}-{}", dataset.slug.replace('_', "-"), edition.word()),
        "title": dataset.title_en,
        "description": dataset.title_ja,
        "homepage": format!("{HIROBA}{}.table.json", dataset.slug),
        "fields": fields,
        "missingValues": [""],
    })
}

fn field(field: &Field) -> Value {
    let column = &field.column;
    let cell = column.reads.cell();
    let mut schema = Map::new();
    let mut put = |key: &str, value: Value| drop(schema.insert(key.to_owned(), value));
    put("name", json!(field.header));
    put("title", json!(column.label_en()));
    put("description", json!(format!("{} {}", column.definition_ja(), column.definition_en())));
    // A list is a text with semicolons here; the current Table Schema has a type for it, but few tools know it.
    let (kind, format) = match cell.datatype {
        _ if cell.cardinality == Cardinality::Many => ("string", None),
        Datatype::Integer => ("integer", None),
        Datatype::Number => ("number", None),
        Datatype::Boolean => ("boolean", None),
        Datatype::Date => ("date", None),
        Datatype::Url => ("string", Some("uri")),
        _ if column.reads == Reads::Email => ("string", Some("email")),
        _ => ("string", None),
    };
    put("type", json!(kind));
    if let Some(format) = format {
        put("format", json!(format));
    }
    if cell.datatype == Datatype::Boolean {
        let (yes, no) = if column.blank_is_no() { (["1"], ["0"]) } else { (["有"], ["無"]) };
        put("trueValues", json!(yes));
        put("falseValues", json!(no));
    }
    put("rdfType", json!(column.property()));
    let constraints = constraints(field);
    if !constraints.is_empty() {
        put("constraints", Value::Object(constraints));
    }
    put("x-need", json!(field.need.word()));
    Value::Object(schema)
}

fn constraints(field: &Field) -> Map<String, Value> {
    let column = &field.column;
    let mut constraints = Map::new();
    if field.must_be_filled() {
        constraints.insert("required".to_owned(), json!(true));
    }
    if !column.choices.is_empty() && column.reads.cell().cardinality == Cardinality::One {
        // A choice with a code is written as its code or as its word.
        let cells: Vec<&str> = column.words().flat_map(|word| column.code_of(word).into_iter().chain([word])).collect();
        constraints.insert("enum".to_owned(), json!(cells));
    }
    if let Some(pattern) = pattern::of_cell(column.reads) {
        constraints.insert("pattern".to_owned(), json!(pattern));
    }
    if let Some((least, most)) = pattern::bounds(column.reads) {
        constraints.insert("minimum".to_owned(), json!(least));
        constraints.insert("maximum".to_owned(), json!(most));
    }
    constraints
}
