//! Where a session's events stand: the places of its transcript.
//!
//! Those of the pages that are folded together stand in one entry, under the first of them; most sessions are
//! created and assigned in one. Where pages end is chance, so entries of one session differ in
//! length, but never overlap.
//!
//! ```text
//!   t session position  ->  (places after the one before × 2 + 1 for a message) …
//! ```

use std::ops::Bound;

use crate::disk::bytes::{Reader, put_varint};
use crate::disk::table::{Batch, Direction, Entry, Snapshot};
use crate::domain::id::SessionId;
use crate::log::Position;

use super::super::ProjectionError;
use super::super::merge::Span;
use super::super::pack::{Pack, Unpack, damaged};

pub(super) const TRANSCRIPT: u8 = b't';

/// The most places in one entry: ten bytes each at most, which a value of the table holds.
const PLACES_MAX: usize = 256;

/// Entries read at once where all of a session are wanted.
const ENTRIES_READ: usize = 1_024;

/// The most entries read at once for a page of a transcript.
const ENTRIES_OF_PAGE: usize = 32;

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Message,
    /// Anything else that a transcript shows.
    Event,
}

/// The places of one session on some pages of the log.
#[derive(Debug, Default)]
pub(super) struct Marks(Vec<(Position, Mark)>);

impl Marks {
    pub(super) fn push(&mut self, position: Position, mark: Mark) {
        self.0.push((position, mark));
    }

    /// The places of messages among them.
    pub(super) fn messages(&self) -> impl Iterator<Item = Position> {
        self.0.iter().filter(|(_, mark)| *mark == Mark::Message).map(|(position, _)| *position)
    }

    /// Adds the entries of these places; keys and values are built in what is handed in.
    pub(super) fn write(
        &self,
        session: SessionId,
        built: &mut Vec<u8>,
        value: &mut Vec<u8>,
        changes: &mut Batch,
    ) {
        for places in self.0.chunks(PLACES_MAX) {
            value.clear();
            let first = places.first().map_or(Position::START, |(position, _)| *position);
            let mut before = first;
            for (position, mark) in places {
                let message = u64::from(*mark == Mark::Message);
                put_varint((position.0 - before.0) << 1 | message, value);
                before = *position;
            }
            *built = key_onto(Pack::key_in(std::mem::take(built), TRANSCRIPT), session, first);
            changes.put(built, value);
        }
    }
}

fn key(session: SessionId, first: Position) -> Vec<u8> {
    key_onto(Pack::key(TRANSCRIPT), session, first)
}

fn key_onto(tag: Pack, session: SessionId, first: Position) -> Vec<u8> {
    tag.id(session.0).position(first).done()
}

/// Adds the places of an entry, the oldest first.
fn read((key, value): &Entry, places: &mut Vec<(Position, Mark)>) -> Result<(), ProjectionError> {
    let mut key = Unpack::key(key);
    key.id()?;
    let Position(mut at) = key.position()?;
    let mut reader = Reader::new(value);
    while !reader.rest().is_empty() {
        let place = reader.varint("place", u64::MAX).map_err(damaged)?;
        at += place >> 1;
        places.push((Position(at), if place & 1 == 1 { Mark::Message } else { Mark::Event }));
    }
    Ok(())
}

/// The places of all messages of a session that are in the table.
pub(super) fn messages(table: &Snapshot, session: SessionId) -> Result<Vec<Position>, ProjectionError> {
    let to = key(session, Position(u64::MAX));
    let mut from = key(session, Position::START);
    let mut places = Vec::new();
    loop {
        let range = (Bound::Excluded(from.as_slice()), Bound::Included(to.as_slice()));
        let entries = table.scan(range, Direction::Forward, ENTRIES_READ)?;
        let Some((last, _)) = entries.last() else { break };
        from.clone_from(last);
        entries.iter().try_for_each(|entry| read(entry, &mut places))?;
    }
    let messages = places.into_iter().filter(|(_, mark)| *mark == Mark::Message);
    Ok(messages.map(|(position, _)| position).collect())
}

/// Up to `limit` places of a session's transcript.
pub(super) fn transcript(
    table: &Snapshot,
    session: SessionId,
    span: Span,
    limit: usize,
) -> Result<Vec<Position>, ProjectionError> {
    match span {
        Span::Before(before) => newest(table, session, before.unwrap_or(Position(u64::MAX)), limit),
        Span::After(after) => oldest(table, session, after.unwrap_or(Position::START), limit),
    }
}

fn newest(
    table: &Snapshot,
    session: SessionId,
    before: Position,
    limit: usize,
) -> Result<Vec<Position>, ProjectionError> {
    let from = key(session, Position::START);
    let mut to = key(session, before);
    let mut found = Vec::new();
    loop {
        let range = (Bound::Included(from.as_slice()), Bound::Excluded(to.as_slice()));
        let entries = table.scan(range, Direction::Backward, limit.min(ENTRIES_OF_PAGE))?;
        let Some((last, _)) = entries.last() else { return Ok(found) };
        to.clone_from(last);
        for entry in &entries {
            let mut places = Vec::new();
            read(entry, &mut places)?;
            let positions = places.iter().rev().map(|(position, _)| *position);
            found.extend(positions.filter(|position| *position < before));
        }
        if found.len() >= limit {
            found.truncate(limit);
            return Ok(found);
        }
    }
}

fn oldest(
    table: &Snapshot,
    session: SessionId,
    after: Position,
    limit: usize,
) -> Result<Vec<Position>, ProjectionError> {
    let (first, to) = (key(session, Position::START), key(session, Position(u64::MAX)));
    // The entry before may go on behind the place.
    let before = (Bound::Included(first.as_slice()), Bound::Included(&*key(session, after)));
    let mut entries = table.scan(before, Direction::Backward, 1)?;
    let mut from = entries.last().map_or(first, |(key, _)| key.clone());
    let mut found = Vec::new();
    loop {
        let mut places = Vec::new();
        entries.iter().try_for_each(|entry| read(entry, &mut places))?;
        let positions = places.into_iter().map(|(position, _)| position);
        found.extend(positions.filter(|position| *position > after));
        if found.len() >= limit {
            found.truncate(limit);
            return Ok(found);
        }
        let range = (Bound::Excluded(from.as_slice()), Bound::Included(to.as_slice()));
        entries = table.scan(range, Direction::Forward, limit.min(ENTRIES_OF_PAGE))?;
        let Some((last, _)) = entries.last() else { return Ok(found) };
        from.clone_from(last);
    }
}
