//! What a condition means (4.9, table of targets and semantics of operators).

use std::cmp::Ordering;

use hiroba_vocab::Iri;
use serde_json::Value;

use super::{Condition, Inside, Operand, ResolvedTest, Root, Step, SystemMember};
use crate::entity::{Attribute, AttributeValue, Entity, LanguageMap, OneOrMany};
use crate::query::q::OrderOperator;
use crate::time::DateTime;

/// A value that a path leads to.
pub(super) enum Target<'e> {
    Json(&'e Value),
    List(&'e [Value]),
    Text(&'e str),
    /// A relationship's target or a vocabulary term: knows equality only.
    Iri(&'e Iri),
    Instant(DateTime),
}

/// Whether a condition holds for entities that count together: for one, or for those that links lead to.
pub(super) fn condition(condition: &Condition, entities: &[&Entity], now: DateTime) -> bool {
    let any =
        |test: &mut dyn FnMut(&Target<'_>) -> bool| entities.iter().any(|entity| visit(condition, entity, now, test));
    let exists = || {
        let somewhere = || entities.iter().any(|entity| leads_somewhere(condition, entity, now));
        any(&mut |_| true) || condition.inside == Inside::Nothing && somewhere()
    };
    match &condition.test {
        ResolvedTest::Exists => exists(),
        ResolvedTest::OneOf { negated, values } => {
            let equal = any(&mut |target| values.iter().any(|value| equals(target, value)));
            if *negated { !equal && exists() } else { equal }
        }
        ResolvedTest::Between { negated, from, to } => {
            let inside = any(&mut |target| {
                ordered(target, from, |o| o.is_ge()) && ordered(target, to, |o| o.is_le())
                    || contains_between(target, from, to)
            });
            if *negated { !inside && exists() } else { inside }
        }
        ResolvedTest::Order(operator, operand) => any(&mut |target| match operator {
            OrderOperator::Greater => ordered(target, operand, Ordering::is_gt),
            OrderOperator::Less => ordered(target, operand, Ordering::is_lt),
            OrderOperator::GreaterOrEqual => ordered(target, operand, Ordering::is_ge),
            OrderOperator::LessOrEqual => ordered(target, operand, Ordering::is_le),
        }),
        ResolvedTest::Pattern { negated, pattern } => {
            let matched = |text: &str| pattern.is_match(text);
            if *negated {
                any(&mut |target| text_of(target).is_some()) && !any(&mut |target| text_of(target).is_some_and(matched))
            } else {
                any(&mut |target| text_of(target).is_some_and(matched))
            }
        }
    }
}

/// Whether a path of attributes leads to an instance, even one without any value (an empty list or map).
fn leads_somewhere(condition: &Condition, entity: &Entity, now: DateTime) -> bool {
    fn below(instance: &Attribute, steps: &[Step], now: DateTime) -> bool {
        match steps.split_first() {
            None => true,
            Some((Step::Member(_), _)) => false,
            Some((Step::Attribute(name), rest)) => instance
                .attributes
                .get(name)
                .is_some_and(|all| all.iter().any(|one| !one.is_expired(now) && below(one, rest, now))),
        }
    }
    let Root::Attribute(name) = &condition.root else { return true };
    let valid = |one: &Attribute| !one.is_expired(now) && below(one, &condition.steps, now);
    entity.attributes.get(name).is_some_and(|all| all.iter().any(valid))
}

/// Shows every value that the path leads to until `test` says yes. Whether it did.
fn visit(condition: &Condition, entity: &Entity, now: DateTime, test: &mut dyn FnMut(&Target<'_>) -> bool) -> bool {
    match &condition.root {
        Root::System(SystemMember::CreatedAt) => test(&Target::Instant(entity.created_at)),
        Root::System(_) => test(&Target::Instant(entity.modified_at)),
        Root::Attribute(name) => {
            let instances = entity.attributes.get(name).map_or(&[][..], Vec::as_slice);
            visit_instances(instances, &condition.steps, &condition.inside, Some(now), test)
        }
    }
}

/// [`visit`] from the instances of the first attribute on. Without `now`, expired instances are shown as well.
pub(super) fn visit_instances(
    instances: &[Attribute],
    steps: &[Step],
    inside: &Inside,
    now: Option<DateTime>,
    test: &mut dyn FnMut(&Target<'_>) -> bool,
) -> bool {
    instances.iter().any(|one| !now.is_some_and(|now| one.is_expired(now)) && step(one, steps, inside, now, test))
}

fn step(
    instance: &Attribute,
    steps: &[Step],
    inside: &Inside,
    now: Option<DateTime>,
    test: &mut dyn FnMut(&Target<'_>) -> bool,
) -> bool {
    match steps.split_first() {
        None => value(&instance.is, inside, test),
        Some((Step::Member(member), _)) => match member {
            SystemMember::CreatedAt => test(&Target::Instant(instance.created_at)),
            SystemMember::ModifiedAt => test(&Target::Instant(instance.modified_at)),
            SystemMember::ObservedAt => instance.observed_at.is_some_and(|at| test(&Target::Instant(at))),
            SystemMember::ExpiresAt => instance.expires_at.is_some_and(|at| test(&Target::Instant(at))),
            SystemMember::UnitCode => instance.unit_code.as_ref().is_some_and(|code| test(&Target::Text(code))),
            SystemMember::DatasetId => instance.dataset_id.as_ref().is_some_and(|id| test(&Target::Text(id.as_str()))),
        },
        Some((Step::Attribute(name), rest)) => {
            let instances = instance.attributes.get(name).map_or(&[][..], Vec::as_slice);
            visit_instances(instances, rest, inside, now, test)
        }
    }
}

fn value(is: &AttributeValue, inside: &Inside, test: &mut dyn FnMut(&Target<'_>) -> bool) -> bool {
    match (is, inside) {
        (
            AttributeValue::Property(json) | AttributeValue::GeoProperty(json) | AttributeValue::JsonProperty(json),
            _,
        ) => match inside {
            Inside::Nothing => test(&Target::Json(json)),
            Inside::AnyLanguage => false,
            Inside::Path(names) => {
                let found = names.iter().try_fold(json, |value, name| value.get(name));
                found.is_some_and(|value| test(&Target::Json(value)))
            }
        },
        (AttributeValue::LanguageProperty(map), inside) => language(map, inside, test),
        (AttributeValue::VocabProperty(iris) | AttributeValue::Relationship(iris), Inside::Nothing) => {
            iris.as_slice().iter().any(|iri| test(&Target::Iri(iri)))
        }
        (AttributeValue::ListRelationship(iris), Inside::Nothing) => iris.iter().any(|iri| test(&Target::Iri(iri))),
        (AttributeValue::ListProperty(items), Inside::Nothing) => test(&Target::List(items)),
        _ => false,
    }
}

fn language(map: &LanguageMap, inside: &Inside, test: &mut dyn FnMut(&Target<'_>) -> bool) -> bool {
    let mut texts = |text: &OneOrMany<Box<str>>| text.as_slice().iter().any(|text| test(&Target::Text(text)));
    match inside {
        Inside::Nothing | Inside::AnyLanguage => map.values().any(texts),
        Inside::Path(names) => {
            let tag = names.join(".");
            map.iter().filter(|(known, _)| known.eq_ignore_ascii_case(&tag)).any(|(_, text)| texts(text))
        }
    }
}

/// `==`: equal, or an array that contains something equal.
fn equals(target: &Target<'_>, operand: &Operand) -> bool {
    match target {
        Target::Iri(iri) => operand.as_text() == Some(iri.as_str()),
        Target::Json(Value::Array(items)) => {
            items.iter().any(|item| operand.compare_json(item) == Some(Ordering::Equal))
        }
        Target::List(items) => items.iter().any(|item| operand.compare_json(item) == Some(Ordering::Equal)),
        _ => ordered(target, operand, Ordering::is_eq),
    }
}

fn contains_between(target: &Target<'_>, from: &Operand, to: &Operand) -> bool {
    let items = match target {
        Target::Json(Value::Array(items)) => items.as_slice(),
        Target::List(items) => items,
        _ => return false,
    };
    items.iter().any(|item| {
        from.compare_json(item).is_some_and(Ordering::is_ge) && to.compare_json(item).is_some_and(Ordering::is_le)
    })
}

fn ordered(target: &Target<'_>, operand: &Operand, accept: impl Fn(Ordering) -> bool) -> bool {
    let ordering = match target {
        Target::Json(value) => operand.compare_json(value),
        Target::Text(text) => operand.compare_text(text),
        Target::Instant(instant) => operand.compare_instant(*instant),
        Target::Iri(_) | Target::List(_) => None,
    };
    ordering.is_some_and(accept)
}

fn text_of<'t>(target: &'t Target<'_>) -> Option<&'t str> {
    match target {
        Target::Json(Value::String(text)) => Some(text),
        Target::Json(Value::Object(members)) => members.get("@value")?.as_str(),
        Target::Text(text) => Some(text),
        _ => None,
    }
}
