//! The copy of the broker's entities as RDF, in Oxigraph: one folder, in it one database for each tenant.
//!
//! A copy is made whole from a snapshot in a folder of its own ([`load`]) and takes the place of the one before when it
//! is complete ([`Folder`]). From then on it follows the log page by page ([`Copy::apply`]); in every database the
//! position moves in the same transaction as the quads. The copy stands where the last of its databases does.

mod apply;
mod current;
mod folder;
mod load;
mod owned;
mod part;
mod state;
mod tenants;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hiroba_vocab::Tenant;
use oxigraph::store::{StorageError, Store, Transaction};

use crate::follow::Position;
pub use apply::Applied;
pub use current::Current;
pub use folder::Folder;
pub use load::{LoadError, Loaded, Room, load};
use part::Part;
pub use state::{Anchor, State};

/// The folder of the default tenant's database, within a copy's.
const DEFAULT: &str = "default";

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
    parts: RwLock<BTreeMap<Tenant, Arc<Part>>>,
    state: Mutex<Option<State>>,
    max_tenants: usize,
    folder: PathBuf,
    replaced: AtomicBool,
}

impl Copy {
    /// Opens the databases in a folder, which is made if it is not there. It takes in at most `max_tenants` beside the
    /// default one; those that are there stay.
    ///
    /// # Errors
    /// [`CopyError`] when it is damaged.
    pub fn open(folder: &Path, max_tenants: usize) -> Result<Self, CopyError> {
        let io = |error| CopyError::Io { path: folder.to_owned(), error };
        std::fs::create_dir_all(folder).map_err(io)?;
        let failed = |error| CopyError::Storage { folder: folder.to_owned(), error };
        let mut parts = tenants::open(folder)?;
        let default = Part::open(&folder.join(DEFAULT), None).map_err(failed)?;
        parts.insert(Tenant::default_tenant(), Arc::new(default));
        let copy = Self {
            parts: RwLock::new(parts),
            state: Mutex::new(None),
            max_tenants,
            folder: folder.to_owned(),
            replaced: AtomicBool::new(false),
        };
        let states: Option<Vec<State>> =
            copy.parts().values().map(|part| part.state()).collect::<Result<_, _>>().map_err(failed)?;
        // Changes after the least position are applied again where they are there already, which does no harm.
        copy.stands_at(states.and_then(|states| states.into_iter().min_by_key(|state| state.position)));
        Ok(copy)
    }

    /// Where the copy stands; `None` when it is not complete.
    pub fn state(&self) -> Option<State> {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many tenants have a part, the default one aside.
    pub fn tenants(&self) -> usize {
        self.parts.read().unwrap_or_else(PoisonError::into_inner).len().saturating_sub(1)
    }

    /// Whether it would take in one more tenant.
    pub fn has_room(&self) -> bool {
        self.tenants() < self.max_tenants
    }

    /// What a tenant has here, for as long as a query takes; `None` when it has nothing.
    pub fn reading(self: &Arc<Self>, tenant: &Tenant) -> Option<Reading> {
        // First the position: what is seen is at least as new.
        let position = self.state().map(|state| state.position);
        let part = self.part(tenant)?;
        Some(Reading { part, position, copy: Arc::clone(self) })
    }

    /// The folder is removed when nobody uses the copy any more.
    pub fn replace(&self) {
        self.replaced.store(true, Ordering::Release);
    }

    fn stands_at(&self, state: Option<State>) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    fn part(&self, tenant: &Tenant) -> Option<Arc<Part>> {
        self.parts.read().unwrap_or_else(PoisonError::into_inner).get(tenant).cloned()
    }

    fn parts(&self) -> BTreeMap<Tenant, Arc<Part>> {
        self.parts.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn failed(&self, error: StorageError) -> CopyError {
        CopyError::Storage { folder: self.folder.clone(), error }
    }
}

/// One tenant's part of a copy, which stays open meanwhile.
pub struct Reading {
    part: Arc<Part>,
    /// All changes up to here can be seen; `None` when the copy follows no log.
    pub position: Option<Position>,
    // After the part: the folder goes when the databases in it are closed.
    copy: Arc<Copy>,
}

impl Reading {
    /// The tenant's database. Each query sees one moment between two transactions.
    pub fn store(&self) -> &Store {
        &self.part.store
    }

    /// Changes the tenant's quads in one transaction, which takes the copy's state away: it is no longer what the broker's
    /// log says, so the next ordinary start makes a new one.
    ///
    /// # Errors
    /// What `change` says, or the database: then nothing happened.
    pub fn change_by_hand<E: From<StorageError>>(
        &self,
        change: impl FnOnce(&mut Transaction<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut transaction = self.part.store.start_transaction()?;
        state::forget(&mut transaction)?;
        change(&mut transaction)?;
        transaction.commit()?;
        self.copy.stands_at(None);
        Ok(())
    }

    /// The tenant's named graphs.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn graphs(&self) -> Result<Vec<String>, StorageError> {
        state::graphs(&self.part.store)
    }
}

impl fmt::Debug for Copy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copy").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.parts.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        if *self.replaced.get_mut()
            && let Err(error) = std::fs::remove_dir_all(&self.folder)
        {
            tracing::warn!(folder = %self.folder.display(), %error, "a replaced copy cannot be removed");
        }
    }
}
