//! What an MQTT server has been sent and not answered yet, and who waits for it.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::PublishError;

/// How long the server may leave a ping unanswered.
const PING: Duration = Duration::from_secs(10);
/// How long the server may leave a message unacknowledged. Nobody waits for it longer.
const UNACKNOWLEDGED: Duration = Duration::from_secs(65);

/// Tells who sent a message what became of it.
pub(super) type Answer = oneshot::Sender<Result<(), PublishError>>;

struct Sent {
    at: Instant,
    answer: Answer,
}

/// A ping, and the messages that the server has read when it answers.
struct Ping {
    at: Instant,
    proves: Vec<Answer>,
}

/// Everything that is owed.
#[derive(Default)]
pub(super) struct Owed {
    /// Messages that the server will acknowledge, by their numbers.
    sent: HashMap<u16, Sent>,
    /// Messages that nothing acknowledges, since the last ping.
    written: Vec<Answer>,
    pings: VecDeque<Ping>,
}

impl Owed {
    /// A message is on its way: with a number it will be acknowledged, without it is not.
    pub(super) fn sent(&mut self, number: Option<u16>, answer: Answer) {
        match number {
            Some(number) => drop(self.sent.insert(number, Sent { at: Instant::now(), answer })),
            None => self.written.push(answer),
        }
    }

    /// A ping is on its way. It is answered after everything that was sent before it was read.
    pub(super) fn pinged(&mut self) {
        self.pings.push_back(Ping { at: Instant::now(), proves: std::mem::take(&mut self.written) });
    }

    /// A ping was answered.
    pub(super) fn ponged(&mut self) {
        for answer in self.pings.pop_front().into_iter().flat_map(|ping| ping.proves) {
            // Nobody may wait for it any more; so it is with the others.
            let _ = answer.send(Ok(()));
        }
    }

    /// What became of a message with a number.
    pub(super) fn acknowledged(&mut self, number: u16, done: Result<(), PublishError>) {
        if let Some(sent) = self.sent.remove(&number) {
            let _ = sent.answer.send(done);
        }
    }

    /// Nothing comes any more.
    pub(super) fn fail(&mut self, error: &PublishError) {
        let sent = self.sent.drain().map(|(_, sent)| sent.answer);
        let pinged = self.pings.drain(..).flat_map(|ping| ping.proves);
        for answer in sent.chain(pinged).chain(self.written.drain(..)) {
            let _ = answer.send(Err(error.clone()));
        }
    }

    /// Whether a ping would tell of messages that no other one tells of. There is one at a time.
    pub(super) fn wants_ping(&self) -> bool {
        !self.written.is_empty() && self.pings.is_empty()
    }

    /// How many messages are to be acknowledged.
    pub(super) fn unacknowledged(&self) -> usize {
        self.sent.len()
    }

    /// Whether nobody waits.
    pub(super) fn is_settled(&self) -> bool {
        self.sent.is_empty() && self.written.is_empty() && self.pings.iter().all(|ping| ping.proves.is_empty())
    }

    /// When the first answer is overdue.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let pong = self.pings.front().map(|ping| ping.at + PING);
        let acknowledgement = self.sent.values().map(|sent| sent.at + UNACKNOWLEDGED).min();
        pong.into_iter().chain(acknowledgement).min()
    }
}
