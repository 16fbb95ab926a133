//! Changing a data set: claim it, begin a version, note changes before they are made, end the version.

use std::sync::Arc;

use hiroba_vocab::EntityId;
use ngsild::{DateTime, Entity};

use super::{ChangeRow, PendingRow, Settled, VersionKind, VersionState, bounded, document, parse_document};
use crate::error::Result;
use crate::store::{Store, TenantId};

/// How many changes are settled at a time.
const SETTLED: i64 = 500;

/// That the caller, and nobody else, changes a data set for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub(crate) tenant: TenantId,
    pub(crate) dataset: EntityId,
    /// How many times the data set was claimed.
    pub(crate) run: i64,
}

/// What became of asking for a [`Claim`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// The data set is the caller's.
    Done(Claim),
    /// Somebody else has it, until this instant unless they say that they go on.
    Busy(DateTime),
}

/// A version to begin.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// What makes it.
    pub kind: VersionKind,
    /// The version whose state an undo brings back.
    pub restores: Option<i64>,
    /// Where it comes from, as JSON text.
    pub details: String,
}

/// What a version is about to do to an entity.
#[derive(Debug, Clone)]
pub struct VersionChange {
    /// Which entity.
    pub entity: EntityId,
    /// What is there; `None` when there is no such entity.
    pub before: Option<Arc<Entity>>,
    /// What will be there; the same `Arc` when nothing is to be written, `None` when it is to be removed.
    pub after: Option<Arc<Entity>>,
    /// Whether it will belong to the data set.
    pub member: bool,
    /// Whether the version has to tell of the entity although nothing is to be written and it neither joins nor leaves:
    /// what the versions before tell of it is no longer so.
    pub always: bool,
}

impl VersionChange {
    fn row(&self) -> Result<ChangeRow> {
        let writes = match (&self.before, &self.after) {
            (Some(before), Some(after)) => !Arc::ptr_eq(before, after),
            (None, None) => false,
            _ => true,
        };
        let text = |entity: &Option<Arc<Entity>>| entity.as_deref().map(document).transpose();
        let before = text(&self.before)?;
        let after = if writes { text(&self.after)? } else { before.clone() };
        Ok(ChangeRow {
            entity: self.entity.to_string(),
            before,
            after,
            member: self.member,
            writes,
            always: self.always,
        })
    }
}

impl Store {
    /// Claims a data set up to `until`. Where whoever had it before died over a version, that version is brought to an end
    /// first: what it is known to have written is settled, and its state is failed.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn claim_dataset(
        &self,
        tenant: TenantId,
        dataset: &EntityId,
        now: DateTime,
        until: DateTime,
    ) -> Result<Claimed> {
        let engine = &self.inner.engine;
        let run = engine.claim_dataset(tenant.0, dataset.as_str(), until.micros(), now.micros()).await?;
        let claim = match run {
            Ok(run) => Claim { tenant, dataset: dataset.clone(), run },
            Err(busy) => return Ok(Claimed::Busy(DateTime::from_micros(busy))),
        };
        if let Some(latest) = self.dataset_versions(tenant, dataset, i64::MAX, 1).await?.pop()
            && latest.state == VersionState::Publishing
        {
            self.end_version(&claim, latest.number, VersionState::Failed, latest.details, now).await?;
        }
        Ok(Claimed::Done(claim))
    }

    /// Goes on up to `until`. Whether the data set is still the caller's.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn keep_dataset(&self, claim: &Claim, until: DateTime) -> Result<bool> {
        let Claim { tenant, dataset, run } = claim;
        self.inner.engine.keep_dataset(tenant.0, dataset.as_str(), *run, until.micros()).await
    }

    /// Leaves the data set to others.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails; then it is theirs when the claim ends.
    pub async fn release_dataset(&self, claim: &Claim) -> Result<()> {
        self.keep_dataset(claim, DateTime::from_micros(0)).await.map(drop)
    }

    /// Begins a version: its number, or `None` when the data set is no longer the caller's.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn begin_version(&self, claim: &Claim, new: NewVersion, now: DateTime) -> Result<Option<i64>> {
        self.inner.engine.begin_version(claim, new, now.micros()).await
    }

    /// Notes what a version is about to do, before it is done. All that was noted before is taken as done, unless `again`
    /// says that these changes were noted before and somebody else was faster. How many changes there are, those that only
    /// bring an entity into the data set included; `None` when the data set is no longer the caller's. Goes on up to
    /// `until`.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails: then nothing was noted.
    pub async fn note_changes(
        &self,
        claim: &Claim,
        number: i64,
        changes: &[VersionChange],
        again: bool,
        until: DateTime,
    ) -> Result<Option<u64>> {
        let rows = changes.iter().map(VersionChange::row).collect::<Result<Vec<_>>>()?;
        self.inner.engine.note_changes(claim, number, rows, again, until.micros()).await
    }

    /// Ends a version. All that was noted is done; where it failed, the entities tell what of the last changes was done.
    /// Whether the data set was still the caller's; if not, nothing has changed.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn end_version(
        &self,
        claim: &Claim,
        number: i64,
        state: VersionState,
        details: String,
        now: DateTime,
    ) -> Result<bool> {
        if state == VersionState::Failed {
            self.settle(claim, number).await?;
        }
        self.inner.engine.end_version(claim, number, state.name(), now.micros(), details).await
    }

    /// Forgets a version that did nothing, so that its number is free. Whether the data set was still the caller's.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn discard_version(&self, claim: &Claim, number: i64) -> Result<bool> {
        self.inner.engine.discard_version(claim, number).await
    }

    /// Entities that belong to the data set and that the caller has not noted, in the order of their ids, after the one
    /// given.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn absent_members(&self, claim: &Claim, after: &str, limit: usize) -> Result<Vec<EntityId>> {
        let rows = self.inner.engine.absent_members(claim, after, bounded(limit)).await?;
        Ok(rows.into_iter().map(EntityId::from_stored).collect())
    }

    /// How many entities belong to a data set.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn count_members(&self, tenant: TenantId, dataset: &EntityId) -> Result<u64> {
        Ok(self.inner.engine.count_members(tenant.0, dataset.as_str()).await?.unsigned_abs())
    }

    /// Settles what a version has noted and may not have done, as the entities tell.
    async fn settle(&self, claim: &Claim, number: i64) -> Result<()> {
        let mut after = String::new();
        loop {
            let pending = self.inner.engine.pending_changes(claim, number, &after, SETTLED).await?;
            let Some(last) = pending.last() else { return Ok(()) };
            after.clone_from(&last.entity);
            let ids: Vec<EntityId> = pending.iter().map(|row| EntityId::from_stored(row.entity.clone())).collect();
            // Not from memory: another process may have written them.
            let mut current = std::collections::HashMap::with_capacity(ids.len());
            for row in self.inner.engine.load(claim.tenant.0, &ids).await? {
                let stored = row.parse()?;
                current.insert(stored.entity.id.to_string(), stored.entity);
            }
            let mut settled = Vec::with_capacity(pending.len());
            for row in pending {
                let outcome = what_became(&row, current.get(&row.entity).map(|entity| &**entity))?;
                settled.push((row.entity, outcome));
            }
            if !self.inner.engine.settle_changes(claim, number, settled).await? {
                return Ok(());
            }
        }
    }
}

fn what_became(row: &PendingRow, current: Option<&Entity>) -> Result<Settled> {
    let says = |text: &Option<String>| -> Result<bool> {
        let document = parse_document(&row.entity, text.clone())?;
        Ok(match (&document, current) {
            (Some(document), Some(current)) => document.says_the_same(current),
            (None, None) => true,
            _ => false,
        })
    };
    if says(&row.after)? {
        return Ok(Settled::Done);
    }
    if row.again {
        return Ok(Settled::Earlier(current.map(document).transpose()?));
    }
    // Neither: somebody else has changed it since, and undoing the version will leave it alone.
    Ok(if says(&row.before)? { Settled::NotDone } else { Settled::Done })
}
