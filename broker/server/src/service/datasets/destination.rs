//! The database as a place for a file's entities, where each file is a version of its data set.

use std::sync::Arc;

use hiroba_importers::Report;
use hiroba_store::{NewVersion, Store, TenantId, VersionKind};
use hiroba_vocab::{EntityId, Iri, Terms};
use ngsild::write::revise_entity;
use ngsild::{Attribute, AttributeValue, DateTime, Entity};
use serde_json::json;

use super::pipeline::{Destination, keep_what_was_told};
use super::session::{Applied, Decision, Session};
use super::version::{Details, Entities, Rows, versions};
use super::{Gone, Versioned};
use crate::service::publish::Published;
use crate::service::{Result, ServiceError};

/// How many entities that are gone from the source are dealt with at a time.
const BATCH: usize = 500;

/// A database, and the version that a file makes in it.
pub(super) struct Database<'s> {
    store: &'s Store,
    tenant: TenantId,
    now: DateTime,
    gone: Gone,
    open: Option<Open>,
    entities: Entities,
    outcome: Versioned,
}

struct Open {
    dataset: EntityId,
    details: Details,
    session: Session,
}

/// The attribute that marks an entity that its source no longer lists.
pub(super) fn absent_since() -> Iri {
    Terms::published().iri("absentSince")
}

impl<'s> Database<'s> {
    pub(super) fn new(store: &'s Store, tenant: TenantId, now: DateTime, gone: Gone) -> Self {
        let (open, entities) = (None, Entities::default());
        Self { store, tenant, now, gone, open, entities, outcome: Versioned::NotKept }
    }

    /// What became of the version, and of entities.
    pub(super) fn outcome(self) -> (Versioned, Entities) {
        (self.outcome, self.entities)
    }

    /// The file was not published to its end.
    pub(super) async fn fail(self) {
        if let Some(Open { dataset, mut details, session }) = self.open {
            details.entities = Some(self.entities);
            session.fail(&dataset, &details).await;
        }
    }

    fn open(&mut self) -> Result<&mut Open> {
        self.open.as_mut().ok_or_else(|| ServiceError::Busy("the file has no data set yet".to_owned()))
    }

    async fn write(&mut self, entities: &[Entity], member: bool) -> Result<Published> {
        let now = self.now;
        let open = self.open()?;
        let ids: Vec<EntityId> = entities.iter().map(|entity| entity.id.clone()).collect();
        let decide = |index: usize, before: Option<&Arc<Entity>>| {
            let Some(entity) = entities.get(index) else { return Decision::Leave };
            let after = match before {
                Some(before) => match revise_entity(before, entity.clone()) {
                    Some(after) => after,
                    None => return Decision::Keep { member, always: false },
                },
                None => entity.clone(),
            };
            Decision::Write { after: Some(Arc::new(after)), member }
        };
        let mut published = Published::default();
        for applied in open.session.apply(&open.dataset, &ids, now, decide).await? {
            match applied {
                Applied::Created => published.created += 1,
                Applied::Changed | Applied::Removed => published.changed += 1,
                Applied::Kept | Applied::Left => published.unchanged += 1,
            }
        }
        Ok(published)
    }

    /// Deals with the entities that the file does not tell of and those before it did.
    async fn settle_gone(&mut self, gone: Gone) -> Result<()> {
        let now = self.now;
        let mut after = String::new();
        loop {
            let open = self.open()?;
            let ids = open.session.absent(&after, BATCH).await?;
            let Some(last) = ids.last() else { return Ok(()) };
            after = last.to_string();
            if gone == Gone::Keep {
                open.session.keep(&open.dataset).await?;
                self.entities.kept += ids.len() as u64;
                continue;
            }
            let decide = |_: usize, before: Option<&Arc<Entity>>| match (before, gone) {
                (Some(before), Gone::Mark) if !before.attributes.contains_key(&absent_since()) => {
                    Decision::Write { after: Some(Arc::new(marked(before, now))), member: false }
                }
                (Some(_), Gone::Remove) => Decision::Write { after: None, member: false },
                _ => Decision::Keep { member: false, always: false },
            };
            for applied in open.session.apply(&open.dataset, &ids, now, decide).await? {
                match applied {
                    Applied::Removed => self.entities.removed += 1,
                    _ if gone == Gone::Mark => self.entities.marked += 1,
                    _ => self.entities.removed += 1,
                }
            }
        }
    }
}

fn marked(entity: &Entity, now: DateTime) -> Entity {
    let mut marked = entity.clone();
    let value = json!({"@type": "DateTime", "@value": now.to_string()});
    marked.attributes.insert(absent_since(), vec![Attribute::new(AttributeValue::Property(value), now)]);
    marked.modified_at = now;
    marked
}

impl Destination for Database<'_> {
    type Error = ServiceError;

    async fn begin(&mut self, dataset: &Entity) -> Result<()> {
        let details = Details::of_dataset(dataset);
        let claim = Session::claim(self.store, self.tenant, &dataset.id).await?;
        let new = NewVersion { kind: VersionKind::Import, restores: None, details: details.to_stored() };
        let session = Session::begin(self.store, self.tenant, &dataset.id, claim, new).await?;
        self.open = Some(Open { dataset: dataset.id.clone(), details, session });
        Ok(())
    }

    async fn publish(&mut self, entities: &[Entity]) -> Result<Published> {
        let published = self.write(entities, true).await?;
        self.entities.created += published.created;
        self.entities.changed += published.changed;
        self.entities.unchanged += published.unchanged;
        Ok(published)
    }

    async fn wait(&mut self) -> Result<()> {
        match &self.open {
            Some(open) => open.session.keep(&open.dataset).await,
            None => Ok(()),
        }
    }

    async fn takes_all_away(&mut self, _: &EntityId) -> Result<bool> {
        let keeps = self.gone == Gone::Keep;
        Ok(!keeps && !self.open()?.session.absent("", 1).await?.is_empty())
    }

    async fn finish(&mut self, mut dataset: Entity, report: &Report) -> Result<Published> {
        // A row that was refused may be about any of the entities that seem to be gone: none of them is removed.
        let gone = match self.gone {
            Gone::Remove if report.rows.refused > 0 => Gone::Mark,
            gone => gone,
        };
        self.settle_gone(gone).await?;
        if let Some(before) = self.store.entity(self.tenant, &dataset.id).await? {
            keep_what_was_told(&before.entity, &mut dataset);
        }
        let details =
            Details { rows: Some(Rows::from(report)), entities: Some(self.entities), ..Details::of_dataset(&dataset) };
        let published = self.write(&[dataset], false).await?;
        let Some(Open { dataset, session, .. }) = self.open.take() else { return Ok(published) };
        let (number, latest) = (session.number, session.latest);
        let exists = session.end(&dataset, &details).await?;
        self.outcome = if exists {
            let mut newest = versions(self.store, self.tenant, &dataset, number + 1, 1).await?;
            newest.pop().map_or(Versioned::NotKept, |version| Versioned::New(Box::new(version)))
        } else {
            Versioned::Same { dataset, version: latest.map_or(0, |(number, _)| number) }
        };
        Ok(published)
    }
}
