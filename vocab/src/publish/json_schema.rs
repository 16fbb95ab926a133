//! JSON Schema (2020-12) of an entity in its simplified representation (`format=simplified`, 4.5.4), under the names of the
//! published @context.

use serde_json::{Map, Value, json};

use super::attribute::{Attribute, of_dataset};
use super::pattern;
use crate::dataset::{Cardinality, Dataset, Datatype, Range, Reads};
use crate::namespace::{COLUMN, HIROBA};
use crate::term::Terms;

/// The schema of the entities of a data set.
///
/// `required` says what every entity has that Hiroba made. What the standard asks of publishers is in `x-need`: a list that
/// leaves it out is published all the same. Values outside the standard's lists are published too, so `examples` names
/// these and nothing is forbidden. Cells of columns without an attribute are under the IRI of their header.
pub fn json_schema(dataset: &Dataset) -> Value {
    let terms = Terms::published();
    let class = terms.get(&dataset.entity_type);
    let attributes = of_dataset(dataset);
    let mut properties = Map::new();
    properties.insert("@context".to_owned(), json!(true));
    properties.insert(
        "id".to_owned(),
        json!({"type": "string", "format": "uri", "pattern": format!("^urn:ngsi-ld:{}:", dataset.entity_type)}),
    );
    properties
        .insert("type".to_owned(), json!({"const": dataset.entity_type, "x-iri": terms.iri(&dataset.entity_type)}));
    let mut required = vec!["id", "type"];
    for attribute in &attributes {
        properties.insert(attribute.term.term.clone(), property(attribute));
        if attribute.always {
            required.push(&attribute.term.term);
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("{HIROBA}{}.schema.json", dataset.slug),
        "title": class.map_or(dataset.entity_type.as_str(), |class| class.en.as_str()),
        "description": format!("{}: {}", dataset.title_ja, dataset.title_en),
        "type": "object",
        "required": required,
        "properties": properties,
        "patternProperties": {format!("^{}", COLUMN.replace('.', "\\.")): {"type": ["string", "boolean", "number"]}},
    })
}

fn property(attribute: &Attribute<'_>) -> Value {
    let term = attribute.term;
    let mut schema = Map::new();
    schema.insert("title".to_owned(), json!(term.en));
    schema.insert("description".to_owned(), json!(format!("{} {}", term.definition_ja, term.definition_en)));
    let mut item = item(attribute.range.datatype, attribute.reads());
    let hazards = attribute.hazards();
    if !hazards.is_empty() {
        item = json!({"enum": hazards});
    }
    if !attribute.keys.is_empty() && matches!(attribute.range.datatype, Datatype::Object | Datatype::OpeningHours) {
        let keys = attribute.keys.iter();
        let keys: Map<String, Value> = keys
            .map(|key| {
                let mut schema = as_object(of_range(key.range, item_of(key.range, key.reads)));
                schema.insert("x-iri".to_owned(), json!(key.term.iri));
                (key.term.term.clone(), Value::Object(schema))
            })
            .collect();
        item = json!({"type": "object", "properties": keys});
    }
    schema.extend(as_object(of_range(attribute.range, item)));
    let choices: Vec<&str> = attribute.columns.iter().flat_map(|column| column.words()).collect();
    if !choices.is_empty() {
        schema.insert("examples".to_owned(), json!(choices));
    }
    schema.insert("x-iri".to_owned(), json!(term.iri));
    schema.insert("x-need".to_owned(), json!(attribute.need.word()));
    if let Some(unit) = &term.unit {
        schema.insert("x-unit-code".to_owned(), json!(unit));
    }
    Value::Object(schema)
}

fn item_of(range: Range, reads: Option<Reads>) -> Value {
    item(range.datatype, reads)
}

/// The schema of one value.
fn item(datatype: Datatype, reads: Option<Reads>) -> Value {
    let pattern = pattern::of_datatype(datatype).or_else(|| reads.and_then(pattern::of_reads));
    match datatype {
        Datatype::Text | Datatype::Date | Datatype::Time => match pattern {
            Some(pattern) => json!({"type": "string", "pattern": pattern}),
            None => json!({"type": "string"}),
        },
        // Cities write Japanese in paths: such a URL is an IRI (RFC 3987), and no URI.
        Datatype::Url | Datatype::Entity => json!({"type": "string", "format": "iri"}),
        Datatype::LanguageText => json!({
            "type": "object",
            "properties": {"languageMap": {"type": "object", "additionalProperties": {
                "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            }}},
            "required": ["languageMap"],
        }),
        Datatype::Integer => json!({"type": "integer"}),
        Datatype::Number => json!({"type": "number"}),
        Datatype::Boolean => json!({"type": "boolean"}),
        Datatype::Geometry => json!({
            "type": "object",
            "properties": {
                "type": {"enum": ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]},
                "coordinates": {"type": "array"},
            },
            "required": ["type", "coordinates"],
        }),
        Datatype::Object | Datatype::OpeningHours => json!({"type": "object"}),
        Datatype::Day => json!({"enum": [
            "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "PublicHolidays",
        ]}),
        Datatype::Any => json!({}),
    }
}

fn of_range(range: Range, item: Value) -> Value {
    match range.cardinality {
        Cardinality::One => item,
        Cardinality::Many => json!({"type": "array", "items": item}),
        Cardinality::OneOrMany => json!({"anyOf": [item.clone(), {"type": "array", "items": item}]}),
    }
}

fn as_object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
