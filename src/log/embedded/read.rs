//! Reading an embedded log: from frames in memory, or else from sealed files and the store.
//!
//! Knows where records are; sees only what the head has reached, and decodes only what is wanted.
//! Each read is tried at once first, by whoever asks: what the system has in its memory is read in
//! less time than it takes to hand the question to a thread that may wait.

use bytes::Bytes;

use super::frames::{self, Frames};
use super::shared::{Disk, Shared, closed};
use crate::log::frame::{Frame, View};
use crate::log::taken::Taken;
use crate::log::{Position, ReadError, Record, StreamName, Version};

/// The most bytes of frames that are read from files at once: some hundred microseconds.
const AT_ONCE_BYTES_MAX: usize = 512 << 10;

/// Whether a read may wait for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// It may not, and gives nothing where it would have to.
    AtOnce,
    /// It may.
    Waiting,
}

/// Reads a stream.
pub(super) fn stream(
    shared: &Shared,
    patience: Patience,
    stream: &StreamName,
    after: Version,
    limit: usize,
) -> Result<Option<Vec<Record>>, ReadError> {
    let disk = shared.disk();
    let disk = disk.as_ref().ok_or_else(closed)?;
    let positions = match patience {
        Patience::AtOnce => disk.index.positions_at_once(stream, after, limit, AT_ONCE_BYTES_MAX),
        Patience::Waiting => {
            disk.index.positions(stream, after, limit).map(Some).map_err(frames::unavailable)?
        }
    };
    let Some(positions) = positions else { return Ok(None) };
    let mut found = Finder::new(shared, disk, patience);
    let mut records = Vec::with_capacity(positions.len());
    let mut rest = &positions[..];
    while let Some(position) = rest.first() {
        if !found.pick(*position, &mut rest, &mut records)? {
            return Ok(None);
        }
    }
    Ok(Some(records))
}

/// Reads what stands at positions.
pub(super) fn at(
    shared: &Shared,
    patience: Patience,
    positions: &[Position],
    bytes_max: usize,
) -> Result<Option<Vec<Record>>, ReadError> {
    let disk = shared.disk();
    let disk = disk.as_ref().ok_or_else(closed)?;
    let mut found = Finder::new(shared, disk, patience);
    let mut taken = Taken::new(bytes_max);
    let head = shared.head();
    for position in positions.iter().filter(|position| (Position(1)..=head).contains(position)) {
        let Some(record) = found.record(*position)? else { return Ok(None) };
        if !taken.add(record) {
            break;
        }
    }
    Ok(Some(taken.records))
}

/// Reads on from a position; at once only what was written lately.
pub(super) fn all(
    shared: &Shared,
    patience: Patience,
    after: Position,
    limit: usize,
) -> Result<Option<Vec<Record>>, ReadError> {
    let mut page = Page::new(after, shared.head(), limit);
    match patience {
        Patience::AtOnce => {
            if page.wanted().is_some_and(|wanted| !shared.recent.covers(wanted)) {
                return Ok(None);
            }
            while let Some(wanted) = page.wanted() {
                let Some(frame) = shared.recent.find(wanted) else { return Ok(None) };
                page.add(&frame)?;
            }
        }
        Patience::Waiting => {
            let disk = shared.disk();
            let disk = disk.as_ref().ok_or_else(closed)?;
            let mut frames = disk.frames.from(after.next());
            while let Some(wanted) = page.wanted() {
                let missing = || Err(frames::damaged(wanted, "its frame is missing"));
                page.add(&frames.next().unwrap_or_else(missing)?)?;
            }
        }
    }
    Ok(Some(page.records))
}

/// Finds records frame by frame, wherever they are.
struct Finder<'a> {
    shared: &'a Shared,
    frames: &'a Frames,
    patience: Patience,
    /// How many bytes may be read from files at once.
    bytes_left: usize,
    /// Where they are read to: a frame is looked at there and forgotten, since the system has it.
    buffer: Vec<u8>,
}

impl<'a> Finder<'a> {
    fn new(shared: &'a Shared, disk: &'a Disk, patience: Patience) -> Finder<'a> {
        Finder { shared, frames: &disk.frames, patience, bytes_left: AT_ONCE_BYTES_MAX, buffer: Vec::new() }
    }

    /// Takes the records at wanted positions from the frame that holds the first of them, and leaves
    /// the positions after it; `false` if it would have to be waited for and may not be.
    fn pick(
        &mut self,
        position: Position,
        wanted: &mut &[Position],
        into: &mut Vec<Record>,
    ) -> Result<bool, ReadError> {
        let (recent, kept) = (&self.shared.recent, &self.shared.kept);
        if let Some(frame) = recent.find(position).or_else(|| kept.find(position)) {
            return pick(frame.view(), |payload| frame.bytes().slice_ref(payload), wanted, into)
                .map(|()| true);
        }
        match self.patience {
            Patience::AtOnce => {
                let Finder { bytes_left, buffer, .. } = self;
                let Some(view) = self.frames.holding_at_once(position, bytes_left, buffer) else {
                    return Ok(false);
                };
                pick(view, Bytes::copy_from_slice, wanted, into)?;
            }
            Patience::Waiting => {
                let read = self.frames.around(position)?;
                let missing = || frames::damaged(position, "its frame is missing");
                let frame = read.first().cloned().ok_or_else(missing)?;
                kept.keep(read);
                pick(frame.view(), |payload| frame.bytes().slice_ref(payload), wanted, into)?;
            }
        }
        Ok(true)
    }

    /// The record at a position, unless it would have to be waited for and may not be.
    fn record(&mut self, position: Position) -> Result<Option<Record>, ReadError> {
        let mut records = Vec::with_capacity(1);
        let is_read = self.pick(position, &mut &[position][..], &mut records)?;
        let missing = || frames::damaged(position, "its record is missing");
        is_read.then(|| records.pop().ok_or_else(missing)).transpose()
    }
}

/// Records of the log on their way to a reader.
struct Page {
    after: Position,
    head: Position,
    limit: usize,
    records: Vec<Record>,
}

impl Page {
    fn new(after: Position, head: Position, limit: usize) -> Page {
        let there = usize::try_from(head.0.saturating_sub(after.0)).unwrap_or(usize::MAX);
        Page { after, head, limit, records: Vec::with_capacity(there.min(limit)) }
    }

    /// The position that comes next, if there is one and it fits.
    fn wanted(&self) -> Option<Position> {
        (self.after < self.head && self.records.len() < self.limit).then(|| self.after.next())
    }

    fn add(&mut self, frame: &Frame) -> Result<(), ReadError> {
        for read in frame.records() {
            let (position, encoded) = read.map_err(|error| frames::damaged(frame.first, error))?;
            if position > self.head || self.records.len() == self.limit {
                break;
            }
            if position > self.after {
                self.records.push(frame.record(position, &encoded));
            }
        }
        self.after = frame.last;
        Ok(())
    }
}

/// Takes the records at the wanted positions that a frame holds, and leaves the positions after it.
fn pick(
    frame: View<'_>,
    keep: impl Fn(&[u8]) -> Bytes,
    wanted: &mut &[Position],
    into: &mut Vec<Record>,
) -> Result<(), ReadError> {
    let mut records = frame.records();
    while let Some(position) = wanted.first().filter(|position| **position <= frame.last) {
        let found = records.find(|read| !matches!(read, Ok((at, _)) if at < position));
        let found = found.ok_or_else(|| frames::damaged(*position, "its record is missing"))?;
        let (at, encoded) = found.map_err(|error| frames::damaged(frame.first, error))?;
        if at != *position {
            return Err(frames::damaged(*position, "the stream index names it twice"));
        }
        into.push(encoded.record(at, &keep));
        *wanted = &wanted[1..];
    }
    Ok(())
}
