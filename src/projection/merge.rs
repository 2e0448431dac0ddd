//! Lists in the order of the log, out of one part of a table or many.
//!
//! Every such key is a prefix and a position of eight bytes; a position is one event, so that no
//! two entries tie. Must not know what the values mean.
//!
//! ```text
//!   line A  … 90 61 12 ┐
//!   line B  … 88 87    ├──▶  90 88 87 61 …   a page reads a few entries of each part
//!   line C  … 14       ┘
//! ```

use std::collections::VecDeque;
use std::ops::Bound;

use crate::disk::table::{Direction, Snapshot, after_prefix};
use crate::domain::id::LineId;
use crate::log::Position;

use super::pack::{ID_BYTES, damaged};
use super::{ProjectionError, QueryError};

/// The most parts that one list is merged from: each costs a lookup for every page.
pub const MERGED_PARTS_MAX: usize = 1_024;

/// Entries read at once from each of many parts; few parts give more than this to one page.
const PART_ENTRIES: usize = 16;

/// The bytes of a position at the end of a key.
const POSITION_BYTES: usize = 8;

/// Which way a list goes, and where its page begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum Span {
    /// Newest first, before a position; from the newest without one.
    Before(Option<Position>),
    /// Oldest first, after a position; from the oldest without one.
    After(Option<Position>),
}

/// Reads up to `limit` entries of a list.
pub(super) fn merged(
    table: &Snapshot,
    prefixes: Vec<Vec<u8>>,
    span: Span,
    limit: usize,
) -> Result<Vec<(Position, Vec<u8>)>, QueryError> {
    if prefixes.len() > MERGED_PARTS_MAX {
        return Err(QueryError::TooWide { parts_max: MERGED_PARTS_MAX });
    }
    let entries = if prefixes.len() == 1 { limit } else { limit.min(PART_ENTRIES) };
    let mut parts: Vec<Part> = prefixes.into_iter().map(|prefix| Part::new(prefix, span, entries)).collect();
    let mut found = Vec::with_capacity(limit);
    while found.len() < limit {
        let mut first: Option<(usize, Position)> = None;
        for (at, part) in parts.iter_mut().enumerate() {
            if let Some(position) = part.peek(table)?
                && first.is_none_or(|(_, other)| span.comes_first(position, other))
            {
                first = Some((at, position));
            }
        }
        let Some(entry) = first.and_then(|(at, _)| parts[at].read.pop_front()) else { break };
        found.push(entry);
    }
    Ok(found)
}

impl Span {
    fn comes_first(self, one: Position, other: Position) -> bool {
        match self {
            Span::Before(_) => one > other,
            Span::After(_) => one < other,
        }
    }
}

/// One part of a list and how far it was read.
struct Part {
    prefix: Vec<u8>,
    span: Span,
    entries: usize,
    read: VecDeque<(Position, Vec<u8>)>,
    more: bool,
}

impl Part {
    fn new(prefix: Vec<u8>, span: Span, entries: usize) -> Part {
        Part { prefix, span, entries, read: VecDeque::new(), more: true }
    }

    fn peek(&mut self, table: &Snapshot) -> Result<Option<Position>, ProjectionError> {
        if self.read.is_empty() && self.more {
            self.refill(table)?;
        }
        Ok(self.read.front().map(|(position, _)| *position))
    }

    fn refill(&mut self, table: &Snapshot) -> Result<(), ProjectionError> {
        let edge = |position: Position| {
            let mut key = self.prefix.clone();
            key.extend_from_slice(&position.0.to_be_bytes());
            key
        };
        let (low, high) = (edge(Position::START), edge(Position(u64::MAX)));
        let (from, to, direction) = match self.span {
            Span::Before(None) => (Bound::Included(low), Bound::Included(high), Direction::Backward),
            Span::Before(Some(before)) => {
                (Bound::Included(low), Bound::Excluded(edge(before)), Direction::Backward)
            }
            Span::After(None) => (Bound::Included(low), Bound::Included(high), Direction::Forward),
            Span::After(Some(after)) => {
                (Bound::Excluded(edge(after)), Bound::Included(high), Direction::Forward)
            }
        };
        let range = (from.as_ref().map(Vec::as_slice), to.as_ref().map(Vec::as_slice));
        let read = table.scan(range, direction, self.entries)?;
        self.more = read.len() == self.entries;
        for (key, value) in read {
            self.read.push_back((position_of(&key)?, value));
        }
        if let Some((last, _)) = self.read.back() {
            self.span = match self.span {
                Span::Before(_) => Span::Before(Some(*last)),
                Span::After(_) => Span::After(Some(*last)),
            };
        }
        Ok(())
    }
}

fn position_of(key: &[u8]) -> Result<Position, ProjectionError> {
    let bytes = key.last_chunk::<POSITION_BYTES>().ok_or_else(|| damaged("has a key without position"))?;
    Ok(Position(u64::from_be_bytes(*bytes)))
}

/// The parts of a table below `prefix` that differ in the next `bytes` of their keys.
pub(super) fn parts(table: &Snapshot, prefix: &[u8], bytes: usize) -> Result<Vec<Vec<u8>>, QueryError> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut from = prefix.to_vec();
    let end = after_prefix(prefix);
    let end = end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    loop {
        let range = (Bound::Included(from.as_slice()), end);
        let Some((key, _)) = table.scan(range, Direction::Forward, 1)?.pop() else {
            return Ok(found);
        };
        if key.len() < prefix.len() + bytes {
            return Ok(found);
        }
        if found.len() == MERGED_PARTS_MAX {
            return Err(QueryError::TooWide { parts_max: MERGED_PARTS_MAX });
        }
        let part = key[..prefix.len() + bytes].to_vec();
        from.clone_from(&part);
        // No position is as high as this: the next key is of another part.
        from.extend_from_slice(&[u8::MAX; 64]);
        found.push(part);
    }
}

/// The parts of a table below `prefix` by line and then `bytes` more, of some lines or all.
pub(super) fn parts_of_lines(
    table: &Snapshot,
    prefix: &[u8],
    lines: Option<&[LineId]>,
    bytes: usize,
) -> Result<Vec<Vec<u8>>, QueryError> {
    let Some(lines) = lines else { return parts(table, prefix, ID_BYTES + bytes) };
    let prefixes = of_lines(prefix, lines)?;
    if bytes == 0 {
        return Ok(prefixes);
    }
    let mut found = Vec::new();
    for prefix in prefixes {
        found.extend(parts(table, &prefix, bytes)?);
    }
    Ok(found)
}

/// The prefixes of these lines, each once.
pub(super) fn of_lines(prefix: &[u8], lines: &[LineId]) -> Result<Vec<Vec<u8>>, QueryError> {
    let mut lines = lines.to_vec();
    lines.sort_unstable();
    lines.dedup();
    if lines.len() > MERGED_PARTS_MAX {
        return Err(QueryError::TooWide { parts_max: MERGED_PARTS_MAX });
    }
    Ok(lines.iter().map(|line| [prefix, line.0.as_bytes()].concat()).collect())
}
