//! Tests of `frame`.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::log::{Entry, Record, Stamp, StreamName};

fn content(payload: &[u8], first: bool) -> Vec<u8> {
    let command = Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001);
    let stamp = Stamp {
        time_us: 1_753_000_000_123_456,
        command,
        digest: 1,
        correlation: command,
        causation: command,
        principal: b"op:7".to_vec().into(),
        policy_revision: 2,
    };
    let entry = Entry {
        stream: StreamName::new(b"session/1"),
        kind: 9,
        schema: 1,
        codec: 1,
        payload: Bytes::copy_from_slice(payload),
    };
    let shared = envelope::Shared { stamp: !first, stream: !first };
    let mut bytes = Vec::new();
    envelope::put_content(&stamp, &entry, shared, &mut bytes);
    bytes
}

/// Decodes all records, as far as they can be.
fn records(frame: &Frame) -> Result<Vec<Record>, FrameError> {
    frame.records().map(|read| read.map(|(at, encoded)| frame.record(at, &encoded))).collect()
}

fn check(first: u64, bytes: &[u8]) -> Result<Frame, FrameError> {
    Frame::check(Position(first), Bytes::copy_from_slice(bytes))
}

fn sealed(first: u64, payloads: &[&[u8]]) -> Sealed {
    let mut open = Open::new(Position(first));
    for (version, payload) in (1..).zip(payloads) {
        open.push(Version(version), Version(version - 1), &content(payload, version == 1));
    }
    open.seal(&[0x5a; 32])
}

#[test]
fn a_frame_is_read_as_it_was_written() {
    let sealed = sealed(7, &[b"one", b"two", b"three"]);
    let checked = check(7, sealed.frame.bytes()).expect("it is right");
    let made = (sealed.frame.first, sealed.frame.last);
    assert_eq!((made, (checked.first, checked.last)), ((Position(7), Position(9)), made));
    assert_eq!((checked.previous(), checked.hash()), ([0x5a; 32], sealed.hash));
    let records = records(&checked).expect("its records are right");
    let read: Vec<_> = records.iter().map(|r| (r.position.0, r.version.0, &*r.entry.payload)).collect();
    assert_eq!(read, [(7, 1, &b"one"[..]), (8, 2, b"two"), (9, 3, b"three")]);
    assert_eq!(parts(sealed.frame.bytes()), Ok(1));
}

#[test]
fn the_bytes_are_those_of_the_golden_file() {
    let sealed = sealed(1, &[b"created", b"assigned"]);
    let golden = crate::log::golden(include_str!("../../../tests/golden/log/frame-v1.hex"));
    assert_eq!(crate::log::hex(sealed.frame.bytes()), crate::log::hex(&golden));
    let read = check(1, &golden).and_then(|frame| records(&frame));
    assert_eq!(read.map(|records| records.len()), Ok(2));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let sealed = sealed(1, &[b"created", b"assigned"]);
    for at in 0..sealed.frame.bytes().len() {
        for bit in 0..8 {
            let mut flipped = sealed.frame.bytes().to_vec();
            flipped[at] ^= 1 << bit;
            assert!(check(1, &flipped).is_err(), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn a_frame_at_another_position_is_noticed() {
    let sealed = sealed(3, &[b"x"]);
    let moved = check(4, sealed.frame.bytes()).map(drop);
    assert_eq!(moved, Err(FrameError::Misplaced { written: 3 }));
}

#[test]
fn a_frame_with_bytes_missing_or_added_is_noticed() {
    let mut bytes = sealed(1, &[b"x"]).frame.bytes().to_vec();
    let written = bytes.len();
    for found in 0..written {
        assert!(check(1, &bytes[..found]).is_err(), "{found} bytes");
    }
    bytes.push(0);
    let longer = check(1, &bytes).map(drop);
    assert_eq!(longer, Err(FrameError::Length { found: written + 1, written }));
}

#[test]
fn an_event_larger_than_a_frame_is_cut_into_values_that_fit() {
    let payload = vec![1; 20_000];
    let sealed = sealed(258, &[&payload]);
    let values: Vec<_> = sealed.frame.values().collect();
    assert_eq!(values.len(), 4);
    assert_eq!(parts(values[0].1), Ok(4));
    assert!(values.iter().all(|(_, value)| value.len() <= VALUE_BYTES_MAX));
    let keys: Vec<_> = values.iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(keys[0], [0, 0, 0, 0, 0, 0, 1, 2]);
    assert_eq!(keys[3], [0, 0, 0, 0, 0, 0, 1, 2, 0, 3]);
    assert!(keys.is_sorted() && keys[3] < key(Position(259), 0));
    let parsed: Vec<_> = keys.iter().map(|key| parse_key(key)).collect();
    assert_eq!(parsed, [0, 1, 2, 3].map(|part| Some((Position(258), part))));
    let joined: Vec<u8> = values.iter().flat_map(|(_, value)| value.iter().copied()).collect();
    assert!(check(258, &joined).is_ok());
}

#[test]
fn a_frame_takes_records_up_to_its_size_and_its_count() {
    let mut open = Open::new(Position(1));
    assert!(open.fits(1, 1 << 20), "a record larger than a frame has one of its own");
    open.push(Version(1), Version(0), &[0; 1_000]);
    assert!(open.fits(1, FULL_BODY_BYTES - 1_002));
    assert!(!open.fits(1, FULL_BODY_BYTES - 1_001));
    assert!(open.fits(FRAME_RECORDS_MAX as usize - 1, 1));
    assert!(!open.fits(FRAME_RECORDS_MAX as usize, 1));
}

proptest! {
    #[test]
    fn random_bytes_are_no_frame_and_nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(check(1, &bytes).is_err());
        prop_assert!(parts(&bytes).is_err());
        parse_key(&bytes);
    }

    #[test]
    fn a_right_checksum_over_random_records_is_read_or_refused(
        body in prop::collection::vec(any::<u8>(), 1..300),
        records in 1..FRAME_RECORDS_MAX,
    ) {
        let mut open = Open::new(Position(1));
        open.bytes.extend_from_slice(&body);
        open.records = records;
        let sealed = open.seal(&[0; 32]);
        let checked = check(1, sealed.frame.bytes()).expect("the checksum is right");
        if let Ok(read) = super::tests::records(&checked) {
            prop_assert_eq!(read.len(), records as usize);
        }
    }
}

#[test]
fn a_frame_is_found_in_a_buffer_by_each_of_its_positions_if_it_is_right() {
    let mut previous = [7; 32];
    let mut buffer = Vec::new();
    for first in [11, 13] {
        let mut open = Open::new(Position(first));
        open.push(Version(1), Version(0), &content(b"one", true));
        open.push(Version(2), Version(1), &content(b"two", false));
        let sealed = open.seal(&previous);
        previous = sealed.hash;
        buffer.extend_from_slice(sealed.frame.bytes());
    }
    let found = |buffer: &[u8], position| {
        let found = InBuffer::find(buffer, Position(position))?;
        assert!(found.holds(Position(position)));
        Some(found.view(buffer).first.0)
    };
    let expected = [(10, None), (11, Some(11)), (12, Some(11)), (13, Some(13)), (14, Some(13)), (15, None)];
    for (position, first) in expected {
        assert_eq!(found(&buffer, position), first, "{position}");
    }
    for at in 0..buffer.len() {
        let mut flipped = buffer.clone();
        flipped[at] ^= 1;
        let half = buffer.len() / 2;
        let wanted = if at < half { 11 } else { 13 };
        assert_eq!(found(&flipped, wanted), None, "byte {at}");
        assert_eq!(found(&buffer[..at], 13), None, "{at} bytes");
    }
}
