//! Triples with short names, for descriptions that this server writes itself.

use hiroba_vocab::namespace;
use oxrdf::vocab::{rdf, xsd};
use oxrdf::{BlankNode, Literal, NamedNode, NamedOrBlankNode, Term, Triple};

/// The IRI of a short name such as `dcat:Dataset`. What has no prefix from [`namespace::PREFIXES`] is an IRI already.
pub fn iri(short: &str) -> NamedNode {
    let expanded = short.split_once(':').and_then(|(prefix, local)| {
        let (_, namespace) = namespace::PREFIXES.iter().find(|(known, _)| *known == prefix)?;
        Some(format!("{namespace}{local}"))
    });
    NamedNode::new_unchecked(expanded.unwrap_or_else(|| short.to_owned()))
}

/// An IRI with a prefix where one fits: `dcat:Dataset`.
pub fn short(iri: &str) -> String {
    namespace::split(iri).map_or_else(|| iri.to_owned(), |(prefix, _, local)| format!("{prefix}:{local}"))
}

/// What a description says.
#[derive(Debug, Default)]
pub struct Statements {
    triples: Vec<Triple>,
    blanks: u32,
}

impl Statements {
    /// The triples, in the order in which they were said.
    pub fn into_triples(self) -> Vec<Triple> {
        self.triples
    }

    /// Says something with a short name of the predicate.
    pub fn say(&mut self, subject: &NamedNode, predicate: &str, object: impl Into<Term>) {
        self.triples.push(Triple::new(subject.clone(), iri(predicate), object));
    }

    /// Says of which class something is.
    pub fn is_a(&mut self, subject: &NamedNode, class: &str) {
        self.triples.push(Triple::new(subject.clone(), rdf::TYPE, iri(class)));
    }

    /// Says it in Japanese and in English.
    pub fn say_both(&mut self, subject: &NamedNode, predicate: &str, ja: &str, en: &str) {
        for (text, language) in [(ja, "ja"), (en, "en")] {
            self.say(subject, predicate, Literal::new_language_tagged_literal_unchecked(text, language));
        }
    }

    /// Says a number of things.
    pub fn count(&mut self, subject: &NamedNode, predicate: &str, count: u64) {
        self.say(subject, predicate, Literal::new_typed_literal(count.to_string(), xsd::INTEGER));
    }

    /// Links to an address, if it is an IRI: addresses that people have given may be none.
    pub fn link(&mut self, subject: &NamedNode, predicate: &str, address: &str) {
        if let Ok(address) = NamedNode::new(address) {
            self.say(subject, predicate, address);
        }
    }

    /// Says something through a node without a name, with what is said of that node.
    pub fn nest(&mut self, subject: &NamedNode, predicate: &str, said: Vec<(&str, Term)>) {
        self.blanks += 1;
        // Numbered, so that the same description is always the same text.
        let node = NamedOrBlankNode::from(BlankNode::new_unchecked(format!("n{}", self.blanks)));
        self.triples.push(Triple::new(subject.clone(), iri(predicate), node.clone()));
        for (predicate, object) in said {
            self.triples.push(Triple::new(node.clone(), iri(predicate), object));
        }
    }

    /// Adds what others say.
    pub fn extend(&mut self, triples: impl IntoIterator<Item = Triple>) {
        self.triples.extend(triples);
    }
}

/// A literal with an instant.
pub fn instant(at: ngsild::DateTime) -> Literal {
    Literal::new_typed_literal(at.to_string(), xsd::DATE_TIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_and_iris_lead_to_each_other() {
        for (name, full) in [
            ("dcat:Dataset", "http://www.w3.org/ns/dcat#Dataset"),
            ("column:x", "https://w3id.org/hiroba/vocab/column/x"),
            ("hiroba:AED", "https://w3id.org/hiroba/vocab/AED"),
            ("urn:x:1", "urn:x:1"),
        ] {
            assert_eq!((iri(name).as_str(), short(full).as_str()), (full, name));
        }
    }
}
