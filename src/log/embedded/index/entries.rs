//! The bytes of the stream index's keys and entries, as `docs/format.md` draws them.

use uuid::Uuid;

use super::{Checkpoint, FORMAT};
use crate::disk::bytes::{Malformed, Reader, put_varint};
use crate::log::{Position, StreamName};

/// The length first, so that no name's keys stand among those of another.
pub(super) fn tail_key(stream: &StreamName) -> Vec<u8> {
    let name = stream.as_bytes();
    let mut key = Vec::with_capacity(2 + name.len() + 8);
    key.extend_from_slice(&(name.len() as u16).to_be_bytes());
    key.extend_from_slice(name);
    key
}

pub(super) fn chunk_key(stream: &StreamName, first: u64) -> Vec<u8> {
    let mut key = tail_key(stream);
    key.extend_from_slice(&first.to_be_bytes());
    key
}

/// Writes how many there are, and of each how far it is after the one before it.
pub(super) fn put_positions(positions: &[u64], out: &mut Vec<u8>) {
    put_varint(positions.len() as u64, out);
    let mut before = 0;
    for position in positions {
        put_varint(position - before, out);
        before = *position;
    }
}

pub(super) fn take_positions(reader: &mut Reader<'_>, max: u64) -> Result<Vec<u64>, Malformed> {
    let count = reader.varint("number of positions", max)?;
    let mut position = 0;
    let mut positions = Vec::with_capacity(count as usize);
    for _ in 0..count {
        position += reader.varint("position", u64::MAX - position)?;
        positions.push(position);
    }
    Ok(positions)
}

pub(super) fn parse<T>(
    bytes: &[u8],
    take: impl FnOnce(&mut Reader<'_>) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    let mut reader = Reader::new(bytes);
    let value = take(&mut reader)?;
    reader.end("bytes after the entry")?;
    Ok(value)
}

pub(super) fn checkpoint_bytes(checkpoint: &Checkpoint) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    bytes.extend_from_slice(checkpoint.store_id.as_bytes());
    bytes.extend_from_slice(&checkpoint.position.0.to_le_bytes());
    bytes.extend_from_slice(&checkpoint.hash);
    bytes
}

pub(super) fn parse_checkpoint(bytes: &[u8]) -> Result<Option<Checkpoint>, Malformed> {
    parse(bytes, |reader| {
        let format = reader.byte("format")?;
        let store_id = Uuid::from_bytes(reader.array("store id")?);
        let position = Position(u64::from_le_bytes(reader.array("position")?));
        let hash = reader.array("hash")?;
        Ok((format == FORMAT).then_some(Checkpoint { store_id, position, hash }))
    })
}
