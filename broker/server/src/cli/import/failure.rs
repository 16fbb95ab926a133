//! Why a file was not imported, and how the command ends because of it.

use hiroba_importers::ImportError;
use indicatif::ProgressBar;

use super::sink::SinkError;
use crate::cli::Outcome;
use crate::service::ServiceError;
use crate::service::datasets::{Failure, Progress, Step};

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
