//! Finding the subscriptions that a change may be for.

use ngsild::Entity;
use ngsild::change::Change;
use ngsild::linked::LinkedEntities;
use ngsild::subscription::{Index, Trigger, Watch};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::{body, thing, watch};
use crate::arbitrary::arbitrary_entity;
use crate::at;

fn selector() -> impl Strategy<Value = Value> {
    let types = select(vec!["T", "T1", "(T;T1)", "T2,T3", "(T3;T),T1", "*", "Other"]);
    let id = option::of(select(vec![json!("urn:ngsi-ld:T:1"), json!(["urn:ngsi-ld:T:2", "urn:ngsi-ld:T:3"])]));
    (types, id, option::of(Just("[0-4]$"))).prop_map(|(types, id, pattern)| {
        let mut selector = json!({ "type": types });
        if let Some(id) = id {
            selector["id"] = id;
        }
        if let Some(pattern) = pattern {
            selector["idPattern"] = pattern.into();
        }
        selector
    })
}

fn subscription() -> impl Strategy<Value = Watch> {
    let names = vec!["alpha", "beta", "gamma", "名称", "nowhere"];
    let kinds = Trigger::ALL.map(Trigger::name).to_vec();
    let entities = option::of(vec(selector(), 1..3));
    let q = option::of(select(vec!["alpha", "beta==1", "alpha|beta"]));
    (entities, subsequence(names, 0..3), subsequence(kinds, 0..6), q, 0..10_u8).prop_map(
        |(entities, watched, kinds, q, periodic)| {
            let mut members = json!({ "entities": entities });
            if periodic == 0 && members["entities"].is_array() {
                members["timeInterval"] = 5.into();
            } else if !watched.is_empty() {
                members["watchedAttributes"] = json!(watched);
            }
            if members["entities"].is_null() && watched.is_empty() {
                members["localOnly"] = true.into();
            }
            if !kinds.is_empty() {
                members["notificationTrigger"] = json!(kinds);
            }
            if let Some(q) = q {
                members["q"] = q.into();
            }
            watch(&body(members))
        },
    )
}

proptest! {
    #[test]
    fn nothing_that_is_wanted_is_missed(
        watches in vec(subscription(), 1..12),
        before in option::of(arbitrary_entity()),
        after in option::of(arbitrary_entity()),
        removed in vec(0..12_usize, 0..4),
    ) {
        let after = after.map(|after| match &before {
            Some(before) => Entity { id: before.id.clone(), ..after },
            None => after,
        });
        let (before, after) = (before.as_ref(), after.as_ref());
        let Some(change) = Change::between(before, after) else { return Ok(()) };
        let subject = after.or(before).unwrap();
        let mut index = Index::default();
        for (number, watch) in watches.iter().enumerate() {
            // First in a wrong place: what is put in again moves.
            index.insert(number, watches.first().unwrap());
            index.insert(number, watch);
        }
        for number in &removed {
            index.remove(number);
        }
        let found = index.candidates(&change, &subject.id, &subject.types);
        prop_assert!(found.is_sorted() && found.windows(2).all(|pair| pair[0] != pair[1]), "each once: {:?}", found);
        for (number, watch) in watches.iter().enumerate() {
            let none = LinkedEntities::new();
            let wants = watch.wants(&change, before, after, &none, at(1));
            prop_assert!(wants.is_none() || watch.concerns(&change, before, after, at(1)) == wants);
            if wants.is_some() && !removed.contains(&number) {
                prop_assert!(found.contains(&number), "{:?}", watch);
            }
            prop_assert!(!(found.contains(&number) && removed.contains(&number)));
        }
    }
}

#[test]
fn others_are_not_found() {
    let mut index = Index::default();
    for number in 0..500 {
        let id = format!("urn:x:{number}");
        index.insert(format!("id{number}"), &watch(&body(json!({"entities": [{"type": "T", "id": id}]}))));
        let name = format!("T{number}");
        index.insert(format!("type{number}"), &watch(&body(json!({"entities": [{"type": name}]}))));
        let name = format!("a{number}");
        let both = body(json!({"watchedAttributes": [name.as_str()]}));
        index.insert(format!("both{number}"), &watch(&both));
        let anywhere = body(json!({"entities": null, "watchedAttributes": [name]}));
        index.insert(format!("name{number}"), &watch(&anywhere));
        index.insert(format!("periodic{number}"), &watch(&body(json!({"timeInterval": 5}))));
    }
    index.insert("all".to_owned(), &watch(&body(json!({"entities": [{"type": "*"}]}))));
    assert_eq!((index.len(), index.is_empty()), (2_001, false));
    let (old, new) = (thing(json!({"a7": 1, "a8": 1})), thing(json!({"a7": 2, "a8": 1})));
    let change = Change::between(Some(&old), Some(&new)).unwrap();
    let found = index.candidates(&change, &new.id, &new.types);
    assert_eq!(found, ["all", "both7", "id1", "name7"]);
    for found in found {
        assert!(index.remove(&found) && !index.remove(&found), "{found}");
    }
    assert!(index.candidates(&change, &new.id, &new.types).is_empty());
}

#[test]
fn very_many_types_and_attributes_are_found_by_type() {
    let types: Vec<String> = (0..100).map(|n| format!("T{n}")).collect();
    let names: Vec<String> = (0..100).map(|n| format!("a{n}")).collect();
    let wide =
        watch(&body(json!({"entities": [{"type": format!("T,{}", types.join(","))}], "watchedAttributes": names})));
    let mut index = Index::default();
    index.insert(1, &wide);
    let new = thing(json!({"a7": 1}));
    let change = Change::between(None, Some(&new)).unwrap();
    assert_eq!(index.candidates(&change, &new.id, &new.types), [1]);
}
