//! Queries whose mere form would cost too much. Parsing and planning recurse over the query, and rows that come from the
//! query itself, not from the data, are made without looking at the clock; so both are bounded before anything starts. What is
//! left looks at the clock where Oxigraph does not: in joins (`interrupt`), sorting (`order`) and functions (`watch`).

use std::sync::Arc;

use oxigraph::sparql::SparqlEvaluator;
use spargebra::algebra::{GraphPattern, PropertyPathExpression};
use spargebra::{GraphUpdateOperation, Query, SparqlParser, Update};

use super::ticket::Ticket;
use super::walk::{self, children, each_exists};
use super::{QueryError, cost, hide, interrupt, narrow, order, watch};

/// How many triple patterns there may be in all.
const MAX_PATTERNS: usize = 1_000;
/// How many alternatives and steps a path that repeats may have: all are tried from everything that is found.
const MAX_WAYS: usize = 100;
/// How many rows the query itself may bring, by VALUES and by UNION, multiplied where they are combined.
const MAX_OWN_ROWS: f64 = 10_000_000.0;

/// Reads a query that may be evaluated.
///
/// # Errors
/// [`QueryError::Syntax`], [`QueryError::Update`] or [`QueryError::TooComplex`].
pub(super) fn parse(text: &str) -> Result<Query, QueryError> {
    cost::check(text)?;
    allowed(SparqlParser::new().parse_query(text).map_err(|error| QueryError::of_syntax(text, &error))?)
}

/// The same, without a word on what is wrong: it costs most of the time.
pub(super) fn parse_if_right(text: &str) -> Option<Query> {
    cost::check(text).ok()?;
    allowed(SparqlParser::new().parse_query(text).ok()?).ok()
}

fn allowed(mut query: Query) -> Result<Query, QueryError> {
    let pattern = walk::pattern(&mut query);
    check_size(pattern)?;
    hide::graphs(pattern);
    interrupt::allow(pattern)?;
    Ok(query)
}

/// Puts calls into a pattern that look whether the query is to go on, after all other rewriting.
///
/// # Errors
/// [`QueryError::TooComplex`].
pub(super) fn watched(pattern: &mut GraphPattern) -> Result<(), QueryError> {
    order::by_kinds(pattern);
    watch::expressions(pattern)
}

/// Gives an evaluator the functions that are called to keep queries within bounds.
pub(super) fn register(evaluator: SparqlEvaluator, ticket: &Arc<Ticket>) -> SparqlEvaluator {
    order::register(watch::register(interrupt::register(evaluator, ticket), ticket))
}

/// Reads an update that may be carried out.
///
/// # Errors
/// [`QueryError::Syntax`], [`QueryError::Unsupported`] or [`QueryError::TooComplex`].
pub(super) fn parse_update(text: &str, base: &str) -> Result<Update, QueryError> {
    cost::check(text)?;
    // A host that cannot stand in an IRI is no base; then relative IRIs are mistakes.
    let parser = SparqlParser::new().with_base_iri(base).unwrap_or_default();
    let mut update = parser.parse_update(text).map_err(|error| QueryError::Syntax(error.to_string()))?;
    for operation in &mut update.operations {
        match operation {
            GraphUpdateOperation::DeleteInsert { pattern, .. } => {
                check_size(pattern)?;
                interrupt::allow(pattern)?;
                narrow::without_index(pattern)?;
                watched(pattern)?;
            }
            GraphUpdateOperation::Load { .. } => {
                let instead = "LOAD is switched off, this endpoint fetches nothing: send the triples with INSERT DATA";
                return Err(QueryError::Unsupported(instead.to_owned()));
            }
            _ => {}
        }
    }
    Ok(update)
}

fn check_size(pattern: &mut GraphPattern) -> Result<(), QueryError> {
    let size = Size::of(pattern);
    if size.patterns > MAX_PATTERNS {
        return Err(QueryError::TooComplex(format!("it has over {MAX_PATTERNS} triple patterns")));
    }
    if size.ways > MAX_WAYS {
        return Err(QueryError::TooComplex(format!("a path has over {MAX_WAYS} alternatives and steps")));
    }
    if size.own_rows > MAX_OWN_ROWS {
        return Err(QueryError::TooComplex("VALUES and UNION alone make over 10 million rows".to_owned()));
    }
    Ok(())
}

/// How large a pattern is.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// Triple patterns in it.
    patterns: usize,
    /// Alternatives and steps of its longest path.
    ways: usize,
    /// Rows that it makes out of nothing, taking one for each triple pattern.
    own_rows: f64,
}

impl Size {
    fn of(pattern: &mut GraphPattern) -> Self {
        let mut size = match pattern {
            GraphPattern::Bgp { patterns } => Self { patterns: patterns.len(), ways: 0, own_rows: 1.0 },
            GraphPattern::Path { path, .. } => Self { patterns: 1, ways: ways(path), own_rows: 1.0 },
            #[expect(clippy::cast_precision_loss, reason = "an estimate")]
            GraphPattern::Values { bindings, .. } => {
                Self { patterns: 0, ways: 0, own_rows: bindings.len().max(1) as f64 }
            }
            _ => {
                let sum = matches!(pattern, GraphPattern::Union { .. });
                let start = Self { patterns: 0, ways: 0, own_rows: if sum { 0.0 } else { 1.0 } };
                children(pattern).into_iter().map(Self::of).fold(start, |all, part| Self {
                    patterns: all.patterns + part.patterns,
                    ways: all.ways.max(part.ways),
                    own_rows: if sum { all.own_rows + part.own_rows } else { all.own_rows * part.own_rows },
                })
            }
        };
        // EXISTS is asked for every row.
        each_exists(pattern, &mut |inner| {
            let inner = Self::of(inner);
            size.patterns += inner.patterns;
            size.ways = size.ways.max(inner.ways);
            size.own_rows *= inner.own_rows;
        });
        size
    }
}

fn ways(path: &PropertyPathExpression) -> usize {
    match path {
        PropertyPathExpression::NamedNode(_) => 1,
        PropertyPathExpression::NegatedPropertySet(names) => names.len(),
        PropertyPathExpression::Reverse(path)
        | PropertyPathExpression::ZeroOrMore(path)
        | PropertyPathExpression::OneOrMore(path)
        | PropertyPathExpression::ZeroOrOne(path) => ways(path),
        PropertyPathExpression::Sequence(first, second) | PropertyPathExpression::Alternative(first, second) => {
            ways(first) + ways(second)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_ask_is_not_too_complex() {
        let values: String = (0..2_000).map(|i| format!("<http://x/a/b/c#{i}> ")).collect();
        for query in [
            "SELECT * { ?s ?p ?o FILTER(?o < 3 && ?o > -1) }".to_owned(),
            "SELECT * { ?s ?p ?o FILTER(?o <<http://x/a>) }".to_owned(),
            format!("SELECT * {{ VALUES ?s {{ {values} }} ?s ?p ?o }}"),
            format!("# {}\nASK {{}}", "((((".repeat(1_000)),
            format!("SELECT * {{ ?s ?p \"{}\" , '''{}''' , \"\\\"((\" }}", "((".repeat(1_000), "'\"{".repeat(1_000)),
        ] {
            assert!(parse(&query).is_ok(), "{} {:?}", &query[..60.min(query.len())], parse(&query).err());
        }
    }

    #[test]
    fn forms_that_cost_too_much_are_refused_before_they_are_read() {
        let values: String = (0..300).map(|i| format!("VALUES ?v{i} {{ 1 2 }} ")).collect();
        let unions: String = (0..60).map(|_| "{ {} UNION {} } ").collect();
        let objects: String = (0..1_100).map(|i| format!("?o{i} ,")).collect();
        for query in [
            format!("ASK {{ FILTER({}1{}) }}", "(".repeat(200), ")".repeat(200)),
            format!("ASK {{ FILTER({}1) }}", "!".repeat(100_000)),
            format!("ASK {{ FILTER(1{}) }}", "||1".repeat(100_000)),
            format!("ASK {{ {} }}", "OPTIONAL {} ".repeat(100_000)),
            format!("SELECT * {{ {values} }}"),
            format!("SELECT * {{ {unions} }}"),
            format!("SELECT * {{ ?s ?p {objects} 1 }}"),
            format!("ASK {{ ?s (<a:b>{})* ?o }}", "|<a:b>".repeat(MAX_WAYS)),
            format!("ASK {{ FILTER EXISTS {{ ?s (<a:b>{})* ?o }} }}", "|<a:b>".repeat(MAX_WAYS)),
            format!("ASK {{ FILTER EXISTS {{ {values} }} }}"),
            "{".repeat(1_000_000),
        ] {
            assert!(matches!(parse(&query), Err(QueryError::TooComplex(_))), "{}", &query[..60.min(query.len())]);
        }
    }

    #[test]
    fn mistakes_are_placed_and_updates_recognised() {
        let error = parse("SELECT * {\n ?s ?p }").unwrap_err();
        assert_eq!(error.place().map(|(line, _)| line), Some(2), "{error}");
        assert_eq!(parse("INSERT DATA { <a:b> <a:c> 1 }"), Err(QueryError::Update));
        assert_eq!(parse("DROP ALL"), Err(QueryError::Update));
        assert!(matches!(parse(""), Err(QueryError::Syntax(_))));
    }
}
