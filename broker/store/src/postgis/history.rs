//! History in PostGIS.

use tokio_postgres::Row;

use super::PostGis;
use crate::error::Result;
use crate::history::{AmendRow, FORGOTTEN, HistoryPlace, HistoryRange, HistoryRow, Places, select};
use crate::history::{former, marked, order, single};
use crate::sql::Dialect;

const PLACES: Places = Places {
    tenant: "$1::bigint",
    entity: "i.id",
    from: "$5::bigint",
    before: "$6::bigint",
    time: "i.time",
    version: "i.version",
    limit: "$7::bigint",
};
/// What timestamps can hold: from year 1 to year 9999.
const INSTANTS: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_000_000;

fn history_row(row: &Row, start: usize) -> HistoryRow {
    HistoryRow {
        version: row.get(start),
        at: row.get(start + 1),
        operation: row.get(start + 2),
        time_from: row.get(start + 3),
        time_to: row.get(start + 4),
        marks: row.get(start + 5),
        change: row.get(start + 6),
        history: row.get(start + 7),
    }
}

/// What is yet to be matched with subscriptions.
const UNMATCHED: &str = "exists (select from subscription where not deleted) and \
     (transaction, version) > (select position_transaction, position_number from matching)";

impl PostGis {
    pub(crate) async fn history(
        &self,
        tenant: i64,
        starts: &[(String, HistoryPlace)],
        range: &HistoryRange,
    ) -> Result<Vec<Vec<HistoryRow>>> {
        let (clock, descending) = (range.span.clock, range.descending);
        let sql = format!(
            "select i.ord, c.* from unnest($2::text[], $3::bigint[], $4::bigint[]) with ordinality \
             as i (id, time, version, ord) cross join lateral ({}) c order by i.ord, {}",
            select(Dialect::PostGis, clock, descending, &PLACES),
            order(clock, descending)
        );
        let ids: Vec<&str> = starts.iter().map(|(id, _)| id.as_str()).collect();
        let times: Vec<i64> = starts.iter().map(|(_, place)| place.time).collect();
        let versions: Vec<i64> = starts.iter().map(|(_, place)| place.version).collect();
        let instant = |micros: i64| micros.clamp(*INSTANTS.start(), *INSTANTS.end());
        let (from, before) = (instant(range.span.from), instant(range.span.before));
        let limit = i64::try_from(range.limit).unwrap_or(i64::MAX);
        let client = self.client().await?;
        let statement = client.prepare_cached(&sql).await?;
        let rows = client.query(&statement, &[&tenant, &ids, &times, &versions, &from, &before, &limit]).await?;
        let mut found: Vec<Vec<HistoryRow>> = starts.iter().map(|_| Vec::new()).collect();
        for row in &rows {
            let ord: i64 = row.get(0);
            if let Some(records) = usize::try_from(ord - 1).ok().and_then(|at| found.get_mut(at)) {
                records.push(history_row(row, 1));
            }
        }
        Ok(found)
    }

    pub(crate) async fn marked_history(&self, tenant: i64, id: &str, mark: i16, limit: i64) -> Result<Vec<HistoryRow>> {
        let client = self.client().await?;
        let sql = marked(Dialect::PostGis, ["$1::bigint", "$2", "$3", "$4"]);
        let statement = client.prepare_cached(&sql).await?;
        let rows = client.query(&statement, &[&tenant, &id, &mark, &limit]).await?;
        Ok(rows.iter().map(|row| history_row(row, 0)).collect())
    }

    pub(crate) async fn history_record(&self, tenant: i64, id: &str, version: i64) -> Result<Option<HistoryRow>> {
        let client = self.client().await?;
        let statement = client.prepare_cached(&single(Dialect::PostGis, ["$1::bigint", "$2", "$3"])).await?;
        Ok(client.query_opt(&statement, &[&tenant, &id, &version]).await?.map(|row| history_row(&row, 0)))
    }

    pub(crate) async fn former_entities(
        &self,
        tenant: i64,
        after: &str,
        limit: i64,
    ) -> Result<Vec<(String, HistoryRow)>> {
        let client = self.client().await?;
        let statement = client.prepare_cached(&former(Dialect::PostGis, ["$1::bigint", "$2", "$3"])).await?;
        let rows = client.query(&statement, &[&tenant, &after, &limit]).await?;
        Ok(rows.iter().map(|row| (row.get(0), history_row(row, 1))).collect())
    }

    /// Changes what records tell, if all of them still hold what the caller saw.
    pub(crate) async fn amend_history(&self, tenant: i64, id: &str, rows: &[AmendRow]) -> Result<bool> {
        let sql =
            "update change c set history = i.history, time_from = i.time_from, time_to = i.time_to, marks = i.marks
                   from unnest($3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::smallint[])
                        as i (version, seen, history, time_from, time_to, marks)
                   where c.tenant = $1::bigint and c.entity = $2 and c.version = i.version
                     and c.history is not distinct from i.seen";
        let versions: Vec<i64> = rows.iter().map(|row| row.version).collect();
        let seen: Vec<Option<&str>> = rows.iter().map(|row| row.seen.as_deref()).collect();
        let histories: Vec<Option<&str>> = rows.iter().map(|row| row.columns.history.as_deref()).collect();
        let from: Vec<i64> = rows.iter().map(|row| row.columns.time_from).collect();
        let to: Vec<i64> = rows.iter().map(|row| row.columns.time_to).collect();
        let marks: Vec<i16> = rows.iter().map(|row| row.columns.marks).collect();
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        let statement = transaction.prepare_cached(sql).await?;
        let changed =
            transaction.execute(&statement, &[&tenant, &id, &versions, &seen, &histories, &from, &to, &marks]).await?;
        if changed != rows.len() as u64 {
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Forgets the history of an entity. Whether there was any.
    pub(crate) async fn forget_history(&self, tenant: i64, id: &str) -> Result<bool> {
        let sql = "update change set history = $3, marks = 0
                   where tenant = $1::bigint and entity = $2 and history is distinct from $3";
        let client = self.client().await?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.execute(&statement, &[&tenant, &id, &FORGOTTEN]).await? > 0)
    }

    /// Removes the records that were made before an instant: whole months at once, the rest one by one.
    pub(crate) async fn drop_history_before(&self, before: i64) -> Result<()> {
        let client = self.client().await?;
        let before = before.clamp(*INSTANTS.start(), *INSTANTS.end());
        // A partition is a month (see the migrations): its name says which.
        let sql = "select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
                   where i.inhparent = 'change'::regclass and c.relname ~ '^change_[0-9]{4}_[0-9]{2}$'
                     and (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC'
                         <= timestamptz 'epoch' + $1::bigint * interval '1 microsecond'";
        for row in client.query(sql, &[&before]).await? {
            let partition: String = row.get(0);
            let sql = format!("select exists (select from {partition} where {UNMATCHED})");
            if client.query_one(&sql, &[]).await?.get(0) {
                continue;
            }
            client.batch_execute(&format!("drop table {partition}")).await?;
        }
        let sql = format!(
            "delete from change where at < timestamptz 'epoch' + $1::bigint * interval '1 microsecond' and not ({UNMATCHED})"
        );
        client.execute(&sql, &[&before]).await?;
        Ok(())
    }
}
