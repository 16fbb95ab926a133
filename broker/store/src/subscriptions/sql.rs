//! Statements that are the same in both databases, as in [`crate::datasets::sql`]: written with SQLite's parameters, of
//! which there are at most nine.

use ngsild::subscription::Subject;

/// Why a notification is given up before it was tried for long enough.
pub(crate) const TOO_MANY: &str = "more notifications are waiting for this receiver than may wait";

/// The columns of [`EntryRow`](super::EntryRow), in its order.
const COLUMNS: &str = "cast(s.tenant as bigint), s.id, s.revision, s.since_transaction, s.since_number, s.expires_at, s.document, \
     coalesce(q.times_sent, 0), coalesce(q.times_failed, 0), q.last_notification, q.last_success, q.last_failure, \
     coalesce(q.failing, false), coalesce(q.waiting, 0), coalesce(q.letters_lost, 0), q.told_at, \
     coalesce(q.failures, 0), s.about";

const QUEUE: &str = "left join subscription_queue q on q.tenant = s.tenant and q.subscription = s.id";

pub(crate) fn one() -> String {
    format!("select {COLUMNS} from subscription s {QUEUE} where s.tenant = ?1 and s.id = ?2 and not s.deleted")
}

pub(crate) fn list() -> String {
    format!(
        "select {COLUMNS} from subscription s {QUEUE} where s.tenant = ?1 and s.id > ?2 and s.about = ?5 and not s.deleted \
         order by s.id limit ?4 offset ?3"
    )
}

pub(crate) const COUNT: &str = "select count(*) from subscription where tenant = ?1 and about = ?2 and not deleted";

/// What `about` says of subscriptions to entities, and of those to registrations.
pub(crate) const ENTITIES: i64 = 0;
pub(crate) const REGISTRATIONS: i64 = 1;

pub(crate) fn about(subject: Subject) -> i64 {
    match subject {
        Subject::Entities => ENTITIES,
        Subject::Registrations => REGISTRATIONS,
    }
}

/// ?1 is the revision seen. One statement, so that all is of one instant.
pub(crate) fn changed() -> String {
    format!(
        "select {COLUMNS}, s.deleted, r.revision, r.forgotten from subscription_revision r \
         left join (select * from subscription where revision > ?1 order by revision limit ?2) s on true \
         {QUEUE} order by s.revision"
    )
}

/// A claim that ends more than a minute after this one would is by a clock that was wrong.
pub(crate) const CLAIM_MATCHING: &str = "update matching set token = token + 1, holder = ?3, claimed_until = ?2 \
     where claimed_until <= ?1 or claimed_until > cast(?2 as bigint) + 60000000 \
     returning token, position_transaction, position_number";

pub(crate) const KEEP_MATCHING: &str = "update matching set claimed_until = ?2 where token = ?1";

/// Another token, so that the old one is worth nothing.
pub(crate) const RELEASE_MATCHING: &str =
    "update matching set claimed_until = 0, token = token + 1, holder = null where token = ?1";

pub(crate) const KEEP_DELIVERY: &str =
    "update subscription_queue set ready_at = ?4 where tenant = ?1 and subscription = ?2 and run = ?3";

/// Who changes a subscription may have repaired it: it is tried again at once.
pub(crate) const WAKE: &str = "update subscription_queue set retry_at = 0, failures = 0, \
     ready_at = case when run = 0 and waiting > 0 then 0 else ready_at end where tenant = ?1 and subscription = ?2";

pub(crate) const RELEASE_DELIVERY: &str = "update subscription_queue set run = 0, holder = null, \
     ready_at = case when waiting = 0 then null when retry_at > ?4 then retry_at else ?4 end \
     where tenant = ?1 and subscription = ?2 and run = ?3";

pub(crate) const HOLD_DELIVERY: &str = "update subscription_queue set run = 0, holder = null, retry_at = ?4, \
     ready_at = case when waiting = 0 then null else ?4 end where tenant = ?1 and subscription = ?2 and run = ?3";

/// Of the first ?4, as many as begin within ?5 characters of all before them.
pub(crate) const NEXT: &str = "select number, at, attempts, error, payload, tried_at from ( \
     select f.*, sum(length(f.payload)) over (order by f.number) - length(f.payload) as ahead from ( \
         select number, at, attempts, error, payload, tried_at from notification \
         where tenant = ?1 and subscription = ?2 and exists (select 1 from subscription_queue q \
         where q.tenant = ?1 and q.subscription = ?2 and q.run = ?3) order by number limit ?4) f) w \
     where w.ahead < ?5 order by number";

pub(crate) const LETTERS: &str = "select number, at, attempts, given_up_at, error, payload from dead_letter \
     where tenant = ?1 and subscription = ?2 and number > ?3 order by number limit ?4";

/// Of a tenant `t`: whether it holds a snapshot's data that nobody subscribes to.
pub(crate) const UNHEARD: &str =
    "(t.hidden and not exists (select 1 from subscription s where s.tenant = t.id and not s.deleted))";

pub(crate) const BACKLOG: &str = "select cast(coalesce(sum(q.waiting), 0) as bigint), count(*), min(q.ready_at), \
     (select position_transaction from matching), (select position_number from matching), \
     (select holder from matching) from subscription_queue q where q.ready_at is not null";
