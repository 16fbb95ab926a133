//! Filling a snapshot: entities copied page by page.

use std::sync::Arc;

use hiroba_store::{Answer, Outcome, Page, Recording, StoreError, Stored, TenantId, Write};
use hiroba_vocab::{DatasetId, EntityId};
use ngsild::linked::{Join, JoinForm, Joining, Member};
use ngsild::query::{Projection, Query};
use ngsild::temporal::Evolution;
use ngsild::write::{Added, keep_evolution};
use ngsild::{DateTime, Entity, Error, ErrorKind};

use super::{SnapshotQuery, TemporalSnapshotQuery};
use crate::service::entities::without_expired;
use crate::service::linked::linked_entities;
use crate::service::query::{QueryRequest, query_entities};
use crate::service::temporal::Matching;
use crate::service::{Result, ServiceError, now};
use crate::state::AppState;

/// How many entities are in memory, and in one commit.
const BATCH: usize = 500;
/// How long to wait, and how often, while clients write as much as the database can take: they come first.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(200);
const PATIENCE: usize = 300;

/// A snapshot that is being filled.
pub(super) struct Filling<'s> {
    state: &'s AppState,
    /// Where its data go.
    data: TenantId,
    /// How many entities it has.
    entities: usize,
    /// Those that the present query has brought.
    brought: Vec<EntityId>,
}

impl<'s> Filling<'s> {
    /// Nothing is there yet.
    pub(super) fn new(state: &'s AppState, data: TenantId) -> Self {
        Self { state, data, entities: 0, brought: Vec::new() }
    }

    /// Brings the result of a query. Whether there is any. When it fails, what it has brought is taken away again.
    pub(super) async fn query(&mut self, tenant: TenantId, asked: SnapshotQuery) -> Result<bool> {
        self.brought.clear();
        let outcome = self.pages(tenant, asked).await;
        self.settle(outcome).await
    }

    /// The same for a temporal query.
    pub(super) async fn temporal(&mut self, tenant: TenantId, asked: &TemporalSnapshotQuery) -> Result<bool> {
        self.brought.clear();
        let outcome = self.evolutions(tenant, asked).await;
        self.settle(outcome).await
    }

    async fn settle(&mut self, outcome: Result<bool>) -> Result<bool> {
        if outcome.is_err() {
            self.take_back().await?;
        }
        outcome
    }

    async fn pages(&mut self, tenant: TenantId, asked: SnapshotQuery) -> Result<bool> {
        let SnapshotQuery { query, local, projection, datasets, join } = asked;
        // Whatever is linked is kept beside what links to it, wherever an answer would show it.
        let join = join.map(|join| Join { form: JoinForm::Flat, ..join });
        let page = Page { limit: BATCH, ..Page::default() };
        let mut request = QueryRequest { query, local, ordering: None, page };
        let mut found = false;
        loop {
            let Answer { entities, more, last, .. } = query_entities(self.state, tenant, &request).await?;
            found |= !entities.is_empty();
            let joining = join.as_ref().map(|join| Joining { join, projection: &projection, datasets: &datasets });
            let shaped: Vec<Arc<Entity>> = match joining {
                None => entities.into_iter().map(|stored| shaped(stored.entity, &projection, &datasets)).collect(),
                Some(joining) => {
                    let linked = linked_entities(self.state, tenant, &entities, &joining).await?;
                    let members = joining.members(&entities, &linked, self.state.config.max_linked)?;
                    let shape =
                        |member: &Member<'_>| shaped(Arc::new(member.entity.clone()), &member.projection, &datasets);
                    members.iter().map(shape).collect()
                }
            };
            self.put(shaped).await?;
            if !more {
                return Ok(found);
            }
            request.page.after = last;
        }
    }

    /// Brings the result of a temporal query: the instances of each entity, the latest of which make the entity itself.
    /// Whether there is any.
    async fn evolutions(&mut self, tenant: TenantId, asked: &TemporalSnapshotQuery) -> Result<bool> {
        let mut matching = Matching::new(self.state, tenant, &asked.selection, &asked.request, true).await?;
        let mut found = false;
        while let Some(evolutions) = matching.next().await? {
            for evolution in evolutions {
                found = true;
                self.record(evolution).await?;
            }
        }
        Ok(found)
    }

    async fn record(&mut self, evolution: Evolution) -> Result<()> {
        let now = now();
        let before = self.state.store.entity(self.data, &evolution.id).await?;
        if before.is_none() {
            self.entities += 1;
            let limit = self.state.config.max_snapshot_entities;
            if self.entities > limit {
                self.entities -= 1;
                return Err(too_many(limit));
            }
            self.brought.push(evolution.id.clone());
        }
        let id = evolution.id.clone();
        let Added { entity, instances } =
            keep_evolution(before.as_ref().map(|stored| &*stored.entity), evolution, now)?;
        let recording = Recording { id, types: Vec::new(), before, after: Some(Arc::new(entity)), instances };
        match self.state.store.record(self.data, recording, now).await? {
            Outcome::Conflict => Err(overtaken()),
            Outcome::Done { .. } => Ok(()),
        }
    }

    /// Brings everything that another snapshot has.
    pub(super) async fn copy(&mut self, source: TenantId) -> Result<()> {
        let mut page = Page { limit: BATCH, ..Page::default() };
        loop {
            let now = now();
            let answer = self.state.store.query(source, &Query::default(), page, now).await?;
            let entities = answer.entities.into_iter().map(|stored| without_expired(stored, now).entity);
            self.put(entities.collect()).await?;
            if !answer.more {
                return Ok(());
            }
            page.after = answer.last;
        }
    }

    async fn put(&mut self, entities: Vec<Arc<Entity>>) -> Result<()> {
        let ids: Vec<EntityId> = entities.iter().map(|entity| entity.id.clone()).collect();
        let known = self.state.store.entities(self.data, &ids).await?;
        let mut writes = Vec::new();
        for (entity, before) in entities.into_iter().zip(known) {
            match before {
                None => {
                    self.entities += 1;
                    self.brought.push(entity.id.clone());
                    writes.push(Write { before: None, after: Some(entity) });
                }
                Some(before) => {
                    let both = united(&before.entity, &entity);
                    if both != *before.entity {
                        writes.push(Write { before: Some(before), after: Some(Arc::new(both)) });
                    }
                }
            }
        }
        let limit = self.state.config.max_snapshot_entities;
        if self.entities > limit {
            let written = writes.iter().filter(|write| write.before.is_none()).count();
            // Those are not there, so there is nothing to take back.
            self.entities -= written;
            self.brought.truncate(self.brought.len() - written);
            return Err(too_many(limit));
        }
        self.write(writes).await
    }

    async fn take_back(&mut self) -> Result<()> {
        let brought = std::mem::take(&mut self.brought);
        self.entities -= brought.len();
        for ids in brought.chunks(BATCH) {
            let stored: Vec<Stored> = self.state.store.entities(self.data, ids).await?.into_iter().flatten().collect();
            self.write(stored.into_iter().map(|stored| Write { before: Some(stored), after: None }).collect()).await?;
        }
        Ok(())
    }

    async fn write(&self, writes: Vec<Write>) -> Result<()> {
        if writes.is_empty() {
            return Ok(());
        }
        for _ in 0..PATIENCE {
            let now: DateTime = now();
            match self.state.store.write(self.data, &writes, now).await {
                Err(StoreError::Overloaded) => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(error.into()),
                Ok(outcomes) => {
                    // Nobody but us knows the place: whoever was faster has taken the preparation over.
                    return match outcomes.contains(&Outcome::Conflict) {
                        true => Err(overtaken()),
                        false => Ok(()),
                    };
                }
            }
        }
        Err(StoreError::Overloaded.into())
    }
}

/// An entity with everything that two queries have shown of it; where both show the same, the later one is right.
fn united(old: &Entity, new: &Entity) -> Entity {
    let mut entity = new.clone();
    entity.add_types(old.types.iter().cloned());
    entity.scope = entity.scope.or_else(|| old.scope.clone());
    for (name, instances) in &old.attributes {
        let shown = entity.attributes.entry(name.clone()).or_default();
        for instance in instances {
            if !shown.iter().any(|one| one.dataset_id == instance.dataset_id) {
                shown.push(instance.clone());
            }
        }
    }
    entity
}

/// What a projection shows of an entity. Its id and type stay: it is to be found by them.
fn shaped(entity: Arc<Entity>, projection: &Projection, datasets: &[Option<DatasetId>]) -> Arc<Entity> {
    if projection.is_everything() && datasets.is_empty() {
        return entity;
    }
    let mut entity = Arc::unwrap_or_clone(entity);
    entity.attributes.retain(|name, instances| {
        instances.retain(|one| datasets.is_empty() || datasets.contains(&one.dataset_id));
        projection.shows_attribute(name) && !instances.is_empty()
    });
    entity.scope = entity.scope.filter(|_| projection.shows_scope());
    Arc::new(entity)
}

fn too_many(limit: usize) -> ServiceError {
    let detail = format!("a snapshot can have {limit} entities; narrow the query");
    Error::new(ErrorKind::TooManyResults, detail).into()
}

fn overtaken() -> ServiceError {
    ServiceError::Busy("somebody else prepares the same snapshot".to_owned())
}

#[cfg(test)]
mod tests {
    use ngsild::jsonld::Context;
    use ngsild::read::{Nulls, Reader};
    use serde_json::{Value, json};

    use super::*;

    fn entity(body: Value) -> Entity {
        let reader = Reader { context: &Context::core(), nulls: Nulls::Refused };
        reader.fragment(body).unwrap().into_entity(DateTime::from_micros(0)).unwrap()
    }

    #[test]
    fn two_views_of_an_entity_make_one() {
        let a = json!([{"value": 1}, {"value": 2, "datasetId": "urn:d:1"}]);
        let first = entity(json!({"id": "urn:x:1", "type": "T", "scope": "/s", "a": a, "b": 1}));
        let second = entity(json!({"id": "urn:x:1", "type": ["T", "U"], "a": {"value": 9}, "c": 2}));
        let whole = json!({
            "id": "urn:x:1", "type": ["T", "U"], "scope": "/s",
            "a": [{"value": 9}, {"value": 2, "datasetId": "urn:d:1"}], "b": 1, "c": 2
        });
        assert!(united(&first, &second).says_the_same(&entity(whole)));
        assert_eq!(united(&first, &first), first, "seeing the same again changes nothing");
    }
}
