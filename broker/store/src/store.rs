//! The door to the database.

use std::sync::Arc;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hiroba_vocab::{EntityId, Tenant};
use moka::sync::Cache;
use ngsild::DateTime;
use ngsild::change::{Change, Operation};
use ngsild::query::filter::IndexPath;
use tokio::sync::watch;

use crate::cache::{DEFAULT_BYTES, EntityCache};
use crate::dictionary::Dictionary;
use crate::engine::Engine;
use crate::error::{Result, StoreError};
use crate::expiry::Expiries;
use crate::feed::Quiet;
use crate::history::HistoryColumns;
use crate::index::{Definitions, Rows, Shape};
use crate::maintenance;
use crate::model::{Outcome, Position, ShapeCount, Stored, ValueIndex, Version, Write};
use crate::query::parse;
use crate::rows::{NewRow, Refused, RowWrite};

/// How the store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// `postgres://…` for PostGIS; anything else is a folder for SQLite.
    pub address: String,
    /// How many bytes of parsed entities to keep in memory.
    pub cache_bytes: u64,
    /// How many groups of writes PostGIS commits at once.
    pub writers: usize,
    /// How many candidates one query may look at.
    pub max_candidates: usize,
    /// How many linked entities one query may look for.
    pub max_linked: usize,
    /// After how many candidates an index that would have helped is built by itself; 0 for never.
    pub observe_after: usize,
    /// How often what has expired (4.22), and the data of dropped snapshots, are looked for and removed; zero for never.
    pub reap_every: Duration,
    /// How long what was recorded is kept; `None` for ever.
    pub keep_history: Option<Duration>,
    /// Whether the history of an entity is forgotten when it is deleted.
    pub history_ends_with_entity: bool,
    /// How long after a snapshot is dropped somebody may still be writing into it: then its data are removed once more.
    pub snapshot_grace: Duration,
    /// Paths that are always indexed.
    pub declared: Vec<IndexPath>,
}

impl Options {
    /// The defaults for an address.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            cache_bytes: DEFAULT_BYTES,
            writers: 4,
            max_candidates: 2_000_000,
            max_linked: 100_000,
            observe_after: 5_000,
            reap_every: Duration::from_secs(1),
            keep_history: None,
            history_ends_with_entity: false,
            snapshot_grace: Duration::from_secs(600),
            declared: Vec::new(),
        }
    }
}

/// A tenant that exists, by its number in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TenantId(pub(crate) i64);

/// An open database. Cheap to clone; the last clone closes it.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) options: Options,
    installation: String,
    pub(crate) cache: EntityCache,
    pub(crate) dictionary: Dictionary,
    pub(crate) definitions: RwLock<Arc<Definitions>>,
    tenants: Cache<Tenant, TenantId>,
    generations: Cache<TenantId, Arc<AtomicU64>>,
    /// Wakes whoever follows the log.
    pub(crate) changed: watch::Sender<()>,
    /// Commits of this process that other processes have not been told of.
    pub(crate) untold: tokio::sync::Notify,
    pub(crate) expiries: Expiries,
    pub(crate) quiet: Quiet,
    pub(crate) wanted: tokio::sync::mpsc::Sender<IndexPath>,
}

impl Store {
    /// Opens a database, brings its schema up to date, and starts the work in the background.
    ///
    /// # Errors
    /// [`StoreError`]: the address is not understood, the database cannot be reached, or its schema is too new.
    pub async fn open(options: Options) -> Result<Self> {
        let address = options.address.as_str();
        let engine = if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            Engine::postgis(address, options.writers.max(1)).await?
        } else if address.contains("://") {
            return Err(StoreError::Address(address.to_owned()));
        } else {
            let folder = std::path::PathBuf::from(address);
            tokio::task::spawn_blocking(move || Engine::sqlite(&folder))
                .await
                .map_err(|e| StoreError::Unavailable(e.to_string()))??
        };
        let definitions = engine.definitions().await?;
        let next_expiry = engine.next_expiry().await?.unwrap_or(i64::MAX);
        let installation = engine.installation().await?;
        let (wanted, wishes) = tokio::sync::mpsc::channel(16);
        let inner = Arc::new(Inner {
            cache: EntityCache::new(options.cache_bytes),
            dictionary: Dictionary::new(),
            definitions: RwLock::new(Arc::new(definitions)),
            tenants: Cache::new(10_000),
            generations: Cache::new(10_000),
            changed: watch::Sender::new(()),
            untold: tokio::sync::Notify::new(),
            expiries: Expiries::new(next_expiry),
            quiet: Quiet::default(),
            wanted,
            installation,
            engine,
            options,
        });
        maintenance::start(&inner, wishes).await?;
        Ok(Self { inner })
    }

    /// What to tell a person about the database: product and version, without secrets.
    pub fn describe(&self) -> String {
        self.inner.engine.describe()
    }

    /// A name of eight hexadecimal digits that every process on this database knows it by, and that no other has.
    pub fn installation(&self) -> &str {
        &self.inner.installation
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<()> {
        self.inner.engine.ping().await
    }

    /// How many writes wait for their commit.
    pub fn waiting_writes(&self) -> usize {
        self.inner.engine.waiting()
    }

    /// How many entities are in memory, about.
    pub fn cached_entities(&self) -> u64 {
        self.inner.cache.len()
    }

    /// The number of a tenant; `None` when there is no such tenant.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn tenant(&self, name: &Tenant) -> Result<Option<TenantId>> {
        if let Some(id) = self.inner.tenants.get(name) {
            return Ok(Some(id));
        }
        let id = self.inner.engine.tenant(name.as_str()).await?.map(TenantId);
        if let Some(id) = id {
            self.inner.tenants.insert(name.clone(), id);
        }
        Ok(id)
    }

    /// The number of a tenant, made if it is new.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn create_tenant(&self, name: &Tenant) -> Result<TenantId> {
        if let Some(id) = self.tenant(name).await? {
            return Ok(id);
        }
        let id = TenantId(self.inner.engine.create_tenant(name.as_str()).await?);
        self.inner.tenants.insert(name.clone(), id);
        Ok(id)
    }

    /// All tenants, the default one first. What holds the data of snapshots is no tenant to anybody.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn tenants(&self) -> Result<Vec<(TenantId, Tenant)>> {
        let rows = self.inner.engine.tenants().await?;
        Ok(rows.into_iter().map(|(id, name)| (TenantId(id), Tenant::from_stored(name))).collect())
    }

    /// An entity, whether or not it has expired.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn entity(&self, tenant: TenantId, id: &EntityId) -> Result<Option<Stored>> {
        if let Some(stored) = self.inner.cache.get(tenant.0, id) {
            return Ok(Some(stored));
        }
        let rows = self.inner.engine.load(tenant.0, std::slice::from_ref(id)).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let stored = row.parse()?;
        self.inner.cache.put(tenant.0, &stored);
        Ok(Some(stored))
    }

    /// Several entities, in the order of the ids; `None` for those that do not exist.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn entities(&self, tenant: TenantId, ids: &[EntityId]) -> Result<Vec<Option<Stored>>> {
        let mut found: Vec<Option<Stored>> = ids.iter().map(|id| self.inner.cache.get(tenant.0, id)).collect();
        let missing: Vec<EntityId> =
            ids.iter().zip(&found).filter(|(_, known)| known.is_none()).map(|(id, _)| id.clone()).collect();
        if missing.is_empty() {
            return Ok(found);
        }
        let rows = self.inner.engine.load(tenant.0, &missing).await?;
        let mut loaded = std::collections::HashMap::with_capacity(rows.len());
        for stored in parse(rows, |_| true).await?.into_iter().flatten() {
            self.inner.cache.put(tenant.0, &stored);
            loaded.insert(stored.entity.id.clone(), stored);
        }
        for (slot, id) in found.iter_mut().zip(ids) {
            if slot.is_none() {
                *slot = loaded.get(id).cloned();
            }
        }
        Ok(found)
    }

    /// As [`entities`](Self::entities), at least as new as the versions. Whoever has read a change in the log asks this
    /// way: the log may tell of a commit a moment before the process that made it, or this one, has taken note of it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn entities_since(&self, tenant: TenantId, seen: &[(EntityId, Version)]) -> Result<Vec<Option<Stored>>> {
        let mut news = false;
        for (id, version) in seen {
            news |= self.inner.cache.changed(tenant.0, id, *version);
        }
        if news {
            self.inner.moved(tenant);
        }
        let ids: Vec<EntityId> = seen.iter().map(|(id, _)| id.clone()).collect();
        self.entities(tenant, &ids).await
    }

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

    /// A number that moves with every change of a tenant's entities that this process knows of: what was worked out
    /// at one number is true as long as the number stays.
    pub fn generation(&self, tenant: TenantId) -> u64 {
        self.inner.generation(tenant).load(Ordering::Acquire)
    }

    /// Nothing expires before this instant, in microseconds, as far as this process knows: what was worked out before
    /// it may not be true after it.
    pub fn next_expiry(&self) -> i64 {
        self.inner.expiries.next()
    }

    /// How many entities there are of each shape.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn shapes(&self, tenant: TenantId) -> Result<Vec<ShapeCount>> {
        self.inner.engine.shapes(tenant.0).await
    }

    /// A position such that every change that is not yet visible will come after it.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn head(&self) -> Result<Position> {
        self.inner.engine.head().await
    }

    /// Wakes when there may be new changes.
    pub fn watch(&self) -> watch::Receiver<()> {
        self.inner.changed.subscribe()
    }

    /// All entities of all tenants in the order of creation, after the one with sequence number `after`. Each comes
    /// with its sequence number. Those in snapshots are left out.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn scan(&self, after: i64, limit: usize) -> Result<Vec<(i64, TenantId, Stored)>> {
        let rows = self.inner.engine.scan(after, i64::try_from(limit).unwrap_or(i64::MAX), false).await?;
        rows.into_iter().map(|(tenant, row)| Ok((row.seq, TenantId(tenant), row.parse()?))).collect()
    }

    /// The value indexes there are.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn indexes(&self) -> Result<Vec<ValueIndex>> {
        Ok(self.inner.engine.definitions().await?.indexes)
    }

    /// Builds a value index and waits until it is complete. Nothing happens when there is one, or somebody builds it: an
    /// index whose building was interrupted stays [unready](ValueIndex::ready) until it is dropped and created again.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn create_index(&self, path: &IndexPath) -> Result<()> {
        self.inner.build_index(path, "declared").await
    }

    /// Removes a value index: at once no query here uses it any more; twelve seconds later, when every other process
    /// knows, its rows are deleted and this returns. When it is interrupted before, it can be called again.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn drop_index(&self, id: i64) -> Result<()> {
        self.inner.retire_index(id).await
    }

    pub(crate) fn definitions(&self) -> Arc<Definitions> {
        self.inner.current_definitions()
    }
}

impl Inner {
    pub(crate) fn current_definitions(&self) -> Arc<Definitions> {
        Arc::clone(&self.definitions.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Learns the current set of value indexes.
    pub(crate) async fn refresh_definitions(&self) -> Result<()> {
        let fresh = Arc::new(self.engine.definitions().await?);
        *self.definitions.write().unwrap_or_else(std::sync::PoisonError::into_inner) = fresh;
        Ok(())
    }

    fn generation(&self, tenant: TenantId) -> Arc<AtomicU64> {
        self.generations.get_with(tenant, Arc::default)
    }

    /// A tenant's entities have changed.
    pub(crate) fn moved(&self, tenant: TenantId) {
        self.generation(tenant).fetch_add(1, Ordering::AcqRel);
    }
}
