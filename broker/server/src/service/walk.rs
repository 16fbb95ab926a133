//! All entities that match, piece by piece: they may be more than the memory holds.

use hiroba_store::{Page, Store, StoreError, Stored, TenantId};
use ngsild::query::Query;

use super::entities::without_expired;
use super::now;

/// Entities in the order in which they were created. What is created meanwhile comes at the end.
#[derive(Debug)]
pub struct Walk {
    store: Store,
    tenant: TenantId,
    query: Query,
    after: i64,
    /// How many entities may still come.
    left: usize,
}

impl Walk {
    /// The first `most` entities that match.
    pub fn new(store: Store, tenant: TenantId, query: Query, most: usize) -> Self {
        Self { store, tenant, query, after: 0, left: most }
    }

    /// The next entities, at most `limit`; `None` at the end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next(&mut self, limit: usize) -> Result<Option<Vec<Stored>>, StoreError> {
        let limit = limit.min(self.left);
        if limit == 0 {
            return Ok(None);
        }
        let page = Page { after: self.after, limit, ..Page::default() };
        let now = now();
        let answer = self.store.query(self.tenant, &self.query, page, now).await?;
        self.after = answer.last;
        self.left = if answer.more { self.left.saturating_sub(answer.entities.len()) } else { 0 };
        Ok(Some(answer.entities.into_iter().map(|stored| without_expired(stored, now)).collect()))
    }
}
