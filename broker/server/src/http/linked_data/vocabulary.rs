//! The vocabulary, taken apart into what is said of each of its terms.

use std::collections::HashMap;
use std::sync::LazyLock;

use hiroba_vocab::namespace::{CODE, COLUMN, HIROBA};
use hiroba_vocab::{Terms, percent_encoded, publish};
use oxrdf::vocab::rdf;
use oxrdf::{NamedNode, NamedOrBlankNode, Term, Triple};
use oxttl::TurtleParser;

use super::statements::Statements;

/// The path under which the terms are.
pub const PATH: &str = "/vocab";

/// The ontology as triples, with the places of those about each subject and object.
#[derive(Debug, Default)]
pub struct Vocabulary {
    triples: Vec<Triple>,
    about: HashMap<String, Vec<usize>>,
    leading_to: HashMap<String, Vec<usize>>,
}

impl Vocabulary {
    /// The published one.
    pub fn published() -> &'static Self {
        static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::read(&publish::ontology()));
        &VOCABULARY
    }

    fn read(turtle: &str) -> Self {
        let parser = TurtleParser::new().for_slice(turtle.as_bytes());
        // It is part of the program; a test reads it to its end.
        let mut vocabulary = Self { triples: parser.filter_map(Result::ok).collect(), ..Self::default() };
        for (place, triple) in vocabulary.triples.iter().enumerate() {
            if let NamedOrBlankNode::NamedNode(subject) = &triple.subject {
                vocabulary.about.entry(subject.as_str().to_owned()).or_default().push(place);
            }
            if let Term::NamedNode(object) = &triple.object {
                vocabulary.leading_to.entry(object.as_str().to_owned()).or_default().push(place);
            }
        }
        vocabulary
    }

    /// All of it.
    pub fn triples(&self) -> &[Triple] {
        &self.triples
    }

    /// What is said of a term, and what leads to it: the attributes of a class, the codes of a list. `None` for what is no
    /// term.
    pub fn describe(&self, iri: &str) -> Option<Vec<Triple>> {
        let about = self.about.get(iri)?;
        let to = self.leading_to.get(iri).map_or(&[][..], Vec::as_slice);
        Some(about.iter().chain(to).filter_map(|place| self.triples.get(*place).cloned()).collect())
    }
}

/// What a path under [`PATH`] stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'p> {
    /// A class, attribute or key.
    Term(&'p str),
    /// A column that no attribute takes.
    Column(&'p str),
    /// A list of codes, or one of its codes.
    Code(&'p str, Option<&'p str>),
}

impl Part<'_> {
    /// Its IRI. Terms may be those of other vocabularies.
    pub fn iri(&self) -> String {
        match self {
            Self::Term(name) => Terms::published().iri(name).as_str().to_owned(),
            Self::Column(name) => format!("{COLUMN}{}", percent_encoded(name)),
            Self::Code(list, None) => format!("{CODE}{}", percent_encoded(list)),
            Self::Code(list, Some(code)) => format!("{CODE}{}/{}", percent_encoded(list), percent_encoded(code)),
        }
    }
}

/// The path here at which an IRI of the vocabulary is described; `None` for IRIs of other things.
pub fn path_of(iri: &str) -> Option<String> {
    if iri == HIROBA {
        return Some(PATH.to_owned());
    }
    // Columns of a city's own are known by the data that have them.
    let own = iri.starts_with(COLUMN) || Vocabulary::published().about.contains_key(iri);
    match iri.strip_prefix(HIROBA) {
        Some(rest) => own.then(|| format!("{PATH}/{rest}")),
        None => {
            let term = Terms::published().iter().find(|term| term.iri.as_str() == iri)?;
            Some(format!("{PATH}/{}", term.term))
        }
    }
}

/// What is known of a column that only the data of a city have: that it is a property, and how it is headed.
pub fn own_column(name: &str) -> Vec<Triple> {
    let node = NamedNode::new_unchecked(Part::Column(name).iri());
    let mut said = Statements::default();
    said.say(&node, "rdf:type", rdf::PROPERTY.into_owned());
    said.say(&node, "rdfs:label", oxrdf::Literal::from(name));
    said.into_triples()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_of_the_ontology_has_a_path_and_a_description() {
        let vocabulary = Vocabulary::published();
        let whole: Result<Vec<Triple>, _> = TurtleParser::new().for_slice(publish::ontology().as_bytes()).collect();
        assert_eq!(whole.unwrap(), vocabulary.triples);
        for iri in vocabulary.about.keys() {
            let path = path_of(iri).unwrap_or_else(|| panic!("{iri} has no path"));
            let rest: Vec<String> = path
                .split('/')
                .skip(2)
                .map(|part| percent_encoding::percent_decode_str(part).decode_utf8().unwrap().into_owned())
                .collect();
            let part = match rest.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                [] => continue,
                [name] => Part::Term(name).iri(),
                ["column", name] => Part::Column(name).iri(),
                ["code", list] => Part::Code(list, None).iri(),
                ["code", list, code] => Part::Code(list, Some(code)).iri(),
                _ => panic!("{path}"),
            };
            assert_eq!(part, *iri);
            assert!(!vocabulary.describe(iri).unwrap().is_empty());
        }
        assert!(vocabulary.describe("https://w3id.org/hiroba/vocab/Nothing").is_none());
    }
}
