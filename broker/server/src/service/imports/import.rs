//! A file that was sent, and what is done with it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hiroba_importers::{Input, Options};
use hiroba_store::Store;
use hiroba_vocab::Tenant;
use ngsild::DateTime;
use tempfile::TempDir;
use tokio::sync::watch;

use super::{Arrived, LIFETIME};
use crate::service::datasets::{
    Failure, Gone, ImportedFile, PreviewedFile, Progress, Step, preview_import, publish_import,
};
use crate::service::{Result, ServiceError, now};

/// What is to be done with a file.
#[derive(Debug, Clone)]
pub struct Task {
    /// For whom.
    pub tenant: Tenant,
    /// What the person tells of it. The instant is set when it is done.
    pub options: Options,
    /// What becomes of entities that the file does not list any more.
    pub gone: Gone,
    /// Whether to publish it; else only to say what that would do.
    pub publish: bool,
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

/// What came of a task.
#[derive(Debug)]
pub enum Outcome {
    /// What would be published.
    Preview(PreviewedFile),
    /// What was published.
    Published(ImportedFile),
    /// Why not.
    Failed(Failure<ServiceError>),
}

/// A file that was sent.
#[derive(Debug)]
pub struct Import {
    /// Names it, and nobody can guess it.
    pub id: String,
    /// Whoever sent the file proves with it to be the same. It never stands in an address.
    pub key: String,
    /// The file's name.
    pub file_name: String,
    /// How many bytes it has.
    pub bytes: u64,
    state: Mutex<State>,
    stage: watch::Sender<Stage>,
    rows: Arc<AtomicU64>,
    expected: Arc<AtomicU64>,
}

#[derive(Debug)]
struct State {
    /// The folder with the file; nothing when it is not needed any more.
    folder: Option<TempDir>,
    task: Task,
    outcome: Option<Arc<Outcome>>,
    begun_at: DateTime,
    ended_at: Option<DateTime>,
    /// When something was done to it last.
    touched: Instant,
}

impl Import {
    pub(super) fn new(arrived: Arrived, task: Task) -> Self {
        let Arrived { folder, name, bytes } = arrived;
        let state = State {
            folder: Some(folder),
            task,
            outcome: None,
            begun_at: now(),
            ended_at: None,
            touched: Instant::now(),
        };
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            key: uuid::Uuid::new_v4().to_string(),
            file_name: name,
            bytes,
            state: Mutex::new(state),
            stage: watch::Sender::new(Stage::Waiting),
            rows: Arc::default(),
            expected: Arc::default(),
        }
    }

    /// How far it is.
    pub fn stage(&self) -> Stage {
        *self.stage.borrow()
    }

    /// What is done with it, or was.
    pub fn task(&self) -> Task {
        self.state().task.clone()
    }

    /// What came of it, as soon as it has ended.
    pub fn outcome(&self) -> Option<Arc<Outcome>> {
        self.state().outcome.clone()
    }

    /// How many rows were read, and how many there are as far as that is known; of all tables together.
    pub fn progress(&self) -> (u64, u64) {
        (self.rows.load(Ordering::Relaxed), self.expected.load(Ordering::Relaxed))
    }

    /// When it was begun.
    pub fn begun_at(&self) -> DateTime {
        self.state().begun_at
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<DateTime> {
        self.state().ended_at
    }

    /// Waits until it has ended.
    pub async fn ended(&self) {
        // The sender lives as long as this does, so that this cannot fail.
        let _ = self.stage.subscribe().wait_for(|stage| stage.is_end()).await;
    }

    /// Whether the file may still be published.
    pub fn has_file(&self) -> bool {
        self.state().folder.is_some()
    }

    pub(super) fn is_publishing(&self) -> bool {
        !self.stage().is_end() && self.state().task.publish
    }

    /// Whether all was done with it that can be done.
    pub(super) fn is_over(&self) -> bool {
        self.stage().is_end() && !self.has_file()
    }

    pub(super) fn is_expired(&self) -> bool {
        self.stage().is_end() && self.state().touched.elapsed() > LIFETIME
    }

    /// How many bytes of disk it takes.
    pub(super) fn held(&self) -> u64 {
        if self.has_file() { self.bytes } else { 0 }
    }

    /// Takes another task. Whether there is something to do.
    pub(super) fn again(&self, task: Task) -> Result<bool> {
        let mut state = self.state();
        let published = state.task.publish && self.stage() != Stage::Failed;
        if published && task.publish {
            return Ok(false);
        }
        if !self.stage().is_end() {
            return Err(ServiceError::Conflict(
                "something is being done with this file; wait until it has ended".into(),
            ));
        }
        if published || state.folder.is_none() {
            return Err(ServiceError::Conflict("this file is published; send it again to change something".into()));
        }
        state.task = task;
        state.outcome = None;
        state.ended_at = None;
        state.begun_at = now();
        state.touched = Instant::now();
        self.rows.store(0, Ordering::Relaxed);
        self.expected.store(0, Ordering::Relaxed);
        self.stage.send_replace(Stage::Waiting);
        Ok(true)
    }

    /// Does what is to be done.
    pub(super) async fn run(&self, store: &Store) {
        let (task, path) = {
            let state = self.state();
            (state.task.clone(), state.folder.as_ref().map(|folder| folder.path().join(&self.file_name)))
        };
        let Some(path) = path else { return };
        self.stage.send_replace(Stage::Running);
        let publish = task.publish;
        let outcome = self.attempt(store, task, Input::Path(path)).await.unwrap_or_else(Outcome::Failed);
        let failed = matches!(outcome, Outcome::Failed(_));
        let mut state = self.state();
        state.outcome = Some(Arc::new(outcome));
        state.ended_at = Some(now());
        state.touched = Instant::now();
        if publish && !failed {
            state.folder = None;
        }
        drop(state);
        self.stage.send_replace(if failed { Stage::Failed } else { Stage::Done });
    }

    async fn attempt(&self, store: &Store, task: Task, input: Input) -> Result<Outcome, Failure<ServiceError>> {
        let Task { tenant, options, gone, publish } = task;
        let options = Options { now: now(), ..options };
        let fail = |error: hiroba_store::StoreError| Failure::Destination {
            file: self.file_name.clone(),
            error: error.into(),
            written: 0,
        };
        if publish {
            let tenant = store.create_tenant(&tenant).await.map_err(fail)?;
            publish_import(store, tenant, input, options, gone, self.counted()).await.map(Outcome::Published)
        } else {
            let tenant = store.tenant(&tenant).await.map_err(fail)?;
            preview_import(store, tenant, input, options, self.counted()).await.map(Outcome::Preview)
        }
    }

    fn counted(&self) -> Progress {
        let (rows, expected) = (Arc::clone(&self.rows), Arc::clone(&self.expected));
        Arc::new(move |step| match step {
            Step::Expected(more) => {
                expected.fetch_add(more, Ordering::Relaxed);
            }
            Step::Row => {
                rows.fetch_add(1, Ordering::Relaxed);
            }
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
