//! The projections of an engine, and how they are folded anew while the old ones are read.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Mutex;

use crate::log::Log;
use crate::projection::{Place, ProjectionError, ProjectionName, Projections, place};

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
    current: RwLock<Arc<Projections>>,
    /// Held while they are folded anew: one after the other.
    rebuilding: Mutex<()>,
}

impl Views {
    /// Projections, and where they are folded anew.
    pub fn new(log: Arc<dyn Log>, beside: Beside, current: Projections) -> Views {
        Views { log, beside, current: RwLock::new(Arc::new(current)), rebuilding: Mutex::new(()) }
    }

    /// Those that are read now. Who holds them may read on when others have taken their place.
    pub fn current(&self) -> Arc<Projections> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Folds them anew from the start of the log, and puts them in the place of the old ones when they
    /// have caught up.
    pub async fn rebuild(&self, names: &[ProjectionName]) -> Result<(), ProjectionError> {
        let _alone = self.rebuilding.lock().await;
        let place = match &self.beside {
            Beside::Memory => Place::Memory,
            Beside::Folder(folder) => Place::Folder(place::other(folder)?),
            Beside::Nowhere => return self.current().rebuild(names).await,
        };
        let anew = Projections::open(place, Arc::clone(&self.log)).await?;
        anew.caught_up(self.log.head()).await?;
        if let Beside::Folder(folder) = &self.beside {
            place::turn(folder).map_err(|error| ProjectionError::Store { reason: error.to_string() })?;
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // The old ones end when nobody reads them any more.
        *current = Arc::new(anew);
        Ok(())
    }
}
