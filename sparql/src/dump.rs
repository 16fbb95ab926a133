//! Everything that a tenant has here as one compressed stream: a moment of its copy, read once and never held as a whole.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use oxigraph::io::RdfFormat;
use oxigraph::model::{GraphNameRef, Quad};
use oxigraph::store::StorageError;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout_at};

use crate::copy::Reading;
use crate::quads::is_of_entities;
use crate::query::serializer;

/// How many dumps are written at once. Each holds a moment of the database, which costs room as long as it lasts.
const AT_ONCE: usize = 2;
/// How large the parts are, and how many may wait for the client.
const PART: usize = 64 << 10;
const WAITING: usize = 4;
/// How long a client may take for a part, and for all of it: others wait for the place.
const PATIENCE: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(3 * 3_600);
/// Levels beyond this cost more time than they save room: quads repeat themselves so much.
const LEVEL: u32 = 4;

/// A dump that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dump {
    /// The last part of its path.
    pub name: &'static str,
    format: RdfFormat,
    /// Whether the named graphs are in it, with the metadata of NGSI-LD.
    graphs: bool,
}

/// All of them.
pub const DUMPS: [Dump; 4] = [
    Dump { name: "all.nq.gz", format: RdfFormat::NQuads, graphs: true },
    Dump { name: "all.trig.gz", format: RdfFormat::TriG, graphs: true },
    Dump { name: "short.nt.gz", format: RdfFormat::NTriples, graphs: false },
    Dump { name: "short.ttl.gz", format: RdfFormat::Turtle, graphs: false },
];

/// The places for dumps in the making.
#[derive(Debug)]
pub struct Places(Arc<Semaphore>);

impl Default for Places {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Places {
    /// A place; `None` when all are taken.
    pub fn take(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }
}

impl Dump {
    /// The dump of that name.
    pub fn named(name: &str) -> Option<Self> {
        DUMPS.into_iter().find(|dump| dump.name == name)
    }

    /// Begins to write it on a thread of its own, which ends when the client is gone, takes longer for a part than a minute, or
    /// longer for all of them than three hours. An error in the stream means that it is broken off: so is the compressed file, which every reader notices.
    pub fn start(self, reading: Reading, place: OwnedSemaphorePermit) -> mpsc::Receiver<io::Result<Bytes>> {
        let (parts, body) = mpsc::channel(WAITING);
        let runtime = Handle::current();
        tokio::task::spawn_blocking(move || {
            let _place = place;
            let (deadline, buffer) = (Instant::now() + LONGEST, Vec::with_capacity(PART));
            let sink = Parts { parts: parts.clone(), runtime, deadline, buffer };
            if let Err(error) = self.write(&reading, sink) {
                tracing::info!(dump = self.name, %error, "a dump is broken off");
                // When nobody takes it, the client is gone.
                let _ = parts.try_send(Err(error));
            }
        });
        body
    }

    fn write(self, reading: &Reading, sink: Parts) -> io::Result<()> {
        let mut writer = serializer(self.format).for_writer(GzEncoder::new(sink, Compression::new(LEVEL)));
        let graph = (!self.graphs).then_some(GraphNameRef::DefaultGraph);
        // One iterator reads one moment. It comes by graph and by subject, so that blocks are written once.
        for quad in reading.store().quads_for_pattern(None, None, None, graph) {
            let quad: Quad = quad.map_err(|error: StorageError| io::Error::other(error))?;
            let shown = match quad.graph_name.as_ref() {
                GraphNameRef::NamedNode(name) => is_of_entities(name.as_str()),
                GraphNameRef::BlankNode(_) => false,
                GraphNameRef::DefaultGraph => true,
            };
            if shown {
                writer.serialize_quad(&quad)?;
            }
        }
        writer.finish()?.finish()?.end()
    }
}

/// The way to the client.
struct Parts {
    parts: mpsc::Sender<io::Result<Bytes>>,
    runtime: Handle,
    deadline: Instant,
    buffer: Vec<u8>,
}

impl Parts {
    fn send(&mut self) -> io::Result<()> {
        let part = Bytes::from(std::mem::replace(&mut self.buffer, Vec::with_capacity(PART)));
        let deadline = (Instant::now() + PATIENCE).min(self.deadline);
        let sent = self.runtime.block_on(async { timeout_at(deadline, self.parts.send(Ok(part))).await });
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::Error::new(io::ErrorKind::BrokenPipe, "the client is gone")),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes the dump too slowly")),
        }
    }

    fn end(mut self) -> io::Result<()> {
        if self.buffer.is_empty() { Ok(()) } else { self.send() }
    }
}

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PART {
            self.send()?;
        }
        Ok(bytes.len())
    }

    /// The encoder flushes at its end only; the rest goes with [`Parts::end`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_dumps_as_there_are_places_are_written_at_once() {
        let places = Places::default();
        let taken: Vec<_> = std::iter::from_fn(|| places.take()).collect();
        assert_eq!(taken.len(), AT_ONCE);
        drop(taken);
        assert!(places.take().is_some());
    }
}
