//! What publishing a file would do: everything is read and compared, and nothing is written.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use hiroba_importers::{Input, LeftOut, Options, Report};
use hiroba_store::{Store, TenantId};
use hiroba_vocab::EntityId;
use ngsild::write::revise_entity;
use ngsild::{DateTime, Entity};

use super::pipeline::{Destination, ReadTable, publish_tables};
use super::version::is_most;
use super::{Failure, Gone, Progress};
use crate::service::publish::Published;
use crate::service::{Result, ServiceError};

/// How many entities of each table are shown.
const SHOWN: usize = 10;
/// How many entities of the latest version are compared at a time.
const BATCH: usize = 500;

/// What would become of a file.
#[derive(Debug)]
pub struct PreviewedFile {
    /// Its tables, in the order of the file.
    pub tables: Vec<Previewed>,
    /// Sheets of a workbook and members of an archive that would not be imported.
    pub left_out: Vec<LeftOut>,
}

/// What would become of a table.
#[derive(Debug)]
pub struct Previewed {
    /// What was read.
    pub report: Report,
    /// The data set's entity.
    pub dataset: EntityId,
    /// What would be done to the entities; the data set's own is not counted.
    pub entities: Published,
    /// How many entities of the data set the table does not list any more.
    pub gone: u64,
    /// More than half of a list would go with them.
    pub takes_most_away: bool,
    /// The first entities, as they would be published.
    pub first: Vec<Entity>,
}

/// Reads a file and compares it with what is published. Without a tenant nothing is.
///
/// # Errors
/// The file cannot be read; the database fails.
pub async fn preview_import(
    store: &Store,
    tenant: Option<TenantId>,
    input: Input,
    options: Options,
    gone: Gone,
    progress: Progress,
) -> Result<PreviewedFile, Failure<ServiceError>> {
    let now = options.now;
    let make = || Preview::new(store, tenant, now, gone);
    let end = async |preview: Preview<'_>, read: Result<ReadTable, Failure<ServiceError>>| {
        let ReadTable { dataset, report, .. } = read?;
        let takes_most_away = preview.takes_most_away();
        let Preview { entities, gone, first, .. } = preview;
        Ok(Previewed { report, dataset, entities, gone, takes_most_away, first })
    };
    let (tables, left_out) = publish_tables(input, options, progress, make, end).await?;
    Ok(PreviewedFile { tables, left_out })
}

/// A destination that only compares.
struct Preview<'s> {
    store: &'s Store,
    tenant: Option<TenantId>,
    now: DateTime,
    choice: Gone,
    entities: Published,
    gone: u64,
    first: Vec<Entity>,
    /// The ids of the table as hashes of 16 bytes: a table may have millions of rows.
    seen: HashSet<(u64, u64)>,
    hashers: (RandomState, RandomState),
}

impl<'s> Preview<'s> {
    fn new(store: &'s Store, tenant: Option<TenantId>, now: DateTime, choice: Gone) -> Self {
        Self {
            store,
            tenant,
            now,
            choice,
            entities: Published::default(),
            gone: 0,
            first: Vec::new(),
            seen: HashSet::new(),
            hashers: (RandomState::new(), RandomState::new()),
        }
    }

    fn fingerprint(&self, id: &EntityId) -> (u64, u64) {
        (self.hashers.0.hash_one(id.as_str()), self.hashers.1.hash_one(id.as_str()))
    }

    fn takes_most_away(&self) -> bool {
        let stay = self.entities.changed + self.entities.unchanged;
        self.choice != Gone::Keep && is_most(self.gone, stay)
    }

    /// Counts the entities of the latest version that the table did not tell of.
    async fn count_gone(&mut self, tenant: TenantId, dataset: &EntityId) -> Result<()> {
        let Some(latest) = self.store.dataset_versions(tenant, dataset, i64::MAX, 1).await?.pop() else {
            return Ok(());
        };
        let mut after = String::new();
        loop {
            let range = (0, latest.number);
            let page = self.store.dataset_differences(tenant, dataset, range, &after, BATCH).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.entity.to_string();
            let members = page.iter().filter(|member| member.after.is_some());
            let gone = members.filter(|member| !self.seen.contains(&self.fingerprint(&member.entity)));
            self.gone += gone.count() as u64;
        }
    }
}

impl Destination for Preview<'_> {
    type Error = ServiceError;

    async fn begin(&mut self, _: &Entity) -> Result<()> {
        Ok(())
    }

    async fn publish(&mut self, entities: &[Entity]) -> Result<Published> {
        let ids: Vec<EntityId> = entities.iter().map(|entity| entity.id.clone()).collect();
        let known = match self.tenant {
            Some(tenant) => self.store.valid_entities(tenant, &ids, self.now).await?,
            None => vec![None; ids.len()],
        };
        let mut published = Published::default();
        for (entity, before) in entities.iter().zip(known) {
            let fingerprint = self.fingerprint(&entity.id);
            let new = self.seen.insert(fingerprint);
            match before {
                // Another row of the table is this entity already: the later one changes it.
                _ if !new => published.changed += 1,
                None => published.created += 1,
                Some(before) if revise_entity(&before.entity, entity.clone()).is_some() => published.changed += 1,
                Some(_) => published.unchanged += 1,
            }
            if self.first.len() < SHOWN {
                self.first.push(entity.clone());
            }
        }
        self.entities += published;
        // Nothing is written, and so nothing is told to be.
        Ok(Published::default())
    }

    async fn wait(&mut self) -> Result<()> {
        Ok(())
    }

    async fn takes_all_away(&mut self, dataset: &EntityId) -> Result<bool> {
        if let (Some(tenant), true) = (self.tenant, self.choice != Gone::Keep) {
            self.count_gone(tenant, dataset).await?;
        }
        Ok(std::mem::take(&mut self.gone) > 0)
    }

    async fn finish(&mut self, dataset: Entity, _: &Report) -> Result<Published> {
        if let Some(tenant) = self.tenant {
            self.count_gone(tenant, &dataset.id).await?;
        }
        Ok(Published::default())
    }
}
