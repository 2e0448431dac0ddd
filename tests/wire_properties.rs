//! The codec on arbitrary facts and on arbitrary bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use switchboard::domain::account::{Account, AccountKind, AccountText};
use switchboard::domain::channel::AddressFormat;
use switchboard::domain::event::{Event, Fact, SessionEvent, SlotEvent, Stream};
use switchboard::domain::id::{CommandId, MessageId, PolicyRevision, SessionId};
use switchboard::domain::time::Timestamp;
use switchboard::log::{Entry, Position, Record, Stamp, StreamName, Version};
use switchboard::wire::{self, CODEC_BINCODE, Encoded, KINDS, PAYLOAD_BYTES_MAX, WireError, WireFault};
use uuid::Uuid;

use support::generators::{any_event, any_fact, any_principal, any_stream};

mod support {
    pub mod generators;
}

fn record(entry: Entry, principal: Vec<u8>) -> Record {
    Record {
        position: Position(17),
        version: Version(3),
        previous: Version(2),
        stamp: Stamp {
            time_us: 5,
            command: Uuid::from_u128(2),
            digest: 6,
            correlation: Uuid::from_u128(3),
            causation: Uuid::from_u128(4),
            principal: principal.into(),
            policy_revision: 7,
        },
        entry,
    }
}

fn decode(encoded: &Encoded) -> Result<Event, WireError> {
    wire::decode(encoded.kind, encoded.schema, encoded.codec, &encoded.payload)
}

fn name_holds_the_id(stream: &Stream) -> bool {
    match stream {
        Stream::Inbound(_, id) => id.len() <= 383 && !id.starts_with("blake3:"),
        _ => true,
    }
}

proptest! {
    #[test]
    fn an_event_decodes_to_itself(event in any_event()) {
        let encoded = wire::encode(&event);
        prop_assert_eq!(decode(&encoded), Ok(event));
    }

    #[test]
    fn a_fact_is_recorded_as_it_was_entered(fact in any_fact(), principal in any_principal()) {
        let entry = wire::entry(&fact);
        let record = record(entry, wire::principal_bytes(&principal));
        let recorded = wire::recorded(&record);
        let recorded = recorded.expect("what was entered is read");
        prop_assert_eq!(recorded.event_id(), record.event_id());
        prop_assert_eq!(recorded.event, fact.event);
        if name_holds_the_id(&fact.stream) {
            prop_assert_eq!(recorded.stream, fact.stream);
        }
        prop_assert_eq!(recorded.principal, principal);
        let place = (recorded.position, recorded.version, recorded.time);
        prop_assert_eq!(place, (Position(17), Version(3), Timestamp(5)));
        let commands = [recorded.command, recorded.correlation, recorded.causation];
        prop_assert_eq!(commands, [2, 3, 4].map(|id| CommandId(Uuid::from_u128(id))));
        prop_assert_eq!((recorded.digest, recorded.policy_revision), (6, PolicyRevision(7)));
    }

    #[test]
    fn a_payload_cut_anywhere_does_not_decode(event in any_event(), at in any::<prop::sample::Index>()) {
        let mut encoded = wire::encode(&event);
        prop_assume!(!encoded.payload.is_empty());
        encoded.payload.truncate(at.index(encoded.payload.len()));
        prop_assert!(decode(&encoded).is_err());
    }

    #[test]
    fn a_payload_with_more_bytes_does_not_decode(event in any_event(), more in vec(any::<u8>(), 1..9)) {
        let mut encoded = wire::encode(&event);
        encoded.payload.extend(more);
        prop_assert!(decode(&encoded).is_err());
    }

    #[test]
    fn a_payload_with_a_changed_byte_decodes_to_something_that_can_be_written_or_not_at_all(
        event in any_event(), at in any::<prop::sample::Index>(), byte in any::<u8>()
    ) {
        let mut encoded = wire::encode(&event);
        prop_assume!(!encoded.payload.is_empty());
        let at = at.index(encoded.payload.len());
        encoded.payload[at] = byte;
        if let Ok(other) = decode(&encoded) {
            prop_assert_eq!(decode(&wire::encode(&other)), Ok(other));
        }
    }

    #[test]
    fn arbitrary_bytes_of_any_kind_decode_to_something_that_can_be_written_or_not_at_all(
        kind in prop::sample::select(KINDS), payload in vec(any::<u8>(), 0..200)
    ) {
        if let Ok(event) = wire::decode(kind.number, kind.newest, CODEC_BINCODE, &payload) {
            prop_assert_eq!(decode(&wire::encode(&event)), Ok(event));
        }
    }

    #[test]
    fn numbers_without_a_meaning_are_errors_that_name_them(
        kind in any::<u16>(), schema in any::<u8>(), codec in any::<u8>()
    ) {
        let fault = wire::decode(kind, schema, codec, &[0xff; 3]).expect_err("no payload is so").fault;
        let expected = match KINDS.iter().find(|known| known.number == kind) {
            None => WireFault::UnknownKind { kind },
            Some(known) if !(1..=known.newest).contains(&schema) => {
                WireFault::UnknownSchema { kind, schema, newest: known.newest }
            }
            Some(_) if codec != CODEC_BINCODE => WireFault::UnknownCodec { kind, schema, codec },
            Some(_) => return Ok(()),
        };
        prop_assert_eq!(fault, expected);
    }

    #[test]
    fn a_name_tells_its_stream(stream in any_stream().prop_filter("lossless", name_holds_the_id)) {
        prop_assert_eq!(wire::stream(&wire::stream_name(&stream)), Ok(stream));
    }

    #[test]
    fn two_streams_have_two_names(one in any_stream(), other in any_stream()) {
        let (name, other_name) = (wire::stream_name(&one), wire::stream_name(&other));
        prop_assert_eq!(one == other, name == other_name);
    }

    #[test]
    fn arbitrary_bytes_name_no_stream_or_one_with_this_name(
        tag in 0u8..12, rest in vec(any::<u8>(), 0..60)
    ) {
        let name = StreamName::new(&[&[tag][..], &rest].concat());
        if let Ok(stream) = wire::stream(&name) {
            prop_assert!(wire::stream_name(&stream) == name || !name_holds_the_id(&stream));
        }
    }

    #[test]
    fn a_principal_decodes_to_itself(principal in any_principal()) {
        let bytes = wire::principal_bytes(&principal);
        prop_assert!(bytes.len() <= 255);
        prop_assert_eq!(wire::principal(&bytes), Ok(principal));
    }

    #[test]
    fn arbitrary_bytes_are_no_principal_or_one_with_these_bytes(bytes in vec(any::<u8>(), 0..40)) {
        if let Ok(principal) = wire::principal(&bytes) {
            prop_assert_eq!(wire::principal_bytes(&principal), bytes);
        }
    }
}

#[test]
fn the_generator_makes_every_kind() {
    let mut runner = TestRunner::deterministic();
    let events = any_event();
    let mut missing: std::collections::BTreeSet<_> = KINDS.iter().map(|kind| kind.number).collect();
    for _ in 0..5_000 {
        let event = events.new_tree(&mut runner).expect("the generator rejects nothing").current();
        missing.remove(&wire::encode(&event).kind);
    }
    assert!(missing.is_empty(), "the generator never made {missing:?}");
}

#[test]
fn the_changed_bytes_of_every_fixed_part_are_refused_with_the_position() {
    let fact = Fact {
        stream: Stream::Session(SessionId(Uuid::from_u128(9))),
        event: Event::Session(SessionEvent::MessageRead { message: MessageId(Uuid::from_u128(8)) }),
    };
    let entry = wire::entry(&fact);
    let operator = [&[1u8][..], &[7; 16]].concat();
    let fault = |entry: Entry, principal: &[u8]| {
        let error = wire::recorded(&record(entry, principal.to_vec())).expect_err("it is broken");
        assert_eq!(error.position, Some(Position(17)));
        assert!(error.to_string().starts_with("position 17: "), "{error}");
        error.fault
    };
    assert_eq!(fault(Entry { kind: 699, ..entry.clone() }, &operator), WireFault::UnknownKind { kind: 699 });
    assert_eq!(
        fault(Entry { schema: 2, ..entry.clone() }, &operator),
        WireFault::UnknownSchema { kind: 608, schema: 2, newest: 1 }
    );
    assert_eq!(
        fault(Entry { codec: 2, ..entry.clone() }, &operator),
        WireFault::UnknownCodec { kind: 608, schema: 1, codec: 2 }
    );
    assert_eq!(
        fault(Entry { payload: vec![0; 17].into(), ..entry.clone() }, &operator),
        WireFault::Payload { kind: 608, schema: 1, reason: "1 of its 17 bytes are left over".to_owned() }
    );
    assert_eq!(
        fault(Entry { stream: wire::stream_name(&Stream::Workspace), ..entry.clone() }, &operator),
        WireFault::Misplaced { kind: 608, schema: 1 }
    );
    assert_eq!(
        fault(Entry { stream: StreamName::new(&[77; 17]), ..entry.clone() }, &operator),
        WireFault::StreamName { reason: "tag 77 is unknown".to_owned() }
    );
    assert_eq!(fault(entry, &[]), WireFault::Principal { reason: "it is empty".to_owned() });
}

#[test]
fn a_length_beyond_the_limit_is_refused_without_room_for_it() {
    // A title of 2^63 bytes.
    let payload = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0x80];
    let error = wire::decode(201, 1, CODEC_BINCODE, &payload).expect_err("nothing is so long");
    assert!(matches!(error.fault, WireFault::Payload { kind: 201, schema: 1, .. }), "{error}");
    let long = vec![0; PAYLOAD_BYTES_MAX + 1];
    let error = wire::decode(201, 1, CODEC_BINCODE, &long).expect_err("nothing is so long");
    let reason = format!("it has {} bytes, at most {PAYLOAD_BYTES_MAX} are legal", PAYLOAD_BYTES_MAX + 1);
    assert_eq!(error.fault, WireFault::Payload { kind: 201, schema: 1, reason });
}

#[test]
fn the_longest_message_with_the_longest_of_everything_beside_it_fits() {
    let event = Event::Session(SessionEvent::MessageReceived {
        message: MessageId(Uuid::from_u128(u128::MAX)),
        external_id: "i".repeat(998),
        text: "t".repeat(1 << 20),
        subject: Some("s".repeat(998)),
        sent_at: Some(Timestamp(i64::MIN)),
    });
    assert_eq!(decode(&wire::encode(&event)), Ok(event));
}

#[test]
#[should_panic(expected = "a stream of its own aggregate")]
fn a_fact_in_a_foreign_stream_does_not_reach_the_log() {
    let event = Event::Slot(SlotEvent::CustomerWrote);
    let _ = wire::entry(&Fact { stream: Stream::Workspace, event });
}

#[test]
fn an_address_that_outgrows_its_limit_when_its_case_is_folded_is_refused() {
    // Ⱥ has two bytes, ⱥ has three: the address fits its limit, its normalised form does not.
    let domain = ["Ⱥ".repeat(31), "Ⱥ".repeat(31), "Ⱥ".repeat(28)].join(".");
    let long = format!("{}@{domain}.com", "Ⱥ".repeat(32));
    assert!(long.len() <= 254, "{}", long.len());
    let raw = |text: String| AccountText { kind: AccountKind::Email, text };
    assert!(Account::normalise(&raw(long), AddressFormat::Email).is_err());
    let short = raw(format!("Ⱥ@{}.com", "Ⱥ".repeat(10)));
    let account = Account::normalise(&short, AddressFormat::Email).expect("an e-mail address");
    assert_eq!(account.address, format!("ⱥ@{}.com", "ⱥ".repeat(10)));
}
