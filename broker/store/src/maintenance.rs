//! Work in the background: following the log, telling other processes, building indexes, removing what has expired.
//!
//! Every task holds the store weakly and ends when the last user of the store is gone.

use std::sync::{Arc, Weak};
use std::time::Duration;

use hiroba_vocab::EntityId;
use ngsild::Attribute;
use ngsild::change::Operation;
use ngsild::query::filter::IndexPath;
use tokio::sync::mpsc;

use crate::error::Result;
use crate::expiry;
use crate::index::value_key;
use crate::model::{Position, Version};
use crate::rows::Backfill;
use crate::snapshots;
use crate::store::{Inner, TenantId};

/// How often the log is read although nobody announced anything.
const POLL: Duration = Duration::from_secs(1);
/// How soon after an announcement it is read again.
const SOON: Duration = Duration::from_millis(10);
/// How often a process looks whether the set of indexes has changed.
const REFRESH: Duration = Duration::from_secs(5);
/// How long after an index is taken out of use its rows are kept: every process has looked by then.
const RETIREMENT: Duration = Duration::from_secs(12);
/// How often entity maps that have expired are removed. Nobody sees them, they only take up room.
const SWEEP: Duration = Duration::from_secs(60);
/// How often partitions and the like are looked after.
const UPKEEP: Duration = Duration::from_secs(3_600);
/// The least time between two announcements.
const ANNOUNCE: Duration = Duration::from_millis(10);
/// How many entities are indexed in one commit.
const BATCH: usize = 1_000;
/// How many indexes are built because queries asked for them.
const MAX_OBSERVED: usize = 64;

pub(crate) async fn start(inner: &Arc<Inner>, wishes: mpsc::Receiver<IndexPath>) -> Result<()> {
    let head = inner.engine.head().await?;
    for path in inner.options.declared.clone() {
        inner.build_index(&path, "declared").await?;
    }
    tokio::spawn(listen(Arc::downgrade(inner)));
    tokio::spawn(follow(Arc::downgrade(inner), head));
    tokio::spawn(announce(Arc::downgrade(inner)));
    tokio::spawn(upkeep(Arc::downgrade(inner)));
    tokio::spawn(grant(Arc::downgrade(inner), wishes));
    if !inner.options.reap_every.is_zero() {
        tokio::spawn(expiry::reap(Arc::downgrade(inner), inner.options.reap_every));
        tokio::spawn(snapshots::sweep(Arc::downgrade(inner), inner.options.reap_every));
    }
    Ok(())
}

/// Learns of commits by other processes.
async fn listen(inner: Weak<Inner>) {
    loop {
        let Some((engine, changed)) = inner.upgrade().map(|inner| (inner.engine.clone(), inner.changed.clone())) else {
            break;
        };
        let listening = engine.listen(&changed);
        let gone = async {
            while inner.strong_count() > 0 {
                tokio::time::sleep(POLL).await;
            }
        };
        tokio::select! {
            outcome = listening => {
                if let Err(error) = outcome {
                    tracing::warn!(%error, "cannot listen for commits of other processes; polling");
                }
                tokio::time::sleep(POLL).await;
            }
            () = gone => break,
        }
    }
}

/// Reads the log and forgets what it says has changed.
async fn follow(inner: Weak<Inner>, mut position: Position) {
    let Some(mut woken) = inner.upgrade().map(|inner| inner.changed.subscribe()) else { return };
    let mut pause = POLL;
    loop {
        // A commit may be announced a moment before readers may see it: look again soon, then less and less often.
        pause = match tokio::time::timeout(pause, woken.changed()).await {
            Ok(_) => SOON,
            Err(_) => (pause * 2).min(POLL),
        };
        let Some(inner) = inner.upgrade() else { break };
        loop {
            match inner.read_on(position).await {
                Ok(None) => break,
                Ok(Some(next)) => position = next,
                Err(error) => {
                    tracing::warn!(%error, "cannot follow the change log; trying again");
                    break;
                }
            }
        }
    }
}

/// Tells other processes of commits, many at once.
async fn announce(inner: Weak<Inner>) {
    loop {
        let Some(strong) = inner.upgrade() else { break };
        let told = tokio::time::timeout(POLL, strong.untold.notified()).await;
        if told.is_ok()
            && let Err(error) = strong.engine.announce().await
        {
            tracing::debug!(%error, "cannot announce a commit; others will see it when they poll");
        }
        drop(strong);
        tokio::time::sleep(ANNOUNCE).await;
    }
}

async fn upkeep(inner: Weak<Inner>) {
    let (mut since_upkeep, mut since_sweep) = (UPKEEP, Duration::ZERO);
    loop {
        tokio::time::sleep(REFRESH).await;
        let Some(inner) = inner.upgrade() else { break };
        if let Err(error) = inner.refresh_definitions().await {
            tracing::warn!(%error, "cannot read the list of value indexes");
        }
        since_sweep += REFRESH;
        if since_sweep >= SWEEP && !inner.options.reap_every.is_zero() {
            since_sweep = Duration::ZERO;
            if let Err(error) = inner.engine.remove_expired_entity_maps(expiry::now().micros()).await {
                tracing::warn!(%error, "cannot remove entity maps that have expired; trying again");
            }
        }
        since_upkeep += REFRESH;
        if since_upkeep >= UPKEEP {
            since_upkeep = Duration::ZERO;
            if let Err(error) = inner.keep_up().await {
                tracing::error!(%error, "upkeep of the database failed");
            }
        }
    }
}

/// Builds the indexes that queries asked for.
async fn grant(inner: Weak<Inner>, mut wishes: mpsc::Receiver<IndexPath>) {
    while let Some(path) = wishes.recv().await {
        let Some(inner) = inner.upgrade() else { break };
        let observed = inner.current_definitions().indexes.iter().filter(|index| index.origin == "observed").count();
        if observed >= MAX_OBSERVED {
            continue;
        }
        tracing::info!(?path, "building a value index that queries asked for");
        if let Err(error) = inner.build_index(&path, "observed").await {
            tracing::warn!(%error, ?path, "cannot build a value index");
        }
    }
}

impl Inner {
    /// What has to be done now and then: room for new history, no history that is too old.
    async fn keep_up(&self) -> Result<()> {
        self.engine.upkeep().await?;
        if let Some(keep) = self.options.keep_history {
            let keep = i64::try_from(keep.as_micros()).unwrap_or(i64::MAX);
            self.engine.drop_history_before(expiry::now().micros().saturating_sub(keep)).await?;
        }
        Ok(())
    }

    /// Reads one page of the log. The position after it, or `None` when there was nothing.
    async fn read_on(&self, after: Position) -> Result<Option<Position>> {
        let rows = self.engine.touched(after, 1_000).await?;
        let mut position = None;
        let mut moved = std::collections::HashSet::new();
        for row in rows {
            position = Some(row.position);
            // What this process wrote itself it knew before anybody was told.
            if self.cache.changed(row.tenant, &EntityId::from_stored(row.entity.clone()), Version(row.version)) {
                moved.insert(row.tenant);
            }
            if let Some(change) = row.expiring()?
                && change.operation != Operation::Deleted
            {
                let instances = change.attributes.iter().filter_map(|change| change.after.as_ref());
                let expiries = instances.filter_map(Attribute::next_expiry).chain(change.expires_at);
                self.expiries.note(expiries.min());
            }
        }
        for tenant in moved {
            self.moved(TenantId(tenant));
        }
        Ok(position)
    }

    /// Builds a value index over what is there, while new writes already keep it.
    pub(crate) async fn build_index(&self, path: &IndexPath, origin: &'static str) -> Result<()> {
        let text = serde_json::to_string(path).map_err(|e| crate::StoreError::Database(e.to_string()))?;
        let Some(id) = self.engine.add_index(text, origin).await? else { return Ok(()) };
        self.refresh_definitions().await?;
        let mut after = 0;
        loop {
            let rows = self.engine.scan(after, i64::try_from(BATCH).unwrap_or(i64::MAX), true).await?;
            let Some((_, last)) = rows.last() else { break };
            after = last.seq;
            let mut entities = Vec::with_capacity(rows.len());
            for (tenant, row) in &rows {
                let stored = row.parse()?;
                let values: Vec<_> = path
                    .values(&stored.entity)
                    .into_iter()
                    .map(|value| {
                        let (kind, key) = value_key(&value.value);
                        (if value.item { kind.item() } else { kind }, key)
                    })
                    .collect();
                if !values.is_empty() {
                    let id = stored.entity.id.clone();
                    entities.push(Backfill { tenant: *tenant, id, seq: row.seq, seen: row.version, values });
                }
            }
            self.engine.backfill(id, entities).await?;
        }
        self.engine.set_index_ready(id, true).await?;
        self.refresh_definitions().await
    }

    /// Takes a value index out of use, waits until every process knows, and removes it.
    pub(crate) async fn retire_index(&self, id: i64) -> Result<()> {
        self.engine.set_index_ready(id, false).await?;
        self.refresh_definitions().await?;
        tokio::time::sleep(RETIREMENT).await;
        self.engine.drop_index(id).await?;
        self.refresh_definitions().await
    }
}
