//! One stream.

use std::sync::{Arc, OnceLock};

use hiroba_store::{Position, Store, TenantId};
use ngsild::query::Query;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::moment::{Event, Moment};
use super::{Interest, Seat};
use crate::service::{Result, ServiceError};
use crate::state::AppState;

/// How many changes are read at a time by a stream that is behind, and how many bytes of them, about, it may hold while its
/// client does not read.
const PAGE: usize = 100;
const MOST_BYTES: usize = 256 << 10;

/// A position in the log, and how to go on from it.
#[derive(Debug)]
pub struct Reader {
    store: Store,
    seat: Seat,
    moved: watch::Receiver<bool>,
    position: Position,
    /// What was read of the log and is not told yet, and how much to read next.
    behind: Stretch,
    page: usize,
    /// Whether changes were lost before the first.
    lost: bool,
}

/// What there is for a stream.
#[derive(Debug)]
pub enum Step {
    /// Changes, in their order, and how far in the log they reach. Some may be [nothing](Reader::event) to it.
    Moments(Vec<Arc<Moment>>, Position),
    /// Nothing happened in time.
    Quiet,
    /// The server goes down.
    Closing,
}

/// Opens a stream of what happens to the entities that a query finds, from now on or after a position. `q` must not lead to
/// other entities.
///
/// # Errors
/// TooManyStreams; when the database fails.
pub async fn open(state: &AppState, tenant: TenantId, query: Query, after: Option<Position>) -> Result<Reader> {
    let streams = &state.streams;
    let interest = Interest { tenant, query, since: OnceLock::new() };
    let seat = streams.sit(interest).ok_or(ServiceError::TooManyStreams(streams.most))?;
    // Whoever asks once the stream is open sees everything up to here.
    let head = state.store.head().await?;
    let lost = match after {
        Some(after) => !state.store.tells_all_after(after).await?,
        None => false,
    };
    let position = after.filter(|_| !lost).unwrap_or(head);
    let (store, moved, behind) = (state.store.clone(), streams.moved.subscribe(), (Vec::new(), position));
    Ok(Reader { store, seat, moved, position, behind, page: PAGE, lost })
}

impl Reader {
    /// The position after which the stream goes on.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Whether the log no longer tells what came after the position that was asked for. The stream then is about what comes
    /// from now on.
    pub fn lost(&self) -> bool {
        self.lost
    }

    /// What a change is to this stream.
    pub fn event<'m>(&self, moment: &'m Moment) -> Option<Event<'m>> {
        moment.event(self.seat.interest.tenant, &self.seat.interest.query)
    }

    /// Everything up to here was told.
    pub fn told(&mut self, position: Position) {
        self.position = position;
        self.behind.0.retain(|moment| moment.position() > position);
    }

    /// What comes next. Waits for it until then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next(&mut self, deadline: Instant) -> Result<Step> {
        loop {
            if *self.moved.borrow_and_update() {
                return Ok(Step::Closing);
            }
            match self.shared() {
                Ok((moments, up_to)) if !moments.is_empty() => return Ok(Step::Moments(moments, up_to)),
                Ok((_, up_to)) => self.told(up_to),
                Err(from) => match self.read_log().await? {
                    Some((moments, last)) if !moments.is_empty() => return Ok(Step::Moments(moments, last)),
                    Some((_, last)) => {
                        self.told(last);
                        if Instant::now() < deadline {
                            continue;
                        }
                        return Ok(Step::Quiet);
                    }
                    None => {
                        // Nothing more is behind: what the follower has goes on from here.
                        if let Some(from) = from {
                            self.told(self.position.max(from));
                            continue;
                        }
                    }
                },
            }
            if timeout_at(deadline, self.moved.changed()).await.is_err() {
                return Ok(Step::Quiet);
            }
        }
    }

    /// What the follower has after this position, and up to where. Otherwise from where on it has everything for this
    /// stream, if it does so at all.
    fn shared(&self) -> Result<Stretch, Option<Position>> {
        let Seat { streams, interest } = &self.seat;
        let shared = streams.shared();
        let (Some(recent), Some(since)) = (&shared.recent, interest.since.get()) else { return Err(None) };
        let from = recent.from().max(*since);
        if self.position < from {
            return Err(Some(from));
        }
        Ok((recent.after(self.position), recent.up_to().max(self.position)))
    }

    /// What is next in the log itself; `None` when nothing is there.
    async fn read_log(&mut self) -> Result<Option<Stretch>> {
        if self.behind.0.is_empty() {
            let records = self.store.changes(self.position, self.page).await?;
            let Some(last) = records.last().map(|record| record.position) else { return Ok(None) };
            let interest = &self.seat.interest;
            let moments = Moment::all(&self.store, records, |tenant, record| interest.concerns(tenant, record)).await?;
            self.behind = self.bounded(moments, last);
        }
        Ok(Some(self.behind.clone()))
    }

    /// As many as may be held, one at least. The others are read again: fewer are read then, so it is not for long.
    fn bounded(&mut self, mut moments: Vec<Moment>, last: Position) -> Stretch {
        let mut weight = 0;
        let fits = moments.iter().take_while(|moment| {
            let fits = weight < MOST_BYTES;
            weight += moment.weight();
            fits
        });
        let fits = fits.count();
        let all = fits == moments.len();
        self.page = if all { (self.page * 2).min(PAGE) } else { fits };
        moments.truncate(fits);
        let up_to = moments.last().filter(|_| !all).map_or(last, Moment::position);
        (moments.into_iter().map(Arc::new).collect(), up_to)
    }
}

/// Changes that may be of interest, and how far in the log they reach.
type Stretch = (Vec<Arc<Moment>>, Position);
