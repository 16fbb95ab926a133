//! Entities for clients of older versions (table 4.3.6.8-1).

use ngsild::Entity;
use ngsild::jsonld::Context;
use ngsild::query::{Projection, ProjectionList};
use ngsild::render::{EntityDocument, Form, Rendering, SpecVersion, conform, conform_evolution};
use ngsild::temporal::{Evolution, Instance, Recorded, TemporalQuery};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::arbitrary::arbitrary_entity;
use crate::entity;

fn version(text: &str) -> SpecVersion {
    text.parse().unwrap()
}

fn shown(body: &Value, target: &str, rendering: Rendering<'_>) -> Value {
    let older = conform(&entity(body.clone()), version(target), &rendering);
    let rendering = rendering.of_conformed();
    serde_json::to_value(EntityDocument { entity: &older, rendering, embedded_context: None }).unwrap()
}

/// Every row of the table: what there is, since when, and what an older version gets instead.
fn rows() -> Vec<(&'static str, &'static str, &'static str, Value, Value)> {
    let with = |name: &'static str, value: Value| json!({"id": "urn:x:1", "type": "T", name: value});
    let property = json!({"type": "Property", "value": 1});
    let with_member = |name: &str, value: Value| {
        let mut attribute = property.clone();
        attribute[name] = value;
        attribute
    };
    let several = json!([
        {"type": "Property", "value": 2, "datasetId": "urn:x:d"}, {"type": "Property", "value": 1},
    ]);
    let named = json!([
        {"type": "Property", "value": 1, "datasetId": "urn:x:a"}, {"type": "Property", "value": 2, "datasetId": "urn:x:b"},
    ]);
    let relation = json!({"type": "Relationship", "object": "urn:x:2", "objectType": "U"});
    let list = json!({"type": "ListRelationship", "objectList": [{"object": "urn:x:2"}, {"object": "urn:x:3"}]});
    let at = "2099-01-01T00:00:00Z";
    vec![
        (
            "several types",
            "1.2",
            "1.3",
            json!({"id": "urn:x:1", "type": ["T", "U"]}),
            json!({"id": "urn:x:1", "type": "T"}),
        ),
        ("several instances", "1.2", "1.3", with("a", several), with("a", property.clone())),
        ("several instances, none of them the default", "1.2", "1.3", with("a", named), with("a", property.clone())),
        ("scope", "1.3", "1.4", with("scope", json!("/a")), json!({"id": "urn:x:1", "type": "T"})),
        (
            "LanguageProperty",
            "1.3",
            "1.4",
            with("a", json!({"type": "LanguageProperty", "languageMap": {"ja": "公園", "en": ["park", "garden"]}})),
            with("a", json!({"type": "Property", "value": {"ja": "公園", "en": ["park", "garden"]}})),
        ),
        (
            "JsonProperty",
            "1.7",
            "1.8",
            with("a", json!({"type": "JsonProperty", "json": {"type": "x"}})),
            with("a", json!({"type": "Property", "value": {"type": "x"}})),
        ),
        (
            "VocabProperty",
            "1.7",
            "1.8",
            with("a", json!({"type": "VocabProperty", "vocab": ["Apple", "Pear"]})),
            with("a", json!({"type": "Property", "value": ["Apple", "Pear"]})),
        ),
        (
            "ListProperty",
            "1.7",
            "1.8",
            with("a", json!({"type": "ListProperty", "valueList": [1, "b"]})),
            with("a", json!({"type": "Property", "value": [1, "b"]})),
        ),
        (
            "ListRelationship",
            "1.7",
            "1.8",
            with("a", list),
            with("a", json!({"type": "Relationship", "object": ["urn:x:2", "urn:x:3"]})),
        ),
        ("datasetId", "1.2", "1.3", with("a", with_member("datasetId", json!("urn:x:d"))), with("a", property.clone())),
        ("observedAt", "1.2", "1.3", with("a", with_member("observedAt", json!(at))), with("a", property.clone())),
        ("unitCode", "1.2", "1.3", with("a", with_member("unitCode", json!("CEL"))), with("a", property.clone())),
        (
            "objectType",
            "1.7",
            "1.8",
            with("a", relation),
            with("a", json!({"type": "Relationship", "object": "urn:x:2"})),
        ),
        (
            "expiresAt of an attribute",
            "1.8",
            "1.9",
            with("a", with_member("expiresAt", json!(at))),
            with("a", property.clone()),
        ),
        ("expiresAt of an entity", "1.8", "1.9", with("expiresAt", json!(at)), json!({"id": "urn:x:1", "type": "T"})),
        ("valueType", "1.8", "1.9", with("a", with_member("valueType", json!("Count"))), with("a", property.clone())),
    ]
}

/// Without what the system adds, so that cases stay short.
fn without_system(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|name, _| name != "createdAt" && name != "modifiedAt");
                members.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut value);
    value
}

fn everything(context: &Context) -> Rendering<'_> {
    Rendering { sys_attrs: true, ..Rendering::whole(context, Form::Normalized) }
}

#[test]
fn what_a_version_does_not_know_is_left_out_or_rewritten() {
    let context = Context::core();
    for (row, older, since, body, expected) in rows() {
        let at = |target: &str| without_system(shown(&body, target, everything(&context)));
        assert_eq!(at(older), expected, "{row} for {older}");
        assert_eq!(at(since), at("1.9"), "{row} for {since}");
        assert_ne!(at("1.9"), expected, "{row}");
        // Fallbacks add up.
        assert_eq!(at("1.1"), at("1.2"), "{row}");
    }
}

#[test]
fn sub_attributes_fall_back_as_attributes_do() {
    let context = Context::core();
    for (row, older, _, body, expected) in rows() {
        let (Some(attribute), Some(expected)) = (body.get("a"), expected.get("a")) else { continue };
        let below = |sub: &Value| json!({"id": "urn:x:1", "type": "T", "b": {"type": "Relationship", "object": "urn:x:9", "a": sub.clone()}});
        let got = without_system(shown(&below(attribute), older, everything(&context)));
        assert_eq!(got, below(expected), "{row}");
    }
}

#[test]
fn what_is_selected_falls_back_and_the_rest_does_not_count() {
    let context = Context::core();
    let body = json!({
        "id": "urn:x:1", "type": "T",
        "a": [{"type": "Property", "value": 1}, {"type": "Property", "value": 2, "datasetId": "urn:x:d"}],
        "name": {"type": "LanguageProperty", "languageMap": {"ja": "公園", "en": "park"}}
    });
    let datasets = [Some(hiroba_vocab::DatasetId::parse("urn:x:d").unwrap())];
    let lang = "en".parse().unwrap();
    let pick = "a,name".parse::<ProjectionList>().unwrap();
    let projection = Projection::resolve(None, Some(&pick), None, &context).unwrap();
    let rendering = Rendering {
        datasets: &datasets,
        lang: Some(&lang),
        projection: &projection,
        ..Rendering::whole(&context, Form::Normalized)
    };
    assert_eq!(
        shown(&body, "1.2", rendering),
        json!({"a": {"type": "Property", "value": 2}}),
        "the instance that was asked for, not the default one"
    );
    let rendering = Rendering { datasets: &[], ..rendering };
    assert_eq!(
        shown(&body, "1.2", rendering),
        json!({"a": {"type": "Property", "value": 1}, "name": {"type": "Property", "value": "park", "lang": "en"}}),
        "a language that was asked for is chosen before"
    );
}

/// An evolution that has every instance of an entity as a point.
fn evolution(entity: &Entity) -> Evolution {
    let mut evolution = Evolution::new(entity.id.clone(), entity.types.clone());
    for (name, instances) in &entity.attributes {
        for (version, instance) in (1..).zip(instances) {
            let is = Recorded::Attribute { name: name.clone(), instance: instance.clone() };
            evolution.add(version, Instance { number: 0, deleted_at: None, is }, &TemporalQuery::default());
        }
    }
    evolution
}

proptest! {
    /// The points of a series fall back as the instances of an entity do.
    #[test]
    fn series_fall_back_as_entities_do(entity in arbitrary_entity(), minor in 1..=9_u8) {
        let context = Context::core();
        let rendering = Rendering::whole(&context, Form::Normalized);
        let (evolution, version) = (evolution(&entity), version(&format!("1.{minor}")));
        let older = conform_evolution(&evolution, version, &rendering);
        prop_assert_eq!(older.as_entity(), conform(&evolution.as_entity(), version, &rendering));
    }

    /// Conforming twice is conforming once; to the older of two versions, in whatever order.
    #[test]
    fn fallbacks_are_final_and_add_up(entity in arbitrary_entity(), first in 1..=9_u8, second in 1..=9_u8) {
        let context = Context::core();
        let rendering = Rendering::whole(&context, Form::Normalized);
        let to = |entity: &_, minor: u8| conform(entity, version(&format!("1.{minor}")), &rendering);
        let once = to(&entity, first);
        prop_assert_eq!(&to(&once, first), &once);
        prop_assert_eq!(to(&once, second), to(&entity, first.min(second)));
        prop_assert_eq!(to(&entity, 9), entity);
    }
}
