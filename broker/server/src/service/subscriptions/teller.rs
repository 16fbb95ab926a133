//! What a subscription is told of a change, or when its turn has come.

use std::sync::Arc;

use hiroba_store::{ChangeRecord, NewNotification, Page, StoreError, TenantId};
use ngsild::change::Operation;
use ngsild::query::filter::MissingLinks;
use ngsild::subscription::{Payload, Told, Watch};
use ngsild::{DateTime, Entity, LinkedEntities};

use super::known::{Active, Known};
use super::{in_future, notification_context};
use crate::service::states::Around;
use crate::service::{Result, ServiceError, now};
use crate::state::AppState;

/// How many links are followed for each linked entity that may be looked for.
const FOLLOWED: usize = 10;
/// How many entities one periodic notification tells of.
const PERIODIC: usize = 1_000;

/// Makes notifications.
#[derive(Debug, Clone)]
pub(super) struct Teller {
    pub(super) state: Arc<AppState>,
}

impl Teller {
    pub(super) fn new(state: &Arc<AppState>) -> Self {
        Self { state: Arc::clone(state) }
    }

    /// The notifications that a change makes.
    ///
    /// # Errors
    /// When the database cannot be reached. What goes wrong with one subscription is logged: it would for ever.
    pub(super) async fn change(
        &self,
        known: &mut Known,
        tenant: TenantId,
        record: &ChangeRecord,
        around: &Around,
    ) -> Result<Vec<NewNotification>> {
        let mut notifications = Vec::new();
        for id in known.candidates(tenant, record) {
            let Some(active) = known.get_mut(tenant, &id) else { continue };
            if record.position <= active.since {
                continue;
            }
            match self.change_for(active, tenant, record, around).await {
                Ok(Some(new)) => {
                    active.told_at = Some(record.at);
                    notifications.push(new);
                }
                Ok(None) => {}
                Err(ServiceError::Store(error @ (StoreError::Unavailable(_) | StoreError::Overloaded))) => {
                    return Err(error.into());
                }
                Err(error) => tracing::error!(%error, id, "a notification cannot be made; nobody is told"),
            }
        }
        Ok(notifications)
    }

    async fn change_for(
        &self,
        active: &Active,
        tenant: TenantId,
        record: &ChangeRecord,
        around: &Around,
    ) -> Result<Option<NewNotification>> {
        let (before, after, watch) = (around.before.as_deref(), around.after.as_deref(), &active.watch);
        if watch.concerns(&record.change, before, after, record.at).is_none() {
            return Ok(None);
        }
        let is_deletion = record.change.operation == Operation::Deleted;
        let Some(entity) = (if is_deletion { before } else { after }) else { return Ok(None) };
        let linked = self.follow(tenant, watch, entity, record.at).await?;
        let is_wanted = watch.wants(&record.change, before, after, &linked, record.at).is_some();
        let too_soon = watch.throttling.zip(active.told_at);
        if !is_wanted || too_soon.is_some_and(|(distance, told_at)| record.at < in_future(told_at, distance)) {
            return Ok(None);
        }
        let told = [Told { entity, change: Some(&record.change), at: record.at }];
        let joined = self.join(tenant, watch, &told).await?;
        self.notification(active, tenant, &joined, &told, record.at).await
    }

    /// The periodic notification of a subscription; `None` when no entity is its own.
    ///
    /// # Errors
    /// When the query fails.
    pub(super) async fn turn(&self, active: &Active, tenant: TenantId) -> Result<Option<NewNotification>> {
        let (at, watch) = (now(), &active.watch);
        let page = Page { limit: PERIODIC, ..Page::default() };
        let answer = self.state.store.query(tenant, &watch.query, page, at).await?;
        if answer.entities.is_empty() {
            return Ok(None);
        }
        let told: Vec<Told<'_>> =
            answer.entities.iter().map(|stored| Told { entity: &stored.entity, change: None, at }).collect();
        let joined = self.join(tenant, watch, &told).await?;
        self.notification(active, tenant, &joined, &told, at).await
    }

    async fn notification(
        &self,
        active: &Active,
        tenant: TenantId,
        linked: &LinkedEntities,
        told: &[Told<'_>],
        of: DateTime,
    ) -> Result<Option<NewNotification>> {
        let watch = &active.watch;
        // The snapshot whose data they were is gone.
        let Some(owner) = self.state.store.owner(tenant).await? else { return Ok(None) };
        let context = notification_context(&self.state, &owner.tenant, watch).await;
        let id = format!("urn:ngsi-ld:Notification:{}", uuid::Uuid::new_v4().simple());
        let payload = Payload { watch, context: &context, linked, most_linked: self.state.config.max_linked };
        let at = now();
        let payload = payload.notification(&id, at, told)?.to_string();
        Ok(Some(NewNotification { tenant, subscription: watch.id.to_string(), payload, at, of }))
    }

    /// The entities that `q` leads to.
    async fn follow(&self, tenant: TenantId, watch: &Watch, entity: &Entity, at: DateTime) -> Result<LinkedEntities> {
        let mut linked = LinkedEntities::new();
        let Some(filter) = watch.query.filter.as_ref().filter(|filter| filter.follows_links()) else {
            return Ok(linked);
        };
        let limit = self.state.config.max_linked;
        loop {
            let mut missing = MissingLinks::new(limit.saturating_mul(FOLLOWED), limit);
            filter.missing_links(entity, &linked, at, &mut missing);
            // More than are allowed are not looked for; `q` then is about those that were.
            if missing.ids.is_empty() || linked.len() >= limit {
                return Ok(linked);
            }
            self.state.store.find_linked(tenant, missing.ids, &mut linked, at).await?;
        }
    }

    /// The entities that a notification shows besides.
    async fn join(&self, tenant: TenantId, watch: &Watch, told: &[Told<'_>]) -> Result<LinkedEntities> {
        let mut linked = LinkedEntities::new();
        let Some(joining) = watch.joining() else { return Ok(linked) };
        let limit = self.state.config.max_linked;
        loop {
            // More than are allowed are not looked for; the notification then is refused.
            let Ok(missing) = joining.missing(told, &linked, limit) else { return Ok(linked) };
            if missing.is_empty() {
                return Ok(linked);
            }
            self.state.store.find_linked(tenant, missing.into_iter().take(limit), &mut linked, now()).await?;
        }
    }
}
