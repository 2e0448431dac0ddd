//! What is written behind the writer's back, whenever there is enough of it: the index, and sealed
//! files of frames that are old.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::Faults;
use super::frames::Frames;
use super::index::Index;
use super::shared::Shared;
use crate::disk::DiskError;
use crate::log::{Position, ReadError};

/// Runs until nobody can wake it any more; the log had come to `opened_at`.
pub(super) fn run(
    shared: &Shared,
    opened_at: Position,
    faults: Option<&Arc<dyn Faults>>,
    woken: &Receiver<()>,
) {
    if let Some(disk) = shared.disk().as_ref()
        && let Err(error) = disk.frames.count_waiting(opened_at, || shared.is_ending())
    {
        tracing::warn!(%error, "the frames in the store could not be counted");
    }
    while woken.recv().is_ok() {
        // What it leaves behind is there twice, or can be derived again.
        if catch_unwind(AssertUnwindSafe(|| write(shared, faults))).is_err() {
            tracing::error!("writing behind the writer's back panicked, and is tried again");
        }
    }
}

fn write(shared: &Shared, faults: Option<&Arc<dyn Faults>>) {
    let disk = shared.disk();
    let Some(disk) = disk.as_ref() else { return };
    if disk.index.wants_flush() {
        report(shared, &disk.index, disk.index.flush());
    }
    seal(shared, faults, &disk.frames);
}

/// A file that could not be sealed costs nothing but the room of its frames in the store.
fn seal(shared: &Shared, faults: Option<&Arc<dyn Faults>>, frames: &Frames) {
    let sealed = || match faults {
        Some(faults) => {
            faults.after_seal().map_err(|error| ReadError::Unavailable { reason: error.to_string() })
        }
        None => Ok(()),
    };
    let before_sync = || faults.map_or(Ok(()), |faults| faults.before_seal_sync());
    while frames.wants_sealing() && !shared.is_ending() {
        if let Err(error) = frames.seal(shared.head(), &before_sync, sealed) {
            tracing::warn!(%error, "old frames could not be sealed, and stay in the store for now");
            return;
        }
    }
}

/// A failed flush costs nothing but memory: everything is still readable, and the next one tries
/// again; but not for ever.
pub(super) fn report(shared: &Shared, index: &Index, flushed: Result<(), DiskError>) {
    let Err(error) = flushed else { return };
    tracing::warn!(%error, "the stream index could not be written");
    if index.is_overdue() {
        shared.poison("the stream index cannot be written, and too much of it waits in memory");
    }
}
