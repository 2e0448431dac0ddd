//! The one thread that writes: collect, check, write once, sync once, publish, answer.
//!
//! Knows the order in which these become true, and nothing of what the events say. After any
//! failure of a write or a sync, or a panic, the log is poisoned: a second sync can falsely
//! succeed, so only opening the log again tells what is on the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::Faults;
use super::index::{Checkpoint, Draft, Index};
use super::prepare::{Prepared, Run};
use super::shared::{Disk, Shared};
use crate::disk::DiskError;
use crate::log::frame::{self, Frame, Hash};
use crate::log::{AppendError, Appended, Expected, Position};

/// The most appends of one group commit; it bounds how long the first of them waits.
const GROUP_APPENDS_MAX: usize = 4096;

/// The most bytes of records in one group commit, unless its first append alone has more: the
/// store keeps a batch in memory until it is written.
const GROUP_BYTES_MAX: usize = 2 << 20;

type Answer = Result<Appended, AppendError>;

/// An append in the queue.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) prepared: Prepared,
    pub(super) answer: oneshot::Sender<Answer>,
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    queue: mpsc::Receiver<Request>,
    /// Taken from the queue, but too much for the group before.
    held: Option<Request>,
    end: End,
    store_id: Uuid,
    faults: Option<Arc<dyn Faults>>,
}

/// Where the log ends.
#[derive(Clone, Copy, Debug)]
struct End {
    /// The hash of the last frame.
    chain: Hash,
    /// The position of the last event.
    last: Position,
}

/// Appends that are written together.
#[derive(Debug, Default)]
struct Group {
    draft: Draft,
    frames: Vec<Frame>,
    answers: Vec<(oneshot::Sender<Answer>, Answer)>,
}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        queue: mpsc::Receiver<Request>,
        chain: Hash,
        store_id: Uuid,
        faults: Option<Arc<dyn Faults>>,
    ) -> Writer {
        let end = End { chain, last: shared.head() };
        Writer { shared, queue, held: None, end, store_id, faults }
    }

    /// Writes until the log is closed and nothing is left to write; then releases the folder.
    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let (wake, woken) = sync_channel(1);
        let flusher = Arc::clone(&shared);
        let flusher = thread::Builder::new()
            .name("switchboard-index".into())
            .spawn(move || flush_lazily(&flusher, &woken));
        if let Err(error) = &flusher {
            shared.poison(&error.to_string());
        }
        if catch_unwind(AssertUnwindSafe(|| self.write_all(&wake))).is_err() {
            shared.poison("its writer panicked");
        }
        self.refuse_all();
        drop(wake);
        if let Ok(flusher) = flusher {
            // Its panic can only have concerned derived data, which the next opening folds again.
            let _ = flusher.join();
        }
        if let Some(disk) = shared.disk().as_ref() {
            report(&shared, &disk.index, disk.index.flush_only());
        }
        shared.release();
    }

    fn write_all(&mut self, wake: &SyncSender<()>) {
        while let Some(first) = self.held.take().or_else(|| self.queue.blocking_recv()) {
            let requests = self.take_waiting(first);
            if let Some(reason) = self.shared.poisoned() {
                for request in requests {
                    answer(request.answer, Err(AppendError::Unavailable { reason: reason.clone() }));
                }
                continue;
            }
            self.commit(requests, wake);
        }
    }

    /// Answers what is left when the writer ends early.
    fn refuse_all(&mut self) {
        let reason = self.shared.poisoned().unwrap_or_else(|| "it is closed".into());
        self.queue.close();
        while let Some(request) = self.held.take().or_else(|| self.queue.try_recv().ok()) {
            answer(request.answer, Err(AppendError::Unavailable { reason: reason.clone() }));
        }
    }

    /// Takes what is waiting already, within the bounds of a group.
    fn take_waiting(&mut self, first: Request) -> Vec<Request> {
        let mut bytes = first.prepared.bytes;
        let mut requests = vec![first];
        while requests.len() < GROUP_APPENDS_MAX {
            let Ok(request) = self.queue.try_recv() else { break };
            bytes += request.prepared.bytes;
            if bytes > GROUP_BYTES_MAX {
                self.held = Some(request);
                break;
            }
            requests.push(request);
        }
        requests
    }

    fn commit(&mut self, requests: Vec<Request>, wake: &SyncSender<()>) {
        let shared = Arc::clone(&self.shared);
        let disk = shared.disk();
        let Some(disk) = disk.as_ref() else {
            return shared.poison("its folder is closed");
        };
        let mut group = Group::default();
        let mut end = self.end;
        let result =
            group.fill(&disk.index, requests, &mut end).and_then(|()| self.persist(disk, &group.frames));
        if let Err(reason) = result {
            shared.poison(&reason);
            return group.fail(&reason);
        }
        self.end = end;
        let checkpoint = Checkpoint { store_id: self.store_id, position: end.last, hash: end.chain };
        group.publish(&shared, &disk.index, &checkpoint);
        if disk.index.must_flush() {
            report(&shared, &disk.index, disk.index.flush_only());
        } else if disk.index.wants_flush() {
            // A full channel says that the flusher is about to look anyway.
            let _ = wake.try_send(());
        }
    }

    /// Makes the frames durable.
    fn persist(&self, disk: &Disk, frames: &[Frame]) -> Result<(), String> {
        if frames.is_empty() {
            return Ok(());
        }
        let fault = |point: fn(&dyn Faults) -> std::io::Result<()>| match &self.faults {
            Some(faults) => point(faults.as_ref()).map_err(|error| error.to_string()),
            None => Ok(()),
        };
        fault(|faults| faults.before_write())?;
        disk.store.apply(frames.iter().flat_map(Frame::values)).map_err(|error| error.to_string())?;
        fault(|faults| faults.after_write())?;
        fault(|faults| faults.before_sync())?;
        disk.store.sync().map_err(|error| error.to_string())?;
        add(&self.shared.counters.syncs, 1);
        add(&self.shared.counters.bytes, frames.iter().map(|frame| frame.bytes().len() as u64).sum());
        Ok(())
    }
}

impl Group {
    /// Takes the appends whose expectations hold, each against the log and those before it.
    fn fill(&mut self, index: &Index, requests: Vec<Request>, end: &mut End) -> Result<(), String> {
        let mut open = None;
        let mut filled = Ok(());
        for Request { prepared, answer } in requests {
            let taken = filled.clone().and_then(|()| self.take(index, &prepared, end, &mut open));
            let result = taken.unwrap_or_else(|reason: String| {
                filled = Err(reason.clone());
                Err(AppendError::Unavailable { reason })
            });
            self.answers.push((answer, result));
        }
        self.seal(open, end);
        filled
    }

    fn take(
        &mut self,
        index: &Index,
        prepared: &Prepared,
        end: &mut End,
        open: &mut Option<frame::Open>,
    ) -> Result<Answer, String> {
        for (stream, expected) in &prepared.expects {
            let Expected::Exactly(expected) = *expected else { continue };
            let found = self.draft.version(index, stream).map_err(|error| error.to_string())?;
            if found != expected {
                return Ok(Err(AppendError::Conflict { stream: stream.clone(), expected, found }));
            }
        }
        let first = end.last.next();
        for run in &prepared.runs {
            self.frame(index, run, end, open)?;
        }
        Ok(Ok(Appended { first, last: end.last }))
    }

    /// Adds a run to the open frame, or to a new one where it does not fit.
    fn frame(
        &mut self,
        index: &Index,
        run: &Run,
        end: &mut End,
        open: &mut Option<frame::Open>,
    ) -> Result<(), String> {
        if open.as_ref().is_some_and(|open| !open.fits(run.len(), run.bytes_max())) {
            self.seal(open.take(), end);
        }
        let open = open.get_or_insert_with(|| frame::Open::new(end.last.next()));
        for (stream, content) in run.records() {
            end.last = end.last.next();
            let version = self.draft.push(index, stream, end.last).map_err(|error| error.to_string())?;
            open.push(version, crate::log::Version(version.0 - 1), content);
        }
        Ok(())
    }

    fn seal(&mut self, open: Option<frame::Open>, end: &mut End) {
        if let Some(open) = open {
            let sealed = open.seal(&end.chain);
            end.chain = sealed.hash;
            self.frames.push(sealed.frame);
        }
    }

    /// Lets readers see the events, moves the head, and answers; in this order.
    fn publish(self, shared: &Shared, index: &Index, checkpoint: &Checkpoint) {
        if !self.frames.is_empty() {
            shared.recent.push(self.frames);
            self.draft.publish(index, checkpoint);
            shared.publish(checkpoint.position);
        }
        for (sender, result) in self.answers {
            match &result {
                Ok(appended) => {
                    add(&shared.counters.appends, 1);
                    add(&shared.counters.events, appended.last.0 - appended.first.0 + 1);
                }
                Err(_) => add(&shared.counters.conflicts, 1),
            }
            answer(sender, result);
        }
    }

    /// Answers a group that failed: a conflict may have been with what failed with it.
    fn fail(self, reason: &str) {
        for (sender, result) in self.answers {
            let error = match result {
                Ok(_) => AppendError::Unknown { reason: reason.into() },
                Err(_) => AppendError::Unavailable { reason: reason.into() },
            };
            answer(sender, Err(error));
        }
    }
}

/// Nobody may be waiting any more: dropping the future of an append does not cancel it.
fn answer(sender: oneshot::Sender<Answer>, result: Answer) {
    let _ = sender.send(result);
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

/// Writes the index behind the writer's back, whenever there is enough of it.
fn flush_lazily(shared: &Shared, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        if let Some(disk) = shared.disk().as_ref() {
            report(shared, &disk.index, disk.index.flush());
        }
    }
}

/// A failed flush costs nothing but memory: everything is still readable, and the next one tries
/// again; but not for ever.
fn report(shared: &Shared, index: &Index, flushed: Result<(), DiskError>) {
    let Err(error) = flushed else { return };
    tracing::warn!(%error, "the stream index could not be written");
    if index.is_overdue() {
        shared.poison("the stream index cannot be written, and too much of it waits in memory");
    }
}
