//! Entity maps of temporal queries (5.5.14, 5.14.5): which entities they found, those included that are gone.

use std::collections::HashMap;
use std::time::Duration;

use hiroba_store::{EntityMap, TenantId};
use hiroba_vocab::EntityId;

use super::consume::{Answer, CHUNK, Conditions, Found, Matching, TemporalRequest, TemporalSelection};
use super::gather::Gathered;
use super::subjects;
use crate::service::Result;
use crate::service::maps::{MapWish, Mapped, Walk, Walked, check_fits, find, fingerprint, keep};
use crate::state::AppState;

/// Create EntityMap for Query Temporal (5.14.5): the page of the query says nothing, its ordering does.
///
/// # Errors
/// As Query Temporal Evolution; TooManyResults when more entities match than a map may hold.
pub async fn create_temporal_entity_map(
    state: &AppState,
    tenant: TenantId,
    selection: &TemporalSelection,
    request: &TemporalRequest,
    lifetime: Option<Duration>,
) -> Result<EntityMap> {
    let conditions = Conditions::new(state, tenant, selection, request, false)?.briefly();
    let (mut matching, mut entities) = (Matching::all(conditions).await?, Vec::new());
    while let Some(found) = matching.gather().await? {
        entities.extend(found.into_iter().map(|gathered| gathered.evolution.id));
        check_fits(state, entities.len())?;
    }
    keep(state, tenant, selected_by(selection, request), entities, lifetime).await
}

/// Query Temporal Evolution of Entities (5.7.4) by an entity map: only its entities are candidates. Other requests may ask
/// for another interval: that takes nothing out of the map.
///
/// # Errors
/// As Query Temporal Evolution, and as [`create_temporal_entity_map`] when a new map is made.
pub async fn query_temporal_by_map(
    state: &AppState,
    tenant: TenantId,
    selection: &TemporalSelection,
    request: &TemporalRequest,
    wish: &MapWish,
) -> Result<Mapped<Found>> {
    let conditions = Conditions::new(state, tenant, selection, request, request.aggregation.is_some())?;
    let known = find(state, tenant, wish).await?;
    let created = known.is_none();
    let map = match known {
        Some(map) => map,
        None => create_temporal_entity_map(state, tenant, selection, request, wish.lifetime).await?,
    };
    let query = selected_by(selection, request);
    let walk = Walk { state, tenant, map: &map, query: &query, page: selection.page, batch: CHUNK };
    let still_there = async |ids: &[EntityId]| {
        let candidates = subjects::known(state, tenant, &selection.query.selectors, ids).await?;
        let found = conditions.of(candidates).await?.into_iter();
        let mut found: HashMap<EntityId, Gathered> =
            found.map(|gathered| (gathered.evolution.id.clone(), gathered)).collect();
        Ok(ids.iter().map(|id| found.remove(id)).collect())
    };
    let mut answer = Answer::new(state, request);
    let Walked { total, more, .. } = walk.page(still_there, |gathered| answer.add(gathered)).await?;
    Ok(Mapped { answer: Found { evolutions: answer.finish(), total, more }, map: map.id, created })
}

/// The fingerprint of what a query selects by: its conditions, the interval, and which attributes must have something there.
fn selected_by(selection: &TemporalSelection, request: &TemporalRequest) -> String {
    let TemporalRequest { temporal, projection, .. } = request;
    fingerprint(&("temporal", &selection.query, temporal.interval, temporal.property, projection))
}
