//! The copy in use, which may be replaced while queries run on the one before.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::Copy;

/// The copy in use, if there is one.
#[derive(Debug, Default)]
pub struct Current {
    copy: RwLock<Option<Arc<Copy>>>,
}

impl Current {
    /// The copy in use. Who holds it may go on using it, even when it has been replaced meanwhile.
    pub fn get(&self) -> Option<Arc<Copy>> {
        self.copy.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a copy into use. The one before goes, with its folder, when its last query ends.
    pub fn set(&self, copy: Copy) {
        let before = self.copy.write().unwrap_or_else(PoisonError::into_inner).replace(Arc::new(copy));
        if let Some(before) = before {
            before.replace();
        }
    }

    /// Puts the copy out of use and closes it, when queries under way have let it go; for no longer than `patience`. The
    /// process must not end before: the database's own threads would work on while its code is taken down.
    pub async fn close(&self, patience: Duration) {
        let Some(copy) = self.copy.write().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let started = Instant::now();
        while Arc::strong_count(&copy) > 1 && started.elapsed() < patience {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Closing waits for the database's threads.
        let _ = tokio::task::spawn_blocking(move || drop(copy)).await;
    }
}
