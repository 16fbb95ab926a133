//! Discovery of types and attributes (5.7.5 to 5.7.10).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hiroba_store::TenantId;
use hiroba_vocab::Iri;
use ngsild::Kind;

use super::Result;
use crate::state::AppState;

/// What there is of one entity type.
#[derive(Debug, Clone, Default)]
pub struct TypeSummary {
    /// How many entities have it.
    pub entities: u64,
    /// The attributes that entities of it have, with the kinds of their instances.
    pub attributes: BTreeMap<Iri, BTreeSet<Kind>>,
}

/// What there is of one attribute.
#[derive(Debug, Clone, Default)]
pub struct AttributeSummary {
    /// How many entities have it.
    pub entities: u64,
    /// The kinds of its instances.
    pub kinds: BTreeSet<Kind>,
    /// The types of the entities that have it.
    pub types: BTreeSet<Iri>,
}

/// Everything that discovery tells of a tenant.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many entities there are.
    pub entities: u64,
    /// By type.
    pub types: BTreeMap<Iri, TypeSummary>,
    /// By attribute.
    pub attributes: BTreeMap<Iri, AttributeSummary>,
}

/// What there is in a tenant. Worked out once for each state of its data.
///
/// # Errors
/// When the database fails.
pub async fn summary(state: &AppState, tenant: TenantId) -> Result<Arc<Summary>> {
    let generation = state.store.generation(tenant);
    if let Some((known, summary)) = state.summaries.get(&tenant).filter(|(known, _)| *known == generation) {
        debug_assert_eq!(known, generation);
        return Ok(summary);
    }
    let mut summary = Summary::default();
    for counted in state.store.shapes(tenant).await? {
        summary.entities += counted.entities;
        for name in &counted.shape.types {
            let of_type = summary.types.entry(name.clone()).or_default();
            of_type.entities += counted.entities;
            for (attribute, kind) in &counted.shape.attributes {
                of_type.attributes.entry(attribute.clone()).or_default().insert(*kind);
            }
        }
        let mut last = None;
        for (attribute, kind) in &counted.shape.attributes {
            let of_attribute = summary.attributes.entry(attribute.clone()).or_default();
            // A shape has a line for each kind of an attribute, one after the other.
            if last != Some(attribute) {
                of_attribute.entities += counted.entities;
            }
            last = Some(attribute);
            of_attribute.kinds.insert(*kind);
            of_attribute.types.extend(counted.shape.types.iter().cloned());
        }
    }
    let summary = Arc::new(summary);
    state.summaries.insert(tenant, (generation, Arc::clone(&summary)));
    Ok(summary)
}
