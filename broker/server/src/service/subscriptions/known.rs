//! The subscriptions of all tenants, as the database told them last, ready for matching.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use hiroba_store::{ChangeRecord, Position, Store, StoreError, SubscriptionEntry, SubscriptionsSeen, TenantId};
use ngsild::subscription::{Index, Subject, Subscription, Watch};
use ngsild::{DateTime, Error};

use crate::service::Result;

/// How many subscriptions are read at a time.
const PAGE: usize = 500;

/// A subscription that is ready for matching.
#[derive(Debug, Clone)]
pub(super) struct Active {
    pub(super) watch: Arc<Watch>,
    /// Changes up to here were before it.
    pub(super) since: Position,
    /// When it was last told something, for `throttling`.
    pub(super) told_at: Option<DateTime>,
    /// When it is to be told next, for `timeInterval`.
    pub(super) next_at: Option<DateTime>,
}

/// All of one kind: those that are about changes, or those with `timeInterval`.
#[derive(Debug)]
pub(super) struct Known {
    is_periodic: bool,
    seen: SubscriptionsSeen,
    all: HashMap<(TenantId, String), Active>,
    found: HashMap<TenantId, Index<String>>,
    /// Those with `timeInterval`, by the instant of the next notification.
    periodic: BTreeSet<(DateTime, TenantId, String)>,
}

/// A document of the database, ready for matching.
///
/// # Errors
/// Corrupt when it is no subscription: somebody else wrote it.
pub(in crate::service) fn watch(entry: &SubscriptionEntry) -> Result<Watch> {
    let corrupt = |detail: String| StoreError::Corrupt { id: entry.id.clone(), detail };
    let subscription: Subscription =
        serde_json::from_str(&entry.document).map_err(|error| corrupt(error.to_string()))?;
    Ok(Watch::of(&subscription).map_err(|error: Error| corrupt(error.to_string()))?)
}

impl Known {
    /// Those that are about changes; none is known yet.
    pub(super) fn of_changes() -> Self {
        Self::new(false)
    }

    /// Those with `timeInterval`; none is known yet.
    pub(super) fn periodic() -> Self {
        Self::new(true)
    }

    fn new(is_periodic: bool) -> Self {
        Self {
            is_periodic,
            seen: SubscriptionsSeen::default(),
            all: HashMap::new(),
            found: HashMap::new(),
            periodic: BTreeSet::new(),
        }
    }

    /// Reads what has changed since it was last asked. Whether a tenant has subscriptions that may have had none
    /// meanwhile: then not all of its changes were shown.
    ///
    /// # Errors
    /// When the database fails; what was read so far is kept.
    pub(super) async fn follow(&mut self, store: &Store, now: DateTime) -> Result<bool> {
        let mut has_more_tenants = false;
        loop {
            let changes = store.changed_subscriptions(self.seen, PAGE).await?;
            if changes.afresh {
                *self = Self::new(self.is_periodic);
            }
            for (tenant, id) in changes.deleted {
                self.remove(tenant, &id);
            }
            for entry in changes.changed {
                has_more_tenants |= self.put(entry, now);
            }
            self.seen = changes.seen;
            if !changes.more {
                return Ok(has_more_tenants);
            }
        }
    }

    /// Whether it is the only one about changes in its tenant.
    fn put(&mut self, entry: SubscriptionEntry, now: DateTime) -> bool {
        let before = self.all.get(&(entry.tenant, entry.id.clone())).map(|active| (active.told_at, active.next_at));
        self.remove(entry.tenant, &entry.id);
        let watch = match watch(&entry) {
            Ok(watch) => watch,
            Err(error) => {
                tracing::error!(%error, id = entry.id, "a subscription cannot be read; nobody is told");
                return false;
            }
        };
        if watch.time_interval.is_some() != self.is_periodic {
            return false;
        }
        let told_at = before.and_then(|(told_at, _)| told_at).max(entry.told_at);
        let (mut next_at, mut is_only_one) = (None, false);
        match watch.time_interval {
            Some(interval) => {
                // Who subscribes to registrations was told of all of them at once.
                let first = if watch.subject == Subject::Registrations { later(now, interval) } else { now };
                let next = told_at.map_or(first, |told_at| later(told_at, interval)).max(now);
                self.periodic.insert((next, entry.tenant, entry.id.clone()));
                next_at = Some(next);
            }
            // Whoever changes a registration tells of it.
            None if watch.subject == Subject::Registrations => return false,
            None => {
                is_only_one = !self.found.contains_key(&entry.tenant);
                self.found.entry(entry.tenant).or_default().insert(entry.id.clone(), &watch);
            }
        }
        let active = Active { watch: Arc::new(watch), since: entry.since, told_at, next_at };
        self.all.insert((entry.tenant, entry.id), active);
        is_only_one
    }

    fn remove(&mut self, tenant: TenantId, id: &str) {
        let Some(active) = self.all.remove(&(tenant, id.to_owned())) else { return };
        if let Some(next) = active.next_at {
            self.periodic.remove(&(next, tenant, id.to_owned()));
        }
        if let Some(index) = self.found.get_mut(&tenant) {
            index.remove(&id.to_owned());
            if index.is_empty() {
                self.found.remove(&tenant);
            }
        }
    }

    /// Whether no change can be for anybody.
    pub(super) fn follows_nothing(&self) -> bool {
        self.found.is_empty()
    }

    /// The subscriptions of a tenant that a change may be for.
    pub(super) fn candidates(&self, tenant: TenantId, record: &ChangeRecord) -> Vec<String> {
        let index = self.found.get(&tenant);
        index.map(|index| index.candidates(&record.change, &record.entity, &record.change.types)).unwrap_or_default()
    }

    /// One of them.
    pub(super) fn get_mut(&mut self, tenant: TenantId, id: &str) -> Option<&mut Active> {
        self.all.get_mut(&(tenant, id.to_owned()))
    }

    /// The next of those with `timeInterval` that is due, which then waits for its next turn.
    pub(super) fn due(&mut self, now: DateTime) -> Option<(TenantId, String)> {
        let (next, tenant, id) = self.periodic.first()?.clone();
        if next > now {
            return None;
        }
        self.periodic.pop_first();
        let active = self.all.get_mut(&(tenant, id.clone()))?;
        // Turns that were missed are not made up for.
        let next = later(now, active.watch.time_interval.unwrap_or_default());
        active.next_at = Some(next);
        self.periodic.insert((next, tenant, id.clone()));
        Some((tenant, id))
    }

    /// When the first of those with `timeInterval` is due.
    pub(super) fn next_due(&self) -> Option<DateTime> {
        self.periodic.first().map(|(next, ..)| *next)
    }
}

/// The shortest `timeInterval` that is kept: shorter ones would only keep the broker busy.
const SHORTEST: std::time::Duration = std::time::Duration::from_secs(1);

fn later(at: DateTime, by: std::time::Duration) -> DateTime {
    let micros = i64::try_from(by.max(SHORTEST).as_micros()).unwrap_or(i64::MAX);
    DateTime::from_micros(at.micros().saturating_add(micros))
}
