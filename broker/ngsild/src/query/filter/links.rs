//! Conditions on linked entities: `rel{path}`, `rel{T:path}`.

use std::collections::BTreeSet;

use hiroba_vocab::{EntityId, Iri};

use super::Condition;
use crate::entity::Entity;
use crate::linked::{Found, LinkedEntities};
use crate::time::DateTime;

/// A resolved condition on one element of the entities that links lead to. They count together, like the instances of
/// an attribute: the element exists when one of them has it, and its values are those of all of them.
#[derive(Debug, Clone)]
pub struct LinkedCondition {
    /// The way from the entity to the linked ones; never empty.
    pub links: Vec<Link>,
    /// What is asked there.
    pub condition: Condition,
}

/// One step to linked entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The Relationship or ListRelationship.
    pub relationship: Iri,
    /// The types of which the target must have one; empty for any.
    pub types: Vec<Iri>,
}

/// What links lead to that nobody has looked for yet, and how much more may be asked.
#[derive(Debug, Clone)]
pub struct MissingLinks {
    /// The ids.
    pub ids: BTreeSet<EntityId>,
    /// How many more links may be followed.
    pub allowance: usize,
    /// Whether there were too many, of links or of ids: then there are more that are not noted.
    pub exceeded: bool,
    most: usize,
}

impl MissingLinks {
    /// Nothing yet. At most `allowance` links may be followed, to at most `most` entities.
    pub fn new(allowance: usize, most: usize) -> Self {
        Self { ids: BTreeSet::new(), allowance, exceeded: false, most }
    }

    /// Takes note of a link. Whether it may be followed.
    fn note(&mut self, target: &Iri, found: Found<'_>) -> bool {
        match self.allowance.checked_sub(1) {
            None => self.exceeded = true,
            Some(rest) => self.allowance = rest,
        }
        if matches!(found, Found::Unknown) {
            self.ids.insert(EntityId::from_stored(target.as_str()));
        }
        self.exceeded |= self.ids.len() > self.most;
        !self.exceeded
    }
}

impl LinkedCondition {
    /// The linked entities that the condition is about, each once.
    pub(super) fn subjects<'l>(
        &self,
        entity: &'l Entity,
        linked: &'l LinkedEntities,
        now: DateTime,
    ) -> Vec<&'l Entity> {
        self.links.iter().fold(vec![entity], |at, link| link.follow(&at, linked, now, &mut |_, _| true))
    }

    /// Notes which entities must be looked for before the condition can be decided.
    pub(super) fn missing(&self, entity: &Entity, linked: &LinkedEntities, now: DateTime, missing: &mut MissingLinks) {
        let mut note = |target: &Iri, found: Found<'_>| missing.note(target, found);
        self.links.iter().fold(vec![entity], |at, link| link.follow(&at, linked, now, &mut note));
    }
}

impl Link {
    /// The entities one step from others, each once. `note` is told of every target, and says whether to go on.
    fn follow<'l>(
        &self,
        from: &[&'l Entity],
        linked: &'l LinkedEntities,
        now: DateTime,
        note: &mut dyn FnMut(&Iri, Found<'_>) -> bool,
    ) -> Vec<&'l Entity> {
        let instances = from.iter().filter_map(|entity| entity.attributes.get(&self.relationship)).flatten();
        let valid = instances.filter(|instance| !instance.is_expired(now));
        let links = valid.flat_map(|instance| instance.is.targets().iter().map(move |target| (instance, target)));
        let (mut seen, mut to) = (BTreeSet::new(), Vec::new());
        for (instance, target) in links {
            let found = linked.follow(instance, target);
            if !note(target, found) {
                break;
            }
            if let Found::Entity(entity) = found
                && (self.types.is_empty() || self.types.iter().any(|name| entity.types.contains(name)))
                && seen.insert(&entity.id)
            {
                to.push(&**entity);
            }
        }
        to
    }
}
