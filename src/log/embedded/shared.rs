//! What the writer and the readers of an embedded log share.
//!
//! Knows who may see what: readers see up to the head, which only the writer moves.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::watch;

use super::frames::Frames;
use super::index::Index;
use super::kept::Kept;
use super::recent::Recent;
use crate::log::{LogStats, Position, ReadError};

/// The open folders.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) frames: Frames,
    pub(super) index: Index,
}

#[derive(Debug)]
pub(super) struct Shared {
    /// Taken away by the writer when it ends, which releases the folders.
    disk: RwLock<Option<Disk>>,
    pub(super) recent: Recent,
    pub(super) kept: Kept,
    pub(super) counters: Counters,
    head: watch::Sender<Position>,
    poison: OnceLock<String>,
    /// Whether the writer has ended, so that what is only useful is not begun any more.
    ending: AtomicBool,
}

impl Shared {
    pub(super) fn new(disk: Disk, recent: Recent, head: Position) -> Shared {
        Shared {
            disk: RwLock::new(Some(disk)),
            recent,
            kept: Kept::default(),
            counters: Counters::default(),
            head: watch::channel(head).0,
            poison: OnceLock::new(),
            ending: AtomicBool::new(false),
        }
    }

    pub(super) fn head(&self) -> Position {
        *self.head.borrow()
    }

    pub(super) fn follow(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }

    /// Lets readers see up to this position.
    pub(super) fn publish(&self, head: Position) {
        self.head.send_replace(head);
    }

    /// Holds the folders open while the guard lives; `None` inside says that they are closed.
    pub(super) fn disk(&self) -> RwLockReadGuard<'_, Option<Disk>> {
        self.disk.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that the writer has ended.
    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }

    /// Waits for the readers and releases the folders.
    pub(super) fn release(&self) {
        self.disk.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(super) fn poisoned(&self) -> Option<String> {
        self.poison.get().cloned()
    }

    /// Refuses appends from now on; the first reason is kept.
    pub(super) fn poison(&self, reason: &str) {
        let reason = format!("it failed before ({reason}): open it again");
        if self.poison.set(reason).is_ok() {
            tracing::error!("the log takes no more appends until it is opened again");
        }
    }
}

/// What is answered to a read of a closed log.
pub(super) fn closed() -> ReadError {
    ReadError::Unavailable { reason: "it is closed".into() }
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) appends: AtomicU64,
    pub(super) events: AtomicU64,
    pub(super) syncs: AtomicU64,
    pub(super) conflicts: AtomicU64,
    pub(super) bytes: AtomicU64,
}

impl Counters {
    pub(super) fn stats(&self) -> LogStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LogStats {
            appends: read(&self.appends),
            events: read(&self.events),
            syncs: read(&self.syncs),
            conflicts: read(&self.conflicts),
            bytes: read(&self.bytes),
            queued: 0,
        }
    }
}

pub(super) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
