//! The parts of a query, for those who look at all of them.

use std::collections::HashSet;

use oxigraph::model::Variable;
use spargebra::Query;
use spargebra::algebra::{AggregateExpression, Expression, Function, GraphPattern, OrderExpression};

/// The pattern of a query, whatever is made of its rows.
pub(super) fn pattern(query: &mut Query) -> &mut GraphPattern {
    match query {
        Query::Select { pattern, .. }
        | Query::Construct { pattern, .. }
        | Query::Describe { pattern, .. }
        | Query::Ask { pattern, .. } => pattern,
    }
}

/// The variables that a pattern may bind for those around it.
pub(super) fn in_scope(pattern: &GraphPattern) -> HashSet<Variable> {
    let mut found = HashSet::new();
    pattern.on_in_scope_variable(|variable| {
        found.insert(variable.clone());
    });
    found
}

/// The patterns directly below a pattern, those of EXISTS aside.
pub(super) fn children(pattern: &mut GraphPattern) -> Vec<&mut GraphPattern> {
    match pattern {
        GraphPattern::Bgp { .. } | GraphPattern::Path { .. } | GraphPattern::Values { .. } => Vec::new(),
        GraphPattern::Join { left, right }
        | GraphPattern::LeftJoin { left, right, .. }
        | GraphPattern::Lateral { left, right }
        | GraphPattern::Union { left, right }
        | GraphPattern::Minus { left, right } => vec![left, right],
        GraphPattern::Filter { inner, .. }
        | GraphPattern::Graph { inner, .. }
        | GraphPattern::Extend { inner, .. }
        | GraphPattern::OrderBy { inner, .. }
        | GraphPattern::Project { inner, .. }
        | GraphPattern::Distinct { inner }
        | GraphPattern::Reduced { inner }
        | GraphPattern::Slice { inner, .. }
        | GraphPattern::Group { inner, .. }
        | GraphPattern::Service { inner, .. } => vec![inner],
    }
}

/// Calls `f` with every pattern that stands in an EXISTS of the pattern's own expressions.
pub(super) fn each_exists(pattern: &mut GraphPattern, f: &mut dyn FnMut(&mut GraphPattern)) {
    each_expression(pattern, &mut |expression| {
        if let Expression::Exists(pattern) = expression {
            f(pattern);
        }
    });
}

/// Whether a query calls functions that are not SPARQL's own.
pub(super) fn calls_functions(pattern: &mut GraphPattern) -> bool {
    let mut calls = false;
    each_expression(pattern, &mut |expression| {
        calls |= match expression {
            Expression::FunctionCall(Function::Custom(_), _) => true,
            Expression::Exists(pattern) => calls_functions(pattern),
            _ => false,
        };
    });
    calls || children(pattern).into_iter().any(calls_functions)
}

/// Calls `f` with the pattern's own expressions and all parts of them, parts first, but not with those of an EXISTS.
pub(super) fn each_expression(pattern: &mut GraphPattern, f: &mut dyn FnMut(&mut Expression)) {
    own_expressions(pattern).into_iter().for_each(|expression| in_expression(expression, f));
}

/// The pattern's own expressions.
pub(super) fn own_expressions(pattern: &mut GraphPattern) -> Vec<&mut Expression> {
    match pattern {
        GraphPattern::Filter { expr: expression, .. }
        | GraphPattern::LeftJoin { expression: Some(expression), .. }
        | GraphPattern::Extend { expression, .. } => vec![expression],
        GraphPattern::OrderBy { expression, .. } => expression
            .iter_mut()
            .map(|key| match key {
                OrderExpression::Asc(key) | OrderExpression::Desc(key) => key,
            })
            .collect(),
        GraphPattern::Group { aggregates, .. } => aggregates
            .iter_mut()
            .filter_map(|(_, aggregate)| match aggregate {
                AggregateExpression::FunctionCall { expr, .. } => Some(expr),
                AggregateExpression::CountSolutions { .. } => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn in_expression(expression: &mut Expression, f: &mut dyn FnMut(&mut Expression)) {
    parts(expression).into_iter().for_each(|part| in_expression(part, f));
    f(expression);
}

/// The expressions directly below an expression, those of an EXISTS aside.
pub(super) fn parts(expression: &mut Expression) -> Vec<&mut Expression> {
    match expression {
        Expression::Exists(_)
        | Expression::NamedNode(_)
        | Expression::Literal(_)
        | Expression::Variable(_)
        | Expression::Bound(_) => Vec::new(),
        Expression::Or(a, b)
        | Expression::And(a, b)
        | Expression::Equal(a, b)
        | Expression::SameTerm(a, b)
        | Expression::Greater(a, b)
        | Expression::GreaterOrEqual(a, b)
        | Expression::Less(a, b)
        | Expression::LessOrEqual(a, b)
        | Expression::Add(a, b)
        | Expression::Subtract(a, b)
        | Expression::Multiply(a, b)
        | Expression::Divide(a, b) => vec![a, b],
        Expression::In(a, list) => std::iter::once(&mut **a).chain(list).collect(),
        Expression::UnaryPlus(a) | Expression::UnaryMinus(a) | Expression::Not(a) => vec![a],
        Expression::If(a, b, c) => vec![a, b, c],
        Expression::Coalesce(list) | Expression::FunctionCall(_, list) => list.iter_mut().collect(),
    }
}
