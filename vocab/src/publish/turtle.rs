//! Writing Turtle (RDF 1.1 Turtle) as people would: prefixes, one subject a block, nested blank nodes.

use std::fmt::Write as _;

use crate::namespace;

/// The prefixes that products use.
pub(super) const PREFIXES: &[(&str, &str)] = &[
    ("hiroba", namespace::HIROBA),
    ("column", namespace::COLUMN),
    ("code", namespace::CODE),
    ("ngsi-ld", crate::ngsi_ld::NAMESPACE),
    ("schema", namespace::SCHEMA),
    ("dcterms", namespace::DCTERMS),
    ("dcat", namespace::DCAT),
    ("void", namespace::VOID),
    ("geo", "http://www.opengis.net/ont/geosparql#"),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("sh", "http://www.w3.org/ns/shacl#"),
    ("skos", "http://www.w3.org/2004/02/skos/core#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

/// A document that begins with the prefixes.
pub(super) fn document() -> String {
    let mut text = String::new();
    for (prefix, namespace) in PREFIXES {
        let _ = writeln!(text, "@prefix {prefix}: <{namespace}> .");
    }
    text
}

/// An IRI: short where a prefix and a plain local name say it, else in angle brackets.
pub(super) fn iri(iri: &str) -> String {
    // The longest namespace wins: column: lies within hiroba:.
    let best = PREFIXES
        .iter()
        .filter(|(_, namespace)| iri.starts_with(namespace))
        .max_by_key(|(_, namespace)| namespace.len());
    if let Some((prefix, namespace)) = best {
        let local = &iri[namespace.len()..];
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !local.is_empty() && local.chars().all(plain) {
            return format!("{prefix}:{local}");
        }
    }
    let mut text = String::from("<");
    for c in iri.chars() {
        if c <= ' ' || "<>\"{}|^`\\".contains(c) {
            let _ = write!(text, "\\u{:04X}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text.push('>');
    text
}

/// A literal in quotation marks.
pub(super) fn literal(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A text with its language.
pub(super) fn text(text: &str, language: &str) -> String {
    format!("{}@{language}", literal(text))
}

/// A list in round brackets.
pub(super) fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("( {} )", items.join(" "))
}

/// A node: what is said of a subject, or of a blank node.
#[derive(Debug, Default)]
pub(super) struct Node {
    statements: Vec<(String, String)>,
}

impl Node {
    /// A node of a class.
    pub(super) fn of(class: &str) -> Self {
        let mut node = Self::default();
        node.say("a", class);
        node
    }

    /// Adds a statement. Predicate and object are Turtle already.
    pub(super) fn say(&mut self, predicate: &str, object: impl Into<String>) {
        self.statements.push((predicate.to_owned(), object.into()));
    }

    /// Adds a text in Japanese and one in English, as far as there are any.
    pub(super) fn say_both(&mut self, predicate: &str, ja: &str, en: &str) {
        for (words, language) in [(ja, "ja"), (en, "en")] {
            if !words.is_empty() {
                self.say(predicate, text(words, language));
            }
        }
    }

    /// As a block about a subject.
    pub(super) fn about(&self, subject: &str) -> String {
        format!("\n{subject}{} .\n", self.lines("    "))
    }

    /// As a blank node inside another block.
    pub(super) fn blank(&self) -> String {
        format!("[{} ]", self.lines("        "))
    }

    fn lines(&self, indent: &str) -> String {
        let lines: Vec<String> =
            self.statements.iter().map(|(predicate, object)| format!("\n{indent}{predicate} {object}")).collect();
        lines.join(" ;")
    }
}
