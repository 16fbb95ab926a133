//! Threads for queries, with room for deep recursion. Each query has one to itself; a thread that is done is kept a while,
//! since to make one and take its stack apart again costs as much as a simple query.

use std::io;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, ThreadId, current};
use std::time::Duration;

/// The stack of a thread. Only what is used is taken from the system; `guard` keeps queries below it.
const STACK: usize = 256 << 20;
/// How long a thread is kept that has nothing to do.
const KEPT: Duration = Duration::from_secs(10);

type Work = Box<dyn FnOnce() + Send>;
/// A thread that waits, and where to send its next work.
type Idle = (ThreadId, Sender<Work>);

/// The threads that have nothing to do.
#[derive(Debug, Clone, Default)]
pub(super) struct Threads(Arc<Mutex<Vec<Idle>>>);

impl Threads {
    /// Does some work on a thread of its own.
    ///
    /// # Errors
    /// When the system has no thread left; then nothing is done.
    pub(super) fn run(&self, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let mut work: Work = Box::new(work);
        loop {
            let Some((_, thread)) = self.idle().pop() else { break };
            match thread.send(work) {
                Ok(()) => return Ok(()),
                Err(unsent) => work = unsent.0,
            }
        }
        let threads = self.clone();
        Builder::new().name("query".to_owned()).stack_size(STACK).spawn(move || threads.work(work)).map(drop)
    }

    /// What a thread does all its life. A panic ends it.
    fn work(&self, first: Work) {
        let mut next = Some(first);
        while let Some(work) = next.take() {
            work();
            let (sender, coming) = channel();
            self.idle().push((current().id(), sender));
            next = coming.recv_timeout(KEPT).ok().or_else(|| {
                let mut idle = self.idle();
                let here = idle.iter().position(|(id, _)| *id == current().id());
                // Whoever has taken it from there is about to send.
                match here {
                    Some(here) => drop(idle.swap_remove(here)),
                    None => {
                        drop(idle);
                        return coming.recv().ok();
                    }
                }
                None
            });
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn a_thread_that_is_done_does_the_next_work_and_one_that_is_busy_does_not() {
        let threads = Threads::default();
        let (tell, told) = channel();
        let say = |barrier: Option<Arc<Barrier>>| {
            let tell = tell.clone();
            let work = move || {
                tell.send(current().id()).unwrap();
                if let Some(barrier) = barrier {
                    barrier.wait();
                }
            };
            threads.run(work).unwrap();
        };
        let both = Arc::new(Barrier::new(3));
        say(Some(Arc::clone(&both)));
        say(Some(Arc::clone(&both)));
        let first = [told.recv().unwrap(), told.recv().unwrap()];
        assert_ne!(first[0], first[1]);
        both.wait();
        while threads.idle().len() < 2 {
            std::thread::yield_now();
        }
        say(None);
        assert!(first.contains(&told.recv().unwrap()));
    }

    #[test]
    fn a_panic_ends_no_other_work() {
        let threads = Threads::default();
        threads.run(|| std::panic::resume_unwind(Box::new("it fails"))).unwrap();
        let (tell, told) = channel();
        threads.run(move || tell.send(1).unwrap()).unwrap();
        assert_eq!(told.recv(), Ok(1));
    }
}
