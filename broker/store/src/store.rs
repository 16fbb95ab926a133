//! The door to the database.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::RwLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use hiroba_vocab::{EntityId, Tenant};
use moka::sync::Cache;
use ngsild::query::filter::IndexPath;
use tokio::sync::watch;

use crate::cache::{DEFAULT_BYTES, EntityCache};
use crate::dictionary::Dictionary;
use crate::engine::Engine;
use crate::error::{Result, StoreError};
use crate::expiry::Expiries;
use crate::feed::Quiet;
use crate::index::Definitions;
use crate::maintenance;
use crate::model::{Position, ShapeCount, Stored, ValueIndex, Version};
use crate::owner::Owner;
use crate::query::parse;

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
    /// How many notifications may wait for the receiver of one subscription; beyond, the oldest are given up.
    pub max_waiting: usize,
    /// How many notifications that were given up are kept for each subscription.
    pub max_dead_letters: usize,
    /// How many deletions of subscriptions are told one by one to those who follow them; who is farther behind reads all
    /// anew.
    pub told_deletions: usize,
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
            max_waiting: 100_000,
            max_dead_letters: 1_000,
            told_deletions: 10_000,
            declared: Vec::new(),
        }
    }
}

/// A tenant that exists, by its number in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    pub(crate) owners: Cache<TenantId, Arc<Owner>>,
    generations: Cache<TenantId, Arc<AtomicU64>>,
    /// Wakes whoever follows the log.
    pub(crate) changed: watch::Sender<()>,
    /// Commits of this process that other processes have not been told of.
    pub(crate) untold: tokio::sync::Notify,
    pub(crate) expiries: Expiries,
    pub(crate) quiet: Quiet,
    /// The tenant for which notifications were taken up last.
    pub(crate) last_served: AtomicI64,
    pub(crate) wanted: tokio::sync::mpsc::Sender<IndexPath>,
}

impl Store {
    /// The file of a SQLite database in a folder. It may not be there.
    pub fn file_in(folder: &Path) -> PathBuf {
        crate::sqlite::file_in(folder)
    }

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
            let folder = PathBuf::from(address);
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
            owners: Cache::new(10_000),
            generations: Cache::new(10_000),
            changed: watch::Sender::new(()),
            untold: tokio::sync::Notify::new(),
            expiries: Expiries::new(next_expiry),
            quiet: Quiet::default(),
            last_served: AtomicI64::new(0),
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
