//! What happens to files that were sent, by itself: they are previewed and published in turn, and removed after a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Import;
use crate::state::AppState;

/// How many files are published at once, and how many previewed.
const AT_ONCE: usize = 2;
/// How often files are removed that nobody came back to.
const LOOK: Duration = Duration::from_secs(30);

/// Looks after files until it is dropped.
pub async fn run(state: Arc<AppState>) {
    let (publishing, previewing) = (Arc::new(Semaphore::new(AT_ONCE)), Arc::new(Semaphore::new(AT_ONCE)));
    let mut waiting = state.imports.waiting.lock().await;
    let mut running = JoinSet::new();
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            import = waiting.recv() => {
                let Some(import) = import else { return };
                let places = if import.is_publishing() { &publishing } else { &previewing };
                running.spawn_local(take_turn(Arc::clone(&state), Arc::clone(places), import));
            }
            _ = look.tick() => {
                while running.try_join_next().is_some() {}
                state.imports.remove_expired();
            }
        }
    }
}

async fn take_turn(state: Arc<AppState>, places: Arc<Semaphore>, import: Arc<Import>) {
    // Nobody closes it.
    let Ok(_place) = places.acquire().await else { return };
    import.run(&state.store).await;
}
