//! What comes in normalized or concise goes out in every form (4.5, 5.2, annex C.2).

use ngsild::Entity;
use ngsild::jsonld::Context;
use ngsild::query::{Projection, ProjectionList};
use ngsild::render::{EntityDocument, Feature, Form, GeometryChoice, Rendering};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::arbitrary::arbitrary_entity;
use crate::{entity, try_entity};

fn rendering<'r>(context: &'r Context, form: Form, projection: &'r Projection) -> Rendering<'r> {
    Rendering { projection, ..Rendering::whole(context, form) }
}

fn show(entity: &Entity, form: Form) -> Value {
    let (context, projection) = (Context::core(), Projection::default());
    let document = EntityDocument { entity, rendering: rendering(&context, form, &projection), embedded_context: None };
    serde_json::to_value(document).unwrap()
}

fn greenhouse_normalized() -> Value {
    json!({
        "id": "urn:ngsi-ld:Greenhouse:g7", "type": "Greenhouse", "scope": ["/Farm/North"],
        "humidity": [
            {"type": "Property", "value": 61.5, "observedAt": "2025-03-01T06:00:00Z", "unitCode": "P1"},
            {"type": "Property", "value": 60.9, "datasetId": "urn:x:probe2", "unitCode": "P1"}
        ],
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [12.1, 45.2]}},
        "label": {"type": "LanguageProperty", "languageMap": {"it": "Serra", "en": ["Greenhouse", "Glasshouse"], "@none": "GH"}},
        "crop": {"type": "VocabProperty", "vocab": "Tomato"},
        "raw": {"type": "JsonProperty", "json": {"id": 5, "type": "x", "value": [1, 2]}},
        "stages": {"type": "ListProperty", "valueList": ["sow", "grow", "pick"]},
        "tendedBy": {"type": "Relationship", "object": ["urn:ngsi-ld:Person:p1", "urn:ngsi-ld:Person:p2"], "objectType": "Person"},
        "tour": {"type": "ListRelationship", "objectList": [{"object": "urn:ngsi-ld:Bed:b1"}, {"object": "urn:ngsi-ld:Bed:b2"}]},
        "area": {"type": "Property", "value": 120, "accuracy": {"type": "Property", "value": 0.5}},
        "config": {"type": "Property", "value": {"type": "wide", "value": 3}}
    })
}

fn greenhouse_concise() -> Value {
    json!({
        "id": "urn:ngsi-ld:Greenhouse:g7", "type": "Greenhouse", "scope": ["/Farm/North"],
        "humidity": [
            {"value": 61.5, "observedAt": "2025-03-01T06:00:00Z", "unitCode": "P1"},
            {"value": 60.9, "datasetId": "urn:x:probe2", "unitCode": "P1"}
        ],
        "location": {"type": "Point", "coordinates": [12.1, 45.2]},
        "label": {"languageMap": {"it": "Serra", "en": ["Greenhouse", "Glasshouse"], "@none": "GH"}},
        "crop": {"vocab": "Tomato"},
        "raw": {"json": {"id": 5, "type": "x", "value": [1, 2]}},
        "stages": {"valueList": ["sow", "grow", "pick"]},
        "tendedBy": {"object": ["urn:ngsi-ld:Person:p1", "urn:ngsi-ld:Person:p2"], "objectType": "Person"},
        "tour": {"objectList": ["urn:ngsi-ld:Bed:b1", "urn:ngsi-ld:Bed:b2"]},
        "area": {"value": 120, "accuracy": 0.5},
        "config": {"value": {"type": "wide", "value": 3}}
    })
}

#[test]
fn every_kind_is_shown_in_every_form() {
    let stored = entity(greenhouse_normalized());
    assert_eq!(show(&stored, Form::Normalized), greenhouse_normalized());
    assert_eq!(show(&stored, Form::Concise), greenhouse_concise());
    assert_eq!(
        show(&stored, Form::Simplified),
        json!({
            "id": "urn:ngsi-ld:Greenhouse:g7", "type": "Greenhouse", "scope": ["/Farm/North"],
            "humidity": {"dataset": {"@none": 61.5, "urn:x:probe2": 60.9}},
            "location": {"type": "Point", "coordinates": [12.1, 45.2]},
            "label": {"languageMap": {"it": "Serra", "en": ["Greenhouse", "Glasshouse"], "@none": "GH"}},
            "crop": {"vocab": "Tomato"},
            "raw": {"json": {"id": 5, "type": "x", "value": [1, 2]}},
            "stages": ["sow", "grow", "pick"],
            "tendedBy": ["urn:ngsi-ld:Person:p1", "urn:ngsi-ld:Person:p2"],
            "tour": ["urn:ngsi-ld:Bed:b1", "urn:ngsi-ld:Bed:b2"],
            "area": 120,
            "config": {"type": "wide", "value": 3}
        })
    );
}

#[test]
fn concise_input_means_the_same_as_normalized() {
    assert!(entity(greenhouse_concise()).says_the_same(&entity(greenhouse_normalized())));
}

#[test]
fn a_language_preference_turns_language_properties_into_properties() {
    let stored = entity(greenhouse_normalized());
    let (context, projection) = (Context::core(), Projection::default());
    let lang = "en".parse().unwrap();
    let label = |form| {
        let rendering = Rendering { lang: Some(&lang), ..rendering(&context, form, &projection) };
        let document = EntityDocument { entity: &stored, rendering, embedded_context: None };
        serde_json::to_value(document).unwrap()["label"].clone()
    };
    let words = json!(["Greenhouse", "Glasshouse"]);
    assert_eq!(label(Form::Normalized), json!({"type": "Property", "value": words, "lang": "en"}));
    assert_eq!(label(Form::Concise), json!({"value": words, "lang": "en"}));
    assert_eq!(label(Form::Simplified), words);
}

#[test]
fn projection_and_dataset_filter_reduce_what_is_shown() {
    let stored = entity(greenhouse_normalized());
    let context = Context::core();
    let pick: ProjectionList = "id,humidity,area".parse().unwrap();
    let projection = Projection::resolve(None, Some(&pick), None, &context).unwrap();
    let datasets = [Some(hiroba_vocab::DatasetId::parse("urn:x:probe2").unwrap())];
    let rendering = Rendering { datasets: &datasets, ..rendering(&context, Form::Concise, &projection) };
    let document = EntityDocument { entity: &stored, rendering, embedded_context: None };
    assert_eq!(
        serde_json::to_value(document).unwrap(),
        json!({"id": "urn:ngsi-ld:Greenhouse:g7", "humidity": {"value": 60.9, "datasetId": "urn:x:probe2", "unitCode": "P1"}})
    );
}

#[test]
fn a_feature_has_its_geometry_and_all_properties() {
    let stored = entity(greenhouse_normalized());
    let (context, projection) = (Context::core(), Projection::default());
    let choice = |name: &str| GeometryChoice { property: context.expand(name).unwrap(), dataset_id: None };
    let feature = |geometry: &GeometryChoice| {
        let rendering = rendering(&context, Form::Simplified, &projection);
        serde_json::to_value(Feature { entity: &stored, rendering, geometry, embedded_context: None }).unwrap()
    };
    let shown = feature(&choice("location"));
    assert_eq!(shown["type"], "Feature");
    assert_eq!(shown["geometry"], json!({"type": "Point", "coordinates": [12.1, 45.2]}));
    assert_eq!(shown["properties"]["type"], "Greenhouse");
    assert_eq!(shown["properties"]["area"], 120);
    assert_eq!(feature(&choice("area"))["geometry"], Value::Null, "another kind has no geometry");
    assert_eq!(feature(&choice("nothing"))["geometry"], Value::Null);
}

#[test]
fn system_members_from_clients_are_ignored_and_shown_on_request() {
    let stored = entity(json!({
        "id": "urn:x:1", "type": "T", "createdAt": "1999-01-01T00:00:00Z", "modifiedAt": "nonsense",
        "a": {"type": "Property", "value": 1, "createdAt": "1999-01-01T00:00:00Z", "instanceId": "urn:x:i", "previousValue": 0}
    }));
    let (context, projection) = (Context::core(), Projection::default());
    let rendering = Rendering { sys_attrs: true, ..rendering(&context, Form::Normalized, &projection) };
    let shown = serde_json::to_value(EntityDocument { entity: &stored, rendering, embedded_context: None }).unwrap();
    assert_eq!(shown["createdAt"], "2025-02-19T21:20:00.000000Z");
    assert_eq!(shown["a"]["modifiedAt"], "2025-02-19T21:20:00.000000Z");
    assert!(shown["a"].get("previousValue").is_none());
}

#[test]
fn broken_documents_are_refused_with_the_place() {
    let with = |attribute: Value| json!({"id": "urn:x:1", "type": "T", "a": attribute});
    for (why, body, place) in [
        ("no object", json!([1]), ""),
        ("no id", json!({"type": "T"}), "/id"),
        ("id is no URI", json!({"id": "x", "type": "T"}), "/id"),
        ("no type", json!({"id": "urn:x:1"}), "/type"),
        ("empty types", json!({"id": "urn:x:1", "type": []}), "/type"),
        ("illegal type name", json!({"id": "urn:x:1", "type": "T(1)"}), "/type"),
        ("illegal name", json!({"id": "urn:x:1", "type": "T", "a-b": 1}), "/a-b"),
        ("name with a digit first", json!({"id": "urn:x:1", "type": "T", "1a": 1}), "/1a"),
        ("reserved name", json!({"id": "urn:x:1", "type": "T", "unitCode": 1}), "/unitCode"),
        ("null", with(Value::Null), "/a"),
        ("NGSI-LD Null", with(json!("urn:ngsi-ld:null")), "/a"),
        ("NGSI-LD Null inside", with(json!({"value": {"b": ["urn:ngsi-ld:null"]}})), "/a/value/b/0"),
        ("no value", with(json!({"type": "Property"})), "/a"),
        ("value of another kind", with(json!({"type": "Property", "object": "urn:x:2"})), "/a"),
        ("two values", with(json!({"value": 1, "object": "urn:x:2"})), "/a"),
        ("unknown kind", with(json!({"type": "Proprety", "value": 1})), "/a"),
        ("object is no URI", with(json!({"type": "Relationship", "object": "x"})), "/a/object"),
        ("no targets", with(json!({"type": "Relationship", "object": []})), "/a/object"),
        (
            "broken geometry",
            with(json!({"type": "GeoProperty", "value": {"type": "Point", "coordinates": [200, 0]}})),
            "/a/value",
        ),
        ("broken DateTime", with(json!({"value": 1, "observedAt": "2020-01-01"})), "/a/observedAt"),
        ("broken datasetId", with(json!({"value": 1, "datasetId": "x"})), "/a/datasetId"),
        ("two defaults", with(json!([{"value": 1}, {"value": 2, "datasetId": "@none"}])), "/a"),
        (
            "same dataset twice",
            with(json!([{"value": 1, "datasetId": "urn:d"}, {"value": 2, "datasetId": "urn:d"}])),
            "/a",
        ),
        ("unit of a relationship", with(json!({"type": "Relationship", "object": "urn:x:2", "unitCode": "P1"})), "/a"),
        ("objectType of a property", with(json!({"value": 1, "objectType": "T"})), "/a"),
        ("language tag", with(json!({"languageMap": {"not a tag": "x"}})), "/a/languageMap/not a tag"),
        ("language text", with(json!({"languageMap": {"en": 5}})), "/a/languageMap/en"),
        ("vocab", with(json!({"vocab": 5})), "/a/vocab"),
        ("json", with(json!({"json": 5})), "/a/json"),
        ("list", with(json!({"valueList": 5})), "/a/valueList"),
        ("embedded context", with(json!({"value": 1, "@context": {}})), "/a/@context"),
        ("scope", json!({"id": "urn:x:1", "type": "T", "scope": "a b"}), "/scope"),
        (
            "deep",
            with(json!({"value": 1, "b": {"value": 1, "c": {"type": "Relationship", "object": "no"}}})),
            "/a/b/c/object",
        ),
    ] {
        let error = try_entity(body).expect_err(why);
        assert_eq!(error.at.as_deref(), Some(place), "{why}: {error}");
        assert_eq!(error.kind, ngsild::ErrorKind::BadRequestData, "{why}");
    }
}

#[test]
fn values_that_look_like_something_else_stay_what_they_are() {
    for value in [
        json!({"type": "Point", "coordinates": "none"}),
        json!([{"value": 1}]),
        json!([]),
        json!({}),
        json!({"@type": "DateTime", "@value": "2020-01-01T00:00:00Z"}),
        json!({"@type": "@json", "@value": null}),
        json!(false),
        json!(""),
    ] {
        let body = json!({"id": "urn:x:1", "type": "T", "a": {"type": "Property", "value": value}});
        let stored = entity(body.clone());
        assert_eq!(show(&stored, Form::Normalized), body);
        assert!(entity(show(&stored, Form::Concise)).says_the_same(&stored), "{}", show(&stored, Form::Concise));
    }
}

#[test]
fn a_geometry_given_as_a_string_is_the_geometry_that_it_says() {
    let stored = entity(json!({
        "id": "urn:x:1", "type": "T",
        "location": {"type": "GeoProperty", "value": "{\"type\": \"Point\", \"coordinates\": [1, 2]}"}
    }));
    assert_eq!(show(&stored, Form::Simplified)["location"], json!({"type": "Point", "coordinates": [1, 2]}));
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back_as_the_same_entity(stored in arbitrary_entity()) {
        for form in [Form::Normalized, Form::Concise] {
            let shown = show(&stored, form);
            let back = try_entity(shown.clone());
            prop_assert!(back.as_ref().is_ok_and(|back| back.says_the_same(&stored)), "{form:?}: {shown}\n{back:?}");
        }
    }

    #[test]
    fn what_is_stored_is_loaded_unchanged(stored in arbitrary_entity()) {
        let text = serde_json::to_string(&stored).unwrap();
        prop_assert_eq!(serde_json::from_str::<Entity>(&text).unwrap(), stored);
    }

    #[test]
    fn no_json_panics_the_reader(text in "[\\[\\]{}\":,a-z0-9. ]{0,60}") {
        if let Ok(body) = serde_json::from_str::<Value>(&text) {
            let _ = try_entity(body.clone());
            let _ = try_entity(json!({"id": "urn:x:1", "type": "T", "a": body}));
        }
    }
}
