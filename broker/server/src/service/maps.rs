//! Entity maps (4.5.25, 5.5.14, 5.14): a sequence of requests about the same entities, whatever comes and goes meanwhile.
//!
//! A map holds the ids of all entities that matched when it was made, in the order of that result. A page shows those of
//! them that still match, and takes the others out of the map, but only if it selects by the same conditions as the map
//! was made by: whoever asks for something narrower takes nothing away from others.

use std::fmt;
use std::time::Duration;

use hiroba_store::{Answer, EntityMap, Page, Stored, TenantId, Work};
use hiroba_vocab::{EntityId, iri};
use ngsild::query::{Query, matches};
use ngsild::{DateTime, Error, ErrorKind};
use sha2::{Digest, Sha256};

use super::entities::{Target, without_expired};
use super::query::{QueryRequest, query_page};
use super::{Result, ServiceError, now};
use crate::state::AppState;

/// How long an id of an entity map may be, in bytes.
const MAX_ID: usize = 2_000;
/// How many entity maps a tenant may have; then those that would expire first make room.
pub const MAX_MAPS: usize = 200;
/// How long an entity map is kept unless the client wishes otherwise.
pub const LIFETIME: Duration = Duration::from_secs(600);
/// How many entities are in memory at once while a map is made or read.
const BATCH: usize = 500;

/// The id of an entity map: a URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapId(String);

impl MapId {
    /// # Errors
    /// BadRequestData when the text is no URI, or a very long one.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() <= MAX_ID && iri::is_absolute_iri(text) {
            return Ok(Self(text.to_owned()));
        }
        let cut: String = text.chars().take(60).collect();
        Err(Error::bad_request(format!("'{cut}' is not the URI of an entity map")))
    }

    fn new() -> Self {
        Self(format!("urn:ngsi-ld:EntityMap:{}", uuid::Uuid::new_v4()))
    }
}

impl fmt::Display for MapId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// That a request goes by an entity map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapWish {
    /// The map to use. Without one, or when there is none any more, a new one is made.
    pub id: Option<MapId>,
    /// How long a new one should be kept.
    pub lifetime: Option<Duration>,
}

/// What came of a query that goes by an entity map.
#[derive(Debug)]
pub struct Mapped<T> {
    /// The page.
    pub answer: T,
    /// The id of the map.
    pub map: String,
    /// Whether the map is new.
    pub created: bool,
}

/// Create EntityMap for Query Entities (5.14.4): the page of the request says nothing, its ordering does.
///
/// # Errors
/// As Query Entities; TooManyResults when more entities match than a map may hold.
pub async fn create_entity_map(
    state: &AppState,
    tenant: TenantId,
    request: &QueryRequest,
    lifetime: Option<Duration>,
) -> Result<EntityMap> {
    let most = state.config.max_map_entities;
    // What is ordered comes at once.
    let batch = if request.ordering.is_some() { most.saturating_add(1) } else { BATCH };
    let mut page = Page { limit: batch, ..Page::default() };
    let mut entities = Vec::new();
    loop {
        let found = query_page(state, tenant, request, page).await?;
        entities.extend(found.entities.iter().map(|stored| stored.entity.id.clone()));
        check_fits(state, entities.len())?;
        if !found.more {
            break;
        }
        page.after = found.last;
    }
    keep(state, tenant, fingerprint(&request.query), entities, lifetime).await
}

/// # Errors
/// TooManyResults when an entity map does not hold so many entities.
pub(super) fn check_fits(state: &AppState, entities: usize) -> Result<()> {
    let most = state.config.max_map_entities;
    if entities <= most {
        return Ok(());
    }
    let detail = format!("more than {most} entities match, and an entity map holds no more; narrow the query");
    Err(Error::new(ErrorKind::TooManyResults, detail).into())
}

/// Stores a new map. `query` is the fingerprint of what selects its entities.
pub(super) async fn keep(
    state: &AppState,
    tenant: TenantId,
    query: String,
    entities: Vec<EntityId>,
    lifetime: Option<Duration>,
) -> Result<EntityMap> {
    let now = now();
    let lifetime = lifetime.unwrap_or(LIFETIME).min(state.config.max_map_lifetime);
    let map = EntityMap { id: MapId::new().to_string(), expires_at: later(now, lifetime), query, entities };
    state.store.add_entity_map(tenant, &map, MAX_MAPS, now).await?;
    Ok(map)
}

fn later(now: DateTime, by: Duration) -> DateTime {
    DateTime::from_micros(now.micros().saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

/// What a query selects by, in a form that can be compared. Another version of the program may write it otherwise: then
/// pages take nothing out of older maps, which changes no answer.
pub(super) fn fingerprint(query: &impl fmt::Debug) -> String {
    Sha256::digest(format!("{query:?}")).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Retrieve EntityMap (5.14.1).
///
/// # Errors
/// NoEntityMap.
pub async fn retrieve_entity_map(state: &AppState, tenant: TenantId, id: &MapId) -> Result<EntityMap> {
    let map = state.store.entity_map(tenant, &id.0, now()).await?;
    map.ok_or_else(|| ServiceError::NoEntityMap(id.to_string()))
}

/// Update EntityMap (5.14.2): when it expires. As late as the operator allows, if the client wishes for later.
///
/// # Errors
/// NoEntityMap.
pub async fn update_entity_map(
    state: &AppState,
    tenant: TenantId,
    id: &MapId,
    expires_at: Option<DateTime>,
) -> Result<()> {
    let now = now();
    let there = match expires_at.map(|at| at.min(later(now, state.config.max_map_lifetime))) {
        Some(at) => state.store.set_entity_map_expiry(tenant, &id.0, at, now).await?,
        None => state.store.entity_map(tenant, &id.0, now).await?.is_some(),
    };
    if there { Ok(()) } else { Err(ServiceError::NoEntityMap(id.to_string())) }
}

/// Delete EntityMap (5.14.3).
///
/// # Errors
/// NoEntityMap.
pub async fn delete_entity_map(state: &AppState, tenant: TenantId, id: &MapId) -> Result<()> {
    let there = state.store.delete_entity_map(tenant, &id.0, now()).await?;
    if there { Ok(()) } else { Err(ServiceError::NoEntityMap(id.to_string())) }
}

/// Query Entities (5.7.2) by an entity map: only its entities are candidates.
///
/// # Errors
/// As Query Entities, and as [`create_entity_map`] when a new map is made.
pub async fn query_by_map(
    state: &AppState,
    tenant: TenantId,
    request: &QueryRequest,
    wish: &MapWish,
) -> Result<Mapped<Answer>> {
    request.check_not_too_wide()?;
    let known = find(state, tenant, wish).await?;
    let created = known.is_none();
    let map = match known {
        Some(map) => map,
        None => create_entity_map(state, tenant, request, wish.lifetime).await?,
    };
    let walk = Walk { state, tenant, map: &map, query: &fingerprint(&request.query), page: request.page, batch: BATCH };
    let mut entities = Vec::new();
    let still_there = async |ids: &[EntityId]| still_there(state, tenant, &request.query, ids).await;
    let show = |stored| {
        entities.push(stored);
        Ok(())
    };
    let Walked { total, more, candidates } = walk.page(still_there, show).await?;
    let answer = Answer { entities, total, more, last: 0, work: Work { candidates, ..Work::default() } };
    Ok(Mapped { answer, map: map.id, created })
}

/// The map by which an entity is retrieved (5.7.1): the one that the client names, or a new one of this entity.
///
/// # Errors
/// ResourceNotFound when the entity is not in the map.
pub async fn map_of_entity(state: &AppState, target: &Target, wish: &MapWish) -> Result<String> {
    match find(state, target.tenant, wish).await? {
        Some(map) if map.entities.contains(&target.id) => Ok(map.id),
        Some(_) => Err(ServiceError::no_entity(&target.id)),
        None => {
            let map = keep(state, target.tenant, String::new(), vec![target.id.clone()], wish.lifetime).await?;
            Ok(map.id)
        }
    }
}

/// The map that a request names, if it is there.
pub(super) async fn find(state: &AppState, tenant: TenantId, wish: &MapWish) -> Result<Option<EntityMap>> {
    match &wish.id {
        Some(id) => Ok(state.store.entity_map(tenant, &id.0, now()).await?),
        None => Ok(None),
    }
}

/// A page of the entities of a map that still match. It is filled up while there are candidates.
///
/// With the conditions of the map, a page starts at a place in the map, and who no longer matches from there on is taken
/// out: what was on pages before does not shift those that follow. With other conditions, or other ids, pages are counted in
/// what matches.
pub(super) struct Walk<'w> {
    pub(super) state: &'w AppState,
    pub(super) tenant: TenantId,
    pub(super) map: &'w EntityMap,
    /// The fingerprint of what the request selects by.
    pub(super) query: &'w str,
    pub(super) page: Page,
    /// How many entities are in memory at once besides those of the page.
    pub(super) batch: usize,
}

/// What is known after a page.
pub(super) struct Walked {
    pub(super) total: Option<u64>,
    pub(super) more: bool,
    /// How many entities were looked at for the page.
    pub(super) candidates: usize,
}

impl Walk<'_> {
    /// `still_there` tells of ids, in their order, what there is of those that match; `show` takes what is on the page.
    pub(super) async fn page<T>(
        &self,
        still_there: impl AsyncFn(&[EntityId]) -> Result<Vec<Option<T>>>,
        mut show: impl FnMut(T) -> Result<()>,
    ) -> Result<Walked> {
        let Self { map, page, .. } = self;
        let own = map.query == self.query;
        let (start, skip) = if own { (page.offset.min(map.entities.len()), 0) } else { (0, page.offset) };
        let (earlier, later) = map.entities.split_at(start);
        let end = skip.saturating_add(page.limit);
        let (mut matched, mut candidates, mut gone) = (0_usize, 0, Vec::new());
        for ids in later.chunks(self.batch) {
            for (id, found) in ids.iter().zip(still_there(ids).await?) {
                candidates += 1;
                let Some(found) = found else {
                    gone.push(id.clone());
                    continue;
                };
                matched += 1;
                if matched > skip && matched <= end {
                    show(found)?;
                }
            }
            if matched > end && !page.count {
                break;
            }
        }
        let more = matched > end;
        if page.count {
            for ids in earlier.chunks(self.batch) {
                matched += still_there(ids).await?.iter().flatten().count();
            }
        }
        if own {
            self.state.store.shrink_entity_map(self.tenant, &map.id, gone).await?;
        }
        Ok(Walked { total: page.count.then_some(matched as u64), more, candidates })
    }
}

/// The entities that still match, as clients see them, in the order of the ids; `None` for the others.
pub(super) async fn still_there(
    state: &AppState,
    tenant: TenantId,
    query: &Query,
    ids: &[EntityId],
) -> Result<Vec<Option<Stored>>> {
    let now = now();
    let found = state.store.entities(tenant, ids).await?.into_iter();
    Ok(found
        .map(|stored| stored.filter(|stored| matches(query, &stored.entity, now)).map(|s| without_expired(s, now)))
        .collect())
}
