//! One version in the making: every change is noted with the version before it is made.

use std::sync::Arc;
use std::time::Duration;

use hiroba_store::{
    Claim, Claimed, NewVersion, Outcome, Store, TenantId, VersionChange, VersionKind, VersionState, Write,
};
use hiroba_vocab::EntityId;
use ngsild::{DateTime, Entity};

use super::version::Details;
use crate::service::{Result, ServiceError, now};

/// For how long a data set is claimed. Whoever changes it says more often that it goes on; when its process dies, others
/// wait this long.
const LEASE: Duration = Duration::from_secs(15);
/// How long to wait before asking again for a data set that somebody else has.
const PAUSE: Duration = Duration::from_millis(100);
/// How often entities are tried again when somebody else was faster.
const ATTEMPTS: usize = 50;

/// A version that is being made.
#[derive(Debug)]
pub(super) struct Session {
    store: Store,
    tenant: TenantId,
    claim: Claim,
    /// Its number.
    pub(super) number: i64,
    /// What was there when it was begun.
    pub(super) latest: Option<(i64, VersionState)>,
    kind: VersionKind,
    /// How many changes it holds, those included that only bring an entity into the data set.
    noted: u64,
}

/// What to do with an entity.
#[derive(Debug, Clone)]
pub(super) enum Decision {
    /// Nothing.
    Leave,
    /// It stays as it is, and belongs to the data set or does not.
    Keep {
        /// Whether it belongs to it.
        member: bool,
        /// Whether the version tells of it in any case.
        always: bool,
    },
    /// It becomes this; `None` removes it.
    Write {
        /// The new state.
        after: Option<Arc<Entity>>,
        /// Whether it belongs to the data set then.
        member: bool,
    },
}

/// What became of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applied {
    /// Nothing was to be done.
    Left,
    /// It stays as it is.
    Kept,
    /// It is new.
    Created,
    /// It says something else than before.
    Changed,
    /// It is gone.
    Removed,
}

fn lease() -> DateTime {
    let micros = i64::try_from(LEASE.as_micros()).unwrap_or(i64::MAX);
    DateTime::from_micros(now().micros().saturating_add(micros))
}

fn taken(dataset: &EntityId) -> ServiceError {
    ServiceError::Busy(format!("{dataset} is being changed by another import or undo; try again when it has ended"))
}

impl Session {
    /// Claims a data set. Where somebody else has it, waits as long as a process that has died would keep it.
    ///
    /// # Errors
    /// Busy when somebody else goes on changing it; when the database fails.
    pub(super) async fn claim(store: &Store, tenant: TenantId, dataset: &EntityId) -> Result<Claim> {
        let (mut first, mut last, mut extended) = (None, None, 0);
        loop {
            let until = match store.claim_dataset(tenant, dataset, now(), lease()).await? {
                Claimed::Done(claim) => return Ok(claim),
                Claimed::Busy(until) => until,
            };
            extended += usize::from(last.is_some_and(|last| until > last));
            last = Some(until);
            let first = *first.get_or_insert(until);
            // The last word of a process that has died may reach the database after its death, once.
            if extended > 1 && now() > first {
                return Err(taken(dataset));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Begins a version of a data set that is claimed.
    ///
    /// # Errors
    /// Busy when somebody else has claimed it meanwhile; when the database fails.
    pub(super) async fn begin(
        store: &Store,
        tenant: TenantId,
        dataset: &EntityId,
        claim: Claim,
        new: NewVersion,
    ) -> Result<Self> {
        let latest = store.dataset_versions(tenant, dataset, i64::MAX, 1).await?.pop();
        let latest = latest.map(|version| (version.number, version.state));
        let kind = new.kind;
        let number = store.begin_version(&claim, new, now()).await?.ok_or_else(|| taken(dataset))?;
        Ok(Self { store: store.clone(), tenant, claim, number, latest, kind, noted: 0 })
    }

    /// Whether it brings an earlier version back.
    pub(super) fn is_undo(&self) -> bool {
        self.kind == VersionKind::Undo
    }

    /// Makes changes, as `decide` says of each entity in its present state. No id may be given twice. What became of
    /// each, in the order of the ids.
    ///
    /// # Errors
    /// Contended when others keep changing the same entities; Busy when the claim was lost; when the database fails.
    pub(super) async fn apply(
        &mut self,
        dataset: &EntityId,
        ids: &[EntityId],
        at: DateTime,
        mut decide: impl FnMut(usize, Option<&Arc<Entity>>) -> Decision,
    ) -> Result<Vec<Applied>> {
        let mut applied = vec![Applied::Left; ids.len()];
        let mut open: Vec<(usize, EntityId)> = ids.iter().cloned().enumerate().collect();
        for attempt in 0..ATTEMPTS {
            let asked: Vec<EntityId> = open.iter().map(|(_, id)| id.clone()).collect();
            let known = self.store.valid_entities(self.tenant, &asked, at).await?;
            let (mut changes, mut writes, mut written) = (Vec::new(), Vec::new(), Vec::new());
            for ((index, id), stored) in open.into_iter().zip(known) {
                let before = stored.as_ref().map(|stored| Arc::clone(&stored.entity));
                let (after, member, always) = match decide(index, before.as_ref()) {
                    Decision::Leave => continue,
                    Decision::Keep { member, always } => (before.clone(), member, always),
                    Decision::Write { after, member } => (after, member, false),
                };
                let outcome = match (&before, &after) {
                    (None, None) => Applied::Kept,
                    (Some(before), Some(after)) if Arc::ptr_eq(before, after) => Applied::Kept,
                    (None, Some(_)) => Applied::Created,
                    (Some(_), Some(_)) => Applied::Changed,
                    (Some(_), None) => Applied::Removed,
                };
                if let Some(slot) = applied.get_mut(index) {
                    *slot = outcome;
                }
                if outcome != Applied::Kept {
                    writes.push(Write { before: stored, after: after.clone() });
                    written.push((index, id.clone()));
                }
                changes.push(VersionChange { entity: id, before, after, member, always });
            }
            let noted = self.store.note_changes(&self.claim, self.number, &changes, attempt > 0, lease()).await?;
            self.noted += noted.ok_or_else(|| taken(dataset))?;
            open = Vec::new();
            if !writes.is_empty() {
                let outcomes = self.store.write(self.tenant, &writes, at).await?;
                for (which, outcome) in written.into_iter().zip(outcomes) {
                    if outcome == Outcome::Conflict {
                        open.push(which);
                    }
                }
            }
            if open.is_empty() {
                break;
            }
        }
        match open.pop() {
            Some((_, id)) => Err(ServiceError::Contended(id)),
            None => Ok(applied),
        }
    }

    /// Entities that belong to the data set and that this version has not told of, after the one given.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn absent(&self, after: &str, limit: usize) -> Result<Vec<EntityId>> {
        Ok(self.store.absent_members(&self.claim, after, limit).await?)
    }

    /// Says that it goes on.
    ///
    /// # Errors
    /// Busy when the claim was lost; when the database fails.
    pub(super) async fn keep(&self, dataset: &EntityId) -> Result<()> {
        if self.store.keep_dataset(&self.claim, lease()).await? { Ok(()) } else { Err(taken(dataset)) }
    }

    /// Ends the version and leaves the data set to others. A version that did nothing is forgotten, unless it completes
    /// one that had failed. Whether there is a version.
    ///
    /// # Errors
    /// Busy when the claim was lost; when the database fails.
    pub(super) async fn end(self, dataset: &EntityId, details: &Details) -> Result<bool> {
        let completes = self.latest.is_some_and(|(_, state)| state == VersionState::Failed);
        let exists = self.noted > 0 || completes;
        let done = if exists {
            let details = details.to_stored();
            self.store.end_version(&self.claim, self.number, VersionState::Published, details, now()).await?
        } else {
            self.store.discard_version(&self.claim, self.number).await?
        };
        if !done {
            return Err(taken(dataset));
        }
        self.store.release_dataset(&self.claim).await?;
        Ok(exists)
    }

    /// Ends the version as failed, as far as that is possible: whoever claims the data set next does it otherwise.
    pub(super) async fn fail(self, dataset: &EntityId, details: &Details) {
        let ended = async {
            if self.noted == 0 {
                self.store.discard_version(&self.claim, self.number).await?;
            } else {
                let details = details.to_stored();
                self.store.end_version(&self.claim, self.number, VersionState::Failed, details, now()).await?;
            }
            self.store.release_dataset(&self.claim).await
        };
        if let Err(error) = ended.await {
            tracing::warn!(%error, %dataset, "a version stays open until the data set is changed again");
        }
    }
}
