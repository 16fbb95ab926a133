//! Transient entities and attributes (4.22): from their instant on nobody sees them, and soon after they are removed.
//!
//! Removing is a write like any other: a change record tells of it, so that every copy of the data learns of it, and
//! whoever changes the entity at the same time wins.

use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ngsild::DateTime;

use crate::error::Result;
use crate::model::{Outcome, Stored};
use crate::store::{Inner, Store, TenantId};

/// How many entities are removed in one commit.
const BATCH: i64 = 500;

/// What this process knows of when things expire.
#[derive(Debug)]
pub(crate) struct Expiries(Mutex<Known>);

#[derive(Debug)]
struct Known {
    /// Nothing expires before this instant.
    next: i64,
    /// The earliest of what was noted since the database was last asked.
    noted: i64,
}

impl Expiries {
    /// Nothing expires before `next`, in microseconds.
    pub(crate) fn new(next: i64) -> Self {
        Self(Mutex::new(Known { next, noted: i64::MAX }))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing expires before this instant, in microseconds.
    pub(crate) fn next(&self) -> i64 {
        self.known().next
    }

    /// Something expires at `at`.
    pub(crate) fn note(&self, at: Option<DateTime>) {
        if let Some(at) = at {
            let mut known = self.known();
            known.next = known.next.min(at.micros());
            known.noted = known.noted.min(at.micros());
        }
    }

    /// The database is about to be asked: from now on, what is noted may be news to it.
    fn ask(&self) {
        self.known().noted = i64::MAX;
    }

    /// The database said that nothing that it holds expires before `next`.
    fn answered(&self, next: i64) {
        let mut known = self.known();
        known.next = next.min(known.noted);
    }
}

/// Removes what has expired, again and again.
pub(crate) async fn reap(inner: Weak<Inner>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        let Some(inner) = inner.upgrade() else { break };
        if let Err(error) = reap_all(&Store { inner }).await {
            tracing::warn!(%error, "cannot remove what has expired; trying again");
        }
    }
}

/// Removes what has expired by now, in as many commits as it takes.
async fn reap_all(store: &Store) -> Result<()> {
    let Inner { engine, expiries, .. } = &*store.inner;
    loop {
        let now = now();
        if expiries.next() > now.micros() {
            return Ok(());
        }
        let removed = engine.alone(reap_batch(store, now)).await?;
        expiries.ask();
        expiries.answered(engine.next_expiry().await?.unwrap_or(i64::MAX));
        // Another process is at it, or what is left was changed meanwhile, or cannot be read: later.
        if removed.unwrap_or_default() == 0 {
            return Ok(());
        }
    }
}

/// Removes one batch of what has expired. How many entities were written.
async fn reap_batch(store: &Store, now: DateTime) -> Result<usize> {
    let mut tenants: Vec<(i64, Vec<Stored>)> = Vec::new();
    for (tenant, row) in store.inner.engine.expired(now.micros(), BATCH).await? {
        match row.parse() {
            Ok(stored) => match tenants.iter_mut().find(|(known, _)| *known == tenant) {
                Some((_, entities)) => entities.push(stored),
                None => tenants.push((tenant, vec![stored])),
            },
            Err(error) => tracing::error!(%error, "what has expired cannot be removed"),
        }
    }
    let mut removed = 0;
    for (tenant, entities) in tenants {
        let outcomes = store.remove_expired(TenantId(tenant), &entities, now).await?;
        removed += outcomes.iter().filter(|outcome| **outcome != Outcome::Conflict).count();
    }
    Ok(removed)
}

/// The present, in microseconds.
pub(crate) fn now() -> DateTime {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    DateTime::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_while_the_database_answers_is_not_forgotten() {
        let at = |micros| Some(DateTime::from_micros(micros));
        let expiries = Expiries::new(100);
        expiries.note(None);
        expiries.note(at(500));
        assert_eq!(expiries.next(), 100);
        expiries.ask();
        expiries.note(at(300));
        expiries.answered(1_000);
        assert_eq!(expiries.next(), 300, "committed after the database had looked");
        expiries.ask();
        expiries.answered(1_000);
        assert_eq!(expiries.next(), 1_000);
    }
}
