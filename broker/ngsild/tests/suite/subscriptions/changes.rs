//! Which changes are told of (5.8.6), and what was before them.

use hiroba_vocab::EntityId;
use ngsild::change::Change;
use ngsild::linked::LinkedEntities;
use ngsild::query::filter::MissingLinks;
use ngsild::subscription::{Trigger, advance, rewind};
use ngsild::{Attribute, Attributes, DateTime, Entity};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

use super::{body, over, thing, triggers, watch};
use crate::arbitrary::arbitrary_entity;
use crate::{at, entity};

/// The triggers that a change fires, by name, at second 10.
fn told(members: Value, before: Option<&Entity>, after: Option<&Entity>) -> Vec<&'static str> {
    let change = Change::between(before, after).unwrap();
    let why = watch(&body(members)).wants(&change, before, after, &LinkedEntities::new(), at(10));
    why.map(|why| why.triggers.into_iter().map(Trigger::name).collect()).unwrap_or_default()
}

#[test]
fn a_kind_of_change_is_told_of_when_it_was_asked_for() {
    let (a, a2, b) = (thing(json!({"a": 1})), thing(json!({"a": 2})), thing(json!({"b": 1})));
    let (bare, a1b) = (thing(json!({})), thing(json!({"a": 1, "b": 1})));
    let all = Trigger::ALL.map(Trigger::name);
    for (asked, before, after, fired) in [
        (&[][..], None, Some(&a), &["attributeCreated"][..]),
        (&[], Some(&a), Some(&a2), &["attributeUpdated"]),
        (&[], Some(&a), Some(&a1b), &["attributeCreated"]),
        (&[], Some(&a1b), Some(&a), &[]),
        (&[], Some(&a), None, &[]),
        (&[], None, Some(&bare), &[]),
        (&[], Some(&a), Some(&a), &[]),
        (&all, None, Some(&a), &["entityCreated", "attributeCreated"]),
        (&all, None, Some(&bare), &["entityCreated"]),
        (&all, Some(&a), None, &["entityDeleted"]),
        (&all, Some(&a), Some(&b), &["attributeCreated", "attributeDeleted"]),
        (&["entityCreated"], None, Some(&a), &["entityCreated"]),
        (&["entityCreated"], Some(&a), Some(&a2), &[]),
        (&["entityDeleted"], Some(&a), None, &["entityDeleted"]),
        (&["entityDeleted"], Some(&a), Some(&bare), &[]),
        (&["attributeCreated"], Some(&a), Some(&a2), &[]),
        (&["attributeUpdated"], None, Some(&a), &[]),
        (&["attributeDeleted"], Some(&a1b), Some(&a), &["attributeDeleted"]),
        (&["attributeDeleted"], Some(&a), None, &[]),
        (&["entityUpdated"], None, Some(&a), &["attributeCreated"]),
        (&["entityUpdated"], Some(&a), Some(&a2), &["attributeUpdated"]),
        (&["entityUpdated"], Some(&a1b), Some(&a), &["attributeDeleted"]),
        (&["entityUpdated"], Some(&a), None, &[]),
        (&["entityUpdated"], None, Some(&bare), &[]),
    ] {
        let members = if asked.is_empty() { json!({}) } else { triggers(asked) };
        assert_eq!(told(members, before, after), fired, "{asked:?} from {before:?} to {after:?}");
    }
}

#[test]
fn only_what_says_something_else_is_an_update() {
    let with = |members: Value| thing(json!({ "a": members }));
    let old = with(json!({"value": 1, "observedAt": "2026-01-01T00:00:00Z", "sub": {"value": 1}}));
    let mut touched = old.clone();
    touched.modified_at = at(5);
    touched.attributes[0][0].modified_at = at(5);
    assert!(
        !Change::between(Some(&old), Some(&touched)).unwrap().attributes.is_empty(),
        "the record tells of the write"
    );
    assert!(told(json!({}), Some(&old), Some(&touched)).is_empty(), "the same value written again");
    for new in [
        json!({"value": 2, "observedAt": "2026-01-01T00:00:00Z", "sub": {"value": 1}}),
        json!({"value": 1, "observedAt": "2026-01-02T00:00:00Z", "sub": {"value": 1}}),
        json!({"value": 1, "observedAt": "2026-01-01T00:00:00Z", "sub": {"value": 2}}),
        json!({"value": 1, "observedAt": "2026-01-01T00:00:00Z"}),
        json!({"value": 1, "observedAt": "2026-01-01T00:00:00Z", "sub": {"value": 1}, "unitCode": "CEL"}),
    ] {
        assert_eq!(told(json!({}), Some(&old), Some(&with(new.clone()))), ["attributeUpdated"], "{new}");
    }
    let scoped = Entity { scope: thing(json!({"scope": "/a"})).scope, ..old.clone() };
    assert!(told(json!({}), Some(&old), Some(&scoped)).is_empty(), "a scope is no attribute");
}

#[test]
fn changed_attributes_are_watched_or_not() {
    let (old, new) = (thing(json!({"a": 1, "b": 1})), thing(json!({"a": 2, "b": 1})));
    let watching = |names: &[&str], more: Value| {
        let mut members = json!({"watchedAttributes": names});
        over(members.as_object_mut().unwrap(), more);
        members
    };
    for (names, fires) in [(&["a"][..], true), (&["b"], false), (&["b", "a"], true), (&["c"], false)] {
        assert_eq!(!told(watching(names, json!({})), Some(&old), Some(&new)).is_empty(), fires, "{names:?}");
    }
    for (names, fires) in [(&["a"][..], true), (&["c"], false)] {
        let created = watching(names, triggers(&["entityCreated"]));
        let deleted = watching(names, triggers(&["entityDeleted"]));
        assert_eq!(!told(created, None, Some(&new)).is_empty(), fires, "{names:?}");
        assert_eq!(!told(deleted, Some(&new), None).is_empty(), fires, "{names:?}");
    }
    let anything = json!({"entities": null, "watchedAttributes": ["a"]});
    assert!(!told(anything.clone(), Some(&old), Some(&new)).is_empty(), "every entity that has it");
    assert!(told(anything, None, Some(&thing(json!({"b": 1})))).is_empty());
}

#[test]
fn instances_that_are_never_shown_are_not_watched() {
    let two =
        |default: i64, other: i64| thing(json!({"a": [{"value": default}, {"value": other, "datasetId": "urn:d:1"}]}));
    for (datasets, after, fires) in [
        (json!(["urn:d:1"]), two(1, 2), true),
        (json!(["urn:d:1"]), two(2, 1), false),
        (json!(["@none"]), two(2, 1), true),
        (json!(["@none"]), two(1, 2), false),
        (json!(["@none", "urn:d:1"]), two(1, 2), true),
    ] {
        let members = json!({"datasetId": datasets});
        assert_eq!(!told(members, Some(&two(1, 1)), Some(&after)).is_empty(), fires, "{datasets}");
    }
}

#[test]
fn the_new_state_must_be_selected() {
    let with = |a: i64| thing(json!({"a": a, "scope": "/x/y", "location": {"type": "Point", "coordinates": [1, 2]}}));
    let (old, new) = (with(1), with(70));
    let geo = |georel: &str, coordinates: Value| json!({"geoQ": {"georel": georel, "geometry": "Point", "coordinates": coordinates}});
    for (members, fires) in [
        (json!({"entities": [{"type": "T"}]}), true),
        (json!({"entities": [{"type": "Other"}]}), false),
        (json!({"entities": [{"type": "Other"}, {"type": "T"}]}), true),
        (json!({"entities": [{"type": "(T;Other)"}]}), false),
        (json!({"entities": [{"type": "*"}]}), true),
        (json!({"entities": [{"type": "T", "id": "urn:x:1"}]}), true),
        (json!({"entities": [{"type": "T", "id": ["urn:x:2", "urn:x:3"]}]}), false),
        (json!({"entities": [{"type": "T", "idPattern": "1$"}]}), true),
        (json!({"entities": [{"type": "T", "idPattern": "2$"}]}), false),
        (json!({"q": "a>60"}), true),
        (json!({"q": "a<60"}), false),
        (json!({"scopeQ": "/x/#"}), true),
        (json!({"scopeQ": "/y"}), false),
        (geo("near;maxDistance==10", json!([1, 2])), true),
        (geo("near;maxDistance==10", json!([3, 2])), false),
        (json!({"isActive": false}), false),
        (json!({"expiresAt": at(10)}), false),
        (json!({"expiresAt": at(11)}), true),
        (json!({"timeInterval": 5}), false),
    ] {
        assert_eq!(!told(members.clone(), Some(&old), Some(&new)).is_empty(), fires, "{members}");
    }
}

#[test]
fn what_is_deleted_is_held_against_its_last_state() {
    let deleted = |q: &str| {
        let mut members = triggers(&["entityDeleted"]);
        members["q"] = q.into();
        members
    };
    let last = thing(json!({"a": 1}));
    assert!(!told(deleted("a==1"), Some(&last), None).is_empty());
    assert!(told(deleted("a==2"), Some(&last), None).is_empty());
    let expired = thing(json!({"a": {"value": 1, "expiresAt": at(9)}, "expiresAt": at(9)}));
    assert!(!told(deleted("a==1"), Some(&expired), None).is_empty(), "it is removed after its time is over");
    let update = thing(json!({"a": 2, "expiresAt": at(9)}));
    assert!(told(json!({}), Some(&last), Some(&update)).is_empty(), "an entity whose time is over is not there");
}

#[test]
fn conditions_on_linked_entities_wait_for_them() {
    let with = |a: i64| thing(json!({"a": a, "r": {"object": "urn:x:2"}}));
    let (old, new) = (with(1), with(2));
    let change = Change::between(Some(&old), Some(&new)).unwrap();
    let mut subscription = body(json!({"q": "r{b}==1"}));
    subscription["notification"]["join"] = json!("flat");
    let watch = watch(&subscription);
    assert!(watch.concerns(&change, Some(&old), Some(&new), at(10)).is_some());
    let mut missing = MissingLinks::new(10, 10);
    watch.query.filter.as_ref().unwrap().missing_links(&new, &LinkedEntities::new(), at(10), &mut missing);
    let id = missing.ids.pop_first().unwrap();
    for (b, fires) in [(1, true), (2, false)] {
        let mut linked = LinkedEntities::new();
        linked.insert(id.clone(), Some(Arc::new(entity(json!({"id": "urn:x:2", "type": "T", "b": b})))), at(10));
        assert_eq!(watch.wants(&change, Some(&old), Some(&new), &linked, at(10)).is_some(), fires, "{b}");
    }
}

/// Instances in one order, by attribute.
fn in_order(entity: &Entity) -> Vec<(String, Vec<Attribute>)> {
    let mut all: Vec<_> = entity.attributes.iter().map(|(name, all)| (name.to_string(), all.clone())).collect();
    all.iter_mut().for_each(|(_, all)| all.sort_by(|a, b| a.dataset_id.cmp(&b.dataset_id)));
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn a_deletion_is_undone_as_far_as_its_record_goes() {
    let mut last = thing(json!({"a": 1, "scope": "/x"}));
    last.attributes[0][0].created_at = at(3);
    last.attributes[0][0].modified_at = at(4);
    let change = Change::between(Some(&last), None).unwrap();
    let before = rewind(None, &last.id, &change, at(9)).unwrap();
    assert!(before.says_the_same(&last));
    assert_eq!((before.created_at, before.modified_at), (at(3), at(4)));
    let bare = thing(json!({}));
    let change = Change::between(Some(&bare), None).unwrap();
    assert_eq!(rewind(None, &bare.id, &change, at(9)).unwrap().created_at, at(9));
}

proptest! {
    #[test]
    fn rewinding_undoes_a_change(before in arbitrary_entity(), after in arbitrary_entity(), same in any::<bool>()) {
        let id = before.id.clone();
        let mut after = Entity { id: id.clone(), modified_at: at(5), ..after };
        if same {
            // Most writes touch a part.
            after.attributes.extend(before.attributes.clone());
        }
        let change = Change::between(Some(&before), Some(&after)).unwrap();
        let found = rewind(Some(after.clone()), &id, &change, at(5)).unwrap();
        prop_assert_eq!(in_order(&found), in_order(&before));
        prop_assert_eq!(&found.scope, &before.scope);
        prop_assert_eq!((&found.types, found.created_at), (&before.types, after.created_at));
        let deletion = Change::between(Some(&before), None).unwrap();
        let found = rewind(Some(after), &id, &deletion, at(5)).unwrap();
        prop_assert!(found.says_the_same(&before));
        prop_assert_eq!(in_order(&found), in_order(&before));
        let creation = Change::between(None, Some(&before)).unwrap();
        prop_assert_eq!(rewind(Some(before), &id, &creation, at(5)), None);
    }

    #[test]
    fn advancing_makes_a_change_again(before in arbitrary_entity(), after in arbitrary_entity(), same in any::<bool>()) {
        let id = before.id.clone();
        let mut after = Entity { id: id.clone(), created_at: before.created_at, modified_at: at(5), ..after };
        if same {
            after.attributes.extend(before.attributes.clone());
        }
        let change = Change::between(Some(&before), Some(&after)).unwrap();
        let found = advance(Some(before), &id, &change, at(5)).unwrap();
        let whole = |entity: &Entity| Entity { attributes: Attributes::default(), ..entity.clone() };
        prop_assert_eq!(in_order(&found), in_order(&after));
        prop_assert_eq!(whole(&found), whole(&after));
        let creation = Change::between(None, Some(&after)).unwrap();
        let found = advance(None, &id, &creation, at(5)).unwrap();
        prop_assert_eq!(in_order(&found), in_order(&after));
        prop_assert_eq!(whole(&found), Entity { created_at: at(5), ..whole(&after) });
        let deletion = Change::between(Some(&after), None).unwrap();
        prop_assert_eq!(advance(Some(after), &id, &deletion, at(6)), None);
        prop_assert_eq!(advance(None, &id, &change, at(5)), None);
    }

    #[test]
    fn what_was_not_there_cannot_be_rewound(entity in arbitrary_entity()) {
        let update = Change::between(Some(&entity), Some(&Entity { modified_at: DateTime::from_micros(0), ..entity.clone() }));
        prop_assert_eq!(rewind(None, &EntityId::parse("urn:x:1").unwrap(), &update.unwrap(), at(5)), None);
    }
}
