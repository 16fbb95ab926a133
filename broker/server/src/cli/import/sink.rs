//! Where entities go.

use std::sync::Arc;

use hiroba_store::{Options, Store, StoreError, TenantId};
use hiroba_vocab::Tenant;
use ngsild::{DateTime, Entity};

use super::remote::Remote;
use crate::cli::Outcome;
use crate::cli::secret::SecretError;
use crate::service::ServiceError;
use crate::service::publish::{Published, publish};

/// A place for entities.
pub(in crate::cli) enum Sink {
    /// Nowhere: only the report is wanted.
    Nothing,
    /// A database.
    Store(Store, TenantId),
    /// A broker.
    Remote(Box<Remote>),
}

/// Why entities could not be written.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum SinkError {
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database refused.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The token cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The broker does not answer.
    #[error("the broker at {url} cannot be reached: {why}")]
    Unreachable {
        /// Its address.
        url: url::Url,
        /// What the network says.
        why: String,
    },
    /// The broker answers with an error.
    #[error("the broker refused: {0}")]
    Refused(String),
    /// The reader ended without a result.
    #[error("reading stopped: {0}")]
    Stopped(String),
}

impl SinkError {
    /// How the command ends because of it.
    pub(in crate::cli) fn outcome(&self) -> Outcome {
        match self {
            Self::Store(StoreError::Unavailable(_))
            | Self::Service(ServiceError::Store(StoreError::Unavailable(_)))
            | Self::Unreachable { .. } => Outcome::Unreachable,
            _ => Outcome::Failed,
        }
    }
}

impl Sink {
    /// A database by its address.
    pub(super) async fn store(address: &str, tenant: &Tenant) -> Result<Self, SinkError> {
        let store = Store::open(Options::new(address)).await?;
        let tenant = store.create_tenant(tenant).await?;
        Ok(Self::Store(store, tenant))
    }

    /// A broker by its address.
    pub(super) fn remote(url: url::Url, token: Option<String>, tenant: Tenant) -> Result<Self, SinkError> {
        Ok(Self::Remote(Box::new(Remote::new(url, token, tenant)?)))
    }

    /// What is there under an id.
    pub(super) async fn current(&self, entity: &Entity, now: DateTime) -> Result<Option<Arc<Entity>>, SinkError> {
        match self {
            Self::Nothing => Ok(None),
            Self::Store(store, tenant) => Ok(store.entity(*tenant, &entity.id).await?.map(|stored| stored.entity)),
            Self::Remote(remote) => Ok(remote.current(entity, now).await?.map(Arc::new)),
        }
    }

    /// Writes those of a batch that differ from what is there.
    pub(super) async fn publish(&self, entities: &[Entity], now: DateTime) -> Result<Published, SinkError> {
        match self {
            Self::Nothing => Ok(Published::default()),
            Self::Store(store, tenant) => Ok(publish(store, *tenant, entities, now).await?),
            Self::Remote(remote) => remote.publish(entities, now).await,
        }
    }
}
