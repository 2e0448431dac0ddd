//! Frames in the store: finding and reading them.
//!
//! Knows keys and parts; the records inside are decoded by [`crate::log::frame`].

use bytes::Bytes;

use crate::disk::{DiskError, Store};
use crate::log::frame::{self, Frame};
use crate::log::{Position, ReadError};

/// A key after that of every frame.
const AFTER_ALL: [u8; 16] = [0xff; 16];

/// Reads and checks the frame that begins at a position, if one does.
pub(super) fn starting_at(store: &Store, first: Position) -> Result<Option<Frame>, ReadError> {
    let Some(value) = store.get(&frame::key(first, 0)).map_err(unavailable)? else { return Ok(None) };
    let parts = frame::parts(&value).map_err(|error| damaged(first, error))?;
    if parts == 1 {
        return check(first, Bytes::from_owner(value)).map(Some);
    }
    let mut bytes = value.to_vec();
    for part in 1..parts {
        let value = store.get(&frame::key(first, part as u16)).map_err(unavailable)?;
        bytes.extend_from_slice(&value.ok_or_else(|| missing(first, part))?);
    }
    check(first, bytes.into()).map(Some)
}

/// Reads the frames on from the one that begins at a position, as long as they follow each other.
///
/// Each is looked up by its key: the store's own iterator kept hundreds of megabytes of leaves.
pub(super) fn following(store: &Store, first: Position) -> impl Iterator<Item = Result<Frame, ReadError>> {
    let mut next = first;
    std::iter::from_fn(move || {
        let read = starting_at(store, next).transpose()?;
        if let Ok(frame) = &read {
            next = frame.last.next();
        }
        Some(read)
    })
}

/// The position at which the frame begins that holds a position which the log has.
pub(super) fn first_of(store: &Store, position: Position) -> Result<Position, ReadError> {
    match first_at_or_before(store, &frame::key(position, u16::MAX))? {
        Position::START => Err(damaged(position, "its frame is missing")),
        first => Ok(first),
    }
}

/// Reads the frame that holds a position which the log has.
pub(super) fn holding(store: &Store, position: Position) -> Result<Frame, ReadError> {
    let first = first_of(store, position)?;
    let frame = starting_at(store, first)?.ok_or_else(|| damaged(first, "its first part is missing"))?;
    holds(frame, position)
}

/// Says that a frame, the last that begins at or before a position, holds it.
pub(super) fn holds(frame: Frame, position: Position) -> Result<Frame, ReadError> {
    if frame.last < position {
        return Err(damaged(position, "its frame is missing"));
    }
    Ok(frame)
}

/// The position at which the last frame begins; [`Position::START`] when there is none.
pub(super) fn last_first(store: &Store) -> Result<Position, ReadError> {
    first_at_or_before(store, &AFTER_ALL)
}

fn check(first: Position, bytes: Bytes) -> Result<Frame, ReadError> {
    Frame::check(first, bytes).map_err(|error| damaged(first, error))
}

fn missing(first: Position, part: usize) -> ReadError {
    damaged(first, format_args!("its part {part} is missing"))
}

pub(super) fn damaged(position: Position, reason: impl ToString) -> ReadError {
    ReadError::Damaged { position, reason: reason.to_string() }
}

pub(super) fn unavailable(error: DiskError) -> ReadError {
    ReadError::Unavailable { reason: error.to_string() }
}

fn first_at_or_before(store: &Store, key: &[u8]) -> Result<Position, ReadError> {
    let Some((key, _)) = store.at_or_before(key).map_err(unavailable)? else { return Ok(Position::START) };
    let (first, _) = frame::parse_key(&key).ok_or_else(|| {
        damaged(Position::START, format_args!("no frame has the key {}", key.escape_ascii()))
    })?;
    Ok(first)
}
