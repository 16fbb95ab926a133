//! The statements that read records by time.

use ngsild::temporal::Clock;

use crate::sql::Dialect;

/// How a statement names what it is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    pub(crate) tenant: &'static str,
    pub(crate) entity: &'static str,
    pub(crate) from: &'static str,
    pub(crate) before: &'static str,
    pub(crate) time: &'static str,
    pub(crate) version: &'static str,
    pub(crate) limit: &'static str,
}

/// The columns of a [`HistoryRow`](super::HistoryRow), in its order.
pub(crate) fn columns(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "c.version, c.at, c.operation, c.time_from, c.time_to, c.marks, c.change, c.history",
        Dialect::PostGis => {
            "c.version, (extract(epoch from c.at) * 1000000)::bigint as at, c.operation, c.time_from, c.time_to, c.marks, \
             c.change, c.history"
        }
    }
}

/// Whether a record has not been forgotten.
pub(crate) fn known(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "c.history is not ''",
        Dialect::PostGis => "c.history is distinct from ''",
    }
}

/// The records of one entity in a span, after a place, in order.
pub(crate) fn select(dialect: Dialect, clock: Clock, descending: bool, places: &Places) -> String {
    let Places { tenant, entity, from, before, time, version, limit } = places;
    let (columns, known) = (columns(dialect), known(dialect));
    let start = format!("select {columns} from change c where c.tenant = {tenant} and c.entity = {entity} and {known}");
    match (clock, descending) {
        (Clock::Recorded, _) => {
            let (sign, order) = if descending { ("<", " desc") } else { (">", "") };
            let instant = |micros: &str| match dialect {
                Dialect::Sqlite => micros.to_owned(),
                Dialect::PostGis => format!("timestamptz 'epoch' + {micros} * interval '1 microsecond'"),
            };
            format!(
                "{start} and c.at >= {} and c.at < {} and c.version {sign} {version} \
                 order by c.version{order} limit {limit}",
                instant(from),
                instant(before)
            )
        }
        (Clock::Observed, true) => format!(
            "{start} and c.time_to >= {from} and c.time_from < {before} and (c.time_to, c.version) < ({time}, {version}) \
             order by c.time_to desc, c.version desc limit {limit}"
        ),
        // Nearly all records are about one instant; an index of their own finds those that are not by their start.
        (Clock::Observed, false) => format!(
            "select * from (select * from ({start} and c.time_from = c.time_to and c.time_to >= {from} and \
             c.time_to < {before} and (c.time_to, c.version) > ({time}, {version}) \
             order by c.time_to, c.version limit {limit}) a \
             union all select * from ({start} and c.time_from < c.time_to and c.time_to >= {from} and \
             c.time_from < {before} and (c.time_from, c.version) > ({time}, {version}) \
             order by c.time_from, c.version limit {limit}) b) c order by c.time_from, c.version limit {limit}"
        ),
    }
}

/// How [`select`] orders, for a statement around it.
pub(crate) fn order(clock: Clock, descending: bool) -> &'static str {
    match (clock, descending) {
        (Clock::Recorded, false) => "c.version",
        (Clock::Recorded, true) => "c.version desc",
        (Clock::Observed, false) => "c.time_from, c.version",
        (Clock::Observed, true) => "c.time_to desc, c.version desc",
    }
}

/// The records that have a mark, the earliest first.
pub(crate) fn marked(dialect: Dialect, places: [&str; 4]) -> String {
    let [tenant, entity, mark, limit] = places;
    let (columns, known) = (columns(dialect), known(dialect));
    format!(
        "select {columns} from change c where c.tenant = {tenant} and c.entity = {entity} and c.marks > 0 \
         and (c.marks & {mark}) <> 0 and {known} order by c.version limit {limit}"
    )
}

/// One record.
pub(crate) fn single(dialect: Dialect, places: [&str; 3]) -> String {
    let [tenant, entity, version] = places;
    let (columns, known) = (columns(dialect), known(dialect));
    format!(
        "select {columns} from change c where c.tenant = {tenant} and c.entity = {entity} and c.version = {version} and {known}"
    )
}

/// The last deletions of entities that are not there, by id.
pub(crate) fn former(dialect: Dialect, places: [&str; 3]) -> String {
    let [tenant, after, limit] = places;
    let (columns, known) = (columns(dialect), known(dialect));
    let known_later = known.replace("c.", "d.");
    format!(
        "select c.entity, {columns} from change c where c.tenant = {tenant} and c.operation = 'deleted' \
         and c.entity > {after} and {known} \
         and not exists (select 1 from entity e where e.tenant = c.tenant and e.id = c.entity) \
         and not exists (select 1 from change d where d.tenant = c.tenant and d.entity = c.entity \
             and d.operation = 'deleted' and d.version > c.version and {known_later}) \
         order by c.entity limit {limit}"
    )
}
