//! Random entities with every kind of attribute.

use hiroba_vocab::{DatasetId, EntityId, Iri, Scope};
use ngsild::entity::{LanguageMap, OneOrMany};
use ngsild::jsonld::Context;
use ngsild::{Attribute, AttributeValue, Attributes, Entity};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::at;

const NAMES: [&str; 6] = ["alpha", "beta", "gamma", "delta", "名称", "location"];

fn iri(name: &str) -> Iri {
    Context::core().expand(name).unwrap()
}

fn target() -> impl Strategy<Value = Iri> {
    (0..20_u8).prop_map(|n| Iri::from_expanded(format!("urn:ngsi-ld:T:{n}")))
}

fn json_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-1000..1000_i64).prop_map(Value::from),
        (-1000.0..1000.0_f64).prop_map(Value::from),
        "[a-zé日本 \"\\\\]{0,6}".prop_map(Value::from),
        Just(json!("2020-01-01T00:00:00Z")),
    ];
    scalar.prop_recursive(2, 8, 3, |inner| {
        let key = prop_oneof![Just("value"), Just("type"), Just("object"), Just("k"), Just("coordinates")];
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((key, inner), 0..3).prop_map(|members| {
                Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

fn geometry() -> impl Strategy<Value = Value> {
    let position = || (-180.0..180.0_f64, -90.0..90.0_f64).prop_map(|(x, y)| json!([x, y]));
    prop_oneof![
        position().prop_map(|p| json!({"type": "Point", "coordinates": p})),
        vec(position(), 2..5).prop_map(|p| json!({"type": "LineString", "coordinates": p})),
    ]
}

fn language_map() -> impl Strategy<Value = LanguageMap> {
    let text = || "[a-z日]{1,5}".prop_map(|text| OneOrMany::One(text.into()));
    btree_map(prop_oneof![Just("ja"), Just("en-GB"), Just("@none")], text(), 1..3)
        .prop_map(|map| map.into_iter().map(|(tag, text)| (tag.into(), text)).collect())
}

fn value() -> impl Strategy<Value = AttributeValue> {
    let one_or_many = || prop_oneof![target().prop_map(OneOrMany::One), vec(target(), 1..3).prop_map(OneOrMany::Many)];
    prop_oneof![
        json_value().prop_map(AttributeValue::Property),
        geometry().prop_map(AttributeValue::GeoProperty),
        language_map().prop_map(AttributeValue::LanguageProperty),
        one_or_many().prop_map(AttributeValue::VocabProperty),
        json_value()
            .prop_filter("object or array", |v| v.is_object() || v.is_array())
            .prop_map(AttributeValue::JsonProperty),
        vec(json_value(), 0..3).prop_map(AttributeValue::ListProperty),
        one_or_many().prop_map(AttributeValue::Relationship),
        vec(target(), 0..3).prop_map(AttributeValue::ListRelationship),
    ]
}

fn instance() -> impl Strategy<Value = Attribute> {
    (value(), option::of(0..3_i64), any::<bool>()).prop_map(|(is, observed, unit)| {
        let kind = is.kind();
        let mut attribute = Attribute::new(is, at(0));
        attribute.observed_at = observed.map(at);
        if unit && kind == ngsild::Kind::Property {
            attribute.unit_code = Some("P1".into());
        }
        if unit && kind.is_relationship() {
            attribute.object_type = Some(OneOrMany::One(iri("T")));
        }
        attribute
    })
}

fn instances(depth: u32) -> BoxedStrategy<Vec<Attribute>> {
    let subs = if depth > 0 { attributes(depth - 1, 2).boxed() } else { Just(Attributes::default()).boxed() };
    vec((instance(), subs), 1..3)
        .prop_map(|instances| {
            let number = |(i, (mut attribute, subs)): (usize, (Attribute, Attributes))| {
                attribute.attributes = subs;
                attribute.dataset_id = (i > 0).then(|| DatasetId::parse(&format!("urn:d:{i}")).unwrap());
                attribute
            };
            instances.into_iter().enumerate().map(number).collect()
        })
        .boxed()
}

fn attributes(depth: u32, most: usize) -> impl Strategy<Value = Attributes> {
    vec((0..NAMES.len(), instances(depth)), 0..most)
        .prop_map(|all| all.into_iter().map(|(name, instances)| (iri(NAMES[name]), instances)).collect())
}

pub(crate) fn arbitrary_entity() -> impl Strategy<Value = Entity> {
    (0..9_u8, 1..4_u8, option::of(0..3_u8), attributes(2, 5)).prop_map(|(id, types, scope, attributes)| {
        let mut entity = Entity::new(EntityId::parse(&format!("urn:ngsi-ld:T:{id}")).unwrap(), iri("T"), at(0));
        entity.add_types((1..types).map(|n| iri(&format!("T{n}"))));
        entity.scope = scope.map(|n| OneOrMany::One(Scope::parse(&format!("/s/l{n}")).unwrap()));
        entity.attributes = attributes;
        entity
    })
}
