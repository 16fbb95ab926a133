//! SQLite: one file, one writer thread that groups waiting commits, readers beside it.

mod contexts;
mod datasets;
mod deliveries;
mod history;
mod maps;
mod migrate;
mod reads;
mod registrations;
mod snapshots;
mod sources;
mod subscriptions;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::{Result, StoreError};

pub(crate) use writer::Writer;

/// How long to wait for another process that is writing.
const BUSY: Duration = Duration::from_secs(10);
/// How many statements a connection keeps prepared.
const STATEMENTS: usize = 256;
/// How many readers may work at once.
const READERS: usize = 8;

/// An open SQLite database.
#[derive(Debug, Clone)]
pub(crate) struct Sqlite {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// Connections at rest. A reader takes one, or opens one, and puts it back.
    idle: Mutex<Vec<Connection>>,
    working: tokio::sync::Semaphore,
    /// Watches for commits of other processes.
    watcher: Mutex<Connection>,
}

/// The file of the database in a folder.
pub(crate) fn file_in(folder: &Path) -> PathBuf {
    folder.join("hiroba.sqlite")
}

impl Sqlite {
    /// Opens or creates `hiroba.sqlite` in a folder and brings its schema up to date.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)
            .map_err(|e| StoreError::Unavailable(format!("cannot create the folder {}: {e}", folder.display())))?;
        let path = file_in(folder);
        migrate::migrate(&mut connect(&path, true)?)?;
        let watcher = Mutex::new(connect(&path, false)?);
        let working = tokio::sync::Semaphore::new(READERS);
        Ok(Self { inner: Arc::new(Inner { path, idle: Mutex::default(), working, watcher }) })
    }

    /// A connection that may write. There is one in each process.
    pub(crate) fn writer_connection(&self) -> Result<Connection> {
        connect(&self.inner.path, true)
    }

    /// Runs a read on a thread where waiting is allowed.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let _permit = self.inner.working.acquire().await.map_err(|_| closed())?;
        let inner = Arc::clone(&self.inner);
        let task = tokio::task::spawn_blocking(move || {
            let idle = inner.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
            let connection = match idle {
                Some(connection) => connection,
                None => connect(&inner.path, false)?,
            };
            let outcome = read(&connection);
            if !matches!(outcome, Err(StoreError::Unavailable(_))) {
                inner.idle.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(connection);
            }
            outcome
        });
        task.await.map_err(|e| StoreError::Database(e.to_string()))?
    }

    /// A number that moves when any other connection commits.
    pub(crate) fn data_version(&self) -> Result<i64> {
        let watcher = self.inner.watcher.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(watcher.query_row("pragma data_version", [], |row| row.get(0))?)
    }

    /// What to tell a person about this database.
    pub(crate) fn describe(&self) -> String {
        format!("SQLite {} ({})", rusqlite::version(), self.inner.path.display())
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the database was closed".to_owned())
}

fn connect(path: &Path, write: bool) -> Result<Connection> {
    let access = if write {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    } else {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    };
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|e| StoreError::Unavailable(format!("{}: {e}", path.display())))?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    if write {
        connection.pragma_update(None, "journal_mode", "wal")?;
        // Full: a commit that was acknowledged survives a power cut. The writer groups commits to pay for it.
        connection.pragma_update(None, "synchronous", "full")?;
    }
    connection.pragma_update(None, "cache_size", -8_000)?;
    connection.pragma_update(None, "mmap_size", 256 << 20)?;
    Ok(connection)
}
