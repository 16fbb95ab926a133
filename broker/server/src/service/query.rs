//! Query Entities (5.7.2).

use std::sync::Arc;

use hiroba_store::{Answer, Page, Stored, TenantId, on_heavy_thread};
use ngsild::query::{Ordering, Query};

use super::{Result, ServiceError, now};
use crate::service::entities::without_expired;
use crate::state::AppState;

/// A query with everything that shapes its result.
#[derive(Debug)]
pub struct QueryRequest {
    /// Which entities.
    pub query: Query,
    /// Whether only local data are asked, which lifts the "too wide" rule.
    pub local: bool,
    /// In which order; that of creation without.
    pub ordering: Option<Arc<Ordering>>,
    /// Which part.
    pub page: Page,
}

impl QueryRequest {
    /// The "too wide" rule (5.7.2.4), which local requests need not follow.
    ///
    /// # Errors
    /// BadRequestData when the query is too wide.
    pub(super) fn check_not_too_wide(&self) -> Result<()> {
        if !self.local {
            self.query.check_not_too_wide()?;
        }
        Ok(())
    }
}

/// How many entities may be ordered by one request.
const MAX_ORDERED: usize = 100_000;
/// From how many on that is done on a thread where it disturbs nobody.
const MANY: usize = 100;

/// Query Entities (5.7.2).
///
/// # Errors
/// BadRequestData when the query is too wide; TooComplexQuery when it would look at too much.
pub async fn query_entities(state: &AppState, tenant: TenantId, request: &QueryRequest) -> Result<Answer> {
    query_page(state, tenant, request, request.page).await
}

/// Query Entities with another page than the request's.
///
/// # Errors
/// As [`query_entities`].
pub(super) async fn query_page(
    state: &AppState,
    tenant: TenantId,
    request: &QueryRequest,
    page: Page,
) -> Result<Answer> {
    request.check_not_too_wide()?;
    let now = now();
    let mut answer = match &request.ordering {
        None => state.store.query(tenant, &request.query, page, now).await?,
        Some(ordering) => ordered(state, tenant, &request.query, ordering, page).await?,
    };
    for stored in &mut answer.entities {
        *stored = without_expired(stored.clone(), now);
    }
    Ok(answer)
}

/// All that match, ordered, and then the page of it.
async fn ordered(
    state: &AppState,
    tenant: TenantId,
    query: &Query,
    ordering: &Arc<Ordering>,
    page: Page,
) -> Result<Answer> {
    let all = Page { limit: MAX_ORDERED, ..Page::default() };
    let mut answer = state.store.query(tenant, query, all, now()).await?;
    if answer.more {
        let detail = format!("at most {MAX_ORDERED} entities can be ordered; narrow the query");
        return Err(ServiceError::Ngsild(ngsild::Error::new(ngsild::ErrorKind::TooComplexQuery, detail)));
    }
    let total = answer.entities.len();
    let Page { offset, limit, count, .. } = page;
    let (ordering, mut entities) = (Arc::clone(ordering), std::mem::take(&mut answer.entities));
    let entities: Vec<Stored> = on_heavy_thread(total >= MANY || ordering.measures(), move || {
        ordering.sort(&mut entities);
        entities.into_iter().skip(offset).take(limit).collect()
    })
    .await?;
    Ok(Answer {
        more: total > offset.saturating_add(entities.len()),
        total: count.then_some(total as u64),
        last: 0,
        entities,
        work: answer.work,
    })
}
