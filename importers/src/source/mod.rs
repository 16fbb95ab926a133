//! The bytes of a file, what kind of file they are, and how their text is encoded.

mod encoding;
mod kind;

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

pub use encoding::Encoding;
pub use kind::Kind;

use crate::error::ImportError;

/// Where the bytes are.
#[derive(Debug, Clone)]
pub enum Input {
    /// A file.
    Path(PathBuf),
    /// Bytes at hand, with the name under which they came.
    Bytes {
        /// The file's name.
        name: String,
        /// Its bytes.
        bytes: Arc<[u8]>,
    },
}

impl Input {
    /// The name without its directories.
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => {
                path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
            }
            Self::Bytes { name, .. } => name.clone(),
        }
    }

    /// The bytes from the beginning.
    ///
    /// # Errors
    /// [`ImportError::Directory`] and [`ImportError::Unreadable`].
    pub(crate) fn open(&self) -> Result<Box<dyn Read>, ImportError> {
        match self {
            Self::Bytes { bytes, .. } => Ok(Box::new(Cursor::new(Arc::clone(bytes)))),
            Self::Path(path) if path.is_dir() => Err(ImportError::Directory { file: self.name() }),
            Self::Path(path) => {
                let file = File::open(path).map_err(|e| self.unreadable(&e))?;
                Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
            }
        }
    }

    /// All bytes, up to `limit`.
    ///
    /// # Errors
    /// As [`Input::open`], and [`ImportError::TooLarge`].
    pub(crate) fn read_all(&self, limit: u64, what: &'static str) -> Result<Arc<[u8]>, ImportError> {
        if let Self::Bytes { bytes, .. } = self
            && bytes.len() as u64 <= limit
        {
            return Ok(Arc::clone(bytes));
        }
        let mut bytes = Vec::new();
        self.open()?.take(limit + 1).read_to_end(&mut bytes).map_err(|e| self.unreadable(&e))?;
        if bytes.len() as u64 > limit {
            return Err(ImportError::TooLarge {
                file: self.name(),
                row: None,
                what,
                limit: crate::limits::mebibytes(limit),
            });
        }
        Ok(bytes.into())
    }

    pub(crate) fn unreadable(&self, error: &io::Error) -> ImportError {
        ImportError::Unreadable { file: self.name(), reason: error.to_string() }
    }
}

impl From<PathBuf> for Input {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<&std::path::Path> for Input {
    fn from(path: &std::path::Path) -> Self {
        Self::Path(path.to_owned())
    }
}

/// A file that was looked at once from end to end.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) input: Input,
    pub(crate) kind: Kind,
    pub(crate) sha256: String,
    pub(crate) length: u64,
    /// The name says another kind than the bytes are.
    pub(crate) misnamed: bool,
}

impl Source {
    /// Looks at a file: its kind by its bytes, never by its name, and the encoding of its text.
    ///
    /// # Errors
    /// The file is missing, empty, of a kind without tables, or in no encoding that is known.
    pub(crate) fn examine(input: Input) -> Result<Self, ImportError> {
        let (sha256, length, head) = Self::digest(&input)?;
        if length == 0 {
            return Err(ImportError::Empty { file: input.name() });
        }
        let kind = kind::examine(&input, &head)?;
        let misnamed = kind.contradicts(&input.name());
        Ok(Self { input, kind, sha256, length, misnamed })
    }

    /// SHA-256 in hexadecimal, length, and the first bytes.
    fn digest(input: &Input) -> Result<(String, u64, Vec<u8>), ImportError> {
        let mut reader = input.open()?;
        let (mut hasher, mut length, mut head) = (Sha256::new(), 0, Vec::new());
        let mut buffer = vec![0; 1 << 16];
        loop {
            let n = reader.read(&mut buffer).map_err(|e| input.unreadable(&e))?;
            let Some(read) = buffer.get(..n).filter(|read| !read.is_empty()) else { break };
            if head.len() < kind::HEAD {
                head.extend_from_slice(&read[..read.len().min(kind::HEAD - head.len())]);
            }
            hasher.update(read);
            length += n as u64;
        }
        let hex = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((hex, length, head))
    }
}
