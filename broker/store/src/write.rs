//! Writing entities: each with its record and its index rows, in one commit.

use std::sync::Arc;

use hiroba_vocab::EntityId;
use ngsild::DateTime;
use ngsild::change::{Change, Operation};

use crate::error::{Result, StoreError};
use crate::history::HistoryColumns;
use crate::index::{Definitions, Rows, Shape};
use crate::model::{Outcome, Stored, Version, Write};
use crate::rows::{NewRow, Refused, RowWrite};
use crate::store::{Inner, Store, TenantId};

impl Store {
    /// As [`Store::entities`], after those of them that have expired at `now` were removed for good: their ids can be
    /// used again (4.22).
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn valid_entities(
        &self,
        tenant: TenantId,
        ids: &[EntityId],
        now: DateTime,
    ) -> Result<Vec<Option<Stored>>> {
        loop {
            let found = self.entities(tenant, ids).await?;
            let expired = found.iter().flatten().filter(|stored| stored.entity.is_expired(now));
            let expired: Vec<Stored> = expired.cloned().collect();
            if expired.is_empty() {
                return Ok(found);
            }
            // Whatever comes of it: somebody has removed or changed them. Look again.
            self.remove_expired(tenant, &expired, now).await?;
        }
    }

    /// Removes what has expired at `now`: entities as a whole, and instances of others.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails: then nothing was written.
    pub(crate) async fn remove_expired(
        &self,
        tenant: TenantId,
        entities: &[Stored],
        now: DateTime,
    ) -> Result<Vec<Outcome>> {
        let write = |stored: &Stored| {
            let after = stored.entity.valid_at(now).map(|entity| Arc::new(entity.into_owned()));
            Write { before: Some(stored.clone()), after }
        };
        let writes: Vec<Write> = entities.iter().map(write).collect();
        self.write(tenant, &writes, now).await
    }

    /// Makes changes, all of them in one commit. Each is made only if its entity is still as the caller saw it; the
    /// outcomes are in the order of the writes. No entity may be among them twice.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails: then nothing was written.
    pub async fn write(&self, tenant: TenantId, writes: &[Write], now: DateTime) -> Result<Vec<Outcome>> {
        loop {
            let definitions = self.definitions();
            let mut rows = Vec::with_capacity(writes.len());
            for write in writes {
                let (before, after) = (write.before.as_ref().map(|stored| &*stored.entity), write.after.as_deref());
                let Some((change, entity)) = Change::between(before, after).zip(after.or(before)) else {
                    return Err(StoreError::Database("a write from nothing to nothing".to_owned()));
                };
                let history = HistoryColumns::of_change(&change, now);
                rows.push(self.row_write(tenant, &entity.id, write, &change, history, &definitions, now).await?);
            }
            match self.inner.engine.write(definitions.version, rows).await {
                Ok(outcomes) => {
                    self.committed(tenant, writes, &outcomes);
                    if self.inner.options.history_ends_with_entity {
                        self.forget_deleted(tenant, writes, &outcomes).await?;
                    }
                    return Ok(outcomes);
                }
                Err(Refused::StaleDefinitions) => self.inner.refresh_definitions().await?,
                Err(Refused::Failed(error)) => return Err(error),
            }
        }
    }

    /// As [`Store::write`], with one write whose record is given.
    pub(crate) async fn write_one(
        &self,
        tenant: TenantId,
        id: &EntityId,
        write: &Write,
        change: &Change,
        history: &HistoryColumns,
        now: DateTime,
    ) -> Result<Outcome> {
        loop {
            let definitions = self.definitions();
            let row = self.row_write(tenant, id, write, change, history.clone(), &definitions, now).await?;
            match self.inner.engine.write(definitions.version, vec![row]).await {
                Ok(outcomes) => {
                    self.committed(tenant, std::slice::from_ref(write), &outcomes);
                    return Ok(outcomes.first().copied().unwrap_or(Outcome::Conflict));
                }
                Err(Refused::StaleDefinitions) => self.inner.refresh_definitions().await?,
                Err(Refused::Failed(error)) => return Err(error),
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one row")]
    async fn row_write(
        &self,
        tenant: TenantId,
        id: &EntityId,
        write: &Write,
        change: &Change,
        history: HistoryColumns,
        definitions: &Definitions,
        now: DateTime,
    ) -> Result<RowWrite> {
        let Inner { engine, dictionary, .. } = &*self.inner;
        let (before, after) = (write.before.as_ref(), write.after.as_deref());
        let operation = match change.operation {
            Operation::Created => "created",
            Operation::Deleted => "deleted",
            Operation::Updated => "updated",
        };
        let new_rows = after.map(|entity| Rows::of(entity, definitions)).unwrap_or_default();
        let old_rows = before.map(|stored| Rows::of(&stored.entity, definitions)).unwrap_or_default();
        let reindex = if new_rows == old_rows { None } else { Some(dictionary.rows(engine, new_rows).await?) };
        let row = match after {
            None => None,
            Some(entity) => {
                let (types, shape) = dictionary.shape(engine, Shape::of(entity)).await?;
                let payload = serde_json::to_string(entity).map_err(|e| StoreError::Database(e.to_string()))?;
                Some(NewRow { types, shape, expires_at: entity.next_expiry().map(DateTime::micros), payload })
            }
        };
        Ok(RowWrite {
            tenant: tenant.0,
            id: id.clone(),
            expected: before.map(|stored| stored.version),
            row,
            reindex,
            at: now.micros(),
            operation,
            change: serde_json::to_string(change).map_err(|e| StoreError::Database(e.to_string()))?,
            history,
        })
    }

    /// Makes what was committed visible to this process, before anybody is told of it.
    fn committed(&self, tenant: TenantId, writes: &[Write], outcomes: &[Outcome]) {
        for (write, outcome) in writes.iter().zip(outcomes) {
            match (outcome, &write.after, &write.before) {
                (Outcome::Done { version, seq }, Some(entity), _) => {
                    self.inner.expiries.note(entity.next_expiry());
                    let stored = Stored { entity: Arc::clone(entity), version: *version, seq: *seq };
                    self.inner.cache.put(tenant.0, &stored);
                }
                (Outcome::Done { version, .. }, None, Some(before)) => {
                    self.inner.cache.changed(tenant.0, &before.entity.id, *version);
                }
                (Outcome::Conflict, _, Some(before)) => {
                    // Whatever it is now, it is newer than what the caller saw.
                    let newer = Version(before.version.0 + 1);
                    self.inner.cache.changed(tenant.0, &before.entity.id, newer);
                }
                _ => {}
            }
        }
        self.inner.moved(tenant);
        self.inner.changed.send_replace(());
        self.inner.untold.notify_one();
    }
}
