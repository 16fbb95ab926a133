//! Places: joins through the grid.

use std::collections::HashSet;

use oxigraph::model::{Literal, NamedNode, NamedNodeRef, Variable};
use oxigraph::store::Store;
use spargebra::algebra::{Expression, Function, GraphPattern};
use spargebra::term::{GroundTerm, NamedNodePattern, TermPattern, TriplePattern};

use super::Fresh;
use super::conditions::{self, Condition, Named, call, literal};
use super::functions::{COVER, KEY, MORE};
use super::parts::{Component, MANY, components, join};
use crate::index::{AS_WKT, HOLDS, IN, INDEX, LEVELS, THIS};

/// Keys are made in rows of this many, as many rows as there are keys.
const ROW: i64 = 32;
/// Rows of keys: no cover has more than 512 keys.
const ROWS: i64 = 16;
/// Few rows are read faster as they are than through the grid. Tests have small worlds.
const FEW: usize = if cfg!(test) { 10 } else { 100 };
/// How many pairs are compared faster one by one.
const FEW_PAIRS: usize = if cfg!(test) { 100 } else { 5_000 };

/// Narrows the join below a filter, by the filter's conditions and those between it and the join.
pub(super) fn narrow(filter: &mut GraphPattern, outside: &HashSet<Variable>, store: &Store, fresh: &mut Fresh) {
    let mut found = Vec::new();
    let mut named = Named::new();
    let mut optional = false;
    let mut core = filter;
    loop {
        core = match core {
            GraphPattern::Filter { expr, inner } => {
                conditions::collect(expr, &mut found);
                inner
            }
            GraphPattern::Extend { inner, variable, expression } => {
                named.insert(variable.clone(), expression.clone());
                inner
            }
            GraphPattern::LeftJoin { left, .. } => {
                optional = true;
                left
            }
            GraphPattern::Minus { left, .. } => left,
            GraphPattern::Graph { inner, .. } => inner,
            GraphPattern::Bgp { .. } | GraphPattern::Join { .. } => break,
            _ => return,
        };
    }
    let conditions: Vec<Condition> = found.iter().filter_map(|found| conditions::of(found, &named)).collect();
    if conditions.is_empty() {
        return;
    }
    let nothing = GraphPattern::Bgp { patterns: Vec::new() };
    let parts = components(std::mem::replace(core, nothing));
    let mut plan = Plan { parts: Vec::new(), outside, certain: optional, store, fresh };
    plan.parts = parts.into_iter().map(|part| Part { component: part, plan: None }).collect();
    for condition in &conditions {
        plan.by_constant(condition);
    }
    for condition in &conditions {
        plan.by_join(condition);
    }
    let narrowed = plan.parts.iter().any(|part| part.plan.is_some());
    let mut joined = join(plan.parts.into_iter().map(Part::pattern));
    if narrowed {
        // What BIND has named is computed above, after everything is joined; here it is a condition as early as it can be.
        for condition in conditions.into_iter().filter(|condition| !found.contains(&condition.whole)) {
            joined = GraphPattern::Filter { expr: condition.whole, inner: Box::new(joined) };
        }
    }
    *core = joined;
}

/// A component, and how it is found through the index.
struct Part {
    component: Component,
    plan: Option<GraphPattern>,
}

impl Part {
    fn pattern(self) -> GraphPattern {
        self.plan.unwrap_or_else(|| join(self.component.patterns))
    }

    /// Whether the index knows all values of a variable.
    fn knows(&self, variable: &Variable) -> bool {
        self.component.triples().any(|TriplePattern { predicate, object, .. }| {
            matches!(predicate, NamedNodePattern::NamedNode(name) if name.as_ref() == AS_WKT)
                && matches!(object, TermPattern::Variable(object) if object == variable)
        })
    }
}

struct Plan<'p> {
    parts: Vec<Part>,
    /// Variables that have values already.
    outside: &'p HashSet<Variable>,
    /// Whether only variables count that have a value in every row of the join.
    certain: bool,
    store: &'p Store,
    fresh: &'p mut Fresh,
}

impl Plan<'_> {
    /// Finds a place that is compared with something known before.
    fn by_constant(&mut self, condition: &Condition) {
        for (place, other) in both_ways(condition) {
            let Some(target) = self.part_of_place(place) else { continue };
            let Some(used) = variables(other) else { continue };
            let known = used.iter().all(|variable| {
                self.outside.contains(variable)
                    && !self.parts.iter().any(|part| part.component.variables.contains(variable))
            });
            if !known || self.parts[target].plan.is_some() || self.parts[target].component.rows(self.store) <= FEW {
                continue;
            }
            let found = self.found(GraphPattern::Bgp { patterns: Vec::new() }, place, other, condition.metres);
            let part = &mut self.parts[target];
            let rest = join(std::mem::take(&mut part.component.patterns));
            part.plan = Some(lateral(found, rest));
            return;
        }
    }

    /// Finds the places of one component near those of another.
    fn by_join(&mut self, condition: &Condition) {
        let mut ways = Vec::new();
        for (place, other) in both_ways(condition) {
            let (Some(target), Some(source)) = (self.part_of_place(place), self.part_with(other)) else { continue };
            if target != source {
                // What the index has found already is few.
                let rows = |part: &Part| if part.plan.is_some() { FEW } else { part.component.rows(self.store) };
                let (from, to) = (rows(&self.parts[source]), rows(&self.parts[target]));
                ways.push((from, to, source, target, place, other));
            }
        }
        let Some((from, to, source, target, place, other)) = ways.into_iter().min_by_key(|way| way.0) else { return };
        // Where there are few pairs the index costs more than it saves.
        if from < MANY && to < MANY && from * to <= FEW_PAIRS {
            return;
        }
        let (place, other) = (place.clone(), other.clone());
        let (Part { component, plan }, inner) = if source > target {
            let from = self.parts.remove(source);
            (from, self.parts.remove(target))
        } else {
            let inner = self.parts.remove(target);
            (self.parts.remove(source), inner)
        };
        let outer = plan.unwrap_or_else(|| join(component.patterns.clone()));
        let found = self.found(outer, &place, &other, condition.metres);
        let rest = join(inner.component.patterns.clone());
        let component = component.and(inner.component);
        self.parts.push(Part { component, plan: Some(lateral(found, rest)) });
    }

    /// The part in which the index knows all values of an expression.
    fn part_of_place(&self, place: &Expression) -> Option<usize> {
        let Expression::Variable(variable) = place else { return None };
        self.parts.iter().position(|part| part.knows(variable))
    }

    /// The part that has all variables of an expression.
    fn part_with(&self, expression: &Expression) -> Option<usize> {
        let used = variables(expression)?;
        self.parts.iter().position(|part| {
            let known = if self.certain { &part.component.bound } else { &part.component.variables };
            !used.is_empty() && used.iter().all(|variable| known.contains(variable))
        })
    }

    /// The rows of `outer`, each with all places that the index finds near `other`.
    fn found(
        &mut self,
        outer: GraphPattern,
        place: &Expression,
        other: &Expression,
        metres: Option<f64>,
    ) -> GraphPattern {
        let Expression::Variable(place) = place else { return outer };
        let [cover, levels, row, column, key, home] = std::array::from_fn(|_| self.fresh.variable());
        let arguments = std::iter::once(other.clone()).chain(metres.map(literal)).collect();
        let covered = extend(outer, &cover, call(COVER, arguments));
        // They are read here, not before, so that they are those of the moment that the query sees.
        let used = index(vec![triple(THIS, LEVELS, &levels)]);
        let at = |place: Expression| vec![cover.clone().into(), levels.clone().into(), place];
        let first = Expression::Multiply(Box::new(row.clone().into()), Box::new(literal(ROW)));
        let place_of_key = Expression::Add(Box::new(first.clone()), Box::new(column.clone().into()));
        let rows = GraphPattern::Filter {
            expr: call(MORE, at(first)),
            inner: Box::new(lateral(lateral(covered, used), numbers(&row, ROWS))),
        };
        let keys = extend(lateral(rows, numbers(&column, ROW)), &key, call(KEY, at(place_of_key)));
        let homes = index(vec![
            TriplePattern { subject: home.clone().into(), predicate: IN.into_owned().into(), object: key.into() },
            TriplePattern { subject: home.into(), predicate: HOLDS.into_owned().into(), object: place.clone().into() },
        ]);
        lateral(keys, homes)
    }
}

fn both_ways(condition: &Condition) -> [(&Expression, &Expression); 2] {
    let [a, b] = &condition.places;
    [(a, b), (b, a)]
}

fn lateral(left: GraphPattern, right: GraphPattern) -> GraphPattern {
    GraphPattern::Lateral { left: Box::new(left), right: Box::new(right) }
}

fn extend(inner: GraphPattern, variable: &Variable, expression: Expression) -> GraphPattern {
    GraphPattern::Extend { inner: Box::new(inner), variable: variable.clone(), expression }
}

/// Patterns in the graph of the index.
pub(super) fn index(patterns: Vec<TriplePattern>) -> GraphPattern {
    let name = NamedNodePattern::NamedNode(INDEX.into_owned());
    GraphPattern::Graph { name, inner: Box::new(GraphPattern::Bgp { patterns }) }
}

fn triple(subject: NamedNodeRef<'_>, predicate: NamedNodeRef<'_>, object: &Variable) -> TriplePattern {
    let subject: NamedNode = subject.into_owned();
    TriplePattern { subject: subject.into(), predicate: predicate.into_owned().into(), object: object.clone().into() }
}

/// The numbers from 0 up to, not including, `end`.
fn numbers(variable: &Variable, end: i64) -> GraphPattern {
    let bindings = (0..end).map(|number| vec![Some(GroundTerm::Literal(Literal::from(number)))]).collect();
    GraphPattern::Values { variables: vec![variable.clone()], bindings }
}

/// The variables of an expression that means the same wherever it stands: a place, or a function of places.
fn variables(expression: &Expression) -> Option<HashSet<Variable>> {
    match expression {
        Expression::Literal(_) | Expression::NamedNode(_) => Some(HashSet::new()),
        Expression::Variable(variable) => Some(HashSet::from([variable.clone()])),
        Expression::FunctionCall(Function::Custom(_), arguments) => {
            let used: Option<Vec<_>> = arguments.iter().map(variables).collect();
            Some(used?.into_iter().flatten().collect())
        }
        _ => None,
    }
}
