//! Rows as both databases exchange them with the store.

use ngsild::DateTime;
use ngsild::subscription::{Counters, Subject};

use super::sql::ENTITIES;
use super::{Backlog, DeadLetter, Notification, SubscriptionEntry};
use crate::model::Position;
use crate::store::TenantId;

/// A subscription with its queue, in the order of `sql::COLUMNS`.
#[derive(Debug)]
pub(crate) struct EntryRow {
    pub(crate) tenant: i64,
    pub(crate) id: String,
    pub(crate) revision: i64,
    pub(crate) since: (i64, i64),
    pub(crate) expires_at: Option<i64>,
    pub(crate) document: String,
    pub(crate) times_sent: i64,
    pub(crate) times_failed: i64,
    pub(crate) last_notification: Option<i64>,
    pub(crate) last_success: Option<i64>,
    pub(crate) last_failure: Option<i64>,
    pub(crate) failing: bool,
    pub(crate) waiting: i64,
    pub(crate) letters_lost: i64,
    pub(crate) told_at: Option<i64>,
    pub(crate) failures: i64,
    pub(crate) about: i64,
}

fn position((transaction, number): (i64, i64)) -> Position {
    Position { transaction: transaction.unsigned_abs(), number: number.unsigned_abs() }
}

impl From<EntryRow> for SubscriptionEntry {
    fn from(row: EntryRow) -> Self {
        Self {
            tenant: TenantId(row.tenant),
            id: row.id,
            subject: if row.about == ENTITIES { Subject::Entities } else { Subject::Registrations },
            revision: row.revision,
            since: position(row.since),
            document: row.document,
            counters: Counters {
                times_sent: row.times_sent.unsigned_abs(),
                times_failed: row.times_failed.unsigned_abs(),
                last_notification: row.last_notification.map(DateTime::from_micros),
                last_success: row.last_success.map(DateTime::from_micros),
                last_failure: row.last_failure.map(DateTime::from_micros),
                failing: row.failing,
            },
            waiting: row.waiting.unsigned_abs(),
            letters_lost: row.letters_lost.unsigned_abs(),
            expires_at: row.expires_at.map(DateTime::from_micros),
            told_at: row.told_at.map(DateTime::from_micros),
            failures: row.failures.unsigned_abs(),
        }
    }
}

/// Changes of subscriptions, all read at one instant.
#[derive(Debug, Default)]
pub(crate) struct ChangedRows {
    /// The number of the last change of any subscription.
    pub(crate) revision: i64,
    /// The number of the last deletion that is not told any more.
    pub(crate) forgotten: i64,
    /// The subscriptions, and whether each is deleted.
    pub(crate) entries: Vec<(EntryRow, bool)>,
}

#[derive(Debug)]
pub(crate) struct MatchingRow {
    pub(crate) token: i64,
    pub(crate) position: (i64, i64),
}

impl MatchingRow {
    pub(crate) fn position(&self) -> Position {
        position(self.position)
    }
}

/// A subscription for whose receiver more waits than may.
#[derive(Debug)]
pub(crate) struct Overfull {
    pub(crate) tenant: i64,
    pub(crate) subscription: String,
}

#[derive(Debug)]
pub(crate) struct NotificationRow {
    pub(crate) number: i64,
    pub(crate) at: i64,
    pub(crate) attempts: i64,
    pub(crate) error: Option<String>,
    pub(crate) payload: String,
    pub(crate) tried_at: Option<i64>,
}

impl From<NotificationRow> for Notification {
    fn from(row: NotificationRow) -> Self {
        Self {
            number: row.number,
            at: DateTime::from_micros(row.at),
            attempts: row.attempts.unsigned_abs(),
            error: row.error,
            payload: row.payload,
            tried_at: row.tried_at.map(DateTime::from_micros),
        }
    }
}

#[derive(Debug)]
pub(crate) struct LetterRow {
    pub(crate) number: i64,
    pub(crate) at: i64,
    pub(crate) attempts: i64,
    pub(crate) given_up_at: i64,
    pub(crate) error: String,
    pub(crate) payload: String,
}

impl From<LetterRow> for DeadLetter {
    fn from(row: LetterRow) -> Self {
        Self {
            number: row.number,
            at: DateTime::from_micros(row.at),
            attempts: row.attempts.unsigned_abs(),
            given_up_at: DateTime::from_micros(row.given_up_at),
            error: row.error,
            payload: row.payload,
        }
    }
}

#[derive(Debug)]
pub(crate) struct BacklogRow {
    pub(crate) notifications: i64,
    pub(crate) subscriptions: i64,
    pub(crate) ready_at: Option<i64>,
    pub(crate) matched: (i64, i64),
    pub(crate) matcher: Option<String>,
}

impl From<BacklogRow> for Backlog {
    fn from(row: BacklogRow) -> Self {
        Self {
            notifications: row.notifications.unsigned_abs(),
            subscriptions: row.subscriptions.unsigned_abs(),
            next_at: row.ready_at.map(DateTime::from_micros),
            matched: position(row.matched),
            matcher: row.matcher,
        }
    }
}
