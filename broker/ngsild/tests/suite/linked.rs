//! Linked entities: which of them an answer shows, and what conditions on them mean (4.5.23, 4.9).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hiroba_vocab::{DatasetId, EntityId};
use ngsild::jsonld::Context;
use ngsild::linked::{Inline, Join, JoinForm, Joining};
use ngsild::query::filter::{Expansions, MissingLinks};
use ngsild::query::{Filter, Projection, ProjectionList, Q, Query, matches_linked, may_match};
use ngsild::render::{EntityDocument, Form, Rendering};
use ngsild::{Entity, ErrorKind, LinkedEntities};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{at, entity};

/// Entities by their ids.
type World = BTreeMap<String, Arc<Entity>>;

fn world(bodies: Vec<Value>) -> World {
    let entities = bodies.into_iter().map(|body| Arc::new(entity(body)));
    entities.map(|entity| (entity.id.to_string(), entity)).collect()
}

/// A sensor in a room in a house, and what else they lead to.
fn house() -> World {
    let mut house = world(vec![
        json!({"id": "urn:x:s1", "type": "Sensor", "n": 1, "in": {"object": "urn:x:r1"}, "gone": {"object": "urn:x:none"}}),
        json!({"id": "urn:x:s2", "type": "Sensor", "n": 2, "in": [
            {"object": "urn:x:r2"}, {"object": ["urn:x:r1", "urn:x:none"], "datasetId": "urn:d:1"}
        ]}),
        json!({"id": "urn:x:r1", "type": "Room", "name": "hall", "floor": {"value": 1, "unitCode": "E48"},
               "label": {"languageMap": {"ja": "広間", "en": "hall"}},
               "of": {"object": "urn:x:h", "objectType": "House"}, "sensors": {"objectList": ["urn:x:s2", "urn:x:s1"]}}),
        json!({"id": "urn:x:r2", "type": ["Room", "Attic"], "name": "attic", "floor": 5, "of": {"object": "urn:x:h", "objectType": "Boat"}}),
        json!({"id": "urn:x:h", "type": "House", "name": "home", "owner": {"object": ["urn:x:p1", "urn:x:old", "urn:x:p2"]}}),
        json!({"id": "urn:x:p1", "type": "Person", "name": "Ann", "age": 30, "lives": {"object": "urn:x:h"}}),
        json!({"id": "urn:x:p2", "type": "Person", "name": "Ben", "age": 40}),
        json!({"id": "urn:x:old", "type": "Person", "name": "Old"}),
    ]);
    Arc::make_mut(house.get_mut("urn:x:old").unwrap()).expires_at = Some(at(0));
    house
}

/// Looks for what is missing until nothing is. How often that was.
fn complete(world: &World, mut missing: impl FnMut(&LinkedEntities) -> BTreeSet<EntityId>) -> (LinkedEntities, usize) {
    let (mut linked, mut rounds) = (LinkedEntities::new(), 0);
    loop {
        let ids = missing(&linked);
        if ids.is_empty() {
            return (linked, rounds);
        }
        rounds += 1;
        for id in ids {
            let found = world.get(id.as_str()).cloned();
            linked.insert(id, found, at(0));
        }
    }
}

fn filter(q: &str) -> Filter {
    let q: Q = q.parse().unwrap_or_else(|e| panic!("{q}: {e}"));
    q.resolve_linked(&Context::core(), &Expansions::default(), 10).unwrap()
}

fn selected(world: &World, q: &str) -> String {
    let query = Query { filter: Some(filter(q)), ..Query::default() };
    let (linked, rounds) = complete(world, |linked| {
        let mut missing = MissingLinks::new(10_000, 10_000);
        for entity in world.values() {
            query.filter.as_ref().unwrap().missing_links(entity, linked, at(0), &mut missing);
        }
        missing.ids
    });
    assert!(rounds <= q.parse::<Q>().unwrap().link_depth(), "{q} took {rounds} rounds");
    let found: Vec<&str> =
        world.values().filter(|one| matches_linked(&query, one, &linked, at(0))).map(|one| one.id.as_str()).collect();
    assert!(found.iter().all(|id| may_match(&query, &world[*id], at(0))), "{q}");
    found.join(" ").replace("urn:x:", "")
}

#[test]
fn conditions_on_linked_entities_mean_what_they_say_of_all_of_them_together() {
    let house = house();
    for (q, expected) in [
        ("in{name}", "s1 s2"),
        ("in{missing}", ""),
        ("gone{name}", ""),
        ("n{name}", ""),
        ("in{name}==\"hall\"", "s1 s2"),
        ("in{name}==\"attic\"", "s2"),
        ("in{name}!=\"attic\"", "s1"),
        ("in{name}!=\"hall\"", ""),
        ("gone{name}!=\"hall\"", ""),
        ("in{floor}>1", "s2"),
        ("in{floor}<=1", "s1 s2"),
        ("in{floor}==2..9", "s2"),
        ("in{floor}!=2..9", "s1"),
        ("in{floor}==7,5", "s2"),
        ("in{name}~=^at", "s2"),
        ("in{name}!~=^at", "s1"),
        ("in{label[ja]}==\"広間\"", "s1 s2"),
        ("in{floor.unitCode}==\"E48\"", "s1 s2"),
        ("in{of}==urn:x:h", "s1 s2"),
        ("in{Attic:name}", "s2"),
        ("in{House,Attic:name}", "s2"),
        ("in{House:name}", ""),
        ("in{of{name}}==\"home\"", "s1 s2"),
        ("of{name}==\"home\"", "r1"),
        ("in{Room:of{House:owner{age}}}>35", "s1 s2"),
        ("in{of{owner{age}}}>45", ""),
        ("owner{name}==\"Old\"", ""),
        ("owner{lives{name}}==\"home\"", "h"),
        ("sensors{n}==2", "r1"),
        ("sensors{in{sensors{n}}}==1", "r1"),
        ("in{floor}>1;n==2", "s2"),
        ("in{floor}>1;n==1", ""),
        ("in{floor}>9|n==1", "s1"),
        ("in{createdAt}>2000-01-01T00:00:00Z", "s1 s2"),
        ("gone{createdAt}", ""),
    ] {
        assert_eq!(selected(&house, q), expected, "{q}");
    }
}

#[test]
fn what_fails_whatever_the_linked_entities_are_needs_none_of_them() {
    let house = house();
    for (q, expected) in [("in{name}==1", true), ("in{name}==1;n==2", false), ("in{name}==1|n==2", true)] {
        let query = Query { filter: Some(filter(q)), ..Query::default() };
        assert_eq!(may_match(&query, &house["urn:x:s1"], at(0)), expected, "{q}");
    }
}

#[test]
fn links_are_followed_only_as_long_as_that_is_allowed() {
    let house = house();
    let of = |allowance, most| {
        let mut missing = MissingLinks::new(allowance, most);
        filter("owner{name}").missing_links(&house["urn:x:h"], &LinkedEntities::new(), at(0), &mut missing);
        !missing.exceeded
    };
    assert!(of(3, 3) && !of(2, 3) && !of(3, 2));
}

/// An answer about some entities, with everything that can be asked of it.
struct Asked<'a> {
    form: Form,
    join: &'a Join,
    pick: &'a str,
    omit: &'a str,
    datasets: &'a [Option<DatasetId>],
    limit: usize,
}

impl Asked<'_> {
    fn answer(&self, world: &World, ids: &[&str]) -> ngsild::Result<Value> {
        let context = Context::core();
        let list = |text: &str| (!text.is_empty()).then(|| text.parse::<ProjectionList>().unwrap());
        let projection = Projection::resolve(None, list(self.pick).as_ref(), list(self.omit).as_ref(), &context)?;
        let joining = Joining { join: self.join, projection: &projection, datasets: self.datasets };
        let entities: Vec<Arc<Entity>> = ids.iter().map(|id| Arc::clone(&world[*id])).collect();
        let mut failed = None;
        let (linked, rounds) = complete(world, |linked| {
            joining.missing(&entities, linked, self.limit).unwrap_or_else(|error| {
                failed = Some(error);
                BTreeSet::new()
            })
        });
        if let Some(error) = failed {
            return Err(error);
        }
        assert!(rounds <= self.join.levels);
        let rendering = Rendering {
            projection: &projection,
            datasets: self.datasets,
            inline: Inline::new(joining, &linked),
            ..Rendering::whole(&context, self.form)
        };
        let members = joining.members(&entities, &linked, self.limit)?;
        let documents = members.iter().map(|member| {
            let rendering = Rendering { projection: &member.projection, ..rendering };
            serde_json::to_value(EntityDocument { entity: member.entity, rendering, embedded_context: None }).unwrap()
        });
        Ok(documents.collect())
    }
}

fn join(form: JoinForm, levels: usize) -> Join {
    Join { form, levels, contained_by: BTreeSet::new() }
}

fn answer(form: Form, join: &Join, pick: &str, ids: &[&str]) -> Value {
    Asked { form, join, pick, omit: "", datasets: &[], limit: 100 }.answer(&house(), ids).unwrap()
}

#[test]
fn linked_entities_are_shown_inside_in_every_form() {
    let inline = join(JoinForm::Inline, 1);
    let pick = "id,n,in{name},owner{name},sensors{n},gone";
    assert_eq!(
        answer(Form::Normalized, &inline, pick, &["urn:x:s1", "urn:x:h", "urn:x:r1"]),
        json!([
            {"id": "urn:x:s1", "n": {"type": "Property", "value": 1},
             "in": {"type": "Relationship", "object": "urn:x:r1", "entity": {"name": {"type": "Property", "value": "hall"}}},
             "gone": {"type": "Relationship", "object": "urn:x:none"}},
            {"id": "urn:x:h", "owner": {"type": "Relationship", "object": ["urn:x:p1", "urn:x:old", "urn:x:p2"], "entity": [
                {"name": {"type": "Property", "value": "Ann"}}, {"name": {"type": "Property", "value": "Ben"}}]}},
            {"id": "urn:x:r1", "sensors": {"type": "ListRelationship",
                "objectList": [{"object": "urn:x:s2"}, {"object": "urn:x:s1"}],
                "entityList": [{"n": {"type": "Property", "value": 2}}, {"n": {"type": "Property", "value": 1}}]}}
        ])
    );
    assert_eq!(
        answer(Form::Concise, &inline, pick, &["urn:x:s1", "urn:x:r1"]),
        json!([
            {"id": "urn:x:s1", "n": 1, "in": {"object": "urn:x:r1", "entity": {"name": "hall"}}, "gone": {"object": "urn:x:none"}},
            {"id": "urn:x:r1", "sensors": {"objectList": ["urn:x:s2", "urn:x:s1"], "entityList": [{"n": 2}, {"n": 1}]}}
        ])
    );
    assert_eq!(
        answer(Form::Simplified, &inline, pick, &["urn:x:s1", "urn:x:h", "urn:x:r1", "urn:x:s2"]),
        json!([
            {"id": "urn:x:s1", "n": 1, "in": {"name": "hall"}, "gone": "urn:x:none"},
            {"id": "urn:x:h", "owner": [{"name": "Ann"}, "urn:x:old", {"name": "Ben"}]},
            {"id": "urn:x:r1", "sensors": [{"n": 2}, {"n": 1}]},
            {"id": "urn:x:s2", "n": 2, "in": {"dataset": {"@none": {"name": "attic"}, "urn:d:1": [{"name": "hall"}, "urn:x:none"]}}}
        ])
    );
}

#[test]
fn levels_cycles_and_restricted_types_end_the_way() {
    let inline = |levels| join(JoinForm::Inline, levels);
    let shown = |join: &Join, id: &str| answer(Form::Simplified, join, "name,in,of,owner,lives", &[id])[0].clone();
    let ann = |lives: Value| json!({"name": "Ann", "lives": lives});
    let owners = |ann: Value| json!([ann, "urn:x:old", {"name": "Ben"}]);
    for (levels, id, expected) in [
        (1, "urn:x:s1", json!({"in": {"name": "hall", "of": "urn:x:h"}})),
        (
            2,
            "urn:x:s1",
            json!({"in": {"name": "hall", "of": {"name": "home", "owner": ["urn:x:p1", "urn:x:old", "urn:x:p2"]}}}),
        ),
        (
            10,
            "urn:x:s1",
            json!({"in": {"name": "hall", "of": {"name": "home", "owner": owners(ann(json!("urn:x:h")))}}}),
        ),
        (10, "urn:x:p1", ann(json!({"name": "home", "owner": ["urn:x:p1", "urn:x:old", {"name": "Ben"}]}))),
        // Its objectType is Boat, and there is a House.
        (10, "urn:x:r2", json!({"name": "attic", "of": "urn:x:h"})),
    ] {
        assert_eq!(shown(&inline(levels), id), expected, "{id} at {levels}");
    }
    let visited = Join { contained_by: [EntityId::parse("urn:x:h").unwrap()].into(), ..inline(10) };
    assert_eq!(shown(&visited, "urn:x:s1"), json!({"in": {"name": "hall", "of": "urn:x:h"}}));
}

#[test]
fn linked_entities_follow_each_once_nearer_ones_first() {
    let flat = |levels| join(JoinForm::Flat, levels);
    let shown = |join: &Join, pick: &str, ids: &[&str]| -> String {
        let ids = answer(Form::Simplified, join, pick, ids);
        let ids: Vec<&str> = ids.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
        ids.join(" ").replace("urn:x:", "")
    };
    for (levels, ids, expected) in [
        (1, &["urn:x:s1"][..], "s1 r1"),
        (1, &["urn:x:s1", "urn:x:s2"], "s1 s2 r1 r2"),
        (1, &["urn:x:r1", "urn:x:s1"], "r1 s1 h s2"),
        (2, &["urn:x:s1"], "s1 r1 h s2"),
        (3, &["urn:x:s1"], "s1 r1 h s2 p1 p2 r2"),
        (10, &["urn:x:p1"], "p1 h p2"),
        (10, &["urn:x:r2"], "r2"),
    ] {
        assert_eq!(shown(&flat(levels), "", ids), expected, "{ids:?} at {levels}");
    }
    assert_eq!(shown(&flat(10), "id,in", &["urn:x:s1"]), "s1 r1", "what is not shown is not followed");
    let visited = Join { contained_by: [EntityId::parse("urn:x:r1").unwrap()].into(), ..flat(10) };
    assert_eq!(shown(&visited, "", &["urn:x:s2"]), "s2 r2");
}

#[test]
fn projection_and_datasets_hold_for_linked_entities_too() {
    let house = house();
    let datasets = [Some(DatasetId::parse("urn:d:1").unwrap())];
    let inline = join(JoinForm::Inline, 2);
    let asked =
        |pick, omit, datasets| Asked { form: Form::Simplified, join: &inline, pick, omit, datasets, limit: 100 };
    let omitted = asked("", "sensors,type,in{name,label,of}", &[]).answer(&house, &["urn:x:s1"]).unwrap();
    let room = json!({"id": "urn:x:r1", "type": "Room", "floor": 1, "sensors": [
        {"id": "urn:x:s2", "type": "Sensor", "n": 2, "in": {"dataset": {"@none": "urn:x:r2", "urn:d:1": ["urn:x:r1", "urn:x:none"]}}},
        "urn:x:s1"]});
    assert_eq!(omitted, json!([{"id": "urn:x:s1", "n": 1, "in": room, "gone": "urn:x:none"}]));
    let of_dataset = asked("", "", &datasets).answer(&house, &["urn:x:s2"]).unwrap();
    let room = json!({"id": "urn:x:r1", "type": "Room"});
    assert_eq!(
        of_dataset,
        json!([{"id": "urn:x:s2", "type": "Sensor", "in": {"dataset": {"urn:d:1": [room, "urn:x:none"]}}}])
    );
}

#[test]
fn an_answer_holds_so_many_linked_entities_and_no_more() {
    let house = house();
    for (form, limit, fits) in [
        (JoinForm::Flat, 3, true),
        (JoinForm::Flat, 2, false),
        (JoinForm::Inline, 7, true),
        (JoinForm::Inline, 6, false),
    ] {
        let join = join(form, 2);
        let asked =
            Asked { form: Form::Simplified, join: &join, pick: "id,in,of,sensors", omit: "", datasets: &[], limit };
        let answer = asked.answer(&house, &["urn:x:s1", "urn:x:r1"]);
        assert_eq!(answer.is_ok(), fits, "{form:?} with {limit}: {answer:?}");
        assert!(answer.is_ok() || answer.unwrap_err().kind == ErrorKind::TooManyResults);
    }
    // Links to nothing cost as well.
    let bodies = (0..30).map(|n| format!("urn:x:none{n}")).collect::<Vec<_>>();
    let many = world(vec![json!({"id": "urn:x:1", "type": "T", "r": {"object": bodies}})]);
    let flat = join(JoinForm::Flat, 1);
    let asked = |limit| Asked { form: Form::Simplified, join: &flat, pick: "", omit: "", datasets: &[], limit };
    assert!(asked(2).answer(&many, &["urn:x:1"]).is_ok() && asked(1).answer(&many, &["urn:x:1"]).is_err());
}

/// A world of ten entities that link to each other at random, some of them to what is not there.
fn graph() -> impl Strategy<Value = World> {
    vec(vec((0..3_usize, 0..12_usize, any::<bool>()), 0..4), 10).prop_map(|links| {
        let bodies = links.into_iter().enumerate().map(|(n, links)| {
            let mut body = json!({"id": format!("urn:x:{n}"), "type": if n % 2 == 0 { "Even" } else { "Odd" }});
            for (name, target, list) in links {
                let target = format!("urn:x:{target}");
                body[["a", "b", "c"][name]] =
                    if list { json!({"objectList": [target]}) } else { json!({"object": target}) };
            }
            body
        });
        world(bodies.collect())
    })
}

/// The ids at most so many links away, worked out from what is shown alone.
fn reachable(world: &World, from: &str, levels: usize) -> BTreeSet<String> {
    let mut met = BTreeSet::from([from.to_owned()]);
    for _ in 0..levels {
        let targets = |id: &String| {
            let attributes = world[id].attributes.values().flatten();
            attributes.flat_map(|one| one.is.targets().iter().map(ToString::to_string)).collect::<Vec<_>>()
        };
        let next: Vec<String> = met.iter().flat_map(targets).filter(|id| world.contains_key(id)).collect();
        met.extend(next);
    }
    met
}

/// Checks that no entity is inside itself; collects the ids, and tells how deep they nest.
fn nested(shown: &Value, above: &mut Vec<String>, met: &mut BTreeSet<String>) -> usize {
    let Some(members) = shown.as_object() else { return 0 };
    let id = members["id"].as_str().unwrap().to_owned();
    assert!(!above.contains(&id), "{id} is inside itself: {above:?}");
    met.insert(id.clone());
    above.push(id);
    let links = members.values().flat_map(|value| match value {
        Value::Array(items) => items.iter().collect(),
        value => vec![value],
    });
    let depth = links.filter(|link| link.is_object()).map(|link| 1 + nested(link, above, met)).max().unwrap_or(0);
    above.pop();
    depth
}

proptest! {
    #[test]
    fn both_forms_show_what_can_be_reached(world in graph(), levels in 1..5_usize, from in 0..10_usize) {
        let from = format!("urn:x:{from}");
        let expected = reachable(&world, &from, levels);
        let shown = |form| {
            let join = join(form, levels);
            let asked = Asked { form: Form::Simplified, join: &join, pick: "", omit: "", datasets: &[], limit: 10_000 };
            asked.answer(&world, &[&from]).unwrap()
        };
        let flat = shown(JoinForm::Flat);
        let ids: Vec<String> = flat.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
        prop_assert_eq!(&ids[0], &from);
        prop_assert_eq!(ids.len(), expected.len(), "each once");
        prop_assert_eq!(&ids.into_iter().collect::<BTreeSet<_>>(), &expected);
        let mut met = BTreeSet::new();
        let inline = shown(JoinForm::Inline);
        prop_assert!(nested(&inline[0], &mut Vec::new(), &mut met) <= levels);
        prop_assert_eq!(met, expected);
    }

    #[test]
    fn a_path_over_links_is_what_stands_at_its_ends(world in graph(), way in vec(0..3_usize, 1..4)) {
        let names: Vec<&str> = way.iter().map(|n| ["a", "b", "c"][*n]).collect();
        let q = names.iter().rev().fold("createdAt".to_owned(), |path, name| format!("{name}{{{path}}}"));
        let ends = |id: &str| {
            names.iter().fold(BTreeSet::from([id.to_owned()]), |at, name| {
                let name = Context::core().expand(name).unwrap();
                let instances = at.iter().filter_map(|id| world[id].attributes.get(&name)).flatten();
                let targets = instances.flat_map(|one| one.is.targets().iter().map(ToString::to_string));
                targets.filter(|id| world.contains_key(id)).collect()
            })
        };
        let expected: Vec<&str> = world.keys().map(String::as_str).filter(|id| !ends(id).is_empty()).collect();
        prop_assert_eq!(selected(&world, &q), expected.join(" ").replace("urn:x:", ""), "{}", q);
    }
}
