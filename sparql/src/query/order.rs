//! Sorting that comes to an end, and well.
//!
//! Oxigraph compares values of one kind by what they mean and values of different kinds by their text: 9 < 10, but
//! "10" < "5 or so" < "9". That is no order, and sorting by it may panic. So values are put in an order of kinds first, which
//! SPARQL leaves open (SPARQL 1.1 Query Language, 15.1). And since sorting reads no quad, it looks whether the query has been
//! stopped whenever it compares two rows.

use std::fmt::Write;

use oxigraph::model::{Literal, NamedNode, Term, Variable};
use oxigraph::sparql::SparqlEvaluator;
use spareval::ExpressionTerm;
use spargebra::algebra::{Expression, Function, GraphPattern, OrderExpression};

use super::interrupt;
use super::walk::{children, each_exists};

/// `kind(value)`: a text that says what a value may be compared with, in the order of the kinds.
const KIND: &str = "urn:hiroba:sparql:kind";

/// Gives the function to an evaluator.
pub(super) fn register(evaluator: SparqlEvaluator) -> SparqlEvaluator {
    evaluator.with_custom_function(NamedNode::new_unchecked(KIND), |args| {
        let [value] = args else { return None };
        Some(Literal::from(kind(value)).into())
    })
}

/// Puts kinds in the order of all ORDER BY of a pattern.
pub(super) fn by_kinds(pattern: &mut GraphPattern) {
    rewrite(pattern, &mut 0);
}

fn rewrite(pattern: &mut GraphPattern, used: &mut usize) {
    // What is inside goes to another endpoint, as it is.
    if let GraphPattern::Service { .. } = pattern {
        return;
    }
    each_exists(pattern, &mut |inner| rewrite(inner, used));
    children(pattern).into_iter().for_each(|child| rewrite(child, used));
    let GraphPattern::OrderBy { inner, expression: keys } = pattern else { return };
    let mut complete = vec![OrderExpression::Asc(interrupt::call())];
    for key in std::mem::take(keys) {
        *used += 1;
        // A name that no query can write. Once for each row: two rows are compared more often.
        let kind = Variable::new_unchecked(format!("hiroba:kind{used}"));
        let (OrderExpression::Asc(value) | OrderExpression::Desc(value)) = &key;
        let call = Function::Custom(NamedNode::new_unchecked(KIND));
        let expression = Expression::FunctionCall(call, vec![value.clone()]);
        let below = std::mem::replace(&mut **inner, GraphPattern::Bgp { patterns: Vec::new() });
        **inner = GraphPattern::Extend { inner: Box::new(below), variable: kind.clone(), expression };
        complete.push(match key {
            OrderExpression::Asc(_) => OrderExpression::Asc(kind.into()),
            OrderExpression::Desc(_) => OrderExpression::Desc(kind.into()),
        });
        complete.push(key);
    }
    *keys = complete;
}

/// Values of one kind are in an order by themselves.
fn kind(value: &Term) -> String {
    let timed = |kind: &str, has_zone: bool| format!("{kind}{}", if has_zone { "Z" } else { "" });
    let term = ExpressionTerm::from(value.clone());
    match &term {
        // Before all literals anyway.
        ExpressionTerm::NamedNode(_) | ExpressionTerm::BlankNode(_) => "a".to_owned(),
        ExpressionTerm::BooleanLiteral(_) => "b".to_owned(),
        ExpressionTerm::FloatLiteral(number) if number.is_nan() => "d".to_owned(),
        ExpressionTerm::DoubleLiteral(number) if number.is_nan() => "d".to_owned(),
        ExpressionTerm::IntegerLiteral(_)
        | ExpressionTerm::DecimalLiteral(_)
        | ExpressionTerm::FloatLiteral(_)
        | ExpressionTerm::DoubleLiteral(_) => "c".to_owned(),
        // Times with and without a zone may be neither before nor after one another.
        ExpressionTerm::DateTimeLiteral(at) => timed("e", at.timezone_offset().is_some()),
        ExpressionTerm::DateLiteral(at) => timed("f", at.timezone_offset().is_some()),
        ExpressionTerm::TimeLiteral(at) => timed("g", at.timezone_offset().is_some()),
        ExpressionTerm::GYearLiteral(at) => timed("h", at.timezone_offset().is_some()),
        ExpressionTerm::GYearMonthLiteral(at) => timed("i", at.timezone_offset().is_some()),
        ExpressionTerm::GMonthLiteral(at) => timed("j", at.timezone_offset().is_some()),
        ExpressionTerm::GMonthDayLiteral(at) => timed("k", at.timezone_offset().is_some()),
        ExpressionTerm::GDayLiteral(at) => timed("l", at.timezone_offset().is_some()),
        ExpressionTerm::YearMonthDurationLiteral(_) => "m".to_owned(),
        ExpressionTerm::DayTimeDurationLiteral(_) => "n".to_owned(),
        // So may months and days.
        ExpressionTerm::DurationLiteral(duration) => {
            let mut kind = "o".to_owned();
            let _ = write!(kind, "{duration}");
            kind
        }
        ExpressionTerm::StringLiteral(_) | ExpressionTerm::LangStringLiteral { .. } => "p".to_owned(),
        ExpressionTerm::OtherTypedLiteral { .. } => "q".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use fastrand::Rng;
    use oxigraph::sparql::QuerySolution;
    use oxigraph::store::Store;

    use super::*;
    use crate::query::QueryError;
    use crate::query::testing::{rows, ticket};
    use crate::query::ticket::{Reason, Ticket};

    /// What `?x` is in each row, unless the query ends otherwise.
    fn sorted(text: &str, ticket: &Arc<Ticket>) -> Result<Vec<String>, QueryError> {
        let rewrite = |pattern: &mut GraphPattern| {
            by_kinds(pattern);
            Ok(())
        };
        let x = |row: &QuerySolution| {
            assert_eq!(row.variables().len(), 1, "nothing else is seen");
            row.get("x").map_or_else(|| "-".to_owned(), ToString::to_string)
        };
        let rows = rows(SparqlEvaluator::new(), text, &Store::new().unwrap(), ticket, rewrite)?;
        Ok(rows.iter().map(x).collect())
    }

    #[test]
    fn values_are_in_order_within_their_kinds() {
        let prefix = "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>";
        for (values, order, expected) in [
            ("10 9 9.5 '8e0'^^xsd:double -1", "?x", "-1 8 9 9.5 10"),
            ("10 9 9.5 '8e0'^^xsd:double -1", "DESC(?x)", "10 9.5 9 8 -1"),
            ("'b' 'a'@ja 'c'@en 'a'", "?x", "a@ja a b c@en"),
            ("'a' 5 UNDEF <urn:b> true <urn:a>", "?x", "- urn:a urn:b true 5 a"),
            ("'a' 5 UNDEF <urn:b> true <urn:a>", "DESC(?x)", "a 5 true urn:b urn:a -"),
            ("'9 or so' 10 '1 or so' 9", "?x", "9 10 1 or so 9 or so"),
            (
                "'2026-01-02T00:00:00Z'^^xsd:dateTime '2026-01-02T00:00:00+09:00'^^xsd:dateTime",
                "?x",
                "2026-01-02T00:00:00+09:00 2026-01-02T00:00:00Z",
            ),
            ("1 2 3", "DESC(-?x)", "1 2 3"),
            ("1 2 3", "(?x = 2) DESC(?x)", "3 1 2"),
        ] {
            let found =
                sorted(&format!("{prefix} SELECT ?x {{ VALUES ?x {{ {values} }} }} ORDER BY {order}"), &ticket());
            let plain = |term: &String| match term.split_once("^^") {
                Some((value, _)) => value.replace('"', ""),
                None => term.replace(['"', '<', '>'], ""),
            };
            assert_eq!(found.unwrap().iter().map(plain).collect::<Vec<_>>().join(" "), expected, "{values} {order}");
        }
    }

    #[test]
    fn all_kinds_together_can_be_sorted() {
        let datatypes = [
            "string",
            "integer",
            "decimal",
            "double",
            "float",
            "boolean",
            "dateTime",
            "date",
            "time",
            "gYear",
            "gYearMonth",
            "gMonth",
            "gMonthDay",
            "gDay",
            "duration",
            "yearMonthDuration",
            "dayTimeDuration",
            "anyURI",
            "byte",
        ];
        let texts = |rng: &mut Rng| {
            let (n, zone) = (rng.u32(1..13), ["", "Z", "+09:00", "-11:00"][rng.usize(0..4)]);
            match rng.u32(0..12) {
                0 => format!("{n}"),
                1 => format!("{n}.5"),
                2 => ["NaN", "INF", "-INF", "true"][rng.usize(0..4)].to_owned(),
                3 => format!("2026-{n:02}-01T00:00:00{zone}"),
                4 => format!("2026-{n:02}-01{zone}"),
                5 => format!("{n:02}:00:00{zone}"),
                6 => format!("20{n:02}{zone}"),
                7 => format!("--{n:02}-10{zone}"),
                8 => format!("P{n}M"),
                9 => format!("P{}D", n * 30),
                10 => format!("P{n}M{}D", n * 20),
                _ => format!("{n} or so"),
            }
        };
        let mut rng = Rng::with_seed(5);
        for round in 0..20 {
            let values: String = (0..2_000)
                .map(|_| {
                    let datatype = datatypes[rng.usize(0..datatypes.len())];
                    format!("'{}'^^<http://www.w3.org/2001/XMLSchema#{datatype}> ", texts(&mut rng))
                })
                .collect();
            let found = sorted(&format!("SELECT ?x {{ VALUES ?x {{ {values} }} }} ORDER BY ?x"), &ticket()).unwrap();
            assert_eq!(found.len(), 2_000);
            let again =
                sorted(&format!("SELECT ?x {{ VALUES ?x {{ {values} }} }} ORDER BY DESC(?x)"), &ticket()).unwrap();
            assert_eq!(again.len(), 2_000, "{round}");
        }
    }

    #[test]
    fn sorting_ends_when_the_query_is_stopped() {
        let ticket = ticket();
        ticket.stop(Reason::Timeout);
        assert_eq!(sorted("SELECT ?x { VALUES ?x { 2 1 } }", &ticket).unwrap().len(), 2, "nobody looks");
        let outcome = sorted("SELECT ?x { VALUES ?x { 2 1 } } ORDER BY ?x", &ticket);
        assert!(matches!(outcome, Err(QueryError::Timeout(_))), "{outcome:?}");
    }
}
