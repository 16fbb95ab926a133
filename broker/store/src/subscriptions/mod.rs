//! Subscriptions (5.2.12): what they say, who matches changes with them, and the notifications that wait for their
//! receivers. All of it outlives a process, and processes on one database share it.
//!
//! A change is matched once, whatever dies: the notifications that it makes and the position up to which the log is
//! matched are in one commit. A notification is there until its receiver has it or somebody gave it up, so a receiver may
//! get one twice and never loses one.

mod delivery;
mod letters;
mod matching;
mod rows;
pub(crate) mod sql;

use ngsild::DateTime;
use ngsild::subscription::{Counters, Subject};

use crate::datasets::bounded;
use crate::error::Result;
use crate::model::Position;
use crate::store::{Store, TenantId};

pub(crate) use delivery::{Attempt, PAYLOADS};
pub use delivery::{Backlog, DeliveryClaim, Notification};
pub use letters::{DeadLetter, Replay};
pub use matching::{Matching, NewNotification};
pub(crate) use rows::{BacklogRow, ChangedRows, EntryRow, LetterRow, MatchingRow, NotificationRow, Overfull};

/// A subscription to be stored.
#[derive(Debug, Clone)]
pub struct NewSubscription {
    /// Its id within its tenant.
    pub id: String,
    /// What it says; the store does not look into it.
    pub document: String,
    /// When it ends (`expiresAt`); `None` for never. It stays readable after that.
    pub expires_at: Option<DateTime>,
    /// The id of the @context of its notifications, if it may be one of this tenant's here, or of the tenant whose
    /// snapshot it is in: it does not make room for others as long as the subscription is there.
    pub context: Option<String>,
}

/// What became of a [`NewSubscription`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionAdded {
    /// It is there.
    Done,
    /// There is one with this id.
    Exists,
}

/// A subscription as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionEntry {
    /// Whose it is.
    pub tenant: TenantId,
    /// Its id within its tenant.
    pub id: String,
    /// What it is about.
    pub subject: Subject,
    /// Moves with every change of the document; no two changes of any subscriptions share one.
    pub revision: i64,
    /// Changes after this position are notified: those that were acknowledged after the subscription was. Where a
    /// transaction was under way at that time, changes of the moments before may come after it as well.
    pub since: Position,
    /// What it says.
    pub document: String,
    /// What became of the attempts to notify.
    pub counters: Counters,
    /// How many notifications wait.
    pub waiting: u64,
    /// How many of those that were given up had to make room for later ones, and are lost.
    pub letters_lost: u64,
    /// When it ends.
    pub expires_at: Option<DateTime>,
    /// Of what instant the latest notification tells, if there was any.
    pub told_at: Option<DateTime>,
    /// How many attempts have failed since one succeeded, or since it was changed.
    pub failures: u64,
}

/// How far somebody has followed the changes of subscriptions. The default has seen nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SubscriptionsSeen {
    revision: i64,
    /// The revision when reading began: what was deleted up to then was never seen.
    began: i64,
}

/// What has changed of the subscriptions of all tenants.
#[derive(Debug, Clone)]
pub struct SubscriptionChanges {
    /// Whether to forget all that is known first: what follows begins with the oldest subscription there is.
    pub afresh: bool,
    /// Those that are new or say something else.
    pub changed: Vec<SubscriptionEntry>,
    /// Those that are gone, some of which the reader may never have seen.
    pub deleted: Vec<(TenantId, String)>,
    /// Whether there may be more.
    pub more: bool,
    /// Where to go on.
    pub seen: SubscriptionsSeen,
}

impl Store {
    /// Stores a subscription to entities. Every change that is acknowledged after this returns comes after its
    /// [`since`](SubscriptionEntry::since).
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn add_subscription(&self, tenant: TenantId, new: NewSubscription) -> Result<SubscriptionAdded> {
        let added = self.inner.engine.add_subscription(tenant.0, new).await?;
        Ok(if added { SubscriptionAdded::Done } else { SubscriptionAdded::Exists })
    }

    /// A subscription, whether or not it has expired.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn subscription(&self, tenant: TenantId, id: &str) -> Result<Option<SubscriptionEntry>> {
        Ok(self.inner.engine.subscription(tenant.0, id).await?.map(Into::into))
    }

    /// The subscriptions of a tenant to entities in the order of their ids: of those after `after`, all but the first
    /// `offset`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn subscriptions(
        &self,
        tenant: TenantId,
        after: &str,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<SubscriptionEntry>> {
        self.subscriptions_about(tenant, Subject::Entities, after, offset, limit).await
    }

    /// The same about something else.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn subscriptions_about(
        &self,
        tenant: TenantId,
        subject: Subject,
        after: &str,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<SubscriptionEntry>> {
        let (offset, limit) = (bounded(offset), bounded(limit));
        let rows = self.inner.engine.subscriptions(tenant.0, sql::about(subject), after, offset, limit).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// How many subscriptions to entities a tenant has.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn count_subscriptions(&self, tenant: TenantId) -> Result<u64> {
        self.count_subscriptions_about(tenant, Subject::Entities).await
    }

    /// How many subscriptions about something a tenant has.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn count_subscriptions_about(&self, tenant: TenantId, subject: Subject) -> Result<u64> {
        Ok(self.inner.engine.count_subscriptions(tenant.0, sql::about(subject)).await?.unsigned_abs())
    }

    /// Changes what a subscription to entities says, if it is still as the caller saw it. Whether it was. Its counters, and
    /// what waits, stay.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn update_subscription(
        &self,
        tenant: TenantId,
        seen_revision: i64,
        new: NewSubscription,
    ) -> Result<bool> {
        self.inner.engine.update_subscription(tenant.0, seen_revision, new).await
    }

    /// Removes a subscription to entities with everything that waits for its receiver. Whether there was one. Whoever is
    /// delivering for it has lost it.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn delete_subscription(&self, tenant: TenantId, id: &str) -> Result<bool> {
        self.inner.engine.delete_subscription(tenant.0, id, bounded(self.inner.options.told_deletions)).await
    }

    /// What has changed of subscriptions since the reader last asked, each named once, as it is now; at most `limit`.
    /// Counters are no change.
    ///
    /// To miss nothing, the matcher reads changes of the log first, then this until there is no [`more`], then matches: a
    /// change that must be notified was committed after its subscription.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    ///
    /// [`more`]: SubscriptionChanges::more
    pub async fn changed_subscriptions(&self, seen: SubscriptionsSeen, limit: usize) -> Result<SubscriptionChanges> {
        let limit = bounded(limit.max(1));
        let mut seen = seen;
        let mut rows = self.inner.engine.changed_subscriptions(seen.revision, limit).await?;
        // Deletions after what was seen may have been forgotten.
        let too_old = rows.forgotten > seen.revision.max(seen.began);
        let afresh = seen.revision == 0 || too_old;
        if too_old && seen.revision > 0 {
            seen = SubscriptionsSeen::default();
            rows = self.inner.engine.changed_subscriptions(0, limit).await?;
        }
        if afresh {
            seen.began = rows.revision;
        }
        let more = i64::try_from(rows.entries.len()).is_ok_and(|count| count >= limit);
        let mut changes = SubscriptionChanges { afresh, changed: Vec::new(), deleted: Vec::new(), more, seen };
        for (row, deleted) in rows.entries {
            changes.seen.revision = changes.seen.revision.max(row.revision);
            if deleted {
                changes.deleted.push((TenantId(row.tenant), row.id));
            } else {
                changes.changed.push(row.into());
            }
        }
        if !more {
            changes.seen.revision = changes.seen.revision.max(rows.revision);
        }
        Ok(changes)
    }
}
