//! One file on its way: rows are read on one thread while the batch before them is written.

use std::sync::Arc;
use std::time::Duration;

use hiroba_importers::{Import, ImportError, Input, LeftOut, Opened, Options, Outcome, Report};
use hiroba_vocab::{EntityId, Terms};
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
    /// How many rows the table has that comes next.
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

/// A place for the entities of one table.
pub(crate) trait Destination {
    /// Why it does not take them.
    type Error;

    /// This is the entity of the table's data set, before any row was read. Comes once, before any batch.
    async fn begin(&mut self, dataset: &Entity) -> Result<(), Self::Error>;

    /// Writes those of a batch that differ from what is there. No id is among them twice.
    async fn publish(&mut self, entities: &[Entity]) -> Result<Published, Self::Error>;

    /// Reading goes on, but takes its time.
    async fn wait(&mut self) -> Result<(), Self::Error>;

    /// Whether entities are published that a table without any would take away.
    async fn takes_all_away(&mut self, _dataset: &EntityId) -> Result<bool, Self::Error> {
        Ok(false)
    }

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

/// A table that was read to its end.
#[derive(Debug)]
pub(crate) struct ReadTable {
    /// The data set's entity.
    pub(crate) dataset: EntityId,
    /// What was read.
    pub(crate) report: Report,
    /// The table, for whoever wants to read it again.
    pub(crate) import: Import,
    /// What was written.
    pub(crate) published: Published,
}

/// What the reading thread hands over.
enum Part {
    Recognised(Box<Entity>),
    Batch(Vec<Entity>),
}

impl<E> Failure<E> {
    /// The same failure where tables of the file were written before.
    fn after(self, before: u64) -> Self {
        match self {
            Self::File(error) => Self::File(error),
            Self::Destination { file, error, written } => Self::Destination { file, error, written: written + before },
            Self::Stopped { file, reason, written } => Self::Stopped { file, reason, written: written + before },
        }
    }
}

/// Finds the tables of a file, on a thread of its own.
async fn open_tables<E>(input: Input, options: Options) -> Result<Opened, Failure<E>> {
    let file = input.name();
    match tokio::task::spawn_blocking(move || hiroba_importers::open(input, options)).await {
        Ok(opened) => Ok(opened?),
        Err(error) => Err(Failure::Stopped { file, reason: error.to_string(), written: 0 }),
    }
}

/// Reads the tables of a file one after the other, and hands each to a destination of its own: its entities, batch by
/// batch, and then the entity of its data set. `make` makes a destination, `end` says what has become of it. A table that
/// would only take everything away is left out; alone in its file it is a failure.
pub(crate) async fn publish_tables<D: Destination, T>(
    input: Input,
    options: Options,
    progress: Progress,
    make: impl Fn() -> D,
    end: impl AsyncFn(D, Result<ReadTable, Failure<D::Error>>) -> Result<T, Failure<D::Error>>,
) -> Result<(Vec<T>, Vec<LeftOut>), Failure<D::Error>> {
    let Opened { imports, mut left_out } = open_tables(input, options).await?;
    let (mut tables, mut written, mut empty) = (Vec::with_capacity(imports.len()), 0, None);
    for import in imports {
        let name = import.table_name();
        let mut destination = make();
        let published = publish_into(import, &mut destination, Arc::clone(&progress)).await;
        let so_far = written;
        written += published.as_ref().map_or(0, |table| table.published.written());
        match end(destination, published).await {
            Ok(table) => tables.push(table),
            Err(Failure::File(error @ ImportError::NothingPublished { .. })) => {
                left_out.push(LeftOut::of(name, &error));
                empty.get_or_insert(error);
            }
            Err(failure) => return Err(failure.after(so_far)),
        }
    }
    match empty {
        Some(error) if tables.is_empty() => Err(error.into()),
        _ => Ok((tables, left_out)),
    }
}

/// Reads a table and hands its entities, batch by batch, and then the entity of its data set to a destination.
async fn publish_into<D: Destination>(
    import: Import,
    destination: &mut D,
    progress: Progress,
) -> Result<ReadTable, Failure<D::Error>> {
    let file = import.file();
    let (sender, mut parts) = tokio::sync::mpsc::channel(WAITING);
    let reading = tokio::task::spawn_blocking(move || read(import, &sender, &progress));
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
            Part::Recognised(dataset) => {
                destination.begin(&dataset).await.map_err(|error| fail(error, published))?;
            }
            Part::Batch(batch) => {
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
    let entity = import.dataset_entity();
    let dataset = entity.id.clone();
    if report.rows.entities == 0
        && destination.takes_all_away(&dataset).await.map_err(|error| fail(error, published))?
    {
        return Err(import.nothing_published().into());
    }
    published += destination.finish(entity, &report).await.map_err(|error| fail(error, published))?;
    Ok(ReadTable { dataset, report, import, published })
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
    mut import: Import,
    parts: &tokio::sync::mpsc::Sender<Part>,
    progress: &Progress,
) -> Result<Import, ImportError> {
    if let Some(rows) = import.expected_rows() {
        progress(Step::Expected(rows));
    }
    if parts.blocking_send(Part::Recognised(Box::new(import.dataset_entity()))).is_err() {
        return Ok(import);
    }
    let mut collected = Batches::new(COMMIT);
    for outcome in import.rows()? {
        progress(Step::Row);
        if let Outcome::Entity { entity, .. } = outcome?
            && let Some(batch) = collected.push(*entity)
            && parts.blocking_send(Part::Batch(batch)).is_err()
        {
            return Ok(import);
        }
    }
    let rest = collected.take();
    if !rest.is_empty() {
        // Nobody listens when writing failed; that is told there.
        let _ = parts.blocking_send(Part::Batch(rest));
    }
    Ok(import)
}
