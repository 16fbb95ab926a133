//! Whether a change is to be told of (5.8.6).

use super::Status;
use super::trigger::Trigger;
use super::watch::Watch;
use crate::change::{AttributeChange, Change, Operation};
use crate::entity::Entity;
use crate::linked::LinkedEntities;
use crate::query::{matches_linked, may_match};
use crate::time::DateTime;

/// Why a change is told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The kinds of change that were asked for and happened; never empty. What `entityUpdated` asks for stands here as the
    /// attribute trigger that it was.
    pub triggers: Vec<Trigger>,
}

impl AttributeChange {
    /// What happened to the instance; `None` when it says the same as before. `observedAt` is part of what it says, the
    /// system's `modifiedAt` is not.
    pub fn trigger(&self) -> Option<Trigger> {
        match (&self.before, &self.after) {
            (None, None) => None,
            (None, Some(_)) => Some(Trigger::AttributeCreated),
            (Some(_), None) => Some(Trigger::AttributeDeleted),
            (Some(before), Some(after)) => (!before.says_the_same(after)).then_some(Trigger::AttributeUpdated),
        }
    }
}

impl Watch {
    /// Whether a change is to be told of: the subscription is active and not periodic, asked for this kind of change of
    /// these attributes, and the entity is one of its own in its new state, or in its last one when it was deleted.
    ///
    /// `before` and `after` are the states around the change ([`advance`](super::advance) and [`rewind`](super::rewind) find one from the other).
    /// `now` is when the change was made, not when it is looked at: a matcher that lags tells the same. `linked` holds what
    /// `q` [asks for](crate::query::Filter::missing_links), which is worth looking for only when the change
    /// [concerns](Self::concerns) the subscription.
    ///
    /// `throttling` is not looked at: it is about what was sent, which others know.
    pub fn wants(
        &self,
        change: &Change,
        before: Option<&Entity>,
        after: Option<&Entity>,
        linked: &LinkedEntities,
        now: DateTime,
    ) -> Option<Why> {
        let why = self.concerns(change, before, after, now)?;
        let entity = subject(change, before, after)?;
        matches_linked(&self.query, entity, linked, valid(change, entity, now)).then_some(why)
    }

    /// [`wants`](Self::wants), as far as can be told without linked entities: nothing that it refuses is wanted, and where
    /// `q` leads to no linked entities both are the same.
    pub fn concerns(
        &self,
        change: &Change,
        before: Option<&Entity>,
        after: Option<&Entity>,
        now: DateTime,
    ) -> Option<Why> {
        if self.time_interval.is_some() || self.status(now) != Status::Active {
            return None;
        }
        let triggers = self.fired(change);
        let entity = subject(change, before, after)?;
        let wanted = !triggers.is_empty() && may_match(&self.query, entity, valid(change, entity, now));
        wanted.then_some(Why { triggers })
    }

    /// Which of the kinds of change that are asked for happened.
    fn fired(&self, change: &Change) -> Vec<Trigger> {
        let touched = change.attributes.iter().filter(|instance| self.watches(instance));
        let kinds: Vec<Trigger> = touched.filter_map(AttributeChange::trigger).collect();
        let whole = match change.operation {
            Operation::Created => Some(Trigger::EntityCreated),
            Operation::Updated => None,
            Operation::Deleted => Some(Trigger::EntityDeleted),
        };
        let concerned = self.watched.is_empty() || !kinds.is_empty();
        let asked = |trigger: &Trigger| {
            self.triggers.contains(trigger)
                || trigger.is_of_attributes() && self.triggers.contains(&Trigger::EntityUpdated)
        };
        let mut fired: Vec<Trigger> = whole.into_iter().filter(|_| concerned).collect();
        // The attributes of an entity that is gone are gone with it: that is told as its deletion.
        if change.operation != Operation::Deleted {
            fired.extend(kinds);
        }
        fired.retain(asked);
        fired.sort_unstable();
        fired.dedup();
        fired
    }

    /// Whether an instance is one of those that are watched. An instance that the payload never shows, because `datasetId`
    /// leaves it out, is none.
    fn watches(&self, instance: &AttributeChange) -> bool {
        (self.watched.is_empty() || self.watched.contains(&instance.name))
            && (self.datasets.is_empty() || self.datasets.contains(&instance.dataset_id))
    }
}

/// The state that filters are about.
fn subject<'e>(change: &Change, before: Option<&'e Entity>, after: Option<&'e Entity>) -> Option<&'e Entity> {
    if change.operation == Operation::Deleted { before } else { after }
}

/// The instant at which filters are about the entity. One that was removed because its time was over is taken as it was
/// just before.
fn valid(change: &Change, entity: &Entity, now: DateTime) -> DateTime {
    match entity.expires_at {
        Some(end) if change.operation == Operation::Deleted && end <= now => {
            DateTime::from_micros(end.micros().saturating_sub(1))
        }
        _ => now,
    }
}
