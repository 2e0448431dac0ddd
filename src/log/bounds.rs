//! The bounds of an append, the same for every log.
//!
//! Knows sizes and counts; must not know how a log stores anything.

use std::collections::HashSet;

use super::{Append, AppendError};

/// The largest payload: an e-mail with room. It is cut over many values of the store, and a record
/// is decoded in one piece.
pub const PAYLOAD_BYTES_MAX: usize = 4 << 20;

/// The longest encoded principal; its length is one byte of the record.
pub const PRINCIPAL_BYTES_MAX: usize = 255;

/// The most events of one append: they stand in one batch of the store, which is held in memory.
pub const APPEND_ENTRIES_MAX: usize = 10_000;

/// The most bytes of payloads of one append, for the same reason.
pub const APPEND_BYTES_MAX: usize = 16 << 20;

/// The most expectations of one append: the writer looks each of them up.
pub const APPEND_EXPECTS_MAX: usize = 10_000;

/// How many expectations are compared pairwise before a set pays.
const EXPECTS_PAIRWISE_MAX: usize = 8;

/// Checks what can be seen on an append alone.
///
/// # Errors
///
/// [`AppendError::Invalid`] with the value and the bound.
pub(crate) fn check(append: &Append) -> Result<(), AppendError> {
    bounded("entries", append.entries.len(), 1, APPEND_ENTRIES_MAX)?;
    bounded("expectations", append.expects.len(), 0, APPEND_EXPECTS_MAX)?;
    bounded("bytes of principal", append.stamp.principal.len(), 0, PRINCIPAL_BYTES_MAX)?;
    let mut total = 0;
    for entry in &append.entries {
        bounded("bytes of payload", entry.payload.len(), 0, PAYLOAD_BYTES_MAX)?;
        total += entry.payload.len();
    }
    bounded("bytes of all payloads", total, 0, APPEND_BYTES_MAX)?;
    if expects_a_stream_twice(append) {
        return Err(AppendError::Invalid { reason: "a stream is expected twice".into() });
    }
    Ok(())
}

fn bounded(what: &str, value: usize, min: usize, max: usize) -> Result<(), AppendError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(AppendError::Invalid { reason: format!("it has {value} {what}, not {min} to {max}") })
}

fn expects_a_stream_twice(append: &Append) -> bool {
    let expects = &append.expects;
    if expects.len() > EXPECTS_PAIRWISE_MAX {
        let mut seen = HashSet::with_capacity(expects.len());
        return !expects.iter().all(|(stream, _)| seen.insert(stream));
    }
    expects.iter().enumerate().any(|(at, (stream, _))| expects[..at].iter().any(|(other, _)| other == stream))
}
