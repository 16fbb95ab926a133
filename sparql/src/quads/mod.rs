//! Entities as quads: the plain shape in the default graph, NGSI-LD's own shape in a named graph for each type.

mod examples;
mod read;

use std::sync::LazyLock;

use ngsild::Entity;
use ngsild::rdf::Mapping;
use oxigraph::model::vocab::rdf;
use oxigraph::model::{GraphName, NamedNodeRef, NamedOrBlankNode, Quad, Term, Triple};

pub use examples::{EXAMPLES, SHACL, quads as examples};
pub use read::entity;

use crate::follow::Mark;
use crate::index::is_of_index;

/// Which quads an entity becomes. To be raised whenever this module, [`ngsild::rdf`] or [`crate::index`] makes other quads
/// of the same entity than before.
const VERSION: i64 = 5;

/// What a copy depends on beside the entities: [`VERSION`], the vocabulary's terms and the examples, as a number. One of another
/// shape is made anew, so a program with one term more needs nobody to remember that.
pub fn shape() -> i64 {
    static SHAPE: LazyLock<i64> = LazyLock::new(|| {
        let examples: String = examples::quads().iter().map(ToString::to_string).collect();
        Mark::of(&[&VERSION.to_string(), &hiroba_vocab::context::context().to_string(), &examples]).0
    });
    *SHAPE
}

/// The graph in which a copy keeps its own state: where it stands in the change log. No entity writes to it.
pub const STATE: NamedNodeRef<'static> = NamedNodeRef::new_unchecked("urn:hiroba:sparql:state");

/// Whether a graph is for entities: not that of the state, of the index, nor that of the examples.
pub fn is_of_entities(graph: &str) -> bool {
    !is_hidden(graph) && graph != EXAMPLES.as_str()
}

/// Whether a graph is the copy's own, that of its state or of its index, which nobody sees.
pub fn is_hidden(graph: &str) -> bool {
    graph == STATE.as_str() || is_of_index(graph)
}

/// The quads of an entity, in the order of the mapping. There may be duplicates.
pub fn quads(entity: &Entity) -> Vec<Quad> {
    let mapping = Mapping::published();
    let mut quads = Vec::new();
    mapping.plain(entity, &mut |triple| quads.push(triple.in_graph(GraphName::DefaultGraph)));
    let mut reified = Vec::new();
    mapping.reified(entity, &mut |triple| reified.push(triple));
    for graph in graphs(&reified) {
        quads.extend(reified.iter().map(|triple| triple.clone().in_graph(graph.clone())));
    }
    quads
}

/// The types of the entity that the triples describe, as graph names: the mapping puts them first.
fn graphs(reified: &[Triple]) -> Vec<GraphName> {
    let types =
        reified.iter().take_while(|triple| triple.predicate == rdf::TYPE && triple.subject == reified[0].subject);
    let named = types.filter_map(|triple| match &triple.object {
        Term::NamedNode(name) if is_of_entities(name.as_str()) => Some(GraphName::from(name.clone())),
        _ => None,
    });
    named.collect()
}

/// Whether `node` is a node of the entity, by its name: those that have no IRI of their own are named below the id.
pub fn is_below(id: &str, node: &str) -> bool {
    let separator = if id.contains('#') { '.' } else { '#' };
    node.strip_prefix(id).is_some_and(|rest| rest.starts_with(separator))
}

/// The IRI of a subject; the mapping makes no blank nodes.
pub fn subject_iri(quad: &Quad) -> Option<&str> {
    match &quad.subject {
        NamedOrBlankNode::NamedNode(node) => Some(node.as_str()),
        NamedOrBlankNode::BlankNode(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_and_nodes_have_the_names_of_the_vocabulary() {
        let body = json!({
            "id": "urn:ngsi-ld:AED:372013:1", "type": "https://w3id.org/hiroba/vocab/AED",
            "https://schema.org/address": {"type": "Property",
                "value": {"addressLocality": "高松市", "townId": "0001", "unheardOf": "x"}},
        });
        let quads = quads(&entity(body).unwrap());
        let said = |predicate: &str| {
            let quad =
                quads.iter().find(|quad| quad.graph_name.is_default_graph() && quad.predicate.as_str() == predicate);
            quad.map(|quad| (subject_iri(quad).unwrap(), quad.object.to_string()))
        };
        let address = "urn:ngsi-ld:AED:372013:1#address";
        assert_eq!(said("https://schema.org/addressLocality"), Some((address, "\"高松市\"".to_owned())));
        let unheard_of = format!("{}unheardOf", hiroba_vocab::ngsi_ld::DEFAULT_VOCAB);
        assert_eq!(said(&unheard_of), Some((address, "\"x\"".to_owned())));
        let graph = quads.last().unwrap().graph_name.to_string();
        assert_eq!(graph, "<https://w3id.org/hiroba/vocab/AED>");
    }
}
