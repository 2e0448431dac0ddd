//! What every fold shares: where it stands, and what it says of an event that cannot be.
//!
//! Must not know what any table holds.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::disk::table::Batch;
use crate::domain::event::{Event, SessionEvent, Stream};
use crate::domain::id::SessionId;
use crate::log::Position;
use crate::wire::Recorded;

use super::recent::Recent;
use super::{ProjectionError, ProjectionName};

/// Turns the events of some pages into one batch of changes, so that a row that they change many
/// times is written once, and an entry that comes and goes is never written.
pub(super) trait Fold: Send {
    /// Takes the page after the one before.
    fn page(&mut self, page: &[Recorded], at: &Folding) -> Result<(), ProjectionError>;

    /// What changes, and the rows that the next fold keeps at hand.
    fn finish(self: Box<Self>) -> (Batch, Recent);
}

/// What a fold keeps by id while it works through some pages, which bound it.
pub(super) type ById<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;

/// Mixes the bytes of ids, of which most are random already. Others count in their last bytes, so
/// that each bit of an id has to reach the lowest bits, by which a map places it, and the highest.
#[derive(Debug, Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.write_u64(u64::from_le_bytes(*word)));
        rest.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = mixed(self.0.rotate_left(23) ^ word);
    }

    /// Ids are counted by their length, which is always the same.
    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        mixed(self.0)
    }
}

fn mixed(word: u64) -> u64 {
    let product = u128::from(word) * 0x9e37_79b9_7f4a_7c15_u128;
    (product >> 64) as u64 ^ product as u64
}

/// Where a fold stands, told so that a panic can be given a place.
#[derive(Debug)]
pub(super) struct Folding {
    name: ProjectionName,
    position: Cell<Position>,
}

impl Folding {
    pub(super) fn new(name: ProjectionName, after: Position) -> Folding {
        Folding { name, position: Cell::new(after) }
    }

    /// Says which event comes now.
    pub(super) fn now(&self, position: Position) {
        self.position.set(position);
    }

    /// The place of the event at hand.
    pub(super) fn place(&self) -> &Cell<Position> {
        &self.position
    }

    /// The error of an event that contradicts those before it.
    pub(super) fn illegal(&self, reason: impl ToString) -> ProjectionError {
        ProjectionError::Illegal {
            projection: self.name,
            position: self.position.get(),
            reason: reason.to_string(),
        }
    }
}

/// The session and its event, if the event is one of a session.
pub(super) fn session_event<'a>(
    recorded: &'a Recorded,
    at: &Folding,
) -> Result<Option<(SessionId, &'a SessionEvent)>, ProjectionError> {
    match (&recorded.event, &recorded.stream) {
        (Event::Session(event), Stream::Session(session)) => Ok(Some((*session, event))),
        (Event::Session(_), other) => Err(foreign(at, other)),
        (
            Event::Workspace(_)
            | Event::Line(_)
            | Event::Channel(_)
            | Event::Operator(_)
            | Event::Element(_)
            | Event::Slot(_)
            | Event::Inbound(_)
            | Event::Initiated(_)
            | Event::Refusal(_),
            _,
        ) => Ok(None),
    }
}

/// The error of an event in a stream of another kind; the stream's own name is not told, since it
/// may be an address.
pub(super) fn foreign(at: &Folding, stream: &Stream) -> ProjectionError {
    let kind = match stream {
        Stream::Workspace => "the workspace",
        Stream::Line(_) => "a line",
        Stream::Channel(_) => "a channel",
        Stream::Operator(_) => "an operator",
        Stream::Element(_) => "an element",
        Stream::Session(_) => "a session",
        Stream::Slot(_) => "a slot",
        Stream::Inbound(..) => "a delivered message",
        Stream::Initiated(_) => "a message of a process",
        Stream::Refusals(..) => "a line's refusals",
    };
    at.illegal(format!("it stands in the stream of {kind}"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn ids_that_count_in_any_of_their_bytes_are_placed_apart() {
        let hash = |id: u128| BuildHasherDefault::<IdHasher>::default().hash_one(Uuid::from_u128(id));
        for shift in [0, 8, 16, 48, 64, 80, 104] {
            let hashes: Vec<u64> = (0..4_096u128).map(|number| hash(0x91 << 120 | number << shift)).collect();
            let places: HashSet<u64> = hashes.iter().map(|hash| hash % 8_192).collect();
            // Thrown at random, they would be in some 3,200 of the 8,192 places.
            assert!(places.len() > 3_000, "{} places, counted {shift} bits up", places.len());
            let marks: HashSet<u64> = hashes.iter().map(|hash| hash >> 57).collect();
            assert_eq!(marks.len(), 128, "counted {shift} bits up");
        }
    }
}
