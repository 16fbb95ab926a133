//! The conditions in a filter that the index can help with.

use std::collections::HashMap;

use oxigraph::model::{Literal, NamedNode, Term, Variable};
use spargebra::algebra::{Expression, Function};

use crate::query::functions::{GEOF, metres_per_unit, number};

/// Relations that need a point in common.
const TOUCHING: [&str; 21] = [
    "sfEquals",
    "sfIntersects",
    "sfTouches",
    "sfCrosses",
    "sfWithin",
    "sfContains",
    "sfOverlaps",
    "ehEquals",
    "ehMeet",
    "ehOverlap",
    "ehCovers",
    "ehCoveredBy",
    "ehInside",
    "ehContains",
    "rcc8eq",
    "rcc8ec",
    "rcc8po",
    "rcc8tpp",
    "rcc8tppi",
    "rcc8ntpp",
    "rcc8ntppi",
];

/// A condition between two places that have to be near one another.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    /// The places.
    pub(super) places: [Expression; 2],
    /// How far apart they may be; `None` when they have to share a point.
    pub(super) metres: Option<f64>,
    /// The condition as it stands in the filter.
    pub(super) original: Expression,
    /// The same, with what `BIND` has named written out.
    pub(super) whole: Expression,
}

/// What `BIND` has named.
pub(super) type Named = HashMap<Variable, Expression>;

/// Adds the conditions of an expression, all of which have to hold.
pub(super) fn collect(expression: &Expression, found: &mut Vec<Expression>) {
    match expression {
        Expression::And(a, b) => {
            collect(a, found);
            collect(b, found);
        }
        other => found.push(other.clone()),
    }
}

/// Puts `true` in place of a condition that is evaluated elsewhere.
pub(super) fn remove(expression: &mut Expression, condition: &Expression) {
    if let Expression::And(a, b) = expression {
        remove(a, condition);
        remove(b, condition);
    } else if expression == condition {
        *expression = literal(true);
    }
}

/// The condition that an expression is, if it is one that the index can help with.
pub(super) fn of(expression: &Expression, named: &Named) -> Option<Condition> {
    match expression {
        Expression::LessOrEqual(near, far) | Expression::Less(near, far) => {
            let (near, far) = (Box::new(written_out(near, named)), Box::new(written_out(far, named)));
            let (places, per_unit) = distance(&near)?;
            let metres = constant(&far)? * per_unit;
            let whole = match expression {
                Expression::Less(..) => Expression::Less(near, far),
                _ => Expression::LessOrEqual(near, far),
            };
            Some(Condition { places, metres: Some(metres), original: expression.clone(), whole })
        }
        Expression::GreaterOrEqual(far, near) => {
            let turned = of(&Expression::LessOrEqual(near.clone(), far.clone()), named)?;
            Some(Condition { original: expression.clone(), ..turned })
        }
        Expression::Greater(far, near) => {
            let turned = of(&Expression::Less(near.clone(), far.clone()), named)?;
            Some(Condition { original: expression.clone(), ..turned })
        }
        _ => {
            let whole = written_out(expression, named);
            let (name, [a, b]) = geof(&whole)? else { return None };
            let (places, original) = ([a.clone(), b.clone()], expression.clone());
            TOUCHING.contains(&name).then(|| Condition { places, metres: None, original, whole: whole.clone() })
        }
    }
}

/// An expression with what is named in place of its name: of itself, and of the arguments when it is a call. Not of theirs:
/// names of names could make a text of any length.
fn written_out(expression: &Expression, named: &Named) -> Expression {
    let value = |expression: &Expression| match expression {
        Expression::Variable(variable) => named.get(variable).unwrap_or(expression).clone(),
        other => other.clone(),
    };
    match value(expression) {
        Expression::FunctionCall(function, arguments) => {
            Expression::FunctionCall(function, arguments.iter().map(value).collect())
        }
        other => other,
    }
}

/// The places between which a distance is measured, and the metres in its unit.
fn distance(expression: &Expression) -> Option<([Expression; 2], f64)> {
    match geof(expression)? {
        ("distance" | "metricDistance", [a, b]) => Some(([a.clone(), b.clone()], 1.0)),
        ("distance", [a, b, unit]) => {
            let unit = match unit {
                Expression::NamedNode(name) => Term::from(name.clone()),
                Expression::Literal(literal) => Term::from(literal.clone()),
                _ => return None,
            };
            Some(([a.clone(), b.clone()], metres_per_unit(&unit)?))
        }
        _ => None,
    }
}

/// The name and the arguments of a function of GeoSPARQL.
fn geof(expression: &Expression) -> Option<(&str, &[Expression])> {
    match expression {
        Expression::FunctionCall(Function::Custom(name), arguments) => {
            Some((name.as_str().strip_prefix(GEOF)?, arguments.as_slice()))
        }
        _ => None,
    }
}

fn constant(expression: &Expression) -> Option<f64> {
    match expression {
        Expression::Literal(literal) => number(&literal.clone().into()),
        _ => None,
    }
}

/// A call of one of our own functions.
pub(super) fn call(name: &str, arguments: Vec<Expression>) -> Expression {
    Expression::FunctionCall(Function::Custom(NamedNode::new_unchecked(name)), arguments)
}

/// A number as an expression.
pub(super) fn literal(number: impl Into<Literal>) -> Expression {
    Expression::Literal(number.into())
}

/// Whether an expression is a call of one of our own functions.
pub(super) fn is_call(expression: &Expression, name: &str) -> bool {
    matches!(expression, Expression::FunctionCall(Function::Custom(called), _) if called.as_str() == name)
}
