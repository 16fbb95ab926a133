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
    match pattern {
        GraphPattern::Filter { expr, .. } => in_expression(expr, f),
        GraphPattern::LeftJoin { expression: Some(expression), .. } | GraphPattern::Extend { expression, .. } => {
            in_expression(expression, f);
        }
        GraphPattern::OrderBy { expression, .. } => {
            for key in expression {
                let (OrderExpression::Asc(key) | OrderExpression::Desc(key)) = key;
                in_expression(key, f);
            }
        }
        GraphPattern::Group { aggregates, .. } => {
            for (_, aggregate) in aggregates {
                if let AggregateExpression::FunctionCall { expr, .. } = aggregate {
                    in_expression(expr, f);
                }
            }
        }
        _ => {}
    }
}

fn in_expression(expression: &mut Expression, f: &mut dyn FnMut(&mut Expression)) {
    match expression {
        Expression::Exists(_)
        | Expression::NamedNode(_)
        | Expression::Literal(_)
        | Expression::Variable(_)
        | Expression::Bound(_) => {}
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
        | Expression::Divide(a, b) => {
            in_expression(a, f);
            in_expression(b, f);
        }
        Expression::In(a, list) => {
            in_expression(a, f);
            list.iter_mut().for_each(|item| in_expression(item, f));
        }
        Expression::UnaryPlus(a) | Expression::UnaryMinus(a) | Expression::Not(a) => in_expression(a, f),
        Expression::If(a, b, c) => {
            in_expression(a, f);
            in_expression(b, f);
            in_expression(c, f);
        }
        Expression::Coalesce(list) | Expression::FunctionCall(_, list) => {
            list.iter_mut().for_each(|item| in_expression(item, f));
        }
    }
    f(expression);
}
