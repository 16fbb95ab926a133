//! Expressions that are watched: those that take long, or make long texts.
//!
//! Oxigraph looks at its cancellation token whenever it reads a quad, and bounds no text. Rows that the query brings itself are
//! made without reading; so `SHA512` of a long text for each of many rows would hold a thread, and `CONCAT` of `CONCAT` take all
//! memory between two looks of the watch. Such calls, and expressions of many parts, are wrapped in a function that gives back
//! what it gets, unless it is a text that is too long. When the query has been stopped, it ends it.

use std::sync::Arc;

use oxigraph::model::vocab::xsd;
use oxigraph::model::{Literal, NamedNode, Term};
use oxigraph::sparql::SparqlEvaluator;
use spargebra::algebra::{AggregateExpression, AggregateFunction, Expression, Function, GraphPattern};

use super::QueryError;
use super::ticket::Ticket;
use super::unwind::leave_if_stopped;
use super::walk::{children, each_expression, own_expressions, parts};

/// `upTo(bytes, value)`: the value, when it has no more bytes than that.
const UP_TO: &str = "urn:hiroba:sparql:upTo";
/// Calls of these are our own and quick.
const OURS: &str = "urn:hiroba:sparql:";

/// How many bytes a text may have that is made, that `REPLACE` works on, and that it puts in: each character may be replaced.
const MAX_TEXT: usize = 2 << 20;
const MAX_REPLACED: usize = 256 << 10;
const MAX_REPLACEMENT: usize = 1_000;
/// How many texts `CONCAT` may join, and how many bytes `GROUP_CONCAT` may put between two.
const MAX_JOINED: usize = 100;
const MAX_SEPARATOR: usize = 1_000;
/// How many bytes an expression may have when what stands before each IN is written for each item: so it is planned.
const MAX_PLANNED: f64 = 64e6;
/// How many parts an expression may have that is not watched as a whole.
const FEW: usize = 10;

/// Gives the wrapping function to the evaluator of one query.
pub(super) fn register(evaluator: SparqlEvaluator, ticket: &Arc<Ticket>) -> SparqlEvaluator {
    let ticket = Arc::clone(ticket);
    evaluator.with_custom_function(NamedNode::new_unchecked(UP_TO), move |args| {
        leave_if_stopped(&ticket);
        let [Term::Literal(most), value] = args else { return None };
        let most: usize = most.value().parse().ok()?;
        // Geometries are bounded by what they are made of.
        let fits = match value {
            Term::Literal(text) if text.datatype() == xsd::STRING || text.language().is_some() => {
                text.value().len() <= most
            }
            _ => true,
        };
        fits.then(|| value.clone())
    })
}

/// Wraps the expressions of a pattern. Whoever looks for calls in them must have done so.
///
/// # Errors
/// [`QueryError::TooComplex`] when a call may make too much at once.
pub(super) fn expressions(pattern: &mut GraphPattern) -> Result<(), QueryError> {
    // What is inside goes to another endpoint, as it is.
    if let GraphPattern::Service { .. } = pattern {
        return Ok(());
    }
    let mut outcome = aggregates(pattern);
    each_expression(pattern, &mut |expression| {
        let done = match expression {
            Expression::Exists(inner) => expressions(inner),
            Expression::FunctionCall(function, args) => call(function, args).map(|watched| {
                if watched {
                    wrap(expression, MAX_TEXT);
                }
            }),
            _ => Ok(()),
        };
        if let Err(error) = done {
            outcome = Err(error);
        }
    });
    outcome?;
    for expression in own_expressions(pattern) {
        if planned(expression) > MAX_PLANNED {
            return Err(QueryError::TooComplex("an IN has too many items for what stands before it".to_owned()));
        }
        whole(expression);
    }
    children(pattern).into_iter().try_for_each(expressions)
}

/// Wraps an expression that may take long for a row. The parts of AND stay apart: each may be looked at as soon as its variables
/// have values.
fn whole(expression: &mut Expression) {
    if let Expression::And(a, b) = expression {
        whole(a);
        whole(b);
    } else if !is_call_of(expression, |name| name == UP_TO) && costs(expression) {
        wrap(expression, MAX_TEXT);
    }
}

/// Whether an expression has calls or many parts.
fn costs(expression: &mut Expression) -> bool {
    let (mut calls, mut count, mut below) = (false, 0, vec![expression]);
    while let Some(part) = below.pop() {
        count += 1;
        calls |= matches!(part, Expression::FunctionCall(..)) && !is_call_of(part, |name| name.starts_with(OURS));
        below.extend(parts(part));
    }
    calls || count > FEW
}

fn is_call_of(expression: &Expression, is: impl Fn(&str) -> bool) -> bool {
    matches!(expression, Expression::FunctionCall(Function::Custom(name), _) if is(name.as_str()))
}

/// About how many bytes an expression takes while it is planned.
fn planned(expression: &mut Expression) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    match expression {
        Expression::Literal(literal) => 50.0 + literal.value().len() as f64,
        Expression::In(before, items) => {
            planned(before) * items.len().max(1) as f64 + items.iter_mut().map(planned).sum::<f64>()
        }
        _ => 50.0 + parts(expression).into_iter().map(planned).sum::<f64>(),
    }
}

/// Whether a call is to be wrapped by itself, because it makes a text or takes long; what it gets is, if need be.
fn call(function: &Function, args: &mut [Expression]) -> Result<bool, QueryError> {
    match function {
        Function::Concat if args.len() > MAX_JOINED => {
            Err(QueryError::TooComplex(format!("CONCAT joins over {MAX_JOINED} texts")))
        }
        Function::Replace => {
            if let [text, _, replacement, ..] = args {
                wrap(text, MAX_REPLACED);
                wrap(replacement, MAX_REPLACEMENT);
            }
            Ok(true)
        }
        Function::Concat
        | Function::Regex
        | Function::UCase
        | Function::LCase
        | Function::EncodeForUri
        | Function::Md5
        | Function::Sha1
        | Function::Sha256
        | Function::Sha384
        | Function::Sha512 => Ok(true),
        Function::Custom(name) => Ok(!name.as_str().starts_with(OURS)),
        _ => Ok(false),
    }
}

fn wrap(expression: &mut Expression, most: usize) {
    let most = Literal::from(most as u64);
    let value = std::mem::replace(expression, most.clone().into());
    let up_to = Function::Custom(NamedNode::new_unchecked(UP_TO));
    *expression = Expression::FunctionCall(up_to, vec![most.into(), value]);
}

fn aggregates(pattern: &GraphPattern) -> Result<(), QueryError> {
    let GraphPattern::Group { aggregates, .. } = pattern else { return Ok(()) };
    let too_long = |aggregate: &AggregateExpression| match aggregate {
        AggregateExpression::FunctionCall { name: AggregateFunction::GroupConcat { separator }, .. } => {
            separator.as_ref().is_some_and(|separator| separator.len() > MAX_SEPARATOR)
        }
        _ => false,
    };
    match aggregates.iter().any(|(_, aggregate)| too_long(aggregate)) {
        true => Err(QueryError::TooComplex(format!("GROUP_CONCAT has a separator of over {MAX_SEPARATOR} bytes"))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use oxigraph::sparql::QuerySolution;
    use oxigraph::store::Store;

    use super::*;
    use crate::query::testing::{self, ends_when_stopped, ticket};

    /// The first value of every row, unless the query ends otherwise.
    fn values(text: &str, ticket: &Arc<Ticket>) -> Result<Vec<String>, QueryError> {
        let rows = testing::rows(SparqlEvaluator::new(), text, &Store::new().unwrap(), ticket, expressions)?;
        let first =
            |row: &QuerySolution| row.iter().next().map_or_else(|| "-".to_owned(), |(_, term)| term.to_string());
        Ok(rows.iter().map(first).collect())
    }

    #[test]
    fn calls_mean_what_they_meant() {
        for (expression, expected) in [
            ("CONCAT('a', 'b')", "\"ab\""),
            ("CONCAT('a'@ja, 'b'@ja)", "\"ab\"@ja"),
            ("CONCAT(?none, 'b')", "-"),
            ("COALESCE(CONCAT(?none, 'b'), 'c')", "\"c\""),
            ("REPLACE('abc', '(b)', '[$1]')", "\"a[b]c\""),
            ("REPLACE(REPLACE(UCASE('abc'), 'b', 'x', 'i'), 'x', 'y')", "\"AyC\""),
            ("IF(REGEX('abc', 'B', 'i'), STRBEFORE('abc', 'c'), 1/0)", "\"ab\""),
            ("STRLEN(ENCODE_FOR_URI('あ'))", "\"9\"^^<http://www.w3.org/2001/XMLSchema#integer>"),
        ] {
            let found = values(&format!("SELECT ({expression} AS ?x) {{}}"), &ticket());
            assert_eq!(found, Ok(vec![expected.to_owned()]), "{expression}");
        }
        let grouped =
            "SELECT (GROUP_CONCAT(UCASE(?a); separator=', ') AS ?x) { VALUES ?a { 'a' 'b' } FILTER(STRLEN(?a) = 1) }";
        assert_eq!(values(grouped, &ticket()), Ok(vec!["\"A, B\"".to_owned()]));
    }

    #[test]
    fn texts_do_not_grow_without_bound() {
        let times = |n: usize, what: &str| vec![what; n].join(",");
        let bind = |n: usize| format!("BIND(CONCAT({}) AS ?x{})", times(100, &format!("?x{n}")), n + 1);
        let chain: String = (0..9).map(bind).collect();
        for query in [
            format!("SELECT ?x9 {{ VALUES ?x0 {{ '0123456789' }} {chain} }}"),
            format!("SELECT (REPLACE('{}', 'a', 'b') AS ?x) {{}}", "a".repeat(MAX_REPLACED + 1)),
            format!("SELECT (REPLACE('a', 'a', '{}') AS ?x) {{}}", "b".repeat(MAX_REPLACEMENT + 1)),
            format!("SELECT (REPLACE('{}', 'a', '{}') AS ?x) {{}}", "a".repeat(10_000), "b".repeat(1_000)),
        ] {
            assert_eq!(values(&query, &ticket()), Ok(vec!["-".to_owned()]), "{}", &query[..80]);
        }
        for query in [
            format!("SELECT (CONCAT({}) AS ?x) {{}}", times(101, "'a'")),
            format!("SELECT (GROUP_CONCAT(?a; separator='{}') AS ?x) {{}}", "b".repeat(MAX_SEPARATOR + 1)),
            format!("SELECT * {{ FILTER EXISTS {{ FILTER(CONCAT({}) = 'a') }} }}", times(101, "'a'")),
            format!("SELECT * {{ FILTER('{}' IN ({})) }}", "a".repeat(100_000), times(1_000, "1")),
            format!("SELECT * {{ FILTER((?x IN ({0})) IN ({0})) }}", times(2_000, "1")),
        ] {
            let outcome = values(&query, &ticket());
            assert!(matches!(outcome, Err(QueryError::TooComplex(_))), "{} {outcome:?}", &query[..80]);
        }
        let many = format!("SELECT ?a {{ VALUES ?a {{ 1 9999 }} FILTER(?a IN ({})) }}", times(9_000, "2") + ",1");
        assert_eq!(values(&many, &ticket()).map(|found| found.len()), Ok(1));
    }

    #[test]
    fn long_work_on_rows_of_the_query_itself_ends_when_it_is_stopped() {
        let rows: String = (0..60_000).map(|n| format!("'{n}'")).collect();
        let text = "x".repeat(400_000);
        for condition in [
            format!("SHA512(CONCAT(?a, '{text}')) = 'a'"),
            format!("STRBEFORE('{text}', ?a) = 'a'"),
            format!("STRSTARTS('{text}', CONCAT(?a, 'b'))"),
            format!("?a IN ({})", vec!["'a'"; 20_000].join(",")),
            format!("(?a < '{text}'{}) = 7", " || ?a > 'x'".repeat(500)),
        ] {
            let query = format!("SELECT ?a {{ VALUES ?a {{ {rows} }} FILTER({condition}) }}");
            ends_when_stopped(&condition[..20], Duration::from_millis(500), |ticket| values(&query, ticket));
        }
    }
}
