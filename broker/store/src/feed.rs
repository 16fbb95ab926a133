//! The change log as its readers see it: outside, everything but what happens inside snapshots; for the matching of
//! subscriptions, those snapshots besides that somebody subscribes to.

use std::sync::{Mutex, PoisonError};

use hiroba_vocab::EntityId;

use crate::error::Result;
use crate::model::{ChangeRecord, Position, Version};
use crate::store::{Store, TenantId};

/// A stretch of the log that holds nothing for readers outside. Readers that wait at its beginning need not be led
/// through it each time.
#[derive(Debug, Default)]
pub(crate) struct Quiet(Mutex<(Position, Position)>);

impl Quiet {
    /// The position to go on from instead of `after`.
    fn skip(&self, after: Position) -> Position {
        let (from, to) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if from <= after && after < to { to } else { after }
    }

    /// Nothing for readers outside is after `from` up to `to`.
    fn note(&self, from: Position, to: Position) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = if from <= known.1 && known.0 <= to { (known.0.min(from), known.1.max(to)) } else { (from, to) };
    }
}

/// A part of the log that is to be matched with subscriptions.
#[derive(Debug, Clone, Default)]
pub struct ToMatch {
    /// Changes in the order of their commits.
    pub records: Vec<ChangeRecord>,
    /// The last change that was looked at: up to here nothing else is to be matched. `None` when the log ends.
    pub up_to: Option<Position>,
}

impl Store {
    /// Changes after a position that subscriptions may be about, in the order of their commits, at most `limit`. Those
    /// inside snapshots are among them where the snapshot has a subscription; the number of the tenant that such a record
    /// names has the snapshot as its [owner](Store::owner). Whoever subscribed before a change was made gets to see it.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn changes_to_match(&self, after: Position, limit: usize) -> Result<ToMatch> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut up_to = None;
        loop {
            let rows = self.inner.engine.changes(up_to.unwrap_or(after), limit, true).await?;
            let Some(last) = rows.last().map(|row| row.position()) else {
                return Ok(ToMatch { records: Vec::new(), up_to });
            };
            up_to = Some(last);
            let heard = rows.into_iter().filter(|row| !row.hidden).map(crate::rows::ChangeRow::parse);
            let records: Vec<_> = heard.collect::<Result<_>>()?;
            if !records.is_empty() {
                return Ok(ToMatch { records, up_to });
            }
        }
    }

    /// Changes after a position, in the order of their commits, at most `limit`. Empty when there are none yet. Changes
    /// inside snapshots are left out.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn changes(&self, after: Position, limit: usize) -> Result<Vec<ChangeRecord>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut after = self.inner.quiet.skip(after);
        loop {
            let rows = self.inner.engine.changes(after, limit, false).await?;
            let Some(last) = rows.last().map(|row| row.position()) else { return Ok(Vec::new()) };
            let shown: Vec<_> = rows.into_iter().filter(|row| !row.hidden).collect();
            if !shown.is_empty() {
                return shown.into_iter().map(crate::rows::ChangeRow::parse).collect();
            }
            self.inner.quiet.note(after, last);
            after = self.inner.quiet.skip(last);
        }
    }

    /// Whether the log tells everything that came after a position. Not when the history after it was removed, or when no
    /// reader can have got this far: then the position is of another log. Where nothing is left of the time before it, the
    /// answer is no, since something may be missing.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn tells_all_after(&self, position: Position) -> Result<bool> {
        // What directly follows is enough: where there is one writer at a time, nothing can have been in between.
        let next = Position { number: position.number.saturating_add(1), ..position };
        let (head, oldest) = (self.inner.engine.head().await?, self.inner.engine.oldest().await?);
        if position >= head {
            // The beginning of a log that nobody could read yet, because others still write.
            return Ok(position == head || oldest == Some(next));
        }
        Ok(oldest.is_some_and(|oldest| oldest <= next))
    }

    /// The position right before the oldest change that the log still has: reading from here on, nothing that there is gets
    /// lost, and [`tells_all_after`](Self::tells_all_after) holds. `None` as long as there is no change.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn beginning(&self) -> Result<Option<Position>> {
        let oldest = self.inner.engine.oldest().await?;
        Ok(oldest.map(|oldest| Position { number: oldest.number.saturating_sub(1), ..oldest }))
    }

    /// Those of the entities whose history was rewritten: recorded afterwards, amended, or forgotten as a whole or in part.
    /// What they once were is not to be told from their changes.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn rewritten(&self, tenant: TenantId, ids: &[EntityId]) -> Result<Vec<EntityId>> {
        let ids = ids.iter().map(ToString::to_string).collect();
        let found = self.inner.engine.rewritten(tenant.0, ids).await?;
        Ok(found.into_iter().map(EntityId::from_stored).collect())
    }

    /// Changes of one entity after a version, the oldest first, at most `limit`: what leads from a state to the present.
    ///
    /// # Errors
    /// [`StoreError`](crate::StoreError) when the database fails.
    pub async fn changes_of(
        &self,
        tenant: TenantId,
        id: &EntityId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<ChangeRecord>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.inner.engine.changes_of(tenant.0, id.as_str(), after.0, limit).await?;
        rows.into_iter().map(crate::rows::ChangeRow::parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: u64) -> Position {
        Position { transaction: 0, number }
    }

    #[test]
    fn only_what_is_known_to_be_quiet_is_skipped() {
        let quiet = Quiet::default();
        assert_eq!(quiet.skip(at(0)), at(0));
        quiet.note(at(10), at(20));
        quiet.note(at(20), at(30));
        for (after, start) in [(9, 9), (10, 30), (25, 30), (30, 30), (31, 31)] {
            assert_eq!(quiet.skip(at(after)), at(start), "{after}");
        }
        quiet.note(at(50), at(60));
        assert_eq!((quiet.skip(at(10)), quiet.skip(at(50))), (at(10), at(60)), "nobody has looked from 30 to 50");
    }
}
