//! The queue of writes: what waits together is committed together.
//!
//! One commit costs about the same whether it holds one write or a hundred. So a writer takes all that waits, up to a
//! bound, and answers each asker by itself. A group never holds the same entity twice: whether the second write still
//! fits is only known after the first.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hiroba_vocab::EntityId;
use tokio::sync::{mpsc, oneshot};

use crate::error::{Result, StoreError};
use crate::model::Outcome;
use crate::rows::{Refused, RowWrite};

/// How many writes may wait. Beyond, new ones are refused at once, so that those that wait are answered in time.
const CAPACITY: usize = 20_000;
/// How many writes one group holds, unless a single request brings more.
const GROUP: usize = 500;

type Reply = oneshot::Sender<Result<Vec<Outcome>, Refused>>;

struct Request {
    definitions: i64,
    writes: Vec<RowWrite>,
    reply: Reply,
}

/// The end of the queue where writes are put in.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    sender: mpsc::UnboundedSender<Request>,
    waiting: Arc<AtomicUsize>,
}

/// The end of the queue where groups come out.
pub(crate) struct Waiting {
    receiver: mpsc::UnboundedReceiver<Request>,
    /// A request that did not fit into the last group.
    left_over: Option<Request>,
    waiting: Arc<AtomicUsize>,
}

/// Requests that are committed together.
pub(crate) struct Group {
    definitions: i64,
    writes: Vec<RowWrite>,
    /// Who asked, and how many of the writes are theirs.
    askers: Vec<(Reply, usize)>,
    waiting: Arc<AtomicUsize>,
}

pub(crate) fn queue() -> (Queue, Waiting) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    (Queue { sender, waiting: Arc::clone(&waiting) }, Waiting { receiver, left_over: None, waiting })
}

impl Queue {
    pub(crate) async fn write(&self, definitions: i64, writes: Vec<RowWrite>) -> Result<Vec<Outcome>, Refused> {
        let count = writes.len();
        if self.waiting.fetch_add(count, Ordering::Relaxed) > CAPACITY {
            self.waiting.fetch_sub(count, Ordering::Relaxed);
            return Err(Refused::Failed(StoreError::Overloaded));
        }
        let (reply, answer) = oneshot::channel();
        let closed = || StoreError::Unavailable("the database was closed".to_owned());
        self.sender.send(Request { definitions, writes, reply }).map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

impl Waiting {
    /// The next group, as soon as anything waits; `None` when nobody can ask any more.
    pub(crate) async fn next(&mut self) -> Option<Group> {
        let first = match self.left_over.take() {
            Some(request) => request,
            None => self.receiver.recv().await?,
        };
        let mut entities: HashSet<(i64, EntityId)> = HashSet::new();
        let mut group = Group {
            definitions: first.definitions,
            writes: Vec::new(),
            askers: Vec::new(),
            waiting: self.waiting.clone(),
        };
        let mut next = Some(first);
        while let Some(request) = next {
            let fits = group.writes.is_empty()
                || request.definitions == group.definitions
                    && group.writes.len() + request.writes.len() <= GROUP
                    && !request.writes.iter().any(|write| entities.contains(&(write.tenant, write.id.clone())));
            if !fits {
                self.left_over = Some(request);
                break;
            }
            entities.extend(request.writes.iter().map(|write| (write.tenant, write.id.clone())));
            group.askers.push((request.reply, request.writes.len()));
            group.writes.extend(request.writes);
            next = self.receiver.try_recv().ok();
        }
        Some(group)
    }
}

impl Group {
    /// The set of value indexes that the writes were worked out for.
    pub(crate) fn definitions(&self) -> i64 {
        self.definitions
    }

    /// The writes, to be committed together.
    pub(crate) fn writes(&self) -> &[RowWrite] {
        &self.writes
    }

    /// Answers the askers, unless the database refused something in the group: then the requests come back one by one,
    /// so that one request's bad luck does not become another's.
    pub(crate) fn settle(self, outcome: Result<Vec<Outcome>, Refused>) -> Vec<Self> {
        match outcome {
            Err(Refused::Failed(StoreError::Database(_))) if self.askers.len() > 1 => self.split(),
            outcome => {
                self.answer_all(outcome);
                Vec::new()
            }
        }
    }

    fn split(self) -> Vec<Self> {
        let mut writes = self.writes;
        let mut groups = Vec::with_capacity(self.askers.len());
        for (reply, count) in self.askers {
            let rest = writes.split_off(count);
            groups.push(Self {
                definitions: self.definitions,
                writes,
                askers: vec![(reply, count)],
                waiting: Arc::clone(&self.waiting),
            });
            writes = rest;
        }
        groups
    }

    fn answer_all(self, outcome: Result<Vec<Outcome>, Refused>) {
        self.waiting.fetch_sub(self.writes.len(), Ordering::Relaxed);
        match outcome {
            Ok(mut outcomes) => {
                for (reply, count) in self.askers {
                    let rest = outcomes.split_off(count.min(outcomes.len()));
                    answer(reply, Ok(outcomes));
                    outcomes = rest;
                }
            }
            Err(refused) => {
                for (reply, _) in self.askers {
                    answer(reply, Err(refused.repeat()));
                }
            }
        }
    }
}

fn answer(reply: Reply, outcome: Result<Vec<Outcome>, Refused>) {
    // The asker may have gone away; what was committed stays committed.
    let _ = reply.send(outcome);
}

impl Refused {
    /// The same refusal for another asker of the group.
    fn repeat(&self) -> Self {
        match self {
            Self::StaleDefinitions => Self::StaleDefinitions,
            Self::Failed(StoreError::Unavailable(why)) => Self::Failed(StoreError::Unavailable(why.clone())),
            Self::Failed(StoreError::Overloaded) => Self::Failed(StoreError::Overloaded),
            Self::Failed(other) => Self::Failed(StoreError::Database(other.to_string())),
        }
    }
}
