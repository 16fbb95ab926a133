//! The rules of writing, side by side (5.5.8, 5.5.12, 5.6).

use hiroba_vocab::{DatasetId, Iri};
use ngsild::change::{Change, Operation};
use ngsild::jsonld::Context;
use ngsild::read::{Fragment, Nulls, Reader};
use ngsild::render::{EntityDocument, Form, Rendering};
use ngsild::write::{self, InstanceSelector, MergeOptions};
use ngsild::{Entity, ErrorKind, Result};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::arbitrary::arbitrary_entity;
use crate::{at, entity};

fn fragment(nulls: Nulls, body: Value) -> Fragment {
    Reader { context: &Context::core(), nulls }.fragment(body).unwrap_or_else(|e| panic!("{e}"))
}

fn concise(entity: &Entity) -> Value {
    let context = Context::core();
    let rendering = Rendering::whole(&context, Form::Concise);
    let mut shown = serde_json::to_value(EntityDocument { entity, rendering, embedded_context: None }).unwrap();
    let members = shown.as_object_mut().unwrap();
    members.remove("id");
    if members["type"] == "T" {
        members.remove("type");
    }
    shown
}

fn old(attributes: Value) -> Entity {
    let mut body = json!({"id": "urn:x:1", "type": "T"});
    body.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    entity(body)
}

fn name(text: &str) -> Iri {
    Context::core().expand(text).unwrap()
}

fn merge(before: Value, patch: Value) -> Value {
    let options = MergeOptions::default();
    concise(&write::merge_entity(&old(before), fragment(Nulls::Anywhere, patch), &options, at(9)).unwrap())
}

fn update(before: Value, patch: Value) -> Value {
    concise(&write::update_attributes(&old(before), fragment(Nulls::Members, patch), at(9)).unwrap().entity)
}

fn partial(before: Value, attribute: &str, patch: Value) -> Result<Value> {
    let reader = Reader { context: &Context::core(), nulls: Nulls::Members };
    let fragment = reader.attribute(patch)?;
    write::partial_attribute_update(&old(before), &name(attribute), fragment, at(9)).map(|e| concise(&e))
}

#[test]
fn the_four_ways_to_patch_differ_as_the_standard_says() {
    let before = || json!({"t": {"value": 25, "unitCode": "CEL", "observedAt": "2020-01-01T00:00:00Z"}});
    let patch = || json!({"value": 100, "observedAt": "2020-01-02T00:00:00Z"});
    let replaced = json!({"t": {"value": 100, "observedAt": "2020-01-02T00:00:00Z"}});
    let kept = json!({"t": {"value": 100, "unitCode": "CEL", "observedAt": "2020-01-02T00:00:00Z"}});
    assert_eq!(update(before(), json!({"t": patch()})), replaced);
    assert_eq!(partial(before(), "t", patch()).unwrap(), kept);
    assert_eq!(merge(before(), json!({"t": patch()})), kept);
    let appended =
        write::append_attributes(&old(before()), fragment(Nulls::Refused, json!({"t": patch()})), true, at(9));
    assert_eq!(concise(&appended.unwrap().entity), replaced);
}

#[test]
fn merge_goes_to_any_depth_and_null_deletes() {
    for (why, before, patch, after) in [
        ("new attribute", json!({"a": 1}), json!({"b": 2}), json!({"a": 1, "b": 2})),
        ("null of nothing", json!({"a": 1}), json!({"b": "urn:ngsi-ld:null"}), json!({"a": 1})),
        ("null of an attribute", json!({"a": 1, "b": 2}), json!({"a": "urn:ngsi-ld:null"}), json!({"b": 2})),
        (
            "null as value",
            json!({"a": 1, "b": 2}),
            json!({"a": {"type": "Property", "value": "urn:ngsi-ld:null"}}),
            json!({"b": 2}),
        ),
        (
            "object values",
            json!({"a": {"street": "A", "city": "B", "country": "C"}}),
            json!({"a": {"value": {"street": "D", "country": "urn:ngsi-ld:null"}}}),
            json!({"a": {"street": "D", "city": "B"}}),
        ),
        ("arrays are replaced", json!({"a": [1, 2]}), json!({"a": [3]}), json!({"a": [3]})),
        (
            "sub-attribute",
            json!({"a": {"value": 1, "s": 1}}),
            json!({"a": {"value": 2, "u": 3}}),
            json!({"a": {"value": 2, "s": 1, "u": 3}}),
        ),
        (
            "null of a sub-attribute",
            json!({"a": {"value": 1, "s": 1}}),
            json!({"a": {"s": "urn:ngsi-ld:null", "value": 1}}),
            json!({"a": 1}),
        ),
        (
            "only a unit",
            json!({"a": 1}),
            json!({"a": {"unitCode": "P1"}}),
            json!({"a": {"value": 1, "unitCode": "P1"}}),
        ),
        (
            "one language",
            json!({"a": {"languageMap": {"it": "x", "en": "y"}}}),
            json!({"a": {"languageMap": {"it": "urn:ngsi-ld:null", "fr": "z"}}}),
            json!({"a": {"languageMap": {"en": "y", "fr": "z"}}}),
        ),
        (
            "one dataset",
            json!({"a": [{"value": 1}, {"value": 2, "datasetId": "urn:d"}]}),
            json!({"a": {"value": 3, "datasetId": "urn:d"}}),
            json!({"a": [{"value": 1}, {"value": 3, "datasetId": "urn:d"}]}),
        ),
        ("types are added", json!({}), json!({"type": "U"}), json!({"type": ["T", "U"]})),
        ("scope is overwritten", json!({"scope": "/a"}), json!({"scope": ["/b"]}), json!({"scope": ["/b"]})),
        ("scope is removed", json!({"scope": "/a"}), json!({"scope": "urn:ngsi-ld:null"}), json!({})),
        (
            "kind may change",
            json!({"a": 1}),
            json!({"a": {"type": "Relationship", "object": "urn:x:2"}}),
            json!({"a": {"object": "urn:x:2"}}),
        ),
        (
            "nulls in new values vanish",
            json!({}),
            json!({"a": {"value": {"b": "urn:ngsi-ld:null", "c": 1}}}),
            json!({"a": {"c": 1}}),
        ),
        (
            "a geometry is one value",
            json!({"a": {"type": "Point", "coordinates": [1, 2]}}),
            json!({"a": {"value": {"type": "Point", "coordinates": [3, 4]}}}),
            json!({"a": {"type": "Point", "coordinates": [3, 4]}}),
        ),
    ] {
        assert_eq!(merge(before, patch), after, "{why}");
    }
}

#[test]
fn merge_options_fill_in_observed_at_and_language() {
    let before = old(json!({
        "a": {"value": 1, "observedAt": "2020-01-01T00:00:00Z"}, "b": 1,
        "l": {"languageMap": {"en": "one", "fr": "un"}}
    }));
    let options = MergeOptions {
        observed_at: Some(ngsild::DateTime::parse("2021-01-01T00:00:00Z").unwrap()),
        lang: Some("fr".to_owned()),
    };
    let patch = fragment(Nulls::Anywhere, json!({"a": 2, "b": 2, "l": "deux"}));
    assert_eq!(
        concise(&write::merge_entity(&before, patch, &options, at(9)).unwrap()),
        json!({
            "a": {"value": 2, "observedAt": "2021-01-01T00:00:00Z"}, "b": 2,
            "l": {"languageMap": {"en": "one", "fr": "deux"}}
        })
    );
}

fn merge_simplified(before: &Entity, patch: Value, options: &MergeOptions) -> Result<Value> {
    let reader = Reader { context: &Context::core(), nulls: Nulls::Anywhere };
    let fragment = reader.for_entity(&reader.simplified(patch)?, before, options)?;
    write::merge_entity(before, fragment, options, at(9)).map(|e| concise(&e))
}

fn of_every_kind() -> Entity {
    old(json!({
        "p": {"value": {"x": 1, "y": 2}, "unitCode": "P1"},
        "g": {"type": "Point", "coordinates": [1, 2]},
        "l": {"languageMap": {"en": "one", "fr": "un"}},
        "v": {"vocab": "a"}, "j": {"json": {"x": 1}}, "li": {"valueList": [1, 2]},
        "r": {"object": "urn:x:2", "objectType": "T"}, "lr": {"objectList": ["urn:x:2"]},
        "m": [{"value": 1}, {"value": 2, "datasetId": "urn:d"}]
    }))
}

/// Every simplified value is merged as the kind that its attribute has; what it does not say stays.
#[test]
fn simplified_values_are_of_the_kind_that_is_there() {
    let french = MergeOptions { lang: Some("fr".to_owned()), ..MergeOptions::default() };
    let none = MergeOptions::default();
    for (options, patch, attribute, after) in [
        (&none, json!({"p": {"x": 3, "y": "urn:ngsi-ld:null"}}), "p", json!({"value": {"x": 3}, "unitCode": "P1"})),
        (&none, json!({"p": 7}), "p", json!({"value": 7, "unitCode": "P1"})),
        (
            &none,
            json!({"p": {"type": "Property", "value": 1}}),
            "p",
            json!({"value": {"x": 1, "y": 2, "type": "Property", "value": 1}, "unitCode": "P1"}),
        ),
        (
            &none,
            json!({"g": {"type": "Point", "coordinates": [3, 4]}}),
            "g",
            json!({"type": "Point", "coordinates": [3, 4]}),
        ),
        (&none, json!({"l": {"languageMap": {"fr": "une"}}}), "l", json!({"languageMap": {"en": "one", "fr": "une"}})),
        (&french, json!({"l": "une"}), "l", json!({"languageMap": {"en": "one", "fr": "une"}})),
        (&french, json!({"l": ["un", "une"]}), "l", json!({"languageMap": {"en": "one", "fr": ["un", "une"]}})),
        (
            &french,
            json!({"l": {"languageMap": {"de": "eins"}}}),
            "l",
            json!({"languageMap": {"en": "one", "fr": "un", "de": "eins"}}),
        ),
        (&none, json!({"v": {"vocab": "b"}}), "v", json!({"vocab": "b"})),
        (&none, json!({"j": {"json": {"y": 2}}}), "j", json!({"json": {"x": 1, "y": 2}})),
        (&none, json!({"li": [3]}), "li", json!({"valueList": [3]})),
        (&none, json!({"r": "urn:x:3"}), "r", json!({"object": "urn:x:3", "objectType": "T"})),
        (
            &none,
            json!({"r": ["urn:x:3", "urn:x:4"]}),
            "r",
            json!({"object": ["urn:x:3", "urn:x:4"], "objectType": "T"}),
        ),
        (&none, json!({"lr": ["urn:x:3"]}), "lr", json!({"objectList": ["urn:x:3"]})),
        (&none, json!({"m": 5}), "m", json!([5, {"value": 2, "datasetId": "urn:d"}])),
        (
            &none,
            json!({"m": {"dataset": {"urn:d": 5, "urn:e": 6}}}),
            "m",
            json!([1, {"value": 5, "datasetId": "urn:d"}, {"value": 6, "datasetId": "urn:e"}]),
        ),
        (
            &none,
            json!({"m": {"dataset": {"@none": "urn:ngsi-ld:null"}}}),
            "m",
            json!({"value": 2, "datasetId": "urn:d"}),
        ),
        (&none, json!({"p": "urn:ngsi-ld:null"}), "p", Value::Null),
        (&none, json!({"new": "urn:x:3"}), "new", json!("urn:x:3")),
        (&none, json!({"new": "urn:ngsi-ld:null"}), "new", Value::Null),
        (
            &none,
            json!({"new": {"type": "Point", "coordinates": [3, 4]}}),
            "new",
            json!({"type": "Point", "coordinates": [3, 4]}),
        ),
        (&none, json!({"new": {"languageMap": {"de": "eins"}}}), "new", json!({"languageMap": {"de": "eins"}})),
        (&none, json!({"new": {"dataset": {"x": 1}}}), "new", json!({"dataset": {"x": 1}})),
        (&french, json!({"new": "text"}), "new", json!("text")),
    ] {
        let merged =
            merge_simplified(&of_every_kind(), patch.clone(), options).unwrap_or_else(|e| panic!("{patch}: {e}"));
        let shown = merged[attribute].clone();
        let shown = if attribute == "m" && shown.is_array() { concise_items(shown) } else { shown };
        assert_eq!(shown, after, "{patch}");
    }
}

/// Instances of plain values, shown as such.
fn concise_items(shown: Value) -> Value {
    let items = shown.as_array().unwrap().iter();
    items
        .map(
            |item| {
                if item.get("datasetId").is_some() { item.clone() } else { item.get("value").unwrap_or(item).clone() }
            },
        )
        .collect()
}

#[test]
fn a_simplified_value_cannot_change_the_kind() {
    for (patch, place) in [
        (json!({"g": "here"}), "/g"),
        (json!({"g": {"type": "Point", "coordinates": []}}), "/g"),
        (json!({"l": "un"}), "/l"),
        (json!({"l": {"languageMap": {"e n": "x"}}}), "/l/e n"),
        (json!({"v": "b"}), "/v"),
        (json!({"j": {"x": 1}}), "/j"),
        (json!({"li": 5}), "/li"),
        (json!({"r": 5}), "/r"),
        (json!({"r": "no URI"}), "/r"),
        (json!({"lr": "urn:x:3"}), "/lr"),
        (json!({"m": {"dataset": {"urn:d": null}}}), "/m/dataset/urn:d"),
        (json!({"p": null}), "/p"),
        (json!({"p": ["urn:ngsi-ld:null"]}), "/p/0"),
        (json!({"observedAt": 1}), "/observedAt"),
    ] {
        let error = merge_simplified(&of_every_kind(), patch.clone(), &MergeOptions::default()).unwrap_err();
        assert_eq!((error.kind, error.at.as_deref()), (ErrorKind::BadRequestData, Some(place)), "{patch}: {error}");
    }
}

#[test]
fn nulls_that_delete_nothing_are_refused() {
    let reader = Reader { context: &Context::core(), nulls: Nulls::Anywhere };
    for body in [
        json!({"a": {"value": [1, "urn:ngsi-ld:null"]}}),
        json!({"a": {"value": {"b": [{"c": "urn:ngsi-ld:null"}]}}}),
        json!({"a": {"valueList": [1, "urn:ngsi-ld:null"]}}),
        json!({"a": {"object": ["urn:x:1", "urn:ngsi-ld:null"]}}),
        json!({"a": {"objectList": [{"object": "urn:ngsi-ld:null"}, "urn:x:1"]}}),
        json!({"a": {"vocab": ["x", "urn:ngsi-ld:null"]}}),
        json!({"a": {"languageMap": {"en": ["x", "urn:ngsi-ld:null"]}}}),
        json!({"a": {"value": 1, "datasetId": "urn:ngsi-ld:null"}}),
        json!({"a": {"value": 1, "entityIdSealed": "urn:x:1"}}),
        json!({"a": {"value": 1, "b": {"value": 1, "entityTypeSealed": "T"}}}),
        json!({"type": "urn:ngsi-ld:null"}),
        json!({"id": "urn:ngsi-ld:null"}),
    ] {
        let error = reader.fragment(body.clone()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BadRequestData, "{body}: {error}");
    }
}

#[test]
fn append_respects_no_overwrite() {
    let before = old(json!({"a": 1, "scope": "/x"}));
    let patch = || fragment(Nulls::Refused, json!({"a": 2, "b": 3, "scope": "/y"}));
    let kept = write::append_attributes(&before, patch(), false, at(9)).unwrap();
    assert_eq!(concise(&kept.entity), json!({"scope": ["/x", "/y"], "a": 1, "b": 3}));
    assert_eq!(kept.updated, [name("b")]);
    assert_eq!(kept.not_updated[0].attribute_name, name("a"));
    let overwritten = write::append_attributes(&before, patch(), true, at(9)).unwrap();
    assert_eq!(concise(&overwritten.entity), json!({"scope": "/y", "a": 2, "b": 3}));
    assert!(overwritten.not_updated.is_empty());
}

#[test]
fn update_deletes_by_null_and_reports_what_was_not_there() {
    let before = old(json!({"a": [{"value": 1}, {"value": 2, "datasetId": "urn:d"}]}));
    let patch =
        json!({"a": {"type": "Property", "value": "urn:ngsi-ld:null", "datasetId": "urn:d"}, "b": "urn:ngsi-ld:null"});
    let written = write::update_attributes(&before, fragment(Nulls::Members, patch), at(9)).unwrap();
    assert_eq!(concise(&written.entity), json!({"a": 1}));
    assert_eq!(written.updated, [name("a")]);
    assert_eq!(written.not_updated[0].attribute_name, name("b"));
}

#[test]
fn partial_update_keeps_the_kind_and_needs_the_instance() {
    let relationship = || json!({"r": {"object": "urn:x:2"}});
    assert_eq!(
        partial(relationship(), "r", json!({"object": "urn:x:3"})).unwrap(),
        json!({"r": {"object": "urn:x:3"}})
    );
    for (why, attribute, patch, kind) in [
        ("other kind", "r", json!({"type": "Property", "value": 1}), ErrorKind::BadRequestData),
        ("other value member", "r", json!({"value": 1}), ErrorKind::BadRequestData),
        (
            "whole deletion",
            "r",
            json!({"type": "Relationship", "object": "urn:ngsi-ld:null"}),
            ErrorKind::BadRequestData,
        ),
        ("unknown attribute", "x", json!({"value": 1}), ErrorKind::ResourceNotFound),
        ("unknown instance", "r", json!({"object": "urn:x:3", "datasetId": "urn:d"}), ErrorKind::ResourceNotFound),
    ] {
        assert_eq!(partial(relationship(), attribute, patch).unwrap_err().kind, kind, "{why}");
    }
    assert_eq!(
        partial(json!({"a": {"value": 1, "s": 1, "u": 2}}), "a", json!({"s": "urn:ngsi-ld:null"})).unwrap(),
        json!({"a": {"value": 1, "u": 2}})
    );
    assert_eq!(
        partial(
            json!({"g": {"type": "Point", "coordinates": [1, 2]}}),
            "g",
            json!({"value": {"type": "Point", "coordinates": [3, 4]}})
        )
        .unwrap(),
        json!({"g": {"type": "Point", "coordinates": [3, 4]}})
    );
}

#[test]
fn replace_keeps_the_birthday_and_nothing_else() {
    let before = old(json!({"a": 1, "b": 2, "scope": "/x"}));
    let new = fragment(Nulls::Refused, json!({"id": "urn:x:1", "type": "U", "a": 5, "c": 6}));
    let after = write::replace_entity(&before, new.into_entity(at(9)).unwrap());
    assert_eq!(concise(&after), json!({"type": "U", "a": 5, "c": 6}));
    assert_eq!((after.created_at, after.modified_at), (at(0), at(9)));
    assert_eq!(after.attributes[&name("a")][0].created_at, at(0));
    assert_eq!(after.attributes[&name("c")][0].created_at, at(9));
}

#[test]
fn instances_are_deleted_one_by_one_or_all() {
    let before = old(json!({"a": [{"value": 1}, {"value": 2, "datasetId": "urn:d"}]}));
    let delete = |which| write::delete_attribute(&before, &name("a"), &which, at(9)).map(|e| concise(&e));
    let dataset = |id: &str| InstanceSelector::Dataset(DatasetId::parse(id).unwrap());
    assert_eq!(delete(InstanceSelector::Default).unwrap(), json!({"a": {"value": 2, "datasetId": "urn:d"}}));
    assert_eq!(delete(dataset("urn:d")).unwrap(), json!({"a": 1}));
    assert_eq!(delete(InstanceSelector::All).unwrap(), json!({}));
    assert_eq!(delete(dataset("urn:e")).unwrap_err().kind, ErrorKind::ResourceNotFound);
}

#[test]
fn a_change_tells_what_was_touched() {
    let before = old(json!({"a": 1, "b": 2, "scope": "/x"}));
    let patch = fragment(Nulls::Anywhere, json!({"a": 1, "b": "urn:ngsi-ld:null", "c": 3}));
    let after = write::merge_entity(&before, patch, &MergeOptions::default(), at(9)).unwrap();
    let change = Change::between(Some(&before), Some(&after)).unwrap();
    assert_eq!(change.operation, Operation::Updated);
    let touched: Vec<_> =
        change.attributes.iter().map(|c| (c.name.clone(), c.before.is_some(), c.after.is_some())).collect();
    assert_eq!(touched, [(name("a"), true, true), (name("c"), false, true), (name("b"), true, false)]);
    assert!(change.scope.is_none());
    assert_eq!(Change::between(Some(&before), None).unwrap().operation, Operation::Deleted);
    assert!(Change::between(None, None).is_none());
}

#[test]
fn a_revision_touches_only_what_differs() {
    let before = old(json!({"same": 1, "other": 2, "gone": 3}));
    let fragment = fragment(Nulls::Refused, json!({"id": "urn:x:1", "type": "T", "same": 1, "other": 5, "more": 6}));
    let new = fragment.into_entity(at(9)).unwrap();
    let after = write::revise_entity(&before, new.clone()).unwrap();
    assert_eq!(concise(&after), json!({"same": 1, "other": 5, "more": 6}));
    assert_eq!((after.created_at, after.modified_at), (before.created_at, at(9)));
    let times = |entity: &Entity, attribute: &str| {
        let instance = entity.default_instance(name(attribute).as_str()).unwrap().clone();
        (instance.created_at, instance.modified_at)
    };
    assert_eq!(times(&after, "same"), times(&before, "same"));
    assert_eq!(times(&after, "other"), (times(&before, "other").0, at(9)));
    assert_eq!(times(&after, "more"), (at(9), at(9)));
    assert_eq!(write::revise_entity(&after, new), None);
}

proptest! {
    /// Every write rule leaves an entity that can be shown and read back, keeps id and birthday, and a merge of an
    /// entity into itself says nothing new.
    #[test]
    fn laws_of_writing(before in arbitrary_entity(), patch in arbitrary_entity()) {
        let body = {
            let mut body = concise(&patch);
            body.as_object_mut().unwrap().remove("scope");
            body
        };
        let merged = write::merge_entity(&before, fragment(Nulls::Anywhere, body.clone()), &MergeOptions::default(), at(9)).unwrap();
        let updated = write::update_attributes(&before, fragment(Nulls::Members, body.clone()), at(9)).unwrap().entity;
        let appended = write::append_attributes(&before, fragment(Nulls::Refused, body), true, at(9)).unwrap().entity;
        prop_assert!(updated.says_the_same(&appended), "without Nulls update and append agree");
        for after in [&merged, &updated] {
            prop_assert_eq!((&after.id, after.created_at), (&before.id, before.created_at));
            for name in patch.attributes.keys() {
                prop_assert!(after.attributes.contains_key(name));
            }
            for (name, instances) in &before.attributes {
                for instance in instances {
                    let known = after.attributes.get(name).into_iter().flatten().find(|i| i.dataset_id == instance.dataset_id);
                    prop_assert_eq!(known.map(|k| k.created_at), Some(instance.created_at), "instances keep their birthday");
                }
            }
        }
        let mut same = concise(&before);
        same.as_object_mut().unwrap().remove("type");
        let again = write::merge_entity(&before, fragment(Nulls::Anywhere, same), &MergeOptions::default(), at(9)).unwrap();
        prop_assert!(again.says_the_same(&before));
    }
}
