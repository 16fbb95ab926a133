//! A document that @contexts are made of, and what is made of them, in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hiroba_store::{ContextEntry, ContextUse, TenantId};
use hiroba_vocab::Tenant;
use ngsild::DateTime;
use ngsild::jsonld::Context;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::now;

/// How long what is made of no remote document is kept.
const LIFETIME: Duration = Duration::from_secs(3_600);

/// A document with what is known of its use.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) origin: Origin,
    /// `{"@context": …}`
    pub(super) body: Arc<Value>,
    /// About how many bytes it takes in memory.
    pub(super) size: usize,
    /// Tells names with contents apart.
    digest: u64,
    /// Deleted or replaced: whatever was made of it is to be made anew.
    withdrawn: AtomicBool,
    /// When somebody last looked whether it is still there, in microseconds.
    checked: AtomicI64,
    /// How often it was used: a remote one in all, a stored one since the database was told.
    hits: AtomicU64,
    /// When it was last used, in microseconds; 0 for never.
    used_at: AtomicI64,
}

/// Where a document comes from.
#[derive(Debug)]
pub(super) enum Origin {
    /// The database.
    Stored { tenant: TenantId, id: String },
    /// Its place on the network.
    Remote(Remote),
}

/// What is known of a download.
#[derive(Debug)]
pub(super) struct Remote {
    /// Whose copy it is.
    pub(super) tenant: Tenant,
    pub(super) url: String,
    pub(super) fetched_at: DateTime,
    /// From when on it is to be fetched again.
    pub(super) fresh_until: DateTime,
}

impl Remote {
    /// The id under which the copy can be asked for.
    pub(super) fn local_id(&self) -> String {
        id_of(&self.url)
    }
}

/// An id made from what it stands for: 32 hexadecimal digits.
pub(super) fn id_of(text: &str) -> String {
    Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

impl Document {
    fn new(origin: Origin, text: &[u8], body: Value) -> Self {
        let name = match &origin {
            Origin::Stored { id, .. } => id,
            Origin::Remote(remote) => &remote.url,
        };
        // With the name: two documents that exchange their contents are not what they were.
        let digest = Sha256::new().chain_update(name).chain_update([0]).chain_update(text).finalize();
        let digest = digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte));
        Self {
            origin,
            body: Arc::new(body),
            // Parsed JSON takes a few times its text.
            size: 200 + 4 * text.len(),
            digest,
            withdrawn: AtomicBool::new(false),
            checked: AtomicI64::new(0),
            hits: AtomicU64::new(0),
            used_at: AtomicI64::new(0),
        }
    }

    /// A stored one. `text` is the value of its `@context` member, and `context` the same parsed.
    pub(super) fn stored(tenant: TenantId, entry: &ContextEntry, text: &str, context: Value) -> Self {
        let origin = Origin::Stored { tenant, id: entry.id.clone() };
        Self::new(origin, text.as_bytes(), json!({"@context": context}))
    }

    /// A downloaded one.
    pub(super) fn remote(remote: Remote, text: &[u8], body: Value) -> Self {
        Self::new(Origin::Remote(remote), text, body)
    }

    /// Whose it is and by which id, if it is stored.
    pub(super) fn stored_as(&self) -> Option<(TenantId, &str)> {
        match &self.origin {
            Origin::Stored { tenant, id } => Some((*tenant, id)),
            Origin::Remote(_) => None,
        }
    }

    pub(super) fn withdraw(&self) {
        self.withdrawn.store(true, Ordering::Release);
    }

    pub(super) fn is_withdrawn(&self) -> bool {
        self.withdrawn.load(Ordering::Acquire)
    }

    /// Whether it was last [seen there](Self::confirm) so long ago, in microseconds, that the caller has to look again.
    pub(super) fn is_due(&self, now: DateTime, believed: i64) -> bool {
        let checked = self.checked.load(Ordering::Acquire);
        // A clock that was set back must not make it believed for long.
        !(checked..checked.saturating_add(believed)).contains(&now.micros())
    }

    /// It was seen where it belongs. Only then: who finds it in memory before has to look too, since it may be deleted
    /// between its reading and its remembering.
    pub(super) fn confirm(&self, now: DateTime) {
        self.checked.fetch_max(now.micros(), Ordering::AcqRel);
    }

    /// Counts a use.
    pub(super) fn touch(&self, at: DateTime) {
        self.hits.fetch_add(1, Ordering::AcqRel);
        self.used_at.fetch_max(at.micros(), Ordering::AcqRel);
    }

    /// How often it was used, and when last: a remote one in all, a stored one since the database was told.
    pub(super) fn uses(&self) -> (u64, Option<DateTime>) {
        let used_at = self.used_at.load(Ordering::Acquire);
        (self.hits.load(Ordering::Acquire), (used_at > 0).then(|| DateTime::from_micros(used_at)))
    }

    /// Takes over the uses of the copy that it replaces.
    pub(super) fn inherit(&self, older: &Self) {
        self.hits.fetch_add(older.hits.load(Ordering::Acquire), Ordering::AcqRel);
        self.used_at.fetch_max(older.used_at.load(Ordering::Acquire), Ordering::AcqRel);
    }

    /// What the database has to be told, if anything.
    pub(super) fn take_uses(&self) -> Option<ContextUse> {
        let (tenant, id) = self.stored_as()?;
        let hits = self.hits.swap(0, Ordering::AcqRel);
        let used_at = DateTime::from_micros(self.used_at.load(Ordering::Acquire));
        (hits > 0).then(|| ContextUse { tenant, id: id.to_owned(), hits, used_at })
    }

    /// The database could not be told.
    pub(super) fn give_back(&self, hits: u64) {
        self.hits.fetch_add(hits, Ordering::AcqRel);
    }

    fn left(&self) -> Option<Duration> {
        match &self.origin {
            Origin::Stored { .. } => None,
            Origin::Remote(remote) => {
                let micros = remote.fresh_until.micros() - now().micros();
                Some(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
            }
        }
    }
}

/// A processed @context.
#[derive(Debug)]
pub struct Resolved {
    /// What the names mean.
    pub context: Arc<Context>,
    /// Moves when the content of a document moves that the @context only refers to. The same in every process.
    pub fingerprint: u64,
    /// What it was made of, besides what the client sent.
    pub(super) documents: Vec<Arc<Document>>,
    /// About how many bytes it takes in memory.
    pub(super) size: usize,
}

impl Resolved {
    pub(super) fn new(context: Context, documents: Vec<Arc<Document>>) -> Self {
        // The order of the documents is that of a hash table: sum up in a way that does not depend on it.
        let fingerprint = documents.iter().fold(0_u64, |sum, document| sum.wrapping_add(document.digest));
        let size = 500 + context.size();
        Self { context: Arc::new(context), fingerprint, documents, size }
    }

    /// How long until the first document in it is stale.
    fn left(&self) -> Duration {
        self.documents.iter().filter_map(|document| document.left()).fold(LIFETIME, Duration::min)
    }

    pub(super) fn touch(&self, at: DateTime) {
        for document in &self.documents {
            document.touch(at);
        }
    }
}

/// Entries are kept until the first document in them is stale.
pub(super) struct UntilStale;

impl<K> moka::Expiry<K, Arc<Document>> for UntilStale {
    fn expire_after_create(&self, _: &K, document: &Arc<Document>, _: Instant) -> Option<Duration> {
        document.left()
    }

    fn expire_after_update(
        &self,
        _: &K,
        document: &Arc<Document>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        document.left()
    }
}

impl<K> moka::Expiry<K, Arc<Resolved>> for UntilStale {
    fn expire_after_create(&self, _: &K, resolved: &Arc<Resolved>, _: Instant) -> Option<Duration> {
        Some(resolved.left())
    }

    fn expire_after_update(
        &self,
        _: &K,
        resolved: &Arc<Resolved>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(resolved.left())
    }
}
