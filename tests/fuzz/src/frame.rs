//! Frames of the log, as they stand in the store: as they are, and with the checksum that fits them.

use switchboard::fuzzing;
use switchboard::wire;

use crate::word;

const LENGTH_AT: usize = 16;
const CRC_AT: usize = 52;
const HEADER_BYTES: usize = 56;

/// What is read is written again in the same bytes, where it leaves out the same.
///
/// # Panics
///
/// Where that does not hold.
pub fn run(input: &[u8]) -> String {
    let found = read(input);
    let Some(mended) = mended(input) else { return found };
    format!("{found}; mended: {}", read(&mended))
}

fn read(bytes: &[u8]) -> String {
    let read = match fuzzing::read_frame(bytes) {
        Ok(read) => read,
        Err(error) => return word(&error),
    };
    let positions = read.records.iter().map(|record| record.position.0);
    assert!(positions.clone().zip(positions.skip(1)).all(|(one, next)| next == one + 1), "no gaps");
    let payloads: usize = read.records.iter().map(|record| record.entry.payload.len()).sum();
    assert!(payloads < bytes.len(), "no byte is in two payloads");
    let again = fuzzing::read_frame(&read.rewritten).expect("what was written is read");
    assert_eq!(again.records, read.records, "what was written is read as other records");
    assert_eq!(again.rewritten, read.rewritten, "records have one form");
    assert!(read.rewritten.len() <= bytes.len(), "it is written in more bytes than it was read from");
    if again.flags == read.flags {
        assert!(read.rewritten == bytes, "what leaves out the same has the same bytes");
    }
    let facts = read.records.iter().filter(|record| wire::recorded(record).is_ok()).count();
    format!("{} records, {} of them facts", read.records.len().min(4), facts.min(4))
}

/// The same with the length and the checksum of its bytes: else nothing behind them would be looked at.
pub fn mended(input: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = input.to_vec();
    let body = u32::try_from(bytes.len().checked_sub(HEADER_BYTES)?).ok()?;
    bytes[..4].copy_from_slice(b"sF\x01\x01");
    bytes[LENGTH_AT..LENGTH_AT + 4].copy_from_slice(&body.to_le_bytes());
    check(&mut bytes);
    Some(bytes)
}

/// Writes the checksum of a frame into it.
pub fn check(frame: &mut [u8]) {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&frame[..CRC_AT]);
    crc.update(&frame[HEADER_BYTES..]);
    frame[CRC_AT..HEADER_BYTES].copy_from_slice(&crc.finalize().to_le_bytes());
}
