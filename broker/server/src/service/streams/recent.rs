//! The last changes, for all streams at the head of the log.

use std::collections::VecDeque;
use std::sync::Arc;

use hiroba_store::Position;

use super::moment::Moment;

/// How many changes are kept, and how many bytes they may take, about.
const MOST: usize = 1_000;
const MOST_BYTES: usize = 16 << 20;

/// Every change of interest between two positions.
#[derive(Debug)]
pub(super) struct Recent {
    from: Position,
    up_to: Position,
    moments: VecDeque<(Arc<Moment>, usize)>,
    weight: usize,
}

impl Recent {
    /// Nothing, yet.
    pub(super) fn at(position: Position) -> Self {
        Self { from: position, up_to: position, moments: VecDeque::new(), weight: 0 }
    }

    /// Nothing up to here is kept.
    pub(super) fn from(&self) -> Position {
        self.from
    }

    /// The log was read up to here.
    pub(super) fn up_to(&self) -> Position {
        self.up_to
    }

    /// The log was read up to a position, and this was in it.
    pub(super) fn push(&mut self, moments: Vec<Moment>, up_to: Position) {
        for moment in moments {
            let weight = moment.weight();
            self.weight += weight;
            self.moments.push_back((Arc::new(moment), weight));
        }
        self.up_to = up_to;
        while self.moments.len() > MOST || self.weight > MOST_BYTES {
            let Some((moment, weight)) = self.moments.pop_front() else { break };
            self.weight -= weight;
            self.from = moment.position();
        }
    }

    /// What is kept of the time after a position, which is not before [`from`](Self::from).
    pub(super) fn after(&self, position: Position) -> Vec<Arc<Moment>> {
        let start = self.moments.partition_point(|(moment, _)| moment.position() <= position);
        self.moments.range(start..).map(|(moment, _)| Arc::clone(moment)).collect()
    }
}
