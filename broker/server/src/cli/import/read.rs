//! One file on its way: rows are read on one thread while the batch before them is written.

use hiroba_importers::report::Language;
use hiroba_importers::{Import, ImportError, Input, Options};
use hiroba_vocab::Terms;
use indicatif::ProgressBar;
use ngsild::Entity;

use super::sink::{Sink, SinkError};
use crate::cli::Outcome;
use crate::service::batch::COMMIT;
use crate::service::publish::{Batches, Published};

/// How many batches may wait to be written.
const WAITING: usize = 2;

/// Why a file was not imported.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum FileError {
    /// The file is at fault.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The database or broker is at fault.
    #[error("{file}: {error}{}", so_far(*.written))]
    Sink {
        /// The file.
        file: String,
        /// What it says.
        error: SinkError,
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

impl FileError {
    /// The error in the language of the report. What a database or broker says stays as it is.
    pub(in crate::cli) fn to_text_in(&self, language: Language) -> String {
        match (self, language) {
            (_, Language::English) => self.to_string(),
            (Self::Import(error), Language::Japanese) => error.to_text_in(language),
            (Self::Sink { file, error, written: 0 }, Language::Japanese) => {
                format!("{file}：{error}。何も書き込んでいません。")
            }
            (Self::Sink { file, error, written }, Language::Japanese) => format!(
                "{file}：{error}。その前に{written}件を書き込みました。もう一度取り込めば、違うものだけを書き込みます。"
            ),
        }
    }

    /// How the command ends because of it.
    pub(in crate::cli) fn outcome(&self) -> Outcome {
        match self {
            Self::Import(ImportError::Unreadable { .. } | ImportError::Directory { .. }) => Outcome::Failed,
            Self::Import(_) => Outcome::Invalid,
            Self::Sink { error, .. } => error.outcome(),
        }
    }
}

/// Imports a file and, at its end, the entity of its data set.
pub(in crate::cli) async fn import_file(
    input: Input,
    options: Options,
    sink: &Sink,
    progress: &ProgressBar,
) -> Result<(Import, Published), FileError> {
    let file = input.name();
    let now = options.now;
    let (sender, mut batches) = tokio::sync::mpsc::channel(WAITING);
    let bar = progress.clone();
    let reading = tokio::task::spawn_blocking(move || read(input, options, &sender, &bar));
    let mut published = Published::default();
    let fail = |error, written: Published| FileError::Sink {
        file: file.clone(),
        error,
        written: written.created + written.changed,
    };
    while let Some(batch) = batches.recv().await {
        // When the channel closes, the reader stops.
        published += sink.publish(&batch, now).await.map_err(|error| fail(error, published))?;
    }
    let import = match reading.await {
        Ok(import) => import?,
        Err(error) => return Err(fail(SinkError::Stopped(error.to_string()), published)),
    };
    let mut dataset = import.dataset_entity();
    if let Some(before) = sink.current(&dataset, now).await.map_err(|error| fail(error, published))? {
        keep_what_was_told(&before, &mut dataset);
    }
    published += sink.publish(&[dataset], now).await.map_err(|error| fail(error, published))?;
    Ok((import, published))
}

/// What a file cannot say of itself, and somebody told when it was published before, stays when it is not told anew.
fn keep_what_was_told(before: &Entity, dataset: &mut Entity) {
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
    batches: &tokio::sync::mpsc::Sender<Vec<Entity>>,
    progress: &ProgressBar,
) -> Result<Import, ImportError> {
    let mut import = Import::open(input, options)?;
    if let Some(rows) = import.expected_rows() {
        progress.set_length(rows);
    }
    let mut collected = Batches::new(COMMIT);
    for outcome in import.rows()? {
        progress.inc(1);
        if let hiroba_importers::Outcome::Entity { entity, .. } = outcome?
            && let Some(batch) = collected.push(*entity)
            && batches.blocking_send(batch).is_err()
        {
            return Ok(import);
        }
    }
    let rest = collected.take();
    if !rest.is_empty() {
        // Nobody listens when writing failed; that is told there.
        let _ = batches.blocking_send(rest);
    }
    Ok(import)
}
