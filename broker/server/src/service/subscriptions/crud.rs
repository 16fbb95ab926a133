//! Subscriptions are created, changed, told of and deleted (5.8.1 to 5.8.5), and notifications that were given up are
//! looked at and sent after all.

use hiroba_store::{DeadLetter, NewSubscription, Replay, StoreError, SubscriptionAdded, SubscriptionEntry, TenantId};
use hiroba_vocab::Iri;
use hiroba_vocab::ngsi_ld::CORE_CONTEXT;
use ngsild::jsonld::{Context, UserContext};
use ngsild::subscription::{Counters, Fragment, Subject, Subscription, Transport, Watch};
use ngsild::{Error, ErrorKind};
use serde_json::{Map, Value};

use crate::mqtt;
use crate::service::contexts::{self, Asker};
use crate::service::registrations::{Registry, subscribers};
use crate::service::{Place, Result, ServiceError, existing_tenant, implicit_tenant, now};
use crate::state::AppState;

/// How many subscriptions to registrations a tenant may have: each is looked at when a registration changes.
const MAX_TO_REGISTRATIONS: usize = 1_000;
/// How often a change is tried again when somebody else was faster.
const ATTEMPTS: usize = 50;

/// What a client says of a subscription.
#[derive(Debug)]
pub struct Wish<'r> {
    /// What it is about: those about something else are not found.
    pub subject: Subject,
    /// The members.
    pub fragment: Fragment,
    /// Whose it is.
    pub place: &'r Place,
    /// The @context of the request.
    pub user: &'r UserContext,
    /// How the client knows this server: `http://host:port`.
    pub base: &'r str,
}

/// A subscription, and what became of its notifications.
#[derive(Debug)]
pub struct Described {
    subscription: Subscription,
    counters: Counters,
}

impl Described {
    fn of(entry: &SubscriptionEntry) -> Result<Self> {
        Ok(Self { subscription: read(entry)?, counters: entry.counters })
    }

    /// The subscription as a client sees it now, with the names of `context` and without `@context`.
    pub fn to_json(&self, sys_attrs: bool, context: &Context) -> Map<String, Value> {
        self.subscription.to_json(self.subscription.status(now()), &self.counters, sys_attrs, context)
    }
}

/// A page of subscriptions.
#[derive(Debug)]
pub struct Listed {
    /// Those of the page.
    pub subscriptions: Vec<Described>,
    /// Whether there are others after it.
    pub more: bool,
}

/// Notifications of a subscription that were given up.
#[derive(Debug)]
pub struct Letters {
    /// Those of the page, in the order of their numbers.
    pub letters: Vec<DeadLetter>,
    /// Whether there are others after it.
    pub more: bool,
    /// How many notifications wait for the receiver.
    pub waiting: u64,
    /// How many of those that were given up had to make room, and are lost.
    pub lost: u64,
}

/// Create Subscription (5.8.1), Create Context Source Registration Subscription (5.11.2). The tenant comes to be with it,
/// a snapshot has to be there. The id.
///
/// # Errors
/// BadRequestData when members do not go together, for an `expiresAt` that is over and for an endpoint that cannot be
/// called; LdContextNotAvailable or BadRequestData for a `jsonldContext` that cannot be had or is none; AlreadyExists;
/// OperationNotSupported when the tenant, or the snapshot, has as many as it may have; for a snapshot as
/// [`existing_tenant`].
pub async fn create_subscription(state: &AppState, wish: Wish<'_>) -> Result<Iri> {
    let Wish { subject, place, user, base, .. } = wish;
    let generated = || Iri::from_expanded(format!("urn:ngsi-ld:Subscription:{}", uuid::Uuid::new_v4().simple()));
    let id = wish.fragment.id.clone().unwrap_or_else(generated);
    // Nothing comes to be, neither a tenant nor an @context, for what is refused.
    let (fragment, context) = (wish.fragment.clone(), CORE_CONTEXT.to_owned());
    check_endpoint(&Subscription::about(subject, id.clone(), fragment, context, now())?)?;
    check_context(state, &wish).await?;
    let tenant = implicit_tenant(state, place).await?;
    let most = match subject {
        Subject::Entities => state.config.max_subscriptions,
        Subject::Registrations => MAX_TO_REGISTRATIONS,
    };
    state.subscriptions.room.take(&state.store, tenant, subject, most).await?;
    let context = match user.single_url() {
        Some(url) => url.to_owned(),
        None => {
            // It is the tenant's, where it can be asked for, also when the subscription is to a snapshot.
            let tenant = existing_tenant(state, &Place { snapshot: None, ..place.clone() }).await?;
            format!("{base}{}{}", contexts::PATH, state.contexts.implicit_context(tenant, user).await?)
        }
    };
    let subscription = Subscription::about(subject, id.clone(), wish.fragment, context, now())?;
    let new = stored(&subscription)?;
    let added = match subject {
        Subject::Entities => state.store.add_subscription(tenant, new).await?,
        Subject::Registrations => subscribers::add(state, (tenant, &place.tenant), &subscription, &new).await?,
    };
    match added {
        SubscriptionAdded::Done => Ok(id),
        SubscriptionAdded::Exists => {
            let detail = format!("there is a subscription {id} already");
            Err(Error::new(ErrorKind::AlreadyExists, detail).into())
        }
    }
}

/// Update Subscription (5.8.2, 5.11.3).
///
/// # Errors
/// NoSubscription; BadRequestData when the result is no legal subscription, which is then as it was; for a
/// `jsonldContext` as [`create_subscription`]; Busy.
pub async fn update_subscription(state: &AppState, tenant: TenantId, id: &Iri, wish: Wish<'_>) -> Result<()> {
    existing_about(state, wish.subject, tenant, id).await?;
    check_context(state, &wish).await?;
    for _ in 0..ATTEMPTS {
        // The registry first: what is worked out from it is refused when the subscription has changed since.
        let registry = match wish.subject {
            Subject::Entities => None,
            Subject::Registrations => Some(Registry::load(state, tenant).await?),
        };
        let entry = existing_about(state, wish.subject, tenant, id).await?;
        let new = read(&entry)?.update(wish.fragment.clone(), now())?;
        check_endpoint(&new)?;
        let changed = match &registry {
            None => state.store.update_subscription(tenant, entry.revision, stored(&new)?).await?,
            Some(registry) => {
                let owner = (tenant, &wish.place.tenant);
                subscribers::update(state, owner, registry, &new, stored(&new)?).await?
            }
        };
        if changed {
            state.subscriptions.due.notify_one();
            return Ok(());
        }
    }
    Err(ServiceError::Busy(format!("the subscription {id} is being changed by too many others at once")))
}

/// Retrieve Subscription (5.8.3, 5.11.4), whether or not it has expired.
///
/// # Errors
/// NoSubscription.
pub async fn retrieve_subscription(
    state: &AppState,
    subject: Subject,
    tenant: TenantId,
    id: &Iri,
) -> Result<Described> {
    Described::of(&existing_about(state, subject, tenant, id).await?)
}

/// Query Subscriptions (5.8.4, 5.11.5), in the order of their ids.
///
/// # Errors
/// When the database fails.
pub async fn query_subscriptions(
    state: &AppState,
    subject: Subject,
    tenant: TenantId,
    offset: usize,
    limit: usize,
) -> Result<Listed> {
    // One more than asked for tells whether there is a next page.
    let limit_and_one = limit.saturating_add(1);
    let mut entries = state.store.subscriptions_about(tenant, subject, "", offset, limit_and_one).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    Ok(Listed { subscriptions: entries.iter().map(Described::of).collect::<Result<_>>()?, more })
}

/// Delete Subscription (5.8.5, 5.11.6), with everything that waits for its receiver.
///
/// # Errors
/// NoSubscription.
pub async fn delete_subscription(state: &AppState, subject: Subject, tenant: TenantId, id: &Iri) -> Result<()> {
    if subject == Subject::Registrations {
        existing_about(state, subject, tenant, id).await?;
        return subscribers::remove(state, tenant, id.as_str()).await;
    }
    match state.store.delete_subscription(tenant, id.as_str()).await? {
        true => Ok(()),
        false => Err(ServiceError::NoSubscription(id.to_string())),
    }
}

/// The notifications of a subscription that were given up: those with numbers after `after`, at most `limit`.
///
/// # Errors
/// NoSubscription.
pub async fn dead_letters(state: &AppState, tenant: TenantId, id: &Iri, after: i64, limit: usize) -> Result<Letters> {
    let entry = existing(state, tenant, id).await?;
    let mut letters = state.store.dead_letters(tenant, id.as_str(), after, limit.saturating_add(1)).await?;
    let more = letters.len() > limit;
    letters.truncate(limit);
    Ok(Letters { letters, more, waiting: entry.waiting, lost: entry.letters_lost })
}

/// Lets notifications that were given up wait for their receiver again. How many.
///
/// # Errors
/// NoSubscription.
pub async fn replay(state: &AppState, tenant: TenantId, id: &Iri, which: Replay) -> Result<u64> {
    existing(state, tenant, id).await?;
    let replayed = state.store.replay(tenant, id.as_str(), which, now()).await?;
    state.subscriptions.due.notify_one();
    Ok(replayed)
}

async fn existing(state: &AppState, tenant: TenantId, id: &Iri) -> Result<SubscriptionEntry> {
    let entry = state.store.subscription(tenant, id.as_str()).await?;
    entry.ok_or_else(|| ServiceError::NoSubscription(id.to_string()))
}

async fn existing_about(state: &AppState, subject: Subject, tenant: TenantId, id: &Iri) -> Result<SubscriptionEntry> {
    let entry = existing(state, tenant, id).await?;
    if entry.subject == subject { Ok(entry) } else { Err(ServiceError::NoSubscription(id.to_string())) }
}

/// Whether this broker can call the receiver, as far as its address tells.
fn check_endpoint(subscription: &Subscription) -> Result<()> {
    let endpoint = Watch::of(subscription)?.endpoint;
    let has_host = match &endpoint.transport {
        Transport::Http => url::Url::parse(&endpoint.uri).is_ok(),
        Transport::Mqtt(mqtt) => mqtt::host(&mqtt.server).is_some(),
    };
    if !has_host {
        let detail = "an endpoint is an http, https, mqtt or mqtts URI with a host that can be called";
        return Err(Error::bad_request(detail).at("/notification/endpoint/uri").into());
    }
    Ok(())
}

/// Whether the @context that notifications are to use can be had (5.8.1).
async fn check_context(state: &AppState, wish: &Wish<'_>) -> Result<()> {
    let Some(url) = wish.fragment.jsonld_context() else { return Ok(()) };
    let asker = Asker { tenant: &wish.place.tenant, base: wish.base };
    match state.contexts.resolve(asker, &UserContext::from_url(url)).await {
        Ok(_) => Ok(()),
        Err(ServiceError::Ngsild(error)) => Err(Error { at: None, ..error }.at("/jsonldContext").into()),
        Err(error) => Err(error),
    }
}

fn stored(subscription: &Subscription) -> Result<NewSubscription> {
    let broken = |e: serde_json::Error| StoreError::Database(e.to_string());
    Ok(NewSubscription {
        id: subscription.id.to_string(),
        document: serde_json::to_string(subscription).map_err(broken)?,
        expires_at: subscription.expires_at(),
        context: contexts::local_id(subscription.context()).map(ToOwned::to_owned),
    })
}

fn read(entry: &SubscriptionEntry) -> Result<Subscription> {
    let corrupt = |e: serde_json::Error| StoreError::Corrupt { id: entry.id.clone(), detail: e.to_string() };
    Ok(serde_json::from_str(&entry.document).map_err(corrupt)?)
}
