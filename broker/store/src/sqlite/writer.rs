//! The writer thread: takes all writes that wait, commits them together, answers each.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::error::{Result, StoreError};
use crate::index::{Shape, ValueKey};
use crate::model::{Outcome, Version};
use crate::rows::{Backfill, NumberedRows, Refused, RowWrite};

/// The one connection that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(super) connection: Connection,
}

impl Writer {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection }
    }

    /// Does something whose commits need not wait for the disk.
    pub(crate) fn unsynced<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.connection.pragma_update(None, "synchronous", "normal")?;
        let outcome = work(self);
        self.connection.pragma_update(None, "synchronous", "full")?;
        outcome
    }

    /// Commits a group of writes in one transaction.
    pub(crate) fn write(&mut self, definitions: i64, writes: &[RowWrite]) -> Result<Vec<Outcome>, Refused> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let known: i64 = transaction.query_row("select version from index_version", [], |row| row.get(0))?;
        if known != definitions {
            return Err(Refused::StaleDefinitions);
        }
        let mut version: i64 = transaction
            .prepare_cached("select value from counter where name = 'version'")?
            .query_row([], |row| row.get(0))?;
        let mut outcomes = Vec::with_capacity(writes.len());
        for write in writes {
            outcomes.push(match apply(&transaction, write, version + 1)? {
                Some(seq) => {
                    version += 1;
                    Outcome::Done { version: Version(version), seq }
                }
                None => Outcome::Conflict,
            });
        }
        transaction.prepare_cached("update counter set value = ?1 where name = 'version'")?.execute([version])?;
        transaction.commit()?;
        Ok(outcomes)
    }

    /// The number of a tenant, made if it is new.
    pub(crate) fn create_tenant(&mut self, name: &str) -> Result<i64> {
        self.connection.execute("insert into tenant (name) values (?1) on conflict do nothing", [name])?;
        Ok(self.connection.query_row("select id from tenant where name = ?1", [name], |row| row.get(0))?)
    }

    /// The numbers of names, made if they are new.
    pub(crate) fn intern_terms(&mut self, iris: &[String]) -> Result<Vec<i64>> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let numbers = iris.iter().map(|iri| term(&transaction, iri)).collect::<Result<_>>()?;
        transaction.commit()?;
        Ok(numbers)
    }

    /// The numbers of a shape and its set of types, made if they are new.
    pub(crate) fn intern_shape(&mut self, shape: &Shape) -> Result<(i64, i64)> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let (type_set, new) = intern(&transaction, "type_set", &shape.types_key())?;
        if new {
            for name in &shape.types {
                let member = term(&transaction, name.as_str())?;
                transaction.execute("insert into type_member (term, type_set) values (?1, ?2)", [member, type_set])?;
            }
        }
        let (number, new) = intern(&transaction, "shape", &shape.key())?;
        if new {
            for (name, _) in &shape.attributes {
                let attribute = term(&transaction, name.as_str())?;
                let sql = "insert into shape_attribute (term, shape) values (?1, ?2) on conflict do nothing";
                transaction.execute(sql, [attribute, number])?;
            }
        }
        transaction.commit()?;
        Ok((type_set, number))
    }

    /// Adds a value index that is not ready yet; `None` when there is one over this path already.
    pub(crate) fn add_index(&mut self, path: &str, origin: &str) -> Result<Option<i64>> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let sql = "insert into value_index (path, origin) values (?1, ?2) on conflict do nothing returning id";
        let id: Option<i64> = transaction.query_row(sql, [path, origin], |row| row.get(0)).optional()?;
        if id.is_some() {
            transaction.execute("update index_version set version = version + 1", [])?;
        }
        transaction.commit()?;
        Ok(id)
    }

    /// Marks a value index as complete, or as no longer to be used.
    pub(crate) fn set_index_ready(&mut self, id: i64, ready: bool) -> Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("update value_index set ready = ?2 where id = ?1", params![id, ready])?;
        transaction.execute("update index_version set version = version + 1", [])?;
        transaction.commit()?;
        Ok(())
    }

    /// Removes a value index and its rows.
    pub(crate) fn drop_index(&mut self, id: i64) -> Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("delete from value_index where id = ?1", [id])?;
        transaction.execute("delete from value_row where index_id = ?1", [id])?;
        transaction.execute("update index_version set version = version + 1", [])?;
        transaction.commit()?;
        Ok(())
    }

    /// Writes the rows of one value index for entities that are still at the version seen. The version moves, so that
    /// a write that started before sees a conflict and works its index rows out again.
    pub(crate) fn backfill(&mut self, index: i64, entities: &[Backfill]) -> Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut version: i64 =
            transaction.query_row("select value from counter where name = 'version'", [], |row| row.get(0))?;
        for entity in entities {
            let sql = "update entity set version = ?1 where seq = ?2 and version = ?3";
            if transaction.prepare_cached(sql)?.execute([version + 1, entity.seq, entity.seen])? == 1 {
                version += 1;
                for (kind, key) in &entity.values {
                    insert_value(&transaction, entity.tenant, entity.seq, index, kind.0, key)?;
                }
            }
        }
        transaction.execute("update counter set value = ?1 where name = 'version'", [version])?;
        transaction.commit()?;
        Ok(())
    }
}

fn intern(transaction: &Transaction<'_>, table: &str, key: &str) -> Result<(i64, bool)> {
    let known: Option<i64> = transaction
        .prepare_cached(&format!("select id from {table} where key = ?1"))?
        .query_row([key], |row| row.get(0))
        .optional()?;
    match known {
        Some(id) => Ok((id, false)),
        None => {
            transaction.execute(&format!("insert into {table} (key) values (?1)"), [key])?;
            Ok((transaction.last_insert_rowid(), true))
        }
    }
}

fn term(transaction: &Transaction<'_>, iri: &str) -> Result<i64> {
    transaction.prepare_cached("insert into term (iri) values (?1) on conflict do nothing")?.execute([iri])?;
    Ok(transaction.prepare_cached("select id from term where iri = ?1")?.query_row([iri], |row| row.get(0))?)
}

/// Makes the write if the entity is as expected. Its place in the order of creation, or `None`.
fn apply(transaction: &Transaction<'_>, write: &RowWrite, version: i64) -> Result<Option<i64>, StoreError> {
    let id = write.id.as_str();
    let seq: Option<i64> = match (&write.expected, &write.row) {
        (None, Some(row)) => transaction
            .prepare_cached(
                "insert into entity (tenant, id, version, types, shape, expires_at, payload) \
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7) on conflict do nothing returning seq",
            )?
            .query_row(params![write.tenant, id, version, row.types, row.shape, row.expires_at, row.payload], |row| {
                row.get(0)
            })
            .optional()?,
        (Some(expected), Some(row)) => transaction
            .prepare_cached(
                "update entity set version = ?3, types = ?4, shape = ?5, expires_at = ?6, payload = ?7 \
                 where tenant = ?1 and id = ?2 and version = ?8 returning seq",
            )?
            .query_row(
                params![write.tenant, id, version, row.types, row.shape, row.expires_at, row.payload, expected.0],
                |row| row.get(0),
            )
            .optional()?,
        (Some(expected), None) => transaction
            .prepare_cached("delete from entity where tenant = ?1 and id = ?2 and version = ?3 returning seq")?
            .query_row(params![write.tenant, id, expected.0], |row| row.get(0))
            .optional()?,
        (None, None) => transaction
            .prepare_cached("select 0 where not exists (select 1 from entity where tenant = ?1 and id = ?2)")?
            .query_row(params![write.tenant, id], |row| row.get(0))
            .optional()?,
    };
    let Some(seq) = seq else { return Ok(None) };
    if let Some(rows) = &write.reindex {
        if write.expected.is_some() {
            delete_index_rows(transaction, seq)?;
        }
        insert_index_rows(transaction, write.tenant, seq, rows)?;
    }
    let history = &write.history;
    transaction
        .prepare_cached(
            "insert into change (tenant, entity, version, at, operation, change, history, time_from, time_to, marks) \
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            write.tenant,
            id,
            version,
            write.at,
            write.operation,
            write.change,
            history.history,
            history.time_from,
            history.time_to,
            history.marks
        ])?;
    Ok(Some(seq))
}

pub(super) fn delete_index_rows(transaction: &Transaction<'_>, seq: i64) -> Result<()> {
    transaction.prepare_cached("delete from scope where seq = ?1")?.execute([seq])?;
    transaction
        .prepare_cached("delete from place_box where id in (select id from place where seq = ?1)")?
        .execute([seq])?;
    transaction.prepare_cached("delete from place where seq = ?1")?.execute([seq])?;
    transaction.prepare_cached("delete from value_row where seq = ?1")?.execute([seq])?;
    Ok(())
}

fn insert_index_rows(transaction: &Transaction<'_>, tenant: i64, seq: i64, rows: &NumberedRows) -> Result<()> {
    for path in &rows.scopes {
        transaction
            .prepare_cached("insert into scope (tenant, path, seq) values (?1, ?2, ?3) on conflict do nothing")?
            .execute(params![tenant, path, seq])?;
    }
    for (attribute, geometry) in &rows.geometries {
        let Some(rect) = geo::BoundingRect::bounding_rect(geometry) else { continue };
        transaction
            .prepare_cached("insert into place (tenant, seq, attribute) values (?1, ?2, ?3)")?
            .execute([tenant, seq, *attribute])?;
        let id = transaction.last_insert_rowid();
        transaction.prepare_cached("insert into place_box values (?1, ?2, ?3, ?4, ?5)")?.execute(params![
            id,
            rect.min().x,
            rect.max().x,
            rect.min().y,
            rect.max().y
        ])?;
    }
    for (index, kind, key) in &rows.values {
        insert_value(transaction, tenant, seq, *index, kind.0, key)?;
    }
    Ok(())
}

fn insert_value(
    transaction: &Transaction<'_>,
    tenant: i64,
    seq: i64,
    index: i64,
    kind: i16,
    key: &ValueKey,
) -> Result<()> {
    let (number, text) = match key {
        ValueKey::Number(number) => (Some(*number), None),
        ValueKey::Text(text) => (None, Some(text.as_str())),
    };
    transaction
        .prepare_cached(
            "insert into value_row (tenant, index_id, kind, number, text, seq) values (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![tenant, index, kind, number, text, seq])?;
    Ok(())
}
