//! The vocabulary as an ontology: classes, properties, columns and code lists (OWL 2, RDF Schema, SKOS) in Turtle.

use std::collections::BTreeSet;

use super::attribute::{self, Attribute};
use super::code_list::{CodeList, code_lists, list_of};
use super::turtle::{Node, document, iri, literal};
use crate::dataset::{Column, Datasets, Datatype, Range};
use crate::namespace::HIROBA;
use crate::term::{Term, TermRole, Terms};

/// The ontology of the whole vocabulary.
///
/// Terms of other vocabularies are described with the labels that they have here, and not said to be defined here.
pub fn ontology() -> String {
    let mut text = String::new();
    let mut head = Node::of("owl:Ontology");
    head.say_both("dcterms:title", "ひろば語彙", "Hiroba vocabulary");
    head.say_both(
        "dcterms:description",
        "自治体標準オープンデータセットの一覧を公開するための語彙。",
        "The classes and properties with which lists of the standard municipal data sets of Japan are published.",
    );
    head.say("owl:versionInfo", literal(env!("CARGO_PKG_VERSION")));
    text.push_str(&head.about(&iri(HIROBA)));
    for term in Terms::published().iter().filter(|term| term.role == TermRole::Class) {
        text.push_str(&described(Node::of("owl:Class"), term).about(&iri(term.iri.as_str())));
    }
    let lists = code_lists();
    for attribute in attribute::all() {
        text.push_str(&property(&attribute, &lists).about(&iri(attribute.term.iri.as_str())));
    }
    for (term, range) in attribute::keys() {
        let mut node = described(Node::of(kind(range)), term);
        say_range(&mut node, range, term);
        text.push_str(&node.about(&iri(term.iri.as_str())));
    }
    for (name, node) in columns(&lists) {
        text.push_str(&node.about(&iri(&name)));
    }
    for list in &lists {
        text.push_str(&scheme(list));
    }
    document(&text)
}

/// The class of a property: whether its values are literals or nodes.
fn kind(range: Range) -> &'static str {
    match range.datatype {
        Datatype::Entity | Datatype::Geometry | Datatype::Object | Datatype::OpeningHours => "owl:ObjectProperty",
        Datatype::Any => "rdf:Property",
        _ => "owl:DatatypeProperty",
    }
}

/// The range of the plain triples that the broker makes of a value. Dates, times of day and URLs are texts there.
pub(super) fn range_iri(range: Range, term: &Term) -> Option<&str> {
    Some(match range.datatype {
        Datatype::Text | Datatype::Date | Datatype::Time | Datatype::Url | Datatype::Day => "xsd:string",
        Datatype::LanguageText => "rdf:langString",
        Datatype::Integer => "xsd:integer",
        Datatype::Number => "xsd:double",
        Datatype::Boolean => "xsd:boolean",
        Datatype::Geometry => "geo:Geometry",
        Datatype::Entity | Datatype::Object | Datatype::OpeningHours => {
            return term.value_class.as_ref().map(crate::Iri::as_str);
        }
        Datatype::Any => return None,
    })
}

fn say_range(node: &mut Node, range: Range, term: &Term) {
    if let Some(name) = range_iri(range, term) {
        node.say("rdfs:range", if name.contains("//") { iri(name) } else { name.to_owned() });
    }
}

/// Labels, definition, matches and source of a term.
fn described(mut node: Node, term: &Term) -> Node {
    node.say_both("rdfs:label", &term.ja, &term.en);
    node.say_both("skos:prefLabel", &term.ja, &term.en);
    // SKOS for those who know it, and what everybody shows.
    for predicate in ["skos:definition", "rdfs:comment"] {
        node.say_both(predicate, &term.definition_ja, &term.definition_en);
    }
    for (predicate, matches) in [("skos:exactMatch", &term.exact), ("skos:closeMatch", &term.close)] {
        matches.iter().for_each(|other| node.say(predicate, iri(other.as_str())));
    }
    if term.iri.as_str().starts_with(HIROBA) {
        node.say("rdfs:isDefinedBy", iri(HIROBA));
    }
    node
}

fn property(attribute: &Attribute<'_>, lists: &[CodeList]) -> Node {
    let term = attribute.term;
    let mut node = described(Node::of(kind(attribute.range)), term);
    say_range(&mut node, attribute.range, term);
    for class in classes_with(term) {
        node.say("schema:domainIncludes", iri(class.as_str()));
    }
    if let Some(unit) = &term.unit {
        node.say("schema:unitCode", literal(unit));
    }
    if let Some(list) = lists.iter().find(|list| list.name == term.term) {
        node.say("rdfs:seeAlso", iri(list.iri().as_str()));
    }
    node
}

/// The types of the entities that have an attribute.
fn classes_with(term: &Term) -> BTreeSet<crate::Iri> {
    let datasets = Datasets::published().supported().iter();
    let with = datasets
        .filter(|dataset| dataset.columns.iter().any(|column| column.feeds.as_deref() == Some(term.term.as_str())));
    with.map(|dataset| Terms::published().iri(&dataset.entity_type)).collect()
}

/// The columns: properties whose values are cells that no attribute takes. Data sets may define one name differently.
fn columns(lists: &[CodeList]) -> Vec<(String, Node)> {
    let mut all: Vec<(String, Vec<&Column>)> = Vec::new();
    for column in Datasets::published().supported().iter().flat_map(|dataset| &dataset.columns) {
        let name = column.iri().as_str().to_owned();
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, columns)) => columns.push(column),
            None => all.push((name, vec![column])),
        }
    }
    let node = |(name, columns): (String, Vec<&Column>)| {
        let mut node = Node::of("owl:DatatypeProperty");
        let mut said = BTreeSet::new();
        let mut say = |predicate: &str, object: String| {
            if said.insert((predicate.to_owned(), object.clone())) {
                node.say(predicate, object);
            }
        };
        for column in columns {
            say("rdfs:label", super::turtle::text(&column.name, "ja"));
            say("rdfs:label", super::turtle::text(&column.label_en(), "en"));
            for (words, language) in [(column.definition_ja(), "ja"), (column.definition_en(), "en")] {
                if !words.is_empty() {
                    say("skos:definition", super::turtle::text(words, language));
                }
            }
            for old in column.old.iter().filter(|old| **old != column.name) {
                say("skos:altLabel", super::turtle::text(old, "ja"));
            }
            if let Some(term) = column.target().attribute() {
                say("rdfs:seeAlso", iri(term.iri.as_str()));
            } else if let Some(list) = list_of(column).and_then(|name| lists.iter().find(|list| list.name == name)) {
                say("rdfs:seeAlso", iri(list.iri().as_str()));
            }
        }
        node.say("rdfs:isDefinedBy", iri(HIROBA));
        (name, node)
    };
    all.into_iter().map(node).collect()
}

fn scheme(list: &CodeList) -> String {
    let mut node = Node::of("skos:ConceptScheme");
    let name = iri(list.iri().as_str());
    node.say_both("rdfs:label", &list.ja, &list.en);
    node.say_both("skos:prefLabel", &list.ja, &list.en);
    for code in &list.codes {
        node.say("skos:hasTopConcept", iri(list.code_iri(code).as_str()));
    }
    let mut text = node.about(&name);
    for code in &list.codes {
        let mut node = Node::of("skos:Concept");
        node.say_both("skos:prefLabel", &code.ja, code.en.as_deref().unwrap_or_default());
        node.say("skos:notation", literal(&code.notation));
        node.say("skos:inScheme", name.clone());
        node.say("skos:topConceptOf", name.clone());
        text.push_str(&node.about(&iri(list.code_iri(code).as_str())));
    }
    text
}
