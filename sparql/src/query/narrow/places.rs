//! Places: joins through the grid.

use std::cell::OnceCell;
use std::collections::HashSet;

use oxigraph::model::{Literal, NamedNode, NamedNodeRef, Variable};
use spargebra::algebra::{Expression, Function, GraphPattern};
use spargebra::term::{GroundTerm, NamedNodePattern, TermPattern, TriplePattern};

use super::Fresh;
use super::conditions::{self, Condition, Named, call, literal};
use super::functions::{BEYOND, COVER, KEY, MORE, SPOT, WITHIN};
use super::parts::{Component, Counts, MANY, components, join};
use crate::index::{AS_WKT, IN, INDEX, LEVELS, THIS};

/// Keys are made in rows of this many, as many rows as there are keys.
const ROW: i64 = 32;
/// Rows of keys: no cover has more than 512 keys.
const ROWS: i64 = 16;
/// Few rows are read faster as they are than through the grid. Tests have small worlds.
const FEW: usize = if cfg!(test) { 10 } else { 100 };
/// How many pairs are compared faster one by one.
const FEW_PAIRS: usize = if cfg!(test) { 100 } else { 5_000 };

/// Narrows the join below a filter, by the filter's conditions and those between it and the join.
pub(super) fn narrow(filter: &mut GraphPattern, outside: &HashSet<Variable>, counts: Counts<'_>, fresh: &mut Fresh) {
    let mut found = Vec::new();
    let mut named = Named::new();
    let mut optional = false;
    let mut core = &mut *filter;
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
    let parts = parts.into_iter().map(|part| Part::new(part, None)).collect();
    let mut plan = Plan { parts, outside, certain: optional, counts, fresh, early: Vec::new() };
    for condition in &conditions {
        plan.by_constant(condition);
    }
    for condition in &conditions {
        plan.by_join(condition);
    }
    let Plan { parts, early, .. } = plan;
    *core = early.iter().fold(join(parts.into_iter().map(Part::pattern)), |inner, (_, expr)| GraphPattern::Filter {
        expr: expr.clone(),
        inner: Box::new(inner),
    });
    for (condition, _) in &early {
        above(filter, condition);
    }
}

/// Takes a condition out of the filters above the join in which it is evaluated now.
fn above(pattern: &mut GraphPattern, condition: &Expression) {
    match pattern {
        // The first that is its own stands right above the join.
        GraphPattern::Filter { expr, inner } if !is_early(expr) => {
            conditions::remove(expr, condition);
            above(inner, condition);
        }
        GraphPattern::Extend { inner, .. } | GraphPattern::Graph { inner, .. } => above(inner, condition),
        GraphPattern::LeftJoin { left, .. } | GraphPattern::Minus { left, .. } => above(left, condition),
        _ => {}
    }
}

/// Whether a filter is one that this module has made.
fn is_early(expression: &Expression) -> bool {
    matches!(expression, Expression::If(certain, _, _) if conditions::is_call(certain, WITHIN))
}

/// A component, and how it is found through the index.
struct Part {
    component: Component,
    plan: Option<GraphPattern>,
    rows: OnceCell<usize>,
}

impl Part {
    fn new(component: Component, plan: Option<GraphPattern>) -> Self {
        Self { component, plan, rows: OnceCell::new() }
    }

    /// How many rows it has at most, as far as is quickly told. What the index has found already is where to start from.
    fn rows(&self, counts: Counts<'_>) -> usize {
        if self.plan.is_some() { FEW } else { *self.rows.get_or_init(|| self.component.rows(counts, MANY)) }
    }

    fn pattern(self) -> GraphPattern {
        self.plan.unwrap_or_else(|| join(self.component.patterns))
    }

    /// Whether they are more than are read as fast as they are.
    fn are_many(&self, counts: Counts<'_>) -> bool {
        self.component.rows(counts, FEW + 1) > FEW
    }

    /// The node whose places the index knows, when a variable stands for one of them.
    fn node_of(&self, variable: &Variable) -> Option<TermPattern> {
        if !self.component.patterns.iter().all(may_be_asked_for_each_row) {
            return None;
        }
        let mut triples = self.component.triples();
        let triple = triples.find(|TriplePattern { predicate, object, .. }| {
            matches!(predicate, NamedNodePattern::NamedNode(name) if name.as_ref() == AS_WKT)
                && matches!(object, TermPattern::Variable(object) if object == variable)
        })?;
        Some(triple.subject.clone())
    }
}

/// Whether a pattern means the same when some of its variables have values already, and costs no more for each row than for
/// all: a limit would be one for each row, a group would be made anew.
fn may_be_asked_for_each_row(pattern: &GraphPattern) -> bool {
    match pattern {
        GraphPattern::Bgp { .. } | GraphPattern::Path { .. } | GraphPattern::Values { .. } => true,
        GraphPattern::Join { left, right } | GraphPattern::Union { left, right } => {
            may_be_asked_for_each_row(left) && may_be_asked_for_each_row(right)
        }
        GraphPattern::Filter { inner, .. } | GraphPattern::Graph { inner, .. } => may_be_asked_for_each_row(inner),
        _ => false,
    }
}

struct Plan<'p> {
    parts: Vec<Part>,
    /// Variables that have values already.
    outside: &'p HashSet<Variable>,
    /// Whether only variables count that have a value in every row of the join.
    certain: bool,
    counts: Counts<'p>,
    fresh: &'p mut Fresh,
    /// Conditions that are evaluated with what the index has found, and what they are there.
    early: Vec<(Expression, Expression)>,
}

impl Plan<'_> {
    /// Finds a place that is compared with something known before.
    fn by_constant(&mut self, condition: &Condition) {
        for (place, other) in both_ways(condition) {
            let Some((target, node)) = self.part_of_place(place) else { continue };
            let Some(used) = variables(other) else { continue };
            let known = used.iter().all(|variable| {
                self.outside.contains(variable)
                    && !self.parts.iter().any(|part| part.component.variables.contains(variable))
            });
            if !known || self.parts[target].plan.is_some() || !self.parts[target].are_many(self.counts) {
                continue;
            }
            let found = self.found(GraphPattern::Bgp { patterns: Vec::new() }, node.clone(), other, condition);
            let part = &mut self.parts[target];
            part.plan = Some(completed(found, std::mem::take(&mut part.component.patterns), &node, condition));
            return;
        }
    }

    /// Finds the places of one component near those of another.
    fn by_join(&mut self, condition: &Condition) {
        let mut ways = Vec::new();
        for (place, other) in both_ways(condition) {
            let (Some((target, node)), Some(source)) = (self.part_of_place(place), self.part_with(other)) else {
                continue;
            };
            if target != source && self.parts[target].plan.is_none() {
                let (from, to) = (self.parts[source].rows(self.counts), self.parts[target].rows(self.counts));
                ways.push((from, to, source, target, node, other));
            }
        }
        let Some((from, to, source, target, node, other)) = ways.into_iter().min_by_key(|way| way.0) else { return };
        // Where there are few pairs the index costs more than it saves.
        if from < MANY && to < MANY && from * to <= FEW_PAIRS {
            return;
        }
        let (Part { component, plan, .. }, inner) = if source > target {
            let from = self.parts.remove(source);
            (from, self.parts.remove(target))
        } else {
            let inner = self.parts.remove(target);
            (self.parts.remove(source), inner)
        };
        let outer = plan.unwrap_or_else(|| join(component.patterns.clone()));
        let found = self.found(outer, node.clone(), other, condition);
        let plan = completed(found, inner.component.patterns.clone(), &node, condition);
        self.parts.push(Part::new(component.and(inner.component), Some(plan)));
    }

    /// The part in which the index knows where the node is whose place an expression is, and the node.
    fn part_of_place(&self, place: &Expression) -> Option<(usize, TermPattern)> {
        let Expression::Variable(variable) = place else { return None };
        self.parts.iter().enumerate().find_map(|(at, part)| Some((at, part.node_of(variable)?)))
    }

    /// The part that has all variables of an expression.
    fn part_with(&self, expression: &Expression) -> Option<usize> {
        let used = variables(expression)?;
        self.parts.iter().position(|part| {
            let known = if self.certain { &part.component.bound } else { &part.component.variables };
            !used.is_empty() && used.iter().all(|variable| known.contains(variable))
        })
    }

    /// The rows of `outer`, each with all nodes that the index finds near `other`.
    fn found(
        &mut self,
        outer: GraphPattern,
        node: TermPattern,
        other: &Expression,
        condition: &Condition,
    ) -> GraphPattern {
        let [cover, levels, row, column, key, home, here, spot] = std::array::from_fn(|_| self.fresh.variable());
        let arguments = std::iter::once(other.clone()).chain(condition.metres.map(literal)).collect();
        let covered = extend(outer, &cover, call(COVER, arguments));
        let covered = match condition.metres {
            Some(_) => extend(covered, &here, call(SPOT, vec![other.clone()])),
            None => covered,
        };
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
            TriplePattern { subject: node, predicate: home.into(), object: spot.clone().into() },
        ]);
        let found = lateral(keys, homes);
        let Some(metres) = condition.metres else { return found };
        // What two points are certain of needs no look at what is written of them.
        let spots = || vec![here.clone().into(), spot.clone().into(), literal(metres)];
        let exact = Box::new(condition.whole.clone());
        let early = Expression::If(Box::new(call(WITHIN, spots())), Box::new(literal(true)), exact);
        self.early.push((condition.original.clone(), early));
        GraphPattern::Filter { expr: Expression::Not(Box::new(call(BEYOND, spots()))), inner: Box::new(found) }
    }
}

/// The nodes that the index has found, with all else that is asked of them. Where most are certain to be near enough, the
/// place itself comes last: much else may still speak against them.
fn completed(
    found: GraphPattern,
    patterns: Vec<GraphPattern>,
    node: &TermPattern,
    condition: &Condition,
) -> GraphPattern {
    let is_place = |pattern: &GraphPattern| match pattern {
        GraphPattern::Bgp { patterns } => patterns.iter().all(|triple| is_place_of(triple, node)),
        _ => false,
    };
    let (last, first): (Vec<_>, Vec<_>) =
        patterns.into_iter().partition(|pattern| condition.metres.is_some() && is_place(pattern));
    lateral(lateral(found, join(first)), join(last))
}

fn is_place_of(triple: &TriplePattern, node: &TermPattern) -> bool {
    matches!(&triple.predicate, NamedNodePattern::NamedNode(name) if name.as_ref() == AS_WKT) && triple.subject == *node
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
