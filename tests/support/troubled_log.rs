//! A log in memory that fails, forgets to answer, or waits, when a test says so, and counts who reads.

// Each test binary uses its part of it.
#![allow(dead_code)]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use switchboard::domain::event::Stream;
use switchboard::log::memory::MemoryLog;
use switchboard::log::{
    Append, AppendError, Appended, Log, LogFuture, LogStats, Position, ReadError, Record, StreamName, Version,
};
use switchboard::wire;
use tokio::sync::watch;

/// What becomes of an append.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// It fails before anything is written.
    Refused,
    /// It is written, and the answer is lost.
    AnswerLost,
    /// It is lost, and nobody knows.
    WriteLost,
}

pub struct TroubledLog {
    inner: Arc<MemoryLog>,
    troubles: Mutex<VecDeque<Trouble>>,
    held: watch::Sender<bool>,
    /// Whether who follows the log waits, and projections with him.
    held_back: watch::Sender<bool>,
    handed_over: AtomicU64,
    waking: Arc<Waking>,
}

/// How many sessions' streams are read from their beginning, which wakes a session.
#[derive(Default)]
struct Waking {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl TroubledLog {
    pub fn new() -> Arc<TroubledLog> {
        let (held, held_back) = (watch::Sender::new(false), watch::Sender::new(false));
        let (inner, troubles, handed_over) = (MemoryLog::new(), Mutex::default(), AtomicU64::new(0));
        Arc::new(TroubledLog { inner, troubles, held, held_back, handed_over, waking: Arc::default() })
    }

    /// The log itself, for another engine on it that meets no trouble.
    pub fn untroubled(&self) -> Arc<MemoryLog> {
        Arc::clone(&self.inner)
    }

    /// How many appends were handed over.
    pub fn handed_over(&self) -> u64 {
        self.handed_over.load(Ordering::SeqCst)
    }

    /// How many sessions were woken at once, at most.
    pub fn woken_at_once(&self) -> usize {
        self.waking.most.load(Ordering::SeqCst)
    }

    /// The next appends meet these, one each.
    pub fn expect(&self, troubles: &[Trouble]) {
        self.troubles.lock().expect("no panic under this lock").extend(troubles);
    }

    /// Whether appends wait instead of being written.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// Whether projections wait instead of reading on.
    pub fn hold_back(&self, held: bool) {
        self.held_back.send_replace(held);
    }
}

impl Log for TroubledLog {
    fn append(&self, append: Append) -> LogFuture<Result<Appended, AppendError>> {
        self.handed_over.fetch_add(1, Ordering::SeqCst);
        let trouble = self.troubles.lock().expect("no panic under this lock").pop_front();
        let (inner, mut held) = (Arc::clone(&self.inner), self.held.subscribe());
        // What was handed over is written whether or not somebody still waits.
        let written = tokio::spawn(async move {
            let _ = held.wait_for(|held| !held).await;
            let unknown = |reason: &str| Err(AppendError::Unknown { reason: reason.into() });
            match trouble {
                None => inner.append(append).await,
                Some(Trouble::Refused) => Err(AppendError::Unavailable { reason: "a test said so".into() }),
                Some(Trouble::WriteLost) => unknown("the write was lost"),
                Some(Trouble::AnswerLost) => {
                    inner.append(append).await.and_then(|_| unknown("the answer was lost"))
                }
            }
        });
        Box::pin(async move { written.await.expect("an append does not panic") })
    }

    fn read_stream(
        &self,
        stream: &StreamName,
        after: Version,
        limit: usize,
    ) -> LogFuture<Result<Vec<Record>, ReadError>> {
        let read = self.inner.read_stream(stream, after, limit);
        // What an actor reads of its own stream after writing is no waking.
        if !matches!(wire::stream(stream), Ok(Stream::Session(_))) || after != Version::ABSENT {
            return read;
        }
        let waking = Arc::clone(&self.waking);
        Box::pin(async move {
            waking.most.fetch_max(waking.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // A disk takes its time; meanwhile whoever may reads too.
            tokio::task::yield_now().await;
            let read = read.await;
            waking.now.fetch_sub(1, Ordering::SeqCst);
            read
        })
    }

    fn read_all(&self, after: Position, limit: usize) -> LogFuture<Result<Vec<Record>, ReadError>> {
        let (inner, mut held) = (Arc::clone(&self.inner), self.held_back.subscribe());
        Box::pin(async move {
            let _ = held.wait_for(|held| !held).await;
            inner.read_all(after, limit).await
        })
    }

    fn read_at(
        &self,
        positions: Vec<Position>,
        bytes_max: usize,
    ) -> LogFuture<Result<Vec<Record>, ReadError>> {
        self.inner.read_at(positions, bytes_max)
    }

    fn head(&self) -> Position {
        self.inner.head()
    }

    fn follow(&self) -> watch::Receiver<Position> {
        self.inner.follow()
    }

    fn stats(&self) -> LogStats {
        self.inner.stats()
    }

    fn poisoned(&self) -> Option<String> {
        None
    }

    fn close(&self) -> LogFuture<()> {
        self.inner.close()
    }
}
