//! The threads on which streams of events follow the log.
//!
//! An event wakes every stream at once: among the requests, ten thousand of them would stand before
//! each step of a command. Here they wait for each other, and hand what they have to the connections
//! one by one.

use std::future::Future;
use std::io;
use std::thread::available_parallelism;

use tokio::runtime::{Builder, Runtime};

/// Half of the cores follow at most: the others take what is followed.
const SHARE: usize = 2;

/// Threads of their own for streams of events; those who follow on them are left when it is dropped.
pub struct Threads(Option<Runtime>);

impl Threads {
    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// When the system gives none.
    pub fn start() -> io::Result<Threads> {
        let cores = available_parallelism().map_or(1, usize::from);
        let mut threads = Builder::new_multi_thread();
        threads.worker_threads((cores / SHARE).max(1)).thread_name("events").enable_time();
        Ok(Threads(Some(threads.build()?)))
    }

    /// Follows until the future ends.
    pub fn follow(&self, following: impl Future<Output = ()> + Send + 'static) {
        if let Some(threads) = &self.0 {
            threads.spawn(following);
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // A runtime that is dropped as it is waits for its threads, which none of ours may.
        if let Some(threads) = self.0.take() {
            threads.shutdown_background();
        }
    }
}
