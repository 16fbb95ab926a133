//! Which quads belong to an entity: those of its id, and those of the nodes below it that they lead to.

use std::collections::HashSet;

use oxigraph::model::{NamedNode, Quad, Term};
use oxigraph::store::{StorageError, Transaction};

use super::state::holds_entities;
use crate::quads::is_below;

/// The quads of the entity `id`, in all graphs. `fragments` are the ids with a `#`: they look like nodes below an
/// entity, but are entities of their own.
pub(super) fn owned(
    transaction: &Transaction<'_>,
    id: &str,
    fragments: &HashSet<String>,
) -> Result<Vec<Quad>, StorageError> {
    let mut quads = Vec::new();
    let Ok(id) = NamedNode::new(id) else { return Ok(quads) };
    let mut seen = HashSet::from([id.clone()]);
    let mut open = vec![id.clone()];
    while let Some(node) = open.pop() {
        for quad in transaction.quads_for_pattern(Some(node.as_ref().into()), None, None, None) {
            let quad = quad?;
            if !holds_entities(quad.graph_name.as_ref()) {
                continue;
            }
            if let Term::NamedNode(object) = &quad.object
                && is_below(id.as_str(), object.as_str())
                && !belongs_to_another(id.as_str(), object.as_str(), fragments)
                && seen.insert(object.clone())
            {
                open.push(object.clone());
            }
            quads.push(quad);
        }
    }
    Ok(quads)
}

/// Whether a node that looks as if it were below `id` is another entity, or below one.
fn belongs_to_another(id: &str, node: &str, fragments: &HashSet<String>) -> bool {
    if fragments.is_empty() {
        return false;
    }
    let rest = node.get(id.len() + 1..).unwrap_or_default();
    let ends = rest.match_indices('.').map(|(at, _)| id.len() + 1 + at).chain([node.len()]);
    ends.into_iter().any(|end| node.get(..end).is_some_and(|prefix| fragments.contains(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_of_another_entity_are_not_taken_along() {
        let fragments = HashSet::from(["http://x/doc#me".to_owned()]);
        for (id, node, other) in [
            ("http://x/doc", "http://x/doc#title", false),
            ("http://x/doc", "http://x/doc#title.value", false),
            ("http://x/doc", "http://x/doc#me", true),
            ("http://x/doc", "http://x/doc#me.name", true),
            ("http://x/doc", "http://x/doc#meme", false),
            ("http://x/doc#me", "http://x/doc#me.name", false),
        ] {
            assert_eq!(belongs_to_another(id, node, &fragments), other, "{id} {node}");
        }
    }
}
