//! History in SQLite.

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{Sqlite, Writer};
use crate::error::Result;
use crate::history::{AmendRow, FORGOTTEN, HistoryPlace, HistoryRange, HistoryRow, Places, select};
use crate::history::{former, marked, single};
use crate::sql::Dialect;

const PLACES: Places =
    Places { tenant: "?1", entity: "?2", from: "?3", before: "?4", time: "?5", version: "?6", limit: "?7" };
/// How many old records are removed in one commit.
const BATCH: i64 = 10_000;

fn history_row(row: &Row<'_>, start: usize) -> rusqlite::Result<HistoryRow> {
    Ok(HistoryRow {
        version: row.get(start)?,
        at: row.get(start + 1)?,
        operation: row.get(start + 2)?,
        time_from: row.get(start + 3)?,
        time_to: row.get(start + 4)?,
        marks: row.get(start + 5)?,
        change: row.get(start + 6)?,
        history: row.get(start + 7)?,
    })
}

fn read_one(
    connection: &Connection,
    sql: &str,
    tenant: i64,
    start: &(String, HistoryPlace),
    range: &HistoryRange,
) -> Result<Vec<HistoryRow>> {
    let (entity, place) = start;
    let (span, limit) = (range.span, i64::try_from(range.limit).unwrap_or(i64::MAX));
    let mut statement = connection.prepare_cached(sql)?;
    let given = params![tenant, entity, span.from, span.before, place.time, place.version, limit];
    let rows = statement.query_map(given, |row| history_row(row, 0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

impl Sqlite {
    pub(crate) async fn history(
        &self,
        tenant: i64,
        starts: Vec<(String, HistoryPlace)>,
        range: HistoryRange,
    ) -> Result<Vec<Vec<HistoryRow>>> {
        self.read(move |connection| {
            let sql = select(Dialect::Sqlite, range.span.clock, range.descending, &PLACES);
            starts.iter().map(|start| read_one(connection, &sql, tenant, start, &range)).collect()
        })
        .await
    }

    pub(crate) async fn marked_history(
        &self,
        tenant: i64,
        id: String,
        mark: i16,
        limit: i64,
    ) -> Result<Vec<HistoryRow>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&marked(Dialect::Sqlite, ["?1", "?2", "?3", "?4"]))?;
            let rows = statement.query_map(params![tenant, id, mark, limit], |row| history_row(row, 0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    pub(crate) async fn history_record(&self, tenant: i64, id: String, version: i64) -> Result<Option<HistoryRow>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&single(Dialect::Sqlite, ["?1", "?2", "?3"]))?;
            Ok(statement.query_row(params![tenant, id, version], |row| history_row(row, 0)).optional()?)
        })
        .await
    }

    pub(crate) async fn former_entities(
        &self,
        tenant: i64,
        after: String,
        limit: i64,
    ) -> Result<Vec<(String, HistoryRow)>> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(&former(Dialect::Sqlite, ["?1", "?2", "?3"]))?;
            let rows =
                statement.query_map(params![tenant, after, limit], |row| Ok((row.get(0)?, history_row(row, 1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}

impl Writer {
    /// Changes what records tell, if all of them still hold what the caller saw.
    pub(crate) fn amend_history(&mut self, tenant: i64, id: &str, rows: &[AmendRow]) -> Result<bool> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for AmendRow { version, seen, columns } in rows {
            let sql = "update change set history = ?5, time_from = ?6, time_to = ?7, marks = ?8 \
                       where tenant = ?1 and entity = ?2 and version = ?3 and history is ?4";
            let changed = transaction.prepare_cached(sql)?.execute(params![
                tenant,
                id,
                version,
                seen,
                columns.history,
                columns.time_from,
                columns.time_to,
                columns.marks
            ])?;
            if changed == 0 {
                return Ok(false);
            }
        }
        transaction.commit()?;
        Ok(true)
    }

    /// Forgets the history of an entity. Whether there was any.
    pub(crate) fn forget_history(&mut self, tenant: i64, id: &str) -> Result<bool> {
        let sql = "update change set history = ?3, marks = 0 where tenant = ?1 and entity = ?2 and history is not ?3";
        Ok(self.connection.execute(sql, params![tenant, id, FORGOTTEN])? > 0)
    }

    /// Removes the oldest records that were made before an instant, but none that is yet to be matched with subscriptions.
    /// Whether there may be more.
    pub(crate) fn drop_history_before(&mut self, before: i64) -> Result<bool> {
        let sql = "delete from change where at < ?1 \
                   and position in (select position from change order by position limit ?2) \
                   and (position <= (select position_number from matching) \
                        or not exists (select 1 from subscription where not deleted))";
        let removed = self.connection.execute(sql, params![before, BATCH])?;
        Ok(i64::try_from(removed) == Ok(BATCH))
    }
}
