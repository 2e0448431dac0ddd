//! Reading an embedded log: from the recent frames, or else from the store.
//!
//! Knows where records are; sees only what the head has reached.

use super::frames;
use super::shared::{Shared, closed};
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
    let oldest = positions.first().copied();
    if oldest.is_some_and(|oldest| !shared.recent.covers(oldest)) {
        return None;
    }
    pick_recent(shared, &positions)
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
    let mut positions = positions.into_iter().peekable();
    while let Some(position) = positions.peek().copied() {
        let frame = decode_holding(shared, &disk.store, position)?;
        let last = frame.last().map_or(position, |record| record.position);
        let mut wanted = Vec::new();
        while let Some(position) = positions.next_if(|position| *position <= last) {
            wanted.push(position);
        }
        pick(frame, &wanted, &mut records);
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
    let mut records = Vec::new();
    let mut after = after;
    while after < head && records.len() < limit {
        let frame = shared.recent.find(after.next())?;
        match frames::check(frame.first, &frame.bytes).and_then(|checked| decode(frame.first, checked)) {
            Ok(decoded) => extend(&mut records, decoded, after, head, limit),
            Err(error) => return Some(Err(error)),
        }
        after = frame.last;
    }
    Some(Ok(records))
}

/// Reads on from a position.
pub(super) fn all(shared: &Shared, after: Position, limit: usize) -> Result<Vec<Record>, ReadError> {
    let disk = shared.disk();
    let disk = disk.as_ref().ok_or_else(closed)?;
    let head = shared.head();
    let mut records = Vec::new();
    let mut after = after;
    while after < head && records.len() < limit {
        let frame = decode_holding(shared, &disk.store, after.next())?;
        let last = frame.last().map_or(head, |record| record.position);
        extend(&mut records, frame, after, head, limit);
        after = last;
    }
    Ok(records)
}

fn pick_recent(shared: &Shared, positions: &[Position]) -> Option<Result<Vec<Record>, ReadError>> {
    let mut records = Vec::with_capacity(positions.len());
    let mut rest = positions;
    while let Some(position) = rest.first() {
        let frame = shared.recent.find(*position)?;
        let here = rest.partition_point(|position| *position <= frame.last);
        let (wanted, later) = rest.split_at(here);
        match frames::check(frame.first, &frame.bytes).and_then(|checked| decode(frame.first, checked)) {
            Ok(decoded) => pick(decoded, wanted, &mut records),
            Err(error) => return Some(Err(error)),
        }
        rest = later;
    }
    Some(Ok(records))
}

fn decode_holding(
    shared: &Shared,
    store: &crate::disk::Store,
    position: Position,
) -> Result<Vec<Record>, ReadError> {
    if let Some(frame) = shared.recent.find(position) {
        return decode(frame.first, frames::check(frame.first, &frame.bytes)?);
    }
    let (first, bytes) = frames::holding(store, position)?;
    let checked = frames::check(first, &bytes)?;
    if checked.last() < position {
        return Err(frames::damaged(position, "its frame is missing"));
    }
    decode(first, checked)
}

fn decode(first: Position, checked: crate::log::frame::Checked<'_>) -> Result<Vec<Record>, ReadError> {
    checked.records().map_err(|error| frames::damaged(first, error))
}

/// Takes the records at the wanted positions, both in order.
fn pick(frame: Vec<Record>, wanted: &[Position], into: &mut Vec<Record>) {
    let mut wanted = wanted.iter().peekable();
    into.extend(
        frame.into_iter().filter(|record| wanted.next_if(|next| **next == record.position).is_some()),
    );
}

fn extend(into: &mut Vec<Record>, frame: Vec<Record>, after: Position, head: Position, limit: usize) {
    let room = limit - into.len();
    let seen = frame.into_iter().filter(|record| record.position > after && record.position <= head);
    into.extend(seen.take(room));
}
