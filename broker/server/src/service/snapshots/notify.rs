//! SnapshotNotifications (5.3.4): who asked for it is told how a snapshot is.
//!
//! Notifications of one snapshot go out one after the other. They are kept in memory only: after a restart nobody is
//! told of what happened before it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hiroba_vocab::ngsi_ld::{CONTEXT_LINK_REL, CORE_CONTEXT};
use hiroba_vocab::{Iri, Tenant};
use ngsild::DateTime;
use ngsild::snapshot::Snapshot;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LINK};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::egress::{Egress, EgressError, headers};

/// How long to wait before a notification is tried again, each time.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(25)];
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How many snapshots may have notifications waiting, and how many each.
const SNAPSHOTS: usize = 1_000;
const WAITING: usize = 20;
/// How many notifications are sent at once.
const AT_ONCE: usize = 16;

type Key = (Tenant, Iri);

/// Sends notifications.
#[derive(Debug)]
pub(super) struct Notifier {
    egress: Egress,
    /// What waits, by snapshot. Whoever puts in the first starts the work, which ends with the last.
    waiting: Mutex<HashMap<Key, VecDeque<Letter>>>,
    sending: Semaphore,
}

/// A notification, ready to be sent.
#[derive(Debug)]
struct Letter {
    to: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Letter {
    /// The notification of a snapshot as it is; `None` when nobody wants any.
    fn of(tenant: &Tenant, snapshot: &Snapshot, now: DateTime) -> Option<Self> {
        let to = snapshot.settings.endpoint.clone()?;
        let id = format!("urn:ngsi-ld:SnapshotNotification:{}", uuid::Uuid::new_v4().simple());
        let body = Value::Object(snapshot.notification(&id, now)).to_string();
        let mut headers = headers(&snapshot.settings.receiver_info);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let link = format!("<{CORE_CONTEXT}>; rel=\"{CONTEXT_LINK_REL}\"; type=\"application/ld+json\"");
        if let Ok(link) = HeaderValue::from_str(&link) {
            headers.insert(LINK, link);
        }
        if let Ok(name) = HeaderValue::from_str(tenant.as_str())
            && !tenant.is_default()
        {
            headers.insert(HeaderName::from_static("ngsild-tenant"), name);
        }
        Some(Self { to, headers, body: body.into() })
    }
}

impl Notifier {
    /// Nothing waits.
    pub(super) fn new(egress: Egress) -> Self {
        Self { egress, waiting: Mutex::default(), sending: Semaphore::new(AT_ONCE) }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Key, VecDeque<Letter>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the receiver of a snapshot, if it has one, how the snapshot is now. Returns at once.
    pub(super) fn send(self: &Arc<Self>, tenant: &Tenant, snapshot: &Snapshot, now: DateTime) {
        let Some(letter) = Letter::of(tenant, snapshot, now) else { return };
        let key = (tenant.clone(), snapshot.id.clone());
        let mut waiting = self.waiting();
        let others = waiting.len();
        match waiting.get_mut(&key) {
            Some(queue) => {
                if queue.len() >= WAITING {
                    queue.pop_front();
                    tracing::warn!(id = %snapshot.id, "too many notifications wait: the oldest is not sent");
                }
                queue.push_back(letter);
            }
            None if others >= SNAPSHOTS => {
                tracing::warn!(id = %snapshot.id, "too many notifications wait: this one is not sent");
            }
            None => {
                waiting.insert(key.clone(), VecDeque::from([letter]));
                tokio::spawn(Arc::clone(self).send_all(key));
            }
        }
    }

    async fn send_all(self: Arc<Self>, key: Key) {
        loop {
            let next = {
                let mut waiting = self.waiting();
                let next = waiting.get_mut(&key).and_then(VecDeque::pop_front);
                if next.is_none() {
                    waiting.remove(&key);
                }
                next
            };
            let Some(letter) = next else { return };
            self.deliver(&letter, &key.1).await;
        }
    }

    /// Sends one notification, and again when the receiver does not take it for the moment.
    async fn deliver(&self, letter: &Letter, id: &Iri) {
        for pause in PAUSES.into_iter().map(Some).chain([None]) {
            let why = match self.attempt(letter).await {
                Ok(()) => return,
                Err(why) => why,
            };
            match pause.filter(|_| why.may_pass) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => {
                    let (to, reason) = (&letter.to, &why.reason);
                    tracing::warn!(%id, to, reason, "a notification was not delivered");
                    return;
                }
            }
        }
    }

    async fn attempt(&self, letter: &Letter) -> Result<(), Refused> {
        // Never closed.
        let _permit = self.sending.acquire().await.ok();
        match self.egress.post(&letter.to, letter.headers.clone(), letter.body.clone(), PATIENCE).await {
            Ok(status) if status.is_success() => Ok(()),
            Ok(status) => {
                let may_pass = status.is_server_error() || status.as_u16() == 429 || status.as_u16() == 408;
                Err(Refused { reason: format!("the receiver answered {status}"), may_pass })
            }
            Err(error) => {
                let may_pass = matches!(error, EgressError::Failed(_));
                Err(Refused { reason: error.to_string(), may_pass })
            }
        }
    }
}

/// Why a notification was not taken.
struct Refused {
    reason: String,
    /// Whether that may be over soon.
    may_pass: bool,
}
