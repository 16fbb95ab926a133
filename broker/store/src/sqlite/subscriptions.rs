//! Subscriptions in SQLite, and who matches changes with them.

use rusqlite::{OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::{Sqlite, Writer};
use crate::error::Result;
use crate::model::Position;
use crate::subscriptions::{ChangedRows, EntryRow, MatchingRow, NewNotification, NewSubscription, Overfull, sql};

const ADD: &str = "insert into subscription (tenant, id, revision, since_transaction, since_number, expires_at, document, \
     context, about) \
     values (?1, ?2, ?3, 0, (select coalesce(max(position), 0) from change), ?4, ?5, ?6, ?7) \
     on conflict (tenant, id) do update set revision = excluded.revision, deleted = 0, \
     since_number = excluded.since_number, expires_at = excluded.expires_at, document = excluded.document, \
     context = excluded.context, about = excluded.about where deleted";

const UPDATE: &str = "update subscription set revision = ?4, expires_at = ?5, document = ?6, context = ?7 \
                      where tenant = ?1 and id = ?2 and (revision = ?3 or ?3 is null) and about = ?8 and not deleted";

const DELETE: &str = "update subscription set revision = ?3, deleted = 1, document = '', context = null \
                      where tenant = ?1 and id = ?2 and about = ?4 and not deleted";

const FORGET: &str = "delete from subscription where deleted and revision <= ?1";

const NOTE_POSITION: &str = "update matching set claimed_until = ?2, \
     position_transaction = case when (position_transaction, position_number) < (?3, ?4) then ?3 \
     else position_transaction end, \
     position_number = case when (position_transaction, position_number) < (?3, ?4) then ?4 else position_number end \
     where token = ?1";

/// The number of the notification, and how many wait now.
const QUEUE: &str = "update subscription_queue set next_number = next_number + 1, waiting = waiting + 1, \
                     ready_at = coalesce(ready_at, max(?3, retry_at)), told_at = max(coalesce(told_at, ?4), ?4) \
                     where tenant = ?1 and subscription = ?2 returning next_number - 1, waiting";

const NOTE: &str = "insert into notification (tenant, subscription, number, at, payload) values (?1, ?2, ?3, ?4, ?5)";

/// The columns of an entry are the first ones.
fn entry(row: &Row<'_>) -> rusqlite::Result<EntryRow> {
    Ok(EntryRow {
        tenant: row.get(0)?,
        id: row.get(1)?,
        revision: row.get(2)?,
        since: (row.get(3)?, row.get(4)?),
        expires_at: row.get(5)?,
        document: row.get(6)?,
        times_sent: row.get(7)?,
        times_failed: row.get(8)?,
        last_notification: row.get(9)?,
        last_success: row.get(10)?,
        last_failure: row.get(11)?,
        failing: row.get(12)?,
        waiting: row.get(13)?,
        letters_lost: row.get(14)?,
        told_at: row.get(15)?,
        failures: row.get(16)?,
        about: row.get(17)?,
    })
}

impl Sqlite {
    pub(crate) async fn subscription(&self, tenant: i64, id: String) -> Result<Option<EntryRow>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&sql::one())?;
            Ok(statement.query_row(params![tenant, id], entry).optional()?)
        })
        .await
    }

    pub(crate) async fn subscriptions(
        &self,
        tenant: i64,
        about: i64,
        after: String,
        offset: i64,
        limit: i64,
    ) -> Result<Vec<EntryRow>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&sql::list())?;
            let rows = statement.query_map(params![tenant, after, offset, limit, about], entry)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn count_subscriptions(&self, tenant: i64, about: i64) -> Result<i64> {
        self.read(move |connection| Ok(connection.query_row(sql::COUNT, [tenant, about], |row| row.get(0))?)).await
    }

    pub(crate) async fn changed_subscriptions(&self, after: i64, limit: i64) -> Result<ChangedRows> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&sql::changed())?;
            let mut rows = statement.query([after, limit])?;
            let mut changed = ChangedRows::default();
            while let Some(row) = rows.next()? {
                (changed.revision, changed.forgotten) = (row.get(19)?, row.get(20)?);
                // One row without a subscription, where none has changed.
                if let Some(deleted) = row.get(18)? {
                    changed.entries.push((entry(row)?, deleted));
                }
            }
            Ok(changed)
        })
        .await
    }
}

impl Writer {
    pub(super) fn begin(&mut self) -> Result<Transaction<'_>> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }

    pub(crate) fn add_subscription(&mut self, tenant: i64, new: &NewSubscription) -> Result<bool> {
        let transaction = self.begin()?;
        let added = add(&transaction, tenant, sql::ENTITIES, new)?;
        if added {
            transaction.commit()?;
        }
        Ok(added)
    }

    pub(crate) fn update_subscription(&mut self, tenant: i64, seen: i64, new: &NewSubscription) -> Result<bool> {
        let transaction = self.begin()?;
        let changed = update(&transaction, tenant, sql::ENTITIES, Some(seen), new)?;
        if changed {
            transaction.commit()?;
        }
        Ok(changed)
    }

    pub(crate) fn delete_subscription(&mut self, tenant: i64, id: &str, told: i64) -> Result<bool> {
        let transaction = self.begin()?;
        let gone = delete(&transaction, tenant, sql::ENTITIES, id, told)?;
        if gone {
            transaction.commit()?;
        }
        Ok(gone)
    }

    pub(crate) fn claim_matching(&mut self, owner: &str, now: i64, until: i64) -> Result<Option<MatchingRow>> {
        let row = |row: &Row<'_>| Ok(MatchingRow { token: row.get(0)?, position: (row.get(1)?, row.get(2)?) });
        let mut statement = self.connection.prepare_cached(sql::CLAIM_MATCHING)?;
        Ok(statement.query_row(params![now, until, owner], row).optional()?)
    }

    pub(crate) fn keep_matching(&mut self, token: i64, until: i64) -> Result<bool> {
        Ok(self.connection.execute(sql::KEEP_MATCHING, [token, until])? == 1)
    }

    pub(crate) fn release_matching(&mut self, token: i64) -> Result<bool> {
        Ok(self.connection.execute(sql::RELEASE_MATCHING, [token])? == 1)
    }

    pub(crate) fn note_notifications(
        &mut self,
        token: i64,
        up_to: Position,
        new: &[NewNotification],
        until: i64,
        max: i64,
    ) -> Result<Option<Vec<Overfull>>> {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let transaction = self.begin()?;
        let parameters = [token, until, number(up_to.transaction), number(up_to.number)];
        if transaction.prepare_cached(NOTE_POSITION)?.execute(parameters)? == 0 {
            return Ok(None);
        }
        let overfull = note(&transaction, new, max)?;
        transaction.commit()?;
        Ok(Some(overfull))
    }
}

/// Adds a subscription. Whether there was none with its id.
pub(super) fn add(transaction: &Transaction<'_>, tenant: i64, about: i64, new: &NewSubscription) -> Result<bool> {
    let revision = next_revision(transaction)?;
    let expires_at = new.expires_at.map(ngsild::DateTime::micros);
    if transaction.execute(ADD, params![tenant, new.id, revision, expires_at, new.document, new.context, about])? == 0 {
        return Ok(false);
    }
    let sql = "insert into subscription_queue (tenant, subscription) values (?1, ?2)";
    transaction.execute(sql, params![tenant, new.id])?;
    Ok(true)
}

/// Changes a subscription, if it is as it was `seen`. Whether it was.
pub(super) fn update(
    transaction: &Transaction<'_>,
    tenant: i64,
    about: i64,
    seen: Option<i64>,
    new: &NewSubscription,
) -> Result<bool> {
    let revision = next_revision(transaction)?;
    let expires_at = new.expires_at.map(ngsild::DateTime::micros);
    let NewSubscription { id, document, context, .. } = new;
    let changed =
        transaction.execute(UPDATE, params![tenant, id, seen, revision, expires_at, document, context, about])? == 1;
    if changed {
        transaction.execute(sql::WAKE, params![tenant, id])?;
    }
    Ok(changed)
}

/// Removes a subscription with everything that waits. Whether there was one.
pub(super) fn delete(transaction: &Transaction<'_>, tenant: i64, about: i64, id: &str, told: i64) -> Result<bool> {
    let revision = next_revision(transaction)?;
    if transaction.execute(DELETE, params![tenant, id, revision, about])? == 0 {
        return Ok(false);
    }
    for table in ["subscription_queue", "notification", "dead_letter"] {
        let sql = format!("delete from {table} where tenant = ?1 and subscription = ?2");
        transaction.execute(&sql, params![tenant, id])?;
    }
    forget(transaction, revision.saturating_sub(told))?;
    Ok(true)
}

/// Removes all subscriptions of a tenant, so that nothing is delivered any more; what waits for their receivers is left to
/// be removed. How many there were.
pub(super) fn delete_all(transaction: &Transaction<'_>, tenant: i64) -> Result<usize> {
    let all: Vec<(String, i64)> = {
        let sql = "select id, about from subscription where tenant = ?1 and not deleted";
        let mut statement = transaction.prepare_cached(sql)?;
        statement.query_map([tenant], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?
    };
    for (id, about) in &all {
        let revision = next_revision(transaction)?;
        transaction.prepare_cached(DELETE)?.execute(params![tenant, id, revision, about])?;
    }
    transaction.prepare_cached("delete from subscription_queue where tenant = ?1")?.execute([tenant])?;
    Ok(all.len())
}

/// Deletions up to a revision are no longer told one by one.
fn forget(transaction: &Transaction<'_>, up_to: i64) -> Result<()> {
    let sql = "update subscription_revision set forgotten = max(forgotten, coalesce( \
               (select max(revision) from subscription where deleted and revision <= ?1), 0))";
    transaction.execute(sql, [up_to])?;
    transaction.execute(FORGET, [up_to])?;
    Ok(())
}

/// Of the deletions so far, only the last `told` are told one by one from now on.
pub(super) fn forget_all_but(transaction: &Transaction<'_>, told: i64) -> Result<()> {
    let revision: i64 = transaction.query_row("select revision from subscription_revision", [], |row| row.get(0))?;
    forget(transaction, revision.saturating_sub(told))
}

/// Lets notifications wait. Where more than `max` wait now.
pub(super) fn note(transaction: &Transaction<'_>, new: &[NewNotification], max: i64) -> Result<Vec<Overfull>> {
    let mut overfull = std::collections::BTreeSet::new();
    for new in new {
        let (tenant, at, of) = (new.tenant.0, new.at.micros(), new.of.micros());
        let queued: Option<(i64, i64)> = transaction
            .prepare_cached(QUEUE)?
            .query_row(params![tenant, new.subscription, at, of], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((number, waiting)) = queued else { continue };
        transaction.prepare_cached(NOTE)?.execute(params![tenant, new.subscription, number, at, new.payload])?;
        if waiting > max {
            overfull.insert((tenant, new.subscription.clone()));
        }
    }
    Ok(overfull.into_iter().map(|(tenant, subscription)| Overfull { tenant, subscription }).collect())
}

fn next_revision(transaction: &Transaction<'_>) -> Result<i64> {
    let sql = "update subscription_revision set revision = revision + 1 returning revision";
    Ok(transaction.query_row(sql, [], |row| row.get(0))?)
}
