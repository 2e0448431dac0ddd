//! The live feed: every event after a position, in order, as it becomes durable.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;

use crate::log::{Log, Position, ReadError};
use crate::wire::{self, Recorded, WireError};

/// Events read at once: a slow reader holds no more than this in memory.
const PAGE_EVENTS: usize = 256;

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
}

impl Feed {
    pub(super) fn new(log: Arc<dyn Log>, after: Position, closed: watch::Receiver<bool>) -> Feed {
        let head = log.follow();
        Feed { log, head, closed, after, read: VecDeque::new() }
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

    async fn page(&self) -> Result<VecDeque<Recorded>, FeedError> {
        match self.log.read_all(self.after, PAGE_EVENTS).await {
            Ok(page) => Ok(page.iter().map(wire::recorded).collect::<Result<_, _>>()?),
            Err(_) if *self.closed.borrow() => Err(FeedError::Closed),
            Err(error) => Err(error.into()),
        }
    }
}
