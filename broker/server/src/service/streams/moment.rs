//! A change with the states around it.

use std::sync::Arc;

use hiroba_store::{ChangeRecord, Position, Store, TenantId};
use ngsild::change::Operation;
use ngsild::query::{Query, matches};
use ngsild::{DateTime, Entity};

use crate::service::Result;
use crate::service::states::{Around, States};

/// A change, and what the entity was before and after it.
#[derive(Debug)]
pub struct Moment {
    tenant: TenantId,
    record: ChangeRecord,
    around: Around,
}

/// What a change is to those who follow a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event<'m> {
    /// A new entity that matches. Holds it.
    Created(&'m Entity),
    /// An entity changed, and matches. Holds what it was if it matched before, and what it is.
    Updated(Option<&'m Entity>, &'m Entity),
    /// An entity that matched does so no more. Holds what it is.
    Left(&'m Entity),
    /// An entity that matched is gone. Holds what it was.
    Deleted(&'m Entity),
}

impl Moment {
    /// Those of records that somebody wants, in their order.
    pub(super) async fn all(
        states: &States,
        store: &Store,
        records: Vec<ChangeRecord>,
        wanted: impl Fn(TenantId, &ChangeRecord) -> bool,
    ) -> Result<Vec<Self>> {
        let mut through = states.through(store, &records, &wanted).await?;
        let around: Vec<Option<(TenantId, Around)>> = records.iter().map(|record| through.step(record)).collect();
        let moment = |(record, around): (ChangeRecord, Option<(TenantId, Around)>)| {
            let (tenant, around) = around.filter(|(tenant, _)| wanted(*tenant, &record))?;
            Some(Self { tenant, record, around })
        };
        Ok(records.into_iter().zip(around).filter_map(moment).collect())
    }

    /// Where the change stands in the log.
    pub fn position(&self) -> Position {
        self.record.position
    }

    /// When it was made.
    pub fn at(&self) -> DateTime {
        self.record.at
    }

    /// What it is to those who follow a query of a tenant; `None` when it is nothing to them. `q` must not lead to other
    /// entities.
    pub(super) fn event(&self, tenant: TenantId, query: &Query) -> Option<Event<'_>> {
        if tenant != self.tenant {
            return None;
        }
        // What has expired may still have been shown: it was told before, and is now gone or changed.
        let valid = DateTime::from_micros(i64::MIN);
        let before = self.around.before.as_deref().filter(|entity| matches(query, entity, valid));
        let after = self.around.after.as_deref();
        let matching = after.filter(|entity| matches(query, entity, self.record.at));
        match (self.record.change.operation, matching) {
            (Operation::Deleted, _) => before.map(Event::Deleted),
            (Operation::Created, Some(after)) => Some(Event::Created(after)),
            (Operation::Updated, Some(after)) => Some(Event::Updated(before, after)),
            (Operation::Created | Operation::Updated, None) => before.and(after).map(Event::Left),
        }
    }

    /// How much room it takes, in bytes, about: as much as the longer state as text, twice.
    pub(super) fn weight(&self) -> usize {
        let Around { before, after } = &self.around;
        let length = |entity: &Option<Arc<Entity>>| {
            let mut length = Length(0);
            // Counting cannot fail.
            let _ = serde_json::to_writer(&mut length, &entity.as_deref());
            length.0
        };
        2 * length(after).max(if after.is_none() { length(before) } else { 0 })
    }
}

/// Counts bytes.
struct Length(usize);

impl std::io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
