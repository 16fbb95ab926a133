//! What receivers are told of what was before, and of what is gone (5.3.1).

use hiroba_vocab::ngsi_ld::NULL;
use ngsild::Entity;
use ngsild::jsonld::Context;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{all, data, notifying, sent_to, thing, told, watch};
use crate::arbitrary::arbitrary_entity;
use crate::at;

#[test]
fn an_entity_that_is_gone_is_hardly_more_than_its_name() {
    let last = thing(json!({"a": 1, "l": {"languageMap": {"ja": "池"}}, "scope": "/s"}));
    let gone = json!(at(10));
    for format in ["normalized", "concise", "simplified"] {
        let shown = data(&all(format, json!({})), Some(&last), None);
        assert_eq!(shown, json!({"id": "urn:x:1", "type": "T", "deletedAt": gone}), "{format}");
    }
    let with_times = data(&all("normalized", json!({"sysAttrs": true})), Some(&last), None);
    let times = json!({"id": "urn:x:1", "type": "T", "createdAt": at(0), "modifiedAt": at(0), "deletedAt": gone});
    assert_eq!(with_times, times);
    let before = data(&all("normalized", json!({"showChanges": true, "omit": ["b"]})), Some(&last), None);
    assert_eq!(
        before,
        json!({
            "id": "urn:x:1", "type": "T", "deletedAt": gone,
            "a": {"type": "Property", "value": NULL, "previousValue": 1},
            "l": {"type": "LanguageProperty", "languageMap": {"@none": NULL}, "previousLanguageMap": {"ja": "池"}}
        })
    );
    let mut body = sent_to(json!({"accept": "application/geo+json"}));
    body["notificationTrigger"] = json!(["entityDeleted"]);
    let feature = told(&watch(&body), Some(&last), None)["data"]["features"][0].take();
    let shown =
        json!({"id": "urn:x:1", "type": "Feature", "geometry": null, "properties": {"type": "T", "deletedAt": gone}});
    assert_eq!(feature, shown);
}

#[test]
fn an_attribute_that_is_gone_is_null() {
    let two = thing(json!({"a": [{"value": 1}, {"value": 2, "datasetId": "urn:d:1"}], "b": 1}));
    let (default, other) =
        (thing(json!({"a": 1, "b": 1})), thing(json!({"a": {"value": 2, "datasetId": "urn:d:1"}, "b": 1})));
    let none = thing(json!({"b": 1}));
    let deleted =
        json!({"type": "Property", "value": NULL, "createdAt": at(0), "modifiedAt": at(0), "deletedAt": at(10)});
    let sys = json!({"sysAttrs": true});
    let show = json!({"showChanges": true});
    let property = |value: Value| json!({"type": "Property", "value": value});
    let of_dataset = |value: Value| json!({"type": "Property", "value": value, "datasetId": "urn:d:1"});
    for (format, more, before, after, shown) in [
        ("normalized", json!({}), &default, &none, json!(NULL)),
        ("concise", json!({}), &default, &none, json!(NULL)),
        ("simplified", json!({}), &default, &none, json!(NULL)),
        ("normalized", sys.clone(), &default, &none, deleted),
        ("simplified", sys, &default, &none, json!(NULL)),
        ("normalized", show.clone(), &default, &none, json!({"type": "Property", "value": NULL, "previousValue": 1})),
        ("concise", show, &default, &none, json!({"value": NULL, "previousValue": 1})),
        ("normalized", json!({}), &other, &none, of_dataset(json!(NULL))),
        ("concise", json!({}), &other, &none, json!({"value": NULL, "datasetId": "urn:d:1"})),
        ("simplified", json!({}), &other, &none, json!({"dataset": {"urn:d:1": NULL}})),
        ("normalized", json!({}), &two, &default, json!([property(json!(1)), of_dataset(json!(NULL))])),
        ("concise", json!({}), &two, &default, json!([{"value": 1}, {"value": NULL, "datasetId": "urn:d:1"}])),
        ("simplified", json!({}), &two, &default, json!({"dataset": {"@none": 1, "urn:d:1": NULL}})),
        ("normalized", json!({}), &two, &other, json!([of_dataset(json!(2)), property(json!(NULL))])),
        ("simplified", json!({}), &two, &other, json!({"dataset": {"urn:d:1": 2, "@none": NULL}})),
        ("simplified", json!({}), &two, &none, json!({"dataset": {"@none": NULL, "urn:d:1": NULL}})),
    ] {
        let told = data(&all(format, more.clone()), Some(before), Some(after));
        assert_eq!(told["a"], shown, "{format} {more}");
        assert_eq!(told.as_object().unwrap().len(), if more["sysAttrs"] == true { 6 } else { 4 }, "{told}");
    }
    let default_triggers = watch(&notifying(json!({})));
    assert!(data(&default_triggers, Some(&default), Some(&none)).get("a").is_none(), "deletions were not asked for");
    let omitted = all("normalized", json!({"omit": ["a"]}));
    assert!(data(&omitted, Some(&default), Some(&none)).get("a").is_none());
}

#[test]
fn every_kind_has_its_null_and_its_previous_value() {
    let point = |x: i64| json!({"type": "Point", "coordinates": [x, 2]});
    for (member, first, second, name, gone, previous) in [
        ("value", json!(1), json!(2), "previousValue", json!(NULL), json!(1)),
        ("value", point(1), point(2), "previousValue", json!(NULL), point(1)),
        ("object", json!("urn:x:2"), json!("urn:x:3"), "previousObject", json!(NULL), json!("urn:x:2")),
        ("object", json!(["urn:x:2"]), json!("urn:x:3"), "previousObject", json!(NULL), json!(["urn:x:2"])),
        (
            "languageMap",
            json!({"ja": "a"}),
            json!({"ja": "b"}),
            "previousLanguageMap",
            json!({"@none": NULL}),
            json!({"ja": "a"}),
        ),
        ("vocab", json!("x"), json!("y"), "previousVocab", json!(NULL), json!("x")),
        ("json", json!({"k": 1}), json!({"k": 2}), "previousJson", json!(NULL), json!({"k": 1})),
        ("valueList", json!([1]), json!([2]), "previousValueList", json!([NULL]), json!([1])),
        (
            "objectList",
            json!(["urn:x:2"]),
            json!(["urn:x:3"]),
            "previousObjectList",
            json!([NULL]),
            json!([{"object": "urn:x:2"}]),
        ),
    ] {
        let with = |value: &Value| thing(json!({"a": {(member): value}}));
        let watch = all("normalized", json!({"showChanges": true}));
        let (old, new) = (with(&first), with(&second));
        let changed = data(&watch, Some(&old), Some(&new))["a"].take();
        assert_eq!(changed[name], previous, "{changed}");
        assert!(changed[member] != gone && changed[member] != previous, "{changed}");
        let created = data(&watch, None, Some(&new))["a"].take();
        assert!(created.get(name).is_none(), "{created}");
        let deleted = data(&watch, Some(&old), Some(&thing(json!({}))))["a"].take();
        assert_eq!((&deleted[member], &deleted[name]), (&gone, &previous), "{deleted}");
        let concise = all("concise", json!({"showChanges": true}));
        let changed = data(&concise, Some(&old), Some(&new))["a"].take();
        assert!(changed.get(member).is_some() && changed.get(name).is_some(), "{changed}");
    }
}

#[test]
fn only_what_really_changed_has_a_previous_value() {
    let old = thing(json!({"a": 1, "b": [{"value": 1}, {"value": 2, "datasetId": "urn:d:1"}], "c": 1}));
    let mut new = thing(json!({"a": 1, "b": [{"value": 1}, {"value": 3, "datasetId": "urn:d:1"}], "c": 1}));
    new.attributes.values_mut().flatten().for_each(|instance| instance.modified_at = at(5));
    let shown = data(&all("concise", json!({"showChanges": true})), Some(&old), Some(&new));
    let b = json!([{"value": 1}, {"value": 3, "datasetId": "urn:d:1", "previousValue": 2}]);
    assert_eq!(shown, json!({"id": "urn:x:1", "type": "T", "a": 1, "b": b, "c": 1}));
}

proptest! {
    #[test]
    fn every_change_can_be_told(
        before in proptest::option::of(arbitrary_entity()),
        after in proptest::option::of(arbitrary_entity()),
        format in proptest::sample::select(vec!["normalized", "concise", "simplified"]),
        changes in any::<bool>(),
        sys_attrs in any::<bool>(),
        version in proptest::option::of(proptest::sample::select(vec!["1.1", "1.3", "1.6"])),
        accept in proptest::sample::select(vec!["application/json", "application/geo+json"]),
    ) {
        let changes = changes && format != "simplified";
        let mut body = notifying(json!({"format": format, "showChanges": changes, "sysAttrs": sys_attrs}));
        body["notification"]["endpoint"]["accept"] = accept.into();
        body["notificationTrigger"] = json!(["entityUpdated", "entityDeleted"]);
        if let Some(version) = version {
            body["ngsildConformance"] = version.into();
        }
        let watch = watch(&body);
        let after = after.map(|after| match &before {
            Some(before) => Entity { id: before.id.clone(), ..after },
            None => after,
        });
        let Some(subject) = after.as_ref().or(before.as_ref()) else { return Ok(()) };
        let shown = told(&watch, before.as_ref(), after.as_ref());
        let geo = accept == "application/geo+json";
        let data = if geo { &shown["data"]["features"][0] } else { &shown["data"][0] };
        prop_assert_eq!(&data["id"], subject.id.as_str());
        let members = if geo { &data["properties"] } else { data };
        let context = Context::core();
        // Every attribute is there, and what was there before is there as something that is gone.
        let gone = before.iter().flat_map(|before| before.attributes.keys()).filter(|_| after.is_some() || changes);
        for name in after.iter().flat_map(|after| after.attributes.keys()).chain(gone) {
            let value = &members[&*context.compact(name)];
            prop_assert!(!value.is_null(), "{} in {}", name, members);
        }
    }
}
