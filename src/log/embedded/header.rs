//! The log's header: what the log is, at position zero; the first frame is chained to it.

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use super::OpenError;
use crate::disk::bytes::{Malformed, Reader};
use crate::disk::{DiskError, Store};
use crate::log::Position;
use crate::log::frame::{self, Hash};

/// The format of the whole log, of which frames and envelopes have their own versions too.
pub(super) const FORMAT: u32 = 1;

const MAGIC: [u8; 4] = *b"sLog";

/// What the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The log's own id, by which the index knows that it belongs to it.
    pub(super) store_id: Uuid,
    /// The hash of these bytes, to which the first frame is chained.
    pub(super) hash: Hash,
}

/// Reads the header, or writes one where the store is empty and nothing has left it (`is_new`).
pub(super) fn load_or_create(store: &Store, is_new: bool) -> Result<Header, OpenError> {
    let key = frame::key(Position::START, 0);
    if let Some(bytes) = store.get(&key).map_err(failed)? {
        return read(&bytes);
    }
    if !is_new || store.entries_from(&[]).next().is_some() {
        return Err(damaged("it is missing"));
    }
    let bytes = write(Uuid::now_v7(), SystemTime::now());
    store.apply([(key, bytes.as_slice())]).and_then(|()| store.sync()).map_err(failed)?;
    read(&bytes)
}

fn write(store_id: Uuid, created: SystemTime) -> Vec<u8> {
    let created = created.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as i64);
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(store_id.as_bytes());
    bytes.extend_from_slice(&created.to_le_bytes());
    let crc = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

fn read(bytes: &[u8]) -> Result<Header, OpenError> {
    let (format, header) = parse(bytes).map_err(damaged)?;
    if format != FORMAT {
        return Err(OpenError::Format { found: format, known: FORMAT });
    }
    header.map_err(damaged)
}

/// The format is read before the rest, which another format may lay out otherwise.
fn parse(bytes: &[u8]) -> Result<(u32, Result<Header, String>), String> {
    let mut reader = Reader::new(bytes);
    if reader.array::<4>("magic").map_err(text)? != MAGIC {
        return Err("it does not begin as a log".into());
    }
    let format = u32::from_le_bytes(reader.array("format").map_err(text)?);
    Ok((format, parse_rest(bytes, reader)))
}

fn parse_rest(bytes: &[u8], mut reader: Reader<'_>) -> Result<Header, String> {
    let store_id = Uuid::from_bytes(reader.array("store id").map_err(text)?);
    reader.array::<8>("created").map_err(text)?;
    let written = u32::from_le_bytes(reader.array("checksum").map_err(text)?);
    reader.end("bytes after the header").map_err(text)?;
    let found = crc32fast::hash(&bytes[..bytes.len() - 4]);
    if found != written {
        return Err(format!("its checksum is {found:08x} and not {written:08x}"));
    }
    Ok(Header { store_id, hash: blake3::hash(bytes).into() })
}

fn text(error: Malformed) -> String {
    error.to_string()
}

fn damaged(reason: impl ToString) -> OpenError {
    OpenError::Damaged { position: Position::START, reason: format!("the header: {}", reason.to_string()) }
}

fn failed(error: DiskError) -> OpenError {
    OpenError::Failed { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written_and_every_flipped_bit_is_noticed() {
        let id = Uuid::from_u128(7);
        let bytes = write(id, UNIX_EPOCH);
        assert_eq!(read(&bytes).map(|header| header.store_id), Ok(id));
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert!(read(&flipped).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_header_of_a_later_format_says_which() {
        let mut bytes = write(Uuid::nil(), UNIX_EPOCH);
        bytes[4] = 9;
        bytes.truncate(12);
        assert_eq!(read(&bytes), Err(OpenError::Format { found: 9, known: FORMAT }));
    }
}
