//! Running a query: plan, choice of where to start, and what is left for the evaluator.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ngsild::DateTime;
use ngsild::query::{Filter, Query, may_match};

use crate::engine::OwnedFetch;
use crate::error::{Result, StoreError};
use crate::linked::Linking;
use crate::model::{Answer, Page, Stored, Work};
use crate::plan::{self, Leaf, Narrow, Narrowed};
use crate::rows::Row;
use crate::store::{Store, TenantId};

/// An index that leads to at most this many rows is worth starting from: sorting them costs milliseconds. With more,
/// walking in the order of creation fills a page after a few hundred or thousand entities.
const SELECTIVE: i64 = 20_000;
/// How many candidates are fetched at least and at most when the evaluator decides, and how many times more each time.
const FIRST_CHUNK: usize = 50;
const MAX_CHUNK: usize = 5_000;
/// How many candidates at most, when their linked entities have to be fetched as well.
const MAX_LINKED_CHUNK: usize = 500;
const GROWTH: usize = 4;
/// How long a query may look at its candidates.
const MAX_TIME: Duration = Duration::from_secs(60);
/// From how many rows on parsing moves to a thread where it disturbs nobody.
const HEAVY: usize = 64;
/// And from how many bytes of them: large geometries take long to compare, too.
const HEAVY_BYTES: usize = 256 << 10;

impl Store {
    /// The entities that match a query, in the order of creation.
    ///
    /// # Errors
    /// [`StoreError::TooComplex`] when it would look at more candidates than allowed, [`StoreError::TooLong`] when that takes too
    /// long; others when the database fails.
    pub async fn query(&self, tenant: TenantId, query: &Query, page: Page, now: DateTime) -> Result<Answer> {
        let mut narrowed = self.plan(query).await?;
        if narrowed.narrow == Narrow::Nothing {
            return Ok(Answer::of(Vec::new(), page.count.then_some(0), false, Work::default()));
        }
        // Once something has expired but is not yet gone, only the evaluator knows what is still there.
        narrowed.exact &= now.micros() < self.next_expiry();
        let drive = self.choose(tenant, &narrowed.narrow).await?;
        let wanted = std::mem::take(&mut narrowed.wanted);
        let run =
            Run { store: self, tenant, query: Arc::new(query.clone()), narrow: Arc::new(narrowed.narrow), drive, now };
        let answer = if narrowed.exact { run.exact(page).await? } else { run.filtered(page).await? };
        let observe = self.inner.options.observe_after;
        if observe > 0 && answer.work.candidates >= observe {
            for path in wanted {
                // A full list of wishes is no reason to wait: the next such query wishes again.
                let _ = self.inner.wanted.try_send(path);
            }
        }
        Ok(answer)
    }

    /// What an index narrows of a query.
    async fn plan(&self, query: &Query) -> Result<Narrowed> {
        let terms = self.inner.dictionary.known(&self.inner.engine, &plan::names(query)).await?;
        Ok(plan::plan(query, &terms, &self.definitions()))
    }

    /// The index to start from, if one leads to few rows.
    async fn choose(&self, tenant: TenantId, narrow: &Narrow) -> Result<Option<Leaf>> {
        let leaves: Vec<&Leaf> = match narrow {
            Narrow::Is(leaf) => vec![leaf],
            Narrow::All(items) => {
                items.iter().filter_map(|item| if let Narrow::Is(leaf) = item { Some(leaf) } else { None }).collect()
            }
            _ => Vec::new(),
        };
        if let Some(ids) = leaves.iter().find(|leaf| matches!(leaf, Leaf::Ids(_))) {
            return Ok(Some((*ids).clone()));
        }
        let mut best: Option<(i64, &Leaf)> = None;
        for leaf in leaves.into_iter().filter(|leaf| !matches!(leaf, Leaf::Types(_))) {
            let most = best.map_or(SELECTIVE + 1, |(rows, _)| rows);
            let rows = self.inner.engine.probe(tenant.0, leaf, most).await?;
            if rows < most {
                best = Some((rows, leaf));
            }
        }
        Ok(best.map(|(_, leaf)| leaf.clone()))
    }
}

/// A query under way.
struct Run<'s> {
    store: &'s Store,
    tenant: TenantId,
    query: Arc<Query>,
    narrow: Arc<Narrow>,
    drive: Option<Leaf>,
    now: DateTime,
}

impl Run<'_> {
    async fn fetch(&self, after: i64, offset: usize, limit: usize) -> Result<Vec<Row>> {
        let fetch = OwnedFetch {
            tenant: self.tenant.0,
            narrow: Arc::clone(&self.narrow),
            drive: self.drive.clone(),
            after,
            offset,
            limit,
        };
        self.store.inner.engine.fetch(fetch).await
    }

    /// The database decides: limit, offset and count are its own.
    async fn exact(&self, page: Page) -> Result<Answer> {
        let total = if page.count {
            Some(self.store.inner.engine.count(self.tenant.0, &self.narrow).await?.unsigned_abs())
        } else {
            None
        };
        let mut work = Work { exact: true, driven: self.drive.is_some(), ..Work::default() };
        if page.limit == 0 {
            return Ok(Answer::of(Vec::new(), total, total.is_some_and(|total| total > 0), work));
        }
        let mut rows = self.fetch(page.after, page.offset, page.limit.saturating_add(1)).await?;
        let more = rows.len() > page.limit;
        rows.truncate(page.limit);
        work.candidates = rows.len();
        let entities = parse(rows, |_| true).await?.into_iter().flatten().collect();
        Ok(Answer::of(entities, total, more, work))
    }

    /// The evaluator decides: candidates stream through it until the page is full, or to the end when counting.
    async fn filtered(&self, page: Page) -> Result<Answer> {
        let limit = self.store.inner.options.max_candidates;
        let started = Instant::now();
        let mut work = Work { driven: self.drive.is_some(), ..Work::default() };
        let (mut entities, mut matched, mut more, mut after) = (Vec::new(), 0_usize, false, page.after);
        let follows_links = self.query.filter.as_ref().is_some_and(Filter::follows_links);
        let mut linking = follows_links.then(|| Linking::new(self.store, self.tenant, &self.query, self.now));
        let largest = if follows_links { MAX_LINKED_CHUNK } else { MAX_CHUNK };
        // Of ten candidates in the rectangle around a circle eight are in the circle: this is mostly enough.
        let enough = page.offset.saturating_add(page.limit).saturating_mul(3) / 2;
        let mut chunk = if page.count { largest } else { enough.clamp(FIRST_CHUNK, largest) };
        loop {
            let rows = self.fetch(after, 0, chunk).await?;
            let (fetched, end) = (rows.len(), rows.len() < chunk);
            after = rows.last().map_or(after, |row| row.seq);
            work.candidates += fetched;
            if work.candidates > limit {
                return Err(StoreError::TooComplex { limit });
            }
            let (query, now) = (Arc::clone(&self.query), self.now);
            let in_time = move || started.elapsed() <= MAX_TIME;
            let found = parse(rows, move |stored| in_time() && may_match(&query, &stored.entity, now)).await?;
            if !in_time() {
                return Err(StoreError::TooLong { limit: MAX_TIME });
            }
            let mut found: Vec<Stored> = found.into_iter().flatten().collect();
            if let Some(linking) = &mut linking {
                found = linking.decide(found, &mut work).await?;
            }
            for stored in found {
                matched += 1;
                if matched > page.offset && entities.len() < page.limit {
                    entities.push(stored);
                } else if matched > page.offset {
                    more = true;
                }
            }
            if end || (more && !page.count) {
                break;
            }
            chunk = (chunk * GROWTH).min(largest);
        }
        let total = page.count.then_some(matched as u64);
        Ok(Answer::of(entities, total, more, work))
    }
}

/// Parses rows and keeps those that `keep` keeps; `None` for the others.
pub(crate) async fn parse(
    rows: Vec<Row>,
    keep: impl Fn(&Stored) -> bool + Send + 'static,
) -> Result<Vec<Option<Stored>>> {
    let bytes: usize = rows.iter().map(|row| row.payload.len()).sum();
    on_heavy_thread(rows.len() >= HEAVY || bytes >= HEAVY_BYTES, move || {
        rows.iter()
            .map(|row| row.parse().map(|stored| Some(stored).filter(|stored| keep(stored))))
            .collect::<Result<_>>()
    })
    .await?
}

/// Does what computes: here when it is little, else on a thread where it disturbs nobody.
///
/// # Errors
/// [`StoreError::Database`] when that thread panics.
pub async fn on_heavy_thread<T: Send + 'static>(heavy: bool, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    if !heavy {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(|e| StoreError::Database(e.to_string()))
}
