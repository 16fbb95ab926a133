//! All entities of a type as one CSV document: UTF-8 with a byte order mark, so that spreadsheets read it right.

use hiroba_store::Stored;
use hiroba_vocab::Iri;
use ngsild::entity::OneOrMany;
use ngsild::jsonld::Context;
use ngsild::{Attribute, AttributeValue};
use serde_json::Value;

/// The columns of a table.
#[derive(Debug, Clone)]
pub struct Columns {
    columns: Vec<(String, Source)>,
}

#[derive(Debug, Clone)]
enum Source {
    Id,
    Longitude,
    Latitude,
    /// A language of an attribute; empty for any.
    Language(Iri, &'static str),
    Attribute(Iri),
}

/// Languages with columns of their own.
const LANGUAGES: [&str; 3] = ["ja", "ja-Kana", "en"];

impl Columns {
    /// The columns for attributes, named as a context names them.
    pub fn of<'a>(attributes: impl Iterator<Item = (&'a Iri, bool)>, context: &Context) -> Self {
        let mut columns = vec![
            ("id".to_owned(), Source::Id),
            ("longitude".to_owned(), Source::Longitude),
            ("latitude".to_owned(), Source::Latitude),
        ];
        for (name, in_languages) in attributes {
            let short = context.compact(name);
            if name.as_str() == hiroba_vocab::ngsi_ld::LOCATION {
                continue;
            }
            if in_languages {
                for language in LANGUAGES {
                    columns.push((format!("{short}_{language}"), Source::Language(name.clone(), language)));
                }
            } else {
                columns.push((short.into_owned(), Source::Attribute(name.clone())));
            }
        }
        Self { columns }
    }

    /// The header row, after the byte order mark.
    pub fn head(&self) -> String {
        let mut line = String::from("\u{feff}");
        push_row(&mut line, self.columns.iter().map(|(name, _)| name.clone()));
        line
    }

    /// The row of an entity.
    pub fn row(&self, stored: &Stored) -> String {
        let mut line = String::new();
        push_row(&mut line, self.columns.iter().map(|(_, source)| text(stored, source)));
        line
    }
}

/// A row as RFC 4180 says.
fn push_row(line: &mut String, cells: impl Iterator<Item = String>) {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Writing to memory does not fail.
    let row = writer.write_record(cells).ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default();
    line.push_str(&String::from_utf8_lossy(&row));
}

fn text(stored: &Stored, source: &Source) -> String {
    let entity = &stored.entity;
    let position = |at: usize| {
        let location = entity.default_instance(hiroba_vocab::ngsi_ld::LOCATION);
        match location.map(|instance| &instance.is) {
            Some(AttributeValue::GeoProperty(json)) if json["type"] == "Point" => json["coordinates"][at].to_string(),
            _ => String::new(),
        }
    };
    match source {
        Source::Id => entity.id.to_string(),
        Source::Longitude => position(0),
        Source::Latitude => position(1),
        Source::Attribute(name) => {
            let instances = entity.attributes.get(name).map_or(&[][..], Vec::as_slice);
            instances.iter().map(value).collect::<Vec<_>>().join(";")
        }
        Source::Language(name, language) => match entity.default_instance(name.as_str()).map(|instance| &instance.is) {
            Some(AttributeValue::LanguageProperty(map)) => {
                // What has no language is shown where Japanese would be.
                let fallback = if *language == "ja" { map.get("@none") } else { None };
                map.get(*language).or(fallback).map(texts).unwrap_or_default()
            }
            // Some entities say it in no language.
            Some(_) if *language == "ja" => text(stored, &Source::Attribute(name.clone())),
            _ => String::new(),
        },
    }
}

fn texts(text: &OneOrMany<Box<str>>) -> String {
    text.as_slice().join(";")
}

fn value(instance: &Attribute) -> String {
    let iris = |iris: &[Iri]| iris.iter().map(Iri::as_str).collect::<Vec<_>>().join(";");
    match &instance.is {
        AttributeValue::Property(json) | AttributeValue::JsonProperty(json) | AttributeValue::GeoProperty(json) => {
            plain(json)
        }
        AttributeValue::ListProperty(items) => items.iter().map(plain).collect::<Vec<_>>().join(";"),
        AttributeValue::LanguageProperty(map) => map.values().map(texts).collect::<Vec<_>>().join(";"),
        AttributeValue::VocabProperty(list) | AttributeValue::Relationship(list) => iris(list.as_slice()),
        AttributeValue::ListRelationship(list) => iris(list),
    }
}

fn plain(json: &Value) -> String {
    match json {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(";"),
        Value::Object(members) => match members.get("addressText").or_else(|| members.get("@value")) {
            Some(Value::String(whole)) => whole.clone(),
            _ => json.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let mut line = String::new();
        push_row(&mut line, ["a", "b,c", "d\"e", "f\ng", ""].map(str::to_owned).into_iter());
        assert_eq!(line, "a,\"b,c\",\"d\"\"e\",\"f\ng\",\r\n");
    }
}
