//! Stores with a long past, made once and used by several benchmarks of one run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use switchboard::log::Log;
use switchboard::log::embedded::{EmbeddedLog, EmbeddedOptions, Verify};
use switchboard::projection::Place;
use switchboard::{Engine, EngineOptions};

use super::past::Past;
use super::{arguments, folder};

/// Says that a store is complete; it holds the number of events, and of their bytes in the log.
const COMPLETE: &str = "complete";

/// A folder with a past; it is removed when dropped, unless `--keep` leaves it to the next benchmark.
pub struct Store {
    folder: PathBuf,
    /// Events in it when it was complete.
    pub events: u64,
    /// Their bytes in the log's frames.
    pub frame_bytes: u64,
}

impl Store {
    /// The store of this name: as it is found, or made now with its projections.
    pub async fn of(name: &str, past: &Past) -> Store {
        let folder = folder::place(name);
        let found = fs::read_to_string(folder.join(COMPLETE)).unwrap_or_default();
        if let [Ok(events), Ok(frame_bytes)] = found.split(' ').map(str::parse).collect::<Vec<_>>()[..] {
            return Store { folder, events, frame_bytes };
        }
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the folder can be created");
        let started = Instant::now();
        let store = folder.join("store");
        let frame_bytes = write(&store, past).await;
        let written = started.elapsed();
        let events = build(&store).await;
        // Else the system writes it while something is measured.
        Command::new("sync").status().expect("sync runs");
        fs::write(folder.join(COMPLETE), format!("{events} {frame_bytes}"))
            .expect("the folder can be written");
        println!(
            "made {name}: {events} events written in {:.1} s, projected in {:.1} s",
            written.as_secs_f64(),
            (started.elapsed() - written).as_secs_f64()
        );
        Store { folder, events, frame_bytes }
    }

    /// The engine's folder.
    pub fn path(&self) -> PathBuf {
        self.folder.join("store")
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if !arguments::given("--keep") {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Opens the log in a folder, without reading what was checked before.
pub fn open_log(folder: &Path) -> Arc<dyn Log> {
    EmbeddedLog::open(folder, tail()).expect("the log opens")
}

/// Opens an engine on a store, without reading again what was checked before.
pub async fn open(folder: &Path) -> Engine {
    Engine::open(EngineOptions::at_with(folder, tail())).await.expect("the engine opens")
}

/// Options that check the end of the log only.
pub fn tail() -> EmbeddedOptions {
    EmbeddedOptions { verify: Verify::Tail, ..EmbeddedOptions::default() }
}

/// Sets the desk up by commands, and writes the past into the log; gives the bytes of its frames.
pub async fn write(folder: &Path, past: &Past) -> u64 {
    // Projections in memory: those of the past are folded at once later.
    let options = EngineOptions::with_log(open_log(folder), Place::Memory);
    let engine = Engine::open(options).await.expect("the engine opens in an empty folder");
    past.desk.set_up(&engine).await;
    engine.close().await.expect("the engine closes");
    let of_desk = engine.stats().log.bytes;
    drop(engine);
    let log = open_log(folder);
    past.write(&log).await;
    log.close().await;
    of_desk + log.stats().bytes
}

/// Folds the projections, lets them come to rest, and gives the number of events.
async fn build(folder: &Path) -> u64 {
    let engine = open(folder).await;
    engine.read().await.expect("the projections run").rest().await.expect("the tables are merged");
    let events = engine.head().0;
    engine.close().await.expect("the engine closes");
    events
}
