//! Publishing entities as somebody's file gives them: in batches, with a count of what became of them.

use std::collections::HashSet;

use hiroba_vocab::EntityId;
use ngsild::Entity;
use serde::Serialize;

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

/// The entities of a file in batches: of at most `size`, without an id twice in one.
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
