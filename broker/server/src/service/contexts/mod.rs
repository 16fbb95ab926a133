//! What clients mean by their names: @contexts resolved, and the store of @contexts (5.13).
//!
//! Hosted and implicitly created ones are in the database, per tenant, and are found by their URL without any call.
//! Remote ones are fetched through the egress gate; each process keeps its own copies, for each tenant apart, so that
//! nobody learns what others use.

mod document;
mod freshness;
mod library;

use std::collections::HashMap;
use std::sync::Arc;

use hiroba_store::{Store, StoreError, TenantId};
use hiroba_vocab::Tenant;
use moka::future::Cache;
use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;
use ngsild::jsonld::{Context, ContextError, Documents, UserContext, process};
use ngsild::{Error, ErrorKind};
use serde_json::Value;

use self::document::{Document, Origin, Remote, Resolved, UntilStale};
pub use self::library::{ContextEntry, Kind, Place, Served, context_of};
use super::{Result, now};
use crate::egress::{Egress, EgressError};

/// Below which path stored @contexts are served.
pub const PATH: &str = "/ngsi-ld/v1/jsonldContexts/";

/// How many remote contexts one @context may need.
const MAX_REMOTE: usize = 32;
/// How large a remote context may be, in bytes.
const MAX_BYTES: usize = 4 << 20;
/// How many bytes of processed contexts are kept in memory.
const PROCESSED: u64 = 64 << 20;
/// How many bytes of remote documents, and how many of stored ones, are kept in memory.
const DOCUMENTS: u64 = 64 << 20;
/// How long an @context is believed to be there still, in microseconds: another process may have deleted it.
const BELIEVED: i64 = 1_000_000;
/// How often an @context may be found outdated while one request waits for it.
const ATTEMPTS: usize = 4;

/// Whose @context is to be resolved, and how the client knows this server.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The tenant, whether or not it exists.
    pub tenant: &'a Tenant,
    /// `http://host:port`, as the client sees it.
    pub base: &'a str,
}

/// The contexts that this process knows.
#[derive(Debug, Clone)]
pub struct Contexts {
    processed: Cache<(Tenant, UserContext), Arc<Resolved>>,
    remote: Cache<(Tenant, String), Arc<Document>>,
    stored: moka::sync::Cache<(TenantId, String), Arc<Document>>,
    /// Documents that this server publishes itself, by the end of their URL.
    published: Arc<HashMap<&'static str, Arc<Value>>>,
    egress: Egress,
    store: Store,
    core: Arc<Resolved>,
}

/// Documents at hand for one run of processing.
struct AtHand<'c> {
    fetched: HashMap<String, Arc<Document>>,
    contexts: &'c Contexts,
}

impl Documents for AtHand<'_> {
    fn document(&self, url: &str) -> Option<Arc<Value>> {
        let fetched = self.fetched.get(url).map(|document| Arc::clone(&document.body));
        fetched.or_else(|| self.contexts.own(url))
    }
}

impl Contexts {
    /// Empty caches in front of a database and an egress gate. `published` are this server's own documents, by path.
    pub fn new(egress: Egress, store: Store, published: HashMap<&'static str, Arc<Value>>) -> Self {
        let weigh = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        Self {
            processed: Cache::builder()
                .max_capacity(PROCESSED)
                .weigher(move |(_, user): &(Tenant, UserContext), resolved: &Arc<Resolved>| {
                    weigh(user.size() + resolved.size)
                })
                .expire_after(UntilStale)
                .build(),
            remote: Cache::builder()
                .max_capacity(DOCUMENTS)
                .weigher(move |_, document: &Arc<Document>| weigh(document.size))
                // A new one must get in, or it would be fetched again and again.
                .eviction_policy(EvictionPolicy::lru())
                .expire_after(UntilStale)
                .build(),
            stored: moka::sync::Cache::builder()
                .max_capacity(DOCUMENTS)
                .weigher(move |_, document: &Arc<Document>| weigh(document.size))
                .eviction_policy(EvictionPolicy::lru())
                .build(),
            published: Arc::new(published),
            egress,
            store,
            core: Arc::new(Resolved::new(Context::core(), Vec::new())),
        }
    }

    /// What a user's @context means, the core context included. Counts as a use of every document that it needs.
    ///
    /// # Errors
    /// BadRequestData when it is invalid; LdContextNotAvailable when a part cannot be had, or was here and is deleted.
    pub async fn resolve(&self, asker: Asker<'_>, user: &UserContext) -> Result<Arc<Resolved>> {
        if user.is_core() {
            return Ok(Arc::clone(&self.core));
        }
        let key = (asker.tenant.clone(), user.clone());
        for _ in 0..ATTEMPTS {
            // Clients that ask for the same context at the same time wait for one run. Failures are not kept.
            let resolved = match self.processed.get(&key).await {
                Some(resolved) => resolved,
                None => {
                    let run = self.processed.try_get_with_by_ref(&key, self.process(asker, user)).await;
                    run.map_err(|error| super::ServiceError::clone(&error))?
                }
            };
            if self.still_holds(&resolved).await? {
                resolved.touch(now());
                return Ok(resolved);
            }
            self.processed.invalidate(&key).await;
        }
        let detail = "the @context is being replaced again and again; try later";
        Err(Error::new(ErrorKind::LdContextNotAvailable, detail).into())
    }

    async fn process(&self, asker: Asker<'_>, user: &UserContext) -> Result<Arc<Resolved>> {
        let mut at_hand = AtHand { fetched: HashMap::new(), contexts: self };
        loop {
            match process(user, &at_hand) {
                Ok(context) => {
                    return Ok(Arc::new(Resolved::new(context, at_hand.fetched.into_values().collect())));
                }
                Err(ContextError::Missing(_)) if at_hand.fetched.len() >= MAX_REMOTE => {
                    let detail = format!("the @context needs more than {MAX_REMOTE} remote contexts");
                    return Err(Error::bad_request(detail).at("/@context").into());
                }
                Err(ContextError::Missing(url)) => {
                    let document = self.document(asker, &url).await?;
                    at_hand.fetched.insert(url, document);
                }
                Err(error) => return Err(Error::from(error).into()),
            }
        }
    }

    /// Whether every document that went into it is still the one to use.
    async fn still_holds(&self, resolved: &Resolved) -> Result<bool> {
        for document in &resolved.documents {
            if !self.is_current(document).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a document is the one to use. One that was pushed out of memory is not: it could be neither counted nor
    /// reloaded any more.
    async fn is_current(&self, document: &Arc<Document>) -> Result<bool> {
        if document.is_withdrawn() {
            return Ok(false);
        }
        let now = now();
        if !document.is_due(now, BELIEVED) {
            return Ok(true);
        }
        let there = match &document.origin {
            Origin::Remote(remote) => {
                // Looking also tells the cache that it is in use.
                let held = self.remote.get(&(remote.tenant.clone(), remote.url.clone())).await;
                held.is_some_and(|held| Arc::ptr_eq(&held, document))
            }
            Origin::Stored { tenant, id } => {
                let key = (*tenant, id.clone());
                let held = self.stored.get(&key).is_some_and(|held| Arc::ptr_eq(&held, document));
                let there = held && self.store.has_context(*tenant, id).await?;
                if held && !there {
                    self.stored.invalidate(&key);
                }
                there
            }
        };
        if there {
            document.confirm(now);
        } else {
            document.withdraw();
        }
        Ok(there)
    }

    /// The document at a URL: a stored one, or one that is fetched.
    async fn document(&self, asker: Asker<'_>, url: &str) -> Result<Arc<Document>> {
        if let Some(id) = local_id(url) {
            if let Some(tenant) = self.store.tenant(asker.tenant).await?
                && let Some(document) = self.stored(tenant, id).await?
            {
                return Ok(document);
            }
            // Asking this server for what it does not have would only keep it busy.
            if same_origin(url, asker.base) {
                let detail = format!("there is no @context at {url}; it may have been deleted");
                return Err(Error::new(ErrorKind::LdContextNotAvailable, detail).into());
            }
        }
        self.remote(asker.tenant, url).await
    }

    /// A stored document, from memory or from the database.
    async fn stored(&self, tenant: TenantId, id: &str) -> Result<Option<Arc<Document>>> {
        let key = (tenant, id.to_owned());
        if let Some(document) = self.stored.get(&key)
            && self.is_current(&document).await?
        {
            return Ok(Some(document));
        }
        let Some((entry, body)) = self.store.context(tenant, id).await? else { return Ok(None) };
        let value: Value = serde_json::from_str(&body)
            .map_err(|e| StoreError::Corrupt { id: id.to_owned(), detail: e.to_string() })?;
        let document = Arc::new(Document::stored(tenant, &entry, &body, value));
        // Several that read it at the same moment share one, so that its uses are counted in one place.
        let document = self.share(key, document);
        // Nobody has confirmed it yet: whoever deletes it from now on finds it, but it may be deleted already.
        Ok(self.is_current(&document).await?.then_some(document))
    }

    /// The document that is in memory under a key; the one given if there is none. (moka's `or_insert` may keep another
    /// than it returns when several insert at once.)
    fn share(&self, key: (TenantId, String), document: Arc<Document>) -> Arc<Document> {
        let entry = self.stored.entry(key).and_compute_with(|current| match current {
            Some(_) => Op::Nop,
            None => Op::Put(Arc::clone(&document)),
        });
        match entry {
            CompResult::Inserted(entry) | CompResult::ReplacedWith(entry) | CompResult::Unchanged(entry) => {
                entry.into_value()
            }
            CompResult::Removed(_) | CompResult::StillNone(_) => document,
        }
    }

    /// A remote document, from memory or from its place.
    async fn remote(&self, tenant: &Tenant, url: &str) -> Result<Arc<Document>> {
        let key = (tenant.clone(), url.to_owned());
        self.remote.try_get_with(key, self.fetch(tenant, url)).await.map_err(|error| match &*error {
            EgressError::Content(why) => {
                let detail = format!("what is at {url} is no JSON-LD @context: {why}");
                Error::bad_request(detail).at("/@context").into()
            }
            error => unavailable(url, error).into(),
        })
    }

    async fn fetch(&self, tenant: &Tenant, url: &str) -> Result<Arc<Document>, EgressError> {
        let download = self.egress.get(url, "application/ld+json, application/json;q=0.9", MAX_BYTES).await?;
        let value: Value = serde_json::from_slice(&download.body).map_err(|e| EgressError::Content(e.to_string()))?;
        if value.get("@context").is_none() {
            return Err(EgressError::Content("it is no JSON object with @context".to_owned()));
        }
        let lifetime = freshness::lifetime(&download.headers, std::time::SystemTime::now());
        let lifetime = i64::try_from(lifetime.as_micros()).unwrap_or(i64::MAX);
        let fetched_at = now();
        let fresh_until = ngsild::DateTime::from_micros(fetched_at.micros().saturating_add(lifetime));
        let remote = Remote { tenant: tenant.clone(), url: url.to_owned(), fetched_at, fresh_until };
        Ok(Arc::new(Document::remote(remote, &download.body, value)))
    }

    /// Tells the database how often stored @contexts were used since this was last called.
    ///
    /// # Errors
    /// When the database fails; the uses are then told the next time.
    pub async fn save_uses(&self) -> Result<()> {
        let used: Vec<_> =
            self.stored.iter().filter_map(|(_, document)| Some((document.take_uses()?, document))).collect();
        let outcome = self.store.note_context_uses(used.iter().map(|(uses, _)| uses.clone()).collect()).await;
        if outcome.is_err() {
            for (uses, document) in &used {
                document.give_back(uses.hits);
            }
        }
        Ok(outcome?)
    }

    /// One of this server's own documents, whatever name or address the client knows the server by.
    fn own(&self, url: &str) -> Option<Arc<Value>> {
        let url = url::Url::parse(url).ok()?;
        self.published.get(url.path()).filter(|_| url.query().is_none()).cloned()
    }

    /// A published document by its path.
    pub fn published(&self, path: &str) -> Option<Arc<Value>> {
        self.published.get(path).cloned()
    }
}

fn unavailable(url: &str, error: &EgressError) -> Error {
    Error::new(ErrorKind::LdContextNotAvailable, format!("the @context at {url} cannot be had: {error}"))
}

/// The id in the URL of a stored @context, whatever name or address the client knows the server by. Ids are random, or
/// made from the content: that one means something else on another broker does not happen.
pub fn local_id(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let (_, id) = rest.split_once(PATH)?;
    (!id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(id)
}

fn same_origin(url: &str, base: &str) -> bool {
    match (url::Url::parse(url), url::Url::parse(base)) {
        (Ok(url), Ok(base)) => url.origin() == base.origin(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_stored_context_is_known_under_every_name() {
        for (url, id) in [
            ("http://localhost:1026/ngsi-ld/v1/jsonldContexts/0af3", Some("0af3")),
            ("https://city.example/hiroba/ngsi-ld/v1/jsonldContexts/0af3", Some("0af3")),
            ("https://city.example/ngsi-ld/v1/jsonldContexts/", None),
            ("https://city.example/ngsi-ld/v1/jsonldContexts/0af3/more", None),
            ("https://city.example/ngsi-ld/v1/jsonldContexts/0af3?x", None),
            ("https://city.example/ngsi-ld/v1/jsonldContexts", None),
            ("urn:x:/ngsi-ld/v1/jsonldContexts/0af3", None),
            ("0af3", None),
        ] {
            assert_eq!(local_id(url), id, "{url}");
        }
        assert!(same_origin("http://Localhost:80/x", "http://localhost"));
        assert!(!same_origin("http://localhost:81/x", "http://localhost"));
    }
}
