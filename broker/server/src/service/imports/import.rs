//! A file that was sent, and what is done with it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use hiroba_importers::{Input, Options};
use hiroba_store::Store;
use hiroba_vocab::{EntityId, Tenant};
use ngsild::DateTime;
use tempfile::TempDir;
use tokio::sync::watch;

use super::corrected::Correctable;
use super::refusal::Conflict;
use super::task::{Action, Stage, Task};
use super::{Arrived, LIFETIME};
use crate::service::datasets::{
    Failure, Imported, ImportedFile, PreviewedFile, Progress, Step, Undone, Versioned, preview_import, publish_import,
    undo,
};
use crate::service::{Result, ServiceError, now};

/// What came of a task.
#[derive(Debug)]
pub enum Outcome {
    /// What would be published.
    Preview(PreviewedFile),
    /// What was published.
    Published(ImportedFile),
    /// What was taken back.
    Undone(Vec<Undone>),
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

/// What is shown of a file whose task has ended, all of one moment.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) outcome: Arc<Outcome>,
    /// The file's name, which is its name in the folder.
    pub(super) file_name: String,
    /// The folder with the file, if it is not published yet. It stays as long as somebody holds it.
    pub(super) folder: Option<Arc<TempDir>>,
    /// What was told of the file.
    pub(super) options: Options,
}

#[derive(Debug)]
struct State {
    /// The folder with the file; nothing when it is not needed any more.
    folder: Option<Arc<TempDir>>,
    task: Task,
    outcome: Option<Arc<Outcome>>,
    /// The versions that publishing the file has made: those can be taken back.
    made: Vec<(EntityId, i64)>,
    begun_at: DateTime,
    ended_at: Option<DateTime>,
    /// When something was done to it last.
    touched: Instant,
}

impl Import {
    pub(super) fn new(arrived: Arrived, task: Task) -> Self {
        let Arrived { folder, name, bytes } = arrived;
        let state = State {
            folder: Some(Arc::new(folder)),
            task,
            outcome: None,
            made: Vec::new(),
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

    /// What came of it.
    ///
    /// # Errors
    /// Conflict as long as something is being done with it.
    pub fn ended_outcome(&self) -> Result<Arc<Outcome>> {
        self.shown().map(|shown| shown.outcome)
    }

    /// A table of it, by its place from 1, of which a corrected file can be made.
    ///
    /// # Errors
    /// Conflict as long as something is being done with it; NoTable when there is none, or no longer.
    pub fn correctable(&self, table: usize) -> Result<Correctable> {
        Correctable::of(self.shown()?, table)
    }

    fn shown(&self) -> Result<Shown> {
        let state = self.state();
        let outcome = state.outcome.clone().filter(|_| self.stage().is_end()).ok_or(Conflict::Working)?;
        let (folder, options) = (state.folder.clone(), state.task.options.clone());
        Ok(Shown { outcome, file_name: self.file_name.clone(), folder, options })
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

    /// Whether it has made versions that nobody has taken back here.
    pub fn can_undo(&self) -> bool {
        let state = self.state();
        let undone = state.task.action == Action::Undo && self.stage() != Stage::Failed;
        self.stage().is_end() && !state.made.is_empty() && !undone
    }

    pub(super) fn is_publishing(&self) -> bool {
        !self.stage().is_end() && self.state().task.action != Action::Preview
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
        let stage = self.stage();
        // Whoever asks twice means it once.
        if task.action != Action::Preview && state.task.action == task.action && stage != Stage::Failed {
            return Ok(false);
        }
        if !stage.is_end() {
            return Err(Conflict::Working.into());
        }
        match task.action {
            Action::Undo if state.made.is_empty() => return Err(Conflict::NothingToUndo.into()),
            Action::Preview | Action::Publish if state.folder.is_none() => {
                return Err(Conflict::Published.into());
            }
            _ => {}
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
        let (task, path, made) = {
            let state = self.state();
            let path = state.folder.as_ref().map(|folder| folder.path().join(&self.file_name));
            (state.task.clone(), path, state.made.clone())
        };
        self.stage.send_replace(Stage::Running);
        let outcome = match (task.action, path) {
            (Action::Undo, _) => self.take_back(store, &task.tenant, &made).await.map_err(|error| self.fail(error)),
            (_, Some(path)) => self.read(store, task, Input::Path(path)).await,
            (_, None) => Err(self.fail(Conflict::Published.into())),
        };
        let outcome = outcome.unwrap_or_else(Outcome::Failed);
        let failed = matches!(outcome, Outcome::Failed(_));
        let mut state = self.state();
        if let Outcome::Published(file) = &outcome {
            state.folder = None;
            state.made = file.tables.iter().filter_map(made_version).collect();
        }
        state.outcome = Some(Arc::new(outcome));
        state.ended_at = Some(now());
        state.touched = Instant::now();
        drop(state);
        self.stage.send_replace(if failed { Stage::Failed } else { Stage::Done });
    }

    async fn read(&self, store: &Store, task: Task, input: Input) -> Result<Outcome, Failure<ServiceError>> {
        let Task { tenant, options, gone, action } = task;
        let options = Options { now: now(), ..options };
        if action == Action::Publish {
            let tenant = store.create_tenant(&tenant).await.map_err(|error| self.fail(error.into()))?;
            let mut file = publish_import(store, tenant, input, options, gone, self.counted()).await?;
            // Nobody reads the tables again, and what came of them is kept for a while.
            file.tables.iter_mut().for_each(|table| table.import = None);
            Ok(Outcome::Published(file))
        } else {
            let tenant = store.tenant(&tenant).await.map_err(|error| self.fail(error.into()))?;
            preview_import(store, tenant, input, options, gone, self.counted()).await.map(Outcome::Preview)
        }
    }

    /// Brings back the state before the versions that the file has made. What others have published since would go with
    /// them: then nothing is done.
    async fn take_back(&self, store: &Store, tenant: &Tenant, made: &[(EntityId, i64)]) -> Result<Outcome> {
        let tenant = store.create_tenant(tenant).await?;
        for (dataset, number) in made {
            let latest = store.dataset_versions(tenant, dataset, i64::MAX, 1).await?.pop();
            if latest.is_some_and(|latest| latest.number != *number) {
                return Err(Conflict::NewerVersion(dataset.clone()).into());
            }
        }
        let mut undone = Vec::with_capacity(made.len());
        for (dataset, number) in made {
            undone.push(undo(store, tenant, dataset, Some(number - 1), false).await?);
        }
        Ok(Outcome::Undone(undone))
    }

    fn fail(&self, error: ServiceError) -> Failure<ServiceError> {
        Failure::Destination { file: self.file_name.clone(), error, written: 0 }
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

/// The version that a table has become, if it is a new one.
fn made_version(table: &Imported) -> Option<(EntityId, i64)> {
    match &table.version {
        Versioned::New(version) => Some((version.dataset.clone(), version.version)),
        Versioned::Same { .. } | Versioned::NotKept => None,
    }
}
