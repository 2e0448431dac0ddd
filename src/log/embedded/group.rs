//! Appends that are written together: checked, framed, and answered when it is known what came of
//! them.
//!
//! Knows the group before it, which may be on its way to the disk: what is checked here stands on
//! it, so when that one fails this one is not written.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::index::{Checkpoint, Draft, Index};
use super::prepare::{Prepared, Run};
use super::shared::{Shared, add};
use super::writer::Request;
use crate::log::frame::{self, Frame, Hash};
use crate::log::{AppendError, Appended, Expected, Position, Version};
use crate::seeded::{self, Bug};

pub(super) type Answer = Result<Appended, AppendError>;

/// Where the log ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// The hash of the last frame.
    pub(super) chain: Hash,
    /// The position of the last event.
    pub(super) last: Position,
}

/// A group that is being filled.
#[derive(Debug)]
pub(super) struct Group {
    draft: Draft,
    /// The group before, as long as the index may not have it.
    below: Option<Arc<Draft>>,
    end: End,
    open: Option<frame::Open>,
    frames: Vec<Frame>,
    answers: Vec<(oneshot::Sender<Answer>, Answer)>,
    bytes: usize,
}

/// A group that takes no more.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) draft: Arc<Draft>,
    pub(super) end: End,
    pub(super) frames: Vec<Frame>,
    answers: Vec<(oneshot::Sender<Answer>, Answer)>,
}

impl Group {
    /// Begins a group after `end`; `draft` is an empty one.
    pub(super) fn new(draft: Draft, end: End) -> Group {
        Group { draft, below: None, end, open: None, frames: Vec::new(), answers: Vec::new(), bytes: 0 }
    }

    /// How many appends it has.
    pub(super) fn len(&self) -> usize {
        self.answers.len()
    }

    /// The bytes of records that it was handed.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes an append if its expectations hold, against the log and what was taken before it.
    ///
    /// An error says that the index could not be read: the group is worth nothing then.
    pub(super) fn take(&mut self, index: &Index, request: Request) -> Result<(), String> {
        let Request { prepared, answer } = request;
        self.bytes += prepared.bytes;
        let taken = self.check_and_frame(index, &prepared);
        let result = taken.clone().unwrap_or_else(|reason| Err(AppendError::Unavailable { reason }));
        self.answers.push((answer, result));
        taken.map(drop)
    }

    /// Says that the group before is in flight.
    pub(super) fn stand_on(&mut self, before: Arc<Draft>) {
        self.below = Some(before);
    }

    /// Takes the group before away: the index has it, or nothing stands on it any more.
    pub(super) fn settle(&mut self) -> Option<Arc<Draft>> {
        self.below.take()
    }

    /// Finishes the group, and begins the one after it with an empty draft.
    pub(super) fn seal(&mut self, next: Draft) -> Filled {
        self.seal_frame();
        // The next one is mostly as large.
        let answers = Vec::with_capacity(self.answers.len());
        let next = Group { answers, ..Group::new(next, self.end) };
        let sealed = std::mem::replace(self, next);
        let draft = Arc::new(sealed.draft);
        Filled { draft, end: sealed.end, frames: sealed.frames, answers: sealed.answers }
    }

    fn check_and_frame(&mut self, index: &Index, prepared: &Prepared) -> Result<Answer, String> {
        let below = self.below.as_deref();
        for (stream, expected) in &prepared.expects {
            let Expected::Exactly(expected) = *expected else { continue };
            let found = self.draft.version(index, below, stream).map_err(|error| error.to_string())?;
            if found != expected && !seeded::is(Bug::StaleExpectation) {
                return Ok(Err(AppendError::Conflict { stream: stream.clone(), expected, found }));
            }
        }
        let first = self.end.last.next();
        for run in &prepared.runs {
            self.frame(index, run)?;
        }
        Ok(Ok(Appended { first, last: self.end.last }))
    }

    /// Adds a run to the open frame, or to a new one where it does not fit.
    fn frame(&mut self, index: &Index, run: &Run) -> Result<(), String> {
        if self.open.as_ref().is_some_and(|open| !open.fits(run.len(), run.bytes_max())) {
            self.seal_frame();
        }
        let open = self.open.get_or_insert_with(|| frame::Open::new(self.end.last.next()));
        for (stream, content) in run.records() {
            self.end.last = self.end.last.next();
            let version = self
                .draft
                .push(index, self.below.as_deref(), stream, self.end.last)
                .map_err(|error| error.to_string())?;
            open.push(version, Version(version.0 - 1), content);
        }
        Ok(())
    }

    fn seal_frame(&mut self) {
        if let Some(open) = self.open.take() {
            let sealed = open.seal(&self.end.chain);
            self.end.chain = sealed.hash;
            self.frames.push(sealed.frame);
        }
    }
}

impl Filled {
    /// How many appends it has.
    pub(super) fn len(&self) -> usize {
        self.answers.len()
    }

    /// Lets readers see the events, moves the head, and answers; in this order.
    pub(super) fn publish(self, shared: &Shared, index: &Index, checkpoint: &Checkpoint) {
        if !self.frames.is_empty() {
            shared.recent.push(self.frames);
            self.draft.publish(index, checkpoint);
            shared.publish(checkpoint.position);
        }
        // Whoever fills the next group takes the draft up again.
        drop(self.draft);
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

    /// Answers a group of which it is not known whether it was written: a conflict may have been
    /// with what failed with it.
    pub(super) fn fail(self, reason: &str) {
        self.answer_all(|result| match result {
            Ok(_) => AppendError::Unknown { reason: reason.into() },
            Err(_) => AppendError::Unavailable { reason: reason.into() },
        });
    }

    /// Answers a group of which nothing was handed to the store.
    pub(super) fn refuse(self, reason: &str) {
        self.answer_all(|_| AppendError::Unavailable { reason: reason.into() });
    }

    fn answer_all(self, error: impl Fn(Answer) -> AppendError) {
        for (sender, result) in self.answers {
            answer(sender, Err(error(result)));
        }
    }
}

/// Nobody may be waiting any more: dropping the future of an append does not cancel it.
pub(super) fn answer(sender: oneshot::Sender<Answer>, result: Answer) {
    let _ = sender.send(result);
}
