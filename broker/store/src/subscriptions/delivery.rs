//! Delivery: many processes at once, each subscription in the hands of one.

use std::sync::atomic::Ordering;

use ngsild::DateTime;

use crate::datasets::bounded;
use crate::error::Result;
use crate::model::Position;
use crate::store::{Store, TenantId};

/// That the caller delivers for a subscription. It stays the caller's, even past its end, until somebody else takes it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryClaim {
    /// Whose subscription.
    pub tenant: TenantId,
    /// Its id.
    pub subscription: String,
    pub(crate) run: i64,
}

/// A notification that waits for its receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its number among those of its subscription; later ones have greater numbers.
    pub number: i64,
    /// When it was made, or last taken back from the dead letters.
    pub at: DateTime,
    /// How many attempts there were since.
    pub attempts: u64,
    /// Why the last one failed.
    pub error: Option<String>,
    /// What to deliver.
    pub payload: String,
    /// When the first attempt failed, since it was last taken back.
    pub tried_at: Option<DateTime>,
}

/// What waits, for metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// How many notifications wait.
    pub notifications: u64,
    /// For how many subscriptions something waits or somebody delivers.
    pub subscriptions: u64,
    /// When the first of these can be taken up; `None` when there is none.
    pub next_at: Option<DateTime>,
    /// Up to where changes are matched.
    pub matched: Position,
    /// Who matches them, or last did.
    pub matcher: Option<String>,
}

/// How an attempt to deliver failed.
#[derive(Debug, Clone)]
pub(crate) enum Attempt {
    Failed { why: String, retry_at: i64 },
    GivenUp { why: String, retry_at: i64 },
}

/// How many characters of notifications are taken up at a time, give or take one notification.
pub(crate) const PAYLOADS: i64 = 256 << 10;

impl Attempt {
    /// Before when nothing is to be tried again.
    pub(crate) fn retry_at(&self) -> i64 {
        match self {
            Self::Failed { retry_at, .. } | Self::GivenUp { retry_at, .. } => *retry_at,
        }
    }
}

impl Store {
    /// Takes up at most `limit` subscriptions for whose receivers something is due and that nobody delivers for, and
    /// promises to [release](Store::release_delivery) each or to [go on](Store::keep_delivery) by `until`. Tenants take
    /// turns; within a tenant the subscription that waits for the longest time comes first. There may be more than were
    /// taken up unless there are none. `owner` is a name for people who look who it is.
    ///
    /// The cost grows with the number of tenants for which something waits, and with nothing else.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn claim_deliveries(
        &self,
        owner: &str,
        now: DateTime,
        until: DateTime,
        limit: usize,
    ) -> Result<Vec<DeliveryClaim>> {
        let last = self.inner.last_served.load(Ordering::Relaxed);
        let engine = &self.inner.engine;
        let claims = engine.claim_deliveries(owner, now.micros(), until.micros(), bounded(limit), last).await?;
        if let Some(claim) = claims.last() {
            self.inner.last_served.store(claim.tenant.0, Ordering::Relaxed);
        }
        Ok(claims)
    }

    /// Goes on up to `until`. Whether the subscription is still the caller's to deliver for.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn keep_delivery(&self, claim: &DeliveryClaim, until: DateTime) -> Result<bool> {
        self.inner.engine.keep_delivery(claim, until.micros()).await
    }

    /// Leaves the subscription to others, from the instant on when the next attempt may be made. Whether it was still the
    /// caller's.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails; then it is theirs when the claim ends.
    pub async fn release_delivery(&self, claim: &DeliveryClaim, now: DateTime) -> Result<bool> {
        self.inner.engine.release_delivery(claim, now.micros()).await
    }

    /// Leaves a subscription alone until an instant, or until it is changed. Whether it was still the caller's.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn hold_delivery(&self, claim: &DeliveryClaim, until: DateTime) -> Result<bool> {
        self.inner.engine.hold_delivery(claim, until.micros()).await
    }

    /// The oldest notifications that wait, in their order: at most `limit`, and fewer when they are long. None when there
    /// are none, or the subscription is no longer the caller's. Whoever failed to deliver one releases the subscription and
    /// does not ask again before it is due.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn next_notifications(&self, claim: &DeliveryClaim, limit: usize) -> Result<Vec<Notification>> {
        let rows = self.inner.engine.next_notifications(claim, bounded(limit)).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Notes that notifications have reached their receiver. Whether the subscription was still the caller's; if not,
    /// nothing has changed, and the receiver may get them again. That happens, too, when the machine loses power in the
    /// moment after.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn delivered(&self, claim: &DeliveryClaim, numbers: &[i64], now: DateTime) -> Result<bool> {
        self.inner.engine.note_delivered(claim, numbers, now.micros()).await
    }

    /// Notes that an attempt failed, and when the next one may be made. Whether the subscription was still the caller's; if
    /// not, nothing has changed.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn not_delivered(
        &self,
        claim: &DeliveryClaim,
        number: i64,
        now: DateTime,
        why: &str,
        next_attempt_at: DateTime,
    ) -> Result<bool> {
        let attempt = Attempt::Failed { why: why.to_owned(), retry_at: next_attempt_at.micros() };
        self.inner.engine.note_attempt(claim, number, now.micros(), attempt).await
    }

    /// Notes that an attempt failed and was the last: the notification becomes a [dead letter](Store::dead_letters), and the
    /// one after it may be tried at `next_attempt_at`. Whether the subscription was still the caller's; if not, nothing has
    /// changed.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn gave_up(
        &self,
        claim: &DeliveryClaim,
        number: i64,
        now: DateTime,
        why: &str,
        next_attempt_at: DateTime,
    ) -> Result<bool> {
        let attempt = Attempt::GivenUp { why: why.to_owned(), retry_at: next_attempt_at.micros() };
        let engine = &self.inner.engine;
        if !engine.note_attempt(claim, number, now.micros(), attempt).await? {
            return Ok(false);
        }
        engine.drop_letters(claim.tenant.0, &claim.subscription, self.max_dead_letters()).await?;
        Ok(true)
    }

    /// How much waits for the receivers of all tenants. The cost grows with the number of subscriptions for which something
    /// waits.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn backlog(&self) -> Result<Backlog> {
        Ok(self.inner.engine.backlog().await?.into())
    }
}
