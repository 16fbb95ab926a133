//! Registrations are created, changed, told of, found and deleted (5.9.2 to 5.9.4, 5.10.1, 5.10.2).

use hiroba_store::{RegistryChange, RegistryChanged, TenantId};
use hiroba_vocab::{Iri, Tenant};
use ngsild::registration::{Fragment, Registration, RegistrationQuery};
use ngsild::{DateTime, Error, ErrorKind};

use super::registry::{Registered, Registry};
use super::{ATTEMPTS, conflicts, tell};
use crate::service::{Place, Result, ServiceError, implicit_tenant, now};
use crate::state::AppState;

/// How many registrations a tenant may have: all are looked at for each question.
const MAX_REGISTRATIONS: usize = 1_000;

/// A page of registrations that match a query.
#[derive(Debug)]
pub struct Discovered {
    /// Those of the page, each with the places of its elements that match.
    pub registrations: Vec<(Registered, Vec<usize>)>,
    /// How many match.
    pub total: u64,
    /// Whether there are others after the page.
    pub more: bool,
}

/// Register Context Source (5.9.2). The tenant comes to be with it. The id.
///
/// # Errors
/// BadRequestData when members do not go together, and for an `expiresAt` that is over; AlreadyExists; Conflict with
/// others or with entities; OperationNotSupported when the tenant has as many as it may have; Busy.
pub async fn register(state: &AppState, place: &Place, fragment: Fragment) -> Result<Iri> {
    let generated = || {
        let unique = uuid::Uuid::new_v4().simple();
        Iri::from_expanded(format!("urn:ngsi-ld:ContextSourceRegistration:{unique}"))
    };
    let id = fragment.id.clone().unwrap_or_else(generated);
    // No tenant comes to be for what is refused.
    let new = Registered::of(Registration::create(id.clone(), fragment, now())?)?;
    let tenant = implicit_tenant(state, place).await?;
    let owner = (tenant, &place.tenant);
    for _ in 0..ATTEMPTS {
        let registry = Registry::load(state, tenant).await?;
        match registry.get(id.as_str()) {
            Some(old) if old.source.is_expired(now()) => {
                expire(state, owner, id.as_str()).await?;
                continue;
            }
            Some(_) => {
                let detail = format!("there is a registration {id} already");
                return Err(Error::new(ErrorKind::AlreadyExists, detail).into());
            }
            None => {}
        }
        if registry.all.len() >= MAX_REGISTRATIONS {
            let detail =
                format!("a tenant can have {MAX_REGISTRATIONS} registrations; delete some that are not needed");
            return Err(Error::new(ErrorKind::OperationNotSupported, detail).into());
        }
        conflicts::check(state, tenant, &registry, &new.source).await?;
        if change(state, owner, &registry, None, Some(&new)).await? {
            return Ok(id);
        }
    }
    Err(busy(id.as_str()))
}

/// Update Context Source Registration (5.9.3).
///
/// # Errors
/// NoRegistration; BadRequestData when the result is no legal registration, which is then as it was; Conflict; Busy.
pub async fn update(state: &AppState, owner: (TenantId, &Tenant), id: &Iri, fragment: Fragment) -> Result<()> {
    for _ in 0..ATTEMPTS {
        let registry = Registry::load(state, owner.0).await?;
        let old = existing(&registry, id, now())?;
        let new = Registered::of(old.registration.update(fragment.clone(), now())?)?;
        conflicts::check(state, owner.0, &registry, &new.source).await?;
        if change(state, owner, &registry, Some(old), Some(&new)).await? {
            return Ok(());
        }
    }
    Err(busy(id.as_str()))
}

/// Delete Context Source Registration (5.9.4).
///
/// # Errors
/// NoRegistration; Busy.
pub async fn delete(state: &AppState, owner: (TenantId, &Tenant), id: &Iri) -> Result<()> {
    for _ in 0..ATTEMPTS {
        let registry = Registry::load(state, owner.0).await?;
        let old = existing(&registry, id, now())?;
        if change(state, owner, &registry, Some(old), None).await? {
            return Ok(());
        }
    }
    Err(busy(id.as_str()))
}

/// Removes a registration if its time is over.
///
/// # Errors
/// Busy, and when the database fails.
pub(super) async fn expire(state: &AppState, owner: (TenantId, &Tenant), id: &str) -> Result<()> {
    for _ in 0..ATTEMPTS {
        let registry = Registry::load(state, owner.0).await?;
        // Somebody may have removed it, or have given it more time.
        let Some(old) = registry.get(id).filter(|old| old.source.is_expired(now())) else { return Ok(()) };
        if change(state, owner, &registry, Some(old), None).await? {
            return Ok(());
        }
    }
    Err(busy(id))
}

/// Retrieve Context Source Registration (5.10.1).
///
/// # Errors
/// NoRegistration.
pub async fn retrieve(state: &AppState, tenant: TenantId, id: &Iri) -> Result<Registered> {
    let missing = || ServiceError::NoRegistration(id.to_string());
    let entry = state.store.registration(tenant, id.as_str()).await?.ok_or_else(missing)?;
    let registered = Registered::read(&entry)?;
    if registered.source.is_expired(now()) { Err(missing()) } else { Ok(registered) }
}

/// Query Context Source Registrations (5.10.2), in the order of their creation.
///
/// # Errors
/// When the database fails.
pub async fn query(
    state: &AppState,
    tenant: TenantId,
    query: &RegistrationQuery,
    offset: usize,
    limit: usize,
) -> Result<Discovered> {
    let (registry, at) = (Registry::load(state, tenant).await?, now());
    let matching =
        registry.all.into_iter().filter_map(|one| query.matches(&one.source, at).map(|places| (one, places)));
    let all: Vec<(Registered, Vec<usize>)> = matching.collect();
    let (total, more) = (all.len(), all.len() > offset.saturating_add(limit));
    let registrations = all.into_iter().skip(offset).take(limit).collect();
    Ok(Discovered { registrations, total: u64::try_from(total).unwrap_or(u64::MAX), more })
}

fn existing<'r>(registry: &'r Registry, id: &Iri, at: DateTime) -> Result<&'r Registered> {
    let found = registry.get(id.as_str()).filter(|registered| !registered.source.is_expired(at));
    found.ok_or_else(|| ServiceError::NoRegistration(id.to_string()))
}

/// Makes a change that was worked out from this registry, with what it makes known. Whether the registry was still the
/// same; if not, nothing has changed.
async fn change(
    state: &AppState,
    owner: (TenantId, &Tenant),
    registry: &Registry,
    old: Option<&Registered>,
    new: Option<&Registered>,
) -> Result<bool> {
    let told = tell::of_change(state, owner, old, new).await?;
    let change = match (old, new) {
        (_, Some(new)) => RegistryChange::Register(new.stored()?),
        (Some(old), None) => RegistryChange::Deregister(old.registration.id.to_string()),
        (None, None) => return Ok(true),
    };
    let changed = state.store.change_registry(owner.0, registry.revision, change, told).await?;
    state.subscriptions.wake();
    Ok(changed == RegistryChanged::Done)
}

fn busy(id: &str) -> ServiceError {
    ServiceError::Busy(format!("registrations are being changed by too many others; {id} is not"))
}
