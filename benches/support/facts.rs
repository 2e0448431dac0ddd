//! Facts written into a log without asking an engine: how a benchmark gets a long history in a short time.
//!
//! What is written is what the engine would have written, in appends of the same shape; an engine
//! opened on it reads, folds and decides as on its own.

use std::collections::VecDeque;
use std::sync::Arc;

use switchboard::domain::event::Fact;
use switchboard::domain::id::Principal;
use switchboard::domain::time::Timestamp;
use switchboard::log::{Append, AppendError, Appended, Log, LogFuture, Position, Stamp};
use switchboard::wire;
use uuid::Uuid;

/// Appends on their way at once: well below the bound of the log's queue.
const APPENDS_WAITING_MAX: usize = 4_096;

/// A writer of facts.
pub struct Facts {
    log: Arc<dyn Log>,
    waiting: VecDeque<LogFuture<Result<Appended, AppendError>>>,
    last: Position,
    /// Events handed over.
    pub events: u64,
}

impl Facts {
    /// A writer into this log.
    pub fn new(log: &Arc<dyn Log>) -> Facts {
        Facts { log: Arc::clone(log), waiting: VecDeque::new(), last: log.head(), events: 0 }
    }

    /// Writes the facts of one command, as soon as there is room.
    pub async fn write(&mut self, principal: &Principal, time: Timestamp, facts: &[Fact]) {
        if self.waiting.len() == APPENDS_WAITING_MAX {
            self.settle(APPENDS_WAITING_MAX / 2).await;
        }
        let command = Uuid::now_v7();
        let stamp = Stamp {
            time_us: time.0,
            command,
            digest: command.as_u64_pair().0,
            correlation: command,
            causation: command,
            principal: wire::principal_bytes(principal).into(),
            policy_revision: 1,
        };
        let entries: Vec<_> = facts.iter().map(wire::entry).collect();
        self.events += entries.len() as u64;
        self.waiting.push_back(self.log.append(Append { entries, expects: Vec::new(), stamp }));
    }

    /// Waits until everything is durable, and gives the position of the last event.
    pub async fn end(mut self) -> Position {
        self.settle(0).await;
        self.last
    }

    async fn settle(&mut self, left: usize) {
        while self.waiting.len() > left {
            let Some(first) = self.waiting.pop_front() else { return };
            self.last = first.await.expect("nothing is expected of any stream").last;
        }
    }
}
