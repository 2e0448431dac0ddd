//! Reading an embedded log: from frames in memory, or else from the store.
//!
//! Knows where records are; sees only what the head has reached, and decodes only what is wanted.

use super::frames::{self, Frames};
use super::shared::{Shared, closed};
use crate::log::frame::Frame;
use crate::log::taken::Taken;
use crate::log::{Position, ReadError, Record, StreamName, Version};

/// Reads a stream if that surely needs no disk.
pub(super) fn stream_in_memory(
    shared: &Shared,
    stream: &StreamName,
    after: Version,
    limit: usize,
) -> Option<Result<Vec<Record>, ReadError>> {
    let positions = {
        let disk = shared.disk();
        disk.as_ref()?.index.positions_in_memory(stream, after, limit)?
    };
    let mut records = Vec::with_capacity(positions.len());
    let mut rest = &positions[..];
    while let Some(position) = rest.first() {
        match pick(&in_memory(shared, *position)?, &mut rest, &mut records) {
            Ok(()) => {}
            Err(error) => return Some(Err(error)),
        }
    }
    Some(Ok(records))
}

/// Reads a stream.
pub(super) fn stream(
    shared: &Shared,
    stream: &StreamName,
    after: Version,
    limit: usize,
) -> Result<Vec<Record>, ReadError> {
    let disk = shared.disk();
    let disk = disk.as_ref().ok_or_else(closed)?;
    let positions = disk.index.positions(stream, after, limit).map_err(frames::unavailable)?;
    let mut records = Vec::with_capacity(positions.len());
    let mut rest = &positions[..];
    while let Some(position) = rest.first() {
        let frame = match in_memory(shared, *position) {
            Some(frame) => frame,
            None => read_around(shared, &disk.frames, *position)?,
        };
        pick(&frame, &mut rest, &mut records)?;
    }
    Ok(records)
}

/// Reads on from a position if that surely needs no disk.
pub(super) fn all_in_memory(
    shared: &Shared,
    after: Position,
    limit: usize,
) -> Option<Result<Vec<Record>, ReadError>> {
    let head = shared.head();
    if after >= head || limit == 0 {
        return Some(Ok(Vec::new()));
    }
    if !shared.recent.covers(after.next()) {
        return None;
    }
    let mut page = Page::new(after, head, limit);
    while let Some(wanted) = page.wanted() {
        if let Err(error) = page.add(&shared.recent.find(wanted)?) {
            return Some(Err(error));
        }
    }
    Some(Ok(page.records))
}

/// Reads on from a position.
pub(super) fn all(shared: &Shared, after: Position, limit: usize) -> Result<Vec<Record>, ReadError> {
    let disk = shared.disk();
    let disk = disk.as_ref().ok_or_else(closed)?;
    let mut page = Page::new(after, shared.head(), limit);
    let mut frames = disk.frames.from(after.next());
    while let Some(wanted) = page.wanted() {
        let frame = frames.next().unwrap_or_else(|| Err(frames::damaged(wanted, "its frame is missing")))?;
        page.add(&frame)?;
    }
    Ok(page.records)
}

/// Reads what stands at positions if that surely needs no disk.
pub(super) fn at_in_memory(
    shared: &Shared,
    positions: &[Position],
    bytes_max: usize,
) -> Option<Result<Vec<Record>, ReadError>> {
    let mut taken = Taken::new(bytes_max);
    for position in reached(shared, positions) {
        let record = match record_at(&in_memory(shared, position)?, position) {
            Ok(record) => record,
            Err(error) => return Some(Err(error)),
        };
        if !taken.add(record) {
            break;
        }
    }
    Some(Ok(taken.records))
}

/// Reads what stands at positions.
pub(super) fn at(
    shared: &Shared,
    positions: &[Position],
    bytes_max: usize,
) -> Result<Vec<Record>, ReadError> {
    let disk = shared.disk();
    let disk = disk.as_ref().ok_or_else(closed)?;
    let mut taken = Taken::new(bytes_max);
    for position in reached(shared, positions) {
        let frame = match in_memory(shared, position) {
            Some(frame) => frame,
            None => read_around(shared, &disk.frames, position)?,
        };
        if !taken.add(record_at(&frame, position)?) {
            break;
        }
    }
    Ok(taken.records)
}

/// The positions that the log has.
fn reached(shared: &Shared, positions: &[Position]) -> impl Iterator<Item = Position> {
    let head = shared.head();
    positions.iter().copied().filter(move |position| (Position(1)..=head).contains(position))
}

/// The record at a position that a frame holds.
fn record_at(frame: &Frame, position: Position) -> Result<Record, ReadError> {
    let mut records = Vec::with_capacity(1);
    pick(frame, &mut &[position][..], &mut records)?;
    records.pop().ok_or_else(|| frames::damaged(position, "its record is missing"))
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
                self.records.push(encoded.record(position, frame.bytes()));
            }
        }
        self.after = frame.last;
        Ok(())
    }
}

fn in_memory(shared: &Shared, position: Position) -> Option<Frame> {
    shared.recent.find(position).or_else(|| shared.kept.find(position))
}

/// Reads the frame that holds a position, and keeps it with those that were read with it.
fn read_around(shared: &Shared, frames: &Frames, position: Position) -> Result<Frame, ReadError> {
    let read = frames.around(position)?;
    let frame = read.first().cloned().ok_or_else(|| frames::damaged(position, "its frame is missing"))?;
    shared.kept.keep(read);
    Ok(frame)
}

/// Takes the records at the wanted positions that a frame holds, and leaves the positions after it.
fn pick(frame: &Frame, wanted: &mut &[Position], into: &mut Vec<Record>) -> Result<(), ReadError> {
    let mut records = frame.records();
    while let Some(position) = wanted.first().filter(|position| **position <= frame.last) {
        let found = records.find(|read| !matches!(read, Ok((at, _)) if at < position));
        let found = found.ok_or_else(|| frames::damaged(*position, "its record is missing"))?;
        let (at, encoded) = found.map_err(|error| frames::damaged(frame.first, error))?;
        into.push(encoded.record(at, frame.bytes()));
        *wanted = &wanted[1..];
    }
    Ok(())
}
