//! Frames: runs of consecutive records under one key, chained by their hashes.
//!
//! Knows positions, checksums and the chain; must not know the store that keeps the values. A
//! frame stands under its first position; a record that is larger than a frame has one of its own,
//! cut over several values. `docs/format.md` draws every byte.
//!
//! ```text
//!   [ header 56 ][ record ][ record ] …      hash = BLAKE3 of all of it
//!        ^ previous: the hash of the frame before, or of the store's header
//! ```

use std::ops::Range;

use bytes::Bytes;

use super::envelope::{self, ENVELOPE_VERSION, Encoded, EnvelopeError, RECORD_BYTES_MAX, VERSIONS_BYTES_MAX};
use super::{Position, Record, Version};
use crate::disk::bytes::{Malformed, Reader};

/// The most bytes of one value: with at most 17 items to a leaf of the store, a leaf stays below
/// the 128 KB from which the store would keep it in a file that nobody syncs.
pub(crate) const VALUE_BYTES_MAX: usize = 6 * 1024;

/// A frame takes nothing more that would make it larger than this: one record that is looked for is found
/// in a frame that is read, checked and searched as a whole.
const FULL_BYTES: usize = 2 * 1024;

/// The same of the records alone.
pub(crate) const FULL_BODY_BYTES: usize = FULL_BYTES - HEADER_BYTES;

/// The most records in a frame, so that a frame of tiny records is still read quickly.
pub(crate) const FRAME_RECORDS_MAX: u32 = 512;

pub(crate) const HEADER_BYTES: usize = 56;
const PREVIOUS_AT: usize = 20;
const CRC_AT: usize = HEADER_BYTES - 4;

const LARGE_BODY_BYTES_MAX: usize = RECORD_BYTES_MAX + VERSIONS_BYTES_MAX;
const MAGIC: [u8; 2] = *b"sF";
const FRAME_VERSION: u8 = 1;

/// The BLAKE3 hash of a frame, by which the next one names it.
pub(crate) type Hash = [u8; 32];

/// Why bytes are not the frame that was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("it does not begin as a frame")]
    Magic,
    #[error("it is a frame of version {frame} with envelopes of version {envelope}, not 1 and 1")]
    Versions { frame: u8, envelope: u8 },
    #[error("its checksum is {found:08x} and not {written:08x}")]
    Checksum { found: u32, written: u32 },
    #[error("it has {found} bytes and not {written}")]
    Length { found: usize, written: usize },
    #[error("it was written for position {written}")]
    Misplaced { written: u64 },
    #[error("{0}")]
    Bytes(#[from] Malformed),
    #[error("its record at position {position}: {error}")]
    Record { position: Position, error: EnvelopeError },
}

/// A frame that is being filled.
#[derive(Debug)]
pub(crate) struct Open {
    first: Position,
    records: u32,
    bytes: Vec<u8>,
}

impl Open {
    pub(crate) fn new(first: Position) -> Open {
        let mut bytes = Vec::with_capacity(FULL_BYTES);
        bytes.resize(HEADER_BYTES, 0);
        Open { first, records: 0, bytes }
    }

    /// Whether `records` more of `len` bytes, versions included, stay within the frame.
    pub(crate) fn fits(&self, records: usize, len: usize) -> bool {
        self.records == 0
            || (self.bytes.len() + len <= FULL_BYTES
                && self.records as usize + records <= FRAME_RECORDS_MAX as usize)
    }

    /// Adds a record whose content is encoded already.
    pub(crate) fn push(&mut self, version: Version, previous: Version, content: &[u8]) {
        envelope::put_versions(version, previous, &mut self.bytes);
        self.bytes.extend_from_slice(content);
        self.records += 1;
    }

    /// Finishes the frame after the one whose hash is `previous`.
    pub(crate) fn seal(mut self, previous: &Hash) -> Sealed {
        let body = self.bytes.len() - HEADER_BYTES;
        let header = &mut self.bytes[..HEADER_BYTES];
        header[0..2].copy_from_slice(&MAGIC);
        header[2] = FRAME_VERSION;
        header[3] = ENVELOPE_VERSION;
        header[4..8].copy_from_slice(&self.records.to_le_bytes());
        header[8..16].copy_from_slice(&self.first.0.to_le_bytes());
        header[16..20].copy_from_slice(&(body as u32).to_le_bytes());
        header[PREVIOUS_AT..CRC_AT].copy_from_slice(previous);
        let crc = checksum(&self.bytes);
        self.bytes[CRC_AT..HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
        let last = last_of(self.first, self.records);
        let hash = blake3::hash(&self.bytes).into();
        Sealed { hash, frame: Frame { first: self.first, last, bytes: self.bytes.into() } }
    }
}

/// A finished frame, and its hash.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    pub(crate) hash: Hash,
    pub(crate) frame: Frame,
}

/// The key of a frame's part: the first position, and for all parts but the first their number.
pub(crate) fn key(first: Position, part: u16) -> Vec<u8> {
    let mut key = first.0.to_be_bytes().to_vec();
    if part > 0 {
        key.extend_from_slice(&part.to_be_bytes());
    }
    key
}

/// Reads a key: the first position of its frame, and the number of its part.
pub(crate) fn parse_key(key: &[u8]) -> Option<(Position, u16)> {
    let (first, part) = key.split_first_chunk::<8>()?;
    let first = Position(u64::from_be_bytes(*first));
    if part.is_empty() {
        return Some((first, 0));
    }
    let part = u16::from_be_bytes(part.try_into().ok()?);
    (part > 0).then_some((first, part))
}

/// How many values a frame has, seen on the first of them.
pub(crate) fn parts(first_value: &[u8]) -> Result<usize, FrameError> {
    let header = Header::read(first_value)?;
    Ok((HEADER_BYTES + header.body).div_ceil(VALUE_BYTES_MAX))
}

/// What the frame that these bytes begin with says of itself: its first and last position, and its
/// length. It is not checked whether that is so.
pub(crate) fn extent(bytes: &[u8]) -> Result<(Position, Position, usize), FrameError> {
    let Header { first, records, body, .. } = Header::read(bytes)?;
    Ok((first, last_of(first, records), HEADER_BYTES + body))
}

/// A frame whose checksum was found right, in the memory of whoever read it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) first: Position,
    /// The position of its last record.
    pub(crate) last: Position,
    pub(crate) bytes: &'a [u8],
}

impl<'a> View<'a> {
    /// Checks the bytes of all parts of the frame that stands at `first`.
    pub(crate) fn check(first: Position, bytes: &'a [u8]) -> Result<View<'a>, FrameError> {
        let header = Header::read(bytes)?;
        let written = HEADER_BYTES + header.body;
        if bytes.len() != written {
            return Err(FrameError::Length { found: bytes.len(), written });
        }
        let found = checksum(bytes);
        if found != header.crc {
            return Err(FrameError::Checksum { found, written: header.crc });
        }
        if header.first != first {
            return Err(FrameError::Misplaced { written: header.first.0 });
        }
        Ok(View { first, last: last_of(first, header.records), bytes })
    }

    /// Its records as they stand there; every byte belongs to one of them.
    pub(crate) fn records(&self) -> Records<'a> {
        let reader = Reader::new(&self.bytes[HEADER_BYTES..]);
        Records { last: self.last, next: self.first, before: None, reader }
    }
}

/// Where a frame stands in a buffer in which it was checked.
#[derive(Clone, Debug)]
pub(crate) struct InBuffer {
    first: Position,
    last: Position,
    bytes: Range<usize>,
}

impl InBuffer {
    /// Finds the frame that holds a position among those that fill a buffer, and checks it.
    pub(crate) fn find(buffer: &[u8], position: Position) -> Option<InBuffer> {
        let mut at = 0;
        loop {
            let (first, last, length) = extent(buffer.get(at..)?).ok()?;
            let bytes = at..at.checked_add(length).filter(|end| *end <= buffer.len())?;
            if last >= position {
                let view = View::check(first, &buffer[bytes.clone()]).ok();
                let View { first, last, .. } = view.filter(|view| view.first <= position)?;
                return Some(InBuffer { first, last, bytes });
            }
            at = bytes.end;
        }
    }

    pub(crate) fn holds(&self, position: Position) -> bool {
        (self.first..=self.last).contains(&position)
    }

    /// The frame, in the buffer in which it was found.
    pub(crate) fn view<'a>(&self, buffer: &'a [u8]) -> View<'a> {
        View { first: self.first, last: self.last, bytes: &buffer[self.bytes.clone()] }
    }
}

/// A frame that was made here, or whose checksum was found right; its bytes are shared.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) first: Position,
    /// The position of its last record.
    pub(crate) last: Position,
    bytes: Bytes,
}

impl Frame {
    /// Checks the bytes of all parts of the frame that stands at `first`.
    pub(crate) fn check(first: Position, bytes: Bytes) -> Result<Frame, FrameError> {
        let View { first, last, .. } = View::check(first, &bytes)?;
        Ok(Frame { first, last, bytes })
    }

    pub(crate) fn view(&self) -> View<'_> {
        View { first: self.first, last: self.last, bytes: &self.bytes }
    }

    /// The same in memory of its own.
    pub(crate) fn apart(self) -> Frame {
        Frame { bytes: Bytes::copy_from_slice(&self.bytes), ..self }
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The hash of the frame before.
    pub(crate) fn previous(&self) -> Hash {
        let mut hash = [0; 32];
        hash.copy_from_slice(&self.bytes[PREVIOUS_AT..CRC_AT]);
        hash
    }

    /// The checksum that stands in it.
    pub(crate) fn crc(&self) -> u32 {
        let mut crc = [0; 4];
        crc.copy_from_slice(&self.bytes[CRC_AT..HEADER_BYTES]);
        u32::from_le_bytes(crc)
    }

    pub(crate) fn hash(&self) -> Hash {
        blake3::hash(&self.bytes).into()
    }

    /// The keys and values that it is stored as.
    pub(crate) fn values(&self) -> impl Iterator<Item = (Vec<u8>, &[u8])> {
        let parts = self.bytes.chunks(VALUE_BYTES_MAX);
        parts.enumerate().map(|(part, value)| (key(self.first, part as u16), value))
    }

    /// Its records as they stand there; every byte belongs to one of them.
    pub(crate) fn records(&self) -> Records<'_> {
        self.view().records()
    }

    /// A record that stands in it, whose payload keeps all of it.
    pub(crate) fn record(&self, position: Position, encoded: &Encoded<'_>) -> Record {
        encoded.record(position, |payload| self.bytes.slice_ref(payload))
    }
}

/// The records of a frame, of which only those are decoded that are wanted.
#[derive(Debug)]
pub(crate) struct Records<'a> {
    last: Position,
    next: Position,
    before: Option<Encoded<'a>>,
    reader: Reader<'a>,
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<(Position, Encoded<'a>), FrameError>;

    fn next(&mut self) -> Option<Self::Item> {
        let position = self.next;
        if position > self.last {
            return None;
        }
        self.next = position.next();
        let taken = Encoded::take(self.before.as_ref(), &mut self.reader)
            .map_err(|error| FrameError::Record { position, error });
        let ended = match position == self.last {
            true => self.reader.end("bytes after the last record").map_err(FrameError::from),
            false => Ok(()),
        };
        Some(taken.and_then(|encoded| {
            self.before = Some(encoded);
            ended.map(|()| (position, encoded))
        }))
    }
}

fn last_of(first: Position, records: u32) -> Position {
    Position(first.0 + u64::from(records) - 1)
}

#[derive(Clone, Copy, Debug)]
struct Header {
    records: u32,
    first: Position,
    body: usize,
    crc: u32,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Header, FrameError> {
        let mut reader = Reader::new(bytes);
        if reader.array::<2>("magic")? != MAGIC {
            return Err(FrameError::Magic);
        }
        let [frame, envelope] = reader.array::<2>("versions")?;
        if (frame, envelope) != (FRAME_VERSION, ENVELOPE_VERSION) {
            return Err(FrameError::Versions { frame, envelope });
        }
        let records = u32::from_le_bytes(reader.array("records")?);
        let first = Position(u64::from_le_bytes(reader.array("first position")?));
        let body = u32::from_le_bytes(reader.array("length")?) as usize;
        reader.array::<32>("previous hash")?;
        let crc = u32::from_le_bytes(reader.array("checksum")?);
        bounded("records", records.into(), 1, FRAME_RECORDS_MAX.into())?;
        bounded("length", body as u64, 1, LARGE_BODY_BYTES_MAX as u64)?;
        bounded("first position", first.0, 1, u64::MAX - u64::from(FRAME_RECORDS_MAX))?;
        Ok(Header { records, first, body, crc })
    }
}

fn bounded(field: &'static str, value: u64, min: u64, max: u64) -> Result<(), Malformed> {
    match (min..=max).contains(&value) {
        true => Ok(()),
        false => Err(Malformed::Bounds { field, value, min, max }),
    }
}

/// CRC-32 (ISO-HDLC) of a frame without the four bytes of the checksum itself.
fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&bytes[..CRC_AT]);
    crc.update(&bytes[HEADER_BYTES..]);
    crc.finalize()
}

#[cfg(test)]
mod tests;
