//! Which queries may be answered where other requests wait: those that ask what is said of one thing that they name.
//! They read as many quads as they bring rows, so a bound on rows and a short time are enough for nearly all of them.

use std::time::Duration;

use spargebra::Query;
use spargebra::algebra::GraphPattern;
use spargebra::term::{NamedNodePattern, TermPattern, TriplePattern};

use super::{Question, guard, narrow};

/// How many rows such an answer may have, and how long it may take. The thread that reads them answers no other request
/// meanwhile.
pub(super) const MAX_ROWS: u64 = 1_000;
pub(super) const MAX_TIME: Duration = Duration::from_millis(5);
/// How long a text is read there.
const MAX_TEXT: usize = 1_000;

/// The query of a text that is read in no time. It may be a lookup; whatever is wrong with a text is for others to tell.
pub(super) fn read(text: &str) -> Option<Query> {
    // What the parser goes into deeply, or more than once.
    let is_plain = !text.contains(['(', '[', '!']) && !text.contains("<<") && text.matches('{').count() == 1;
    if text.len() <= MAX_TEXT && is_plain { guard::parse_if_right(text) } else { None }
}

/// Whether a query is a lookup, as it is asked.
pub(super) fn is(question: &Question, query: &Query) -> bool {
    // Graphs that are merged are read for triples that were there already.
    question.default_graphs.is_empty() && question.named_graphs.is_empty() && is_lookup(query)
}

fn is_lookup(query: &Query) -> bool {
    match query {
        Query::Select { dataset: None, pattern, .. } | Query::Ask { dataset: None, pattern, .. } => {
            asks_of_one(pattern)
        }
        _ => false,
    }
}

/// Without DISTINCT, OFFSET or a filter: they read what they do not bring.
fn asks_of_one(pattern: &GraphPattern) -> bool {
    match pattern {
        GraphPattern::Project { inner, .. } | GraphPattern::Slice { inner, start: 0, .. } => asks_of_one(inner),
        GraphPattern::Bgp { patterns } => matches!(patterns.as_slice(), [triple] if brings_all(triple)),
        _ => false,
    }
}

/// Whether each quad that is read for a triple is a row: its subject is named, and nothing has to be the same as its predicate.
fn brings_all(triple: &TriplePattern) -> bool {
    let TriplePattern { subject: TermPattern::NamedNode(_), predicate, object } = triple else { return false };
    match (predicate, object) {
        (NamedNodePattern::NamedNode(name), TermPattern::Variable(_)) => name.as_str() != narrow::TEXT_QUERY,
        (NamedNodePattern::Variable(name), TermPattern::Variable(value)) => name != value,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_is_a_query_that_reads_what_it_brings() {
        let select = |rest: &str| format!("PREFIX text: <http://jena.apache.org/text#> SELECT {rest}");
        let cases = [
            (true, select("?p ?o { <urn:a> ?p ?o }")),
            (true, select("* WHERE { <urn:a> <urn:p> ?o } LIMIT 10")),
            (true, "ASK { <urn:a> a ?what }".to_owned()),
            (false, select("DISTINCT ?p { <urn:a> ?p ?o }")),
            (false, select("?p ?o { <urn:a> ?p ?o } OFFSET 10")),
            (false, select("?p { <urn:a> ?p ?p }")),
            (false, select("?s { ?s ?p 'of one thing' }")),
            (false, select("?p { <urn:a> ?p ?o ; <urn:p> ?q }")),
            (false, select("?p { <urn:a> <urn:p>/<urn:q> ?p }")),
            (false, select("?p { <urn:a> <urn:p>* ?p }")),
            (false, select("(COUNT(*) AS ?n) { <urn:a> ?p ?o }")),
            (false, select("?o FROM <urn:g> { <urn:a> ?p ?o }")),
            (false, select("?p ?o { <urn:a> ?p ?o } ORDER BY ?o")),
            (false, select("?o { <urn:a> text:query ?o }")),
            (false, "CONSTRUCT WHERE { <urn:a> ?p ?o }".to_owned()),
            (false, "DESCRIBE <urn:a>".to_owned()),
            (false, "SELECT ?p { <urn:a> ?p".to_owned()),
            (false, select(&format!("?p {{ <urn:a> ?p ?o }} #{}", "x".repeat(MAX_TEXT)))),
        ];
        for (expected, text) in cases {
            assert_eq!(read(&text).is_some_and(|query| is_lookup(&query)), expected, "{text}");
        }
    }

    #[test]
    fn reading_it_needs_little_stack() {
        let parts =
            ["/<:a>", "|<:a>", "^<:a>/", "^", "!", "!(", "; <:a> ?b", ", ?b", "<<", "<< <:a> <:b> ", "{", "\\u0041"];
        let of = |part: &str| format!("ASK{{<urn:a> <urn:a>{}", part.replace(':', "urn:").repeat(MAX_TEXT));
        let texts = parts.map(|part| of(part)[..MAX_TEXT - 4].to_owned());
        let unary = format!("SELECT({}", "!".repeat(MAX_TEXT - 10));
        let reading = std::thread::Builder::new().stack_size(512 << 10).spawn(move || {
            for text in texts.iter().chain([&unary]) {
                for end in ["", " ?o}", ">?o}"] {
                    let query = read(&format!("{text}{end}"));
                    assert!(!query.is_some_and(|query| is_lookup(&query)), "{text}");
                }
            }
        });
        reading.unwrap().join().unwrap();
    }
}
