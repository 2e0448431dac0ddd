//! Switchboard itself: actors, rules, the log on disk, projections.

use std::path::PathBuf;

use switchboard::log::memory::MemoryLog;
use switchboard::log::{Log, Position};
use switchboard::projection::Place as Views;
use switchboard::{Engine, EngineOptions};

use crate::load::{Load, Work};
use crate::peer::{EVENTS, NewSession, Payload, Peer, Place, Taken, Threads};

mod desk;

pub use desk::Desk;

pub struct Switchboard {
    folder: PathBuf,
    engine: Engine,
    desk: Desk,
    /// The last position before any session.
    before: Position,
}

impl Peer for Switchboard {
    const THREADS: Threads = Threads::PerCore;
    const HOLDS_RULE: bool = true;

    async fn open(place: &Place, load: &Load) -> Switchboard {
        let engine = Engine::open(EngineOptions::at(&place.folder)).await.expect("the engine opens");
        let desk = Desk::build(&engine, load).await;
        let before = engine.head();
        Switchboard { folder: place.folder.clone(), engine, desk, before }
    }

    async fn create(&self, session: NewSession) -> Result<(), Taken> {
        self.desk.create(&self.engine, session).await
    }

    fn lag(&self) -> u64 {
        self.engine.stats().projection_lag
    }

    async fn settle(&self) {
        self.engine.read().await.expect("the projections run");
    }

    async fn close(self) -> usize {
        self.engine.close().await.expect("the engine closes");
        drop((self.engine, self.desk));
        let again = Engine::open(EngineOptions::at(&self.folder)).await.expect("the engine opens again");
        let events = (again.head().0 - self.before.0) as usize;
        again.close().await.expect("the engine closes again");
        assert_eq!(events % EVENTS, 0, "each session has all its events");
        events / EVENTS
    }
}

/// Creates one session in memory, and measures the bodies of its events.
pub async fn payload() -> Payload {
    let log = MemoryLog::new();
    let engine = Engine::open(EngineOptions::with_log(log.clone(), Views::Memory)).await.expect("it opens");
    let load = Load { clients: 1, lines: 1, work: Work::Burst { count: 1 } };
    let desk = Desk::build(&engine, &load).await;
    let before = engine.head();
    desk.create(&engine, NewSession::of(&load, 0, 0)).await.expect("the slot is free");
    let records = log.read_all(before, EVENTS + 1).await.expect("a log in memory is read");
    engine.close().await.expect("the engine closes");
    let bytes: Vec<usize> = records.iter().map(|record| record.entry.payload.len()).collect();
    Payload { events: bytes.try_into().expect("a creation is three events") }
}
