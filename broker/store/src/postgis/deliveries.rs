//! Notifications that wait in PostGIS, and those that were given up. Every statement that changes what waits for a receiver
//! holds the row of its queue first, so what it counts is what it changes.

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::PostGis;
use crate::error::Result;
use crate::store::TenantId;
use crate::subscriptions::{Attempt, BacklogRow, DeliveryClaim, LetterRow, NotificationRow, PAYLOADS, sql};

/// From tenant to tenant by the index, the first few queues of each that are ready, then in turns. More are looked at than
/// are taken up, because others may be taking them at this moment; $3 is how many, $4 the tenant that had the last turn.
const CLAIM: &str = "
    with recursive tenants as (
        (select tenant from subscription_queue where ready_at is not null order by tenant limit 1)
        union all
        select (select q.tenant from subscription_queue q where q.ready_at is not null and q.tenant > t.tenant
                order by q.tenant limit 1)
        from tenants t where t.tenant is not null
    ),
    candidates as materialized (
        select t.tenant, f.subscription, f.place, t.tenant <= $4::bigint as later
        from tenants t cross join lateral (
            select l.subscription, row_number() over (order by l.ready_at, l.subscription) as place
            from (select q.subscription, q.ready_at from subscription_queue q
                  where q.tenant = t.tenant and q.ready_at <= $1
                  order by q.ready_at, q.subscription limit (select greatest($3 / count(*), 8) from tenants)) l
        ) f
        where t.tenant is not null
        order by f.place, later, t.tenant limit $3
    ),
    picked as (
        select q.tenant, q.subscription, c.place, c.later
        from candidates c join subscription_queue q on q.tenant = c.tenant and q.subscription = c.subscription
        where q.ready_at <= $1
        order by c.place, c.later, c.tenant limit $5 for update of q skip locked
    ),
    taken as (
        update subscription_queue q set run = nextval('delivery_run'), holder = $6, ready_at = $2
        from picked p where q.tenant = p.tenant and q.subscription = p.subscription
        returning q.tenant, q.subscription, q.run, p.place, p.later
    )
    select tenant::bigint, subscription, run from taken order by place, later, tenant";

/// How many candidates are looked at for each that is taken up.
const SPARE: i64 = 4;

const HELD: &str = "held as (select 1 from subscription_queue where tenant = $1::bigint and subscription = $2 and run = $3 for update)";

const GONE: &str = "gone as (delete from notification where tenant = $1::bigint and subscription = $2 and number = $4 \
                    and exists (select from held) returning at, attempts, payload)";

/// They may have been given up meanwhile because too many waited.
fn delivered() -> String {
    format!(
        "with {HELD},
         gone as (delete from notification where tenant = $1::bigint and subscription = $2 and number = any ($4)
                  and exists (select from held) returning 1),
         dead as (delete from dead_letter where tenant = $1::bigint and subscription = $2 and number = any ($4)
                  and exists (select from held))
         update subscription_queue set waiting = waiting - (select count(*) from gone),
             times_sent = times_sent + cardinality($4), last_notification = $5, last_success = $5, failing = false,
             failures = 0, retry_at = 0
         where tenant = $1::bigint and subscription = $2 and run = $3"
    )
}

const FAIL: &str = "times_sent = times_sent + 1, times_failed = times_failed + 1, last_notification = $5, \
                    last_failure = $5, failing = true, failures = failures + 1, retry_at = $6";

/// The row of the queue is changed after it is held, which `exists` sees to: once it is changed, it cannot be held.
fn failed() -> String {
    format!(
        "with {HELD},
         tried as (update notification set attempts = attempts + 1, error = $7, tried_at = coalesce(tried_at, $5)
                   where tenant = $1::bigint and subscription = $2 and number = $4 and exists (select from held))
         update subscription_queue set {FAIL}
         where tenant = $1::bigint and subscription = $2 and run = $3 and exists (select from held)"
    )
}

fn given_up() -> String {
    format!(
        "with {HELD}, {GONE},
         dead as (insert into dead_letter (tenant, subscription, number, at, attempts, given_up_at, error, payload)
                  select $1::bigint, $2, $4::bigint, at, attempts + 1, $5::bigint, $7::text, payload from gone)
         update subscription_queue set waiting = waiting - (select count(*) from gone), {FAIL}
         where tenant = $1::bigint and subscription = $2 and run = $3"
    )
}

const GIVE_UP_OLDEST: &str = "
    with held as (
        select waiting from subscription_queue where tenant = $1::bigint and subscription = $2 for update
    ),
    gone as (
        delete from notification where tenant = $1::bigint and subscription = $2 and number in (
            select number from notification where tenant = $1::bigint and subscription = $2 order by number
            limit coalesce((select greatest(waiting - $3, 0) from held), 0))
        returning number, at, attempts, payload
    ),
    dead as (
        insert into dead_letter (tenant, subscription, number, at, attempts, given_up_at, error, payload)
        select $1::bigint, $2, number, at, attempts, $4::bigint, $5::text, payload from gone
    )
    update subscription_queue set waiting = waiting - (select count(*) from gone)
    where tenant = $1::bigint and subscription = $2";

const DROP_LETTERS: &str = "
    with gone as (
        delete from dead_letter where tenant = $1::bigint and subscription = $2 and number <= (
            select number from dead_letter where tenant = $1::bigint and subscription = $2
            order by number desc offset $3 limit 1)
        returning 1
    )
    update subscription_queue set letters_lost = letters_lost + (select count(*) from gone)
    where tenant = $1::bigint and subscription = $2 and exists (select from gone)";

const REPLAY: &str = "
    with held as (
        select waiting from subscription_queue where tenant = $1::bigint and subscription = $2 for update
    ),
    gone as (
        delete from dead_letter where tenant = $1::bigint and subscription = $2 and number in (
            select number from dead_letter
            where tenant = $1::bigint and subscription = $2 and ($3::bigint[] is null or number = any ($3))
            order by number limit coalesce((select greatest($4 - waiting, 0) from held), 0))
        returning number, payload
    ),
    back as (
        insert into notification (tenant, subscription, number, at, payload)
        select $1::bigint, $2, number, $5::bigint, payload from gone
    )
    update subscription_queue set waiting = waiting + (select count(*) from gone), retry_at = 0,
        ready_at = case when run = 0 then $5 else ready_at end
    where tenant = $1::bigint and subscription = $2 and exists (select from gone)
    returning (select count(*) from gone)";

impl PostGis {
    /// Changes what is known of deliveries, without waiting for the disk. Should the database server die in this moment, a
    /// few notifications are delivered once more. What is to be delivered, and by whom, is on disk before anybody reads it.
    async fn note(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        let client = self.unsynced.get().await?;
        let statement = client.prepare_cached(&crate::datasets::sql::numbered(sql)).await?;
        Ok(client.execute(&statement, parameters).await?)
    }

    pub(crate) async fn claim_deliveries(
        &self,
        owner: &str,
        now: i64,
        until: i64,
        limit: i64,
        last: i64,
    ) -> Result<Vec<DeliveryClaim>> {
        let looked_at = limit.saturating_mul(SPARE);
        let rows = self.select(CLAIM, &[&now, &until, &looked_at, &last, &limit, &owner]).await?;
        let claim =
            |row: &Row| DeliveryClaim { tenant: TenantId(row.get(0)), subscription: row.get(1), run: row.get(2) };
        Ok(rows.iter().map(claim).collect())
    }

    pub(crate) async fn keep_delivery(&self, claim: &DeliveryClaim, until: i64) -> Result<bool> {
        let DeliveryClaim { tenant, subscription, run } = claim;
        Ok(self.note(sql::KEEP_DELIVERY, &[&tenant.0, subscription, run, &until]).await? == 1)
    }

    pub(crate) async fn release_delivery(&self, claim: &DeliveryClaim, now: i64) -> Result<bool> {
        let DeliveryClaim { tenant, subscription, run } = claim;
        Ok(self.note(sql::RELEASE_DELIVERY, &[&tenant.0, subscription, run, &now]).await? == 1)
    }

    pub(crate) async fn hold_delivery(&self, claim: &DeliveryClaim, until: i64) -> Result<bool> {
        let DeliveryClaim { tenant, subscription, run } = claim;
        Ok(self.note(sql::HOLD_DELIVERY, &[&tenant.0, subscription, run, &until]).await? == 1)
    }

    pub(crate) async fn next_notifications(&self, claim: &DeliveryClaim, limit: i64) -> Result<Vec<NotificationRow>> {
        let DeliveryClaim { tenant, subscription, run } = claim;
        let rows = self.select(sql::NEXT, &[&tenant.0, subscription, run, &limit, &PAYLOADS]).await?;
        let notification = |row: &Row| NotificationRow {
            number: row.get(0),
            at: row.get(1),
            attempts: row.get(2),
            error: row.get(3),
            payload: row.get(4),
            tried_at: row.get(5),
        };
        Ok(rows.iter().map(notification).collect())
    }

    pub(crate) async fn note_delivered(&self, claim: &DeliveryClaim, numbers: &[i64], at: i64) -> Result<bool> {
        let DeliveryClaim { tenant, subscription, run } = claim;
        Ok(self.note(&delivered(), &[&tenant.0, subscription, run, &numbers, &at]).await? == 1)
    }

    pub(crate) async fn note_attempt(
        &self,
        claim: &DeliveryClaim,
        number: i64,
        at: i64,
        attempt: &Attempt,
    ) -> Result<bool> {
        let DeliveryClaim { tenant, subscription, run } = claim;
        let retry_at = attempt.retry_at();
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&tenant.0, subscription, run, &number, &at, &retry_at];
        let sql = match attempt {
            Attempt::Failed { why, .. } => {
                parameters.push(why);
                failed()
            }
            Attempt::GivenUp { why, .. } => {
                parameters.push(why);
                given_up()
            }
        };
        Ok(self.note(&sql, &parameters).await? == 1)
    }

    pub(crate) async fn give_up_oldest(&self, tenant: i64, subscription: &str, at: i64, max: i64) -> Result<()> {
        self.change(GIVE_UP_OLDEST, &[&tenant, &subscription, &max, &at, &sql::TOO_MANY]).await.map(drop)
    }

    pub(crate) async fn drop_letters(&self, tenant: i64, subscription: &str, max: i64) -> Result<()> {
        self.change(DROP_LETTERS, &[&tenant, &subscription, &max]).await.map(drop)
    }

    pub(crate) async fn dead_letters(
        &self,
        tenant: i64,
        subscription: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<LetterRow>> {
        let letter = |row: &Row| LetterRow {
            number: row.get(0),
            at: row.get(1),
            attempts: row.get(2),
            given_up_at: row.get(3),
            error: row.get(4),
            payload: row.get(5),
        };
        let rows = self.select(sql::LETTERS, &[&tenant, &subscription, &after, &limit]).await?;
        Ok(rows.iter().map(letter).collect())
    }

    pub(crate) async fn replay(
        &self,
        tenant: i64,
        subscription: &str,
        numbers: Option<&[i64]>,
        at: i64,
        max: i64,
    ) -> Result<i64> {
        let rows = self.select(REPLAY, &[&tenant, &subscription, &numbers, &max, &at]).await?;
        Ok(rows.first().map_or(0, |row| row.get(0)))
    }

    pub(crate) async fn backlog(&self) -> Result<BacklogRow> {
        let client = self.client().await?;
        let statement = client.prepare_cached(sql::BACKLOG).await?;
        let row = client.query_one(&statement, &[]).await?;
        Ok(BacklogRow {
            notifications: row.get(0),
            subscriptions: row.get(1),
            ready_at: row.get(2),
            matched: (row.get(3), row.get(4)),
            matcher: row.get(5),
        })
    }
}
