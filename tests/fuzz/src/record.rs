//! Records of events: kind (u16, little-endian), schema, codec, payload; of kind 0 a stream's name, and of
//! kind 1 a principal.

use switchboard::domain::event::Stream;
use switchboard::log::StreamName;
use switchboard::wire;

use crate::word;

/// What decodes encodes to what decodes to the same, in no more bytes.
///
/// # Panics
///
/// Where that does not hold.
pub fn run(input: &[u8]) -> String {
    let Some(([low, high, schema, codec], payload)) = input.split_first_chunk::<4>() else {
        return "too short".to_owned();
    };
    match u16::from_le_bytes([*low, *high]) {
        0 => stream(payload),
        1 => principal(payload),
        kind => event(kind, *schema, *codec, payload),
    }
}

fn event(kind: u16, schema: u8, codec: u8, payload: &[u8]) -> String {
    let event = match wire::decode(kind, schema, codec, payload) {
        Ok(event) => event,
        Err(error) => return word(&error.to_string()),
    };
    let encoded = wire::encode(&event);
    assert_eq!(encoded.kind, kind, "an event has one kind");
    // Of a number there may be longer forms than the one that is written.
    assert!(encoded.payload.len() <= payload.len(), "it is written in more bytes than it was read from");
    let again = wire::decode(encoded.kind, encoded.schema, encoded.codec, &encoded.payload);
    assert_eq!(again.as_ref(), Ok(&event), "what was written is read as another event");
    assert_eq!(wire::encode(&event), encoded, "an event has one form");
    format!("decoded: kind {kind}")
}

fn stream(name: &[u8]) -> String {
    if name.is_empty() || name.len() > 400 {
        return "no name of a stream".to_owned();
    }
    match wire::stream(&StreamName::new(name)) {
        Ok(stream) => {
            // Of an id that is too long the name has the hash alone, which is hashed again.
            let hashed = matches!(&stream, Stream::Inbound(_, id) if id.starts_with("blake3:"));
            let told = wire::stream(&wire::stream_name(&stream));
            assert!(hashed || told.as_ref() == Ok(&stream), "a name tells its stream: {stream:?}, {told:?}");
            format!("stream {}", name[0])
        }
        Err(error) => word(&error.to_string()),
    }
}

fn principal(bytes: &[u8]) -> String {
    match wire::principal(bytes) {
        Ok(principal) => {
            assert_eq!(wire::principal_bytes(&principal), bytes, "a principal has one form");
            format!("principal {}", bytes[0])
        }
        Err(error) => word(&error.to_string()),
    }
}
