//! How an engine is opened: where it keeps what, and what it is given from outside.

use std::path::PathBuf;
use std::sync::Arc;

use crate::actor::ActorOptions;
use crate::clock::{Clock, SystemClock};
use crate::directory::Directory;
use crate::log::Log;
use crate::log::embedded::EmbeddedOptions;
use crate::projection::Place;

/// Where the engine keeps its log and its projections.
#[derive(Clone)]
pub(super) enum Storage {
    Memory,
    Folder(PathBuf, EmbeddedOptions),
    Given(Arc<dyn Log>, Place),
}

/// How an engine is opened.
#[derive(Clone)]
pub struct EngineOptions {
    pub(super) storage: Storage,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) directory: Option<Arc<dyn Directory>>,
    pub(super) actors: ActorOptions,
}

impl EngineOptions {
    /// Everything in memory: for tests, and for trying out.
    #[must_use]
    pub fn in_memory() -> EngineOptions {
        EngineOptions::over(Storage::Memory)
    }

    /// Everything in a folder, which is created where there is none; one engine at a time.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> EngineOptions {
        EngineOptions::over(Storage::Folder(folder.into(), EmbeddedOptions::default()))
    }

    /// The same with a log opened in a way of one's own.
    #[must_use]
    pub fn at_with(folder: impl Into<PathBuf>, log: EmbeddedOptions) -> EngineOptions {
        EngineOptions::over(Storage::Folder(folder.into(), log))
    }

    /// A log of the host's, and a place for the projections.
    #[must_use]
    pub fn with_log(log: Arc<dyn Log>, projections: Place) -> EngineOptions {
        EngineOptions::over(Storage::Given(log, projections))
    }

    fn over(storage: Storage) -> EngineOptions {
        EngineOptions {
            storage,
            clock: Arc::new(SystemClock),
            directory: None,
            actors: ActorOptions::default(),
        }
    }

    /// Reads the time from another clock.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> EngineOptions {
        EngineOptions { clock, ..self }
    }

    /// Asks the host for contacts and elements instead of keeping them.
    #[must_use]
    pub fn directory(self, directory: Arc<dyn Directory>) -> EngineOptions {
        EngineOptions { directory: Some(directory), ..self }
    }

    /// Sets how actors behave.
    #[must_use]
    pub fn actors(self, actors: ActorOptions) -> EngineOptions {
        EngineOptions { actors, ..self }
    }
}
