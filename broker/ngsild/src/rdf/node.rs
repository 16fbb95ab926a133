//! IRIs for nodes that have none of their own.

use std::fmt::Write;

use hiroba_vocab::{DatasetId, Iri};
use oxrdf::vocab::rdf;
use oxrdf::{NamedNode, NamedNodeRef, Term, Triple};

use crate::jsonld::Context;

/// The node of an IRI; what is no IRI (expansion only concatenates) is escaped until it is.
pub(super) fn named(text: &str) -> Option<NamedNode> {
    NamedNode::new(text).or_else(|_| NamedNode::new(escaped(text, ":/?#[]@!$&'()*+,;=%"))).ok()
}

/// `text` with everything percent-encoded that is neither unreserved nor in `kept`. Letters beyond ASCII stay: IRIs
/// are for people too.
fn escaped(text: &str, kept: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_alphanumeric() || "-._~".contains(c) || kept.contains(c) {
            out.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// A node below another: the first step is a fragment, further ones are dotted on.
pub(super) fn below(owner: &NamedNode, step: &str) -> NamedNode {
    let separator = if owner.as_str().contains('#') { '.' } else { '#' };
    NamedNode::new_unchecked(format!("{}{separator}{}", owner.as_str(), escaped(step, "")))
}

/// The node of an attribute instance: the attribute's short name, and the datasetId where there is one.
pub(super) fn attribute_node(
    context: &Context,
    owner: &NamedNode,
    name: &Iri,
    dataset: Option<&DatasetId>,
) -> NamedNode {
    let short = context.compact(name);
    match dataset {
        None => below(owner, &short),
        Some(dataset) => below(owner, &format!("{short}~{dataset}")),
    }
}

/// An RDF list (`rdf:first`, `rdf:rest`) of nodes below `owner`.
pub(super) fn list(
    owner: &NamedNode,
    predicate: NamedNodeRef<'_>,
    items: impl Iterator<Item = Term>,
    sink: &mut dyn FnMut(Triple),
) {
    let (mut from, mut link) = (owner.clone(), predicate.into_owned());
    for (i, item) in items.enumerate() {
        let cell = below(owner, &format!("item{i}"));
        sink(Triple::new(from, link, cell.clone()));
        sink(Triple::new(cell.clone(), rdf::FIRST, item));
        (from, link) = (cell, rdf::REST.into_owned());
    }
    sink(Triple::new(from, link, rdf::NIL));
}
