//! The runner: follows the log and folds it, page by page, on a task of its own.
//!
//! Knows when to fold, to write, to merge and to end; must not know how a page is folded.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::log::{Log, Position};

use super::pages::{self, Page};
use super::panics::joined;
use super::tables::{Positions, Tables};
use super::{ProjectionError, ProjectionName};

/// Events after which the tables are written to the disk: what a crash makes the next opening fold
/// again, well under a second.
pub const FLUSH_EVENTS_MAX: u64 = 200_000;

/// Bytes of tables in memory after which they are written to the disk.
pub const FLUSH_BYTES_MAX: usize = 32 << 20;

/// Runs of one table beyond which the fold waits for their merge: a lookup asks each of them.
const RUNS_MERGED_LATER_MAX: usize = 64;

/// After so long without an event the tables are merged further than they have to be, so that reading looks
/// into few runs.
const REST_AFTER: Duration = Duration::from_secs(1);

/// How far the projections are.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    /// Every event up to here is in every projection.
    pub(super) position: Position,
    /// Queries wait until the position is here.
    pub(super) floor: Position,
    /// Why the runner stopped.
    pub(super) stopped: Option<ProjectionError>,
}

impl Progress {
    pub(super) fn opened(at: Positions, head: Position) -> Progress {
        Progress { position: least(&at), floor: head, stopped: None }
    }

    pub(super) fn is_ready(&self) -> bool {
        self.position >= self.floor && self.stopped.is_none()
    }
}

pub(super) fn least(at: &Positions) -> Position {
    at.iter().copied().min().unwrap_or_default()
}

/// What the runner is asked for.
#[derive(Debug)]
pub(super) enum Request {
    /// Drops projections; the answer is the position they had.
    Rebuild { names: Vec<ProjectionName>, done: oneshot::Sender<Position> },
    /// Flushes and goes on.
    Flush { done: oneshot::Sender<()> },
    /// Flushes, and merges what is worth it, as at rest; the answer comes when that is done.
    Rest { done: oneshot::Sender<()> },
    /// Flushes, releases the folder and stops.
    Close { done: oneshot::Sender<Result<(), ProjectionError>> },
}

/// What follows the log.
pub(super) struct Runner {
    tables: Arc<Tables>,
    log: Arc<dyn Log>,
    at: Positions,
    progress: watch::Sender<Progress>,
    requests: mpsc::Receiver<Request>,
    /// What comes after what was folded last, if it was read meanwhile.
    read: Option<Page>,
    /// Events after which the tables are written.
    flush_events: u64,
    unflushed: u64,
    flushing: Option<JoinHandle<Result<(), ProjectionError>>>,
    merging: Option<JoinHandle<Result<(), ProjectionError>>>,
    /// Whether anything was written since the last rest.
    restless: bool,
}

/// What the runner does next.
enum Next {
    Fold,
    Request(Request),
    Rest,
    End,
}

impl Runner {
    /// Starts a runner, and somebody who tells how it ended.
    pub(super) fn start(
        tables: Arc<Tables>,
        log: Arc<dyn Log>,
        at: Positions,
        progress: watch::Sender<Progress>,
        requests: mpsc::Receiver<Request>,
        flush_events: u64,
    ) {
        let told = progress.clone();
        let released = Arc::clone(&tables);
        let runner = Runner {
            tables,
            log,
            at,
            progress,
            requests,
            read: None,
            flush_events,
            unflushed: 0,
            flushing: None,
            merging: None,
            restless: true,
        };
        let task = tokio::spawn(runner.run());
        tokio::spawn(async move {
            let position = told.borrow().position;
            let ended = joined(task, position).await;
            let error = match ended.and_then(|ended| ended) {
                Ok(()) => ProjectionError::Closed,
                Err(error) => error,
            };
            if error != ProjectionError::Closed {
                tracing::error!(%error, "the projections stopped");
            }
            // Who is told finds the folder free. Letting go of one writes; at the end of the runtime it is
            // let go of by itself.
            let _ = spawn_blocking(move || released.close()).await;
            told.send_modify(|progress| {
                progress.stopped.get_or_insert(error);
            });
        });
    }

    /// Ends with nothing under way: who opens the folder next finds it free.
    async fn run(mut self) -> Result<(), ProjectionError> {
        let ended = self.follow().await;
        self.rest().await;
        ended
    }

    async fn follow(&mut self) -> Result<(), ProjectionError> {
        let mut head = self.log.follow();
        loop {
            match self.next(&mut head).await {
                Next::Fold => self.step().await?,
                Next::Request(Request::Rebuild { names, done }) => {
                    let position = self.clear(names).await?;
                    let _ = done.send(position);
                }
                Next::Request(Request::Flush { done }) => {
                    self.flush_all().await?;
                    let _ = done.send(());
                }
                Next::Rest => self.merge_at_rest(None).await?,
                Next::Request(Request::Rest { done }) => {
                    self.flush_all().await?;
                    self.merge_at_rest(Some(done)).await?;
                }
                Next::Request(Request::Close { done }) => {
                    let flushed = self.flush_all().await;
                    let tables = Arc::clone(&self.tables);
                    joined(spawn_blocking(move || tables.close()), least(&self.at)).await?;
                    self.progress.send_modify(|now| now.stopped = Some(ProjectionError::Closed));
                    let _ = done.send(flushed.clone());
                    return flushed;
                }
                Next::End => return self.flush_all().await,
            }
        }
    }

    async fn next(&mut self, head: &mut watch::Receiver<Position>) -> Next {
        loop {
            let behind = least(&self.at) < *head.borrow_and_update();
            tokio::select! {
                biased;
                request = self.requests.recv() => return request.map_or(Next::End, Next::Request),
                () = std::future::ready(()), if behind => return Next::Fold,
                () = tokio::time::sleep(REST_AFTER), if self.restless => return Next::Rest,
                // A log that is gone grows no more; requests still come.
                changed = head.changed() => if changed.is_err() {
                    return self.requests.recv().await.map_or(Next::End, Next::Request);
                },
            }
        }
    }

    /// Folds what comes next: a short page by itself, long ones many together.
    async fn step(&mut self) -> Result<(), ProjectionError> {
        let after = least(&self.at);
        let page = match self.read.take() {
            Some(page) => page,
            None => pages::read(&self.log, after).await?,
        };
        let Some(last) = page.last() else { return Ok(()) };
        let (last, changes, next) = match page {
            Page::Short(records) => {
                let (tables, at) = (Arc::clone(&self.tables), self.at);
                let changes = spawn_blocking(move || pages::fold_short(&tables, &records, &at));
                (last, joined(changes, after).await??, Ok(None))
            }
            Page::Long(page) => pages::fold_long(&self.tables, &self.log, page, &self.at).await?,
        };
        let at = self.at.map(|at| at.max(last));
        self.tables.apply(changes, || self.progress.send_modify(|now| now.position = least(&at)))?;
        self.at = at;
        self.read = next?;
        self.flush_some(last.0 - after.0).await
    }

    async fn clear(&mut self, names: Vec<ProjectionName>) -> Result<Position, ProjectionError> {
        self.flushed().await?;
        // Else the clearing would wait for it, and every reader for the clearing.
        self.merged(true).await?;
        self.read = None;
        let before = least(&self.at);
        for (at, name) in self.at.iter_mut().zip(ProjectionName::ALL) {
            if names.contains(&name) {
                *at = Position::START;
            }
        }
        let (tables, progress, position) = (Arc::clone(&self.tables), self.progress.clone(), least(&self.at));
        let publish = move || {
            progress.send_modify(|now| {
                now.floor = now.floor.max(before);
                now.position = position;
            });
        };
        joined(spawn_blocking(move || tables.clear(&names, publish)), position).await??;
        Ok(before)
    }

    /// Begins to write the tables, once there is enough of them. It goes on beside the fold, which
    /// waits for it only when there is twice as much again.
    async fn flush_some(&mut self, events: u64) -> Result<(), ProjectionError> {
        self.unflushed += events;
        self.merged(false).await?;
        let bytes = if self.tables.on_disk() { self.tables.unflushed_bytes()? } else { 0 };
        if self.unflushed < self.flush_events && bytes < FLUSH_BYTES_MAX {
            return Ok(());
        }
        let busy = self.flushing.as_ref().is_some_and(|flushing| !flushing.is_finished());
        if busy && self.unflushed < 2 * self.flush_events && bytes < 2 * FLUSH_BYTES_MAX {
            return Ok(());
        }
        self.flushed().await?;
        let behind = self.tables.runs()? > RUNS_MERGED_LATER_MAX;
        self.merged(behind).await?;
        let tables = Arc::clone(&self.tables);
        self.flushing = Some(spawn_blocking(move || tables.flush()));
        self.unflushed = 0;
        self.restless = true;
        Ok(())
    }

    /// Waits for the flush that was begun, and lets what was written before be merged.
    async fn flushed(&mut self) -> Result<(), ProjectionError> {
        let Some(flushing) = self.flushing.take() else { return Ok(()) };
        joined(flushing, least(&self.at)).await??;
        if self.merging.is_none() {
            let tables = Arc::clone(&self.tables);
            self.merging = Some(spawn_blocking(move || tables.merge()));
        }
        Ok(())
    }

    /// Begins to merge further than is due, unless something is under way that the fold need not wait for.
    async fn merge_at_rest(&mut self, done: Option<oneshot::Sender<()>>) -> Result<(), ProjectionError> {
        let busy = |work: &Option<JoinHandle<_>>| work.as_ref().is_some_and(|work| !work.is_finished());
        if busy(&self.flushing) || busy(&self.merging) {
            return Ok(());
        }
        if let Some(flushing) = self.flushing.take() {
            joined(flushing, least(&self.at)).await??;
        }
        self.merged(true).await?;
        let tables = Arc::clone(&self.tables);
        self.merging = Some(spawn_blocking(move || {
            let merged = tables.merge_at_rest();
            if let (Some(done), Ok(())) = (done, &merged) {
                let _ = done.send(());
            }
            merged
        }));
        self.restless = false;
        Ok(())
    }

    /// Says whether a merge that has ended has failed; waits for its end if asked to.
    async fn merged(&mut self, wait: bool) -> Result<(), ProjectionError> {
        match self.merging.take() {
            Some(merging) if wait || merging.is_finished() => joined(merging, least(&self.at)).await?,
            merging => {
                self.merging = merging;
                Ok(())
            }
        }
    }

    /// Flushes for the last time. It begins no merge, and waits for one that is under way.
    async fn flush_all(&mut self) -> Result<(), ProjectionError> {
        let at = least(&self.at);
        let begun = match self.flushing.take() {
            Some(flushing) => joined(flushing, at).await.and_then(|flushed| flushed),
            None => Ok(()),
        };
        let tables = Arc::clone(&self.tables);
        let flushed = joined(spawn_blocking(move || tables.flush()), at).await.and_then(|flushed| flushed);
        let merged = self.merged(true).await;
        begun.and(flushed).and(merged)
    }

    /// Waits for what is under way beside the fold and holds the tables, whatever comes of it.
    async fn rest(&mut self) {
        for work in [self.flushing.take(), self.merging.take()].into_iter().flatten() {
            let _ = work.await;
        }
    }
}
