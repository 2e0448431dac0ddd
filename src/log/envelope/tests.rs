//! Tests of `envelope`.

use proptest::prelude::*;

use super::*;

fn stamp() -> Stamp {
    Stamp {
        time_us: 1_753_000_000_123_456,
        command: Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001),
        digest: 0x1122_3344_5566_7788,
        correlation: Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001),
        causation: Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001),
        principal: b"op:7".to_vec().into(),
        policy_revision: 0,
    }
}

fn entry(stream: &[u8], payload: &[u8]) -> Entry {
    Entry {
        stream: StreamName::new(stream),
        kind: 9,
        schema: 1,
        codec: CODEC_PLAIN,
        payload: Bytes::copy_from_slice(payload),
    }
}

fn encode(records: &[Record], shared: &[Shared]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (record, shared) in records.iter().zip(shared) {
        put_versions(record.version, record.previous, &mut bytes);
        put_content(&record.stamp, &record.entry, *shared, &mut bytes);
    }
    bytes
}

fn decode_all(bytes: &[u8]) -> Result<Vec<Record>, EnvelopeError> {
    let frame = Bytes::copy_from_slice(bytes);
    let mut reader = Reader::new(&frame);
    let (mut records, mut before) = (Vec::new(), None);
    while reader.end("rest").is_err() {
        let position = Position(records.len() as u64 + 1);
        let encoded = Encoded::take(before.as_ref(), &mut reader)?;
        records.push(encoded.record(position, |payload| frame.slice_ref(payload)));
        before = Some(encoded);
    }
    Ok(records)
}

fn record(position: u64, version: u64, previous: u64, stamp: Stamp, entry: Entry) -> Record {
    let (position, version, previous) = (Position(position), Version(version), Version(previous));
    Record { position, version, previous, stamp, entry }
}

/// Every field in its short and its long form.
fn sample() -> (Vec<Record>, Vec<Shared>) {
    let long = Stamp {
        time_us: -1,
        correlation: Uuid::from_u128(2),
        causation: Uuid::from_u128(3),
        policy_revision: 300,
        principal: Vec::new().into(),
        ..stamp()
    };
    let encrypted = Entry { kind: 40_000, schema: 2, codec: 7, ..entry(b"session/1", b"") };
    let records = vec![
        record(1, 1, 0, stamp(), entry(b"slot/telegram/1", b"claimed")),
        record(2, 1, 0, stamp(), entry(b"session/1", b"created")),
        record(3, 2, 1, stamp(), entry(b"session/1", b"assigned")),
        record(4, 300, 2, long, encrypted),
    ];
    let whole = Shared::default();
    let stamp = Shared { stamp: true, stream: false };
    let both = Shared { stamp: true, stream: true };
    (records, vec![whole, stamp, both, whole])
}

#[test]
fn every_field_is_read_as_it_was_written() {
    let (records, shared) = sample();
    assert_eq!(decode_all(&encode(&records, &shared)), Ok(records));
}

#[test]
fn the_bytes_are_those_of_the_golden_file() {
    let (records, shared) = sample();
    let golden = crate::log::golden(include_str!("../../../tests/golden/log/envelope-v1.hex"));
    assert_eq!(crate::log::hex(&encode(&records, &shared)), crate::log::hex(&golden));
    assert_eq!(decode_all(&golden), Ok(records));
}

#[test]
fn an_event_that_shares_its_command_and_stream_costs_five_bytes() {
    let mut bytes = Vec::new();
    put_versions(Version(2), Version(1), &mut bytes);
    put_content(&stamp(), &entry(b"session/1", b""), Shared { stamp: true, stream: true }, &mut bytes);
    assert_eq!(bytes.len(), 5);
}

#[test]
fn an_event_id_follows_from_stream_version_and_command_alone() {
    let (a, b) = (StreamName::new(b"a"), StreamName::new(b"b"));
    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let id = event_id(&a, Version(1), one);
    assert_eq!(id, event_id(&a, Version(1), one));
    assert_eq!(id.get_version_num(), 8);
    for other in [event_id(&b, Version(1), one), event_id(&a, Version(2), one), event_id(&a, Version(1), two)]
    {
        assert_ne!(id, other);
    }
}

#[test]
fn what_the_first_record_leaves_out_is_an_error() {
    let (records, _) = sample();
    for shared in [Shared { stamp: true, stream: false }, Shared { stamp: false, stream: true }] {
        let bytes = encode(&records[..1], &[shared]);
        assert_eq!(decode_all(&bytes), Err(EnvelopeError::NothingBefore));
    }
}

#[test]
fn a_flag_of_another_version_is_an_error() {
    let (records, shared) = sample();
    let mut bytes = encode(&records[..1], &shared);
    bytes[2] |= 0x80;
    assert_eq!(decode_all(&bytes), Err(EnvelopeError::Flags { flags: 0x80 }));
}

#[test]
fn a_version_that_does_not_follow_the_one_before_it_is_an_error() {
    let (records, shared) = sample();
    let mut bytes = encode(&records[..1], &shared);
    bytes[1] = 1;
    assert_eq!(decode_all(&bytes), Err(EnvelopeError::Versions { version: 1, gap: 1 }));
    bytes[0] = 0;
    assert_eq!(decode_all(&bytes), Err(EnvelopeError::Versions { version: 0, gap: 1 }));
}

#[test]
fn bytes_that_end_early_are_an_error_wherever_they_end() {
    let (records, shared) = sample();
    let bytes = encode(&records[..1], &shared);
    for len in 1..bytes.len() {
        assert!(decode_all(&bytes[..len]).is_err(), "{len} bytes");
    }
}

proptest! {
    #[test]
    fn random_bytes_are_read_or_refused_but_nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(records) = decode_all(&bytes) {
            prop_assert!(records.len() <= bytes.len());
        }
    }

    #[test]
    fn a_random_record_is_read_as_it_was_written(
        (time_us, ids, digest, policy_revision) in any::<(i64, [u128; 3], u64, u32)>(),
        principal in prop::collection::vec(any::<u8>(), 0..=PRINCIPAL_BYTES_MAX),
        (kind, schema, codec) in any::<(u16, u8, u8)>(),
        stream in prop::collection::vec(any::<u8>(), 1..=STREAM_NAME_BYTES_MAX),
        payload in prop::collection::vec(any::<u8>(), 0..1_000),
        (version, gap) in (1u64.., any::<u64>()),
    ) {
        let [command, correlation, causation] = ids.map(Uuid::from_u128);
        let principal = principal.into();
        let stamp = Stamp { time_us, command, digest, correlation, causation, principal, policy_revision };
        let entry = Entry { stream: StreamName::new(&stream), kind, schema, codec, payload: payload.into() };
        let records = vec![record(1, version, gap % version, stamp, entry)];
        prop_assert_eq!(decode_all(&encode(&records, &[Shared::default()])), Ok(records));
    }
}
