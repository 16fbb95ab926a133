//! Places for queries. Each query has a thread of its own, because it may run long, recurse deeply and cannot wait; all but
//! lookups, which are over nearly before a thread would have begun.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hiroba_vocab::Tenant;
use spargebra::Query;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::chunks::{Begun, Chunks, WAITING};
use super::format::Format;
use super::memory::Memory;
use super::threads::Threads;
use super::ticket::{Reason, Ticket};
use super::{QueryError, Question, Services, Update, evaluate, guard, lookup, update};
use crate::copy::{Current, Reading};
use crate::follow::Position;
use crate::metrics::{Ending, Metrics, QueryLabels};

/// How long a query may wait for a place.
const QUEUE: Duration = Duration::from_secs(1);
/// How long after its end of time a query must run to count as one that cannot be stopped.
const STUCK: Duration = Duration::from_secs(120);
/// How often running queries are looked at.
const WATCH: Duration = Duration::from_millis(100);

/// What queries may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long one may run, its answer's way to the client included.
    pub timeout: Duration,
    /// How many rows or triples an answer may have.
    pub max_results: u64,
    /// How many may run at once.
    pub max_queries: usize,
    /// How many bytes the process may use before queries are stopped; `None` for any.
    pub max_memory: Option<u64>,
}

/// The places.
pub struct Pool {
    limits: Limits,
    services: Services,
    places: Arc<Semaphore>,
    threads: Threads,
    running: Mutex<Vec<Arc<Ticket>>>,
    current: Arc<Current>,
    metrics: Arc<Metrics>,
    with_index: bool,
}

/// An answer that has begun. Dropping it stops the query.
pub struct Answer {
    /// How it is written.
    pub format: &'static Format,
    /// All changes up to here are in it; `None` when the copy follows no log.
    pub position: Option<Position>,
    /// All of it; `None` when it comes in parts.
    pub whole: Option<Bytes>,
    body: mpsc::Receiver<Result<Bytes, QueryError>>,
    _waiting: StopWhenDropped,
}

impl Answer {
    /// The next part; `None` after the last. An error means that the answer is broken off.
    pub async fn next(&mut self) -> Option<Result<Bytes, QueryError>> {
        self.body.recv().await
    }
}

impl Pool {
    /// Places for queries on the copy in use, which may ask these other endpoints. `with_index` says whether the copy is
    /// only changed in ways that keep its index true.
    pub fn new(
        limits: Limits,
        services: Services,
        current: Arc<Current>,
        metrics: Arc<Metrics>,
        with_index: bool,
    ) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(limits.max_queries.max(1)));
        let threads = Threads::default();
        Arc::new(Self { limits, services, places, threads, running: Mutex::default(), current, metrics, with_index })
    }

    /// Answers a question, at least until its first chunk.
    ///
    /// # Errors
    /// [`QueryError`].
    pub async fn answer(self: &Arc<Self>, question: Question) -> Result<Answer, QueryError> {
        let place = self.place().await?;
        let reading = self.reading(&question.tenant, question.not_before)?;
        let position = reading.position;
        let ticket = Arc::new(Ticket::new(self.limits.timeout));
        let (head, begun) = oneshot::channel();
        let (body, chunks) = mpsc::channel(WAITING);
        let out = Chunks::new(Arc::clone(&ticket), Handle::current(), head, body);
        let waiting = StopWhenDropped(Arc::clone(&ticket));
        self.start(place, reading, question, Arc::clone(&ticket), out)?;
        let begun = tokio::time::timeout_at(ticket.deadline().into(), begun).await;
        let Begun { format, whole } = match begun {
            Ok(Ok(begun)) => begun?,
            // The thread has panicked: nothing else ends it without a word.
            Ok(Err(_)) => return Err(QueryError::Internal("the query's thread is gone".to_owned())),
            Err(_) => {
                ticket.stop(Reason::Timeout);
                return Err(QueryError::Timeout(self.limits.timeout));
            }
        };
        Ok(Answer { format, position, whole, body: chunks, _waiting: waiting })
    }

    /// Carries an update out on the copy in use.
    ///
    /// # Errors
    /// [`QueryError`]: then nothing has changed.
    pub async fn update(self: &Arc<Self>, update: Update) -> Result<(), QueryError> {
        let place = self.place().await?;
        let reading = self.reading(&update.tenant, None)?;
        let ticket = Arc::new(Ticket::new(self.limits.timeout));
        let _waiting = StopWhenDropped(Arc::clone(&ticket));
        let running = Running::enter(Arc::clone(self), ticket, place);
        let (done, ended) = oneshot::channel();
        self.spawn(move || {
            let outcome = update::run(&reading, &update, &running.ticket);
            running.ended(&outcome);
            // When nobody takes it, the client is gone.
            let _ = done.send(outcome);
        })?;
        // It ends by itself when its time is up; whoever left before would not know whether it was carried out.
        ended.await.unwrap_or_else(|_| Err(QueryError::Internal("the update's thread is gone".to_owned())))
    }

    /// What a tenant has here, as it is now.
    ///
    /// # Errors
    /// When there is no copy, no such tenant, or nothing that is as new as it must be.
    pub fn reading(&self, tenant: &Tenant, not_before: Option<Position>) -> Result<Reading, QueryError> {
        let copy = self.current.get().ok_or(QueryError::NoCopy)?;
        let reading = copy.reading(tenant).ok_or_else(|| QueryError::NoSuchTenant(tenant.clone()))?;
        let here = reading.position;
        match not_before.filter(|wanted| here < Some(*wanted)) {
            Some(wanted) => Err(QueryError::NotYet { here, wanted }),
            None => Ok(reading),
        }
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, QueryError> {
        let place = tokio::time::timeout(QUEUE, Arc::clone(&self.places).acquire_owned()).await;
        place.ok().and_then(Result::ok).ok_or_else(|| {
            self.count(Ending::Busy);
            QueryError::Busy
        })
    }

    fn start(
        self: &Arc<Self>,
        place: OwnedSemaphorePermit,
        reading: Reading,
        question: Question,
        ticket: Arc<Ticket>,
        out: Chunks,
    ) -> Result<(), QueryError> {
        let running = Running::enter(Arc::clone(self), ticket, place);
        let work = Work { running, reading, question, out, runtime: Handle::current(), query: None };
        match work.at_once() {
            Some(work) => self.spawn(move || work.run()),
            None => Ok(()),
        }
    }

    fn spawn(&self, work: impl FnOnce() + Send + 'static) -> Result<(), QueryError> {
        self.threads.run(work).map_err(|error| QueryError::Internal(format!("no thread for the query: {error}")))
    }

    /// Stops queries whose time is up, and the longest-running one when memory runs short. Runs for ever, but ends the process
    /// when no place is left that could be freed: one that starts again answers after seconds.
    pub async fn watch(self: Arc<Self>) {
        let mut memory = Memory::new(self.limits.max_memory);
        let mut tick = tokio::time::interval(WATCH);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let now = Instant::now();
            let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).clone();
            for ticket in running.iter().filter(|ticket| ticket.deadline() <= now) {
                ticket.stop(Reason::Timeout);
            }
            if are_stuck(&running, self.limits.max_queries, now) {
                tracing::error!("queries that cannot be stopped take all places: the process ends");
                std::process::exit(1);
            }
            let oldest = running.iter().filter(|ticket| !ticket.is_stopped()).min_by_key(|ticket| ticket.started);
            if memory.is_short(!running.is_empty())
                && let Some(ticket) = oldest
            {
                tracing::warn!("memory runs short: a query is stopped");
                ticket.stop(Reason::Memory);
            }
        }
    }

    fn count(&self, ending: Ending) {
        self.metrics.queries.get_or_create(&QueryLabels { ending }).inc();
    }
}

/// Whether all places are taken by queries that should have ended long ago.
fn are_stuck(running: &[Arc<Ticket>], places: usize, now: Instant) -> bool {
    running.iter().filter(|ticket| ticket.deadline() + STUCK <= now).count() >= places.max(1)
}

/// A query that is to be answered.
struct Work {
    running: Running,
    reading: Reading,
    question: Question,
    out: Chunks,
    runtime: Handle,
    /// What its text was read as, if it was.
    query: Option<Query>,
}

impl Work {
    /// Answers a lookup here, where other requests wait: to hand it to another thread and back would cost a quarter more.
    /// Everything else is given back, and so is a lookup that fails or brings more than expected.
    fn at_once(mut self) -> Option<Self> {
        self.query = lookup::read(&self.question.text);
        if !self.query.as_ref().is_some_and(|query| lookup::is(&self.question, query)) {
            return Some(self);
        }
        self.out.must_not_wait();
        let most = lookup::MAX_ROWS.min(self.running.pool.limits.max_results);
        if self.answer(most, Some(Instant::now() + lookup::MAX_TIME)).is_ok() {
            self.ended(Ok(()));
            return None;
        }
        self.out.start_anew();
        Some(self)
    }

    /// Answers it, however long it takes.
    fn run(mut self) {
        let outcome = self.answer(self.running.pool.limits.max_results, None);
        self.ended(outcome);
    }

    fn answer(&mut self, max_results: u64, until: Option<Instant>) -> Result<(), QueryError> {
        let query = self.query.take().map_or_else(|| guard::parse(&self.question.text), Ok)?;
        let Running { ticket, pool, .. } = &self.running;
        let with_index = pool.with_index && self.reading.position.is_some();
        let (services, runtime) = (&pool.services, &self.runtime);
        let with = evaluate::With { ticket, max_results, until, services, runtime, with_index };
        evaluate::answer(self.reading.store(), &self.question, query, &with, &mut self.out)
    }

    fn ended(self, outcome: Result<(), QueryError>) {
        self.running.ended(&self.out.finish(outcome));
    }
}

/// A query that nobody waits for any more need not go on.
struct StopWhenDropped(Arc<Ticket>);

impl Drop for StopWhenDropped {
    fn drop(&mut self) {
        self.0.stop(Reason::Gone);
    }
}

/// A query under way: its place is taken until this is dropped, even by a panic.
struct Running {
    pool: Arc<Pool>,
    ticket: Arc<Ticket>,
    _place: OwnedSemaphorePermit,
}

impl Running {
    fn enter(pool: Arc<Pool>, ticket: Arc<Ticket>, place: OwnedSemaphorePermit) -> Self {
        pool.running.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&ticket));
        pool.metrics.running.inc();
        Self { pool, ticket, _place: place }
    }

    fn ended(&self, outcome: &Result<(), QueryError>) {
        let seconds = self.ticket.started.elapsed().as_secs_f64();
        self.pool.metrics.query_duration.observe(seconds);
        let ending = match outcome {
            Ok(()) => Ending::Answered,
            Err(QueryError::Timeout(_) | QueryError::Memory | QueryError::TooManyResults(_)) => Ending::Stopped,
            Err(QueryError::Gone) => Ending::Abandoned,
            Err(QueryError::Internal(_) | QueryError::Service { .. }) => Ending::Failed,
            Err(_) => Ending::Refused,
        };
        self.pool.count(ending);
        if let Err(error) = outcome {
            tracing::info!(seconds, ?ending, %error, "a query was not answered to its end");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = self.pool.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|ticket| !Arc::ptr_eq(ticket, &self.ticket));
        self.pool.metrics.running.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_stuck_when_all_are_taken_long_after_the_end_of_time() {
        let ticket = |seconds| Arc::new(Ticket::new(Duration::from_secs(seconds)));
        let now = Instant::now() + Duration::from_secs(200);
        for (expected, running, places) in [
            (false, vec![], 1),
            (false, vec![ticket(30)], 2),
            (false, vec![ticket(30), ticket(100)], 2),
            (true, vec![ticket(30), ticket(40)], 2),
            (true, vec![ticket(30)], 0),
        ] {
            assert_eq!(are_stuck(&running, places, now), expected, "{} of {places}", running.len());
        }
    }
}
