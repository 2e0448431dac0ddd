//! The frames of a log one after the other: each chained to the one before it, none missing.
//!
//! Holds some hundred kilobytes of frames at a time.

use std::collections::VecDeque;

use super::{Audit, AuditError, Fault, Progress, Report};
use crate::log::frame::{Frame, Hash};
use crate::log::{Position, ReadError};

/// Frames between two reports of progress: a few thousand events.
const REPORT_FRAMES: u64 = 256;

/// Goes through the frames up to the one that holds a position.
pub(super) struct Walk<'a> {
    audit: &'a Audit,
    work: &'static str,
    next: Position,
    end: Position,
    chain: Hash,
    frames: u64,
    read: VecDeque<Frame>,
    /// Why there are no more than were read.
    broken: Option<ReadError>,
}

impl<'a> Walk<'a> {
    /// Begins with the frame that holds `from`, and ends with the one that holds `to`.
    pub(super) fn new(
        audit: &'a Audit,
        work: &'static str,
        from: Position,
        to: Position,
    ) -> Result<Walk<'a>, AuditError> {
        let header = audit.log.raw_header()?;
        let (mut next, mut chain) = (Position(1), header.hash);
        if from > next {
            next = if from <= audit.head { audit.log.raw_holding(from)?.first } else { from };
        }
        if next > Position(1) {
            chain = audit.log.raw_holding(Position(next.0 - 1))?.hash();
        }
        Ok(Walk { audit, work, next, end: to, chain, frames: 0, read: VecDeque::new(), broken: None })
    }

    /// The position at which the next frame begins.
    pub(super) fn next_position(&self) -> Position {
        self.next
    }

    /// The hash that the next frame is chained to.
    pub(super) fn chain(&self) -> Hash {
        self.chain
    }

    /// The next frame and its hash.
    ///
    /// # Errors
    ///
    /// The fault that was found, or `Stopped`.
    pub(super) fn step(&mut self, report: Report<'_>) -> Result<Option<(Frame, Hash)>, AuditError> {
        let at = Position(self.next.0 - 1);
        if self.frames.is_multiple_of(REPORT_FRAMES) || self.next > self.end {
            let progress = Progress { work: self.work, at: at.min(self.end), end: self.end };
            if !report(progress) {
                return Err(AuditError::Stopped { at });
            }
        }
        if self.next > self.end {
            return Ok(None);
        }
        let first = self.next;
        let shown = |fault: Fault| fault.showing(self.audit.log.raw_bytes(first).as_deref());
        let frame = match self.next_frame() {
            Some(Ok(frame)) if frame.first == first => frame,
            Some(Ok(_)) | None => return Err(missing(self.audit, first).into()),
            Some(Err(ReadError::Damaged { position, reason })) => {
                // The store may not know where it is damaged, but here it was noticed.
                return Err(shown(Fault::at(position.max(first), reason)).into());
            }
            // What the disk does not give says nothing about what was written on it.
            Some(Err(error @ ReadError::Unavailable { .. })) => {
                return Err(AuditError::Failed(format!("position {first}: {error}")));
            }
        };
        if frame.previous() != self.chain {
            let reason = "it is not chained to the frame before it";
            return Err(shown(Fault::at(first, reason)).into());
        }
        self.chain = frame.hash();
        self.next = frame.last.next();
        self.frames += 1;
        Ok(Some((frame, self.chain)))
    }

    fn next_frame(&mut self) -> Option<Result<Frame, ReadError>> {
        if self.read.is_empty() && self.broken.is_none() {
            let (read, broken) = self.audit.log.raw_frames(self.next);
            (self.read, self.broken) = (read.into(), broken);
        }
        self.read.pop_front().map(Ok).or_else(|| self.broken.take().map(Err))
    }
}

fn missing(audit: &Audit, first: Position) -> Fault {
    Fault::at(first, "its frame is missing").showing(audit.log.raw_bytes(first).as_deref())
}
