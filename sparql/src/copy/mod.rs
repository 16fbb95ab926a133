//! The copy of the broker's entities as RDF, in Oxigraph: one folder, one database, one position in the change log.
//!
//! A copy is made whole from a snapshot in a folder of its own ([`load`]) and takes the place of the one before when it
//! is complete ([`Folder`]). From then on it follows the log page by page ([`Copy::apply`]); the position moves in the
//! same transaction as the quads.

mod apply;
mod by_hand;
mod current;
mod folder;
mod load;
mod owned;
mod state;

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use oxigraph::store::{StorageError, Store};

pub use apply::Applied;
pub use current::Current;
pub use folder::Folder;
pub use load::{LoadError, Loaded, load};
pub use state::{Anchor, State};

/// Why a copy cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The database says no.
    #[error("the quads in {}: {error}", .folder.display())]
    Storage {
        /// Where the database lies.
        folder: PathBuf,
        /// What it says.
        error: StorageError,
    },
    /// The folder cannot be read or written.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Another process works in the folder.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
}

/// An open copy. When it has been replaced and nobody uses it any more, its folder goes with it.
pub struct Copy {
    // `None` only while it is being dropped: the database must be closed before its folder goes.
    store: Option<Store>,
    folder: PathBuf,
    replaced: AtomicBool,
    /// Entities whose id contains a `#`, and so looks like a node of another entity.
    fragments: Mutex<HashSet<String>>,
}

impl Copy {
    /// Opens the database in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`CopyError::Storage`] when it is damaged.
    pub fn open(folder: &Path) -> Result<Self, CopyError> {
        let failed = |error| CopyError::Storage { folder: folder.to_owned(), error };
        let store = Store::open(folder).map_err(failed)?;
        let fragments = state::fragments(&store).map_err(failed)?;
        Ok(Self {
            store: Some(store),
            folder: folder.to_owned(),
            replaced: AtomicBool::new(false),
            fragments: Mutex::new(fragments),
        })
    }

    /// The database, for queries. Each sees one moment between two transactions.
    ///
    /// # Errors
    /// Never, except while the copy is being dropped.
    pub fn store(&self) -> Result<&Store, StorageError> {
        self.store.as_ref().ok_or_else(|| StorageError::Other("the copy is closed".into()))
    }

    /// Where the copy stands; `None` when it is not complete.
    ///
    /// # Errors
    /// [`CopyError::Storage`] when it cannot be read.
    pub fn state(&self) -> Result<Option<State>, CopyError> {
        self.store().and_then(state::read).map_err(|error| self.failed(error))
    }

    /// The graphs with entities, one for each type.
    ///
    /// # Errors
    /// [`CopyError::Storage`] when they cannot be read.
    pub fn graphs(&self) -> Result<Vec<String>, CopyError> {
        self.store().and_then(state::graphs).map_err(|error| self.failed(error))
    }

    /// The folder is removed when nobody uses the copy any more.
    pub fn replace(&self) {
        self.replaced.store(true, Ordering::Release);
    }

    fn failed(&self, error: StorageError) -> CopyError {
        CopyError::Storage { folder: self.folder.clone(), error }
    }

    fn fragments(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.fragments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Copy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copy").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        drop(self.store.take());
        if *self.replaced.get_mut()
            && let Err(error) = std::fs::remove_dir_all(&self.folder)
        {
            tracing::warn!(folder = %self.folder.display(), %error, "a replaced copy cannot be removed");
        }
    }
}
