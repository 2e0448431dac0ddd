//! A log for people and for other programs: every frame with its events, so that both the hashes and
//! what they are of can be checked without this crate.

use uuid::Uuid;

use super::walk::Walk;
use super::{Audit, AuditError, Head, Report};
use crate::domain::time::Timestamp;
use crate::log::{Position, Record};
use crate::wire::{self, Recorded};

/// A log on its way out, frame by frame.
pub struct Exporting<'a> {
    /// The log's own id.
    pub log: Uuid,
    /// When it was created.
    pub created: Timestamp,
    /// The bytes of the log's header, to which the first frame is chained.
    pub header: Vec<u8>,
    walk: Walk<'a>,
}

/// A frame of a log.
pub struct ExportedFrame {
    /// The position of its first event.
    pub first: Position,
    /// Its hash, up to its last event.
    pub head: Head,
    /// The hash of the frame before it, or of the log's header.
    pub previous: [u8; 32],
    /// The checksum that stands in it.
    pub crc: u32,
    /// Its events.
    pub events: Vec<ExportedEvent>,
}

/// An event of a frame, as it stands there and as it reads.
pub struct ExportedEvent {
    /// The flags of its envelope: what it shares with the event before it.
    pub flags: u8,
    /// What stands in the log.
    pub record: Record,
    /// The same, decoded.
    pub recorded: Recorded,
}

impl<'a> Exporting<'a> {
    /// Begins with the frame that holds `from`, and ends with the one that holds `to`.
    ///
    /// # Errors
    ///
    /// `Asked` when the log has no such range; `Fault` when its header is damaged.
    pub fn new(audit: &'a Audit, from: Position, to: Option<Position>) -> Result<Exporting<'a>, AuditError> {
        let to = audit.range(from, to)?;
        let header = audit.log.raw_header()?;
        let walk = Walk::new(audit, "export", from, to)?;
        Ok(Exporting {
            log: header.store_id,
            created: Timestamp(header.created_us),
            header: header.bytes.to_vec(),
            walk,
        })
    }

    /// The next frame.
    ///
    /// # Errors
    ///
    /// `Fault` with the first thing that does not fit; `Stopped` where `report` says so.
    pub fn next(&mut self, report: Report<'_>) -> Result<Option<ExportedFrame>, AuditError> {
        let Some((frame, hash)) = self.walk.step(report)? else { return Ok(None) };
        let mut events = Vec::new();
        for read in frame.records() {
            let (position, encoded) = read.map_err(|error| super::Fault::at(frame.first, error))?;
            let record = frame.record(position, &encoded);
            let recorded = wire::recorded(&record)?;
            events.push(ExportedEvent { flags: encoded.flags, record, recorded });
        }
        Ok(Some(ExportedFrame {
            first: frame.first,
            head: Head { position: frame.last, hash },
            previous: frame.previous(),
            crc: frame.crc(),
            events,
        }))
    }
}

impl Audit {
    /// Checks a range, and finds its end.
    pub(super) fn range(&self, from: Position, to: Option<Position>) -> Result<Position, AuditError> {
        let to = to.unwrap_or(self.head);
        if to > self.head || from > to.next() {
            let asked = format!("there is no range from {from} to {to}: the log ends at {}", self.head);
            return Err(AuditError::Asked(asked));
        }
        Ok(to)
    }
}
