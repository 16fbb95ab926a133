//! Purge Entities (5.6.21): what happens to each entity that matches.

use hiroba_vocab::Iri;

use crate::entity::Entity;
use crate::time::DateTime;

/// What a purge does to every entity that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purge {
    /// The entity is deleted.
    Entities,
    /// These attributes are deleted (`drop`).
    Drop {
        /// Their names, expanded.
        attributes: Vec<Iri>,
        /// Whether the scope goes as well: it is deleted by its name, as by Delete Attribute (5.6.5).
        scope: bool,
    },
    /// All attributes but these are deleted (`keep`). The scope is no attribute, and stays.
    Keep {
        /// Their names, expanded.
        attributes: Vec<Iri>,
    },
}

/// The state of an entity after a purge: `None` when it is deleted, the same state when the purge finds nothing in it.
pub fn purge_entity(old: &Entity, what: &Purge, now: DateTime) -> Option<Entity> {
    let mut entity = old.clone();
    match what {
        Purge::Entities => return None,
        Purge::Drop { attributes, scope } => {
            entity.attributes.retain(|name, _| !attributes.contains(name));
            if *scope {
                entity.scope = None;
            }
        }
        Purge::Keep { attributes } => entity.attributes.retain(|name, _| attributes.contains(name)),
    }
    if entity.attributes.len() != old.attributes.len() || entity.scope != old.scope {
        entity.modified_at = now;
    }
    Some(entity)
}
