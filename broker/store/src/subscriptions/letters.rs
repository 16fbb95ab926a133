//! Dead letters: notifications that were given up.

use ngsild::DateTime;

use crate::datasets::bounded;
use crate::error::Result;
use crate::store::{Store, TenantId};

/// A notification that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number among the notifications of its subscription.
    pub number: i64,
    /// When it was made, or last taken back from the dead letters.
    pub at: DateTime,
    /// How many attempts there were since.
    pub attempts: u64,
    /// When it was given up.
    pub given_up_at: DateTime,
    /// Why.
    pub error: String,
    /// What was to be delivered.
    pub payload: String,
}

/// Which dead letters to deliver after all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// As many as may wait.
    All,
    /// Those with these numbers.
    Numbers(Vec<i64>),
}

impl Store {
    /// The dead letters of a subscription in the order of their numbers, after a number, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn dead_letters(
        &self,
        tenant: TenantId,
        subscription: &str,
        after: i64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>> {
        let rows = self.inner.engine.dead_letters(tenant.0, subscription, after, bounded(limit)).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Lets dead letters wait for their receiver again, as if they were made now. They keep their numbers, so they come
    /// before what was made after them, and are due at once. How many; what finds [no room](crate::Options::max_waiting)
    /// stays, the last ones first.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn replay(&self, tenant: TenantId, subscription: &str, which: Replay, now: DateTime) -> Result<u64> {
        let numbers = match which {
            Replay::All => None,
            Replay::Numbers(numbers) => Some(numbers),
        };
        let engine = &self.inner.engine;
        Ok(engine.replay(tenant.0, subscription, numbers, now.micros(), self.max_waiting()).await?.unsigned_abs())
    }

    pub(crate) fn max_waiting(&self) -> i64 {
        bounded(self.inner.options.max_waiting.max(1))
    }

    pub(super) fn max_dead_letters(&self) -> i64 {
        bounded(self.inner.options.max_dead_letters)
    }
}
