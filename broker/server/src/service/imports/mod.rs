//! Files that were sent to be imported: kept for a while, previewed, published.
//!
//! They are known to this process only, and gone when it ends: the file itself is temporary, what was published is in the
//! database. `hiroba import` and a version of the data set tell of it then.

mod corrected;
mod import;
mod refusal;
mod task;
mod upkeep;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Mutex as AsyncMutex, Semaphore};

use super::{Result, ServiceError};
pub use corrected::{Correctable, CorrectedFile, download, standard};
pub use import::{Import, Outcome};
pub use refusal::{Conflict, NoTable};
pub use task::{Action, Stage, Task};
pub use upkeep::run;

/// How long a file or a result is kept after the last thing that was done to it.
pub const LIFETIME: Duration = Duration::from_secs(3_600);
/// How many are kept.
const MAX_IMPORTS: usize = 64;
/// How many files of the largest size all files together may fill.
const MAX_FILES: u64 = 4;
/// How many files may be on their way here at once.
const MAX_ARRIVING: usize = 8;

/// The files that were sent to this process.
#[derive(Debug)]
pub struct Imports {
    known: Mutex<HashMap<String, Arc<Import>>>,
    /// How many bytes all files together may have.
    room: u64,
    arriving: AtomicUsize,
    /// Places for corrected files.
    correcting: Arc<Semaphore>,
    /// Imports with something to do. There are never more than are known.
    to_do: UnboundedSender<Arc<Import>>,
    waiting: AsyncMutex<UnboundedReceiver<Arc<Import>>>,
}

/// The right to send a file. It ends when it is dropped.
#[derive(Debug)]
pub struct Arrival<'i>(&'i Imports);

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        self.0.arriving.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A file that has arrived.
#[derive(Debug)]
pub struct Arrived {
    /// The folder that holds it and nothing else.
    pub folder: TempDir,
    /// Its name, which is a name in that folder.
    pub name: String,
    /// How many bytes it has.
    pub bytes: u64,
}

fn full() -> ServiceError {
    ServiceError::Busy("as many files as fit here are being imported; try again later".to_owned())
}

impl Imports {
    /// None yet. `max_upload` is how large a file may be, in bytes.
    pub fn new(max_upload: u64) -> Self {
        let (to_do, waiting) = unbounded_channel();
        Self {
            known: Mutex::default(),
            room: max_upload.saturating_mul(MAX_FILES),
            arriving: AtomicUsize::new(0),
            correcting: Arc::new(Semaphore::new(corrected::AT_ONCE)),
            to_do,
            waiting: AsyncMutex::new(waiting),
        }
    }

    /// Asks for the right to send a file.
    ///
    /// # Errors
    /// Busy when too many are on their way.
    pub fn arrive(&self) -> Result<Arrival<'_>> {
        let arrival = Arrival(self);
        if self.arriving.fetch_add(1, Ordering::Relaxed) >= MAX_ARRIVING {
            return Err(full());
        }
        Ok(arrival)
    }

    /// Takes a file, and has the task done.
    ///
    /// # Errors
    /// Busy when there is no place for it.
    pub fn add(&self, arrived: Arrived, task: Task) -> Result<Arc<Import>> {
        let mut known = self.known();
        known.retain(|_, import| !import.is_expired());
        if known.len() >= MAX_IMPORTS {
            // The result that has been there longest gives way; a file that somebody looks at does not.
            let over = known.values().filter(|import| import.is_over()).min_by_key(|import| import.begun_at());
            let oldest = over.map(|import| import.id.clone()).ok_or_else(full)?;
            known.remove(&oldest);
        }
        let held: u64 = known.values().map(|import| import.held()).sum();
        if held.saturating_add(arrived.bytes) > self.room {
            return Err(full());
        }
        let import = Arc::new(Import::new(arrived, task));
        known.insert(import.id.clone(), Arc::clone(&import));
        self.enqueue(&import);
        Ok(import)
    }

    /// Has something else done with a file that is here. When it is published already, or being published, and that is
    /// the task, nothing more is done; the same holds for undoing that.
    ///
    /// # Errors
    /// Conflict when something is being done to it; when it is published, and not undoing that was asked; when there is
    /// nothing to undo.
    pub fn again(&self, import: &Arc<Import>, task: Task) -> Result<()> {
        if import.again(task)? {
            self.enqueue(import);
        }
        Ok(())
    }

    /// The import of an id that has not expired.
    pub fn get(&self, id: &str) -> Option<Arc<Import>> {
        self.known().get(id).filter(|import| !import.is_expired()).map(Arc::clone)
    }

    /// Forgets an import and its file. What is being published is published to its end.
    pub fn forget(&self, id: &str) {
        self.known().remove(id);
    }

    /// Waits until nothing is being published, but no longer than `patience`.
    pub async fn settled(&self, patience: Duration) {
        let publishing: Vec<_> = self.known().values().filter(|import| import.is_publishing()).cloned().collect();
        let all = async {
            for import in publishing {
                import.ended().await;
            }
        };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!("an import was interrupted; importing its file again goes on from there");
        }
    }

    fn enqueue(&self, import: &Arc<Import>) {
        // The receiver lives as long as this does.
        let _ = self.to_do.send(Arc::clone(import));
    }

    fn remove_expired(&self) {
        self.known().retain(|_, import| !import.is_expired());
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<Import>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
