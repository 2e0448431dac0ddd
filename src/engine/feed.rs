//! The live feed: every event after a position, in order, as it becomes durable.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;

use crate::log::{Log, Position, ReadError, Record};
use crate::wire::{self, Recorded, WireError};

/// Events read at once: a slow reader holds no more than this in memory.
const PAGE_EVENTS: usize = 256;

/// Octets of payloads after which fewer events are read at once: 256 long mails for each of a thousand
/// slow readers would fill a machine.
const PAGE_BYTES: usize = 256 << 10;

/// Why a feed ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A record could not be decoded.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The engine is closed or gone; what was not given yet is there when it is opened again.
    #[error("the engine was closed")]
    Closed,
}

/// A reader of everything after a position; it reads the log itself, so that it can neither miss
/// an event nor hold up a writer.
pub struct Feed {
    log: Arc<dyn Log>,
    head: watch::Receiver<Position>,
    /// True, or without its sender, when nothing more will come.
    closed: watch::Receiver<bool>,
    after: Position,
    read: VecDeque<Recorded>,
    /// How many events are read next: as many as had room of late, and twice that where all had.
    events: usize,
}

impl Feed {
    pub(super) fn new(log: Arc<dyn Log>, after: Position, closed: watch::Receiver<bool>) -> Feed {
        let head = log.follow();
        Feed { log, head, closed, after, read: VecDeque::new(), events: 1 }
    }

    /// The position of the event given last.
    #[must_use]
    pub fn position(&self) -> Position {
        self.after
    }

    /// The next event, as soon as there is one.
    ///
    /// # Errors
    ///
    /// [`FeedError`]; the feed stays where it was.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no event.
    pub async fn next(&mut self) -> Result<Recorded, FeedError> {
        loop {
            if let Some(recorded) = self.read.pop_front() {
                self.after = recorded.position;
                return Ok(recorded);
            }
            let head = *self.head.borrow_and_update();
            if head > self.after {
                self.read = self.page().await?;
                continue;
            }
            tokio::select! {
                moved = self.head.changed() => moved.map_err(|_| FeedError::Closed)?,
                _ = self.closed.wait_for(|closed| *closed) => {
                    if *self.head.borrow() == self.after {
                        return Err(FeedError::Closed);
                    }
                }
            }
        }
    }

    async fn page(&mut self) -> Result<VecDeque<Recorded>, FeedError> {
        let page = match self.log.read_all(self.after, self.events).await {
            Ok(page) => page,
            Err(_) if *self.closed.borrow() => return Err(FeedError::Closed),
            Err(error) => return Err(error.into()),
        };
        let mut bytes = 0;
        let fits = |record: &&Record| {
            let is_first = bytes == 0;
            bytes += record.entry.payload.len();
            is_first || bytes <= PAGE_BYTES
        };
        let kept = page.iter().take_while(fits).map(wire::recorded).collect::<Result<VecDeque<_>, _>>()?;
        self.events = if kept.len() < page.len() { kept.len() } else { PAGE_EVENTS.min(self.events * 2) };
        Ok(kept)
    }
}
