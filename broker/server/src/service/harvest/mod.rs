//! Fetching files regularly and publishing them, one after the other.
//!
//! The database keeps when each source was tried, so that a restart fetches nothing anew, and several processes on one database
//! share the work. A source that fails holds no other back, and is tried again less and less often.

mod plan;
mod schedule;

use std::sync::Arc;
use std::time::{Duration, Instant};

use hiroba_importers::LeftOut;
use hiroba_store::{Delivered, SourceEntry, Store, StoreError, TenantId};
use ngsild::DateTime;

use super::datasets::{Imported, Versioned, silent};
use super::sources::{Publication, Reread, SourceError, publish};
use crate::egress::Egress;
use crate::metrics::HarvestMetrics;
use crate::service::now;

pub use plan::{Plan, PlanError, Planned};
pub use schedule::{Past, Schedule};

/// How long to sleep at most: the clock may be set, and other processes may have been at work.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// How long an error may be that is kept, in characters.
const KEPT: usize = 2_000;
/// The error of an attempt that has not ended.
const UNFINISHED: &str = "the attempt was interrupted, or goes on";

/// Who fetches.
#[derive(Debug, Clone)]
pub struct Harvest {
    plan: Arc<Plan>,
    store: Store,
    egress: Egress,
    metrics: HarvestMetrics,
}

/// What became of one attempt.
#[derive(Debug)]
pub struct Run {
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub outcome: Result<Publication, SourceError>,
}

impl Run {
    /// In one word, for metrics: `changed`, `unchanged` or `failed`.
    pub fn word(&self) -> &'static str {
        match &self.outcome {
            Err(_) => "failed",
            Ok(Publication::Imported(file))
                if file.tables.iter().any(|table| matches!(table.version, Versioned::New(_))) =>
            {
                "changed"
            }
            Ok(_) => "unchanged",
        }
    }
}

/// A source as the scheduler sees it.
struct Seen {
    tenant: TenantId,
    past: Option<Past>,
}

impl Harvest {
    /// A harvest of a plan into a database.
    pub fn new(plan: Plan, store: Store, egress: Egress, metrics: HarvestMetrics) -> Self {
        Self { plan: Arc::new(plan), store, egress, metrics }
    }

    /// Fetches each source when it is due, for ever. It may be dropped at any time: what it was at counts as a failure, and the
    /// next process tries it again.
    pub async fn run(self) {
        tracing::info!(sources = self.plan.sources.len(), "harvest: sources are fetched when they are due");
        loop {
            let pause = match self.turn().await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(%error, "harvest: the database does not tell what is due; trying again");
                    LOOK_AGAIN
                }
            };
            tokio::time::sleep(pause.min(LOOK_AGAIN)).await;
        }
    }

    /// Runs the source that has been due for the longest. How long until the next is.
    async fn turn(&self) -> Result<Duration, StoreError> {
        let mut first: Option<(DateTime, &Planned, Seen)> = None;
        for planned in &self.plan.sources {
            let seen = self.look(planned).await?;
            // What was tried in the future was tried before the clock was put right.
            let past = seen.past.filter(|past| past.tried_at <= now());
            let due = planned.schedule.due(&planned.name, past);
            if first.as_ref().is_none_or(|(earliest, ..)| due < *earliest) {
                first = Some((due, planned, seen));
            }
        }
        let Some((due, planned, seen)) = first else { return Ok(LOOK_AGAIN) };
        let left = due.micros().saturating_sub(now().micros());
        if left > 0 {
            return Ok(Duration::from_micros(left.unsigned_abs()));
        }
        if let Some(run) = self.attempt(planned, &seen, Reread::IfFileChanged).await? {
            log(planned, &run);
        }
        Ok(Duration::ZERO)
    }

    /// What the database knows of a source.
    async fn look(&self, planned: &Planned) -> Result<Seen, StoreError> {
        let tenant = self.store.create_tenant(&planned.tenant).await?;
        let entry = self.store.source(tenant, &planned.source.key()).await?;
        if let Some(at) = entry.as_ref().and_then(|entry| entry.succeeded_at) {
            self.metrics.succeeded(&planned.name, at);
        }
        let past = entry.map(|SourceEntry { tried_at, failures, .. }| Past { tried_at, failures });
        Ok(Seen { tenant, past })
    }

    /// Fetches a source now, whether or not it is due. `None` when another process has begun with it in the same moment.
    ///
    /// # Errors
    /// When the database fails, so that not even the attempt can be noted.
    pub async fn fetch(&self, planned: &Planned, reread: Reread) -> Result<Option<Run>, StoreError> {
        let seen = self.look(planned).await?;
        self.attempt(planned, &seen, reread).await
    }

    async fn attempt(&self, planned: &Planned, seen: &Seen, reread: Reread) -> Result<Option<Run>, StoreError> {
        let (key, begun) = (planned.source.key(), Instant::now());
        let before = seen.past.map(|past| past.tried_at);
        if !self.store.try_source(seen.tenant, &key, before, now(), UNFINISHED).await? {
            return Ok(None);
        }
        let outcome = publish(&self.store, &self.egress, seen.tenant, &planned.source, reread, silent()).await;
        if let Err(error) = &outcome {
            let error: String = error.to_string().chars().take(KEPT).collect();
            self.store.source_failed(seen.tenant, &key, error).await?;
        }
        let run = Run { took: begun.elapsed(), outcome };
        self.metrics.ran(&planned.name, run.word());
        if run.outcome.is_ok() {
            self.metrics.succeeded(&planned.name, now());
        }
        Ok(Some(run))
    }

    /// The sources, in the order of the file.
    pub fn sources(&self) -> &[Planned] {
        &self.plan.sources
    }
}

/// One line for each table, or for the failure.
fn log(planned: &Planned, run: &Run) {
    let (source, ms) = (planned.name.as_str(), u64::try_from(run.took.as_millis()).unwrap_or(u64::MAX));
    match &run.outcome {
        Ok(Publication::NotModified(versions)) => {
            for Delivered { dataset, version } in versions {
                tracing::info!(source, %dataset, version, ms, "harvest: not modified");
            }
        }
        Ok(Publication::Imported(file)) => {
            for Imported { dataset, report, published, version, .. } in &file.tables {
                tracing::info!(
                    source,
                    %dataset,
                    version = version.number().map_or(0, |(_, number)| number),
                    rows = report.rows.read,
                    refused = report.rows.refused,
                    created = published.created,
                    changed = published.changed,
                    unchanged = published.unchanged,
                    ms,
                    "harvest: read"
                );
            }
            for LeftOut { name, reason, .. } in &file.left_out {
                tracing::info!(source, name, reason, "harvest: left out");
            }
        }
        Err(error) => tracing::warn!(source, %error, ms, "harvest: failed"),
    }
}
