//! Subscriptions in PostGIS, and who matches changes with them.
//!
//! Every change of a subscription updates the one row of `subscription_revision` first, so that revisions become visible in
//! their order. Whoever changes what waits for a receiver holds the row of its queue first.

use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::PostGis;
use crate::error::Result;
use crate::model::Position;
use crate::subscriptions::{ChangedRows, EntryRow, MatchingRow, NewNotification, NewSubscription, Overfull, sql};

const ADD: &str = "
    with moved as (update subscription_revision set revision = revision + 1 returning revision),
    added as (
        insert into subscription
            (tenant, id, revision, since_transaction, since_number, expires_at, document, context, about)
        select $1::bigint, $2, revision, pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1 + $5,
               9223372036854775807, $3, $4, $6, $7
        from moved
        on conflict (tenant, id) do update set
            revision = excluded.revision, deleted = false, since_transaction = excluded.since_transaction,
            since_number = excluded.since_number, expires_at = excluded.expires_at, document = excluded.document,
            context = excluded.context, about = excluded.about
        where subscription.deleted
        returning 1
    )
    insert into subscription_queue (tenant, subscription) select $1::bigint, $2 from added";

/// Who changes a subscription may have repaired it: it is tried again at once.
const UPDATE: &str = "
    with moved as (update subscription_revision set revision = revision + 1 returning revision),
    changed as (
        update subscription s set revision = m.revision, expires_at = $4, document = $5, context = $6 from moved m
        where s.tenant = $1::bigint and s.id = $2 and ($3::bigint is null or s.revision = $3) and s.about = $7
              and not s.deleted
        returning 1
    )
    update subscription_queue set retry_at = 0, failures = 0,
        ready_at = case when run = 0 and waiting > 0 then 0 else ready_at end
    where tenant = $1::bigint and subscription = $2 and exists (select from changed)";

const DELETE: &str = "
    with moved as (update subscription_revision set revision = revision + 1 returning revision),
    gone as (
        update subscription s set revision = m.revision, deleted = true, document = '', context = null from moved m
        where s.tenant = $1::bigint and s.id = $2 and s.about = $3 and not s.deleted returning s.revision
    ),
    emptied as (
        delete from subscription_queue where tenant = $1::bigint and subscription = $2 and exists (select from gone)
    )
    select revision from gone";

/// In a statement of its own, after the queue is gone: it sees what was noted up to then.
const DELETE_WAITING: &str = "
    with gone as (delete from notification where tenant = $1::bigint and subscription = $2)
    delete from dead_letter where tenant = $1::bigint and subscription = $2";

/// Revisions are each subscription's own: whoever follows them reads page by page.
const DELETE_ALL: &str = "
    with living as (
        select id, row_number() over () as place from subscription where tenant = $1::bigint and not deleted
    ),
    moved as (
        update subscription_revision set revision = revision + (select count(*) from living)
        where exists (select from living)
        returning revision - (select count(*) from living) as before
    ),
    gone as (
        update subscription s set revision = m.before + l.place, deleted = true, document = '', context = null
        from moved m cross join living l
        where s.tenant = $1::bigint and s.id = l.id and not s.deleted
        returning s.id
    ),
    emptied as (delete from subscription_queue where tenant = $1::bigint)
    select count(*) from gone";

const FORGET: &str = "
    with gone as (delete from subscription where deleted and revision <= $1 returning revision)
    update subscription_revision set forgotten = greatest(forgotten, (select max(revision) from gone))
    where exists (select from gone)";

/// That the matching is the caller's, and how far it is now.
const MATCHED: &str = "
        update matching set claimed_until = $8,
            position_transaction = case when (position_transaction, position_number) < ($9, $10) then $9
                                   else position_transaction end,
            position_number = case when (position_transaction, position_number) < ($9, $10) then $10
                              else position_number end
        where token = $7 returning 1";

/// A row if `mine` has one, and the queues that hold too much. What is to be noted goes along in arrays: a join of two lists
/// of unknown length would cost their product.
fn note(mine: &str) -> String {
    format!(
        "with mine as ({mine}),
        counted as (
            select tenant, subscription, count(*) as count, min(at) as first_at, max(of) as told_at,
                   array_agg(at order by place) as ats, array_agg(payload order by place) as payloads
            from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::bigint[])
                 with ordinality as n (tenant, subscription, at, payload, of, place)
            group by 1, 2
        ),
        queued as (
            update subscription_queue q set
                next_number = q.next_number + c.count, waiting = q.waiting + c.count,
                ready_at = coalesce(q.ready_at, greatest(c.first_at, q.retry_at)),
                 told_at = greatest(q.told_at, c.told_at)
            from counted c
            where q.tenant = c.tenant and q.subscription = c.subscription and exists (select from mine)
            returning q.tenant, q.subscription, q.next_number - c.count as before, q.waiting, c.ats, c.payloads
        ),
        noted as (
            insert into notification (tenant, subscription, number, at, payload)
            select q.tenant, q.subscription, q.before + n.place - 1, n.at, n.payload
            from queued q cross join lateral unnest(q.ats, q.payloads) with ordinality as n (at, payload, place)
        )
        select o.tenant::bigint, o.subscription from mine left join queued o on o.waiting > $6"
    )
}

/// What is to be noted, as arrays.
struct Noted<'n> {
    tenants: Vec<i64>,
    subscriptions: Vec<&'n str>,
    at: Vec<i64>,
    payloads: Vec<&'n str>,
    of: Vec<i64>,
}

impl<'n> Noted<'n> {
    fn of(new: &'n [NewNotification]) -> Self {
        Self {
            tenants: new.iter().map(|new| new.tenant.0).collect(),
            subscriptions: new.iter().map(|new| new.subscription.as_str()).collect(),
            at: new.iter().map(|new| new.at.micros()).collect(),
            payloads: new.iter().map(|new| new.payload.as_str()).collect(),
            of: new.iter().map(|new| new.of.micros()).collect(),
        }
    }

    fn parameters(&self) -> [&(dyn ToSql + Sync); 5] {
        [&self.tenants, &self.subscriptions, &self.at, &self.payloads, &self.of]
    }
}

fn overfull(rows: &[Row]) -> Vec<Overfull> {
    let overfull = |row: &Row| row.get::<_, Option<i64>>(0).map(|tenant| Overfull { tenant, subscription: row.get(1) });
    rows.iter().filter_map(overfull).collect()
}

/// Lets notifications wait. Where more than `max` wait now.
pub(super) async fn note_in(transaction: &Transaction<'_>, new: &[NewNotification], max: i64) -> Result<Vec<Overfull>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let noted = Noted::of(new);
    let mut parameters = noted.parameters().to_vec();
    parameters.push(&max);
    let statement = transaction.prepare_cached(&note("select 1")).await?;
    Ok(overfull(&transaction.query(&statement, &parameters).await?))
}

/// Adds a subscription. Whether there was none with its id.
pub(super) async fn add_in(
    transaction: &Transaction<'_>,
    tenant: i64,
    about: i64,
    new: &NewSubscription,
    position_base: i64,
) -> Result<bool> {
    let expires_at = new.expires_at.map(ngsild::DateTime::micros);
    let parameters: [&(dyn ToSql + Sync); 7] =
        [&tenant, &new.id, &expires_at, &new.document, &position_base, &new.context, &about];
    let statement = transaction.prepare_cached(ADD).await?;
    Ok(transaction.execute(&statement, &parameters).await? == 1)
}

/// Changes a subscription, if it is as it was `seen`. Whether it was.
pub(super) async fn update_in(
    transaction: &Transaction<'_>,
    tenant: i64,
    about: i64,
    seen: Option<i64>,
    new: &NewSubscription,
) -> Result<bool> {
    let expires_at = new.expires_at.map(ngsild::DateTime::micros);
    let statement = transaction.prepare_cached(UPDATE).await?;
    let parameters: [&(dyn ToSql + Sync); 7] =
        [&tenant, &new.id, &seen, &expires_at, &new.document, &new.context, &about];
    Ok(transaction.execute(&statement, &parameters).await? == 1)
}

/// Removes a subscription with everything that waits. Whether there was one.
pub(super) async fn delete_in(
    transaction: &Transaction<'_>,
    tenant: i64,
    about: i64,
    id: &str,
    told: i64,
) -> Result<bool> {
    let statement = transaction.prepare_cached(DELETE).await?;
    let Some(gone) = transaction.query_opt(&statement, &[&tenant, &id, &about]).await? else { return Ok(false) };
    let statement = transaction.prepare_cached(DELETE_WAITING).await?;
    transaction.execute(&statement, &[&tenant, &id]).await?;
    let statement = transaction.prepare_cached(FORGET).await?;
    transaction.execute(&statement, &[&gone.get::<_, i64>(0).saturating_sub(told)]).await?;
    Ok(true)
}

/// Removes all subscriptions of a tenant, so that nothing is delivered any more; what waits for their receivers is left to
/// be removed. How many there were.
pub(super) async fn delete_all_in(transaction: &Transaction<'_>, tenant: i64) -> Result<usize> {
    let statement = transaction.prepare_cached(DELETE_ALL).await?;
    let gone: i64 = transaction.query_one(&statement, &[&tenant]).await?.get(0);
    Ok(usize::try_from(gone).unwrap_or(usize::MAX))
}

/// Of the deletions so far, only the last `told` are told one by one from now on.
pub(super) async fn forget_all_but_in(transaction: &Transaction<'_>, told: i64) -> Result<()> {
    let revision: i64 = transaction.query_one("select revision from subscription_revision", &[]).await?.get(0);
    transaction.execute(FORGET, &[&revision.saturating_sub(told)]).await?;
    Ok(())
}

/// The columns of an entry are the first ones.
fn entry(row: &Row) -> EntryRow {
    EntryRow {
        tenant: row.get(0),
        id: row.get(1),
        revision: row.get(2),
        since: (row.get(3), row.get(4)),
        expires_at: row.get(5),
        document: row.get(6),
        times_sent: row.get(7),
        times_failed: row.get(8),
        last_notification: row.get(9),
        last_success: row.get(10),
        last_failure: row.get(11),
        failing: row.get(12),
        waiting: row.get(13),
        letters_lost: row.get(14),
        told_at: row.get(15),
        failures: row.get(16),
        about: row.get(17),
    }
}

impl PostGis {
    pub(super) async fn change(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        let client = self.client().await?;
        let statement = client.prepare_cached(&crate::datasets::sql::numbered(sql)).await?;
        Ok(client.execute(&statement, parameters).await?)
    }

    pub(crate) async fn add_subscription(&self, tenant: i64, new: &NewSubscription) -> Result<bool> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let added = add_in(&transaction, tenant, sql::ENTITIES, new, self.position_base).await?;
        transaction.commit().await?;
        Ok(added)
    }

    pub(crate) async fn subscription(&self, tenant: i64, id: &str) -> Result<Option<EntryRow>> {
        Ok(self.select(&sql::one(), &[&tenant, &id]).await?.first().map(entry))
    }

    pub(crate) async fn subscriptions(
        &self,
        tenant: i64,
        about: i64,
        after: &str,
        offset: i64,
        limit: i64,
    ) -> Result<Vec<EntryRow>> {
        Ok(self.select(&sql::list(), &[&tenant, &after, &offset, &limit, &about]).await?.iter().map(entry).collect())
    }

    pub(crate) async fn count_subscriptions(&self, tenant: i64, about: i64) -> Result<i64> {
        Ok(self.select(sql::COUNT, &[&tenant, &about]).await?.first().map_or(0, |row| row.get(0)))
    }

    pub(crate) async fn update_subscription(&self, tenant: i64, seen: i64, new: &NewSubscription) -> Result<bool> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let changed = update_in(&transaction, tenant, sql::ENTITIES, Some(seen), new).await?;
        if changed {
            transaction.commit().await?;
        }
        Ok(changed)
    }

    pub(crate) async fn delete_subscription(&self, tenant: i64, id: &str, told: i64) -> Result<bool> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let gone = delete_in(&transaction, tenant, sql::ENTITIES, id, told).await?;
        if gone {
            transaction.commit().await?;
        }
        Ok(gone)
    }

    pub(crate) async fn changed_subscriptions(&self, after: i64, limit: i64) -> Result<ChangedRows> {
        let mut changed = ChangedRows::default();
        for row in self.select(&sql::changed(), &[&after, &limit]).await? {
            (changed.revision, changed.forgotten) = (row.get(19), row.get(20));
            // One row without a subscription, where none has changed.
            if let Some(deleted) = row.get(18) {
                changed.entries.push((entry(&row), deleted));
            }
        }
        Ok(changed)
    }

    pub(crate) async fn claim_matching(&self, owner: &str, now: i64, until: i64) -> Result<Option<MatchingRow>> {
        let rows = self.select(sql::CLAIM_MATCHING, &[&now, &until, &owner]).await?;
        Ok(rows.first().map(|row| MatchingRow { token: row.get(0), position: (row.get(1), row.get(2)) }))
    }

    pub(crate) async fn keep_matching(&self, token: i64, until: i64) -> Result<bool> {
        Ok(self.change(sql::KEEP_MATCHING, &[&token, &until]).await? == 1)
    }

    pub(crate) async fn release_matching(&self, token: i64) -> Result<bool> {
        Ok(self.change(sql::RELEASE_MATCHING, &[&token]).await? == 1)
    }

    pub(crate) async fn note_notifications(
        &self,
        token: i64,
        up_to: Position,
        new: &[NewNotification],
        until: i64,
        max: i64,
    ) -> Result<Option<Vec<Overfull>>> {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let (transaction, position) = (number(up_to.transaction), number(up_to.number));
        let noted = Noted::of(new);
        let mine: [&(dyn ToSql + Sync); 5] = [&max, &token, &until, &transaction, &position];
        let mut parameters = noted.parameters().to_vec();
        parameters.extend(mine);
        let rows = self.select(&note(MATCHED), &parameters).await?;
        Ok((!rows.is_empty()).then(|| overfull(&rows)))
    }
}
