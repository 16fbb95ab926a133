//! Example queries as quads, in a graph of their own and in the form in which editors look for them: SHACL's
//! `sh:SPARQLExecutable`, as SIB's collection of examples has it.

use oxigraph::model::vocab::{rdf, rdfs, xsd};
use oxigraph::model::{Literal, NamedNode, NamedNodeRef, Quad, Term};

use hiroba_vocab::namespace::PREFIXES;

/// The graph of the examples, and what their IRIs begin with.
pub const EXAMPLES: NamedNodeRef<'static> = NamedNodeRef::new_unchecked("https://w3id.org/hiroba/examples");

/// The namespace of SHACL.
pub const SHACL: &str = "http://www.w3.org/ns/shacl#";

/// Names and files. Each begins with a comment in English and one in Japanese; the rest is the query.
pub(super) const FILES: [(&str, &str); 11] = [
    ("01-types", include_str!("../../examples/01-types.rq")),
    ("02-nearby", include_str!("../../examples/02-nearby.rq")),
    ("03-around-each", include_str!("../../examples/03-around-each.rq")),
    ("04-languages", include_str!("../../examples/04-languages.rq")),
    ("05-area", include_str!("../../examples/05-area.rq")),
    ("06-changes", include_str!("../../examples/06-changes.rq")),
    ("07-metadata", include_str!("../../examples/07-metadata.rq")),
    ("08-own-shape", include_str!("../../examples/08-own-shape.rq")),
    ("09-search", include_str!("../../examples/09-search.rq")),
    ("10-yes-or-no", include_str!("../../examples/10-yes-or-no.rq")),
    ("11-words", include_str!("../../examples/11-words.rq")),
];

/// All quads of the graph of examples.
pub fn quads() -> Vec<Quad> {
    let mut quads = Vec::new();
    let mut say = |subject: &NamedNode, predicate: NamedNodeRef<'_>, object: Term| {
        quads.push(Quad::new(subject.clone(), predicate, object, EXAMPLES));
    };
    let prefixes = named("prefixes");
    for (prefix, namespace) in PREFIXES {
        let declared = named(&format!("prefixes/{prefix}"));
        say(&prefixes, sh("declare").as_ref(), declared.clone().into());
        say(&declared, sh("prefix").as_ref(), Literal::from(*prefix).into());
        say(&declared, sh("namespace").as_ref(), Literal::new_typed_literal(*namespace, xsd::ANY_URI).into());
    }
    for (name, file) in FILES {
        let example = named(name);
        let Example { english, japanese, query, class, predicate } = Example::read(file);
        say(&example, rdf::TYPE, sh("SPARQLExecutable").into());
        say(&example, rdf::TYPE, sh(class).into());
        say(&example, rdfs::COMMENT, Literal::new_language_tagged_literal_unchecked(english, "en").into());
        say(&example, rdfs::LABEL, Literal::new_language_tagged_literal_unchecked(japanese, "ja").into());
        say(&example, sh("prefixes").as_ref(), prefixes.clone().into());
        say(&example, sh(predicate).as_ref(), Literal::from(query).into());
    }
    quads
}

/// An example and how SHACL says it.
struct Example {
    english: &'static str,
    japanese: &'static str,
    query: &'static str,
    class: &'static str,
    predicate: &'static str,
}

impl Example {
    fn read(file: &'static str) -> Self {
        let (english, rest) = file.split_once('\n').unwrap_or_default();
        let (japanese, query) = rest.split_once('\n').unwrap_or_default();
        let begins = |word: &str| query.lines().any(|line| line.starts_with(word));
        let (class, predicate) = if begins("ASK") {
            ("SPARQLAskExecutable", "ask")
        } else if begins("CONSTRUCT") {
            ("SPARQLConstructExecutable", "construct")
        } else {
            ("SPARQLSelectExecutable", "select")
        };
        let comment = |line: &'static str| line.trim_start_matches('#').trim();
        Self { english: comment(english), japanese: comment(japanese), query: query.trim_end(), class, predicate }
    }
}

fn named(name: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{}/{name}", EXAMPLES.as_str()))
}

fn sh(name: &str) -> NamedNode {
    NamedNode::new_unchecked(format!("{SHACL}{name}"))
}

#[cfg(test)]
mod tests {
    use spargebra::{Query, SparqlParser};

    use super::*;

    #[test]
    fn every_example_is_a_query_of_the_kind_that_it_says() {
        for (name, file) in FILES {
            let example = Example::read(file);
            let kind = match SparqlParser::new().parse_query(example.query).unwrap() {
                Query::Select { .. } => "select",
                Query::Construct { .. } => "construct",
                Query::Ask { .. } => "ask",
                Query::Describe { .. } => "describe",
            };
            assert_eq!(example.predicate, kind, "{name}");
            assert!(example.english.is_ascii() && !example.japanese.is_ascii(), "{name}");
            // Whatever IRI a prefix stands for in an example is declared for editors.
            for line in example.query.lines().filter(|line| line.starts_with("PREFIX")) {
                let declared = PREFIXES.iter().any(|(prefix, iri)| line == format!("PREFIX {prefix}: <{iri}>"));
                assert!(declared, "{name}: {line}");
            }
        }
    }
}
