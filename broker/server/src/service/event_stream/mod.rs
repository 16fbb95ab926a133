//! The change log of a tenant as an event stream: pages of versions, each the whole state of an entity after a change.
//!
//! A page is what follows a position: a fixed number of changes. The log only grows at its end, so a page that is full says
//! the same for ever. Entities are kept as they are now, and the log says what each change replaced.

mod states;

use std::time::Duration;

use hiroba_store::{ChangeRecord, Position, Store, TenantId};
use hiroba_vocab::Tenant;
use ngsild::Entity;
use ngsild::change::Operation;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::states::States;
use super::{Result, ServiceError};
use crate::state::AppState;

/// How many changes a page holds at most.
pub const MEMBERS: usize = 100;
/// After how many changes a page ends although most of them were those of other tenants: reading costs the same.
const SCANNED: usize = 5_000;
/// How many pages are made at once, how long one may wait for its turn, and how long it may take.
const AT_ONCE: usize = 4;
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(30);

/// The places for pages in the making, and what is remembered of the last ones.
#[derive(Debug)]
pub struct EventStream {
    places: Semaphore,
    states: States,
}

impl Default for EventStream {
    fn default() -> Self {
        Self { places: Semaphore::new(AT_ONCE), states: States::default() }
    }
}

/// A change with what it made of the entity.
#[derive(Debug)]
pub struct Member {
    /// The change.
    pub record: ChangeRecord,
    /// The entity after it; `None` when it was deleted.
    pub state: Option<Entity>,
}

/// A page of the stream.
#[derive(Debug)]
pub struct StreamPage {
    /// The changes of the tenant, in the order of their commits.
    pub members: Vec<Member>,
    /// Where the next page begins, if this one is full; else more may come.
    pub next: Option<Position>,
}

/// Where the first page begins: before the oldest change that the log still has. `None` as long as it has none.
///
/// # Errors
/// When the database fails.
pub async fn beginning(state: &AppState) -> Result<Option<Position>> {
    Ok(state.store.beginning().await?)
}

/// The page after a position.
///
/// # Errors
/// LogForgotten when changes after the position are no longer in the log; Busy when many pages are being made, or this one
/// takes too long; when the database fails.
pub async fn page(state: &AppState, tenant: &Tenant, id: TenantId, after: Position) -> Result<StreamPage> {
    let place = timeout(PATIENCE, state.event_stream.places.acquire()).await;
    let Ok(Ok(_place)) = place else {
        return Err(ServiceError::Busy("too many pages of the event stream are asked for at once; try again".into()));
    };
    timeout(LONGEST, make(state, tenant, id, after)).await.unwrap_or_else(|_| {
        Err(ServiceError::Busy("the page takes too long to make: its entities have changed very often since".into()))
    })
}

async fn make(state: &AppState, tenant: &Tenant, id: TenantId, after: Position) -> Result<StreamPage> {
    let (records, next) = records(&state.store, tenant, after).await?;
    let states = state.event_stream.states.of(&state.store, id, &records).await?;
    // Asked last: what came later may be undone to find the states, and history may be removed meanwhile.
    if !state.store.tells_all_after(after).await? {
        return Err(ServiceError::LogForgotten(after));
    }
    let members = records.into_iter().zip(states).map(|(record, state)| Member { record, state });
    // The past of an entity that is gone may be written, too: that makes no version of it.
    let is_version = |member: &Member| member.state.is_some() || member.record.change.operation == Operation::Deleted;
    Ok(StreamPage { members: members.filter(is_version).collect(), next })
}

/// The tenant's changes after a position, and where to go on when there are enough for a page.
async fn records(store: &Store, tenant: &Tenant, after: Position) -> Result<(Vec<ChangeRecord>, Option<Position>)> {
    let (mut records, mut cursor, mut scanned) = (Vec::new(), after, 0);
    loop {
        let part = store.changes(cursor, MEMBERS).await?;
        if part.is_empty() {
            return Ok((records, None));
        }
        for record in part {
            (cursor, scanned) = (record.position, scanned + 1);
            if record.tenant == *tenant {
                records.push(record);
            }
            if records.len() == MEMBERS || scanned == SCANNED {
                return Ok((records, Some(cursor)));
            }
        }
    }
}
