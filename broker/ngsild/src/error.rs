//! What can be wrong with a document, a query or an operation.

use std::fmt;

use hiroba_vocab::NameError;
use hiroba_vocab::ngsi_ld::ERRORS;

/// The error types of clause 5.5.2 that the information model itself can raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Not JSON, or a parameter or option word that the operation does not know.
    InvalidRequest,
    /// JSON or parameter values that break the data types or the operation's rules.
    BadRequestData,
    /// The element exists already.
    AlreadyExists,
    /// What is asked for contradicts what is there.
    Conflict,
    /// No such element.
    ResourceNotFound,
    /// Something that this system does not do.
    OperationNotSupported,
    /// A remote @context could not be had.
    LdContextNotAvailable,
    /// More work than one request may cause.
    TooComplexQuery,
    /// More elements than one answer may hold.
    TooManyResults,
}

impl ErrorKind {
    /// The IRI of the type, as ProblemDetails shows it.
    pub fn iri(self) -> String {
        format!("{ERRORS}{self:?}")
    }
}

/// An error that tells the person what to do: its kind, what is wrong and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The type of clause 5.5.2.
    pub kind: ErrorKind,
    /// One sentence.
    pub detail: String,
    /// A JSON pointer into the body (`/temperature/value`), or a parameter with a position (`q, character 7`).
    pub at: Option<String>,
}

/// Short for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` without a place.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), at: None }
    }

    /// [`ErrorKind::BadRequestData`].
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadRequestData, detail)
    }

    /// [`ErrorKind::InvalidRequest`].
    pub fn invalid_request(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, detail)
    }

    /// The same error with a place, unless a place is known already: the innermost is the most precise.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        if self.at.is_none() {
            self.at = Some(place.to_string());
        }
        self
    }

    /// The same error, of a part: `place` is where the part is, and comes before where the error is in it.
    #[must_use]
    pub fn inside(self, place: &str) -> Self {
        let at = match &self.at {
            None => place.to_owned(),
            Some(at) => format!("{place}/{}", at.trim_start_matches('/')),
        };
        Self { at: Some(at), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some(at) => write!(f, "{} (at {at})", self.detail),
            None => f.write_str(&self.detail),
        }
    }
}

impl std::error::Error for Error {}

impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        Self::bad_request(error.to_string())
    }
}
