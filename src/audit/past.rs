//! A log as it was: the same records, up to a position, and no appends.
//!
//! An engine over it answers every question as it would have answered then: lists, cards, and why a
//! command would be refused.

use std::sync::Arc;

use tokio::sync::watch;

use super::AuditError;
use crate::clock::SystemClock;
use crate::domain::id::LineId;
use crate::domain::line::Line;
use crate::domain::time::Timestamp;
use crate::log::{
    Append, AppendError, Appended, Log, LogFuture, LogStats, Position, ReadError, Record, StreamName, Version,
};
use crate::store::Store;

/// Events of one command that are judged together: as many as an append has. Of a command that has more,
/// each part is judged by itself.
pub(super) const COMMAND_EVENTS_MAX: usize = crate::log::bounds::APPEND_ENTRIES_MAX;

/// Events read at once.
pub(super) const PAGE_EVENTS: usize = 512;

struct Past {
    log: Arc<dyn Log>,
    head: watch::Sender<Position>,
}

/// A log as it was when its head was at a position.
///
/// # Errors
///
/// `Asked` when the log was never there.
pub fn past(log: Arc<dyn Log>, head: Position) -> Result<Arc<dyn Log>, AuditError> {
    if head > log.head() {
        return Err(AuditError::Asked(format!(
            "there is no position {head}: the log ends at {}",
            log.head()
        )));
    }
    Ok(Arc::new(Past { log, head: watch::Sender::new(head) }))
}

/// The position at which a log's head was at a moment: that before the first event which is later.
///
/// Clocks may have gone backwards: nothing later than the moment is included, and what a clock that
/// was put back made earlier afterwards is not either.
///
/// # Errors
///
/// When the log cannot be read.
pub async fn position_at(log: &dyn Log, moment: Timestamp) -> Result<Position, AuditError> {
    let mut at = Position::START;
    loop {
        let page = log.read_all(at, PAGE_EVENTS).await?;
        if page.is_empty() {
            return Ok(at);
        }
        for record in page {
            if record.stamp.time_us > moment.0 {
                return Ok(at);
            }
            at = record.position;
        }
    }
}

impl Past {
    fn head(&self) -> Position {
        *self.head.borrow()
    }
}

impl Log for Past {
    fn append(&self, _: Append) -> LogFuture<Result<Appended, AppendError>> {
        let reason = format!("this is the log as it was at position {}, which cannot change", self.head());
        Box::pin(async move { Err(AppendError::Unavailable { reason }) })
    }

    fn read_stream(
        &self,
        stream: &StreamName,
        after: Version,
        limit: usize,
    ) -> LogFuture<Result<Vec<Record>, ReadError>> {
        let (reading, head) = (self.log.read_stream(stream, after, limit), self.head());
        Box::pin(async move {
            let mut records = reading.await?;
            records.truncate(records.partition_point(|record| record.position <= head));
            Ok(records)
        })
    }

    fn read_all(&self, after: Position, limit: usize) -> LogFuture<Result<Vec<Record>, ReadError>> {
        let left = self.head().0.saturating_sub(after.0);
        self.log.read_all(after, limit.min(usize::try_from(left).unwrap_or(usize::MAX)))
    }

    fn read_at(
        &self,
        mut positions: Vec<Position>,
        bytes_max: usize,
    ) -> LogFuture<Result<Vec<Record>, ReadError>> {
        let head = self.head();
        positions.retain(|position| *position <= head);
        self.log.read_at(positions, bytes_max)
    }

    fn head(&self) -> Position {
        Past::head(self)
    }

    fn follow(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }

    fn stats(&self) -> LogStats {
        LogStats::default()
    }

    fn poisoned(&self) -> Option<String> {
        None
    }

    /// The log goes on; only this view of it is let go.
    fn close(&self) -> LogFuture<()> {
        Box::pin(async {})
    }
}

/// A line with its rules and their revision, as a log has it; with a past log, as it was.
///
/// # Errors
///
/// When the log cannot be read.
pub async fn line_of(log: Arc<dyn Log>, line: LineId) -> Result<Option<Line>, AuditError> {
    let store = Store::new(log, Arc::new(SystemClock));
    let known = store.line(line).await.map_err(|error| AuditError::Failed(error.to_string()))?;
    Ok(known.state.clone())
}
