//! Queries whose mere form would cost too much. Parsing and planning recurse over the query, and rows that come from the
//! query itself, not from the data, are made without looking at the clock; so both are bounded before anything starts.

use spargebra::algebra::GraphPattern;
use spargebra::{GraphUpdateOperation, Query, SparqlParser, Update};

use super::walk::{self, children, each_exists};
use super::{QueryError, hide, interrupt, narrow};

/// How deep brackets may nest.
const MAX_DEPTH: usize = 100;
/// How many triples of triples may be begun. The parser goes into every one before it says that it knows none.
const MAX_TRIPLE_TERMS: usize = 100;
/// How many brackets and operators there may be in all.
const MAX_JOINTS: usize = 4_000;
/// How many triple patterns there may be in all.
const MAX_PATTERNS: usize = 1_000;
/// How many rows the query itself may bring, by VALUES and by UNION, multiplied where they are combined.
const MAX_OWN_ROWS: f64 = 10_000_000.0;

/// Reads a query that may be evaluated.
///
/// # Errors
/// [`QueryError::Syntax`], [`QueryError::Update`] or [`QueryError::TooComplex`].
pub(super) fn parse(text: &str) -> Result<Query, QueryError> {
    check_text(text)?;
    allowed(SparqlParser::new().parse_query(text).map_err(|error| QueryError::of_syntax(text, &error))?)
}

/// The same, without a word on what is wrong: it costs most of the time.
pub(super) fn parse_if_right(text: &str) -> Option<Query> {
    check_text(text).ok()?;
    allowed(SparqlParser::new().parse_query(text).ok()?).ok()
}

fn allowed(mut query: Query) -> Result<Query, QueryError> {
    let pattern = walk::pattern(&mut query);
    check_size(pattern)?;
    hide::graphs(pattern);
    interrupt::allow(pattern)?;
    Ok(query)
}

/// Reads an update that may be carried out.
///
/// # Errors
/// [`QueryError::Syntax`], [`QueryError::Unsupported`] or [`QueryError::TooComplex`].
pub(super) fn parse_update(text: &str, base: &str) -> Result<Update, QueryError> {
    check_text(text)?;
    // A host that cannot stand in an IRI is no base; then relative IRIs are mistakes.
    let parser = SparqlParser::new().with_base_iri(base).unwrap_or_default();
    let mut update = parser.parse_update(text).map_err(|error| QueryError::Syntax(error.to_string()))?;
    for operation in &mut update.operations {
        match operation {
            GraphUpdateOperation::DeleteInsert { pattern, .. } => {
                check_size(pattern)?;
                interrupt::allow(pattern)?;
                narrow::without_index(pattern)?;
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
    if size.own_rows > MAX_OWN_ROWS {
        return Err(QueryError::TooComplex("VALUES and UNION alone make over 10 million rows".to_owned()));
    }
    Ok(())
}

/// Counts brackets and operators, outside texts, IRIs and comments.
fn check_text(text: &str) -> Result<(), QueryError> {
    let (mut depth, mut joints, mut triple_terms) = (0_usize, 0_usize, 0_usize);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => literal_length(rest),
            '<' => iri_length(rest),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        match first {
            '(' | '[' | '{' => {
                depth += 1;
                joints += 1;
            }
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '<' if rest.starts_with("<<") => triple_terms += 1,
            '!' | '|' | '&' | '+' | '-' | '*' | '/' | '^' => joints += 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(QueryError::TooComplex(format!("brackets nest over {MAX_DEPTH} deep")));
        }
        if triple_terms > MAX_TRIPLE_TERMS {
            return Err(QueryError::TooComplex(format!("it has over {MAX_TRIPLE_TERMS} triples of triples")));
        }
        if joints > MAX_JOINTS {
            return Err(QueryError::TooComplex(format!("it has over {MAX_JOINTS} brackets and operators")));
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    Ok(())
}

/// The length of the literal that `text` begins with, quotes included; to the end when it is not closed.
fn literal_length(text: &str) -> usize {
    let quote = text.get(..1).unwrap_or_default();
    let long = quote.repeat(3);
    let close = if text.starts_with(&long) { long.as_str() } else { quote };
    let mut at = close.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(close) {
            return at + close.len();
        }
        let mut chars = rest.chars();
        let first = chars.next().map_or(1, char::len_utf8);
        let escaped = if rest.starts_with('\\') { chars.next().map_or(0, char::len_utf8) } else { 0 };
        at += first + escaped;
    }
    text.len()
}

/// The length of the IRI that `text` begins with; that of the sign alone when it is "less than".
fn iri_length(text: &str) -> usize {
    let end = text.char_indices().skip(1).find(|(_, c)| *c <= ' ' || "<>\"{}|^`\\".contains(*c));
    match end {
        Some((at, '>')) => at + 1,
        _ => 1,
    }
}

/// How large a pattern is.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// Triple patterns in it.
    patterns: usize,
    /// Rows that it makes out of nothing, taking one for each triple pattern.
    own_rows: f64,
}

impl Size {
    fn of(pattern: &mut GraphPattern) -> Self {
        let mut size = match pattern {
            GraphPattern::Bgp { patterns } => Self { patterns: patterns.len(), own_rows: 1.0 },
            GraphPattern::Path { .. } => Self { patterns: 1, own_rows: 1.0 },
            #[expect(clippy::cast_precision_loss, reason = "an estimate")]
            GraphPattern::Values { bindings, .. } => Self { patterns: 0, own_rows: bindings.len().max(1) as f64 },
            _ => {
                let sum = matches!(pattern, GraphPattern::Union { .. });
                let start = Self { patterns: 0, own_rows: if sum { 0.0 } else { 1.0 } };
                children(pattern).into_iter().map(Self::of).fold(start, |all, part| Self {
                    patterns: all.patterns + part.patterns,
                    own_rows: if sum { all.own_rows + part.own_rows } else { all.own_rows * part.own_rows },
                })
            }
        };
        // EXISTS is asked for every row.
        each_exists(pattern, &mut |inner| {
            let inner = Self::of(inner);
            size.patterns += inner.patterns;
            size.own_rows *= inner.own_rows;
        });
        size
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
            format!("# {}\nASK {{}}", "((((".repeat(2_000)),
            format!("SELECT * {{ ?s ?p \"{}\" , '''{}''' , \"\\\"((\" }}", "((".repeat(2_000), "'\"{".repeat(2_000)),
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
            format!("ASK {{ FILTER EXISTS {{ {values} }} }}"),
            "{".repeat(1_000_000),
            format!("ASK {{ {}", "<<".repeat(400_000)),
            format!("ASK {{ {}", "<< ".repeat(200)),
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
