//! Secrets come from files, never from the command line, which others on the machine can see.

use std::path::{Path, PathBuf};

use actix_web::http::header::{AUTHORIZATION, HeaderMap};

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file is not there, may not be read, or is no text.
    #[error("cannot read the token file {}: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// There is nothing in the file.
    #[error("the token file {} is empty", .0.display())]
    Empty(PathBuf),
}

/// The token in a file, without surrounding white space.
///
/// # Errors
/// [`SecretError`] when there is none.
pub fn read(path: &Path) -> Result<String, SecretError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| SecretError::Unreadable { path: path.to_owned(), error })?;
    match text.trim() {
        "" => Err(SecretError::Empty(path.to_owned())),
        token => Ok(token.to_owned()),
    }
}

/// The token that a request carries (RFC 6750, 2.1).
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// Whether two secrets are the same. Every byte is looked at, so that the time tells nothing of how much was right.
pub fn same(given: &str, secret: &str) -> bool {
    given.len() == secret.len() && given.bytes().zip(secret.bytes()).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_the_same_or_not() {
        for (given, secret, is) in [("a", "a", true), ("a", "b", false), ("", "a", false), ("aa", "a", false)] {
            assert_eq!(same(given, secret), is, "{given} {secret}");
        }
    }

    #[test]
    fn a_token_is_what_is_in_the_file_and_there_has_to_be_something() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        assert!(matches!(read(&path), Err(SecretError::Unreadable { .. })));
        for (text, token) in [(" secret\n", Some("secret")), ("\n", None)] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path).ok().as_deref(), token, "{text:?}");
        }
    }
}
