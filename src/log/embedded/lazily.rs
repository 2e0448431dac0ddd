//! Writing the index behind the writer's back, whenever there is enough of it.

use std::sync::mpsc::Receiver;

use super::index::Index;
use super::shared::Shared;
use crate::disk::DiskError;

pub(super) fn flush(shared: &Shared, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        if let Some(disk) = shared.disk().as_ref() {
            report(shared, &disk.index, disk.index.flush());
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
