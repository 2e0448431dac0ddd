//! The same actors with no log at all: what is left is rules, actors and their messages.
//!
//! While the desk is built, events are kept in memory, since the actors read the desk from there. From
//! [`NoLog::forget`] on an append checks its expectations, counts versions and positions, and is
//! answered at once; its events are dropped, and no projection is told of them. A log in memory would
//! be a slower yardstick, hence a kinder one: it keeps records, and feeds the projections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use switchboard::log::memory::MemoryLog;
use switchboard::log::{
    Append, AppendError, Appended, Expected, Log, LogFuture, LogStats, Position, ReadError, Record,
    StreamName, Version,
};
use switchboard::projection::Place as Views;
use switchboard::{Engine, EngineOptions};
use tokio::sync::watch;

use super::switchboard::Desk;
use crate::load::Load;
use crate::peer::{EVENTS, NewSession, Peer, Place, Taken, Threads};

/// Our actors over a log that forgets.
pub struct SwitchboardNoLog {
    engine: Engine,
    log: Arc<NoLog>,
    desk: Desk,
    before: Position,
}

impl Peer for SwitchboardNoLog {
    const THREADS: Threads = Threads::PerCore;
    const HOLDS_RULE: bool = true;

    async fn open(_place: &Place, load: &Load) -> SwitchboardNoLog {
        let log = NoLog::new();
        let options = EngineOptions::with_log(log.clone(), Views::Memory);
        let engine = Engine::open(options).await.expect("the engine opens");
        let desk = Desk::build(&engine, load).await;
        let before = engine.head();
        SwitchboardNoLog { engine, log, desk, before }
    }

    async fn create(&self, session: NewSession) -> Result<(), Taken> {
        self.desk.create(&self.engine, session).await
    }

    async fn ready(&self) {
        self.log.forget().await;
    }

    async fn settle(&self) {
        self.engine.read().await.expect("the projections run");
    }

    async fn close(self) -> usize {
        let events = (self.log.last().0 - self.before.0) as usize;
        self.engine.close().await.expect("the engine closes");
        assert_eq!(events % EVENTS, 0, "each session has all its events");
        events / EVENTS
    }
}

/// A log that keeps what was before [`NoLog::forget`], and afterwards only counts.
struct NoLog {
    kept: Arc<MemoryLog>,
    counts: OnceLock<Mutex<Counts>>,
}

struct Counts {
    versions: HashMap<StreamName, Version>,
    last: Position,
}

impl NoLog {
    fn new() -> Arc<NoLog> {
        Arc::new(NoLog { kept: MemoryLog::new(), counts: OnceLock::new() })
    }

    /// Drops the events of all appends from here on.
    async fn forget(&self) {
        let last = self.kept.head();
        let records = self.kept.read_all(Position::START, last.0 as usize).await.expect("it is in memory");
        let mut versions = HashMap::new();
        for record in records {
            versions.insert(record.entry.stream, record.version);
        }
        let counts = Mutex::new(Counts { versions, last });
        assert!(self.counts.set(counts).is_ok(), "it forgets from one moment on");
    }

    fn last(&self) -> Position {
        let counts = self.counts.get().expect("it has begun to forget");
        counts.lock().expect("nobody panicked while counting").last
    }
}

impl Counts {
    fn append(&mut self, append: &Append) -> Result<Appended, AppendError> {
        for (stream, expected) in &append.expects {
            let found = self.versions.get(stream).copied().unwrap_or(Version::ABSENT);
            match *expected {
                Expected::Exactly(expected) if expected != found => {
                    return Err(AppendError::Conflict { stream: stream.clone(), expected, found });
                }
                Expected::Exactly(_) | Expected::Any => {}
            }
        }
        let first = self.last.next();
        for entry in &append.entries {
            let version = self.versions.entry(entry.stream.clone()).or_default();
            *version = version.next();
            self.last = self.last.next();
        }
        Ok(Appended { first, last: self.last })
    }
}

impl Log for NoLog {
    fn append(&self, append: Append) -> LogFuture<Result<Appended, AppendError>> {
        let Some(counts) = self.counts.get() else { return self.kept.append(append) };
        let answer = counts.lock().expect("nobody panicked while counting").append(&append);
        Box::pin(std::future::ready(answer))
    }

    fn read_stream(
        &self,
        stream: &StreamName,
        after: Version,
        limit: usize,
    ) -> LogFuture<Result<Vec<Record>, ReadError>> {
        self.kept.read_stream(stream, after, limit)
    }

    fn read_all(&self, after: Position, limit: usize) -> LogFuture<Result<Vec<Record>, ReadError>> {
        self.kept.read_all(after, limit)
    }

    fn read_at(
        &self,
        positions: Vec<Position>,
        bytes_max: usize,
    ) -> LogFuture<Result<Vec<Record>, ReadError>> {
        self.kept.read_at(positions, bytes_max)
    }

    fn head(&self) -> Position {
        self.kept.head()
    }

    fn follow(&self) -> watch::Receiver<Position> {
        self.kept.follow()
    }

    fn stats(&self) -> LogStats {
        self.kept.stats()
    }

    fn poisoned(&self) -> Option<String> {
        None
    }

    fn close(&self) -> LogFuture<()> {
        self.kept.close()
    }
}

#[cfg(test)]
mod tests {
    use switchboard::log::{Entry, Stamp};
    use uuid::Uuid;

    use super::*;

    fn claim(expected: Version) -> Append {
        let stream = StreamName::new(b"slot");
        let entry = Entry { stream: stream.clone(), kind: 1, schema: 1, codec: 1, payload: vec![1].into() };
        let stamp = Stamp {
            time_us: 0,
            command: Uuid::now_v7(),
            digest: 0,
            correlation: Uuid::nil(),
            causation: Uuid::nil(),
            principal: Vec::new().into(),
            policy_revision: 0,
        };
        Append { entries: vec![entry], expects: vec![(stream, Expected::Exactly(expected))], stamp }
    }

    #[tokio::test]
    async fn it_counts_on_from_what_it_kept_and_refuses_a_stale_expectation() {
        let log = NoLog::new();
        log.append(claim(Version(0))).await.expect("the stream is absent");
        log.forget().await;
        let stale = log.append(claim(Version(0))).await;
        assert!(matches!(stale, Err(AppendError::Conflict { found: Version(1), .. })), "{stale:?}");
        let counted = log.append(claim(Version(1))).await.expect("it is at version 1");
        assert_eq!((counted.last, log.last(), log.head()), (Position(2), Position(2), Position(1)));
    }
}
