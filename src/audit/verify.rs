//! Verifying a log: checksums, chain, positions, and what the facts add up to.

use uuid::Uuid;

use super::streams::{self, StreamsProof};
use super::walk::Walk;
use super::{Audit, AuditError, Fault, Head, Report};
use crate::domain::time::Timestamp;
use crate::log::Position;

/// What was proved of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The log's own id.
    pub log: Uuid,
    /// When it was created.
    pub created: Timestamp,
    /// The first position of the first frame that was checked.
    pub from: Position,
    /// The log up to the last frame that was checked; to be noted elsewhere.
    pub head: Head,
    /// How many frames have the right checksum and are chained.
    pub frames: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// How many events they have, at positions without a gap.
    pub events: u64,
    /// What the facts add up to; only of a log from its beginning.
    pub streams: Option<StreamsProof>,
}

/// Proves a log, or its frames from one position to another; blocks, and holds the states of at most
/// [`STATES_MAX`](super::STATES_MAX) streams.
///
/// `expected` are heads that were noted before: the log must still have them.
///
/// # Errors
///
/// `Fault` with the first thing that does not fit; `Stopped` where `report` says so.
pub fn verify(
    audit: &Audit,
    from: Position,
    to: Option<Position>,
    expected: &[Head],
    report: Report<'_>,
) -> Result<Proof, AuditError> {
    if let Some(noted) = expected.iter().find(|noted| noted.position > audit.head) {
        let reason = format!("the log ends at {}, but it had {}: its end was lost", audit.head, noted);
        return Err(Fault::at(audit.head.next(), reason).into());
    }
    let to = audit.range(from, to)?;
    let (log, created) = audit.identity()?;
    let mut walk = Walk::new(audit, "checksums and chain", from, to)?;
    let from = walk.next_position();
    let mut noted = Noted::new(expected, from, to)?;
    let mut head = Head { position: Position(from.0 - 1), hash: walk.chain() };
    noted.compare(head)?;
    let (mut frames, mut bytes) = (0, 0);
    while let Some((frame, hash)) = walk.step(report)? {
        let shown = |position, reason: &dyn std::fmt::Display| {
            Fault::at(position, reason).showing(Some(frame.bytes()))
        };
        for record in frame.records() {
            record.map_err(|error| shown(frame.first, &error))?;
        }
        (frames, bytes) = (frames + 1, bytes + frame.bytes().len() as u64);
        head = Head { position: frame.last, hash };
        noted.compare(head)?;
    }
    noted.end()?;
    let streams = match from {
        Position(1) => Some(streams::prove(audit, head.position, report)?),
        _ => None,
    };
    let events = head.position.0 + 1 - from.0;
    Ok(Proof { log, created, from, head, frames, bytes, events, streams })
}

/// Heads that were noted before, in the order of their positions.
struct Noted(Vec<Head>);

impl Noted {
    fn new(expected: &[Head], from: Position, to: Position) -> Result<Noted, AuditError> {
        let outside = |noted: &&Head| noted.position.next() < from || noted.position > to;
        if let Some(noted) = expected.iter().find(outside) {
            let asked = format!("{noted} lies outside of the range: verify the whole log against it");
            return Err(AuditError::Asked(asked));
        }
        let mut noted = expected.to_vec();
        noted.sort_by_key(|noted| std::cmp::Reverse(noted.position));
        Ok(Noted(noted))
    }

    /// Compares those that were noted up to where a frame ends.
    fn compare(&mut self, found: Head) -> Result<(), Fault> {
        while let Some(noted) = self.0.pop_if(|noted| noted.position <= found.position) {
            if noted.position < found.position {
                let reason = format!(
                    "no frame ends at {}, where {noted} was noted: this is another log, or \
                     another part of it was written",
                    noted.position
                );
                return Err(Fault::at(noted.position, reason));
            }
            if noted.hash != found.hash {
                let reason =
                    format!("the log up to here is {found}, but {noted} was noted: it was rewritten");
                return Err(Fault::at(noted.position, reason));
            }
        }
        Ok(())
    }

    fn end(self) -> Result<(), Fault> {
        match self.0.last() {
            None => Ok(()),
            Some(noted) => Err(Fault::at(noted.position, format!("no frame ends where {noted} was noted"))),
        }
    }
}
