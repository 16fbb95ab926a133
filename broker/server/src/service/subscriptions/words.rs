//! What the names in notifications are. Whoever publishes an @context keeps nobody waiting: what was learnt once is used until
//! something newer is there, and who does not answer is not asked again for a while.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hiroba_vocab::Tenant;
use hiroba_vocab::ngsi_ld::CORE_CONTEXT;
use moka::sync::Cache;
use ngsild::jsonld::{Context, UserContext};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use crate::service::contexts::{Asker, Contexts};

/// For how long a @context is used without a look whether it is still the same.
const BELIEVED: Duration = Duration::from_secs(10);
/// After how long one is asked for again that could not be had.
const AGAIN: Duration = Duration::from_secs(60);
/// How long to wait, once, for one that nothing is known of.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many are known, and how many are asked for at once.
const KNOWN: u64 = 1_000;
const AT_ONCE: usize = 16;

/// The @contexts that subscriptions use.
#[derive(Debug, Clone)]
pub(super) struct Words {
    known: Cache<Key, Known>,
    asking: Arc<Mutex<HashSet<Key>>>,
    places: Arc<Semaphore>,
    core: Arc<Context>,
}

/// A tenant, and the URL.
type Key = (Tenant, String);

#[derive(Debug, Clone)]
struct Known {
    /// `None` when it could never be had.
    context: Option<Arc<Context>>,
    until: Instant,
}

impl Words {
    /// None is known.
    pub(super) fn new() -> Self {
        Self {
            known: Cache::new(KNOWN),
            asking: Arc::default(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            core: Arc::new(Context::core()),
        }
    }

    /// The @context at a URL; where it cannot be had the core's: names are then IRIs, which everybody understands.
    pub(super) async fn of(&self, contexts: &Contexts, tenant: &Tenant, url: &str) -> Arc<Context> {
        if url == CORE_CONTEXT {
            return Arc::clone(&self.core);
        }
        let key = (tenant.clone(), url.to_owned());
        let known = self.known.get(&key);
        if let Some(known) = known.as_ref().filter(|known| Instant::now() < known.until) {
            return self.or_core(known.context.as_ref());
        }
        let asked = self.ask(contexts, key.clone());
        if let Some(known) = known {
            return self.or_core(known.context.as_ref());
        }
        if let Some(asked) = asked
            && timeout(PATIENCE, asked).await.is_err()
        {
            // Whoever needs it next does not wait; when it comes it takes this one's place.
            let nothing = Known { context: None, until: Instant::now() + PATIENCE };
            self.known.entry(key.clone()).or_insert(nothing);
        }
        self.or_core(self.known.get(&key).and_then(|known| known.context).as_ref())
    }

    fn or_core(&self, context: Option<&Arc<Context>>) -> Arc<Context> {
        Arc::clone(context.unwrap_or(&self.core))
    }

    /// Asks for a @context, unless somebody does so already.
    fn ask(&self, contexts: &Contexts, key: Key) -> Option<tokio::task::JoinHandle<()>> {
        if !self.asking.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone()) {
            return None;
        }
        let (words, contexts) = (self.clone(), contexts.clone());
        Some(tokio::spawn(async move {
            // Never closed.
            let _place = words.places.acquire().await.ok();
            let (tenant, url) = &key;
            // Which name this server had for whoever subscribed is not known.
            let asker = Asker { tenant, base: "" };
            let known = match contexts.resolve(asker, &UserContext::from_url(url)).await {
                Ok(resolved) => {
                    Known { context: Some(Arc::clone(&resolved.context)), until: Instant::now() + BELIEVED }
                }
                Err(error) => {
                    let before = words.known.get(&key).and_then(|known| known.context);
                    let instead = if before.is_some() { "is used as it was" } else { "is not known: names are IRIs" };
                    tracing::warn!(%error, url, "the @context of notifications {instead}");
                    Known { context: before, until: Instant::now() + AGAIN }
                }
            };
            words.known.insert(key.clone(), known);
            words.asking.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        }))
    }
}
