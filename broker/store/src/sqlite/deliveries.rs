//! Notifications that wait in SQLite, and those that were given up.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{Sqlite, Writer};
use crate::error::Result;
use crate::store::TenantId;
use crate::subscriptions::{Attempt, BacklogRow, DeliveryClaim, LetterRow, NotificationRow, PAYLOADS, sql};

/// By the index from tenant to tenant.
const NEXT_TENANT: &str = "select tenant from subscription_queue where ready_at is not null and tenant > ?1 \
                           order by tenant limit 1";

const READY: &str = "select subscription from subscription_queue where tenant = ?1 and ready_at <= ?2 \
                     order by ready_at, subscription limit ?3";

const CLAIM: &str = "update subscription_queue set run = ?3, holder = ?4, ready_at = ?5 \
                     where tenant = ?1 and subscription = ?2";

const FAIL: &str = "update subscription_queue set times_sent = times_sent + 1, times_failed = times_failed + 1, \
                    last_notification = ?3, last_failure = ?3, failing = 1, failures = failures + 1, retry_at = ?4 \
                    where tenant = ?1 and subscription = ?2";

const SUCCEED: &str = "update subscription_queue set times_sent = times_sent + ?4, last_notification = ?3, \
                       last_success = ?3, failing = 0, failures = 0, retry_at = 0 where tenant = ?1 and subscription = ?2";

const TRIED: &str = "update notification set attempts = attempts + 1, error = ?4, tried_at = coalesce(tried_at, ?5) \
                     where tenant = ?1 and subscription = ?2 and number = ?3";

const BURY: &str = "insert into dead_letter (tenant, subscription, number, at, attempts, given_up_at, error, payload) \
                    select tenant, subscription, number, at, attempts + ?4, ?5, ?6, payload from notification \
                    where tenant = ?1 and subscription = ?2 and number = ?3";

const REMOVE: &str = "delete from notification where tenant = ?1 and subscription = ?2 and number = ?3";

const REMOVE_LETTER: &str = "delete from dead_letter where tenant = ?1 and subscription = ?2 and number = ?3";

const MORE: &str = "update subscription_queue set waiting = waiting + ?3 where tenant = ?1 and subscription = ?2";

const WAITING: &str = "select waiting from subscription_queue where tenant = ?1 and subscription = ?2";

const DROP_LETTERS: &str = "delete from dead_letter where tenant = ?1 and subscription = ?2 and number <= \
     (select number from dead_letter where tenant = ?1 and subscription = ?2 order by number desc limit 1 offset ?3)";

const DUE: &str = "update subscription_queue set retry_at = 0, ready_at = case when run = 0 then ?3 else ready_at end \
                   where tenant = ?1 and subscription = ?2";

impl Sqlite {
    pub(crate) async fn next_notifications(&self, claim: DeliveryClaim, limit: i64) -> Result<Vec<NotificationRow>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(sql::NEXT)?;
            let notification = |row: &Row<'_>| {
                Ok(NotificationRow {
                    number: row.get(0)?,
                    at: row.get(1)?,
                    attempts: row.get(2)?,
                    error: row.get(3)?,
                    payload: row.get(4)?,
                    tried_at: row.get(5)?,
                })
            };
            let parameters = params![claim.tenant.0, claim.subscription, claim.run, limit, PAYLOADS];
            Ok(statement.query_map(parameters, notification)?.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn dead_letters(
        &self,
        tenant: i64,
        subscription: String,
        after: i64,
        limit: i64,
    ) -> Result<Vec<LetterRow>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(sql::LETTERS)?;
            let rows = statement.query_map(params![tenant, subscription, after, limit], |row| {
                Ok(LetterRow {
                    number: row.get(0)?,
                    at: row.get(1)?,
                    attempts: row.get(2)?,
                    given_up_at: row.get(3)?,
                    error: row.get(4)?,
                    payload: row.get(5)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn backlog(&self) -> Result<BacklogRow> {
        self.read(|connection| {
            let row = |row: &Row<'_>| {
                Ok(BacklogRow {
                    notifications: row.get(0)?,
                    subscriptions: row.get(1)?,
                    ready_at: row.get(2)?,
                    matched: (row.get(3)?, row.get(4)?),
                    matcher: row.get(5)?,
                })
            };
            Ok(connection.query_row(sql::BACKLOG, [], row)?)
        })
        .await
    }
}

impl Writer {
    pub(crate) fn claim_deliveries(
        &mut self,
        owner: &str,
        now: i64,
        until: i64,
        limit: i64,
        last: i64,
    ) -> Result<Vec<DeliveryClaim>> {
        let transaction = self.begin()?;
        let mut claims = Vec::new();
        for (tenant, subscription) in ready(&transaction, now, limit, last)? {
            let sql = "update counter set value = value + 1 where name = 'delivery_run' returning value";
            let run: i64 = transaction.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
            transaction.prepare_cached(CLAIM)?.execute(params![tenant, subscription, run, owner, until])?;
            claims.push(DeliveryClaim { tenant: TenantId(tenant), subscription, run });
        }
        // A commit without changes costs nothing.
        transaction.commit()?;
        Ok(claims)
    }

    pub(crate) fn keep_delivery(&mut self, claim: &DeliveryClaim, until: i64) -> Result<bool> {
        let parameters = params![claim.tenant.0, claim.subscription, claim.run, until];
        Ok(self.connection.prepare_cached(sql::KEEP_DELIVERY)?.execute(parameters)? == 1)
    }

    pub(crate) fn release_delivery(&mut self, claim: &DeliveryClaim, now: i64) -> Result<bool> {
        let parameters = params![claim.tenant.0, claim.subscription, claim.run, now];
        Ok(self.connection.prepare_cached(sql::RELEASE_DELIVERY)?.execute(parameters)? == 1)
    }

    pub(crate) fn hold_delivery(&mut self, claim: &DeliveryClaim, until: i64) -> Result<bool> {
        let parameters = params![claim.tenant.0, claim.subscription, claim.run, until];
        Ok(self.connection.prepare_cached(sql::HOLD_DELIVERY)?.execute(parameters)? == 1)
    }

    pub(crate) fn note_delivered(&mut self, claim: &DeliveryClaim, numbers: &[i64], at: i64) -> Result<bool> {
        let (tenant, subscription) = (claim.tenant.0, claim.subscription.as_str());
        let transaction = self.begin()?;
        if !holds(&transaction, claim)? {
            return Ok(false);
        }
        for number in numbers {
            remove(&transaction, tenant, subscription, *number)?;
            // It may have been given up meanwhile because too many waited.
            transaction.prepare_cached(REMOVE_LETTER)?.execute(params![tenant, subscription, number])?;
        }
        let count = i64::try_from(numbers.len()).unwrap_or(i64::MAX);
        transaction.prepare_cached(SUCCEED)?.execute(params![tenant, subscription, at, count])?;
        transaction.commit()?;
        Ok(true)
    }

    pub(crate) fn note_attempt(
        &mut self,
        claim: &DeliveryClaim,
        number: i64,
        at: i64,
        attempt: &Attempt,
    ) -> Result<bool> {
        let (tenant, subscription) = (claim.tenant.0, claim.subscription.as_str());
        let transaction = self.begin()?;
        if !holds(&transaction, claim)? {
            return Ok(false);
        }
        match attempt {
            Attempt::Failed { why, .. } => {
                transaction.prepare_cached(TRIED)?.execute(params![tenant, subscription, number, why, at])?;
            }
            Attempt::GivenUp { why, .. } => {
                transaction.prepare_cached(BURY)?.execute(params![tenant, subscription, number, 1, at, why])?;
                remove(&transaction, tenant, subscription, number)?;
            }
        }
        transaction.prepare_cached(FAIL)?.execute(params![tenant, subscription, at, attempt.retry_at()])?;
        transaction.commit()?;
        Ok(true)
    }

    pub(crate) fn give_up_oldest(&mut self, tenant: i64, subscription: &str, at: i64, max: i64) -> Result<()> {
        let transaction = self.begin()?;
        let waiting = waiting(&transaction, tenant, subscription)?;
        let sql = "select number from notification where tenant = ?1 and subscription = ?2 order by number limit ?3";
        let oldest: Vec<i64> = transaction
            .prepare_cached(sql)?
            .query_map(params![tenant, subscription, waiting.saturating_sub(max).max(0)], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for number in oldest {
            transaction.prepare_cached(BURY)?.execute(params![tenant, subscription, number, 0, at, sql::TOO_MANY])?;
            remove(&transaction, tenant, subscription, number)?;
        }
        transaction.commit()?;
        Ok(())
    }

    pub(crate) fn drop_letters(&mut self, tenant: i64, subscription: &str, max: i64) -> Result<()> {
        let transaction = self.begin()?;
        let lost = transaction.prepare_cached(DROP_LETTERS)?.execute(params![tenant, subscription, max])?;
        if lost > 0 {
            let sql = "update subscription_queue set letters_lost = letters_lost + ?3 \
                       where tenant = ?1 and subscription = ?2";
            transaction.execute(sql, params![tenant, subscription, i64::try_from(lost).unwrap_or(i64::MAX)])?;
        }
        transaction.commit()?;
        Ok(())
    }

    pub(crate) fn replay(
        &mut self,
        tenant: i64,
        subscription: &str,
        numbers: Option<&[i64]>,
        at: i64,
        max: i64,
    ) -> Result<i64> {
        let transaction = self.begin()?;
        let room = max.saturating_sub(waiting(&transaction, tenant, subscription)?).max(0);
        let sql = "select number from dead_letter where tenant = ?1 and subscription = ?2 order by number";
        let mut chosen: Vec<i64> = transaction
            .prepare_cached(sql)?
            .query_map(params![tenant, subscription], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        if let Some(numbers) = numbers {
            let wanted: std::collections::HashSet<i64> = numbers.iter().copied().collect();
            chosen.retain(|number| wanted.contains(number));
        }
        chosen.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        for number in &chosen {
            let sql = "insert into notification (tenant, subscription, number, at, payload) \
                       select tenant, subscription, number, ?4, payload from dead_letter \
                       where tenant = ?1 and subscription = ?2 and number = ?3";
            transaction.prepare_cached(sql)?.execute(params![tenant, subscription, number, at])?;
            transaction.prepare_cached(REMOVE_LETTER)?.execute(params![tenant, subscription, number])?;
        }
        let count = i64::try_from(chosen.len()).unwrap_or(i64::MAX);
        if count > 0 {
            transaction.execute(MORE, params![tenant, subscription, count])?;
            transaction.execute(DUE, params![tenant, subscription, at])?;
        }
        transaction.commit()?;
        Ok(count)
    }
}

/// The queues to take up, tenants in turns.
fn ready(transaction: &Transaction<'_>, now: i64, limit: i64, last: i64) -> Result<Vec<(i64, String)>> {
    let mut tenants: Vec<i64> = Vec::new();
    let mut next_tenant = transaction.prepare_cached(NEXT_TENANT)?;
    while let Some(tenant) =
        next_tenant.query_row([tenants.last().copied().unwrap_or(i64::MIN)], |row| row.get(0)).optional()?
    {
        tenants.push(tenant);
    }
    let mut statement = transaction.prepare_cached(READY)?;
    let each = (limit / i64::try_from(tenants.len().max(1)).unwrap_or(i64::MAX)).max(8);
    let mut found = Vec::new();
    for tenant in tenants {
        let rows = statement.query_map([tenant, now, each], |row| row.get(0))?;
        for (place, subscription) in rows.enumerate() {
            found.push((place, tenant <= last, tenant, subscription?));
        }
    }
    found.sort();
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found.into_iter().map(|(_, _, tenant, subscription)| (tenant, subscription)).collect())
}

fn waiting(transaction: &Transaction<'_>, tenant: i64, subscription: &str) -> Result<i64> {
    let mut statement = transaction.prepare_cached(WAITING)?;
    Ok(statement.query_row(params![tenant, subscription], |row| row.get(0)).optional()?.unwrap_or(0))
}

fn remove(transaction: &Transaction<'_>, tenant: i64, subscription: &str, number: i64) -> Result<()> {
    let removed = transaction.prepare_cached(REMOVE)?.execute(params![tenant, subscription, number])?;
    if removed > 0 {
        transaction.prepare_cached(MORE)?.execute(params![tenant, subscription, -1])?;
    }
    Ok(())
}

/// Whether a subscription is still whose claim it was.
fn holds(transaction: &Transaction<'_>, claim: &DeliveryClaim) -> Result<bool> {
    let sql = "select 1 from subscription_queue where tenant = ?1 and subscription = ?2 and run = ?3";
    Ok(transaction.prepare_cached(sql)?.exists(params![claim.tenant.0, claim.subscription, claim.run])?)
}
