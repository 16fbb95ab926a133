//! The data sets that a tenant publishes, as their own entities tell of them.

use hiroba_store::{Page, Stored, TenantId};
use hiroba_vocab::{Iri, Terms};
use ngsild::AttributeValue;
use ngsild::jsonld::Context;
use ngsild::query::{EntitySelector, Query, TypeAlternatives};
use serde_json::Value;

use super::entities::without_expired;
use super::{Result, now};
use crate::state::AppState;

/// The type of the entities that describe data sets.
pub const DATASET: &str = "http://www.w3.org/ns/dcat#Dataset";

/// How many are listed at most.
const MOST: usize = 1_000;

/// The entities that describe data sets, in the order of their creation; the first thousand.
///
/// # Errors
/// When the database fails.
pub async fn datasets(state: &AppState, tenant: TenantId) -> Result<Vec<Stored>> {
    let query = of_type(Iri::from_expanded(DATASET));
    let now = now();
    let found = state.store.query(tenant, &query, Page { limit: MOST, ..Page::default() }, now).await?;
    Ok(found.entities.into_iter().map(|stored| without_expired(stored, now)).collect())
}

/// A query for the entities of a type.
pub fn of_type(name: Iri) -> Query {
    let types = Some(TypeAlternatives::single(name));
    Query { selectors: vec![EntitySelector { types, ..EntitySelector::default() }], ..Query::default() }
}

/// The type of a data set's entities. `context` is what its name means where it is no IRI.
pub fn entity_type(dataset: &Stored, context: &Context) -> Option<Iri> {
    let name = Terms::published().iri("entityType");
    match &dataset.entity.default_instance(name.as_str())?.is {
        AttributeValue::VocabProperty(iris) => iris.as_slice().first().cloned(),
        AttributeValue::Property(Value::String(text)) => context.expand(text),
        _ => None,
    }
}

/// A text that a data set tells of itself.
pub fn text<'d>(dataset: &'d Stored, term: &str) -> Option<&'d str> {
    match &dataset.entity.default_instance(Terms::published().iri(term).as_str())?.is {
        AttributeValue::Property(Value::String(text)) => Some(text),
        _ => None,
    }
}
