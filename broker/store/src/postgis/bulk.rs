//! Many new entities at once, by COPY: what a file brings the first time.
//!
//! COPY knows no `on conflict`. So this is for groups that hold nothing but new entities, and where one of them is there
//! already the group is written by the statement that can tell which.

use std::time::{Duration, SystemTime};

use deadpool_postgres::{Object, Transaction};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::writes::{narrow, to_ewkb};
use crate::index::ValueKey;
use crate::model::{Outcome, Version};
use crate::rows::{NewRow, NumberedRows, Refused, RowWrite};

/// From how many writes on COPY is worth its round trips.
const WORTH: usize = 100;

/// A new entity with the numbers that it gets.
struct New<'w> {
    write: &'w RowWrite,
    row: &'w NewRow,
    version: i64,
    seq: i64,
}

impl New<'_> {
    fn index_rows(&self) -> Option<&NumberedRows> {
        self.write.reindex.as_ref()
    }
}

/// Whether so many rows are worth a COPY.
pub(super) fn is_worth_it(rows: usize) -> bool {
    rows >= WORTH
}

/// Whether a group is one for [`create`].
pub(super) fn suits(writes: &[RowWrite]) -> bool {
    is_worth_it(writes.len()) && writes.iter().all(|write| write.expected.is_none() && write.row.is_some())
}

/// Commits a group of new entities. `None` when one of them is there already: then nothing was written.
pub(super) async fn create(
    client: &mut Object,
    definitions: i64,
    position_base: i64,
    writes: &[RowWrite],
) -> Result<Option<Vec<Outcome>>, Refused> {
    let transaction = client.transaction().await?;
    let begun =
        transaction.prepare_cached("select version, pg_current_xact_id()::text::bigint from index_version").await?;
    let begun = transaction.query_one(&begun, &[]).await?;
    if begun.get::<_, i64>(0) != definitions {
        return Err(Refused::StaleDefinitions);
    }
    let position = begun.get::<_, i64>(1) + position_base;
    let new = numbered(&transaction, writes).await?;
    match copy(&transaction, &new, position).await {
        Ok(()) => {}
        Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let outcomes = new.iter().map(|new| Outcome::Done { version: Version(new.version), seq: new.seq }).collect();
    transaction.commit().await?;
    Ok(Some(outcomes))
}

/// Gives each write its version, and its place in the order of creation.
async fn numbered<'w>(
    transaction: &Transaction<'_>,
    writes: &'w [RowWrite],
) -> Result<Vec<New<'w>>, tokio_postgres::Error> {
    // In a query of its own the sequence's name is looked up once, not for each row.
    let sql = "select nextval('version'), nextval((select pg_get_serial_sequence('entity', 'seq')::regclass))
               from generate_series(1, $1::bigint)";
    let statement = transaction.prepare_cached(sql).await?;
    let numbers = transaction.query(&statement, &[&i64::try_from(writes.len()).unwrap_or(i64::MAX)]).await?;
    let number = |(write, numbers): (&'w RowWrite, &tokio_postgres::Row)| {
        let row = write.row.as_ref()?;
        Some(New { write, row, version: numbers.get(0), seq: numbers.get(1) })
    };
    Ok(writes.iter().zip(&numbers).filter_map(number).collect())
}

async fn copy(transaction: &Transaction<'_>, new: &[New<'_>], position: i64) -> Result<(), tokio_postgres::Error> {
    entities(transaction, new).await?;
    if new.iter().filter_map(New::index_rows).any(|rows| !rows.scopes.is_empty()) {
        scopes(transaction, new).await?;
    }
    if new.iter().filter_map(New::index_rows).any(|rows| !rows.geometries.is_empty()) {
        places(transaction, new).await?;
    }
    if new.iter().filter_map(New::index_rows).any(|rows| !rows.values.is_empty()) {
        values(transaction, new).await?;
    }
    changes(transaction, new, position).await
}

/// A COPY into columns of a table.
pub(super) async fn into(
    transaction: &Transaction<'_>,
    table: &str,
    columns: &str,
) -> Result<std::pin::Pin<Box<BinaryCopyInWriter>>, tokio_postgres::Error> {
    // The types as the table has them: PostGIS's have no number that is the same everywhere.
    let statement = transaction.prepare_cached(&format!("select {columns} from {table}")).await?;
    let types: Vec<Type> = statement.columns().iter().map(|column| column.type_().clone()).collect();
    let sink = transaction.copy_in(&format!("copy {table} ({columns}) from stdin (format binary)")).await?;
    Ok(Box::pin(BinaryCopyInWriter::new(sink, &types)))
}

async fn entities(transaction: &Transaction<'_>, new: &[New<'_>]) -> Result<(), tokio_postgres::Error> {
    let columns = "tenant, id, seq, version, types, shape, expires_at, payload";
    let mut out = into(transaction, "entity", columns).await?;
    for New { write, row, version, seq } in new {
        let (tenant, id) = (narrow(write.tenant), write.id.as_str());
        let (types, shape) = (narrow(row.types), narrow(row.shape));
        let columns: [&(dyn ToSql + Sync); 8] =
            [&tenant, &id, seq, version, &types, &shape, &row.expires_at, &row.payload];
        out.as_mut().write(&columns).await?;
    }
    out.as_mut().finish().await.map(drop)
}

async fn scopes(transaction: &Transaction<'_>, new: &[New<'_>]) -> Result<(), tokio_postgres::Error> {
    let mut out = into(transaction, "scope", "tenant, path, entity, seq").await?;
    for entity in new {
        let (tenant, id) = (narrow(entity.write.tenant), entity.write.id.as_str());
        for path in entity.index_rows().into_iter().flat_map(|rows| &rows.scopes) {
            out.as_mut().write(&[&tenant, path, &id, &entity.seq]).await?;
        }
    }
    out.as_mut().finish().await.map(drop)
}

async fn places(transaction: &Transaction<'_>, new: &[New<'_>]) -> Result<(), tokio_postgres::Error> {
    let mut out = into(transaction, "place", "tenant, attribute, entity, seq, geom").await?;
    for entity in new {
        let (tenant, id) = (narrow(entity.write.tenant), entity.write.id.as_str());
        for (attribute, geometry) in entity.index_rows().into_iter().flat_map(|rows| &rows.geometries) {
            if let Some(geometry) = to_ewkb(geometry) {
                out.as_mut().write(&[&tenant, &narrow(*attribute), &id, &entity.seq, &geometry]).await?;
            }
        }
    }
    out.as_mut().finish().await.map(drop)
}

async fn values(transaction: &Transaction<'_>, new: &[New<'_>]) -> Result<(), tokio_postgres::Error> {
    let columns = "tenant, index_id, kind, number, text, entity, seq";
    let mut out = into(transaction, "value_row", columns).await?;
    for entity in new {
        let (tenant, id) = (narrow(entity.write.tenant), entity.write.id.as_str());
        for (index, kind, key) in entity.index_rows().into_iter().flat_map(|rows| &rows.values) {
            let (number, text) = match key {
                ValueKey::Number(number) => (Some(*number), None),
                ValueKey::Text(text) => (None, Some(text.as_str())),
            };
            out.as_mut().write(&[&tenant, &narrow(*index), &kind.0, &number, &text, &id, &entity.seq]).await?;
        }
    }
    out.as_mut().finish().await.map(drop)
}

async fn changes(transaction: &Transaction<'_>, new: &[New<'_>], position: i64) -> Result<(), tokio_postgres::Error> {
    let columns = "tenant, entity, at, version, transaction, operation, change, history, time_from, time_to, marks";
    let mut out = into(transaction, "change", columns).await?;
    for New { write, version, .. } in new {
        let (tenant, id, history) = (narrow(write.tenant), write.id.as_str(), &write.history);
        let at = instant(write.at);
        let columns: [&(dyn ToSql + Sync); 11] = [
            &tenant,
            &id,
            &at,
            version,
            &position,
            &write.operation,
            &write.change,
            &history.history,
            &history.time_from,
            &history.time_to,
            &history.marks,
        ];
        out.as_mut().write(&columns).await?;
    }
    out.as_mut().finish().await.map(drop)
}

/// A time in microseconds as PostgreSQL's driver takes it.
fn instant(micros: i64) -> SystemTime {
    let distance = Duration::from_micros(micros.unsigned_abs());
    if micros < 0 { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance }
}
