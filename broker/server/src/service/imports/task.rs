//! What is done with a file that was sent, and how far that is.

use hiroba_importers::Options;
use hiroba_vocab::Tenant;

use crate::service::datasets::Gone;

/// What can be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Say what publishing it would do.
    Preview,
    /// Publish it.
    Publish,
    /// Take back what publishing it did.
    Undo,
}

impl Action {
    /// The word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Publish => "publish",
            Self::Undo => "undo",
        }
    }
}

/// What is to be done with a file.
#[derive(Debug, Clone)]
pub struct Task {
    /// For whom.
    pub tenant: Tenant,
    /// What the person tells of it. The instant is set when it is done.
    pub options: Options,
    /// What becomes of entities that the file does not list any more.
    pub gone: Gone,
    /// What to do.
    pub action: Action,
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Others come first.
    Waiting,
    /// It is being done.
    Running,
    /// It is done.
    Done,
    /// It could not be done.
    Failed,
}

impl Stage {
    /// The word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing more happens by itself.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}
