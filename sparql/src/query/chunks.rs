//! The answer on its way from the query to the client.
//!
//! Nothing is sent before the first chunk is full or the answer complete: until then an error can still have a status
//! of its own. Later it can only break the answer off. An answer that is complete by then is sent as a whole, with its length.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::QueryError;
use super::format::Format;
use super::ticket::{Reason, Ticket};

/// How large the first chunk is, and how large the others are.
const FIRST: usize = 256 << 10;
const OTHERS: usize = 64 << 10;
/// How many chunks may wait for the client.
pub(super) const WAITING: usize = 4;

/// How an answer begins.
pub(super) struct Begun {
    pub(super) format: &'static Format,
    /// All of it, when that is no more than a first chunk.
    pub(super) whole: Option<Bytes>,
}

/// The query's end of the answer.
pub(super) struct Chunks {
    ticket: Arc<Ticket>,
    runtime: Handle,
    head: Option<oneshot::Sender<Result<Begun, QueryError>>>,
    format: Option<&'static Format>,
    body: mpsc::Sender<Result<Bytes, QueryError>>,
    buffer: Vec<u8>,
    may_wait: bool,
}

impl Chunks {
    pub(super) fn new(
        ticket: Arc<Ticket>,
        runtime: Handle,
        head: oneshot::Sender<Result<Begun, QueryError>>,
        body: mpsc::Sender<Result<Bytes, QueryError>>,
    ) -> Self {
        Self { ticket, runtime, head: Some(head), format: None, body, buffer: Vec::new(), may_wait: true }
    }

    /// From now on, an answer fails that is larger than the first chunk: the thread that writes is not its own.
    pub(super) fn must_not_wait(&mut self) {
        self.may_wait = false;
    }

    /// Forgets what was written, of which nothing was sent. From now on, the thread that writes may wait for the client.
    pub(super) fn start_anew(&mut self) {
        self.buffer.clear();
        self.may_wait = true;
    }

    /// What the answer will be written in. To be said before anything is written.
    pub(super) fn is_written_as(&mut self, format: &'static Format) {
        self.format = Some(format);
    }

    /// Ends the answer, well or not.
    pub(super) fn finish(mut self, outcome: Result<(), QueryError>) -> Result<(), QueryError> {
        let outcome = outcome.and_then(|()| {
            let sent = if self.head.is_some() { self.begin(true) } else { self.send() };
            sent.map_err(|error| self.ticket.stopped().unwrap_or_else(|| QueryError::Internal(error.to_string())))
        });
        if let Err(error) = &outcome {
            match self.head.take() {
                // When nobody takes it, the client is gone.
                Some(head) => drop(head.send(Err(error.clone()))),
                None => drop(self.body.try_send(Err(error.clone()))),
            }
        }
        outcome
    }

    /// Says that there is an answer, if that was not said. When it is complete, it goes along.
    fn begin(&mut self, is_complete: bool) -> io::Result<()> {
        let Some(head) = self.head.take() else { return Ok(()) };
        let format = self.format.ok_or_else(|| io::Error::other("an answer without a form"))?;
        let whole = is_complete.then(|| Bytes::from(std::mem::take(&mut self.buffer)));
        head.send(Ok(Begun { format, whole })).map_err(|_| self.gone())
    }

    /// Sends what has been collected, when the client is ready for it and as long as there is time.
    fn send(&mut self) -> io::Result<()> {
        self.begin(false)?;
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = Bytes::from(std::mem::replace(&mut self.buffer, Vec::with_capacity(OTHERS)));
        let deadline = tokio::time::Instant::from_std(self.ticket.deadline());
        match self.runtime.block_on(async { tokio::time::timeout_at(deadline, self.body.send(Ok(chunk))).await }) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(self.gone()),
            Err(_) => {
                self.ticket.stop(Reason::Timeout);
                Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes the answer too slowly"))
            }
        }
    }

    fn gone(&self) -> io::Error {
        self.ticket.stop(Reason::Gone);
        io::Error::new(io::ErrorKind::BrokenPipe, "the client is gone")
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        let full = if self.head.is_some() { FIRST } else { OTHERS };
        if self.buffer.len() >= full {
            if !self.may_wait {
                return Err(io::Error::new(io::ErrorKind::WouldBlock, "the client would have to be waited for"));
            }
            self.send()?;
        }
        Ok(bytes.len())
    }

    /// Serializers flush at their end; the rest goes with [`Chunks::finish`], so that errors before it are still seen.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
