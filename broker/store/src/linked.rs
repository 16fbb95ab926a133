//! Linked entities: loaded in batches, level by level, never one by one.

use std::sync::Arc;

use hiroba_vocab::EntityId;
use ngsild::query::filter::MissingLinks;
use ngsild::query::{Query, matches_linked};
use ngsild::{DateTime, LinkedEntities};

use crate::error::{Result, StoreError};
use crate::model::{Stored, Work};
use crate::query::on_heavy_thread;
use crate::store::{Store, TenantId};

/// How many linked entities are loaded at once.
const BATCH: usize = 1_000;
/// How many are remembered from one lot of candidates to the next, which often link to the same.
const REMEMBERED: usize = 10_000;
/// How many links a query may follow for each linked entity that it may look for: candidates can share long lists.
const FOLLOWED_PER_LINKED: usize = 20;

impl Store {
    /// Looks for linked entities, and notes what there is of them at `now`. Returns in how many batches.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn find_linked(
        &self,
        tenant: TenantId,
        ids: impl IntoIterator<Item = EntityId>,
        linked: &mut LinkedEntities,
        now: DateTime,
    ) -> Result<usize> {
        let mut ids = ids.into_iter().peekable();
        let mut batches = 0;
        while ids.peek().is_some() {
            let batch: Vec<EntityId> = ids.by_ref().take(BATCH).collect();
            let found = self.entities(tenant, &batch).await?;
            for (id, stored) in batch.into_iter().zip(found) {
                linked.insert(id, stored.map(|stored| stored.entity), now);
            }
            batches += 1;
        }
        Ok(batches)
    }
}

/// Decides candidates of a query that asks about linked entities.
pub(crate) struct Linking<'s> {
    store: &'s Store,
    tenant: TenantId,
    query: Arc<Query>,
    now: DateTime,
    linked: Arc<LinkedEntities>,
    allowance: usize,
}

impl<'s> Linking<'s> {
    pub(crate) fn new(store: &'s Store, tenant: TenantId, query: &Arc<Query>, now: DateTime) -> Self {
        let allowance = store.inner.options.max_linked.saturating_mul(FOLLOWED_PER_LINKED);
        Self { store, tenant, query: Arc::clone(query), now, linked: Arc::default(), allowance }
    }

    /// Those of the candidates that match.
    pub(crate) async fn decide(&mut self, candidates: Vec<Stored>, work: &mut Work) -> Result<Vec<Stored>> {
        if self.linked.len() > REMEMBERED {
            self.linked = Arc::default();
        }
        let limit = self.store.inner.options.max_linked;
        let candidates = Arc::new(candidates);
        loop {
            let missing = self.missing(&candidates).await?;
            work.linked += missing.ids.len();
            if missing.exceeded || work.linked > limit {
                return Err(StoreError::TooManyLinks { limit });
            }
            if missing.ids.is_empty() {
                // What is followed now is followed again to decide, and not again after that.
                self.allowance = missing.allowance;
                break;
            }
            let linked = Arc::make_mut(&mut self.linked);
            work.link_batches += self.store.find_linked(self.tenant, missing.ids, linked, self.now).await?;
        }
        let (query, linked, now) = (Arc::clone(&self.query), Arc::clone(&self.linked), self.now);
        on_heavy_thread(true, move || {
            let matching = |stored: &&Stored| matches_linked(&query, &stored.entity, &linked, now);
            candidates.iter().filter(matching).cloned().collect()
        })
        .await
    }

    async fn missing(&self, candidates: &Arc<Vec<Stored>>) -> Result<MissingLinks> {
        let (query, linked, now) = (Arc::clone(&self.query), Arc::clone(&self.linked), self.now);
        let (candidates, allowance) = (Arc::clone(candidates), self.allowance);
        let limit = self.store.inner.options.max_linked;
        on_heavy_thread(true, move || {
            let mut missing = MissingLinks::new(allowance, limit);
            if let Some(filter) = &query.filter {
                for stored in candidates.iter() {
                    filter.missing_links(&stored.entity, &linked, now, &mut missing);
                }
            }
            missing
        })
        .await
    }
}
