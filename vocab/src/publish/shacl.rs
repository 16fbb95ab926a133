//! SHACL shapes (Turtle) of the plain triples of a data set's entities.

use super::attribute::{Attribute, Key, of_dataset};
use super::pattern;
use super::turtle::{Node, document, iri, list, literal};
use crate::dataset::{Cardinality, Dataset, Datatype, Need, Range, Reads};
use crate::namespace::HIROBA;
use crate::term::Terms;

/// A node shape for the type of the entities, with a property shape for each attribute.
///
/// What every entity has is a violation when it is missing. What the standard requires of publishers is a warning, what it
/// recommends is a remark: such lists are published all the same. The same holds for values outside a list of choices.
pub fn shacl(dataset: &Dataset) -> String {
    let mut shape = Node::of("sh:NodeShape");
    shape.say_both("rdfs:label", &dataset.title_ja, &dataset.title_en);
    shape.say("sh:targetClass", iri(Terms::published().iri(&dataset.entity_type).as_str()));
    for attribute in of_dataset(dataset) {
        shape.say("sh:property", property(&attribute).blank());
        if let Some(wish) = wish(&attribute) {
            shape.say("sh:property", wish.blank());
        }
    }
    let name = iri(&format!("{HIROBA}shape/{}", dataset.slug));
    document(&shape.about(&name))
}

fn property(attribute: &Attribute<'_>) -> Node {
    let term = attribute.term;
    let mut node = Node::default();
    node.say("sh:path", iri(term.iri.as_str()));
    node.say_both("sh:name", &term.ja, &term.en);
    node.say_both("sh:description", &term.definition_ja, &term.definition_en);
    if attribute.always {
        node.say("sh:minCount", "1");
    }
    say_range(&mut node, attribute.range, attribute.reads());
    let hazards = attribute.hazards();
    if !hazards.is_empty() {
        node.say("sh:in", list(hazards.into_iter().map(literal)));
    }
    if !attribute.keys.is_empty() && matches!(attribute.range.datatype, Datatype::Object | Datatype::OpeningHours) {
        let mut object = Node::default();
        attribute.keys.iter().for_each(|key| object.say("sh:property", of_key(key).blank()));
        node.say("sh:node", object.blank());
    }
    node
}

fn of_key(key: &Key<'_>) -> Node {
    let mut node = Node::default();
    node.say("sh:path", iri(key.term.iri.as_str()));
    node.say_both("sh:name", &key.term.ja, &key.term.en);
    say_range(&mut node, key.range, key.reads);
    node
}

fn say_range(node: &mut Node, range: Range, reads: Option<Reads>) {
    match range.datatype {
        Datatype::Text | Datatype::Date | Datatype::Time | Datatype::Url | Datatype::Day => {
            node.say("sh:datatype", "xsd:string");
        }
        Datatype::LanguageText => {
            node.say("sh:or", "( [ sh:datatype rdf:langString ] [ sh:datatype xsd:string ] )");
            node.say("sh:uniqueLang", "true");
        }
        Datatype::Integer => node.say("sh:datatype", "xsd:integer"),
        Datatype::Number => {
            node.say("sh:or", "( [ sh:datatype xsd:double ] [ sh:datatype xsd:integer ] [ sh:datatype xsd:decimal ] )");
        }
        Datatype::Boolean => node.say("sh:datatype", "xsd:boolean"),
        Datatype::Geometry | Datatype::Entity | Datatype::Object | Datatype::OpeningHours => {
            node.say("sh:nodeKind", "sh:IRI");
        }
        Datatype::Any => {}
    }
    if let Some(pattern) = pattern::of_datatype(range.datatype).or_else(|| reads.and_then(pattern::of_reads)) {
        node.say("sh:pattern", literal(pattern));
    }
    if range.cardinality == Cardinality::One && range.datatype != Datatype::LanguageText {
        node.say("sh:maxCount", "1");
    }
}

/// What the standard asks of publishers.
fn wish(attribute: &Attribute<'_>) -> Option<Node> {
    let severity = match attribute.need {
        Need::Required => "sh:Warning",
        Need::Recommended => "sh:Info",
        Need::Optional => return None,
    };
    let mut node = Node::default();
    node.say("sh:path", iri(attribute.term.iri.as_str()));
    node.say("sh:minCount", "1");
    node.say("sh:severity", severity);
    Some(node)
}
