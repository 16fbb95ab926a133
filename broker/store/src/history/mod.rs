//! The change log as history: reading the records of an entity by time, recording what happened in the past, amending and
//! forgetting.
//!
//! A record's history is what its change did, unless `history` says otherwise. Amending touches that column alone: what
//! the log tells its followers stays as it was.

mod sql;

use std::sync::Arc;

use hiroba_vocab::{EntityId, Iri};
use ngsild::change::{self, Change, Operation};
use ngsild::temporal::{Instance, Span, instances_of, times_of};
use ngsild::{DateTime, Entity};
use serde::Deserialize;

use crate::error::{Result, StoreError};
use crate::model::{Outcome, Stored, Version, Write};
use crate::store::{Store, TenantId};

pub(crate) use sql::{Places, former, marked, order, select, single};

/// Marks of records that are looked for by themselves.
pub(crate) mod marks {
    /// A series ends here, or is told here although the entity is gone.
    pub(crate) const ENDS: i16 = 1;
    /// The scope is touched.
    pub(crate) const SCOPE: i16 = 2;
    /// An instance was modified after it was recorded.
    pub(crate) const AMENDED: i16 = 4;
}

/// `history` of a record that was forgotten.
pub(crate) const FORGOTTEN: &str = "";

/// One record of the log, as history.
#[derive(Debug, Clone)]
pub struct HistoryRecord {
    /// The version that it made.
    pub version: Version,
    /// When it was made.
    pub at: DateTime,
    /// What it did to the entity.
    pub operation: Operation,
    /// The entity's types after it; before it, when it deleted the entity.
    pub types: Vec<Iri>,
    /// The earliest time of its instances.
    pub first: DateTime,
    /// The latest.
    pub last: DateTime,
    /// What it tells.
    pub instances: Vec<Instance>,
    /// What the column holds.
    written: Option<String>,
    marks: i16,
}

/// Records to read.
#[derive(Debug, Clone, Copy)]
pub struct HistoryRange {
    /// Which of them, and by which time they are ordered.
    pub span: Span,
    /// The latest first.
    pub descending: bool,
    /// How many of each entity.
    pub limit: usize,
}

impl HistoryRange {
    /// The place of a record in the order of the range.
    pub fn place(&self, record: &HistoryRecord) -> HistoryPlace {
        let time = if self.descending { record.last } else { record.first };
        HistoryPlace { time: time.micros(), version: record.version.0 }
    }

    /// Where reading starts.
    pub fn start(&self) -> HistoryPlace {
        let edge = if self.descending { i64::MAX } else { i64::MIN };
        HistoryPlace { time: edge, version: edge }
    }
}

/// A place in the order of a range: reading goes on after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryPlace {
    pub(crate) time: i64,
    pub(crate) version: i64,
}

/// Records that are looked for by themselves, in the order in which they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marked {
    /// Those in which a series ends, or that tell of it although the entity is gone.
    Ends,
    /// Those that touch the scope.
    Scope,
    /// Those of which an instance was modified later.
    Amended,
}

/// Instances to record, with what they make of the entity.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Which entity.
    pub id: EntityId,
    /// The types to record, where the entity is gone.
    pub types: Vec<Iri>,
    /// The state that the caller saw; `None` when there was no such entity.
    pub before: Option<Stored>,
    /// The new state; `None` when the entity is gone and stays so.
    pub after: Option<Arc<Entity>>,
    /// The instances.
    pub instances: Vec<Instance>,
}

/// A record as it was, and the instances that it is to tell from now on.
#[derive(Debug, Clone)]
pub struct Amendment {
    /// The record.
    pub record: HistoryRecord,
    /// The instances.
    pub instances: Vec<Instance>,
    /// Whether one of them was modified, which its `modifiedAt` says.
    pub modified: bool,
}

/// An entity that is gone, and whose history is known.
#[derive(Debug, Clone)]
pub struct FormerEntity {
    /// Its id.
    pub id: EntityId,
    /// Its types when it was deleted.
    pub types: Vec<Iri>,
    /// When it was deleted.
    pub deleted_at: DateTime,
}

/// What a record holds for history, besides its change.
#[derive(Debug, Clone)]
pub(crate) struct HistoryColumns {
    pub(crate) history: Option<String>,
    pub(crate) time_from: i64,
    pub(crate) time_to: i64,
    pub(crate) marks: i16,
}

impl HistoryColumns {
    /// The columns of a change that is its own history.
    pub(crate) fn of_change(change: &Change, at: DateTime) -> Self {
        let (first, last) = times_of(change, at);
        let ends = change.attributes.iter().any(|touched| touched.after.is_none());
        let marks = if ends { marks::ENDS } else { 0 } | if change.scope.is_some() { marks::SCOPE } else { 0 };
        Self { history: None, time_from: first.micros(), time_to: last.micros(), marks }
    }

    /// The columns of a record that tells these instances.
    fn of_instances(instances: &[Instance], at: DateTime) -> Result<Self> {
        let times = || instances.iter().map(Instance::time);
        let ends = instances.iter().any(|instance| instance.deleted_at.is_some());
        let scope = instances.iter().any(|instance| instance.series().is_none());
        Ok(Self {
            history: Some(serde_json::to_string(instances).map_err(|e| StoreError::Database(e.to_string()))?),
            time_from: times().min().unwrap_or(at).micros(),
            time_to: times().max().unwrap_or(at).micros(),
            marks: if ends { marks::ENDS } else { 0 } | if scope { marks::SCOPE } else { 0 },
        })
    }
}

/// New columns of a record, if it still holds what the caller saw.
#[derive(Debug, Clone)]
pub(crate) struct AmendRow {
    pub(crate) version: i64,
    pub(crate) seen: Option<String>,
    pub(crate) columns: HistoryColumns,
}

/// A record as it was read.
#[derive(Debug)]
pub(crate) struct HistoryRow {
    pub(crate) version: i64,
    pub(crate) at: i64,
    pub(crate) operation: String,
    pub(crate) time_from: i64,
    pub(crate) time_to: i64,
    pub(crate) marks: i16,
    pub(crate) change: String,
    pub(crate) history: Option<String>,
}

impl HistoryRow {
    fn parse(self) -> Result<HistoryRecord> {
        #[derive(Deserialize)]
        struct Types {
            types: Vec<Iri>,
        }
        let corrupt = |e: serde_json::Error| StoreError::Corrupt {
            id: format!("change number {}", self.version),
            detail: e.to_string(),
        };
        let at = DateTime::from_micros(self.at);
        let (types, instances) = match &self.history {
            None => {
                let mut change: Change = if self.marks & marks::ENDS == 0 {
                    serde_json::from_str::<change::Outcome>(&self.change).map_err(corrupt)?.into()
                } else {
                    serde_json::from_str(&self.change).map_err(corrupt)?
                };
                (std::mem::take(&mut change.types), instances_of(change, at))
            }
            Some(history) => {
                let Types { types } = serde_json::from_str(&self.change).map_err(corrupt)?;
                let instances =
                    if history == FORGOTTEN { Vec::new() } else { serde_json::from_str(history).map_err(corrupt)? };
                (types, instances)
            }
        };
        Ok(HistoryRecord {
            version: Version(self.version),
            at,
            operation: match self.operation.as_str() {
                "created" => Operation::Created,
                "deleted" => Operation::Deleted,
                _ => Operation::Updated,
            },
            types,
            first: DateTime::from_micros(self.time_from),
            last: DateTime::from_micros(self.time_to),
            instances,
            written: self.history,
            marks: self.marks,
        })
    }
}

/// From how many records on parsing moves to a thread where it disturbs nobody.
const HEAVY: usize = 200;

async fn parse(rows: Vec<Vec<HistoryRow>>) -> Result<Vec<Vec<HistoryRecord>>> {
    let count: usize = rows.iter().map(Vec::len).sum();
    let work = move || rows.into_iter().map(|rows| rows.into_iter().map(HistoryRow::parse).collect()).collect();
    if count < HEAVY {
        return work();
    }
    tokio::task::spawn_blocking(work).await.map_err(|e| StoreError::Database(e.to_string()))?
}

impl Store {
    /// Records of entities, for each those after its place in the order of the range.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn history(
        &self,
        tenant: TenantId,
        starts: &[(EntityId, HistoryPlace)],
        range: &HistoryRange,
    ) -> Result<Vec<Vec<HistoryRecord>>> {
        parse(self.inner.engine.history(tenant.0, starts, range).await?).await
    }

    /// The latest record of an entity; `None` when nothing is known of its past.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn last_record(&self, tenant: TenantId, id: &EntityId) -> Result<Option<HistoryRecord>> {
        Ok(self.last_records(tenant, std::slice::from_ref(id)).await?.into_iter().next().flatten())
    }

    /// The latest records of entities, in the order of the ids; `None` where nothing is known of an entity's past.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn last_records(&self, tenant: TenantId, ids: &[EntityId]) -> Result<Vec<Option<HistoryRecord>>> {
        let span = Span { clock: ngsild::temporal::Clock::Recorded, from: i64::MIN, before: i64::MAX };
        let range = HistoryRange { span, descending: true, limit: 1 };
        let starts: Vec<(EntityId, HistoryPlace)> = ids.iter().map(|id| (id.clone(), range.start())).collect();
        let records = self.history(tenant, &starts, &range).await?;
        Ok(records.into_iter().map(|records| records.into_iter().next()).collect())
    }

    /// The records of an entity that have a mark, at most `limit`, the earliest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn marked_history(
        &self,
        tenant: TenantId,
        id: &EntityId,
        marked: Marked,
        limit: usize,
    ) -> Result<Vec<HistoryRecord>> {
        let mark = match marked {
            Marked::Ends => marks::ENDS,
            Marked::Scope => marks::SCOPE,
            Marked::Amended => marks::AMENDED,
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.inner.engine.marked_history(tenant.0, id, mark, limit).await?;
        Ok(parse(vec![rows]).await?.into_iter().flatten().collect())
    }

    /// One record of an entity, unless it was forgotten.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn history_record(
        &self,
        tenant: TenantId,
        id: &EntityId,
        version: Version,
    ) -> Result<Option<HistoryRecord>> {
        let row = self.inner.engine.history_record(tenant.0, id, version.0).await?;
        row.map(HistoryRow::parse).transpose()
    }

    /// Entities that are gone and whose history is known, by id, those after `after`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn former_entities(&self, tenant: TenantId, after: &str, limit: usize) -> Result<Vec<FormerEntity>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.inner.engine.former_entities(tenant.0, after, limit).await?;
        rows.into_iter()
            .map(|(id, row)| {
                let record = row.parse()?;
                Ok(FormerEntity { id: EntityId::from_stored(id), types: record.types, deleted_at: record.at })
            })
            .collect()
    }

    /// Records instances, and makes of the entity what they come to, if it is still as the caller saw it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails: then nothing was written.
    pub async fn record(&self, tenant: TenantId, recording: Recording, now: DateTime) -> Result<Outcome> {
        let mut columns = HistoryColumns::of_instances(&recording.instances, now)?;
        let Recording { id, types, before, after, .. } = recording;
        let write = Write { before, after };
        let change = Change::between(write.before.as_ref().map(|stored| &*stored.entity), write.after.as_deref());
        let change = match change {
            Some(change) => change,
            None => {
                // Nobody will look for the series of an entity that is not there, unless the record says so.
                columns.marks |= marks::ENDS;
                let (attributes, types_before) = (Vec::new(), None);
                Change { operation: Operation::Updated, types, types_before, attributes, scope: None, expires_at: None }
            }
        };
        if change.attributes.iter().any(|touched| touched.after.is_none()) {
            columns.marks |= marks::ENDS;
        }
        self.write_one(tenant, &id, &write, &change, &columns, now).await
    }

    /// Changes what records tell, all of them in one commit; `false` when one of them was changed meanwhile, and nothing
    /// was done.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails: then nothing was written.
    pub async fn amend_history(&self, tenant: TenantId, id: &EntityId, amendments: Vec<Amendment>) -> Result<bool> {
        let mut rows = Vec::with_capacity(amendments.len());
        for Amendment { record, instances, modified } in amendments {
            let mut columns = HistoryColumns::of_instances(&instances, record.at)?;
            columns.marks |= record.marks & (marks::AMENDED | marks::ENDS);
            if modified {
                columns.marks |= marks::AMENDED;
            }
            rows.push(AmendRow { version: record.version.0, seen: record.written, columns });
        }
        self.inner.engine.amend_history(tenant.0, id, rows).await
    }

    /// Forgets the history of an entity; `false` when nothing is known of it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails: then nothing was forgotten.
    pub async fn forget_history(&self, tenant: TenantId, id: &EntityId) -> Result<bool> {
        self.inner.engine.forget_history(tenant.0, id).await
    }

    /// Forgets the history of the entities that were deleted.
    pub(crate) async fn forget_deleted(&self, tenant: TenantId, writes: &[Write], outcomes: &[Outcome]) -> Result<()> {
        for (write, outcome) in writes.iter().zip(outcomes) {
            if let (None, Some(before), Outcome::Done { .. }) = (&write.after, &write.before, outcome) {
                self.forget_history(tenant, &before.entity.id).await?;
            }
        }
        Ok(())
    }

    /// Removes all records that were made before an instant, of all tenants: whoever follows the log must be past them.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails; then some may be gone already.
    pub async fn drop_history_before(&self, before: DateTime) -> Result<()> {
        self.inner.engine.drop_history_before(before.micros()).await
    }
}
