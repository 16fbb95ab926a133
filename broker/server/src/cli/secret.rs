//! Secrets come from files, never from the command line, which others on the machine can see.

use std::path::{Path, PathBuf};

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum SecretError {
    #[error("cannot read the token file {}: {error}", .path.display())]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("the token file {} is empty", .0.display())]
    Empty(PathBuf),
}

/// The token in a file, without surrounding white space.
pub(super) fn read(path: &Path) -> Result<String, SecretError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| SecretError::Unreadable { path: path.to_owned(), error })?;
    match text.trim() {
        "" => Err(SecretError::Empty(path.to_owned())),
        token => Ok(token.to_owned()),
    }
}
