//! Why a file was not imported, and how the command ends because of it.

use hiroba_importers::ImportError;
use hiroba_importers::report::Language;
use hiroba_store::StoreError;
use indicatif::ProgressBar;

use super::sink::SinkError;
use crate::cli::Outcome;
use crate::egress::DownloadError;
use crate::service::ServiceError;
use crate::service::datasets::{Failure, Progress, Step};
use crate::service::sources::{AddressError, SourceError};

/// Why a file was not imported.
pub(in crate::cli) type FileError = Failure<SinkError>;

impl From<Failure<ServiceError>> for FileError {
    fn from(failure: Failure<ServiceError>) -> Self {
        match failure {
            Failure::File(error) => Self::File(error),
            Failure::Destination { file, error, written } => Self::Destination { file, error: error.into(), written },
            Failure::Stopped { file, reason, written } => Self::Stopped { file, reason, written },
        }
    }
}

impl FileError {
    /// The error in the language of the report. What a database or broker says stays as it is.
    pub(in crate::cli) fn to_text_in(&self, language: Language) -> String {
        let so_far = |written: u64| match written {
            0 => "何も書き込んでいません。".to_owned(),
            written => format!("その前に{written}件を書き込みました。もう一度取り込めば、違うものだけを書き込みます。"),
        };
        match (self, language) {
            (_, Language::English) => self.to_string(),
            (Self::File(error), Language::Japanese) => error.to_text_in(language),
            (Self::Destination { file, error, written }, Language::Japanese) => {
                format!("{file}：{error}。{}", so_far(*written))
            }
            (Self::Stopped { file, reason, written }, Language::Japanese) => {
                format!("{file}：読み取りが止まりました：{reason}。{}", so_far(*written))
            }
        }
    }

    /// How the command ends because of it.
    pub(in crate::cli) fn outcome(&self) -> Outcome {
        match self {
            Self::File(ImportError::Unreadable { .. } | ImportError::Directory { .. }) | Self::Stopped { .. } => {
                Outcome::Failed
            }
            Self::File(_) => Outcome::Invalid,
            Self::Destination { error, .. } => error.outcome(),
        }
    }
}

/// Why a file, or the file at an address, was not imported.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum TargetFailure {
    /// A file is at fault, or where it goes to.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file that was fetched is at fault, or where it goes to.
    #[error("{url}: {failure}")]
    Fetched {
        /// The address.
        url: String,
        /// Why.
        failure: FileError,
    },
    /// The address cannot be used.
    #[error("{url}: {error}")]
    Address {
        /// The address, as it was given.
        url: String,
        /// Why.
        error: AddressError,
    },
    /// A file that was to be fetched, or that goes into a database, is at fault, or the database.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl TargetFailure {
    /// The error in the language of the report. What the network, a database or a broker says stays as it is.
    pub(in crate::cli) fn to_text_in(&self, language: Language) -> String {
        match (self, language) {
            (Self::File(failure), _) => failure.to_text_in(language),
            (Self::Fetched { url, failure }, Language::Japanese) => format!("{url}：{}", failure.to_text_in(language)),
            (Self::Source(SourceError::File { url, failure: Failure::File(error) }), Language::Japanese) => {
                format!("{url}：{}", error.to_text_in(language))
            }
            _ => self.to_string(),
        }
    }

    /// How the command ends because of it.
    pub(in crate::cli) fn outcome(&self) -> Outcome {
        match self {
            Self::File(failure) | Self::Fetched { failure, .. } => failure.outcome(),
            Self::Address { .. } => Outcome::Failed,
            Self::Source(error) => source_outcome(error),
        }
    }
}

/// How a command ends because of a file at an address. That it cannot be fetched does not keep the others back.
pub(in crate::cli) fn source_outcome(error: &SourceError) -> Outcome {
    match error {
        SourceError::Download { error: DownloadError::WebPage | DownloadError::TooLarge, .. } => Outcome::Invalid,
        SourceError::Download { .. } => Outcome::Failed,
        SourceError::File { failure: Failure::File(_), .. } => Outcome::Invalid,
        SourceError::File {
            failure: Failure::Destination { error: ServiceError::Store(StoreError::Unavailable(_)), .. },
            ..
        }
        | SourceError::Store(StoreError::Unavailable(_)) => Outcome::Unreachable,
        SourceError::File { .. } | SourceError::Store(_) => Outcome::Failed,
    }
}

/// Shows on a bar how far reading is.
pub(super) fn shown_on(bar: &ProgressBar) -> Progress {
    let bar = bar.clone();
    std::sync::Arc::new(move |step| match step {
        Step::Expected(rows) => {
            bar.reset();
            bar.set_length(rows);
        }
        Step::Row => bar.inc(1),
    })
}
