//! The part of a copy that is one tenant's: a database of its own.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use oxigraph::store::{StorageError, Store, StoreOptions};

use super::state::{self, State};
use crate::{index, quads};

/// One tenant's quads, and where they stand in the log.
pub(super) struct Part {
    pub(super) store: Store,
    /// Entities whose id contains a `#`, and so looks like a node of another entity.
    fragments: Mutex<HashSet<String>>,
}

impl Part {
    /// Opens the database in a folder, which is made if it is not there. `files` bounds those that it keeps open; `None`
    /// leaves that to what the process may have.
    pub(super) fn open(folder: &Path, files: Option<u32>) -> Result<Self, StorageError> {
        let options =
            files.map_or_else(StoreOptions::default, |files| StoreOptions::default().with_max_open_files(files));
        let store = Store::open_with_options(folder, options)?;
        let fragments = Mutex::new(state::fragments(&store)?);
        Ok(Self { store, fragments })
    }

    /// Where it stands; `None` when it is no part of a copy yet, or no longer.
    pub(super) fn state(&self) -> Result<Option<State>, StorageError> {
        state::read(&self.store)
    }

    /// Makes it a part of a copy: notes where it stands, which of its entities have a `#` in their id, and which levels of
    /// the index are in use, and brings the examples.
    pub(super) fn stands_at(&self, state: &State, fragments: HashSet<String>, levels: i64) -> Result<(), StorageError> {
        let mut transaction = self.store.start_transaction()?;
        index::write_levels(&mut transaction, levels)?;
        for id in &fragments {
            state::note_fragment(&mut transaction, id, true);
        }
        state::write(&mut transaction, state)?;
        transaction.extend(&quads::examples());
        transaction.commit()?;
        *self.fragments() = fragments;
        Ok(())
    }

    pub(super) fn fragments(&self) -> MutexGuard<'_, HashSet<String>> {
        self.fragments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
