//! One file on its way: rows are read on one thread while the batch before them is written.

use std::sync::Arc;
use std::time::Duration;

use hiroba_importers::{Import, ImportError, Input, Options, Outcome, Report};
use hiroba_vocab::Terms;
use ngsild::Entity;

use crate::service::batch::COMMIT;
use crate::service::publish::{Batches, Published};

/// How many batches may wait to be written.
const WAITING: usize = 2;
/// How often a destination hears that reading goes on, while no batch is complete.
const SIGN_OF_LIFE: Duration = Duration::from_secs(4);

/// How far reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// How many rows there will be.
    Expected(u64),
    /// A row was read.
    Row,
}

/// Who wants to hear how far reading is. It is called once for each row, on the thread that reads.
pub type Progress = Arc<dyn Fn(Step) + Send + Sync>;

/// Nobody wants to hear.
pub fn silent() -> Progress {
    Arc::new(|_| ())
}

/// A place for the entities of one file.
pub(crate) trait Destination {
    /// Why it does not take them.
    type Error;

    /// The file is recognised; this is its data set's entity, before any row was read. Comes once, before any batch.
    async fn begin(&mut self, dataset: &Entity) -> Result<(), Self::Error>;

    /// Writes those of a batch that differ from what is there. No id is among them twice.
    async fn publish(&mut self, entities: &[Entity]) -> Result<Published, Self::Error>;

    /// Reading goes on, but takes its time.
    async fn wait(&mut self) -> Result<(), Self::Error>;

    /// All rows are written: takes the data set's entity.
    async fn finish(&mut self, dataset: Entity, report: &Report) -> Result<Published, Self::Error>;
}

/// Why a file was not published to its end.
#[derive(Debug, thiserror::Error)]
pub enum Failure<E> {
    /// The file is at fault.
    #[error(transparent)]
    File(#[from] ImportError),
    /// What it is written to is at fault.
    #[error("{file}: {error}{}", so_far(*.written))]
    Destination {
        /// The file.
        file: String,
        /// What it says.
        error: E,
        /// How many entities were written before.
        written: u64,
    },
    /// The thread that reads ended without a result.
    #[error("{file}: reading stopped: {reason}{}", so_far(*.written))]
    Stopped {
        /// The file.
        file: String,
        /// Why.
        reason: String,
        /// How many entities were written before.
        written: u64,
    },
}

fn so_far(written: u64) -> String {
    match written {
        0 => "; nothing was written".to_owned(),
        n => format!("; {n} entities were written before that. Import the file again: only what differs is written"),
    }
}

/// What the reading thread hands over.
enum Read {
    Recognised(Box<Entity>),
    Batch(Vec<Entity>),
}

/// Reads a file and hands its entities, batch by batch, and then the entity of its data set to a destination.
pub(crate) async fn publish_into<D: Destination>(
    input: Input,
    options: Options,
    destination: &mut D,
    progress: Progress,
) -> Result<(Import, Report, Published), Failure<D::Error>> {
    let file = input.name();
    let (sender, mut parts) = tokio::sync::mpsc::channel(WAITING);
    let reading = tokio::task::spawn_blocking(move || read(input, options, &sender, &progress));
    let mut published = Published::default();
    let fail = |error, so_far: Published| Failure::Destination { file: file.clone(), error, written: so_far.written() };
    // When the channel closes, the reader stops: returning early ends it.
    loop {
        let part = match tokio::time::timeout(SIGN_OF_LIFE, parts.recv()).await {
            Err(_) => {
                destination.wait().await.map_err(|error| fail(error, published))?;
                continue;
            }
            Ok(None) => break,
            Ok(Some(part)) => part,
        };
        match part {
            Read::Recognised(dataset) => {
                destination.begin(&dataset).await.map_err(|error| fail(error, published))?;
            }
            Read::Batch(batch) => {
                published += destination.publish(&batch).await.map_err(|error| fail(error, published))?;
            }
        }
    }
    let import = match reading.await {
        Ok(import) => import?,
        Err(error) => {
            return Err(Failure::Stopped { file, reason: error.to_string(), written: published.written() });
        }
    };
    let report = import.report();
    let dataset = import.dataset_entity();
    published += destination.finish(dataset, &report).await.map_err(|error| fail(error, published))?;
    Ok((import, report, published))
}

/// What a file cannot say of itself, and somebody told when it was published before, stays when it is not told anew.
pub(crate) fn keep_what_was_told(before: &Entity, dataset: &mut Entity) {
    for term in ["license", "source"] {
        let name = Terms::published().iri(term);
        if let Some(told) = before.attributes.get(&name)
            && !dataset.attributes.contains_key(&name)
        {
            dataset.attributes.insert(name, told.clone());
        }
    }
}

fn read(
    input: Input,
    options: Options,
    parts: &tokio::sync::mpsc::Sender<Read>,
    progress: &Progress,
) -> Result<Import, ImportError> {
    let mut import = Import::open(input, options)?;
    if let Some(rows) = import.expected_rows() {
        progress(Step::Expected(rows));
    }
    if parts.blocking_send(Read::Recognised(Box::new(import.dataset_entity()))).is_err() {
        return Ok(import);
    }
    let mut collected = Batches::new(COMMIT);
    for outcome in import.rows()? {
        progress(Step::Row);
        if let Outcome::Entity { entity, .. } = outcome?
            && let Some(batch) = collected.push(*entity)
            && parts.blocking_send(Read::Batch(batch)).is_err()
        {
            return Ok(import);
        }
    }
    let rest = collected.take();
    if !rest.is_empty() {
        // Nobody listens when writing failed; that is told there.
        let _ = parts.blocking_send(Read::Batch(rest));
    }
    Ok(import)
}
