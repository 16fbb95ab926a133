//! Values as people read them, and as spreadsheets do.

use hiroba_vocab::Terms;
use ngsild::entity::OneOrMany;
use ngsild::{Attribute, AttributeValue};
use serde_json::Value;

use super::Language;

/// The text of an attribute for a reader of a language.
pub(super) fn text(instances: &[Attribute], language: Language) -> String {
    let texts: Vec<String> = instances.iter().map(|instance| value(&instance.is, language)).collect();
    texts.join(" / ")
}

/// The text of one value.
pub(super) fn value(is: &AttributeValue, language: Language) -> String {
    let list = |iris: &[hiroba_vocab::Iri]| iris.iter().map(hiroba_vocab::Iri::as_str).collect::<Vec<_>>().join(", ");
    match is {
        AttributeValue::LanguageProperty(map) => match language.preference().choose(map) {
            Some((_, OneOrMany::One(text))) => text.to_string(),
            Some((_, OneOrMany::Many(texts))) => texts.join(", "),
            None => String::new(),
        },
        AttributeValue::Property(json) | AttributeValue::JsonProperty(json) => plain(json, language),
        AttributeValue::ListProperty(items) => joined(items, language),
        AttributeValue::GeoProperty(json) => match (json["type"].as_str(), json["coordinates"].as_array()) {
            // Latitude first, as people say it.
            (Some("Point"), Some(position)) if position.len() >= 2 => format!("{}, {}", position[1], position[0]),
            (kind, _) => kind.unwrap_or_default().to_owned(),
        },
        AttributeValue::VocabProperty(iris) | AttributeValue::Relationship(iris) => list(iris.as_slice()),
        AttributeValue::ListRelationship(iris) => list(iris),
    }
}

fn joined(items: &[Value], language: Language) -> String {
    let separator = if language == Language::Ja { "、" } else { ", " };
    items.iter().map(|item| plain(item, language)).collect::<Vec<_>>().join(separator)
}

fn plain(json: &Value, language: Language) -> String {
    match json {
        Value::Null => String::new(),
        Value::Bool(true) => language.say("yes").to_owned(),
        Value::Bool(false) => language.say("no").to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => joined(items, language),
        Value::Object(members) => {
            if let Some(Value::String(whole)) = members.get("addressText").or_else(|| members.get("@value")) {
                return whole.clone();
            }
            let part =
                |(key, value): (&String, &Value)| format!("{}: {}", label(key, language), plain(value, language));
            members.iter().map(part).collect::<Vec<_>>().join(" ; ")
        }
    }
}

/// What a term is called in a language; the term itself when nobody says.
pub(super) fn label(term: &str, language: Language) -> String {
    match Terms::published().get(term) {
        Some(known) if language == Language::Ja => known.ja.clone(),
        Some(known) => known.en.clone(),
        None => short(term).into_owned(),
    }
}

/// The last part of an IRI, decoded: what a reader can make something of.
fn short(term: &str) -> std::borrow::Cow<'_, str> {
    let local = term.rsplit(['/', '#']).next().filter(|local| !local.is_empty()).unwrap_or(term);
    percent_encoding::percent_decode_str(local).decode_utf8().unwrap_or(local.into())
}
