//! `hiroba import --save-mapping`.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use hiroba_importers::{Import, ImportError, Options};

use crate::cli::Outcome;

/// Why a mapping was not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum MappingError {
    /// The table is at fault.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Somebody may have edited what is there.
    #[error("{0} is there already. Take it away, or name another file with --save-mapping")]
    Exists(PathBuf),
    /// It cannot be written.
    #[error("{file}: cannot be written: {reason}")]
    Unwritable {
        /// The mapping.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The reader ended without a result.
    #[error("reading stopped: {0}")]
    Stopped(String),
}

impl MappingError {
    /// How the command ends because of it.
    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Import(ImportError::Unreadable { .. } | ImportError::Directory { .. }) => Outcome::Failed,
            Self::Import(_) => Outcome::Invalid,
            Self::Exists(_) | Self::Unwritable { .. } | Self::Stopped(_) => Outcome::Failed,
        }
    }
}

/// Writes the mapping of a file. Nothing that is there is written over.
pub(super) async fn save(file: &Path, options: Options, path: &Path) -> Result<(), MappingError> {
    let (file, path) = (file.to_owned(), path.to_owned());
    let work = tokio::task::spawn_blocking(move || {
        let text = Import::open(file, options)?.mapping();
        let unwritable = |error: std::io::Error| match error.kind() {
            ErrorKind::AlreadyExists => MappingError::Exists(path.clone()),
            _ => MappingError::Unwritable { file: path.clone(), reason: error.to_string() },
        };
        let mut out = std::fs::File::create_new(&path).map_err(unwritable)?;
        out.write_all(text.as_bytes()).map_err(unwritable)
    });
    work.await.map_err(|error| MappingError::Stopped(error.to_string()))?
}
