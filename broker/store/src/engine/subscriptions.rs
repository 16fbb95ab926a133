//! What both databases do for subscriptions and their notifications.

use crate::engine::Engine;
use crate::error::Result;
use crate::model::Position;
use crate::subscriptions::{
    Attempt, BacklogRow, ChangedRows, DeliveryClaim, EntryRow, LetterRow, MatchingRow, NewNotification,
    NewSubscription, NotificationRow, Overfull,
};

impl Engine {
    pub(crate) async fn add_subscription(&self, tenant: i64, new: NewSubscription) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.add_subscription(tenant, &new)).await,
            Self::PostGis { database, .. } => database.add_subscription(tenant, &new).await,
        }
    }

    pub(crate) async fn subscription(&self, tenant: i64, id: &str) -> Result<Option<EntryRow>> {
        match self {
            Self::Sqlite { database, .. } => database.subscription(tenant, id.to_owned()).await,
            Self::PostGis { database, .. } => database.subscription(tenant, id).await,
        }
    }

    pub(crate) async fn subscriptions(
        &self,
        tenant: i64,
        about: i64,
        after: &str,
        offset: i64,
        limit: i64,
    ) -> Result<Vec<EntryRow>> {
        match self {
            Self::Sqlite { database, .. } => {
                database.subscriptions(tenant, about, after.to_owned(), offset, limit).await
            }
            Self::PostGis { database, .. } => database.subscriptions(tenant, about, after, offset, limit).await,
        }
    }

    pub(crate) async fn count_subscriptions(&self, tenant: i64, about: i64) -> Result<i64> {
        match self {
            Self::Sqlite { database, .. } => database.count_subscriptions(tenant, about).await,
            Self::PostGis { database, .. } => database.count_subscriptions(tenant, about).await,
        }
    }

    pub(crate) async fn update_subscription(&self, tenant: i64, seen: i64, new: NewSubscription) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                writer.run(move |writer| writer.update_subscription(tenant, seen, &new)).await
            }
            Self::PostGis { database, .. } => database.update_subscription(tenant, seen, &new).await,
        }
    }

    pub(crate) async fn delete_subscription(&self, tenant: i64, id: &str, told: i64) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let id = id.to_owned();
                writer.run(move |writer| writer.delete_subscription(tenant, &id, told)).await
            }
            Self::PostGis { database, .. } => database.delete_subscription(tenant, id, told).await,
        }
    }

    pub(crate) async fn changed_subscriptions(&self, after: i64, limit: i64) -> Result<ChangedRows> {
        match self {
            Self::Sqlite { database, .. } => database.changed_subscriptions(after, limit).await,
            Self::PostGis { database, .. } => database.changed_subscriptions(after, limit).await,
        }
    }

    pub(crate) async fn claim_matching(&self, owner: &str, now: i64, until: i64) -> Result<Option<MatchingRow>> {
        match self {
            Self::Sqlite { writer, .. } => {
                let owner = owner.to_owned();
                writer.run_unsynced(move |writer| writer.claim_matching(&owner, now, until)).await
            }
            Self::PostGis { database, .. } => database.claim_matching(owner, now, until).await,
        }
    }

    pub(crate) async fn keep_matching(&self, token: i64, until: i64) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => writer.run_unsynced(move |writer| writer.keep_matching(token, until)).await,
            Self::PostGis { database, .. } => database.keep_matching(token, until).await,
        }
    }

    pub(crate) async fn release_matching(&self, token: i64) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => writer.run_unsynced(move |writer| writer.release_matching(token)).await,
            Self::PostGis { database, .. } => database.release_matching(token).await,
        }
    }

    /// For which subscriptions more than `max` wait now; `None` when the matching is somebody else's.
    pub(crate) async fn note_notifications(
        &self,
        token: i64,
        up_to: Position,
        new: &[NewNotification],
        until: i64,
        max: i64,
    ) -> Result<Option<Vec<Overfull>>> {
        match self {
            Self::Sqlite { writer, .. } => {
                let new = new.to_vec();
                writer.run_unsynced(move |writer| writer.note_notifications(token, up_to, &new, until, max)).await
            }
            Self::PostGis { database, .. } => database.note_notifications(token, up_to, new, until, max).await,
        }
    }

    /// Gives up the oldest notifications of a subscription until no more than `max` wait.
    pub(crate) async fn give_up_oldest(&self, overfull: &Overfull, at: i64, max: i64) -> Result<()> {
        let Overfull { tenant, subscription } = overfull;
        match self {
            Self::Sqlite { writer, .. } => {
                let (tenant, subscription) = (*tenant, subscription.clone());
                writer.run_unsynced(move |writer| writer.give_up_oldest(tenant, &subscription, at, max)).await
            }
            Self::PostGis { database, .. } => database.give_up_oldest(*tenant, subscription, at, max).await,
        }
    }

    /// Drops the oldest dead letters of a subscription until there are no more than `max`.
    pub(crate) async fn drop_letters(&self, tenant: i64, subscription: &str, max: i64) -> Result<()> {
        match self {
            Self::Sqlite { writer, .. } => {
                let subscription = subscription.to_owned();
                writer.run_unsynced(move |writer| writer.drop_letters(tenant, &subscription, max)).await
            }
            Self::PostGis { database, .. } => database.drop_letters(tenant, subscription, max).await,
        }
    }

    /// In the order of their turns. `last` is the tenant that had the last one.
    pub(crate) async fn claim_deliveries(
        &self,
        owner: &str,
        now: i64,
        until: i64,
        limit: i64,
        last: i64,
    ) -> Result<Vec<DeliveryClaim>> {
        match self {
            Self::Sqlite { writer, .. } => {
                let owner = owner.to_owned();
                writer.run_unsynced(move |writer| writer.claim_deliveries(&owner, now, until, limit, last)).await
            }
            Self::PostGis { database, .. } => database.claim_deliveries(owner, now, until, limit, last).await,
        }
    }

    pub(crate) async fn keep_delivery(&self, claim: &DeliveryClaim, until: i64) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let claim = claim.clone();
                writer.run_unsynced(move |writer| writer.keep_delivery(&claim, until)).await
            }
            Self::PostGis { database, .. } => database.keep_delivery(claim, until).await,
        }
    }

    pub(crate) async fn release_delivery(&self, claim: &DeliveryClaim, now: i64) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let claim = claim.clone();
                writer.run_unsynced(move |writer| writer.release_delivery(&claim, now)).await
            }
            Self::PostGis { database, .. } => database.release_delivery(claim, now).await,
        }
    }

    pub(crate) async fn hold_delivery(&self, claim: &DeliveryClaim, until: i64) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let claim = claim.clone();
                writer.run_unsynced(move |writer| writer.hold_delivery(&claim, until)).await
            }
            Self::PostGis { database, .. } => database.hold_delivery(claim, until).await,
        }
    }

    pub(crate) async fn next_notifications(&self, claim: &DeliveryClaim, limit: i64) -> Result<Vec<NotificationRow>> {
        match self {
            Self::Sqlite { database, .. } => database.next_notifications(claim.clone(), limit).await,
            Self::PostGis { database, .. } => database.next_notifications(claim, limit).await,
        }
    }

    pub(crate) async fn note_delivered(&self, claim: &DeliveryClaim, numbers: &[i64], at: i64) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let (claim, numbers) = (claim.clone(), numbers.to_vec());
                writer.run_unsynced(move |writer| writer.note_delivered(&claim, &numbers, at)).await
            }
            Self::PostGis { database, .. } => database.note_delivered(claim, numbers, at).await,
        }
    }

    pub(crate) async fn note_attempt(
        &self,
        claim: &DeliveryClaim,
        number: i64,
        at: i64,
        attempt: Attempt,
    ) -> Result<bool> {
        match self {
            Self::Sqlite { writer, .. } => {
                let claim = claim.clone();
                writer.run_unsynced(move |writer| writer.note_attempt(&claim, number, at, &attempt)).await
            }
            Self::PostGis { database, .. } => database.note_attempt(claim, number, at, &attempt).await,
        }
    }

    pub(crate) async fn dead_letters(
        &self,
        tenant: i64,
        subscription: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<LetterRow>> {
        match self {
            Self::Sqlite { database, .. } => database.dead_letters(tenant, subscription.to_owned(), after, limit).await,
            Self::PostGis { database, .. } => database.dead_letters(tenant, subscription, after, limit).await,
        }
    }

    /// How many were taken back. `None` of numbers is all.
    pub(crate) async fn replay(
        &self,
        tenant: i64,
        subscription: &str,
        numbers: Option<Vec<i64>>,
        at: i64,
        max: i64,
    ) -> Result<i64> {
        match self {
            Self::Sqlite { writer, .. } => {
                let subscription = subscription.to_owned();
                writer.run(move |writer| writer.replay(tenant, &subscription, numbers.as_deref(), at, max)).await
            }
            Self::PostGis { database, .. } => database.replay(tenant, subscription, numbers.as_deref(), at, max).await,
        }
    }

    pub(crate) async fn backlog(&self) -> Result<BacklogRow> {
        match self {
            Self::Sqlite { database, .. } => database.backlog().await,
            Self::PostGis { database, .. } => database.backlog().await,
        }
    }
}
