//! Stopping queries between two rows of a join.
//!
//! Oxigraph looks at its cancellation token whenever it reads a quad. A join of parts that it reads once and keeps in
//! memory, as it does with parts that have no variable in common, brings rows for years without reading anything. So
//! such joins get a filter that holds always, but looks at the token too.

use std::collections::HashSet;
use std::sync::Arc;

use oxigraph::model::{Literal, NamedNode, Variable};
use oxigraph::sparql::SparqlEvaluator;
use spargebra::algebra::{Expression, Function, GraphPattern};
use spargebra::term::{NamedNodePattern, TermPattern};

use super::QueryError;
use super::ticket::Ticket;
use super::unwind::leave_if_stopped;
use super::walk::{children, each_exists, in_scope};

/// The name of the function behind the filter.
const GOES_ON: &str = "urn:hiroba:sparql:goesOn";
/// How many parts without a common variable may be joined.
const MAX_PARTS: usize = 16;
/// How many patterns may be joined in one place. Oxigraph's planner cannot be stopped, and its time grows with their
/// fourth power: 100 take a second in a debug build, 200 take 19.
const MAX_JOINED: usize = 128;

/// Gives the filter's function to the evaluator of one query.
pub(super) fn register(evaluator: SparqlEvaluator, ticket: &Arc<Ticket>) -> SparqlEvaluator {
    let ticket = Arc::clone(ticket);
    evaluator.with_custom_function(NamedNode::new_unchecked(GOES_ON), move |_| {
        leave_if_stopped(&ticket);
        Some(Literal::from(true).into())
    })
}

/// Puts the filter on every join of parts that have no variable in common.
///
/// # Errors
/// [`QueryError::TooComplex`] when there are too many of them.
pub(super) fn allow(pattern: &mut GraphPattern) -> Result<(), QueryError> {
    // What is inside goes to another endpoint, as it is.
    if let GraphPattern::Service { .. } = pattern {
        return Ok(());
    }
    let mut outcome = Ok(());
    each_exists(pattern, &mut |inner| {
        if let Err(error) = allow(inner) {
            outcome = Err(error);
        }
    });
    outcome?;
    let mut parts = Vec::new();
    let joins = match pattern {
        GraphPattern::Bgp { .. } | GraphPattern::Join { .. } => below_joins(pattern, &mut parts)?,
        GraphPattern::LeftJoin { left, right, .. } => {
            for side in [left, right] {
                allow(side)?;
                parts.push(Part { whole: true, variables: in_scope(side) });
            }
            true
        }
        _ => {
            for child in children(pattern) {
                allow(child)?;
            }
            false
        }
    };
    if parts.len() > MAX_JOINED {
        return Err(QueryError::TooComplex(format!("it joins over {MAX_JOINED} patterns in one place")));
    }
    let parts = if joins { separate(parts) } else { return Ok(()) };
    if parts.len() > MAX_PARTS {
        return Err(QueryError::TooComplex(format!("it joins over {MAX_PARTS} parts that have nothing in common")));
    }
    let pairs = parts.iter().enumerate().flat_map(|(i, a)| parts.iter().skip(i + 1).map(move |b| (a, b)));
    for (a, b) in pairs {
        // With a variable of each side the filter stays at the join; else the optimiser would move it into one.
        if let (Some(of_a), Some(of_b)) = (a.difference(b).min_by_key(named), b.difference(a).min_by_key(named)) {
            filter(pattern, goes_on(of_a, of_b));
        }
    }
    Ok(())
}

/// The order of preference: variables with a name of their own, then those that stand for blank nodes.
fn named<'v>(variable: &&'v Variable) -> (bool, &'v str) {
    (variable.as_str().starts_with('_'), variable.as_str())
}

/// The filter goes into the condition of OPTIONAL, where it sees each pair of rows, and above other joins.
fn filter(pattern: &mut GraphPattern, also: Expression) {
    if let GraphPattern::LeftJoin { expression, .. } = pattern {
        *expression = Some(match expression.take() {
            Some(condition) => Expression::And(Box::new(also), Box::new(condition)),
            None => also,
        });
    } else {
        let nothing = GraphPattern::Bgp { patterns: Vec::new() };
        let inner = Box::new(std::mem::replace(pattern, nothing));
        *pattern = GraphPattern::Filter { expr: also, inner };
    }
}

/// A call that holds always, unless the query has been stopped.
pub(super) fn call() -> Expression {
    Expression::FunctionCall(Function::Custom(NamedNode::new_unchecked(GOES_ON)), Vec::new())
}

fn goes_on(a: &Variable, b: &Variable) -> Expression {
    let never = Expression::SameTerm(Box::new(a.clone().into()), Box::new(b.clone().into()));
    Expression::If(Box::new(call()), Box::new(Literal::from(true).into()), Box::new(never))
}

/// One operand of joins that stand together.
struct Part {
    /// Whether it is evaluated by itself, even when it has variables in common with others.
    whole: bool,
    variables: HashSet<Variable>,
}

/// Takes joins that stand together apart, and allows interruptions within their operands. Whether there is a join.
fn below_joins(pattern: &mut GraphPattern, parts: &mut Vec<Part>) -> Result<bool, QueryError> {
    match pattern {
        GraphPattern::Bgp { patterns } => {
            parts.extend(patterns.iter().map(|triple| {
                let mut variables = HashSet::new();
                of_term(&triple.subject, &mut variables);
                of_name(&triple.predicate, &mut variables);
                of_term(&triple.object, &mut variables);
                Part { whole: false, variables }
            }));
        }
        GraphPattern::Join { left, right } => {
            below_joins(left, parts)?;
            below_joins(right, parts)?;
        }
        _ => {
            allow(pattern)?;
            let whole = !matches!(pattern, GraphPattern::Path { .. } | GraphPattern::Values { .. });
            parts.push(Part { whole, variables: in_scope(pattern) });
        }
    }
    Ok(parts.len() > 1)
}

/// The variables of parts that are not evaluated row by row along with one another.
fn separate(parts: Vec<Part>) -> Vec<HashSet<Variable>> {
    let mut found: Vec<HashSet<Variable>> = Vec::new();
    let (whole, mut single): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| part.whole);
    while let Some(Part { mut variables, .. }) = single.pop() {
        while let Some(next) = single.iter().position(|part| !part.variables.is_disjoint(&variables)) {
            variables.extend(single.swap_remove(next).variables);
        }
        found.push(variables);
    }
    found.extend(whole.into_iter().map(|part| part.variables));
    found.retain(|variables| !variables.is_empty());
    found
}

fn of_term(term: &TermPattern, found: &mut HashSet<Variable>) {
    match term {
        TermPattern::Variable(variable) => {
            found.insert(variable.clone());
        }
        // Joins like a variable; only its name may not be used in an expression.
        TermPattern::BlankNode(node) => {
            found.insert(Variable::new_unchecked(format!("_{}", node.as_str())));
        }
        _ => {}
    }
}

fn of_name(name: &NamedNodePattern, found: &mut HashSet<Variable>) {
    if let NamedNodePattern::Variable(variable) = name {
        found.insert(variable.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use oxigraph::model::{GraphName, NamedNodeRef, Quad};
    use oxigraph::store::Store;

    use super::*;
    use crate::query::guard;
    use crate::query::testing::{ends_when_stopped, rows, ticket};

    fn store(quads: i32) -> Store {
        let store = Store::new().unwrap();
        for n in 0..quads {
            let subject = NamedNode::new_unchecked(format!("urn:s:{n}"));
            let predicate = NamedNodeRef::new_unchecked("urn:p").into_owned();
            store.insert(&Quad::new(subject, predicate, Literal::from(n % 3), GraphName::DefaultGraph)).unwrap();
        }
        store
    }

    /// How many rows there are, unless the query is stopped first.
    fn count(query: &str, store: &Store, ticket: &Arc<Ticket>) -> Result<usize, QueryError> {
        let evaluator = SparqlEvaluator::new().with_cancellation_token(ticket.token.clone());
        rows(evaluator, query, store, ticket, |_| Ok(())).map(|rows| rows.len())
    }

    #[test]
    fn a_join_without_end_ends_when_it_is_stopped() {
        let store = store(2_000);
        for query in [
            "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }",
            "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?c + ?f + ?i > 10) }",
            "SELECT (COUNT(*) AS ?n) { { ?a ?b ?c . ?d ?e ?f } { ?g ?h ?i . ?j ?k ?l } }",
            "SELECT (COUNT(*) AS ?n) { ?a ?b ?c OPTIONAL { ?d ?e ?f . ?g ?h ?i } }",
            "SELECT (COUNT(*) AS ?n) { { SELECT ?c ?a { ?a ?b ?c } } { SELECT ?c ?d { ?d ?e ?c } } { SELECT ?c ?f { ?f ?g ?c } } \
             { SELECT ?c ?h { ?h ?i ?c } } }",
            "SELECT (COUNT(*) AS ?n) { ?x ?y ?z FILTER EXISTS { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i FILTER(?c + ?f + ?i > 10) } }",
            "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?c ?f",
        ] {
            ends_when_stopped(query, Duration::from_millis(150), |ticket| count(query, &store, ticket));
        }
    }

    #[test]
    fn joins_mean_what_they_meant() {
        let store = store(6);
        for (query, rows) in [
            ("SELECT * { ?a ?b ?c . ?d ?e ?f }", 36),
            ("SELECT * { ?a ?b ?c . ?d ?b ?c }", 12),
            ("SELECT * { ?a ?b ?c . ?d ?e ?f . FILTER(?c = 1 && ?f = 2) }", 4),
            ("SELECT * { ?a ?b 1 OPTIONAL { ?d ?e 2 } }", 4),
            ("SELECT * { ?a ?b ?c OPTIONAL { ?d ?e ?f FILTER(?c = 1 && ?f = 2) } }", 8),
            ("SELECT * { ?a ?b ?c OPTIONAL { ?d <urn:none> ?f } }", 6),
            ("SELECT * { [] ?b 1 . [] ?c 2 }", 4),
            ("SELECT * { { SELECT ?c { ?a ?b ?c } } { SELECT ?c ?d { ?d ?e ?c } } }", 12),
            ("SELECT * { VALUES ?c { 0 1 } ?a ?b ?c . VALUES ?x { 7 8 } }", 8),
            ("SELECT * { ?a ?b ?c FILTER NOT EXISTS { ?d ?e 1 . ?f ?g 9 } }", 6),
            ("SELECT * {}", 1),
        ] {
            assert_eq!(count(query, &store, &ticket()), Ok(rows), "{query}");
        }
    }

    #[test]
    fn joins_that_are_too_large_are_refused() {
        let star = |n: usize| (0..n).map(|i| format!("?s <urn:p{i}> ?o{i} . ")).collect::<String>();
        assert!(guard::parse(&format!("ASK {{ {} }}", star(MAX_JOINED))).is_ok());
        for query in [
            format!("ASK {{ {} }}", star(MAX_JOINED + 1)),
            format!("ASK {{ ?s {} ?o }}", "<urn:p>/".repeat(MAX_JOINED) + "<urn:p>"),
        ] {
            assert!(matches!(guard::parse(&query), Err(QueryError::TooComplex(_))), "{query}");
        }
        let parts = |n: usize| (0..n).map(|i| format!("?s{i} <urn:p> ?o{i} . ")).collect::<String>();
        assert!(guard::parse(&format!("ASK {{ {} }}", parts(MAX_PARTS))).is_ok());
        let outcome = guard::parse(&format!("ASK {{ {} }}", parts(MAX_PARTS + 1)));
        assert!(matches!(outcome, Err(QueryError::TooComplex(_))), "{outcome:?}");
    }
}
