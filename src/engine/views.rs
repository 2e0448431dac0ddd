//! The projections of an engine, and how they are folded anew while the old ones are read.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::disk::DiskError;
use crate::log::{Log, Position};
use crate::projection::{Place, ProjectionError, ProjectionName, Projections, place};
use crate::request::CommandError;

/// How long the projections that were read before may hold their folder: until their last reader has
/// read, and what they had in memory is written.
const RELEASE_WAIT_MAX: Duration = Duration::from_secs(30);
const RELEASE_POLL: Duration = Duration::from_millis(10);

/// How far what is read may be behind what is written before commands wait: what is folded in some tenths
/// of a second.
const BEHIND_EVENTS_MAX: u64 = 131_072;

/// How long a command waits for that before it is answered `Busy`.
const BEHIND_WAIT_MAX: Duration = Duration::from_secs(10);

/// Where projections are folded anew.
#[derive(Clone, Debug)]
pub(super) enum Beside {
    /// In memory, beside those in memory.
    Memory,
    /// In the other folder beside the log in this one.
    Folder(PathBuf),
    /// Nowhere: the place is the host's, and they are folded where they are.
    Nowhere,
}

/// The projections that are read now.
pub(super) struct Views {
    log: Arc<dyn Log>,
    beside: Beside,
    current: RwLock<Current>,
    /// Those that are folded anew now.
    anew: RwLock<Option<Arc<Projections>>>,
    /// Held while they are folded anew: one after the other.
    rebuilding: Mutex<()>,
}

struct Current {
    projections: Arc<Projections>,
    /// Whether they are closed, so that no others take their place.
    closed: bool,
}

impl Views {
    /// Projections, and where they are folded anew.
    pub fn new(log: Arc<dyn Log>, beside: Beside, current: Projections) -> Views {
        let current = Current { projections: Arc::new(current), closed: false };
        Views {
            log,
            beside,
            current: RwLock::new(current),
            anew: RwLock::default(),
            rebuilding: Mutex::new(()),
        }
    }

    /// Those that are read now. Who holds them may read on when others have taken their place.
    pub fn current(&self) -> Arc<Projections> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).projections)
    }

    /// Waits while what is read is far behind what is written, so that who reads never waits long.
    ///
    /// # Errors
    ///
    /// `Busy` where that takes too long.
    ///
    /// # Cancel safety
    ///
    /// It changes nothing.
    pub async fn keep_up(&self) -> Result<(), CommandError> {
        match self.current().near(self.log.head(), BEHIND_EVENTS_MAX, BEHIND_WAIT_MAX).await {
            true => Ok(()),
            false => Err(CommandError::Busy(format!(
                "for {BEHIND_WAIT_MAX:?} what is read has been more than {BEHIND_EVENTS_MAX} events behind"
            ))),
        }
    }

    /// Folds them anew from the start of the log, and puts them in the place of the old ones when they
    /// have caught up.
    pub async fn rebuild(&self, names: &[ProjectionName]) -> Result<(), ProjectionError> {
        let _alone = self.rebuilding.lock().await;
        if self.is_closed() {
            return Err(ProjectionError::Closed);
        }
        let place = match &self.beside {
            Beside::Memory => Place::Memory,
            Beside::Folder(folder) => Place::Folder(released(folder).await?),
            Beside::Nowhere => return self.current().rebuild(names).await,
        };
        let anew = Arc::new(Projections::open(place, Arc::clone(&self.log)).await?);
        *self.anew_mut() = Some(Arc::clone(&anew));
        let taken = self.take_over(&anew).await;
        *self.anew_mut() = None;
        if taken.is_err() {
            let _ = anew.close().await;
            if let Beside::Folder(folder) = &self.beside {
                // Nothing half done is left, once the last write to it has ended; what cannot be removed does
                // not count, and is emptied next time.
                let _ = released(folder).await;
            }
        }
        taken
    }

    /// Puts projections in the place of the old ones, when they have caught up and are on the disk.
    async fn take_over(&self, anew: &Arc<Projections>) -> Result<(), ProjectionError> {
        // Whoever closed them before they could be seen has not closed these.
        if self.is_closed() {
            return Err(ProjectionError::Closed);
        }
        anew.caught_up(self.log.head()).await?;
        if let Beside::Folder(folder) = &self.beside {
            // The folder counts from the next step on: whoever opens it then, even after a crash, finds them.
            anew.flush().await?;
            if self.is_closed() {
                return Err(ProjectionError::Closed);
            }
            place::turn(folder).map_err(|error| ProjectionError::Store { reason: error.to_string() })?;
        }
        // The old ones end when nobody reads them any more. Closing meanwhile has closed these too.
        self.current_mut().projections = Arc::clone(anew);
        Ok(())
    }

    /// How far the projections are that are folded anew, where some are.
    pub fn rebuilding(&self) -> Option<Position> {
        let anew = self.anew.read().unwrap_or_else(PoisonError::into_inner);
        anew.as_ref().map(|anew| anew.position())
    }

    /// Closes those that are read now; no others take their place.
    pub async fn close(&self) -> Result<(), ProjectionError> {
        let current = {
            let mut current = self.current_mut();
            current.closed = true;
            Arc::clone(&current.projections)
        };
        let anew = self.anew.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(anew) = anew {
            // Who folds them anew hears that it is over, and lets go of their folder.
            let _ = anew.close().await;
        }
        let _alone = self.rebuilding.lock().await;
        let last = self.current();
        if !Arc::ptr_eq(&last, &current) {
            // Those that took their place at the very end, unless they were closed as the ones above.
            let _ = last.close().await;
        }
        current.close().await
    }

    fn is_closed(&self) -> bool {
        self.current.read().unwrap_or_else(PoisonError::into_inner).closed
    }

    fn anew_mut(&self) -> RwLockWriteGuard<'_, Option<Arc<Projections>>> {
        self.anew.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn current_mut(&self) -> RwLockWriteGuard<'_, Current> {
        self.current.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The other folder, emptied, once those who were read before have let go of it.
async fn released(folder: &Path) -> Result<PathBuf, DiskError> {
    let began = Instant::now();
    loop {
        match place::other(folder) {
            Err(DiskError::InUse { .. }) if began.elapsed() < RELEASE_WAIT_MAX => {
                tokio::time::sleep(RELEASE_POLL).await;
            }
            answer => return answer,
        }
    }
}
