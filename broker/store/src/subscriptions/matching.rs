//! Matching: one process at a time turns changes of the log into notifications.

use ngsild::DateTime;

use super::Overfull;
use crate::error::Result;
use crate::model::Position;
use crate::store::{Store, TenantId};

/// That the caller matches changes with subscriptions. It stays the caller's, even past its end, until somebody else takes
/// it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matching {
    pub(crate) token: i64,
    /// Changes after this position are not matched yet.
    pub position: Position,
}

/// A notification to be delivered.
#[derive(Debug, Clone)]
pub struct NewNotification {
    /// Whose subscription it is for.
    pub tenant: TenantId,
    /// The id of the subscription.
    pub subscription: String,
    /// What to deliver; the store does not look into it.
    pub payload: String,
    /// When it was made: it is due from then on.
    pub at: DateTime,
    /// When the change was made that it tells of; for a periodic one, when its turn was.
    pub of: DateTime,
}

impl Store {
    /// Takes up the matching, if nobody is at it, and promises to [note](Store::note_notifications) something or to [go
    /// on](Store::keep_matching) by `until`. `owner` is a name for people who look who it is.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn claim_matching(&self, owner: &str, now: DateTime, until: DateTime) -> Result<Option<Matching>> {
        let row = self.inner.engine.claim_matching(owner, now.micros(), until.micros()).await?;
        Ok(row.map(|row| Matching { token: row.token, position: row.position() }))
    }

    /// Goes on up to `until`. Whether the matching is still the caller's.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn keep_matching(&self, matching: &Matching, until: DateTime) -> Result<bool> {
        self.inner.engine.keep_matching(matching.token, until.micros()).await
    }

    /// Leaves the matching to others.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails; then it is theirs when the claim ends.
    pub async fn release_matching(&self, matching: &Matching) -> Result<()> {
        self.inner.engine.release_matching(matching.token).await.map(drop)
    }

    /// Notes the notifications that all changes up to a position make, in the order in which they are to be delivered, and
    /// that these changes are matched, in one commit. Those for subscriptions that are gone are passed over. Goes on up to
    /// `until`. Whether the matching was still the caller's; if not, nothing has changed, and somebody else matches these
    /// changes. Where more wait for a receiver than [may](crate::Options::max_waiting), the oldest are given up.
    ///
    /// While there are no subscriptions, `up_to` may be the [head](Store::head) of the log, read before the
    /// [subscriptions](Store::changed_subscriptions).
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails: ask for the matching again, which tells how far it is.
    pub async fn note_notifications(
        &self,
        matching: &Matching,
        up_to: Position,
        notifications: &[NewNotification],
        until: DateTime,
    ) -> Result<bool> {
        let engine = &self.inner.engine;
        let Some(overfull) =
            engine.note_notifications(matching.token, up_to, notifications, until.micros(), self.max_waiting()).await?
        else {
            return Ok(false);
        };
        self.make_room(overfull, notifications).await?;
        Ok(true)
    }

    /// Gives up the oldest of what waits where new notifications were too much.
    pub(crate) async fn make_room(&self, overfull: Vec<Overfull>, new: &[NewNotification]) -> Result<()> {
        let engine = &self.inner.engine;
        let at = new.iter().map(|new| new.at.micros()).max().unwrap_or_default();
        for row in overfull {
            tracing::warn!(
                subscription = row.subscription,
                "more notifications wait than may: the oldest are given up"
            );
            engine.give_up_oldest(&row, at, self.max_waiting()).await?;
            engine.drop_letters(row.tenant, &row.subscription, self.max_dead_letters()).await?;
        }
        Ok(())
    }
}
