//! What of a file is not imported, and why.

use crate::error::ImportError;
use crate::report::Language;

/// A sheet or a member of an archive that is not imported.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// The sheet's name, or the member's path in the archive.
    pub name: String,
    /// A sentence that says why, and what to do where something can be done.
    pub reason: String,
    /// The same in Japanese.
    pub reason_ja: String,
}

impl LeftOut {
    pub(crate) fn new(name: String, reason: impl Into<Reason>) -> Self {
        let Reason { english, japanese } = reason.into();
        Self { name, reason: english, reason_ja: japanese }
    }

    /// A table that cannot be imported.
    pub fn of(name: String, error: &ImportError) -> Self {
        Self::new(name, error)
    }

    /// The reason in a language.
    pub fn reason_in(&self, language: Language) -> &str {
        language.choose(&self.reason, &self.reason_ja)
    }
}

/// A sentence in both languages.
#[derive(Debug, Clone)]
pub(crate) struct Reason {
    english: String,
    japanese: String,
}

/// English, then Japanese.
impl From<[&str; 2]> for Reason {
    fn from([english, japanese]: [&str; 2]) -> Self {
        Self { english: english.to_owned(), japanese: japanese.to_owned() }
    }
}

impl From<[String; 2]> for Reason {
    fn from([english, japanese]: [String; 2]) -> Self {
        Self { english, japanese }
    }
}

impl From<&ImportError> for Reason {
    fn from(error: &ImportError) -> Self {
        [Language::English, Language::Japanese].map(|language| error.reason_in(language)).into()
    }
}
