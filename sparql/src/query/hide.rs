//! Keeps the graphs with the copy's own state and index out of sight: the named graphs are those of entity types.
//!
//! Naming the visible graphs instead would have Oxigraph look into each of them for every triple of `GRAPH ?g`.

use oxigraph::model::{NamedNode, NamedNodeRef};
use spargebra::algebra::{Expression, GraphPattern, PropertyPathExpression};
use spargebra::term::NamedNodePattern;

use super::walk::{children, each_exists};
use crate::index::INDEX;
use crate::quads::{STATE, is_hidden};

/// Rewrites a pattern so that no `GRAPH` in it finds what is hidden.
pub(super) fn graphs(pattern: &mut GraphPattern) {
    // What is inside goes to another endpoint, as it is.
    if let GraphPattern::Service { .. } = pattern {
        return;
    }
    for child in children(pattern) {
        graphs(child);
    }
    each_exists(pattern, &mut graphs);
    let GraphPattern::Graph { name, inner } = pattern else { return };
    match name {
        NamedNodePattern::NamedNode(name) if is_hidden(name.as_str()) => {
            *pattern = GraphPattern::Values { variables: Vec::new(), bindings: Vec::new() };
        }
        NamedNodePattern::Variable(variable) if !finds_entities_only(inner) => {
            // Oxigraph leaves the variable unbound where a subquery does not project it.
            let bound = Expression::Bound(variable.clone());
            let is = |graph: NamedNodeRef<'_>| {
                Box::new(Expression::SameTerm(
                    Box::new(Expression::Variable(variable.clone())),
                    Box::new(Expression::NamedNode(graph.into_owned())),
                ))
            };
            let is_hidden = Expression::And(Box::new(bound), Box::new(Expression::Or(is(STATE), is(INDEX))));
            let nothing = GraphPattern::Values { variables: Vec::new(), bindings: Vec::new() };
            let inner = Box::new(std::mem::replace(pattern, nothing));
            *pattern = GraphPattern::Filter { expr: Expression::Not(Box::new(is_hidden)), inner };
        }
        NamedNodePattern::NamedNode(_) | NamedNodePattern::Variable(_) => {}
    }
}

/// Whether every solution of a pattern needs a triple that the hidden graphs do not have. Then it need not be filtered, which
/// would stand in the way of a good order of joins.
fn finds_entities_only(pattern: &GraphPattern) -> bool {
    match pattern {
        GraphPattern::Bgp { patterns } => patterns.iter().any(|triple| match &triple.predicate {
            NamedNodePattern::NamedNode(name) => !is_of_ours(name),
            NamedNodePattern::Variable(_) => false,
        }),
        GraphPattern::Path { path, .. } => needs_entities(path),
        GraphPattern::Join { left, right } | GraphPattern::Lateral { left, right } => {
            finds_entities_only(left) || finds_entities_only(right)
        }
        GraphPattern::Union { left, right } => finds_entities_only(left) && finds_entities_only(right),
        GraphPattern::LeftJoin { left: inner, .. }
        | GraphPattern::Minus { left: inner, .. }
        | GraphPattern::Filter { inner, .. }
        | GraphPattern::Extend { inner, .. }
        | GraphPattern::OrderBy { inner, .. }
        | GraphPattern::Project { inner, .. }
        | GraphPattern::Distinct { inner }
        | GraphPattern::Reduced { inner }
        | GraphPattern::Slice { inner, .. } => finds_entities_only(inner),
        // A group without rows is a row.
        GraphPattern::Group { .. }
        | GraphPattern::Graph { .. }
        | GraphPattern::Values { .. }
        | GraphPattern::Service { .. } => false,
    }
}

fn needs_entities(path: &PropertyPathExpression) -> bool {
    match path {
        PropertyPathExpression::NamedNode(name) => !is_of_ours(name),
        PropertyPathExpression::Reverse(path) | PropertyPathExpression::OneOrMore(path) => needs_entities(path),
        PropertyPathExpression::Sequence(a, b) => needs_entities(a) || needs_entities(b),
        PropertyPathExpression::Alternative(a, b) => needs_entities(a) && needs_entities(b),
        PropertyPathExpression::ZeroOrMore(_)
        | PropertyPathExpression::ZeroOrOne(_)
        | PropertyPathExpression::NegatedPropertySet(_) => false,
    }
}

fn is_of_ours(predicate: &NamedNode) -> bool {
    predicate.as_str().starts_with("urn:hiroba:sparql:")
}

#[cfg(test)]
mod tests {
    use oxigraph::model::{GraphName, Literal, NamedNodeRef, Quad};
    use oxigraph::sparql::{QueryResults, SparqlEvaluator};
    use oxigraph::store::Store;
    use spargebra::{Query, SparqlParser};

    use super::*;

    #[test]
    fn no_way_of_asking_finds_what_is_hidden() {
        let store = Store::new().unwrap();
        let quad = |graph: &str, predicate: &str| {
            let node = |iri: &str| NamedNodeRef::new(iri).unwrap().into_owned();
            Quad::new(node(graph), node(predicate), Literal::from(1), GraphName::from(node(graph)))
        };
        store.insert(&quad("urn:entities", "urn:p")).unwrap();
        store.insert(&quad(STATE.as_str(), "urn:hiroba:sparql:number")).unwrap();
        store.insert(&quad(INDEX.as_str(), "urn:hiroba:sparql:number")).unwrap();
        for (query, rows) in [
            ("SELECT * { GRAPH ?g { ?s ?p ?o } }", 1),
            ("SELECT * { GRAPH ?g {} }", 1),
            ("SELECT * { GRAPH ?g { ?s <urn:p> ?o } }", 1),
            ("SELECT * { GRAPH ?g { ?s <urn:hiroba:sparql:number> ?o } }", 0),
            ("SELECT * { GRAPH <urn:hiroba:sparql:state> { ?s ?p ?o } }", 0),
            ("SELECT * { GRAPH <urn:hiroba:sparql:index> { ?s ?p ?o } }", 0),
            ("SELECT * { GRAPH ?g { ?s (<urn:p>|<urn:hiroba:sparql:number>) ?o } }", 1),
            ("SELECT * { GRAPH ?g { ?s !<urn:p> ?o } }", 0),
            ("SELECT * { GRAPH ?g { OPTIONAL { ?s <urn:p> ?o } } }", 1),
            ("SELECT * { GRAPH ?g { { SELECT (COUNT(*) AS ?n) { ?s <urn:p> ?o } } } }", 1),
            ("SELECT * { FILTER EXISTS { GRAPH ?g { ?s <urn:hiroba:sparql:number> ?o } } }", 0),
            ("SELECT * { BIND(EXISTS { GRAPH <urn:hiroba:sparql:state> { ?s ?p ?o } } AS ?x) FILTER(?x) }", 0),
            ("SELECT * { VALUES ?g { <urn:hiroba:sparql:state> } GRAPH ?g { ?s ?p ?o } }", 0),
            ("SELECT * { { GRAPH ?g { ?s ?p ?o } } UNION { GRAPH ?h { ?s ?p ?o } } }", 2),
        ] {
            let mut parsed = SparqlParser::new().parse_query(query).unwrap();
            let Query::Select { pattern, .. } = &mut parsed else { panic!() };
            graphs(pattern);
            let prepared = SparqlEvaluator::new().for_query(parsed).on_store(&store);
            let QueryResults::Solutions(found) = prepared.execute().unwrap() else { panic!() };
            assert_eq!(found.count(), rows, "{query}");
        }
    }
}
