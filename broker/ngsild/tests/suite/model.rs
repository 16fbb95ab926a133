//! Random operations against a naive model of the write rules: maps and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use hiroba_vocab::{DatasetId, Iri};
use ngsild::jsonld::Context;
use ngsild::read::{AttributeFragment, Nulls, Reader};
use ngsild::write::{self, InstanceSelector, MergeOptions, Purge};
use ngsild::{AttributeValue, DateTime, Entity, ErrorKind, Result};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{at, entity};

const NULL: &str = "urn:ngsi-ld:null";

/// What a fragment says of a member.
#[derive(Debug, Clone, PartialEq)]
enum Say<T> {
    Nothing,
    Null,
    This(T),
}

impl<T: Clone> Say<T> {
    fn apply(&self, member: &mut Option<T>) {
        match self {
            Self::Nothing => {}
            Self::Null => *member = None,
            Self::This(value) => *member = Some(value.clone()),
        }
    }

    fn set(&self) -> Option<T> {
        if let Self::This(value) = self { Some(value.clone()) } else { None }
    }
}

/// One instance in a body.
#[derive(Debug, Clone)]
struct Part {
    value: Say<Value>,
    unit: Say<u8>,
    observed: Say<i64>,
    subs: BTreeMap<u8, Say<i64>>,
}

/// Attribute and dataset; 0 is the default instance.
type Key = (u8, u8);

/// A body about an entity.
#[derive(Debug, Clone)]
struct Body {
    kind: Option<u8>,
    scope: Say<u8>,
    parts: BTreeMap<Key, Part>,
}

#[derive(Debug, Clone)]
enum Step {
    Append(Body, bool),
    Update(Body),
    Merge(Body, Option<i64>),
    Partial(Key, Part),
    ReplaceAttribute(Key, Part),
    Delete(u8, Option<u8>),
    DeleteScope,
    Replace(Body),
    Drop(u8, bool),
    Keep(u8),
}

#[derive(Debug, Clone, PartialEq)]
struct Instance {
    value: Value,
    unit: Option<u8>,
    observed: Option<i64>,
    /// Value and `createdAt`.
    subs: BTreeMap<u8, (i64, i64)>,
    created: i64,
    modified: i64,
}

/// The naive model of an entity.
#[derive(Debug, Clone, PartialEq)]
struct Model {
    types: BTreeSet<u8>,
    scopes: BTreeSet<u8>,
    instances: BTreeMap<Key, Instance>,
    modified: i64,
}

/// Why the model refuses: the kind of the error.
type Refused = ErrorKind;

/// RFC 7396 with the NGSI-LD Null.
fn merged(old: &Value, patch: &Value) -> Value {
    let Some(patch) = patch.as_object() else { return patch.clone() };
    let mut members = old.as_object().cloned().unwrap_or_default();
    for (key, value) in patch {
        if value == NULL {
            members.remove(key);
        } else {
            let old = members.get(key).cloned().unwrap_or(Value::Null);
            members.insert(key.clone(), merged(&old, value));
        }
    }
    Value::Object(members)
}

impl Part {
    /// The whole instance that the part describes. `merging` drops Nulls, which would delete what is not there.
    fn whole(&self, now: i64, merging: bool) -> std::result::Result<Instance, Refused> {
        let value = self.value.set().ok_or(ErrorKind::BadRequestData)?;
        let mut subs = BTreeMap::new();
        for (name, sub) in &self.subs {
            match sub.set() {
                Some(sub) => _ = subs.insert(*name, (sub, now)),
                None if merging => {}
                None => return Err(ErrorKind::BadRequestData),
            }
        }
        Ok(Instance {
            value: if merging { merged(&Value::Null, &value) } else { value },
            unit: self.unit.set(),
            observed: self.observed.set(),
            subs,
            created: now,
            modified: now,
        })
    }

    /// Changes members of an instance that is there.
    fn patch(&self, instance: &mut Instance, now: i64) {
        self.unit.apply(&mut instance.unit);
        self.observed.apply(&mut instance.observed);
        for (name, sub) in &self.subs {
            match sub {
                Say::This(value) => {
                    let created = instance.subs.get(name).map_or(now, |(_, created)| *created);
                    instance.subs.insert(*name, (*value, created));
                }
                Say::Null | Say::Nothing => _ = instance.subs.remove(name),
            }
        }
        instance.modified = now;
    }

    fn json(&self, dataset: u8) -> Value {
        let mut members = Map::new();
        members.insert("type".to_owned(), json!("Property"));
        let mut say = |name: &str, value: Say<Value>| match value {
            Say::Nothing => {}
            Say::Null => _ = members.insert(name.to_owned(), json!(NULL)),
            Say::This(value) => _ = members.insert(name.to_owned(), value),
        };
        say("value", self.value.clone());
        say("unitCode", map(&self.unit, |unit| json!(format!("U{unit}"))));
        say("observedAt", map(&self.observed, |observed| json!(at(*observed).to_string())));
        for (name, sub) in &self.subs {
            let sub = if *sub == Say::Nothing { Say::Null } else { sub.clone() };
            say(&format!("s{name}"), map(&sub, |value| json!(value)));
        }
        if dataset > 0 {
            members.insert("datasetId".to_owned(), json!(format!("urn:d:{dataset}")));
        }
        Value::Object(members)
    }
}

fn map<T>(say: &Say<T>, with: impl Fn(&T) -> Value) -> Say<Value> {
    match say {
        Say::Nothing => Say::Nothing,
        Say::Null => Say::Null,
        Say::This(value) => Say::This(with(value)),
    }
}

impl Body {
    fn json(&self) -> Value {
        let mut members = Map::new();
        if let Some(kind) = self.kind {
            members.insert("type".to_owned(), json!(format!("T{kind}")));
        }
        match self.scope {
            Say::Nothing => {}
            Say::Null => _ = members.insert("scope".to_owned(), json!(NULL)),
            Say::This(scope) => _ = members.insert("scope".to_owned(), json!(format!("/s{scope}"))),
        }
        let mut attributes: BTreeMap<u8, Vec<Value>> = BTreeMap::new();
        for ((name, dataset), part) in &self.parts {
            attributes.entry(*name).or_default().push(part.json(*dataset));
        }
        for (name, mut instances) in attributes {
            let value = if instances.len() == 1 { instances.remove(0) } else { Value::Array(instances) };
            members.insert(format!("a{name}"), value);
        }
        Value::Object(members)
    }

    /// Whether the body can be read where Nulls are refused.
    fn without_nulls(mut self) -> Self {
        if self.scope == Say::Null {
            self.scope = Say::Nothing;
        }
        self.parts.retain(|_, part| matches!(part.value, Say::This(_)));
        for part in self.parts.values_mut() {
            *part = part.clone().without_nulls();
        }
        self
    }
}

impl Part {
    fn without_nulls(mut self) -> Self {
        self.value = match self.value {
            Say::This(value) => Say::This(merged(&Value::Null, &value)),
            _ => Say::This(json!(0)),
        };
        if self.unit == Say::Null {
            self.unit = Say::Nothing;
        }
        if self.observed == Say::Null {
            self.observed = Say::Nothing;
        }
        self.subs.retain(|_, sub| matches!(sub, Say::This(_)));
        self
    }

    /// Nulls as members, none inside the value.
    fn without_nulls_inside(mut self) -> Self {
        if let Say::This(value) = &self.value {
            self.value = Say::This(merged(&Value::Null, value));
        }
        self
    }
}

impl Model {
    fn add_type(&mut self, kind: Option<u8>, now: i64) {
        if let Some(kind) = kind
            && self.types.insert(kind)
        {
            self.modified = now;
        }
    }

    fn set_scopes(&mut self, scopes: BTreeSet<u8>, now: i64) {
        if self.scopes != scopes {
            self.scopes = scopes;
            self.modified = now;
        }
    }

    fn put(&mut self, key: Key, mut instance: Instance, now: i64) {
        instance.created = self.instances.get(&key).map_or(now, |old| old.created);
        self.instances.insert(key, instance);
        self.modified = now;
    }

    fn remove(&mut self, key: Key, now: i64) -> bool {
        let removed = self.instances.remove(&key).is_some();
        if removed {
            self.modified = now;
        }
        removed
    }

    fn existing(&mut self, key: Key) -> std::result::Result<&mut Instance, Refused> {
        self.instances.get_mut(&key).ok_or(ErrorKind::ResourceNotFound)
    }

    /// The state after a step.
    fn step(mut self, step: &Step, now: i64) -> std::result::Result<Self, Refused> {
        match step {
            Step::Append(body, overwrite) => {
                self.add_type(body.kind, now);
                if let Say::This(scope) = body.scope {
                    let known = if *overwrite { BTreeSet::new() } else { self.scopes.clone() };
                    self.set_scopes(known.into_iter().chain([scope]).collect(), now);
                }
                for (key, part) in &body.parts {
                    if *overwrite || !self.instances.contains_key(key) {
                        self.put(*key, part.whole(now, false)?, now);
                    }
                }
            }
            Step::Update(body) => {
                self.add_type(body.kind, now);
                match body.scope {
                    Say::This(scope) if !self.scopes.is_empty() => self.set_scopes([scope].into(), now),
                    Say::Null => self.set_scopes(BTreeSet::new(), now),
                    Say::This(_) | Say::Nothing => {}
                }
                for (key, part) in &body.parts {
                    if part.value == Say::Null {
                        self.remove(*key, now);
                    } else {
                        self.put(*key, part.whole(now, false)?, now);
                    }
                }
            }
            Step::Merge(body, observed) => self.merge(body, *observed, now)?,
            Step::Partial(key, part) => {
                if part.value == Say::Null {
                    return Err(ErrorKind::BadRequestData);
                }
                let instance = self.existing(*key)?;
                if let Say::This(value) = &part.value {
                    instance.value = value.clone();
                }
                part.patch(instance, now);
                self.modified = now;
            }
            Step::ReplaceAttribute(key, part) => {
                self.existing(*key)?;
                self.put(*key, part.whole(now, false)?, now);
            }
            Step::Delete(name, dataset) => {
                let before = self.instances.len();
                self.instances.retain(|key, _| !(key.0 == *name && dataset.is_none_or(|dataset| key.1 == dataset)));
                if self.instances.len() == before {
                    return Err(ErrorKind::ResourceNotFound);
                }
                self.modified = now;
            }
            Step::DeleteScope if self.scopes.is_empty() => return Err(ErrorKind::ResourceNotFound),
            Step::DeleteScope => self.set_scopes(BTreeSet::new(), now),
            Step::Replace(body) => {
                self.types = [body.kind.ok_or(ErrorKind::BadRequestData)?].into();
                self.scopes = body.scope.set().into_iter().collect();
                let old = std::mem::take(&mut self.instances);
                for (key, part) in &body.parts {
                    let created = old.get(key).map_or(now, |old| old.created);
                    self.instances.insert(*key, Instance { created, ..part.whole(now, false)? });
                }
                self.modified = now;
            }
            Step::Drop(name, scope) => {
                let before = self.clone();
                self.instances.retain(|key, _| key.0 != *name);
                if *scope {
                    self.scopes.clear();
                }
                if self != before {
                    self.modified = now;
                }
            }
            Step::Keep(name) => {
                let before = self.instances.len();
                self.instances.retain(|key, _| key.0 == *name);
                if self.instances.len() != before {
                    self.modified = now;
                }
            }
        }
        Ok(self)
    }

    fn merge(&mut self, body: &Body, observed: Option<i64>, now: i64) -> std::result::Result<(), Refused> {
        self.add_type(body.kind, now);
        match body.scope {
            Say::Nothing => {}
            Say::Null => self.set_scopes(BTreeSet::new(), now),
            Say::This(scope) => self.set_scopes([scope].into(), now),
        }
        for (key, part) in &body.parts {
            if part.value == Say::Null {
                self.remove(*key, now);
                continue;
            }
            let Some(instance) = self.instances.get_mut(key) else {
                self.put(*key, part.whole(now, true)?, now);
                continue;
            };
            if let Say::This(value) = &part.value {
                instance.value = merged(&instance.value, value);
            }
            let filled = observed.filter(|_| instance.observed.is_some() && part.observed == Say::Nothing);
            part.patch(instance, now);
            instance.observed = filled.or(instance.observed);
            self.modified = now;
        }
        Ok(())
    }
}

fn iri(text: &str) -> Iri {
    Context::core().expand(text).unwrap()
}

fn dataset(number: u8) -> Option<DatasetId> {
    (number > 0).then(|| DatasetId::parse(&format!("urn:d:{number}")).unwrap())
}

/// The same step by the code under test.
fn real(old: &Entity, step: &Step, now: DateTime) -> Result<Entity> {
    let context = Context::core();
    let reader = |nulls| Reader { context: &context, nulls };
    let attribute = |(name, number): &Key, part: &Part, nulls| -> Result<(Iri, AttributeFragment)> {
        let fragment = reader(nulls).attribute(part.json(*number))?;
        Ok((iri(&format!("a{name}")), fragment))
    };
    match step {
        Step::Append(body, overwrite) => {
            let fragment = reader(Nulls::Refused).fragment(body.json())?;
            Ok(write::append_attributes(old, fragment, *overwrite, now)?.entity)
        }
        Step::Update(body) => {
            let fragment = reader(Nulls::Members).fragment(body.json())?;
            Ok(write::update_attributes(old, fragment, now)?.entity)
        }
        Step::Merge(body, observed) => {
            let options = MergeOptions { observed_at: observed.map(at), lang: None };
            write::merge_entity(old, reader(Nulls::Anywhere).fragment(body.json())?, &options, now)
        }
        Step::Partial(key, part) => {
            let (name, fragment) = attribute(key, part, Nulls::Members)?;
            write::partial_attribute_update(old, &name, fragment, now)
        }
        Step::ReplaceAttribute(key, part) => {
            let (name, fragment) = attribute(key, part, Nulls::Refused)?;
            write::replace_attribute(old, &name, fragment, now)
        }
        Step::Delete(name, number) => {
            let which = match number {
                None => InstanceSelector::All,
                Some(number) => dataset(*number).map_or(InstanceSelector::Default, InstanceSelector::Dataset),
            };
            write::delete_attribute(old, &iri(&format!("a{name}")), &which, now)
        }
        Step::DeleteScope => write::delete_scope(old, now),
        Step::Replace(body) => {
            let mut fragment = reader(Nulls::Refused).fragment(body.json())?;
            fragment.id = Some(old.id.clone());
            Ok(write::replace_entity(old, fragment.into_entity(now)?))
        }
        Step::Drop(name, scope) => {
            let what = Purge::Drop { attributes: vec![iri(&format!("a{name}"))], scope: *scope };
            Ok(write::purge_entity(old, &what, now).unwrap())
        }
        Step::Keep(name) => {
            let what = Purge::Keep { attributes: vec![iri(&format!("a{name}"))] };
            Ok(write::purge_entity(old, &what, now).unwrap())
        }
    }
}

/// The number at the end of a name.
fn number(text: &str) -> u8 {
    text.trim_start_matches(|c: char| !c.is_ascii_digit())
        .parse()
        .unwrap_or_else(|_| text.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap())
}

fn seconds(instant: DateTime) -> i64 {
    (instant.micros() - at(0).micros()) / 1_000_000
}

/// An entity as the model sees it.
fn modelled(entity: &Entity) -> Model {
    let plain = |is: &AttributeValue| match is {
        AttributeValue::Property(value) => value.clone(),
        other => panic!("not a Property: {other:?}"),
    };
    let mut instances = BTreeMap::new();
    for (name, all) in &entity.attributes {
        assert!(!all.is_empty(), "an attribute without instances is no attribute");
        for one in all {
            let key = (number(name.as_str()), one.dataset_id.as_ref().map_or(0, |id| number(id.as_str())));
            let subs = one.attributes.iter();
            let subs = subs.map(|(name, subs)| {
                let value = plain(&subs[0].is).as_i64().unwrap();
                (number(name.as_str()), (value, seconds(subs[0].created_at)))
            });
            let instance = Instance {
                value: plain(&one.is),
                unit: one.unit_code.as_ref().map(|unit| number(unit)),
                observed: one.observed_at.map(seconds),
                subs: subs.collect(),
                created: seconds(one.created_at),
                modified: seconds(one.modified_at),
            };
            assert!(instances.insert(key, instance).is_none(), "one instance of each datasetId");
        }
    }
    Model {
        types: entity.types.iter().map(|name| number(name.as_str())).collect(),
        scopes: entity.scopes().iter().map(|scope| number(scope.as_ref())).collect(),
        instances,
        modified: seconds(entity.modified_at),
    }
}

fn say<T: std::fmt::Debug + Clone>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Say<T>> {
    prop_oneof![2 => Just(Say::Nothing), 1 => Just(Say::Null), 4 => value.prop_map(Say::This)]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = || prop_oneof![3 => (0..9_i64).prop_map(Value::from), 1 => Just(json!(NULL))];
    let member = prop_oneof![
        leaf(),
        btree_map("[xy]", leaf(), 0..3).prop_map(|members| Value::Object(members.into_iter().collect())),
    ];
    prop_oneof![
        (0..9_i64).prop_map(Value::from),
        Just(json!([1, 2])),
        btree_map("[kl]", member, 1..3).prop_map(|members| Value::Object(members.into_iter().collect())),
    ]
}

fn part() -> impl Strategy<Value = Part> {
    (say(value()), say(0..3_u8), say(1..50_i64), btree_map(0..3_u8, say(0..9_i64), 0..3))
        .prop_map(|(value, unit, observed, subs)| Part { value, unit, observed, subs })
}

fn key() -> impl Strategy<Value = Key> {
    (0..3_u8, 0..3_u8)
}

fn body() -> impl Strategy<Value = Body> {
    (option::of(0..3_u8), say(0..3_u8), btree_map(key(), part(), 0..4)).prop_map(|(kind, scope, parts)| Body {
        kind,
        scope,
        parts,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let inside = |mut body: Body| {
        for part in body.parts.values_mut() {
            *part = part.clone().without_nulls_inside();
        }
        body
    };
    prop_oneof![
        4 => (body(), any::<bool>()).prop_map(|(body, overwrite)| Step::Append(body.without_nulls(), overwrite)),
        3 => body().prop_map(move |body| Step::Update(inside(body))),
        6 => (body(), option::of(1..50_i64)).prop_map(|(body, observed)| Step::Merge(body, observed)),
        2 => (key(), part()).prop_map(|(key, part)| Step::Partial(key, part.without_nulls_inside())),
        2 => (key(), part()).prop_map(|(key, part)| Step::ReplaceAttribute(key, part.without_nulls())),
        1 => (0..3_u8, option::of(0..3_u8)).prop_map(|(name, dataset)| Step::Delete(name, dataset)),
        1 => Just(Step::DeleteScope),
        1 => body().prop_map(|body| Step::Replace(body.without_nulls())),
        1 => (0..3_u8, any::<bool>()).prop_map(|(name, scope)| Step::Drop(name, scope)),
        1 => (0..3_u8).prop_map(Step::Keep),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// After every step of every history the entity is what the model says, and a step that the model refuses is
    /// refused with the same kind of error.
    #[test]
    fn histories_agree_with_the_model(steps in vec(step(), 1..12)) {
        let mut entity = entity(json!({"id": "urn:x:1", "type": "T0"}));
        let mut model = modelled(&entity);
        for (n, step) in (1..).zip(&steps) {
            match (real(&entity, step, at(n)), model.clone().step(step, n)) {
                (Ok(after), Ok(expected)) => {
                    prop_assert_eq!(modelled(&after), expected.clone(), "step {}: {:?}", n, step);
                    prop_assert_eq!((&after.id, after.created_at), (&entity.id, entity.created_at));
                    (entity, model) = (after, expected);
                }
                (Err(error), Err(kind)) => prop_assert_eq!(error.kind, kind, "step {}: {:?}: {}", n, step, error),
                (found, expected) => prop_assert!(false, "step {n}: {step:?}: {found:?}, expected {expected:?}"),
            }
        }
    }
}
