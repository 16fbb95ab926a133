//! Where entities go.

use hiroba_importers::{Input, Report};
use hiroba_serving::secret::SecretError;
use hiroba_store::{Options, Store, StoreError, TenantId};
use hiroba_vocab::Tenant;
use ngsild::{DateTime, Entity};

use super::remote::Remote;
use crate::cli::Outcome;
use crate::service::ServiceError;
use crate::service::datasets::{
    Destination, Entities, Failure, Gone, Imported, ImportedFile, Progress, ReadTable, Versioned, keep_what_was_told,
    publish_import, publish_tables,
};
use crate::service::publish::Published;

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
    /// The client cannot work.
    #[error("the broker cannot be spoken to: {0}")]
    Client(String),
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

    /// Sends a file there.
    pub(in crate::cli) async fn import(
        &self,
        input: Input,
        options: hiroba_importers::Options,
        gone: Gone,
        progress: Progress,
    ) -> Result<ImportedFile, Failure<SinkError>> {
        let now = options.now;
        let (tables, left_out) = match self {
            Self::Nothing => publish_tables(input, options, progress, || Nowhere, unversioned).await?,
            Self::Remote(remote) => {
                publish_tables(input, options, progress, || Broker { remote, now }, unversioned).await?
            }
            Self::Store(store, tenant) => {
                return publish_import(store, *tenant, input, options, gone, progress).await.map_err(Failure::into);
            }
        };
        Ok(ImportedFile { tables, left_out, fetched: None })
    }
}

/// What becomes of a table where no versions are kept.
async fn unversioned<D>(_: D, read: Result<ReadTable, Failure<SinkError>>) -> Result<Imported, Failure<SinkError>> {
    let ReadTable { dataset, report, import, published } = read?;
    let (entities, version) = (Entities::default(), Versioned::NotKept);
    Ok(Imported { dataset, report, import: Some(import), published, entities, version })
}

/// Only the report is wanted.
struct Nowhere;

impl Destination for Nowhere {
    type Error = SinkError;

    async fn begin(&mut self, _: &Entity) -> Result<(), SinkError> {
        Ok(())
    }

    async fn publish(&mut self, _: &[Entity]) -> Result<Published, SinkError> {
        Ok(Published::default())
    }

    async fn wait(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    async fn finish(&mut self, _: Entity, _: &Report) -> Result<Published, SinkError> {
        Ok(Published::default())
    }
}

/// A broker takes entities one like another: it keeps no versions of data sets.
struct Broker<'r> {
    remote: &'r Remote,
    now: DateTime,
}

impl Destination for Broker<'_> {
    type Error = SinkError;

    async fn begin(&mut self, _: &Entity) -> Result<(), SinkError> {
        Ok(())
    }

    async fn publish(&mut self, entities: &[Entity]) -> Result<Published, SinkError> {
        self.remote.publish(entities, self.now).await
    }

    async fn wait(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    async fn finish(&mut self, mut dataset: Entity, _: &Report) -> Result<Published, SinkError> {
        if let Some(before) = self.remote.current(&dataset, self.now).await? {
            keep_what_was_told(&before, &mut dataset);
        }
        self.remote.publish(&[dataset], self.now).await
    }
}
