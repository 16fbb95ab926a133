//! Which subscriptions a change may be for, without asking all of them.

use std::collections::{BTreeSet, HashMap};

use hiroba_vocab::{EntityId, Iri};

use super::watch::Watch;
use crate::change::Change;
use crate::query::EntitySelector;

/// Beyond so many keys a subscription is found by types alone: each key costs memory, and a change of many attributes
/// would meet the subscription again and again.
const MAX_KEYS: usize = 1_000;

/// What of a change finds a subscription, the most selective first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    /// The entity.
    Id(EntityId),
    /// One of its types, and an attribute that was touched.
    TypeAndAttribute(Iri, Iri),
    /// One of its types.
    Type(Iri),
    /// An attribute that was touched.
    Attribute(Iri),
    /// Anything.
    All,
}

/// Subscriptions by what they are about. The cost of a change grows with what it touches and with the subscriptions that
/// are found, not with those that there are. One index holds the subscriptions of one tenant.
#[derive(Debug, Clone)]
pub struct Index<K> {
    found: HashMap<Key, BTreeSet<K>, ahash::RandomState>,
    keys: HashMap<K, Vec<Key>, ahash::RandomState>,
}

impl<K> Default for Index<K> {
    fn default() -> Self {
        Self { found: HashMap::default(), keys: HashMap::default() }
    }
}

impl<K: Clone + Ord + std::hash::Hash> Index<K> {
    /// Puts a subscription in, or in another place when it is there. A periodic one is found by no change, so it is left
    /// out. One that is paused or expired is found, and then [refused](Watch::wants): leave it out to save the work.
    pub fn insert(&mut self, subscription: K, watch: &Watch) {
        self.remove(&subscription);
        if watch.time_interval.is_some() {
            return;
        }
        let keys = keys(watch);
        for key in &keys {
            self.found.entry(key.clone()).or_default().insert(subscription.clone());
        }
        self.keys.insert(subscription, keys);
    }

    /// Takes a subscription out. Whether it was there.
    pub fn remove(&mut self, subscription: &K) -> bool {
        let Some(keys) = self.keys.remove(subscription) else { return false };
        for key in keys {
            if let Some(found) = self.found.get_mut(&key) {
                found.remove(subscription);
                if found.is_empty() {
                    self.found.remove(&key);
                }
            }
        }
        true
    }

    /// All that a change of this entity may be for, each once, in their order. `types` are those of the entity in the state
    /// that filters are about: after the change, or before its deletion.
    pub fn candidates(&self, change: &Change, id: &EntityId, types: &[Iri]) -> Vec<K> {
        let names: BTreeSet<&Iri> = change.attributes.iter().map(|touched| &touched.name).collect();
        let mut all = BTreeSet::new();
        let mut find = |key: &Key| all.extend(self.found.get(key).into_iter().flatten());
        find(&Key::All);
        find(&Key::Id(id.clone()));
        for r#type in types {
            find(&Key::Type(r#type.clone()));
            for name in &names {
                find(&Key::TypeAndAttribute(r#type.clone(), (*name).clone()));
            }
        }
        for name in names {
            find(&Key::Attribute(name.clone()));
        }
        all.into_iter().cloned().collect()
    }

    /// How many subscriptions are in it.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether none is in it.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Where a subscription is found: every change that it wants has at least one of these keys.
fn keys(watch: &Watch) -> Vec<Key> {
    let watched = || watch.watched.iter().cloned();
    let attributes = || if watch.watched.is_empty() { vec![Key::All] } else { watched().map(Key::Attribute).collect() };
    if watch.query.selectors.is_empty() {
        return attributes();
    }
    let mut keys = BTreeSet::new();
    let mut anything = false;
    for selector in &watch.query.selectors {
        match of_selector(selector) {
            Some(found) => keys.extend(found),
            None => anything = true,
        }
    }
    if anything {
        return attributes();
    }
    let narrow = !watch.watched.is_empty() && keys.len().saturating_mul(watch.watched.len()) <= MAX_KEYS;
    let key = |found: Found| match found {
        Found::Id(id) => vec![Key::Id(id)],
        Found::Type(name) if narrow => {
            watched().map(|attribute| Key::TypeAndAttribute(name.clone(), attribute)).collect()
        }
        Found::Type(name) => vec![Key::Type(name)],
    };
    keys.into_iter().flat_map(key).collect()
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Id(EntityId),
    Type(Iri),
}

/// What every entity of a selector has one of; `None` when it may be any. Of types that an entity must have together, the
/// first finds it.
fn of_selector(selector: &EntitySelector) -> Option<Vec<Found>> {
    if !selector.ids.is_empty() {
        return Some(selector.ids.iter().cloned().map(Found::Id).collect());
    }
    let types = selector.types.as_ref()?;
    types.0.iter().map(|names| names.first().cloned().map(Found::Type)).collect()
}
