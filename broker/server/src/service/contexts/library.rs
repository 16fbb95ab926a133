//! Adding, listing, serving, deleting and reloading @contexts (5.13.2 to 5.13.5).

use std::sync::Arc;

use hiroba_store::{NewContext, TenantId};
use hiroba_vocab::Tenant;
use hiroba_vocab::ngsi_ld::CORE_CONTEXT;
use ngsild::jsonld::{ContextError, Documents, UserContext, is_core_url, process};
use ngsild::{DateTime, Error, ErrorKind};
use serde_json::{Value, json};

use super::document::{Document, Origin, id_of};
use super::{Contexts, local_id, unavailable};
use crate::egress::EgressError;
use crate::service::{Result, ServiceError, now};

/// How many @contexts clients may add to one tenant.
const MAX_HOSTED: usize = 1_000;
/// How many implicitly created @contexts one tenant has at most: the one used longest ago makes room.
const MAX_IMPLICIT: usize = 500;
/// How large an implicitly created @context may be, in bytes. Whoever may read can make one.
const MAX_IMPLICIT_BYTES: usize = 256 << 10;

/// How an @context came to be here (5.13.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A client added it.
    Hosted,
    /// A copy of a remote one.
    Cached,
    /// The broker made it, because an answer had to link to what a client sent in a body.
    ImplicitlyCreated,
}

impl Kind {
    /// The standard's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hosted => "Hosted",
            Self::Cached => "Cached",
            Self::ImplicitlyCreated => "ImplicitlyCreated",
        }
    }

    /// Reads the standard's name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Hosted, Self::Cached, Self::ImplicitlyCreated].into_iter().find(|kind| kind.name() == name)
    }
}

/// Where an @context can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Here, below [`super::PATH`].
    Here,
    /// At its own URL.
    Elsewhere(String),
}

/// What is told of an @context (5.2.35).
#[derive(Debug, Clone)]
pub struct ContextEntry {
    /// Where it can be had.
    pub place: Place,
    /// Its id here.
    pub local_id: String,
    /// How it came to be here.
    pub kind: Kind,
    /// When it was stored, or fetched.
    pub created_at: DateTime,
    /// When a copy will be fetched again.
    pub expires_at: Option<DateTime>,
    /// When it was last used.
    pub used_at: Option<DateTime>,
    /// How often it was used.
    pub hits: u64,
}

/// An @context that was asked for.
#[derive(Debug)]
pub enum Served {
    /// One that is served here: `{"@context": …}`.
    Content(Arc<Value>),
    /// A copy: its publisher serves it.
    Copy,
}

/// What an id or URL stands for.
enum Found {
    Stored(Arc<Document>),
    Cached(Arc<Document>),
    Core,
}

/// Stands in for every remote document: what is wrong with an @context itself shows without fetching anything.
struct Pretended {
    document: Arc<Value>,
    /// The one document that is there.
    known: Option<(String, Arc<Value>)>,
}

impl Documents for Pretended {
    fn document(&self, url: &str) -> Option<Arc<Value>> {
        let known = self.known.as_ref().filter(|(known, _)| known == url);
        Some(Arc::clone(known.map_or(&self.document, |(_, document)| document)))
    }
}

/// Whether a user's @context is valid as far as that can be told without fetching anything.
fn check(user: &UserContext, known: Option<(String, Arc<Value>)>) -> Result<(), ContextError> {
    process(user, &Pretended { document: Arc::new(json!({"@context": {}})), known }).map(drop)
}

impl Contexts {
    /// Add @context (5.13.2). `document` is an object with `@context`; its other members are discarded. Remote parts
    /// are fetched when it is used, not now: they may be out of reach for the moment. The id of the new one.
    ///
    /// # Errors
    /// BadRequestData when there is no `@context`, or an invalid one; OperationNotSupported when the tenant has as many
    /// as it may have.
    pub async fn add_context(&self, tenant: TenantId, context: &Value) -> Result<String> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let kind = hiroba_store::ContextKind::Hosted;
        let new = NewContext { id: id.clone(), kind, body: context.to_string(), limit: MAX_HOSTED };
        if self.store.add_context(tenant, new, now()).await? {
            return Ok(id);
        }
        let detail = format!("a tenant can have {MAX_HOSTED} hosted @contexts; delete some that are not needed");
        Err(Error::new(ErrorKind::OperationNotSupported, detail).into())
    }

    /// The id of a stored @context that stands for what a client sent in a body, made if it is new (6.3.6).
    ///
    /// # Errors
    /// BadRequestData when it is too large to be kept.
    pub async fn implicit_context(&self, tenant: TenantId, user: &UserContext) -> Result<String> {
        let body = user.to_json().to_string();
        if body.len() > MAX_IMPLICIT_BYTES {
            let detail = format!(
                "an @context of more than {MAX_IMPLICIT_BYTES} bytes cannot be linked to; ask for application/ld+json, \
                 or add it to /jsonldContexts and name it by its URL"
            );
            return Err(Error::bad_request(detail).at("/@context").into());
        }
        let id = id_of(&body);
        if let Some(document) = self.stored(tenant, &id).await? {
            document.touch(now());
            return Ok(id);
        }
        let kind = hiroba_store::ContextKind::ImplicitlyCreated;
        let new = NewContext { id: id.clone(), kind, body, limit: MAX_IMPLICIT };
        self.store.add_context(tenant, new, now()).await?;
        Ok(id)
    }

    /// List @contexts (5.13.3): those that are stored, the oldest first, then copies that this process has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_contexts(
        &self,
        name: &Tenant,
        tenant: TenantId,
        kind: Option<Kind>,
    ) -> Result<Vec<ContextEntry>> {
        let mut entries = Vec::new();
        if kind != Some(Kind::Cached) {
            let stored = self.store.contexts(tenant).await?;
            entries.extend(stored.into_iter().map(|entry| self.stored_entry(tenant, entry)));
        }
        let mut copies: Vec<ContextEntry> = self
            .remote
            .iter()
            .filter(|(key, _)| key.0 == *name)
            .filter_map(|(_, document)| cached_entry(&document))
            .collect();
        copies.sort_by(|a, b| a.created_at.cmp(&b.created_at).then_with(|| a.local_id.cmp(&b.local_id)));
        entries.extend(copies);
        entries.retain(|entry| kind.is_none_or(|kind| entry.kind == kind));
        Ok(entries)
    }

    /// Serve @context (5.13.4), by its id or its URL.
    ///
    /// # Errors
    /// ResourceNotFound.
    pub async fn serve_context(&self, name: &Tenant, tenant: TenantId, id: &str) -> Result<Served> {
        Ok(match self.find(name, tenant, id).await? {
            Found::Stored(document) => {
                document.touch(now());
                Served::Content(Arc::clone(&document.body))
            }
            Found::Cached(_) | Found::Core => Served::Copy,
        })
    }

    /// What is known of an @context (5.13.4 with details), by its id or its URL. `started` is since when the core
    /// context is here.
    ///
    /// # Errors
    /// ResourceNotFound.
    pub async fn context_details(
        &self,
        name: &Tenant,
        tenant: TenantId,
        id: &str,
        started: DateTime,
    ) -> Result<ContextEntry> {
        let entry = match self.find(name, tenant, id).await? {
            Found::Stored(document) => match document.stored_as() {
                Some((_, id)) => {
                    let found = self.store.context(tenant, id).await?;
                    found.map(|(entry, _)| self.stored_entry(tenant, entry))
                }
                None => None,
            },
            Found::Cached(document) => cached_entry(&document),
            Found::Core => Some(ContextEntry {
                place: Place::Elsewhere(CORE_CONTEXT.to_owned()),
                local_id: id_of(CORE_CONTEXT),
                kind: Kind::Cached,
                created_at: started,
                expires_at: None,
                used_at: None,
                hits: 0,
            }),
        };
        entry.ok_or_else(|| ServiceError::NoContext(id.to_owned()))
    }

    /// Delete @context (5.13.5 without reload), by its id or its URL.
    ///
    /// # Errors
    /// ResourceNotFound; BadRequestData for the core context.
    pub async fn delete_context(&self, name: &Tenant, tenant: TenantId, id: &str) -> Result<()> {
        match self.find(name, tenant, id).await? {
            Found::Core => Err(Error::bad_request("the core @context is part of the broker and stays").into()),
            Found::Cached(document) => {
                if let Origin::Remote(remote) = &document.origin {
                    self.remote.invalidate(&(name.clone(), remote.url.clone())).await;
                }
                document.withdraw();
                Ok(())
            }
            Found::Stored(document) => {
                let Some((_, local)) = document.stored_as() else { return Ok(()) };
                let there = self.store.delete_context(tenant, local).await?;
                // Only now: what is in memory before the row is gone may have been read from it.
                if let Some(held) = self.stored.remove(&(tenant, local.to_owned())) {
                    held.withdraw();
                }
                document.withdraw();
                if there { Ok(()) } else { Err(ServiceError::NoContext(id.to_owned())) }
            }
        }
    }

    /// Reload @context (5.13.5 with reload): fetches a copy again. The old one stays when that fails. The core context
    /// is what it is, so nothing is fetched for it.
    ///
    /// # Errors
    /// ResourceNotFound; BadRequestData for one that is not a copy; LdContextNotAvailable when it cannot be fetched, or
    /// what was fetched is no valid @context.
    pub async fn reload_context(&self, name: &Tenant, tenant: TenantId, id: &str) -> Result<()> {
        match self.find(name, tenant, id).await? {
            Found::Core => Ok(()),
            Found::Stored(_) => {
                let detail = "only a copy of a remote @context can be reloaded; this one is at home here";
                Err(Error::bad_request(detail).at("reload").into())
            }
            Found::Cached(older) => {
                let Origin::Remote(remote) = &older.origin else { return Ok(()) };
                let url = &remote.url;
                let fresh = self.fetch(name, url).await.map_err(|error| unavailable(url, &error))?;
                check(&UserContext::from_url(url), Some((url.clone(), Arc::clone(&fresh.body)))).map_err(|error| {
                    unavailable(url, &EgressError::Content(format!("what is there now is invalid: {error}")))
                })?;
                fresh.inherit(&older);
                self.remote.insert((name.clone(), url.clone()), fresh).await;
                older.withdraw();
                Ok(())
            }
        }
    }

    async fn find(&self, name: &Tenant, tenant: TenantId, text: &str) -> Result<Found> {
        if is_core_url(text) || text == id_of(CORE_CONTEXT) {
            return Ok(Found::Core);
        }
        if let Some(document) = self.stored(tenant, local_id(text).unwrap_or(text)).await? {
            return Ok(Found::Stored(document));
        }
        if let Some(document) = self.remote.get(&(name.clone(), text.to_owned())).await {
            return Ok(Found::Cached(document));
        }
        let by_id = self.remote.iter().find_map(|(key, document)| {
            let matches = matches!(&document.origin, Origin::Remote(remote) if remote.local_id() == text);
            (key.0 == *name && matches).then_some(document)
        });
        by_id.map(Found::Cached).ok_or_else(|| ServiceError::NoContext(text.to_owned()))
    }

    /// A row of the database, with the uses that this process has not told it of.
    fn stored_entry(&self, tenant: TenantId, entry: hiroba_store::ContextEntry) -> ContextEntry {
        let held = self.stored.get(&(tenant, entry.id.clone()));
        let (untold, used_at) = held.map_or((0, None), |document| document.uses());
        ContextEntry {
            place: Place::Here,
            local_id: entry.id,
            kind: match entry.kind {
                hiroba_store::ContextKind::Hosted => Kind::Hosted,
                hiroba_store::ContextKind::ImplicitlyCreated => Kind::ImplicitlyCreated,
            },
            created_at: entry.created_at,
            expires_at: None,
            used_at: entry.used_at.max(used_at),
            hits: entry.hits + untold,
        }
    }
}

/// What is known of a copy.
fn cached_entry(document: &Document) -> Option<ContextEntry> {
    let Origin::Remote(remote) = &document.origin else { return None };
    let (hits, used_at) = document.uses();
    Some(ContextEntry {
        place: Place::Elsewhere(remote.url.clone()),
        local_id: remote.local_id(),
        kind: Kind::Cached,
        created_at: remote.fetched_at,
        expires_at: Some(remote.fresh_until),
        used_at,
        hits,
    })
}

/// The `@context` of a document that a client wants to add.
///
/// # Errors
/// BadRequestData when it is no object, has no `@context`, or an invalid one.
pub fn context_of(document: &Value) -> Result<&Value> {
    let Some(context) = document.as_object().and_then(|members| members.get("@context")) else {
        let detail = "an @context is added as a JSON object with the member @context";
        return Err(Error::bad_request(detail).at("/@context").into());
    };
    check(&UserContext::from_json(context)?, None).map_err(Error::from)?;
    Ok(context)
}
