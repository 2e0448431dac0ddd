//! The gate that every command passes: how many are under way, and whether more are taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use crate::request::CommandError;

/// Commands under way at once, whatever they are about; more are answered `Busy`.
const COMMANDS_MAX: u32 = 65_536;

/// Counts the commands under way by the permits that they hold.
pub(super) struct Gate {
    permits: Arc<Semaphore>,
    /// Whether closing began. Its waiter takes every free permit, so that their lack says nothing.
    closing: AtomicBool,
}

impl Gate {
    pub fn new() -> Gate {
        Gate { permits: Arc::new(Semaphore::new(COMMANDS_MAX as usize)), closing: AtomicBool::new(false) }
    }

    /// Lets a command in.
    ///
    /// # Errors
    ///
    /// `Busy` when too many are under way, `Unavailable` once closing began.
    pub fn enter(&self) -> Result<OwnedSemaphorePermit, CommandError> {
        let permit = Arc::clone(&self.permits).try_acquire_owned();
        match permit {
            Ok(permit) if !self.closing.load(Ordering::Acquire) => Ok(permit),
            Err(TryAcquireError::NoPermits) if !self.closing.load(Ordering::Acquire) => {
                Err(CommandError::Busy(format!("{COMMANDS_MAX} commands are under way")))
            }
            Ok(_) | Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                Err(CommandError::Unavailable("the engine is closed".to_owned()))
            }
        }
    }

    /// How many commands are under way.
    pub fn under_way(&self) -> usize {
        COMMANDS_MAX as usize - self.permits.available_permits()
    }

    /// Lets nobody in any more and waits until all are out.
    pub async fn close(&self) {
        self.closing.store(true, Ordering::Release);
        if let Ok(all) = self.permits.acquire_many(COMMANDS_MAX).await {
            self.permits.close();
            drop(all);
        }
    }
}
