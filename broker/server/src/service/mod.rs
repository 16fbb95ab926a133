//! The operations of clause 5: what a request does, whatever it came by.

pub mod batch;
pub mod changes;
pub mod contexts;
pub mod discovery;
pub mod entities;
pub mod identity;
pub mod linked;
pub mod maps;
pub mod publish;
pub mod purge;
pub mod query;
pub mod temporal;

use hiroba_store::{StoreError, TenantId};
use hiroba_vocab::{EntityId, Tenant};
use ngsild::DateTime;

use crate::state::AppState;

/// Why an operation was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ServiceError {
    /// What the client sent, or what it asked for, is at fault.
    #[error(transparent)]
    Ngsild(#[from] ngsild::Error),
    /// There is no such tenant (5.5.10).
    #[error("there is no tenant '{0}'")]
    NonexistentTenant(Tenant),
    /// There is no such stored @context (5.13). Holds the id or URL that was asked for.
    #[error("there is no @context '{0}'")]
    NoContext(String),
    /// There is no such entity map, or no longer (5.14). Holds the id that was asked for.
    #[error("there is no entity map '{0}'; it may have expired")]
    NoEntityMap(String),
    /// The entity kept changing while this request tried to change it.
    #[error("{0} is being changed by too many others at once")]
    Contended(EntityId),
    /// The database is at fault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Short for results of operations.
pub type Result<T, E = ServiceError> = std::result::Result<T, E>;

impl ServiceError {
    /// A ResourceNotFound for an entity.
    pub fn no_entity(id: &EntityId) -> Self {
        ngsild::Error::new(ngsild::ErrorKind::ResourceNotFound, format!("there is no entity {id}")).into()
    }

    /// An AlreadyExists for an entity.
    pub fn entity_exists(id: &EntityId) -> Self {
        ngsild::Error::new(ngsild::ErrorKind::AlreadyExists, format!("{id} exists already")).into()
    }
}

/// The present, in microseconds.
pub fn now() -> DateTime {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    DateTime::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

/// The number of a tenant that must exist.
///
/// # Errors
/// NonexistentTenant when it does not.
pub async fn existing_tenant(state: &AppState, tenant: &Tenant) -> Result<TenantId> {
    state.store.tenant(tenant).await?.ok_or_else(|| ServiceError::NonexistentTenant(tenant.clone()))
}

/// The number of a tenant that comes to be when something is created in it (5.5.10).
///
/// # Errors
/// When the database fails.
pub async fn implicit_tenant(state: &AppState, tenant: &Tenant) -> Result<TenantId> {
    Ok(state.store.create_tenant(tenant).await?)
}
