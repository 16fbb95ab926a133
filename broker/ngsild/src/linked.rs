//! Linked entities (4.5.23): what the relationships of entities lead to.
//!
//! Nothing here loads anything. Whoever has the entities says which are [missing](Joining::missing), looks for those,
//! [notes](LinkedEntities::insert) what was found, and asks again until nothing is missing.

mod join;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use hiroba_vocab::{EntityId, Iri};

pub(crate) use join::shows_instance;
pub use join::{Inline, Join, JoinForm, Joining, Member, Path, members};

use crate::entity::{Attribute, Entity};
use crate::time::DateTime;

/// Entities that relationships point at, as far as somebody has looked for them.
#[derive(Debug, Clone, Default)]
pub struct LinkedEntities {
    /// `None` for what was looked for and is not there.
    known: BTreeMap<EntityId, Option<Arc<Entity>>>,
}

/// Where a relationship leads to.
#[derive(Debug, Clone, Copy)]
pub enum Found<'l> {
    /// Nobody has looked yet.
    Unknown,
    /// To nothing that can be followed.
    Nothing,
    /// To this entity.
    Entity(&'l Arc<Entity>),
}

impl LinkedEntities {
    /// None at all.
    pub const fn new() -> Self {
        Self { known: BTreeMap::new() }
    }

    /// Notes what was found under an id, as it is at `now`: what has expired is not there (4.22).
    pub fn insert(&mut self, id: EntityId, entity: Option<Arc<Entity>>, now: DateTime) {
        let valid = entity.and_then(|entity| {
            let changed = match entity.valid_at(now)? {
                Cow::Borrowed(_) => None,
                Cow::Owned(changed) => Some(Arc::new(changed)),
            };
            Some(changed.unwrap_or(entity))
        });
        self.known.insert(id, valid);
    }

    /// The same, with something else made of each entity.
    #[must_use]
    pub fn map(&self, change: impl Fn(&Entity) -> Entity) -> Self {
        let changed = |(id, entity): (&EntityId, &Option<Arc<Entity>>)| {
            (id.clone(), entity.as_ref().map(|entity| Arc::new(change(entity))))
        };
        Self { known: self.known.iter().map(changed).collect() }
    }

    /// How many ids were looked for.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether nothing was looked for.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Where an instance of a relationship leads to by one of its targets: its `objectType`, if it has one, restricts
    /// the types that the target may have.
    pub fn follow(&self, instance: &Attribute, target: &Iri) -> Found<'_> {
        let entity = match self.known.get(target.as_str()) {
            None => return Found::Unknown,
            Some(None) => return Found::Nothing,
            Some(Some(entity)) => entity,
        };
        let wanted = instance.object_type.as_ref();
        if wanted.is_none_or(|wanted| wanted.as_slice().iter().any(|name| entity.types.contains(name))) {
            Found::Entity(entity)
        } else {
            Found::Nothing
        }
    }
}
