//! Entities as the change feed shows them: normalized, names by the core @context, with system members.
//!
//! The reader of `ngsild` is made for clients, whose `createdAt` and `modifiedAt` count for nothing. Here they are the
//! broker's own, so they are taken from the JSON first and set afterwards.

use std::collections::HashMap;

use hiroba_vocab::Iri;
use ngsild::jsonld::Context;
use ngsild::read::{Nulls, Reader};
use ngsild::{Attributes, DateTime, Entity, Error};
use serde_json::{Map, Value};

/// When something was created and changed, and the same of the attributes below it.
#[derive(Debug, Default)]
struct Times {
    created: Option<DateTime>,
    modified: Option<DateTime>,
    attributes: HashMap<Iri, Vec<Times>>,
}

/// Reads a JSON object such as `{"id": …, "type": …, "createdAt": …, "name": {"type": "Property", "value": …}}`.
///
/// # Errors
/// When it is no entity by the rules of 4.5, which no broker should send.
pub fn entity(body: Value) -> Result<Entity, Error> {
    let context = Context::core();
    let times = body.as_object().map(|members| Times::of(&context, members)).unwrap_or_default();
    let fallback = times.modified.or(times.created).unwrap_or(DateTime::from_micros(0));
    let reader = Reader { context: &context, nulls: Nulls::Refused };
    let mut entity = reader.fragment(body)?.into_entity(fallback)?;
    if let Some(created) = times.created {
        entity.created_at = created;
    }
    stamp(&mut entity.attributes, &times.attributes);
    Ok(entity)
}

impl Times {
    fn of(context: &Context, members: &Map<String, Value>) -> Self {
        let instant = |name: &str| members.get(name).and_then(Value::as_str).and_then(DateTime::read);
        let mut attributes = HashMap::new();
        for (name, value) in members {
            // Members that NGSI-LD itself defines are no attributes, and say so here.
            if let Ok(iri) = context.expand_attribute(name) {
                let instances = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                let of = |instance: &Value| instance.as_object().map(|members| Self::of(context, members));
                if let Some(instances) = instances.iter().map(of).collect::<Option<Vec<_>>>() {
                    attributes.insert(iri, instances);
                }
            }
        }
        Self { created: instant("createdAt"), modified: instant("modifiedAt"), attributes }
    }
}

fn stamp(attributes: &mut Attributes, times: &HashMap<Iri, Vec<Times>>) {
    for (name, instances) in attributes {
        let Some(times) = times.get(name).filter(|times| times.len() == instances.len()) else { continue };
        for (instance, times) in instances.iter_mut().zip(times) {
            instance.created_at = times.created.unwrap_or(instance.created_at);
            instance.modified_at = times.modified.unwrap_or(instance.modified_at);
            stamp(&mut instance.attributes, &times.attributes);
        }
    }
}

#[cfg(test)]
mod tests {
    use ngsild::render::{EntityDocument, Form, Rendering};
    use serde_json::json;

    use super::*;

    fn shown(entity: &Entity) -> Value {
        let context = Context::core();
        let rendering = Rendering { sys_attrs: true, ..Rendering::whole(&context, Form::Normalized) };
        serde_json::to_value(EntityDocument { entity, rendering, embedded_context: None }).unwrap()
    }

    #[test]
    fn what_the_broker_shows_is_read_back_with_all_its_instants() {
        let at = |day: u8| format!("2026-04-{day:02}T09:30:00.000000Z");
        let members = |kind: &str, member: &str, value: Value, day: u8| {
            let mut object = json!({"type": kind, member: value, "createdAt": at(day), "modifiedAt": at(day + 1)});
            object["observedAt"] = Value::from("2026-04-01T00:00:00Z");
            object
        };
        let mut count = members("Property", "value", json!(3), 3);
        count["accuracy"] = members("Property", "value", json!(0.5), 5);
        count["unitCode"] = Value::from("C62");
        let mut other = members("Property", "value", json!([1, 2]), 7);
        other["datasetId"] = Value::from("urn:x:d");
        let body = json!({
            "id": "urn:ngsi-ld:AED:372013:1", "type": ["AED", "https://schema.org/Thing"], "scope": ["/a", "/b"],
            "createdAt": at(1), "modifiedAt": at(2),
            "count": [count, other],
            "名称": members("LanguageProperty", "languageMap", json!({"ja": "市役所", "@none": "x"}), 9),
            "location": members("GeoProperty", "value", json!({"type": "Point", "coordinates": [134.0, 34.3]}), 9),
            "raw": members("JsonProperty", "json", json!({"createdAt": 1}), 9),
            "kind": members("VocabProperty", "vocab", json!("red"), 9),
            "list": members("ListProperty", "valueList", json!([1, "a"]), 9),
            "owner": members("Relationship", "object", json!(["urn:x:1", "urn:x:2"]), 9),
            "tour": members("ListRelationship", "objectList", json!([{"object": "urn:x:1"}]), 9),
            "compound": members("Property", "value", json!({"a": {"createdAt": "no instant"}}), 9),
            "https://example.org/p#x": members("Property", "value", json!(true), 9),
        });
        let read = entity(body.clone()).unwrap();
        assert_eq!(read.created_at, DateTime::parse(&at(1)).unwrap());
        assert_eq!(read.modified_at, DateTime::parse(&at(2)).unwrap());
        let again = shown(&read);
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(&again[name], value, "{name}");
        }
    }
}
