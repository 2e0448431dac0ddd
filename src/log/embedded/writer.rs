//! The first stage: appends are collected, checked and framed while the group before is synced.
//!
//! Knows what is in flight, and hands over one group at a time. A lone append is committed here and
//! now: handing it to another thread would cost it more than there is to gain.
//!
//! ```text
//!   queue ─▶ fill group n+1 ──(n is done)──▶ write · sync · publish · answer
//!              ^ stands on group n, and is refused when that one fails
//! ```

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::Faults;
use super::commit::{Background, Committer};
use super::group::{Answer, End, Group, answer};
use super::index::{Draft, Index};
use super::lazily;
use super::prepare::Prepared;
use super::shared::Shared;
use crate::log::AppendError;
use crate::log::frame::Hash;

/// The most appends of one group commit; it bounds how long the first of them waits.
const GROUP_APPENDS_MAX: usize = 4096;

/// The most bytes of records in one group commit, unless its first append alone has more: the
/// store keeps a batch in memory until it is written.
const GROUP_BYTES_MAX: usize = 2 << 20;

/// The most appends of a group that is committed without another thread: what would be filled
/// meanwhile is little.
const INLINE_APPENDS_MAX: usize = 4;

/// How long appends gather while a group is in flight before they are looked at: to be woken for
/// each of them costs more than to check it.
const GATHERING: Duration = Duration::from_micros(100);

/// An append in the queue.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) prepared: Prepared,
    pub(super) answer: oneshot::Sender<Answer>,
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    queue: mpsc::Receiver<Request>,
    group_appends_max: usize,
    store_id: Uuid,
    faults: Option<Arc<dyn Faults>>,
    group: Group,
    /// Taken from the queue, but too much for the group before.
    held: Option<Request>,
    /// Whether a group is in flight, and whether it is done.
    in_flight: bool,
    done: Arc<AtomicBool>,
    /// The memory of a draft that was published.
    spare: Option<Draft>,
}

/// The threads behind the writer.
struct Behind {
    committer: Arc<Committer>,
    background: Background,
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
        Writer {
            shared,
            group_appends_max: GROUP_APPENDS_MAX.min(queue.max_capacity()),
            queue,
            store_id,
            faults,
            group: Group::new(Draft::default(), end),
            held: None,
            in_flight: false,
            done: Arc::default(),
            spare: None,
        }
    }

    /// Writes until the log is closed and nothing is left to write; then releases the folder.
    pub(super) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let (wake_lazy, woken) = sync_channel(1);
        let (behind, opened_at, faults) = (Arc::clone(&shared), shared.head(), self.faults.clone());
        let lazy = thread::Builder::new()
            .name("switchboard-lazy".into())
            .spawn(move || lazily::run(&behind, opened_at, faults.as_ref(), &woken));
        let committer = Arc::new(Committer {
            shared: Arc::clone(&shared),
            store_id: self.store_id,
            faults: self.faults.take(),
            wake_lazy,
        });
        let background = Background::start(Arc::clone(&committer), self.tell_done());
        if let Err(error) = &lazy {
            shared.poison(&error.to_string());
        }
        match background {
            Ok(background) => {
                let behind = Behind { committer, background };
                if catch_unwind(AssertUnwindSafe(|| self.write_all(&behind))).is_err() {
                    shared.poison("its writer panicked");
                }
                behind.background.join();
            }
            Err(error) => {
                shared.poison(&error.to_string());
                // It holds the other thread's waker, and that ends without one.
                drop(committer);
            }
        }
        self.refuse_all();
        shared.end();
        if let Ok(lazy) = lazy {
            // Its panic can only have concerned what is there twice, or can be derived again.
            let _ = lazy.join();
        }
        if let Some(disk) = shared.disk().as_ref() {
            lazily::report(&shared, &disk.index, disk.index.flush_only());
        }
        shared.release();
    }

    /// Wakes this thread, which sleeps while a group is in flight.
    fn tell_done(&self) -> impl Fn() + Send + 'static {
        let (done, writer) = (Arc::clone(&self.done), thread::current());
        move || {
            done.store(true, Ordering::Release);
            writer.unpark();
        }
    }

    /// Writes until the queue is closed and nothing is left of it.
    fn write_all(&mut self, behind: &Behind) {
        loop {
            let is_idle = !self.in_flight && self.group.len() == 0 && self.held.is_none();
            let first = match self.held.take() {
                Some(held) if self.group.len() > 0 => {
                    self.held = Some(held);
                    None
                }
                Some(held) => Some(held),
                None if is_idle => self.queue.blocking_recv(),
                None if self.is_full() => None,
                None => self.queue.try_recv().ok(),
            };
            match first {
                Some(request) => self.fill(request),
                None if is_idle => return,
                None => {}
            }
            if !self.is_clear() {
                thread::park_timeout(GATHERING);
            } else if self.group.len() > 0 {
                self.hand_over(behind);
            }
        }
    }

    /// Takes a request and what is waiting behind it, within the bounds of a group.
    fn fill(&mut self, first: Request) {
        let shared = Arc::clone(&self.shared);
        let disk = shared.disk();
        let Some(disk) = disk.as_ref() else { return shared.poison("its folder is closed") };
        self.take(&disk.index, first);
        while !self.is_full() {
            match self.queue.try_recv() {
                Ok(next) if self.is_too_much(&next) => self.held = Some(next),
                Ok(next) => self.take(&disk.index, next),
                Err(_) => break,
            }
        }
    }

    fn take(&mut self, index: &Index, request: Request) {
        if let Some(reason) = self.shared.poisoned() {
            return answer(request.answer, Err(AppendError::Unavailable { reason }));
        }
        if let Err(reason) = self.group.take(index, request) {
            self.shared.poison(&reason);
        }
    }

    fn is_too_much(&self, next: &Request) -> bool {
        self.group.len() > 0 && self.group.bytes() + next.prepared.bytes > GROUP_BYTES_MAX
    }

    fn is_full(&self) -> bool {
        self.held.is_some() || self.group.len() >= self.group_appends_max
    }

    /// Whether no group is in flight any more.
    fn is_clear(&mut self) -> bool {
        if self.in_flight && self.done.swap(false, Ordering::Acquire) {
            self.in_flight = false;
            let published = self.group.settle();
            self.reuse(published);
        }
        !self.in_flight
    }

    /// Commits the group, here or behind; nothing may be in flight.
    fn hand_over(&mut self, behind: &Behind) {
        let draft = self.spare.take().unwrap_or_default();
        let filled = self.group.seal(draft);
        let draft = Arc::clone(&filled.draft);
        if filled.len() > INLINE_APPENDS_MAX {
            self.group.stand_on(draft);
            self.in_flight = true;
            behind.background.commit(filled);
        } else {
            behind.committer.commit(filled);
            self.reuse(Some(draft));
        }
    }

    fn reuse(&mut self, published: Option<Arc<Draft>>) {
        self.spare = published.and_then(Arc::into_inner).map(Draft::emptied).or(self.spare.take());
    }

    /// Answers what is left when the writer ends early.
    fn refuse_all(&mut self) {
        let reason = self.shared.poisoned().unwrap_or_else(|| "it is closed".into());
        self.queue.close();
        if let Some(request) = self.held.take() {
            answer(request.answer, Err(AppendError::Unavailable { reason: reason.clone() }));
        }
        while let Ok(request) = self.queue.try_recv() {
            answer(request.answer, Err(AppendError::Unavailable { reason: reason.clone() }));
        }
    }
}
