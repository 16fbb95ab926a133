//! Why a file was not imported, and how the command ends because of it.

use hiroba_importers::ImportError;
use hiroba_importers::report::Language;
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

/// Shows on a bar how far reading is.
pub(super) fn shown_on(bar: &ProgressBar) -> Progress {
    let bar = bar.clone();
    std::sync::Arc::new(move |step| match step {
        Step::Expected(rows) => bar.set_length(rows),
        Step::Row => bar.inc(1),
    })
}
