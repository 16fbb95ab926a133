//! The two databases behind one type. Every operation of the store that differs between them is dispatched here.

mod contexts;
mod datasets;
mod history;
mod maps;
mod registrations;
mod snapshots;
mod sources;
mod subscriptions;

use std::sync::Arc;

use hiroba_vocab::EntityId;
use tokio::sync::watch;

use crate::error::{Result, StoreError};
use crate::index::{Definitions, Shape};
use crate::model::{Outcome, Position, ShapeCount};
use crate::plan::{Leaf, Narrow, Terms};
use crate::postgis::PostGis;
use crate::queue::{self, Queue};
use crate::rows::{Backfill, ChangeRow, Refused, Row, RowWrite, TouchedRow};
use crate::sql::Fetch;
use crate::sqlite::{Sqlite, Writer};

/// An open database with its queue of writes.
#[derive(Debug, Clone)]
pub(crate) enum Engine {
    Sqlite { database: Sqlite, queue: Queue, writer: SqliteWriter },
    PostGis { database: PostGis, queue: Queue },
}

type Job = Box<dyn FnOnce(&mut Writer) + Send>;

/// How many jobs SQLite's writer does at most between two groups of writes.
const JOBS: usize = 100;

/// The way to SQLite's writer thread for what is not a write of entities.
#[derive(Debug, Clone)]
pub(crate) struct SqliteWriter(tokio::sync::mpsc::UnboundedSender<Job>);

impl SqliteWriter {
    /// For notes on notifications: they need not be on disk when they are made. Commits reach the disk in their order, so a
    /// machine that loses power goes back to a moment from which on changes are matched, and notifications delivered, once
    /// more. A process that dies loses nothing.
    async fn run_unsynced<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run(move |writer| writer.unsynced(work)).await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce(&mut Writer) -> Result<T> + Send + 'static) -> Result<T> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let job: Job = Box::new(move |writer| {
            // The asker may have gone away; the work is done all the same.
            let _ = reply.send(work(writer));
        });
        let closed = || StoreError::Unavailable("the database was closed".to_owned());
        self.0.send(job).map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

/// A fetch with everything owned, so that it can move to another thread.
#[derive(Debug, Clone)]
pub(crate) struct OwnedFetch {
    pub(crate) tenant: i64,
    pub(crate) narrow: Arc<Narrow>,
    pub(crate) drive: Option<Leaf>,
    pub(crate) after: i64,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
}

impl Engine {
    /// Opens SQLite in a folder.
    pub(crate) fn sqlite(folder: &std::path::Path) -> Result<Self> {
        let database = Sqlite::open(folder)?;
        let mut writer = Writer::new(database.writer_connection()?);
        let (queue, mut waiting) = queue::queue();
        let (jobs, mut other) = tokio::sync::mpsc::unbounded_channel::<Job>();
        // One thread owns the connection. It ends when the last store is dropped.
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || {
                let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { return };
                loop {
                    let next = runtime.block_on(async {
                        tokio::select! {
                            group = waiting.next() => group.map(Next::Group),
                            job = other.recv() => job.map(Next::Job),
                        }
                    });
                    match next {
                        Some(Next::Group(group)) => {
                            let outcome = writer.write(group.definitions(), group.writes());
                            for single in group.settle(outcome) {
                                let outcome = writer.write(single.definitions(), single.writes());
                                single.settle(outcome);
                            }
                            // A group takes as long as many jobs. Turn by turn, those who deliver would be too late to say
                            // that they go on.
                            for job in std::iter::from_fn(|| other.try_recv().ok()).take(JOBS) {
                                job(&mut writer);
                            }
                        }
                        Some(Next::Job(job)) => job(&mut writer),
                        None => break,
                    }
                }
            })
            .map_err(|e| StoreError::Unavailable(format!("no thread for writing: {e}")))?;
        Ok(Self::Sqlite { database, queue, writer: SqliteWriter(jobs) })
    }

    /// Connects to PostGIS. `writers` groups of writes are under way at once.
    pub(crate) async fn postgis(url: &str, writers: usize) -> Result<Self> {
        let database = PostGis::open(url).await?;
        let (queue, waiting) = queue::queue();
        let waiting = Arc::new(tokio::sync::Mutex::new(waiting));
        for _ in 0..writers {
            let (database, waiting) = (database.clone(), Arc::clone(&waiting));
            tokio::spawn(async move {
                loop {
                    let next = waiting.lock().await.next().await;
                    let Some(group) = next else { break };
                    let outcome = database.write(group.definitions(), group.writes()).await;
                    for single in group.settle(outcome) {
                        let outcome = database.write(single.definitions(), single.writes()).await;
                        single.settle(outcome);
                    }
                }
            });
        }
        Ok(Self::PostGis { database, queue })
    }

    fn queue(&self) -> &Queue {
        match self {
            Self::Sqlite { queue, .. } | Self::PostGis { queue, .. } => queue,
        }
    }

    /// Puts writes in the queue and waits for their commit. All of them are in one commit.
    pub(crate) async fn write(&self, definitions: i64, writes: Vec<RowWrite>) -> Result<Vec<Outcome>, Refused> {
        self.queue().write(definitions, writes).await
    }

    /// How many writes wait.
    pub(crate) fn waiting(&self) -> usize {
        self.queue().waiting()
    }

    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Sqlite { database, .. } => database.describe(),
            Self::PostGis { database, .. } => database.describe(),
        }
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        match self {
            Self::Sqlite { database, .. } => database.head().await.map(drop),
            Self::PostGis { database, .. } => database.ping().await,
        }
    }

    pub(crate) async fn installation(&self) -> Result<String> {
        match self {
            Self::Sqlite { database, .. } => database.installation().await,
            Self::PostGis { database, .. } => database.installation().await,
        }
    }

    pub(crate) async fn tenant(&self, name: &str) -> Result<Option<i64>> {
        match self {
            Self::Sqlite { database, .. } => database.tenant(name.to_owned()).await,
            Self::PostGis { database, .. } => database.tenant(name).await,
        }
    }

    pub(crate) async fn create_tenant(&self, name: &str) -> Result<i64> {
        match self {
            Self::Sqlite { writer, .. } => {
                let name = name.to_owned();
                writer.run(move |writer| writer.create_tenant(&name)).await
            }
            Self::PostGis { database, .. } => database.create_tenant(name).await,
        }
    }

    /// The name of the tenant that a number stands for, and the snapshot if its data are those of one.
    pub(crate) async fn owner(&self, tenant: i64) -> Result<Option<(String, Option<String>)>> {
        match self {
            Self::Sqlite { database, .. } => database.owner(tenant).await,
            Self::PostGis { database, .. } => database.owner(tenant).await,
        }
    }

    pub(crate) async fn tenants(&self) -> Result<Vec<(i64, String)>> {
        match self {
            Self::Sqlite { database, .. } => database.tenants().await,
            Self::PostGis { database, .. } => database.tenants().await,
        }
    }

    pub(crate) async fn terms(&self, iris: Vec<String>) -> Result<Terms> {
        match self {
            Self::Sqlite { database, .. } => database.terms(iris).await,
            Self::PostGis { database, .. } => database.terms(&iris).await,
        }
    }

    pub(crate) async fn intern_terms(&self, iris: Vec<String>) -> Result<Vec<i64>> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.intern_terms(&iris)).await,
            Self::PostGis { database, .. } => database.intern_terms(&iris).await,
        }
    }

    pub(crate) async fn intern_shape(&self, shape: Shape) -> Result<(i64, i64)> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.intern_shape(&shape)).await,
            Self::PostGis { database, .. } => database.intern_shape(&shape).await,
        }
    }

    pub(crate) async fn load(&self, tenant: i64, ids: &[EntityId]) -> Result<Vec<Row>> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        match self {
            Self::Sqlite { database, .. } => database.load(tenant, ids).await,
            Self::PostGis { database, .. } => database.load(tenant, &ids).await,
        }
    }

    pub(crate) async fn probe(&self, tenant: i64, leaf: &Leaf, limit: i64) -> Result<i64> {
        match self {
            Self::Sqlite { database, .. } => database.probe(tenant, leaf.clone(), limit).await,
            Self::PostGis { database, .. } => database.probe(tenant, leaf, limit).await,
        }
    }

    pub(crate) async fn count(&self, tenant: i64, narrow: &Arc<Narrow>) -> Result<i64> {
        match self {
            Self::Sqlite { database, .. } => database.count(tenant, Narrow::clone(narrow)).await,
            Self::PostGis { database, .. } => database.count(tenant, narrow).await,
        }
    }

    pub(crate) async fn fetch(&self, fetch: OwnedFetch) -> Result<Vec<Row>> {
        let OwnedFetch { tenant, narrow, drive, after, offset, limit } = fetch;
        match self {
            Self::Sqlite { database, .. } => {
                database.fetch(tenant, Arc::unwrap_or_clone(narrow), drive, after, offset, limit).await
            }
            Self::PostGis { database, .. } => {
                database.fetch(&Fetch { tenant, narrow: &narrow, drive: drive.as_ref(), after, offset, limit }).await
            }
        }
    }

    pub(crate) async fn scan(&self, after: i64, limit: i64, hidden: bool) -> Result<Vec<(i64, Row)>> {
        match self {
            Self::Sqlite { database, .. } => database.scan(after, limit, hidden).await,
            Self::PostGis { database, .. } => database.scan(after, limit, hidden).await,
        }
    }

    pub(crate) async fn shapes(&self, tenant: i64) -> Result<Vec<ShapeCount>> {
        match self {
            Self::Sqlite { database, .. } => database.shapes(tenant).await,
            Self::PostGis { database, .. } => database.shapes(tenant).await,
        }
    }

    pub(crate) async fn definitions(&self) -> Result<Definitions> {
        match self {
            Self::Sqlite { database, .. } => database.definitions().await,
            Self::PostGis { database, .. } => database.definitions().await,
        }
    }

    pub(crate) async fn changes(&self, after: Position, limit: i64, subscribed: bool) -> Result<Vec<ChangeRow>> {
        match self {
            Self::Sqlite { database, .. } => database.changes(after, limit, subscribed).await,
            Self::PostGis { database, .. } => database.changes(after, limit, subscribed).await,
        }
    }

    pub(crate) async fn changes_of(&self, tenant: i64, entity: &str, after: i64, limit: i64) -> Result<Vec<ChangeRow>> {
        match self {
            Self::Sqlite { database, .. } => database.changes_of(tenant, entity, after, limit).await,
            Self::PostGis { database, .. } => database.changes_of(tenant, entity, after, limit).await,
        }
    }

    pub(crate) async fn rewritten(&self, tenant: i64, ids: Vec<String>) -> Result<Vec<String>> {
        match self {
            Self::Sqlite { database, .. } => database.rewritten(tenant, ids).await,
            Self::PostGis { database, .. } => database.rewritten(tenant, &ids).await,
        }
    }

    pub(crate) async fn touched(&self, after: Position, limit: i64) -> Result<Vec<TouchedRow>> {
        match self {
            Self::Sqlite { database, .. } => database.touched(after, limit).await,
            Self::PostGis { database, .. } => database.touched(after, limit).await,
        }
    }

    pub(crate) async fn head(&self) -> Result<Position> {
        match self {
            Self::Sqlite { database, .. } => database.head().await,
            Self::PostGis { database, .. } => database.head().await,
        }
    }

    pub(crate) async fn oldest(&self) -> Result<Option<Position>> {
        match self {
            Self::Sqlite { database, .. } => database.oldest().await,
            Self::PostGis { database, .. } => database.oldest().await,
        }
    }

    pub(crate) async fn next_expiry(&self) -> Result<Option<i64>> {
        match self {
            Self::Sqlite { database, .. } => database.next_expiry().await,
            Self::PostGis { database, .. } => database.next_expiry().await,
        }
    }

    /// Entities of all tenants of which something has expired at `now`, the longest ago first.
    pub(crate) async fn expired(&self, now: i64, limit: i64) -> Result<Vec<(i64, Row)>> {
        match self {
            Self::Sqlite { database, .. } => database.expired(now, limit).await,
            Self::PostGis { database, .. } => database.expired(now, limit).await,
        }
    }

    /// Does work that one process at a time need do; `None` when another one is at it. On SQLite, where one process is
    /// the rule, all do it.
    pub(crate) async fn alone<T>(&self, work: impl Future<Output = Result<T>>) -> Result<Option<T>> {
        match self {
            Self::Sqlite { .. } => work.await.map(Some),
            Self::PostGis { database, .. } => database.alone(work).await,
        }
    }

    pub(crate) async fn add_index(&self, path: String, origin: &'static str) -> Result<Option<i64>> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.add_index(&path, origin)).await,
            Self::PostGis { database, .. } => database.add_index(&path, origin).await,
        }
    }

    pub(crate) async fn set_index_ready(&self, id: i64, ready: bool) -> Result<()> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.set_index_ready(id, ready)).await,
            Self::PostGis { database, .. } => database.set_index_ready(id, ready).await,
        }
    }

    pub(crate) async fn drop_index(&self, id: i64) -> Result<()> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.drop_index(id)).await,
            Self::PostGis { database, .. } => database.drop_index(id).await,
        }
    }

    pub(crate) async fn backfill(&self, index: i64, entities: Vec<Backfill>) -> Result<()> {
        match self {
            Self::Sqlite { writer, .. } => writer.run(move |writer| writer.backfill(index, &entities)).await,
            Self::PostGis { database, .. } => database.backfill(index, &entities).await,
        }
    }

    /// Tells other processes that something was committed. SQLite's notice by themselves.
    pub(crate) async fn announce(&self) -> Result<()> {
        match self {
            Self::Sqlite { .. } => Ok(()),
            Self::PostGis { database, .. } => database.announce().await,
        }
    }

    /// Wakes `woken` when other processes commit. Returns when listening broke off.
    pub(crate) async fn listen(&self, woken: &watch::Sender<()>) -> Result<()> {
        match self {
            Self::Sqlite { database, .. } => {
                let mut seen = database.data_version()?;
                loop {
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    let now = database.data_version()?;
                    if now != seen {
                        seen = now;
                        woken.send_replace(());
                    }
                }
            }
            Self::PostGis { database, .. } => database.listen(woken).await,
        }
    }

    /// Work that is due now and then.
    pub(crate) async fn upkeep(&self) -> Result<()> {
        match self {
            Self::Sqlite { .. } => Ok(()),
            Self::PostGis { database, .. } => database.make_partitions().await,
        }
    }
}

enum Next {
    Group(queue::Group),
    Job(Job),
}
