//! The operations of clause 5: what a request does, whatever it came by.

pub mod batch;
pub mod catalogue;
pub mod changes;
pub mod contexts;
pub mod datasets;
pub mod discovery;
pub mod entities;
pub mod event_stream;
pub mod harvest;
pub mod identity;
pub mod imports;
mod last_states;
pub mod linked;
pub mod maps;
pub mod publish;
pub mod purge;
pub mod query;
pub mod registrations;
pub mod snapshots;
pub mod sources;
mod states;
pub mod streams;
pub mod subscriptions;
pub mod temporal;
pub mod walk;

use hiroba_store::{Position, StoreError, TenantId};
use hiroba_vocab::{EntityId, Iri, Tenant};
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
    /// There is no such data set with versions. Holds its id, or what was asked for.
    #[error("there are no versions of the data set {0}")]
    NoDataset(String),
    /// There is no report or corrected file of a table of a file that was sent.
    #[error(transparent)]
    NoTable(#[from] imports::NoTable),
    /// There is no such snapshot (5.16). Holds its id, or words for what was asked for.
    #[error("there is no snapshot {0}")]
    NoSnapshot(String),
    /// The snapshot's queries are still running, so there is nothing to work on yet (5.16). Holds its id.
    #[error("the snapshot {0} is being prepared; its snapshotStatus tells when it can be used")]
    SnapshotNotReady(String),
    /// There is no such subscription (5.8). Holds the id that was asked for.
    #[error("there is no subscription {0}")]
    NoSubscription(String),
    /// As many streams are open as may be. Holds how many that are.
    #[error(
        "{0} streams are open already, as many as this server allows; try again later, or ask by a query now and then"
    )]
    TooManyStreams(usize),
    /// There is no such context source registration, or no longer (5.9, 5.10). Holds the id that was asked for.
    #[error("there is no registration {0}")]
    NoRegistration(String),
    /// Changes after this position of the log were removed: history is kept for a time only.
    #[error("the changes after {0} are no longer kept; begin anew where the stream begins")]
    LogForgotten(Position),
    /// The entity kept changing while this request tried to change it.
    #[error("{0} is being changed by too many others at once")]
    Contended(EntityId),
    /// Somebody else was at it all the time. Says at what.
    #[error("{0}")]
    Busy(String),
    /// It cannot be done with a file that was sent, in the state that it is in.
    #[error(transparent)]
    Conflict(#[from] imports::Conflict),
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

/// Whose data a request is about: those of a tenant, or those of one of its snapshots (4.3.7, 4.14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The tenant.
    pub tenant: Tenant,
    /// The snapshot, if it is about one.
    pub snapshot: Option<Iri>,
}

/// The number of a tenant that must exist; for a snapshot, of the hidden tenant that holds its data.
///
/// # Errors
/// NonexistentTenant when there is no such tenant; NoSnapshot, or SnapshotNotReady as long as it is being prepared.
pub async fn existing_tenant(state: &AppState, place: &Place) -> Result<TenantId> {
    let tenant = state.store.tenant(&place.tenant).await?;
    let tenant = tenant.ok_or_else(|| ServiceError::NonexistentTenant(place.tenant.clone()))?;
    match &place.snapshot {
        Some(id) => snapshots::data(state, tenant, id).await,
        None => Ok(tenant),
    }
}

/// The number of a tenant that comes to be when something is created in it (5.5.10). Snapshots do not come to be so.
///
/// # Errors
/// When the database fails; for a snapshot as [`existing_tenant`].
pub async fn implicit_tenant(state: &AppState, place: &Place) -> Result<TenantId> {
    match place.snapshot {
        Some(_) => existing_tenant(state, place).await,
        None => Ok(state.store.create_tenant(&place.tenant).await?),
    }
}
