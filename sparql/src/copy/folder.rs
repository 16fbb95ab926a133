//! The data folder: copies in folders of their own, and a file that names the one in use.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Copy, CopyError};

/// The file that names the copy in use.
const CURRENT: &str = "current";
/// What the folders of copies are called, before their number.
const PREFIX: &str = "copy-";
/// The file that the process which uses the folder holds locked.
const LOCK: &str = "lock";

/// A data folder, for this process alone.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    max_tenants: usize,
    _lock: fs::File,
}

impl Folder {
    /// Uses a folder, which is made if it is not there. Its copies have room for `max_tenants` beside the default one.
    ///
    /// # Errors
    /// [`CopyError::Io`] when it cannot be made, [`CopyError::InUse`] when another process uses it.
    pub fn open(path: &Path, max_tenants: usize) -> Result<Self, CopyError> {
        fs::create_dir_all(path).map_err(|error| CopyError::Io { path: path.to_owned(), error })?;
        let file = path.join(LOCK);
        let lock = fs::File::create(&file).map_err(|error| CopyError::Io { path: file.clone(), error })?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), max_tenants, _lock: lock }),
            Err(fs::TryLockError::WouldBlock) => Err(CopyError::InUse(path.to_owned())),
            Err(fs::TryLockError::Error(error)) => Err(CopyError::Io { path: file, error }),
        }
    }

    /// Opens the copy in use. `None` when there is none yet. What is left of others is removed.
    ///
    /// # Errors
    /// [`CopyError`] when it is there but cannot be opened.
    pub fn current(&self) -> Result<Option<Copy>, CopyError> {
        let file = self.path.join(CURRENT);
        let name = match fs::read_to_string(&file) {
            Ok(name) => Some(name.trim().to_owned()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(CopyError::Io { path: file, error }),
        };
        // A name that leads nowhere else, and a folder that is there: else somebody has tidied up by hand.
        let name = name.filter(|name| number(name).is_some() && self.path.join(name).is_dir());
        let copy = name.as_ref().map(|name| self.open_copy(&self.path.join(name))).transpose()?;
        for other in self.copies()?.into_iter().filter(|other| Some(other) != name.as_ref()) {
            self.remove(&other)?;
        }
        Ok(copy)
    }

    /// Opens a copy in this folder.
    ///
    /// # Errors
    /// [`CopyError`] when it is damaged.
    pub fn open_copy(&self, copy: &Path) -> Result<Copy, CopyError> {
        Copy::open(copy, self.max_tenants)
    }

    /// The copy in use, complete or not; where there is none, an empty one that is now in use.
    ///
    /// # Errors
    /// [`CopyError`] when it cannot be opened or made.
    pub fn current_or_empty(&self) -> Result<Copy, CopyError> {
        if let Some(copy) = self.current()? {
            return Ok(copy);
        }
        let copy = self.open_copy(&self.new_copy()?)?;
        self.make_current(&copy)?;
        Ok(copy)
    }

    /// A name for a new copy that no other has.
    ///
    /// # Errors
    /// [`CopyError::Io`] when the folder cannot be read.
    pub fn new_copy(&self) -> Result<PathBuf, CopyError> {
        let last = self.copies()?.iter().filter_map(|name| number(name)).max().unwrap_or(0);
        Ok(self.path.join(format!("{PREFIX}{}", last + 1)))
    }

    /// Makes a complete copy the one in use, whatever happens afterwards.
    ///
    /// # Errors
    /// [`CopyError::Io`]: then the one before is still in use.
    pub fn make_current(&self, copy: &Copy) -> Result<(), CopyError> {
        let name = copy.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        write_file(&self.path, CURRENT, &name)
    }

    /// Removes a copy that was not completed.
    ///
    /// # Errors
    /// [`CopyError::Io`].
    pub fn discard(&self, copy: &Path) -> Result<(), CopyError> {
        match fs::remove_dir_all(copy) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(CopyError::Io { path: copy.to_owned(), error })
            }
            _ => Ok(()),
        }
    }

    fn remove(&self, name: &str) -> Result<(), CopyError> {
        self.discard(&self.path.join(name))
    }

    fn copies(&self) -> Result<Vec<String>, CopyError> {
        let failed = |error| CopyError::Io { path: self.path.clone(), error };
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
            if number(&name).is_some() {
                names.push(name);
            }
        }
        Ok(names)
    }
}

/// Writes a file whole: after a crash its content is the one before or this one.
///
/// # Errors
/// [`CopyError::Io`].
pub(super) fn write_file(folder: &Path, name: &str, text: &str) -> Result<(), CopyError> {
    let file = folder.join(name);
    let write = || -> std::io::Result<()> {
        let new = folder.join(format!("{name}.new"));
        let mut writer = fs::File::create(&new)?;
        writer.write_all(text.as_bytes())?;
        writer.sync_all()?;
        fs::rename(&new, &file)?;
        fs::File::open(folder)?.sync_all()
    };
    write().map_err(|error| CopyError::Io { path: file.clone(), error })
}

fn number(name: &str) -> Option<u64> {
    name.strip_prefix(PREFIX)?.parse().ok()
}
