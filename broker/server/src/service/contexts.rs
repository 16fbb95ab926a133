//! What clients mean by their names: @contexts resolved, remote ones fetched through the egress gate and kept.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use ngsild::jsonld::{Context, ContextError, Documents, UserContext, process};
use ngsild::{Error, ErrorKind};
use serde_json::Value;

use crate::egress::{Egress, EgressError};

/// How many remote contexts one @context may need.
const MAX_REMOTE: usize = 32;
/// How large a remote context may be, in bytes.
const MAX_BYTES: usize = 4 << 20;
/// How long a remote context is kept.
const LIFETIME: Duration = Duration::from_secs(3_600);
/// How many processed contexts and remote documents are kept.
const KEPT: u64 = 2_000;

/// The contexts that this process knows.
#[derive(Debug, Clone)]
pub struct Contexts {
    processed: Cache<UserContext, Arc<Context>>,
    documents: Cache<String, Arc<Value>>,
    /// Documents that this server publishes itself, by the end of their URL.
    published: Arc<HashMap<&'static str, Arc<Value>>>,
    egress: Egress,
    core: Arc<Context>,
}

/// Documents at hand for one run of processing.
struct AtHand<'c> {
    fetched: HashMap<String, Arc<Value>>,
    contexts: &'c Contexts,
}

impl Documents for AtHand<'_> {
    fn document(&self, url: &str) -> Option<Arc<Value>> {
        self.fetched.get(url).cloned().or_else(|| self.contexts.own(url))
    }
}

impl Contexts {
    /// An empty cache in front of an egress gate. `published` are this server's own documents, by path.
    pub fn new(egress: Egress, published: HashMap<&'static str, Arc<Value>>) -> Self {
        Self {
            processed: Cache::builder().max_capacity(KEPT).time_to_live(LIFETIME).build(),
            documents: Cache::builder().max_capacity(KEPT).time_to_live(LIFETIME).build(),
            published: Arc::new(published),
            egress,
            core: Arc::new(Context::core()),
        }
    }

    /// What a user's @context means, the core context included.
    ///
    /// # Errors
    /// BadRequestData when it is invalid; LdContextNotAvailable when a remote part cannot be had.
    pub async fn resolve(&self, user: &UserContext) -> Result<Arc<Context>, Error> {
        if user.is_core() {
            return Ok(Arc::clone(&self.core));
        }
        if let Some(context) = self.processed.get(user).await {
            return Ok(context);
        }
        // Clients that ask for the same context at the same time wait for one run. Failures are not kept.
        let outcome = self.processed.try_get_with_by_ref(user, self.process(user)).await;
        outcome.map_err(|error| Error::clone(&error))
    }

    async fn process(&self, user: &UserContext) -> Result<Arc<Context>, Error> {
        let mut at_hand = AtHand { fetched: HashMap::new(), contexts: self };
        loop {
            match process(user, &at_hand) {
                Ok(context) => return Ok(Arc::new(context)),
                Err(ContextError::Missing(_)) if at_hand.fetched.len() >= MAX_REMOTE => {
                    return Err(Error::bad_request(format!(
                        "the @context needs more than {MAX_REMOTE} remote contexts"
                    ))
                    .at("/@context"));
                }
                Err(ContextError::Missing(url)) => {
                    let document = self.fetch(&url).await?;
                    at_hand.fetched.insert(url, document);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A remote document, from memory or from its place.
    async fn fetch(&self, url: &str) -> Result<Arc<Value>, Error> {
        let load = async {
            let body = self.egress.get(url, "application/ld+json, application/json;q=0.9", MAX_BYTES).await?;
            let document: Value = serde_json::from_slice(&body).map_err(|e| EgressError::Content(e.to_string()))?;
            Ok::<_, EgressError>(Arc::new(document))
        };
        self.documents.try_get_with_by_ref(url, load).await.map_err(|error| match &*error {
            EgressError::Content(why) => {
                Error::bad_request(format!("what is at {url} is no JSON-LD @context: {why}")).at("/@context")
            }
            error => {
                Error::new(ErrorKind::LdContextNotAvailable, format!("the @context at {url} cannot be had: {error}"))
            }
        })
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
