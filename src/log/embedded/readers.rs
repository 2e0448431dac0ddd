//! The few threads that read from the disk, so that nobody else waits for it.
//!
//! Knows no frames. A thread for each read, as a runtime would lend them, is a thousand threads
//! where a thousand clients ask, each with memory of its own; a few read as fast.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

/// How many reads wait for the disk at once: some for a device that answers several at a time.
const READERS: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that run what they are handed, in order.
pub(super) struct Readers {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    waiting: Condvar,
}

/// Bounded by who asks: each of them waits for its answer.
#[derive(Default)]
struct Jobs {
    jobs: VecDeque<Job>,
    idle: usize,
    ended: bool,
}

impl Readers {
    pub(super) fn start() -> io::Result<Readers> {
        let mut readers = Readers { queue: Arc::default(), threads: Vec::with_capacity(READERS) };
        for _ in 0..READERS {
            let queue = Arc::clone(&readers.queue);
            let name = "switchboard-read".to_owned();
            readers.threads.push(thread::Builder::new().name(name).spawn(move || queue.run())?);
        }
        Ok(readers)
    }

    /// Runs a read; the answer is lost when it panics.
    pub(super) fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (answer, answered) = oneshot::channel();
        let job = move || {
            // Who asked may not wait any more.
            if !answer.is_closed() {
                let _ = answer.send(read());
            }
        };
        let mut jobs = self.queue.jobs();
        jobs.jobs.push_back(Box::new(job));
        if jobs.idle > 0 {
            self.queue.waiting.notify_one();
        }
        answered
    }
}

impl Queue {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs jobs until there are none and none will come.
    fn run(&self) {
        let mut jobs = self.jobs();
        loop {
            if let Some(job) = jobs.jobs.pop_front() {
                drop(jobs);
                // Its answer is dropped with it, which is how who asked learns of it.
                let _ = catch_unwind(AssertUnwindSafe(job));
                jobs = self.jobs();
            } else if jobs.ended {
                return;
            } else {
                jobs.idle += 1;
                jobs = self.waiting.wait(jobs).unwrap_or_else(PoisonError::into_inner);
                jobs.idle -= 1;
            }
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue.jobs().ended = true;
        self.queue.waiting.notify_all();
        for thread in self.threads.drain(..) {
            // It catches the panics of its jobs and has none of its own.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_handed_over_is_answered_also_at_the_end_and_after_a_panic() {
        let readers = Readers::start().expect("threads start");
        let lost = readers.read(|| -> u32 { panic!("a seeded panic of a read") });
        let answers: Vec<_> = (0..100u32).map(|number| readers.read(move || number)).collect();
        drop(readers);
        assert!(lost.blocking_recv().is_err());
        for (number, answer) in (0..).zip(answers) {
            assert_eq!(answer.blocking_recv(), Ok(number));
        }
    }
}
