//! Preparing a snapshot: its queries run one after the other, while the claim on it is kept.

use std::time::Duration;

use hiroba_store::{SnapshotEntry, StoreError};
use hiroba_vocab::{Iri, Tenant};
use ngsild::DateTime;
use ngsild::snapshot::{ExecutionResult, SnapshotOutcome, SnapshotStatus};
use serde_json::Value;

use super::fill::Filling;
use super::{Binding, Origin, existing, origin, read, tell, text};
use crate::service::contexts::Asker;
use crate::service::{Result, ServiceError, now};
use crate::state::AppState;

/// How long a claim holds, and how often it is renewed.
pub(super) const CLAIM: i64 = 10 * 1_000_000;
const RENEW: Duration = Duration::from_secs(3);
/// How often a preparation is begun before it counts as failed: perhaps it is what makes processes die.
const ATTEMPTS: u64 = 5;

/// Runs the queries of a snapshot that this process has claimed, and tells what became of it.
pub(super) async fn prepare(state: &AppState, claimed: &SnapshotEntry) {
    let outcome = tokio::select! {
        outcome = outcome(state, claimed) => outcome,
        () = loss_of_claim(state, claimed) => {
            tracing::info!(id = claimed.id, "a snapshot was deleted, or taken over, while it was being prepared");
            return;
        }
    };
    let finished = match outcome {
        Ok(outcome) => finish(state, claimed, &outcome).await,
        Err(error) => Err(error),
    };
    if let Err(error) = finished {
        tracing::warn!(%error, id = claimed.id, "a snapshot cannot be prepared now; it is tried again");
    }
}

async fn finish(state: &AppState, claimed: &SnapshotEntry, outcome: &SnapshotOutcome) -> Result<()> {
    let now = now();
    if state.store.finish_snapshot(claimed, text(outcome)?, now).await? {
        tracing::info!(id = claimed.id, status = ?outcome.status, "a snapshot is prepared");
        let entry = existing(state, claimed.tenant, &Iri::from_expanded(claimed.id.as_str())).await;
        match entry {
            Ok(entry) => tell(state, &entry, now),
            // It was deleted at this moment, which is told there.
            Err(ServiceError::NoSnapshot(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Renews the claim. Returns when it is lost.
async fn loss_of_claim(state: &AppState, claimed: &SnapshotEntry) {
    loop {
        tokio::time::sleep(RENEW).await;
        let until = DateTime::from_micros(now().micros() + CLAIM);
        match state.store.keep_snapshot(claimed, until).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(%error, id = claimed.id, "cannot renew the claim on a snapshot"),
        }
    }
}

/// What becomes of all queries.
///
/// # Errors
/// When the database cannot be reached: that is nothing to tell of the snapshot, it is tried again.
async fn outcome(state: &AppState, claimed: &SnapshotEntry) -> Result<SnapshotOutcome> {
    let origin = match origin(claimed) {
        Ok(origin) => origin,
        Err(error) => {
            tracing::error!(%error, "a snapshot cannot be prepared");
            return Ok(SnapshotOutcome { status: SnapshotStatus::Failure, ..SnapshotOutcome::preparing() });
        }
    };
    if claimed.attempts > ATTEMPTS {
        let detail = format!("the preparation was begun {ATTEMPTS} times and never came to its end");
        return Ok(failed(state, &origin, ServiceError::Busy(detail)));
    }
    match &origin.copy_of {
        Some(source) => match copied(state, claimed, source).await {
            Err(error) if !passes(&error) => Ok(failed(state, &origin, error)),
            outcome => outcome,
        },
        None => queried(state, claimed, &origin).await,
    }
}

/// Whether an error has nothing to do with what was asked, and may be over soon.
fn passes(error: &ServiceError) -> bool {
    matches!(error, ServiceError::Store(StoreError::Unavailable(_) | StoreError::Overloaded) | ServiceError::Busy(_))
}

/// Every query has failed, for the same reason.
fn failed(state: &AppState, origin: &Origin, error: ServiceError) -> SnapshotOutcome {
    let problem = (state.snapshots.binding.problem_details)(error);
    let all = |queries: &[Value]| queries.iter().map(|_| ExecutionResult::failed(problem.clone())).collect();
    SnapshotOutcome::of(all(&origin.queries), all(&origin.temporal_queries))
}

async fn queried(state: &AppState, claimed: &SnapshotEntry, origin: &Origin) -> Result<SnapshotOutcome> {
    let binding = &state.snapshots.binding;
    let tenant = Tenant::from_stored(origin.tenant.as_str());
    let asker = Asker { tenant: &tenant, base: &origin.base };
    let names = match state.contexts.resolve(asker, &origin.user()).await {
        Ok(names) => names,
        Err(error) if passes(&error) => return Err(error),
        Err(error) => return Ok(failed(state, origin, error)),
    };
    let Some(mut filling) = claimed.data.map(|data| Filling::new(state, data)) else {
        return Err(ServiceError::NoSnapshot(claimed.id.clone()));
    };
    let config = &state.config;
    let (mut results, mut temporal) = (Vec::new(), Vec::new());
    for query in &origin.queries {
        let found = match (binding.read_query)(query, &names.context, config) {
            Ok(query) => filling.query(claimed.tenant, query).await,
            Err(error) => Err(error),
        };
        results.push(result(binding, found)?);
    }
    for query in &origin.temporal_queries {
        let found = match (binding.read_temporal_query)(query, &names.context, config) {
            Ok(query) => filling.temporal(claimed.tenant, &query).await,
            Err(error) => Err(error),
        };
        temporal.push(result(binding, found)?);
    }
    Ok(SnapshotOutcome::of(results, temporal))
}

/// What became of a query.
fn result(binding: &Binding, found: Result<bool>) -> Result<ExecutionResult> {
    match found {
        Ok(found) => Ok(ExecutionResult::ran(found)),
        Err(error) if passes(&error) => Err(error),
        Err(error) => Ok(ExecutionResult::failed((binding.problem_details)(error))),
    }
}

/// The data of another snapshot as they are now, with what became of its queries.
async fn copied(state: &AppState, claimed: &SnapshotEntry, source: &str) -> Result<SnapshotOutcome> {
    let id = Iri::from_expanded(source);
    let entry = existing(state, claimed.tenant, &id).await?;
    let (Some(from), Some(to), false) = (entry.data, claimed.data, entry.preparing) else {
        return Err(ServiceError::SnapshotNotReady(source.to_owned()));
    };
    Filling::new(state, to).copy(from).await?;
    // Had it been deleted meanwhile, some of its data might have been gone before they were copied.
    existing(state, claimed.tenant, &id).await?;
    read(&entry, &entry.outcome)
}
