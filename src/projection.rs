//! The projections: what the lists, cards and forms show, folded from the log.
//!
//! Knows `domain`, the recorded facts of `wire`, the [`Log`] and the tables of `disk`; must not
//! know actors or the engine. Everything here is derived: it may be dropped at any time and is
//! folded again from the log.
//!
//! ```text
//!   log ──▶ runner ──▶ page of whole appends ──▶ sessions   ┐ one change of all tables,
//!             │                                  messages   ├ each with its checkpoint
//!             │                                  directory  ┘
//!             └──▶ position ──▶ caught_up, and queries that wait for it
//! ```
//!
//! All projections are changed together, at the end of an append, so that a query sees them as of
//! one place of the log, and never a session between two events of one command. A query waits
//! until the projections have what the log held when they were opened, and while they are rebuilt;
//! it does not wait for anything newer: [`Projections::caught_up`] does.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::domain::time::Timestamp;
use crate::log::{Log, Position};

mod digest;
mod directory;
mod error;
mod folding;
mod merge;
mod messages;
mod pack;
mod page;
mod pages;
mod panics;
pub(crate) mod place;
mod queries;
mod recent;
mod runner;
mod sessions;
mod tables;

pub use directory::{
    AppView, ChannelView, ELEMENTS_FOUND_MAX, LineView, MemberView, OperatorLine, OperatorView, ProcessView,
    Roles, SEARCH_EXAMINED_MAX,
};
pub use error::{ProjectionError, QueryError};
pub use merge::MERGED_PARTS_MAX;
pub use messages::{Author, Delivery, MessageView, PAGE_TEXT_BYTES_MAX, TranscriptEntry, TranscriptItem};
pub use page::{BadCursor, Cursor, PAGE_ITEMS_MAX, Page, PageOf};
pub use pages::{PAGE_EVENTS_MAX, PAGES_TOGETHER_MAX};
pub use queries::Order;
pub use runner::{FLUSH_BYTES_MAX, FLUSH_EVENTS_MAX};
pub use sessions::{LastMessage, MessageDirection, SessionStatus, SessionSummary};

pub(crate) use digest::Still;
use runner::{Progress, Request, Runner};
use tables::Tables;

/// Requests to the runner that may wait: rebuilding and closing are rare.
const REQUESTS_MAX: usize = 8;

/// Where the tables are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In memory: they are folded from the start of the log with each opening.
    Memory,
    /// In a folder of their own, which is created where there is none.
    Folder(PathBuf),
}

/// A projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProjectionName {
    /// Sessions and the lists they stand in.
    Sessions,
    /// Whose messages stand where.
    Messages,
    /// Lines, operators, apps, processes and elements.
    Directory,
}

impl ProjectionName {
    /// All of them, in the order in which they fold a page.
    pub const ALL: [ProjectionName; 3] =
        [ProjectionName::Sessions, ProjectionName::Messages, ProjectionName::Directory];

    /// The name of its table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ProjectionName::Sessions => "sessions",
            ProjectionName::Messages => "messages",
            ProjectionName::Directory => "directory",
        }
    }
}

impl fmt::Display for ProjectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// When something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    /// Its place in the log, by which lists are ordered.
    pub position: Position,
    /// The time that was recorded with it, which people read; a clock may have gone backwards.
    pub time: Timestamp,
}

/// The projections of a log.
///
/// Dropping it ends the runner after the page at hand; what was folded since the last flush is
/// then written, unless the runtime is gone, in which case the next opening folds it again. The
/// folder is free some time after that; [`Projections::close`] waits until it is.
pub struct Projections {
    tables: Arc<Tables>,
    log: Arc<dyn Log>,
    progress: watch::Receiver<Progress>,
    requests: mpsc::Sender<Request>,
}

impl fmt::Debug for Projections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projections").field("progress", &*self.progress.borrow()).finish_non_exhaustive()
    }
}

impl Projections {
    /// Opens the tables, drops those of another version or another log, and follows the log.
    ///
    /// It does not wait for the runner: queries do, until what the log holds now is folded.
    ///
    /// # Errors
    ///
    /// [`ProjectionError::Store`] when the folder is in use or cannot be read;
    /// [`ProjectionError::Log`] when the log cannot.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with timers.
    pub async fn open(place: Place, log: Arc<dyn Log>) -> Result<Projections, ProjectionError> {
        Projections::open_to_flush(place, log, FLUSH_EVENTS_MAX).await
    }

    /// The same with another number of events after which the tables are written.
    async fn open_to_flush(
        place: Place,
        log: Arc<dyn Log>,
        flush_events: u64,
    ) -> Result<Projections, ProjectionError> {
        let opened = tokio::task::spawn_blocking(move || Tables::open(&place));
        let tables = Arc::new(panics::joined(opened, Position::START).await??);
        let at = tables.checkpoints(&log).await?;
        let (requests, received) = mpsc::channel(REQUESTS_MAX);
        let (progress, watched) = watch::channel(Progress::opened(at, log.head()));
        Runner::start(Arc::clone(&tables), Arc::clone(&log), at, progress, received, flush_events);
        Ok(Projections { tables, log, progress: watched, requests })
    }

    /// The position up to which every event is in every projection.
    #[must_use]
    pub fn position(&self) -> Position {
        self.progress.borrow().position
    }

    /// Why the projections stopped, if they did; queries are refused then.
    #[must_use]
    pub fn stop_reason(&self) -> Option<ProjectionError> {
        self.progress.borrow().stopped.clone()
    }

    /// Waits until the event at `position` is in every projection.
    ///
    /// # Errors
    ///
    /// Why the runner stopped before it came there.
    ///
    /// # Cancel safety
    ///
    /// It changes nothing.
    pub async fn caught_up(&self, position: Position) -> Result<(), ProjectionError> {
        self.wait(|progress| progress.position >= position).await
    }

    /// Waits while they are more than so many events behind a position, and says whether they came there in
    /// time. It does not wait while they are opened or rebuilt, when readers wait anyway, nor when they have
    /// stopped.
    pub(crate) async fn near(&self, position: Position, events_max: u64, wait_max: Duration) -> bool {
        let is_near =
            |now: &Progress| !now.is_ready() || position.0.saturating_sub(now.position.0) <= events_max;
        if is_near(&self.progress.borrow()) {
            return true;
        }
        // It ends with an error only where nobody folds any more.
        tokio::time::timeout(wait_max, self.progress.clone().wait_for(is_near)).await.is_ok()
    }

    /// Drops these projections and folds them again from the start of the log; returns when they
    /// have caught up with where they were. Queries of any projection wait meanwhile.
    ///
    /// # Errors
    ///
    /// Why the runner stopped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does not stop a rebuilding that has begun.
    pub async fn rebuild(&self, names: &[ProjectionName]) -> Result<(), ProjectionError> {
        let (done, cleared) = oneshot::channel();
        let request = Request::Rebuild { names: names.to_vec(), done };
        // One that could not be sent is dropped, and so is its answer.
        let _ = self.requests.send(request).await;
        match cleared.await {
            Ok(position) => self.caught_up(position).await,
            Err(_) => Err(self.stopped().await),
        }
    }

    /// Writes everything that was folded to the folder, and goes on.
    ///
    /// # Errors
    ///
    /// Why the runner stopped.
    pub async fn flush(&self) -> Result<(), ProjectionError> {
        let (done, flushed) = oneshot::channel();
        let _ = self.requests.send(Request::Flush { done }).await;
        match flushed.await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.stopped().await),
        }
    }

    /// Writes everything that was folded to the folder, and merges what is there, so that reading looks into
    /// few files: what happens by itself when no event has come for a second.
    ///
    /// # Errors
    ///
    /// Why the runner stopped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does not stop a merge that has begun.
    pub async fn rest(&self) -> Result<(), ProjectionError> {
        let (done, merged) = oneshot::channel();
        let _ = self.requests.send(Request::Rest { done }).await;
        match merged.await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.stopped().await),
        }
    }

    /// Writes everything that was folded to the folder, stops following the log and releases the
    /// folder; queries are refused from then on.
    ///
    /// # Errors
    ///
    /// [`ProjectionError::Store`] when it could not be written: the next opening folds it again.
    /// Why the runner had stopped before; [`ProjectionError::Closed`] from a second call.
    pub async fn close(&self) -> Result<(), ProjectionError> {
        let (done, closed) = oneshot::channel();
        let _ = self.requests.send(Request::Close { done }).await;
        match closed.await {
            Ok(answer) => answer,
            Err(_) => Err(self.stopped().await),
        }
    }

    /// Waits until queries may be answered.
    async fn ready(&self) -> Result<(), ProjectionError> {
        self.wait(Progress::is_ready).await?;
        match &self.progress.borrow().stopped {
            None => Ok(()),
            Some(error) => Err(error.clone()),
        }
    }

    async fn wait(&self, reached: impl Fn(&Progress) -> bool) -> Result<(), ProjectionError> {
        let mut progress = self.progress.clone();
        let ended = progress.wait_for(|now| reached(now) || now.stopped.is_some()).await;
        ended.map_or(Err(ProjectionError::Closed), |now| {
            let stopped = || Err(now.stopped.clone().unwrap_or(ProjectionError::Closed));
            if reached(&now) { Ok(()) } else { stopped() }
        })
    }

    /// Why the runner stopped, once it has let go of everything.
    async fn stopped(&self) -> ProjectionError {
        let mut progress = self.progress.clone();
        // Whoever says it is gone at the end of the runtime, which closes as well.
        let _ = progress.wait_for(|now| now.stopped.is_some()).await;
        self.stop_reason().unwrap_or(ProjectionError::Closed)
    }
}
