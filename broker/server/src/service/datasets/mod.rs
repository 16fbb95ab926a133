//! Data sets: a publisher's table, from the file to entities in the database.

mod pipeline;

use hiroba_importers::{Input, Options, Report};
use hiroba_store::{Store, TenantId};
use ngsild::{DateTime, Entity};

use super::ServiceError;
use super::publish::{Published, publish};

pub(crate) use pipeline::{Destination, keep_what_was_told, publish_into};
pub use pipeline::{Failure, Progress, Step, silent};

/// What became of a file.
#[derive(Debug)]
pub struct Imported {
    /// What was read.
    pub report: Report,
    /// What was written, the data set's own entity included.
    pub published: Published,
}

/// Publishes a file: every row that is an entity, then the entity of the data set. Only differences are written.
///
/// # Errors
/// The file cannot be read, or the database fails or refuses: then what was written before stays, and importing the file
/// again goes on from there.
pub async fn publish_import(
    store: &Store,
    tenant: TenantId,
    input: Input,
    options: Options,
    progress: Progress,
) -> Result<Imported, Failure<ServiceError>> {
    let mut destination = Database { store, tenant, now: options.now };
    let (report, published) = publish_into(input, options, &mut destination, progress).await?;
    Ok(Imported { report, published })
}

struct Database<'s> {
    store: &'s Store,
    tenant: TenantId,
    now: DateTime,
}

impl Destination for Database<'_> {
    type Error = ServiceError;

    async fn begin(&mut self, _: &Entity) -> Result<(), ServiceError> {
        Ok(())
    }

    async fn publish(&mut self, entities: &[Entity]) -> Result<Published, ServiceError> {
        publish(self.store, self.tenant, entities, self.now).await
    }

    async fn wait(&mut self) -> Result<(), ServiceError> {
        Ok(())
    }

    async fn finish(&mut self, mut dataset: Entity, _: &Report) -> Result<Published, ServiceError> {
        if let Some(before) = self.store.entity(self.tenant, &dataset.id).await? {
            keep_what_was_told(&before.entity, &mut dataset);
        }
        self.publish(&[dataset]).await
    }
}
