//! The bytes of a file, what kind of file they are, and how their text is encoded.

mod archive;
mod encoding;
mod kind;

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

pub(crate) use archive::Archive;
pub use archive::Member;
pub use encoding::Encoding;
pub use kind::Kind;

use crate::error::ImportError;
use crate::limits;

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
    /// A member of a ZIP archive, unpacked while it is read.
    Member(Member),
}

/// Bytes in which one can go back and forth.
pub(crate) trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

impl Input {
    /// The name without its directories.
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => {
                path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
            }
            Self::Bytes { name, .. } => name.clone(),
            Self::Member(member) => member.name(),
        }
    }

    /// The name of the file itself: that of a member without its archive and folders.
    pub(crate) fn own_name(&self) -> String {
        let name = self.name();
        name.rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// The bytes from the beginning.
    ///
    /// # Errors
    /// [`ImportError::Directory`] and [`ImportError::Unreadable`].
    pub(crate) fn open(&self) -> Result<Box<dyn Read>, ImportError> {
        match self {
            Self::Bytes { bytes, .. } => Ok(Box::new(Cursor::new(Arc::clone(bytes)))),
            Self::Member(member) => member.open(),
            Self::Path(path) if path.is_dir() => Err(ImportError::Directory { file: self.name() }),
            Self::Path(path) => {
                let file = File::open(path).map_err(|e| self.unreadable(&e))?;
                Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
            }
        }
    }

    /// The bytes, for reading here and there. A member of an archive is unpacked into memory.
    ///
    /// # Errors
    /// As [`Input::open`], and [`ImportError::TooLarge`] for a member above [`limits::WORKBOOK`].
    pub(crate) fn seekable(&self) -> Result<Box<dyn ReadSeek>, ImportError> {
        match self {
            Self::Bytes { bytes, .. } => Ok(Box::new(Cursor::new(Arc::clone(bytes)))),
            Self::Member(_) => Ok(Box::new(Cursor::new(self.read_all(limits::WORKBOOK, "the member")?))),
            Self::Path(path) if path.is_dir() => Err(ImportError::Directory { file: self.name() }),
            Self::Path(path) => Ok(Box::new(BufReader::new(File::open(path).map_err(|e| self.unreadable(&e))?))),
        }
    }

    /// The file of the same name with another ending, which belongs to it.
    pub(crate) fn companion(&self, ending: &str) -> Option<Self> {
        match self {
            Self::Bytes { .. } => None,
            Self::Member(member) => member.companion(ending).cloned().map(Self::Member),
            Self::Path(path) => {
                let endings = [ending.to_lowercase(), ending.to_uppercase()];
                let mut paths = endings.iter().map(|ending| path.with_extension(ending));
                paths.find(|path| path.is_file()).map(Self::Path)
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
            return Err(ImportError::TooLarge { file: self.name(), row: None, what, limit: limits::mebibytes(limit) });
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

/// The line that is being read. A file that is one endless line is refused before all of it is read.
#[derive(Default)]
struct Line {
    /// Lines before it.
    before: u64,
    /// Its bytes so far.
    length: u64,
}

impl Line {
    fn see(&mut self, bytes: &[u8]) {
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        match bytes.iter().rposition(is_end) {
            None => self.length += bytes.len() as u64,
            Some(last) => {
                self.before += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
                self.length = (bytes.len() - last - 1) as u64;
            }
        }
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
        let mut line = Line::default();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let n = reader.read(&mut buffer).map_err(|e| input.unreadable(&e))?;
            let Some(read) = buffer.get(..n).filter(|read| !read.is_empty()) else { break };
            if head.len() < kind::HEAD {
                head.extend_from_slice(&read[..read.len().min(kind::HEAD - head.len())]);
            }
            hasher.update(read);
            length += n as u64;
            line.see(read);
            if line.length > limits::LINE && !kind::may_be_one_line(&head) {
                return Err(ImportError::TooLarge {
                    file: input.name(),
                    row: Some(line.before + 1),
                    what: "the record",
                    limit: limits::mebibytes(limits::RECORD as u64),
                });
            }
        }
        let hex = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((hex, length, head))
    }
}
