//! IRIs: names of entity types, attributes, values and vocabulary terms.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::name::NameError;

/// An IRI, cheap to clone.
///
/// [`Iri::parse`] accepts absolute IRIs only (RFC 3987). [`Iri::from_expanded`] takes what JSON-LD expansion
/// made of a term: normally an absolute IRI, but expansion concatenates text, so it is not checked again.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Iri(Arc<str>);

impl Iri {
    /// Checks that `text` is an absolute IRI (RFC 3987: scheme, no blanks or controls).
    ///
    /// # Errors
    /// [`NameError`] with the text when it is not.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if is_absolute_iri(text) { Ok(Self(text.into())) } else { Err(NameError::new("an absolute URI", text)) }
    }

    /// Takes the outcome of a JSON-LD expansion, or a constant, as it is.
    pub fn from_expanded(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The IRI as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether `text` is an absolute IRI: what NGSI-LD asks of ids and of relationship targets (4.6.3).
pub fn is_absolute_iri(text: &str) -> bool {
    oxiri::Iri::parse(text).is_ok()
}

impl Borrow<str> for Iri {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Iri {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Iri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Iri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}
