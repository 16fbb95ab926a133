//! A join taken apart: what its operands have in common, and how many rows they may have.

use std::collections::HashSet;

use oxigraph::model::{NamedNode, NamedOrBlankNodeRef, Quad, Term, Variable};
use oxigraph::sparql::CancellationToken;
use oxigraph::store::{StorageError, Store};
use spargebra::algebra::GraphPattern;
use spargebra::term::{NamedNodePattern, TermPattern, TriplePattern};

use crate::query::walk::in_scope;

/// How many rows are worth counting.
pub(super) const MANY: usize = 2_000;

/// Where rows are counted, for as long as the query may run: what is stopped goes on with less.
#[derive(Clone, Copy)]
pub(super) struct Counts<'s> {
    pub(super) store: &'s Store,
    pub(super) token: &'s CancellationToken,
}

/// Operands of a join that have variables in common.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) patterns: Vec<GraphPattern>,
    /// The variables, blank nodes included: they join like variables.
    pub(super) variables: HashSet<Variable>,
    /// Those that have a value in every row.
    pub(super) bound: HashSet<Variable>,
}

/// Takes a join apart.
pub(super) fn components(pattern: GraphPattern) -> Vec<Component> {
    let mut operands = Vec::new();
    flatten(pattern, &mut operands);
    let mut found: Vec<Component> = Vec::new();
    for operand in operands {
        let mut next = Component::of(operand);
        while let Some(at) = found.iter().position(|other| !other.variables.is_disjoint(&next.variables)) {
            let other = found.remove(at);
            next = other.and(next);
        }
        found.push(next);
    }
    found
}

fn flatten(pattern: GraphPattern, operands: &mut Vec<GraphPattern>) {
    match pattern {
        GraphPattern::Bgp { patterns } => {
            operands.extend(patterns.into_iter().map(|triple| GraphPattern::Bgp { patterns: vec![triple] }));
        }
        GraphPattern::Join { left, right } => {
            flatten(*left, operands);
            flatten(*right, operands);
        }
        other => operands.push(other),
    }
}

/// Joins patterns.
pub(super) fn join(patterns: impl IntoIterator<Item = GraphPattern>) -> GraphPattern {
    let joined = patterns.into_iter().reduce(|left, right| match (left, right) {
        (GraphPattern::Bgp { patterns: mut left }, GraphPattern::Bgp { patterns: right }) => {
            left.extend(right);
            GraphPattern::Bgp { patterns: left }
        }
        (left, right) => GraphPattern::Join { left: Box::new(left), right: Box::new(right) },
    });
    joined.unwrap_or(GraphPattern::Bgp { patterns: Vec::new() })
}

impl Component {
    fn of(pattern: GraphPattern) -> Self {
        let mut variables = in_scope(&pattern);
        let bound = match &pattern {
            GraphPattern::Bgp { patterns } => {
                for triple in patterns {
                    variables.extend(blank(&triple.subject).into_iter().chain(blank(&triple.object)));
                }
                variables.clone()
            }
            GraphPattern::Path { subject, object, .. } => {
                variables.extend(blank(subject).into_iter().chain(blank(object)));
                variables.clone()
            }
            GraphPattern::Values { bindings, .. } if bindings.iter().flatten().all(Option::is_some) => {
                variables.clone()
            }
            _ => HashSet::new(),
        };
        Self { patterns: vec![pattern], variables, bound }
    }

    /// Both together.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.patterns.extend(other.patterns);
        self.variables.extend(other.variables);
        self.bound.extend(other.bound);
        self
    }

    /// The triple patterns among the operands.
    pub(super) fn triples(&self) -> impl Iterator<Item = &TriplePattern> {
        let triples = self.patterns.iter().filter_map(|pattern| match pattern {
            GraphPattern::Bgp { patterns } => Some(patterns),
            _ => None,
        });
        triples.flatten()
    }

    /// How many rows it has at most, as far as the store tells quickly: `most` for more, or when it does not tell.
    pub(super) fn rows(&self, counts: Counts<'_>, most: usize) -> usize {
        let mut least = most;
        let mut counted = Vec::new();
        for pattern in &self.patterns {
            match pattern {
                GraphPattern::Values { bindings, .. } => least = least.min(bindings.len()),
                GraphPattern::Slice { length: Some(length), .. } => least = least.min(*length),
                _ => {}
            }
        }
        for triple in self.triples() {
            if let (TermPattern::NamedNode(_) | TermPattern::Literal(_), _)
            | (_, TermPattern::NamedNode(_) | TermPattern::Literal(_)) = (&triple.subject, &triple.object)
            {
                counted.push(matching(counts.store, triple));
            }
        }
        // All at once, until the first comes to its end: the shortest decides.
        for rows in 0..least {
            if counts.token.is_cancelled() {
                return rows;
            }
            for quads in &mut counted {
                if !matches!(quads.next(), Some(Ok(_))) {
                    return rows;
                }
            }
        }
        least
    }
}

/// The quads that may fit a triple pattern, in any graph.
fn matching(store: &Store, triple: &TriplePattern) -> Box<dyn Iterator<Item = Result<Quad, StorageError>>> {
    let subject = match &triple.subject {
        TermPattern::NamedNode(name) => Some(NamedOrBlankNodeRef::from(name)),
        _ => None,
    };
    let predicate = match &triple.predicate {
        NamedNodePattern::NamedNode(name) => Some(NamedNode::as_ref(name)),
        NamedNodePattern::Variable(_) => None,
    };
    let object: Option<Term> = match &triple.object {
        TermPattern::NamedNode(name) => Some(name.clone().into()),
        TermPattern::Literal(literal) => Some(literal.clone().into()),
        _ => None,
    };
    Box::new(store.quads_for_pattern(subject, predicate, object.as_ref().map(Term::as_ref), None))
}

fn blank(term: &TermPattern) -> Option<Variable> {
    match term {
        TermPattern::BlankNode(node) => Some(Variable::new_unchecked(format!("_:{}", node.as_str()))),
        _ => None,
    }
}
