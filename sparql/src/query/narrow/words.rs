//! `?entity text:query "…"`: entities by the words of their names, as Apache Jena's text index writes it.

use std::cmp::Reverse;

use oxigraph::model::vocab::rdf;
use oxigraph::model::{Literal, NamedNode, NamedNodeRef, Variable};
use spargebra::algebra::{GraphPattern, PropertyPathExpression};
use spargebra::term::{NamedNodePattern, TermPattern, TriplePattern};

use super::Fresh;
use super::conditions::{call, literal};
use super::functions::FINDS;
use super::parts::{Counts, MANY};
use super::places::index;
use crate::index::{INDEX, LABELS, OCCURS_IN, of_query, word};
use crate::query::QueryError;
use crate::query::walk::{children, each_exists};

/// The name of the one property that no graph has.
pub(in crate::query) const TEXT_QUERY: &str = "http://jena.apache.org/text#query";

/// Replaces every `text:query` in a pattern by what it means.
pub(super) fn replace(
    pattern: &mut GraphPattern,
    counts: Option<Counts<'_>>,
    fresh: &mut Fresh,
) -> Result<(), QueryError> {
    // Names in other graphs than the default one are not in the index.
    let counts = if let GraphPattern::Graph { .. } = pattern { None } else { counts };
    if let GraphPattern::Service { .. } = pattern {
        return Ok(());
    }
    let mut outcome = Ok(());
    each_exists(pattern, &mut |inner| {
        if let Err(error) = replace(inner, counts, fresh) {
            outcome = Err(error);
        }
    });
    outcome?;
    for child in children(pattern) {
        replace(child, counts, fresh)?;
    }
    let GraphPattern::Bgp { patterns } = pattern else { return Ok(()) };
    let mut searches = Vec::new();
    while let Some(at) = patterns.iter().position(|triple| is(&triple.predicate, TEXT_QUERY)) {
        let TriplePattern { subject, object, .. } = patterns.remove(at);
        if !matches!(subject, TermPattern::Variable(_) | TermPattern::NamedNode(_)) {
            return Err(wrong("its subject is a variable or the IRI of an entity"));
        }
        searches.push((subject, Search::read(object, patterns)?));
    }
    let mut rest = std::mem::replace(pattern, GraphPattern::Bgp { patterns: Vec::new() });
    for (subject, search) in searches {
        let found = search.pattern(subject, counts, fresh);
        rest = GraphPattern::Lateral { left: Box::new(found), right: Box::new(rest) };
    }
    *pattern = rest;
    Ok(())
}

fn is(predicate: &NamedNodePattern, iri: &str) -> bool {
    matches!(predicate, NamedNodePattern::NamedNode(name) if name.as_str() == iri)
}

/// What is searched for, and where.
struct Search {
    words: String,
    labels: Vec<NamedNode>,
}

impl Search {
    /// Reads the object of `text:query`: words, or a list of properties and words, whose triples are taken out of the
    /// pattern.
    fn read(object: TermPattern, patterns: &mut Vec<TriplePattern>) -> Result<Self, QueryError> {
        let mut items = match object {
            TermPattern::BlankNode(_) => list(object, patterns),
            other => vec![other],
        };
        let words = match items.pop() {
            Some(TermPattern::Literal(words)) if is_text(&words) => words.value().to_owned(),
            _ => return Err(wrong("its object is a text, or a list of properties and a text at the end")),
        };
        if of_query(&words).is_empty() {
            return Err(wrong("the text has no word: letters, digits, kanji or kana"));
        }
        let known = |item: TermPattern| match item {
            TermPattern::NamedNode(name) if LABELS.contains(&name.as_ref()) => Ok(name),
            _ => {
                let labels: Vec<_> = LABELS.iter().map(ToString::to_string).collect();
                Err(wrong(&format!("the properties that it looks into are {}", labels.join(", "))))
            }
        };
        let mut labels = items.into_iter().map(known).collect::<Result<Vec<_>, _>>()?;
        if labels.is_empty() {
            labels = LABELS.iter().map(|label| NamedNodeRef::into_owned(*label)).collect();
        }
        Ok(Self { words, labels })
    }

    /// The entities that are found, each once.
    fn pattern(&self, subject: TermPattern, counts: Option<Counts<'_>>, fresh: &mut Fresh) -> GraphPattern {
        let name = fresh.variable();
        let alternatives = self.labels.iter().cloned().map(PropertyPathExpression::from);
        let path = alternatives
            .reduce(|a, b| PropertyPathExpression::Alternative(Box::new(a), Box::new(b)))
            .unwrap_or_else(|| rdf::TYPE.into_owned().into());
        let variables: Vec<Variable> = match &subject {
            TermPattern::Variable(variable) => vec![variable.clone()],
            _ => Vec::new(),
        };
        let entities = GraphPattern::Path { subject, path, object: name.clone().into() };
        let finds = call(FINDS, vec![name.clone().into(), literal(self.words.as_str())]);
        let found = match counts {
            Some(counts) => {
                let entries = self.rarest_first(counts).into_iter();
                let names = entries.map(|subject| occurrence(subject, &name)).fold(
                    GraphPattern::Bgp { patterns: Vec::new() },
                    |left, right| GraphPattern::Lateral { left: Box::new(left), right: Box::new(right) },
                );
                let names = GraphPattern::Filter { expr: finds, inner: Box::new(names) };
                GraphPattern::Lateral { left: Box::new(names), right: Box::new(entities) }
            }
            None => GraphPattern::Filter { expr: finds, inner: Box::new(entities) },
        };
        GraphPattern::Distinct { inner: Box::new(GraphPattern::Project { inner: Box::new(found), variables }) }
    }

    /// The nodes of all entries, those with the fewest names first, as far as that is quickly told.
    fn rarest_first(&self, counts: Counts<'_>) -> Vec<NamedNode> {
        let nodes: Vec<NamedNode> = of_query(&self.words).iter().map(|entry| word(entry)).collect();
        let mut counted: Vec<_> = nodes
            .iter()
            .map(|node| counts.store.quads_for_pattern(Some(node.into()), Some(OCCURS_IN), None, Some(INDEX.into())))
            .collect();
        let shortest = (0..MANY)
            .take_while(|_| !counts.token.is_cancelled())
            .find_map(|_| counted.iter_mut().position(|names| !matches!(names.next(), Some(Ok(_)))));
        let mut ordered: Vec<(usize, NamedNode)> = nodes.into_iter().enumerate().collect();
        ordered.sort_by_key(|(place, _)| Reverse(Some(*place) == shortest));
        ordered.into_iter().map(|(_, node)| node).collect()
    }
}

fn occurrence(word: NamedNode, name: &Variable) -> GraphPattern {
    index(vec![TriplePattern {
        subject: word.into(),
        predicate: OCCURS_IN.into_owned().into(),
        object: name.clone().into(),
    }])
}

fn is_text(literal: &Literal) -> bool {
    literal.language().is_some() || literal.datatype() == oxigraph::model::vocab::xsd::STRING
}

/// Takes the triples of a list out of a pattern. What is no list is empty.
fn list(head: TermPattern, patterns: &mut Vec<TriplePattern>) -> Vec<TermPattern> {
    let mut items = Vec::new();
    let mut node = head;
    while let TermPattern::BlankNode(_) = node {
        let mut take = |predicate: NamedNodeRef<'_>| {
            let at = patterns
                .iter()
                .position(|triple| triple.subject == node && is(&triple.predicate, predicate.as_str()))?;
            Some(patterns.remove(at).object)
        };
        let (Some(first), Some(rest)) = (take(rdf::FIRST), take(rdf::REST)) else { return Vec::new() };
        items.push(first);
        node = rest;
    }
    items
}

fn wrong(reason: &str) -> QueryError {
    QueryError::Unsupported(format!("<{TEXT_QUERY}> is not understood: {reason}"))
}
