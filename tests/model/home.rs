//! Where the engine of a history lives, and how its log fails.

use std::io;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use switchboard::engine::OpenError;
use switchboard::log::Log;
use switchboard::log::embedded::{EmbeddedLog, EmbeddedOptions, Faults, OpenError as LogError};
use switchboard::log::memory::MemoryLog;
use switchboard::projection::Place;
use switchboard::{Engine, EngineOptions, Outcome};
use tempfile::TempDir;

use super::SetClock;
use super::troubled_log::{Trouble, TroubledLog};
use super::world;

/// How long an engine that was dropped may take to let its folder go.
const PATIENCE: Duration = Duration::from_secs(20);

static DESK: OnceLock<Arc<MemoryLog>> = OnceLock::new();

/// The desk that every history begins with, built once.
async fn desk() -> Arc<MemoryLog> {
    if DESK.get().is_none() {
        let log = MemoryLog::new();
        world::build(Arc::clone(&log)).await;
        // Two threads may build it; both are the same.
        let _ = DESK.set(log);
    }
    Arc::clone(DESK.get().expect("it was built"))
}

/// Fails the next group of an embedded log.
#[derive(Default)]
pub struct FailNext(AtomicU8);

const NOTHING: u8 = 0;
const BEFORE_WRITE: u8 = 1;
const BEFORE_SYNC: u8 = 2;
const PANIC: u8 = 3;

impl FailNext {
    fn at(&self, point: u8) -> io::Result<()> {
        match self.0.compare_exchange(point, NOTHING, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => Err(io::Error::from(io::ErrorKind::StorageFull)),
            Err(_) => Ok(()),
        }
    }
}

impl Faults for FailNext {
    fn before_write(&self) -> io::Result<()> {
        self.at(PANIC).expect("a seeded panic of the writer");
        self.at(BEFORE_WRITE)
    }

    fn before_sync(&self) -> io::Result<()> {
        self.at(BEFORE_SYNC)
    }
}

/// Where the engine of a history lives.
pub enum Home {
    Memory(Arc<TroubledLog>),
    Folder(TempDir, Arc<FailNext>),
}

impl Home {
    pub async fn memory() -> Home {
        let log = TroubledLog::new();
        world::copy(desk().await.as_ref(), log.untroubled().as_ref()).await;
        Home::Memory(log)
    }

    pub async fn folder() -> Home {
        let folder = TempDir::new().expect("a folder for the test");
        let log = EmbeddedLog::open(folder.path(), EmbeddedOptions::default()).expect("it opens");
        world::copy(desk().await.as_ref(), log.as_ref()).await;
        log.close().await;
        Home::Folder(folder, Arc::default())
    }

    pub async fn open(&self, clock: &Arc<SetClock>) -> Engine {
        let options = match self {
            Home::Memory(log) => EngineOptions::with_log(Arc::clone(log) as Arc<dyn Log>, Place::Memory),
            Home::Folder(folder, faults) => {
                let faults = Some(Arc::clone(faults) as Arc<dyn Faults>);
                EngineOptions::at_with(
                    folder.path(),
                    EmbeddedOptions { faults, ..EmbeddedOptions::default() },
                )
            }
        };
        let options = options.clock(Arc::clone(clock) as _);
        let since = Instant::now();
        loop {
            match Engine::open(options.clone()).await {
                // One that was only dropped lets its folder go when its actors have ended.
                Err(OpenError::Log(LogError::InUse { .. })) if since.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                opened => return opened.expect("it opens"),
            }
        }
    }

    /// Lets the engine go, in order or not, and opens another one on what it left.
    pub async fn reopened(&mut self, engine: Engine, clock: &Arc<SetClock>, in_order: bool) -> Engine {
        if in_order {
            engine.close().await.expect("it closes");
            if let Home::Memory(log) = self {
                // A log in memory stays closed.
                let next = TroubledLog::new();
                world::copy(log.untroubled().as_ref(), next.untroubled().as_ref()).await;
                *log = next;
            }
        }
        drop(engine);
        self.open(clock).await
    }

    /// Lets the log fail the next append, and tells what is known of it then, and whether it is there.
    pub fn trouble(&self, how: u8) -> (Outcome, bool) {
        match self {
            Home::Memory(log) => {
                let trouble = [Trouble::Refused, Trouble::AnswerLost, Trouble::WriteLost][usize::from(how)];
                log.expect(&[trouble]);
                let outcome = if how == 0 { Outcome::NotWritten } else { Outcome::Unknown };
                (outcome, how == 1)
            }
            Home::Folder(_, faults) => {
                let point = [BEFORE_WRITE, BEFORE_SYNC, PANIC][usize::from(how)];
                faults.0.store(point, Ordering::SeqCst);
                (Outcome::Unknown, point == BEFORE_SYNC)
            }
        }
    }
}
