//! Whether a reader waits for the disk, or takes what the system has in its memory and no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::disk::DiskError;

/// How long a reader may take.
#[derive(Clone, Debug)]
pub(super) enum Patience {
    /// As long as the disk does.
    Waiting,
    /// What so many bytes take from the system's memory.
    AtOnce(Arc<Allowance>),
}

/// What is left to a reader who does not wait.
#[derive(Debug)]
pub(super) struct Allowance {
    bytes_left: AtomicUsize,
    gave_up: AtomicBool,
}

impl Patience {
    pub(super) fn at_once(bytes_max: usize) -> Patience {
        let (bytes_left, gave_up) = (AtomicUsize::new(bytes_max), AtomicBool::new(false));
        Patience::AtOnce(Arc::new(Allowance { bytes_left, gave_up }))
    }

    pub(super) fn waits(&self) -> bool {
        matches!(self, Patience::Waiting)
    }

    /// Takes what a read needs.
    pub(super) fn take(&self, bytes: usize) -> Result<(), DiskError> {
        let Patience::AtOnce(allowance) = self else { return Ok(()) };
        let took = allowance
            .bytes_left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        took.map(|_| ()).map_err(|_| self.give_up())
    }

    /// Notes that an answer needs more than there is.
    pub(super) fn give_up(&self) -> DiskError {
        if let Patience::AtOnce(allowance) = self {
            allowance.gave_up.store(true, Ordering::Relaxed);
        }
        DiskError::NotAtOnce
    }

    pub(super) fn gave_up(&self) -> bool {
        match self {
            Patience::Waiting => false,
            Patience::AtOnce(allowance) => allowance.gave_up.load(Ordering::Relaxed),
        }
    }
}
