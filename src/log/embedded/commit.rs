//! The second stage: a filled group is written once, synced once, published and answered.
//!
//! Knows the order in which these become true. After any failure of a write or a sync, or a panic,
//! the log is poisoned: a second sync can falsely succeed, so only opening the log again tells what
//! is on the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use uuid::Uuid;

use super::Faults;
use super::group::Filled;
use super::index::Checkpoint;
use super::lazily;
use super::shared::{Disk, Shared, add};
use crate::log::frame::Frame;
use crate::seeded::{self, Bug};

/// Writes groups, one after the other.
pub(super) struct Committer {
    pub(super) shared: Arc<Shared>,
    pub(super) store_id: Uuid,
    pub(super) faults: Option<Arc<dyn Faults>>,
    /// Wakes who writes the index and seals frames.
    pub(super) wake_lazy: SyncSender<()>,
}

impl Committer {
    /// Commits a group, or refuses it where one before it failed.
    pub(super) fn commit(&self, group: Filled) {
        if catch_unwind(AssertUnwindSafe(|| self.try_commit(group))).is_err() {
            self.shared.poison("its writer panicked");
        }
    }

    fn try_commit(&self, group: Filled) {
        if let Some(reason) = self.shared.poisoned() {
            return group.refuse(&reason);
        }
        let disk = self.shared.disk();
        let Some(disk) = disk.as_ref() else {
            self.shared.poison("its folder is closed");
            return group.refuse("its folder is closed");
        };
        if let Err(reason) = self.persist(disk, &group.frames) {
            self.shared.poison(&reason);
            return group.fail(&reason);
        }
        let checkpoint =
            Checkpoint { store_id: self.store_id, position: group.end.last, hash: group.end.chain };
        group.publish(&self.shared, &disk.index, &checkpoint);
        if disk.index.must_flush() {
            lazily::report(&self.shared, &disk.index, disk.index.flush_only());
        }
        if disk.index.wants_flush() || disk.frames.wants_sealing() {
            // A full channel says that it is about to look anyway.
            let _ = self.wake_lazy.try_send(());
        }
    }

    /// Makes the frames durable.
    fn persist(&self, disk: &Disk, frames: &[Frame]) -> Result<(), String> {
        if frames.is_empty() {
            return Ok(());
        }
        let fault = |point: fn(&dyn Faults) -> std::io::Result<()>| match &self.faults {
            Some(faults) => point(faults.as_ref()).map_err(|error| error.to_string()),
            None => Ok(()),
        };
        fault(|faults| faults.before_write())?;
        disk.frames.write(frames).map_err(|error| error.to_string())?;
        fault(|faults| faults.after_write())?;
        if seeded::is(Bug::AnswerBeforeSync) {
            return Ok(());
        }
        fault(|faults| faults.before_sync())?;
        disk.frames.sync().map_err(|error| error.to_string())?;
        fault(|faults| faults.after_sync())?;
        add(&self.shared.counters.syncs, 1);
        let bytes = frames.iter().map(|frame| frame.bytes().len() as u64).sum();
        add(&self.shared.counters.bytes, bytes);
        disk.frames.add_waiting(bytes);
        Ok(())
    }
}

/// A thread that commits groups while the next ones are filled.
pub(super) struct Background {
    groups: SyncSender<Filled>,
    thread: JoinHandle<()>,
}

impl Background {
    /// Starts the thread; `done` is called after each group.
    pub(super) fn start(
        committer: Arc<Committer>,
        done: impl Fn() + Send + 'static,
    ) -> std::io::Result<Background> {
        let (groups, filled) = sync_channel::<Filled>(1);
        let thread = thread::Builder::new().name("switchboard-sync".into()).spawn(move || {
            while let Ok(group) = filled.recv() {
                committer.commit(group);
                done();
            }
        })?;
        Ok(Background { groups, thread })
    }

    /// Hands a group over; the one before it must be done.
    pub(super) fn commit(&self, group: Filled) {
        // The thread ends with this sender only, and catches the panics of a commit.
        let _ = self.groups.send(group);
    }

    pub(super) fn join(self) {
        drop(self.groups);
        let _ = self.thread.join();
    }
}
