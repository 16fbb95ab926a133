//! Values as people read them, and as spreadsheets do.

use std::collections::HashMap;
use std::sync::LazyLock;

use hiroba_vocab::Terms;
use hiroba_vocab::publish::code_lists;
use ngsild::entity::OneOrMany;
use ngsild::{Attribute, AttributeValue};
use serde_json::Value;

use super::Language;

/// What codes are called: by the list, and the code as entities have it.
type Labels = HashMap<String, HashMap<String, Code>>;

struct Code {
    ja: String,
    en: Option<String>,
}

static LABELS: LazyLock<Labels> = LazyLock::new(|| {
    let code = |code: hiroba_vocab::publish::Code| (code.notation, Code { ja: code.ja, en: code.en });
    code_lists().into_iter().map(|list| (list.name, list.codes.into_iter().map(code).collect())).collect()
});

/// What a text is called in a language, if it is a code of the attribute of that name. What is excluded or uncertain has
/// the codes of what is not.
fn coded(attribute: &str, text: &str, language: Language) -> Option<&'static str> {
    let base = attribute.strip_suffix("Excluded").or_else(|| attribute.strip_suffix("Uncertain"));
    let list = LABELS.get(attribute).or_else(|| LABELS.get(base?))?;
    let code = list.get(text)?;
    match language {
        Language::Ja => Some(&code.ja),
        Language::En => code.en.as_deref(),
    }
}

/// The text of an attribute, named as the vocabulary names it, for a reader of a language.
pub(super) fn text(attribute: &str, instances: &[Attribute], language: Language) -> String {
    let texts: Vec<String> = instances.iter().map(|instance| value(attribute, &instance.is, language)).collect();
    texts.join(" / ")
}

/// The text of one value of an attribute.
pub(super) fn value(attribute: &str, is: &AttributeValue, language: Language) -> String {
    let list = |iris: &[hiroba_vocab::Iri]| iris.iter().map(hiroba_vocab::Iri::as_str).collect::<Vec<_>>().join(", ");
    match is {
        AttributeValue::LanguageProperty(map) => match language.preference().choose(map) {
            Some((_, OneOrMany::One(text))) => text.to_string(),
            Some((_, OneOrMany::Many(texts))) => texts.join(", "),
            None => String::new(),
        },
        AttributeValue::Property(json) | AttributeValue::JsonProperty(json) => plain(attribute, json, language),
        AttributeValue::ListProperty(items) => joined(attribute, items, language),
        AttributeValue::GeoProperty(json) => match (json["type"].as_str(), json["coordinates"].as_array()) {
            // Latitude first, as people say it.
            (Some("Point"), Some(position)) if position.len() >= 2 => format!("{}, {}", position[1], position[0]),
            (kind, _) => kind.unwrap_or_default().to_owned(),
        },
        AttributeValue::VocabProperty(iris) | AttributeValue::Relationship(iris) => list(iris.as_slice()),
        AttributeValue::ListRelationship(iris) => list(iris),
    }
}

fn joined(attribute: &str, items: &[Value], language: Language) -> String {
    let separator = if language == Language::Ja { "、" } else { ", " };
    items.iter().map(|item| plain(attribute, item, language)).collect::<Vec<_>>().join(separator)
}

fn plain(attribute: &str, json: &Value, language: Language) -> String {
    match json {
        Value::Null => String::new(),
        Value::Bool(true) => language.say("yes").to_owned(),
        Value::Bool(false) => language.say("no").to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => coded(attribute, text, language).unwrap_or(text).to_owned(),
        Value::Array(items) => joined(attribute, items, language),
        Value::Object(members) => {
            if let Some(Value::String(whole)) = members.get("addressText").or_else(|| members.get("@value")) {
                return whole.clone();
            }
            let part = |(key, value): (&String, &Value)| {
                let name = coded(attribute, key, language).map_or_else(|| label(key, language), str::to_owned);
                format!("{name}: {}", plain(key, value, language))
            };
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn codes_of_the_standard_are_shown_in_the_reader_s_language() {
        for (attribute, json, ja, en) in [
            ("hazardTypes", json!(["flood", "earthquake"]), "洪水、地震", "flood, earthquake"),
            ("hazardTypesExcluded", json!(["tsunami"]), "津波", "tsunami"),
            ("hazardTypesUncertain", json!({"flood": "△"}), "洪水: △", "flood: △"),
            ("hazardTypes", json!(["meteor"]), "meteor", "meteor"),
            // A word is a code only where there are codes.
            ("description", json!("flood"), "flood", "flood"),
        ] {
            let is = AttributeValue::Property(json);
            assert_eq!(value(attribute, &is, Language::Ja), ja, "{attribute}");
            assert_eq!(value(attribute, &is, Language::En).to_lowercase(), en, "{attribute}");
        }
    }
}
