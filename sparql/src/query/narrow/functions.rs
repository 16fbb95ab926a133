//! The functions behind the rewritten patterns.

use std::sync::Arc;

use oxigraph::model::{Literal, NamedNode, Term};
use oxigraph::sparql::SparqlEvaluator;

use crate::index::{self, Cover, Spot};
use crate::query::functions::{Geometries, number};

/// `cover(place)`, `cover(place, metres)`: where to look for what is near, as the number of a [`Cover`].
pub(super) const COVER: &str = "urn:hiroba:sparql:cover";
/// `more(cover, levels, place)`: whether there are keys from this place on.
pub(super) const MORE: &str = "urn:hiroba:sparql:more";
/// `key(cover, levels, place)`: the key at a place; one that nothing has beyond the last.
pub(super) const KEY: &str = "urn:hiroba:sparql:key";
/// `spot(place)`: where exactly a point is, as the number of a [`Spot`].
pub(super) const SPOT: &str = "urn:hiroba:sparql:spot";
/// `beyond(spot, spot, metres)`: whether two points are certainly too far from one another.
pub(super) const BEYOND: &str = "urn:hiroba:sparql:beyond";
/// `within(spot, spot, metres)`: whether two points are certainly near enough.
pub(super) const WITHIN: &str = "urn:hiroba:sparql:within";
/// `finds(name, words)`: whether a name has all words.
pub(super) const FINDS: &str = "urn:hiroba:sparql:finds";

/// What nothing is in.
const NOWHERE: &str = "urn:hiroba:sparql:nowhere";

/// Gives them to the evaluator of one query. `memory` is the query's.
pub(in crate::query) fn register(evaluator: SparqlEvaluator, memory: &Arc<Geometries>) -> SparqlEvaluator {
    let (memory, same) = (Arc::clone(memory), Arc::clone(memory));
    let name = |name: &str| NamedNode::new_unchecked(name);
    evaluator
        .with_custom_function(name(COVER), move |args| {
            let (place, metres) = match args {
                [place] => (place, None),
                [place, metres] => (place, Some(number(metres)?)),
                _ => return None,
            };
            Some(Literal::from(Cover::of(&*memory.read(place)?, metres).number()).into())
        })
        .with_custom_function(name(SPOT), move |args| {
            let [place] = args else { return None };
            Some(Literal::from(Spot::of(&*same.read(place)?).number()).into())
        })
        .with_custom_function(name(BEYOND), |args| {
            let (a, b, metres) = spots(args)?;
            Some(Literal::from(a.is_beyond(b, metres)).into())
        })
        .with_custom_function(name(WITHIN), |args| {
            let (a, b, metres) = spots(args)?;
            Some(Literal::from(a.is_within(b, metres)).into())
        })
        .with_custom_function(name(MORE), |args| {
            let (all, place, _) = key(args)?;
            Some(Literal::from(place < all).into())
        })
        .with_custom_function(name(KEY), |args| {
            let (_, _, key) = key(args)?;
            Some(key.unwrap_or_else(|| NamedNode::new_unchecked(NOWHERE)).into())
        })
        .with_custom_function(name(FINDS), |args| {
            let [Term::Literal(name), Term::Literal(words)] = args else { return None };
            Some(Literal::from(index::finds(name.value(), words.value())).into())
        })
}

/// How many keys there are, the place that is asked for, and what is there.
fn key(args: &[Term]) -> Option<(u64, u64, Option<NamedNode>)> {
    let [cover, levels, place] = args else { return None };
    let place = u64::try_from(integer(place)?).ok()?;
    let (all, key) = index::keys(Cover::from_number(integer(cover)?)?, integer(levels)?, place);
    Some((all, place, key))
}

/// Two points, and how many metres there may be between them.
fn spots(args: &[Term]) -> Option<(Spot, Spot, f64)> {
    let [a, b, metres] = args else { return None };
    Some((Spot::from_number(integer(a)?), Spot::from_number(integer(b)?), number(metres)?))
}

fn integer(term: &Term) -> Option<i64> {
    match term {
        Term::Literal(literal) => literal.value().parse().ok(),
        _ => None,
    }
}
