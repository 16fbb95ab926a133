//! Entities as quads: the plain shape in the default graph, NGSI-LD's own shape in a named graph for each type.

mod read;

use std::sync::LazyLock;

use ngsild::Entity;
use ngsild::jsonld::Context;
use ngsild::rdf::Mapping;
use oxigraph::model::vocab::rdf;
use oxigraph::model::{GraphName, NamedNodeRef, NamedOrBlankNode, Quad, Term, Triple};

pub use read::entity;

/// Which quads an entity becomes. To be raised whenever the same entity would become other quads than before, the
/// context of [`mapping_context`] included: a copy that was made by another version is made anew.
pub const VERSION: i64 = 1;

/// The graph in which a copy keeps its own state: where it stands in the change log. No entity writes to it.
pub const STATE: NamedNodeRef<'static> = NamedNodeRef::new_unchecked("urn:hiroba:sparql:state");

/// What the keys of compound values stand for, and how attributes are named below their entity.
///
/// The one place to change when the published vocabulary's @context is to be used; see [`VERSION`].
pub fn mapping_context() -> &'static Context {
    static CONTEXT: LazyLock<Context> = LazyLock::new(Context::core);
    &CONTEXT
}

/// The quads of an entity, in the order of the mapping. There may be duplicates.
pub fn quads(entity: &Entity) -> Vec<Quad> {
    let mapping = Mapping { context: mapping_context() };
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
        Term::NamedNode(name) if name.as_ref() != STATE => Some(GraphName::from(name.clone())),
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
