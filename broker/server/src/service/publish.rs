//! Publishing: entities as somebody's file gives them, of which only the differences are written.

use std::collections::HashSet;
use std::sync::Arc;

use hiroba_store::{Outcome, Store, Stored, TenantId, Write};
use hiroba_vocab::EntityId;
use ngsild::write::revise_entity;
use ngsild::{DateTime, Entity};
use serde::Serialize;

use super::{Result, ServiceError};

/// How often entities are tried again when somebody else was faster.
const ATTEMPTS: usize = 50;

/// What became of entities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Published {
    /// They are new.
    pub created: u64,
    /// They say something else than before.
    pub changed: u64,
    /// They say what was there; nothing was written.
    pub unchanged: u64,
}

impl Published {
    /// How many entities were written.
    pub fn written(self) -> u64 {
        self.created + self.changed
    }
}

impl std::ops::AddAssign for Published {
    fn add_assign(&mut self, more: Self) {
        self.created += more.created;
        self.changed += more.changed;
        self.unchanged += more.unchanged;
    }
}

/// Writes entities in one commit, those that differ. No id may be among them twice.
///
/// # Errors
/// Contended when others keep changing the same entities; when the database fails: then nothing was written.
pub async fn publish(store: &Store, tenant: TenantId, entities: &[Entity], now: DateTime) -> Result<Published> {
    let mut published = Published::default();
    let mut open: Vec<&Entity> = entities.iter().collect();
    for _ in 0..ATTEMPTS {
        let ids: Vec<EntityId> = open.iter().map(|entity| entity.id.clone()).collect();
        let known = store.valid_entities(tenant, &ids, now).await?;
        let mut writes = Vec::new();
        let mut written = Vec::new();
        for (entity, before) in open.into_iter().zip(known) {
            match next_state(before.as_ref(), entity) {
                None => published.unchanged += 1,
                Some(after) => {
                    writes.push(Write { before, after: Some(Arc::new(after)) });
                    written.push(entity);
                }
            }
        }
        open = Vec::new();
        if !writes.is_empty() {
            let outcomes = store.write(tenant, &writes, now).await?;
            for ((entity, write), outcome) in written.into_iter().zip(&writes).zip(outcomes) {
                match (outcome, &write.before) {
                    (Outcome::Conflict, _) => open.push(entity),
                    (Outcome::Done { .. }, None) => published.created += 1,
                    (Outcome::Done { .. }, Some(_)) => published.changed += 1,
                }
            }
        }
        if open.is_empty() {
            break;
        }
    }
    match open.first() {
        Some(entity) => Err(ServiceError::Contended(entity.id.clone())),
        None => Ok(published),
    }
}

/// The state to write; `None` when the stored one says it already.
fn next_state(before: Option<&Stored>, entity: &Entity) -> Option<Entity> {
    match before {
        Some(stored) => revise_entity(&stored.entity, entity.clone()),
        None => Some(entity.clone()),
    }
}

/// The entities of a file in batches for [`publish`]: of at most `size`, without an id twice in one.
#[derive(Debug)]
pub struct Batches {
    size: usize,
    entities: Vec<Entity>,
    ids: HashSet<EntityId>,
}

impl Batches {
    /// Nothing yet.
    pub fn new(size: usize) -> Self {
        Self { size, entities: Vec::new(), ids: HashSet::new() }
    }

    /// Takes an entity. Returns the batch before it when that is complete.
    pub fn push(&mut self, entity: Entity) -> Option<Vec<Entity>> {
        let full = self.entities.len() >= self.size || self.ids.contains(&entity.id);
        let complete = full.then(|| self.take());
        self.ids.insert(entity.id.clone());
        self.entities.push(entity);
        complete
    }

    /// What is left.
    pub fn take(&mut self) -> Vec<Entity> {
        self.ids.clear();
        std::mem::take(&mut self.entities)
    }
}
