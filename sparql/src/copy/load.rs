//! A copy from nothing: every line of a snapshot, loaded in bulk, and complete only when the snapshot says so.

use std::collections::HashSet;
use std::path::Path;

use bytes::Bytes;
use oxigraph::model::Quad;
use oxigraph::store::StorageError;
use tokio::sync::mpsc::Receiver;

use super::state::{self, State};
use super::{Copy, CopyError};
use crate::follow::{FeedError, SnapshotLine};
use crate::quads;

/// How much memory the loader may use, in megabytes, and how many threads sort for it.
const MEMORY: usize = 512;
const THREADS: usize = 2;

/// Why a copy could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The copy cannot be written.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// The database says no.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The snapshot broke off, or is not what it should be.
    #[error(transparent)]
    Feed(#[from] FeedError),
}

/// A complete copy, and what went into it.
#[derive(Debug)]
pub struct Loaded {
    /// The copy.
    pub copy: Copy,
    /// Entities in the snapshot, those of other tenants included.
    pub entities: u64,
    /// Entities that could not be understood; they are not in the copy.
    pub refused: u64,
}

/// Makes a copy in a new folder from the lines of a snapshot, the first line aside. Blocks the thread.
///
/// # Errors
/// [`LoadError`]: the folder holds no copy then.
pub fn load(folder: &Path, lines: Receiver<Result<Bytes, FeedError>>, state: &State) -> Result<Loaded, LoadError> {
    let copy = Copy::open(folder)?;
    let mut quads =
        Quads { lines, ready: Vec::new().into_iter(), entities: 0, refused: 0, fragments: HashSet::new(), done: false };
    let mut loader = copy
        .store()?
        .bulk_loader()
        .with_num_threads(THREADS)
        .with_max_memory_size_in_megabytes(MEMORY)
        .without_atomicity();
    loader.load_ok_quads::<LoadError, LoadError>(&mut quads)?;
    loader.commit()?;
    if !quads.done {
        return Err(FeedError::Incomplete.into());
    }
    let mut transaction = copy.store()?.start_transaction()?;
    for id in &quads.fragments {
        state::note_fragment(&mut transaction, id, true);
    }
    state::write(&mut transaction, state)?;
    transaction.commit()?;
    copy.store()?.flush()?;
    *copy.fragments() = quads.fragments;
    Ok(Loaded { copy, entities: quads.entities, refused: quads.refused })
}

/// The quads of a snapshot, line by line.
struct Quads {
    lines: Receiver<Result<Bytes, FeedError>>,
    ready: std::vec::IntoIter<Quad>,
    entities: u64,
    refused: u64,
    fragments: HashSet<String>,
    done: bool,
}

impl Iterator for Quads {
    type Item = Result<Quad, LoadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(quad) = self.ready.next() {
                return Some(Ok(quad));
            }
            let line = self.lines.blocking_recv()?;
            if let Err(error) = line.and_then(|line| self.line(&line)) {
                return Some(Err(error.into()));
            }
        }
    }
}

impl Quads {
    fn line(&mut self, line: &[u8]) -> Result<(), FeedError> {
        match SnapshotLine::read(line)? {
            SnapshotLine::Entity { ours: false, .. } => self.entities += 1,
            SnapshotLine::Entity { ours: true, entity } => {
                self.entities += 1;
                match quads::entity(entity) {
                    Ok(entity) => {
                        if entity.id.as_str().contains('#') {
                            self.fragments.insert(entity.id.as_str().to_owned());
                        }
                        self.ready = quads::quads(&entity).into_iter();
                    }
                    Err(error) => {
                        tracing::warn!(%error, "an entity is left out: it cannot be read");
                        self.refused += 1;
                    }
                }
            }
            SnapshotLine::End { entities } if entities == self.entities => self.done = true,
            SnapshotLine::End { .. } => return Err(FeedError::Incomplete),
        }
        Ok(())
    }
}
