//! Statements that are the same in both databases. They are written with SQLite's parameters; `?1` is always the tenant.

/// The text of a statement for PostGIS.
pub(crate) fn numbered(sql: &str) -> String {
    sql.replace("?1", "$1::bigint").replace('?', "$")
}

pub(crate) const CLAIM: &str = "insert into dataset (tenant, id, run, claimed_until) values (?1, ?2, 1, ?3) \
     on conflict (tenant, id) do update set run = dataset.run + 1, claimed_until = excluded.claimed_until \
     where dataset.claimed_until <= ?4 returning run";

pub(crate) const CLAIMED_UNTIL: &str = "select claimed_until from dataset where tenant = ?1 and id = ?2";

pub(crate) const KEEP: &str =
    "update dataset set claimed_until = ?4 where tenant = ?1 and id = ?2 and run = ?3 and claimed_until > 0";

/// Holds the claim's row; with ?4 it goes on up to then.
pub(crate) const STILL_MINE: &str = "update dataset set claimed_until = coalesce(cast(?4 as bigint), claimed_until) \
                                     where tenant = ?1 and id = ?2 and run = ?3 and claimed_until > 0";

pub(crate) const BEGIN: &str = "insert into dataset_version (tenant, dataset, number, kind, state, restores, begun_at, details) \
     select ?1, ?2, coalesce(max(number), 0) + 1, cast(?3 as text), 'publishing', cast(?4 as bigint), \
     cast(?5 as bigint), cast(?6 as text) from dataset_version where tenant = ?1 and dataset = ?2 returning number";

/// With ?4 = 1 the batch that was noted last is known to be written, and the next one begins.
pub(crate) const SETTLE: &str = "update dataset_version set settled = settled + ?4 \
                                 where tenant = ?1 and dataset = ?2 and number = ?3 returning settled";

pub(crate) const FINISH: &str = "update dataset_version set state = ?4, finished_at = ?5, details = ?6, \
                                 settled = settled + 1 where tenant = ?1 and dataset = ?2 and number = ?3";

pub(crate) const DISCARD_CHANGES: &str =
    "delete from dataset_change where tenant = ?1 and dataset = ?2 and number = ?3";

pub(crate) const DISCARD: &str = "delete from dataset_version where tenant = ?1 and dataset = ?2 and number = ?3";

pub(crate) const PENDING: &str = "select entity, document_before, document_after, pending = 2 from dataset_change \
                                  where tenant = ?1 and dataset = ?2 and number = ?3 and entity > ?4 and pending <> 0 \
                                  and batch > (select settled from dataset_version v where v.tenant = ?1 \
                                  and v.dataset = ?2 and v.number = ?3) order by entity limit ?5";

pub(crate) const SETTLE_DONE: &str = "update dataset_change set pending = 0 \
                                      where tenant = ?1 and dataset = ?2 and number = ?3 and entity = ?4";

pub(crate) const SETTLE_EARLIER: &str = "update dataset_change set pending = 0, document_after = ?5 \
                                         where tenant = ?1 and dataset = ?2 and number = ?3 and entity = ?4";

pub(crate) const SETTLE_NOT_DONE: &str = "delete from dataset_change where tenant = ?1 and dataset = ?2 and number = ?3 \
                                          and entity = ?4 returning member_before";

pub(crate) const JOIN: &str = "insert into dataset_member (tenant, dataset, entity, seen) values (?1, ?2, ?3, ?4) \
                               on conflict (tenant, dataset, entity) do update set seen = excluded.seen";

pub(crate) const LEAVE: &str = "delete from dataset_member where tenant = ?1 and dataset = ?2 and entity = ?3";

pub(crate) const ABSENT: &str = "select entity from dataset_member where tenant = ?1 and dataset = ?2 and seen <> ?3 \
                                 and entity > ?4 order by entity limit ?5";

pub(crate) const MEMBERS: &str = "select count(*) from dataset_member where tenant = ?1 and dataset = ?2";

/// The columns of a version, in the order of its row.
const VERSION: &str = "v.number, v.kind, v.state, v.restores, v.begun_at, v.finished_at, v.details";

pub(crate) fn datasets() -> String {
    format!(
        "select {VERSION}, d.id, (select count(*) from dataset_member m where m.tenant = ?1 and m.dataset = d.id) \
         from dataset d join dataset_version v on v.tenant = ?1 and v.dataset = d.id \
         where d.tenant = ?1 and d.id > ?2 and v.number = \
         (select max(n.number) from dataset_version n where n.tenant = ?1 and n.dataset = d.id) order by d.id limit ?3"
    )
}

pub(crate) fn versions() -> String {
    format!(
        "select {VERSION} from dataset_version v where v.tenant = ?1 and v.dataset = ?2 and v.number < ?3 \
         order by v.number desc limit ?4"
    )
}

/// The entities that versions after ?3 up to ?4 touched.
const TOUCHED: &str = "(select distinct entity from dataset_change where tenant = ?1 and dataset = ?2 \
                       and number > ?3 and number <= ?4 and entity > ?5 order by entity limit ?6) t";

/// Entity, and its document as of the versions ?3 and ?4.
pub(crate) fn differences() -> String {
    let as_of = |number: &str| {
        format!(
            "(select case when c.member_after then c.document_after end from dataset_change c \
             where c.tenant = ?1 and c.dataset = ?2 and c.entity = t.entity and c.number <= {number} \
             order by c.number desc limit 1)"
        )
    };
    format!("select t.entity, {}, {} from {TOUCHED} order by t.entity", as_of("?3"), as_of("?4"))
}

/// Entity, what was there before the first version after ?3, and what version ?4 and those before it left.
///
/// Each column is looked up by itself: with joins a database whose statistics are of an emptier table compares every change
/// with every other.
pub(crate) fn reversals() -> String {
    let of = |column: &str, order: &str| {
        format!(
            "(select n.{column} from dataset_change n where n.tenant = ?1 and n.dataset = ?2 and n.entity = t.entity \
             and n.number > ?3 and n.number <= ?4 order by n.number {order} limit 1)"
        )
    };
    let (document_before, member_before) = (of("document_before", "asc"), of("member_before", "asc"));
    let (document_after, member_after) = (of("document_after", "desc"), of("member_after", "desc"));
    format!(
        "select t.entity, {document_before}, {member_before}, {document_after}, {member_after} from {TOUCHED} \
         order by t.entity"
    )
}
