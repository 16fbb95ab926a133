//! The value of each attribute kind (5.2.5 to 5.2.8, 5.2.32, 5.2.35 to 5.2.38).

use hiroba_vocab::Iri;
use hiroba_vocab::ngsi_ld::NULL;
use serde_json::Value;

use super::{Nulls, Path, Reader, ValueFragment};
use crate::entity::{AttributeValue, Kind, LanguageMap, OneOrMany};
use crate::error::{Error, Result};
use crate::geometry;
use crate::language::{NONE, is_language_tag};

impl Reader<'_> {
    /// The value member of an attribute of `kind`.
    pub(super) fn value(&self, kind: Kind, value: Value, path: &Path<'_>) -> Result<ValueFragment> {
        if is_null(kind, &value) {
            self.removal::<()>().map_err(|e| e.at(path))?;
            return Ok(ValueFragment::Null);
        }
        let located = |e: Error| e.at(path);
        Ok(ValueFragment::Value(match kind {
            Kind::Property => AttributeValue::Property(self.plain_value(value, path)?),
            Kind::GeoProperty => AttributeValue::GeoProperty(self.geometry(value, path)?),
            Kind::LanguageProperty => AttributeValue::LanguageProperty(self.language_map(value, path)?),
            Kind::VocabProperty => AttributeValue::VocabProperty(self.vocab(&value).map_err(located)?),
            Kind::JsonProperty => match value {
                Value::Object(_) | Value::Array(_) => AttributeValue::JsonProperty(value),
                _ => return Err(Error::bad_request("'json' is an object or an array").at(path)),
            },
            Kind::ListProperty => match value {
                Value::Array(items) => {
                    for (i, item) in items.iter().enumerate() {
                        check_nulls(item, false, &path.index(i))?;
                    }
                    AttributeValue::ListProperty(items)
                }
                _ => return Err(Error::bad_request("'valueList' is an array").at(path)),
            },
            Kind::Relationship => AttributeValue::Relationship(targets(&value).map_err(located)?),
            Kind::ListRelationship => AttributeValue::ListRelationship(target_list(&value).map_err(located)?),
        }))
    }

    /// Any JSON but null; where Nulls are refused, none may hide inside.
    pub(super) fn plain_value(&self, value: Value, path: &Path<'_>) -> Result<Value> {
        if value.is_null() {
            return Err(Error::bad_request(format!("null is no value; to delete, write \"{NULL}\"")).at(path));
        }
        check_nulls(&value, self.nulls == Nulls::Anywhere, path)?;
        Ok(value)
    }

    /// A geometry; one that came serialised as a string (4.7) is kept as the object that it says.
    pub(super) fn geometry(&self, value: Value, path: &Path<'_>) -> Result<Value> {
        geometry::parse(&value).map_err(|e| e.at(path))?;
        match value {
            Value::String(text) => Ok(serde_json::from_str(&text).unwrap_or(Value::String(text))),
            object => Ok(object),
        }
    }

    fn language_map(&self, value: Value, path: &Path<'_>) -> Result<LanguageMap> {
        let Value::Object(members) = value else {
            return Err(Error::bad_request("'languageMap' is an object: language tag to text").at(path));
        };
        let mut map = LanguageMap::with_capacity_and_hasher(members.len(), ahash::RandomState::default());
        for (tag, text) in members {
            let place = path.member(&tag);
            if tag != NONE && !is_language_tag(&tag) {
                return Err(
                    Error::bad_request(format!("'{tag}' is not a language tag (RFC 5646) or '@none'")).at(place)
                );
            }
            let text = match text {
                Value::String(text) => {
                    if text == NULL && self.nulls != Nulls::Anywhere {
                        return Err(Error::bad_request("the NGSI-LD Null is not allowed here").at(place));
                    }
                    OneOrMany::One(text.into())
                }
                Value::Array(items) => OneOrMany::Many(
                    items
                        .into_iter()
                        .map(|item| match item {
                            Value::String(text) if text != NULL => Ok(text.into()),
                            _ => Err(Error::bad_request("text in a languageMap is a string").at(place)),
                        })
                        .collect::<Result<_>>()?,
                ),
                _ => {
                    return Err(
                        Error::bad_request("text in a languageMap is a string or an array of strings").at(place)
                    );
                }
            };
            map.insert(tag.into(), text);
        }
        Ok(map)
    }

    fn vocab(&self, value: &Value) -> Result<OneOrMany<Iri>> {
        let term = |value: &Value| {
            value
                .as_str()
                .filter(|text| *text != NULL)
                .map(|text| self.context.expand_value(text))
                .ok_or_else(|| Error::bad_request("'vocab' is a string or an array of strings"))
        };
        match value {
            Value::Array(items) => Ok(OneOrMany::Many(items.iter().map(term).collect::<Result<_>>()?)),
            single => Ok(OneOrMany::One(term(single)?)),
        }
    }
}

/// Refuses NGSI-LD Nulls inside a value. Where values are merged, a Null deletes the member of an object; in an array,
/// which is replaced as it is, there is nothing that it could delete.
fn check_nulls(value: &Value, merged: bool, path: &Path<'_>) -> Result<()> {
    match value {
        Value::String(text) if text == NULL => {
            Err(Error::bad_request("the NGSI-LD Null is not allowed inside a value here").at(path))
        }
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(i, item)| check_nulls(item, false, &path.index(i)))
        }
        Value::Object(members) => members
            .iter()
            .filter(|(_, item)| !merged || **item != NULL)
            .try_for_each(|(key, item)| check_nulls(item, merged, &path.member(key))),
        _ => Ok(()),
    }
}

/// The encodings of the NGSI-LD Null as the whole value (4.5.0).
fn is_null(kind: Kind, value: &Value) -> bool {
    match value {
        Value::String(text) => text == NULL,
        Value::Array(items) => {
            matches!(kind, Kind::ListProperty | Kind::ListRelationship | Kind::VocabProperty | Kind::Relationship)
                && matches!(items.as_slice(), [item] if item == NULL)
        }
        Value::Object(members) => {
            kind == Kind::LanguageProperty && members.len() == 1 && members.get(NONE).is_some_and(|text| text == NULL)
        }
        _ => false,
    }
}

fn target(value: &Value) -> Result<Iri> {
    let text = value.as_str().filter(|text| *text != NULL);
    let text = text.ok_or_else(|| Error::bad_request("the target of a relationship is a URI"))?;
    Ok(Iri::parse(text)?)
}

fn targets(value: &Value) -> Result<OneOrMany<Iri>> {
    match value {
        Value::Array(items) if items.is_empty() => Err(Error::bad_request("a relationship has at least one target")),
        Value::Array(items) => Ok(OneOrMany::Many(items.iter().map(target).collect::<Result<_>>()?)),
        single => Ok(OneOrMany::One(target(single)?)),
    }
}

fn target_list(value: &Value) -> Result<Vec<Iri>> {
    let items = value.as_array().ok_or_else(|| Error::bad_request("'objectList' is an array"))?;
    items.iter().map(|item| target(item.get("object").unwrap_or(item))).collect()
}
