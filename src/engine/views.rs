//! The projections of an engine, and how they are folded anew while the old ones are read.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::disk::DiskError;
use crate::log::Log;
use crate::projection::{Place, ProjectionError, ProjectionName, Projections, place};

/// How long the projections that were read before may hold their folder: until their last reader has
/// read, and what they had in memory is written.
const RELEASE_WAIT_MAX: Duration = Duration::from_secs(30);
const RELEASE_POLL: Duration = Duration::from_millis(10);

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
        Views { log, beside, current: RwLock::new(current), rebuilding: Mutex::new(()) }
    }

    /// Those that are read now. Who holds them may read on when others have taken their place.
    pub fn current(&self) -> Arc<Projections> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).projections)
    }

    /// Folds them anew from the start of the log, and puts them in the place of the old ones when they
    /// have caught up.
    pub async fn rebuild(&self, names: &[ProjectionName]) -> Result<(), ProjectionError> {
        let _alone = self.rebuilding.lock().await;
        let place = match &self.beside {
            Beside::Memory => Place::Memory,
            Beside::Folder(folder) => Place::Folder(released(folder).await?),
            Beside::Nowhere => return self.current().rebuild(names).await,
        };
        let anew = Projections::open(place, Arc::clone(&self.log)).await?;
        anew.caught_up(self.log.head()).await?;
        if let Beside::Folder(folder) = &self.beside {
            place::turn(folder).map_err(|error| ProjectionError::Store { reason: error.to_string() })?;
        }
        let late = {
            let mut current = self.current_mut();
            if current.closed {
                Some(anew)
            } else {
                // The old ones end when nobody reads them any more.
                current.projections = Arc::new(anew);
                None
            }
        };
        match late {
            Some(anew) => anew.close().await.and(Err(ProjectionError::Closed)),
            None => Ok(()),
        }
    }

    /// Closes those that are read now; no others take their place.
    pub async fn close(&self) -> Result<(), ProjectionError> {
        let current = {
            let mut current = self.current_mut();
            current.closed = true;
            Arc::clone(&current.projections)
        };
        current.close().await
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
