//! Parsed entities in memory, by truth and not by time: an entry is only ever replaced by a newer version.

use hiroba_vocab::EntityId;
use moka::ops::compute::{CompResult, Op};
use moka::sync::Cache;

use crate::model::{Stored, Version};

/// What is known of an entity.
#[derive(Debug, Clone)]
enum Known {
    /// It was this at that version.
    Is(Stored),
    /// It has changed at that version, elsewhere: whatever is older must not come back.
    Changed(Version),
}

impl Known {
    fn version(&self) -> Version {
        match self {
            Self::Is(stored) => stored.version,
            Self::Changed(version) => *version,
        }
    }

    /// Whether something of the same version adds nothing to this.
    fn says_as_much_as(&self, other: &Self) -> bool {
        matches!(self, Self::Is(_)) || matches!(other, Self::Changed(_))
    }
}

/// A bounded cache of entities.
#[derive(Debug, Clone)]
pub(crate) struct EntityCache {
    entries: Cache<(i64, EntityId), Known>,
}

impl EntityCache {
    /// A cache of at most about `bytes` bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let weigh = |key: &(i64, EntityId), known: &Known| {
            let size = match known {
                // What a parsed attribute takes, measured on entities of six to thirty attributes.
                Known::Is(stored) => 300 + 500 * stored.entity.attributes.len(),
                Known::Changed(_) => 50,
            };
            u32::try_from(size + key.1.as_str().len()).unwrap_or(u32::MAX)
        };
        Self { entries: Cache::builder().max_capacity(bytes).weigher(weigh).build() }
    }

    pub(crate) fn get(&self, tenant: i64, id: &EntityId) -> Option<Stored> {
        match self.entries.get(&(tenant, id.clone()))? {
            Known::Is(stored) => Some(stored),
            Known::Changed(_) => None,
        }
    }

    /// Remembers what was read or written, unless something newer is known.
    pub(crate) fn put(&self, tenant: i64, stored: &Stored) {
        self.advance(tenant, &stored.entity.id, &Known::Is(stored.clone()));
    }

    /// Forgets everything older than a version. Whether that was news.
    pub(crate) fn changed(&self, tenant: i64, id: &EntityId, version: Version) -> bool {
        self.advance(tenant, id, &Known::Changed(version))
    }

    fn advance(&self, tenant: i64, id: &EntityId, new: &Known) -> bool {
        let entry = self.entries.entry((tenant, id.clone()));
        let outcome = entry.and_compute_with(|current| match current.map(moka::Entry::into_value) {
            Some(known) if known.version() > new.version() => Op::Nop,
            // The marker of a change and the state that it led to have the same version: the state says more.
            Some(known) if known.version() == new.version() && known.says_as_much_as(new) => Op::Nop,
            _ => Op::Put(new.clone()),
        });
        matches!(outcome, CompResult::Inserted(_) | CompResult::ReplacedWith(_))
    }

    /// How many entities are in memory, about.
    pub(crate) fn len(&self) -> u64 {
        self.entries.entry_count()
    }
}

/// The size of a process-wide cache of entities in bytes, unless the operator says otherwise.
pub(crate) const DEFAULT_BYTES: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hiroba_vocab::Iri;
    use ngsild::{DateTime, Entity};

    use super::*;

    fn stored(version: i64) -> Stored {
        let id = EntityId::parse("urn:x:1").unwrap();
        let entity = Entity::new(id, Iri::from_expanded("T"), DateTime::from_micros(version));
        Stored { entity: Arc::new(entity), version: Version(version), seq: 1 }
    }

    #[test]
    fn an_older_state_never_replaces_a_newer_one() {
        let cache = EntityCache::new(1 << 20);
        let (old, new) = (stored(1), stored(2));
        let id = new.entity.id.clone();
        cache.put(1, &new);
        cache.put(1, &old);
        assert!(Arc::ptr_eq(&cache.get(1, &id).unwrap().entity, &new.entity));
        assert!(cache.get(2, &id).is_none(), "tenants do not share");
    }

    #[test]
    fn a_change_elsewhere_hides_what_was_read_before() {
        let cache = EntityCache::new(1 << 20);
        let (old, new) = (stored(1), stored(2));
        let id = new.entity.id.clone();
        cache.put(1, &old);
        assert!(cache.changed(1, &id, Version(2)));
        assert!(!cache.changed(1, &id, Version(2)));
        assert!(cache.get(1, &id).is_none());
        cache.put(1, &old);
        assert!(cache.get(1, &id).is_none(), "a slow reader must not bring the old state back");
        cache.put(1, &new);
        assert!(cache.get(1, &id).is_some());
        assert!(!cache.changed(1, &id, Version(2)), "the log telling of our own write is no news");
        assert!(cache.get(1, &id).is_some());
    }
}
