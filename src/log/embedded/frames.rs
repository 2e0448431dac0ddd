//! Frames in the store: finding and reading them.
//!
//! Knows keys and parts; the records inside are decoded by [`crate::log::frame`].

use crate::disk::{DiskError, Store};
use crate::log::frame::{self, Checked};
use crate::log::{Position, ReadError};

/// A key after that of every frame.
const AFTER_ALL: [u8; 16] = [0xff; 16];

/// Reads the frame that begins at a position, if one does.
pub(super) fn starting_at(store: &Store, first: Position) -> Result<Option<Vec<u8>>, ReadError> {
    let Some(value) = store.get(&frame::key(first, 0)).map_err(unavailable)? else { return Ok(None) };
    let parts = frame::parts(&value).map_err(|error| damaged(first, error))?;
    let mut bytes = value.to_vec();
    for part in 1..parts {
        let value = store.get(&frame::key(first, part as u16)).map_err(unavailable)?;
        let value = value.ok_or_else(|| damaged(first, format_args!("its part {part} is missing")))?;
        bytes.extend_from_slice(&value);
    }
    Ok(Some(bytes))
}

/// Reads the frame that holds a position which the log has, and tells where it begins.
pub(super) fn holding(store: &Store, position: Position) -> Result<(Position, Vec<u8>), ReadError> {
    let first = first_at_or_before(store, &frame::key(position, u16::MAX))?;
    if first == Position::START {
        return Err(damaged(position, "its frame is missing"));
    }
    match starting_at(store, first)? {
        Some(bytes) => Ok((first, bytes)),
        None => Err(damaged(first, "its first part is missing")),
    }
}

/// The position at which the last frame begins; [`Position::START`] when there is none.
pub(super) fn last_first(store: &Store) -> Result<Position, ReadError> {
    first_at_or_before(store, &AFTER_ALL)
}

/// Checks a frame's bytes.
pub(super) fn check(first: Position, bytes: &[u8]) -> Result<Checked<'_>, ReadError> {
    Checked::new(first, bytes).map_err(|error| damaged(first, error))
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
