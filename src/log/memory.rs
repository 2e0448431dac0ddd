//! A log in memory, for tests and trials: correct and simple, and gone when it is dropped.
//!
//! Knows the rules of the log; must not know any store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::taken::Taken;
use super::{
    Append, AppendError, Appended, Expected, Log, LogFuture, LogStats, Position, ReadError, Record,
    StreamName, Version, bounds,
};
use crate::seeded::{self, Bug};

/// A [`Log`] that keeps its events in memory; they are "durable" as long as it lives.
#[derive(Debug)]
pub struct MemoryLog {
    state: Mutex<State>,
    head: watch::Sender<Position>,
}

#[derive(Debug, Default)]
struct State {
    /// The record at position n stands at n − 1.
    records: Vec<Record>,
    /// The positions of each stream; the one of version n stands at n − 1.
    streams: HashMap<StreamName, Vec<Position>>,
    stats: LogStats,
    closed: bool,
}

impl MemoryLog {
    /// Makes an empty log.
    #[must_use]
    pub fn new() -> Arc<MemoryLog> {
        let (head, _) = watch::channel(Position::START);
        Arc::new(MemoryLog { state: Mutex::default(), head })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic under this lock happens before anything is changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append_now(&self, append: Append) -> Result<Appended, AppendError> {
        bounds::check(&append)?;
        let mut state = self.state();
        if state.closed {
            return Err(AppendError::Unavailable { reason: "it is closed".into() });
        }
        if let Err(conflict) = state.check(&append.expects) {
            state.stats.conflicts += 1;
            return Err(conflict);
        }
        let appended = state.write(append);
        self.head.send_replace(appended.last);
        Ok(appended)
    }
}

impl State {
    fn version(&self, stream: &StreamName) -> Version {
        Version(self.streams.get(stream).map_or(0, |positions| positions.len() as u64))
    }

    fn check(&self, expects: &[(StreamName, Expected)]) -> Result<(), AppendError> {
        for (stream, expected) in expects {
            let found = self.version(stream);
            match *expected {
                Expected::Exactly(expected) if expected != found && !seeded::is(Bug::StaleExpectation) => {
                    return Err(AppendError::Conflict { stream: stream.clone(), expected, found });
                }
                Expected::Exactly(_) | Expected::Any => {}
            }
        }
        Ok(())
    }

    fn write(&mut self, append: Append) -> Appended {
        let first = Position(self.records.len() as u64 + 1);
        let mut position = first;
        self.stats.appends += 1;
        self.stats.syncs += 1;
        for entry in append.entries {
            position = Position(self.records.len() as u64 + 1);
            let previous = self.version(&entry.stream);
            let version = previous.next();
            self.streams.entry(entry.stream.clone()).or_default().push(position);
            self.stats.events += 1;
            self.stats.bytes += entry.payload.len() as u64;
            let stamp = append.stamp.clone();
            self.records.push(Record { position, version, previous, stamp, entry });
        }
        Appended { first, last: position }
    }

    fn stream(&self, stream: &StreamName, after: Version, limit: usize) -> Vec<Record> {
        let positions = self.streams.get(stream).map_or(&[][..], Vec::as_slice);
        let after = usize::try_from(after.0).unwrap_or(usize::MAX);
        let read = positions.iter().skip(after).take(limit);
        read.map(|position| self.records[position.0 as usize - 1].clone()).collect()
    }
}

impl Log for MemoryLog {
    fn append(&self, append: Append) -> LogFuture<Result<Appended, AppendError>> {
        let answer = self.append_now(append);
        Box::pin(async move { answer })
    }

    fn read_stream(
        &self,
        stream: &StreamName,
        after: Version,
        limit: usize,
    ) -> LogFuture<Result<Vec<Record>, ReadError>> {
        let records = self.state().stream(stream, after, limit);
        Box::pin(async move { Ok(records) })
    }

    fn read_all(&self, after: Position, limit: usize) -> LogFuture<Result<Vec<Record>, ReadError>> {
        let after = usize::try_from(after.0).unwrap_or(usize::MAX);
        let records: Vec<_> = self.state().records.iter().skip(after).take(limit).cloned().collect();
        Box::pin(async move { Ok(records) })
    }

    fn read_at(
        &self,
        positions: Vec<Position>,
        bytes_max: usize,
    ) -> LogFuture<Result<Vec<Record>, ReadError>> {
        let mut taken = Taken::new(bytes_max);
        {
            let state = self.state();
            let found = positions.iter().filter_map(|at| state.records.get(at.0.checked_sub(1)? as usize));
            found.take_while(|record| taken.add((*record).clone())).for_each(drop);
        }
        Box::pin(async move { Ok(taken.records) })
    }

    fn head(&self) -> Position {
        *self.head.borrow()
    }

    fn follow(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }

    fn stats(&self) -> LogStats {
        self.state().stats
    }

    fn poisoned(&self) -> Option<String> {
        None
    }

    fn close(&self) -> LogFuture<()> {
        self.state().closed = true;
        Box::pin(async {})
    }
}
