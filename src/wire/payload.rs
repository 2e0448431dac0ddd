//! The one place that calls bincode: payload structs to bytes and back.

use bincode::config;
use bincode::error::DecodeError;
use bincode::{BorrowDecode, Encode};

use super::{CODEC_BINCODE, Encoded, PAYLOAD_BYTES_MAX};
use crate::domain::id::BadCode;

/// Bytes that do not say what they should, and why.
#[derive(Debug)]
pub(super) struct Bad(pub(super) String);

impl From<BadCode> for Bad {
    fn from(bad: BadCode) -> Bad {
        Bad(bad.to_string())
    }
}

/// The payload of a kind without fields: no bytes.
#[derive(Encode, BorrowDecode)]
pub(super) struct NothingV1;

/// Encodes a payload.
pub(super) fn write<P: Encode>(kind: u16, schema: u8, payload: &P) -> Encoded {
    let payload = bincode::encode_to_vec(payload, config::standard())
        .expect("payload structs have derived encoders, and a Vec takes all bytes");
    assert!(payload.len() <= PAYLOAD_BYTES_MAX, "the domain's limits keep a payload below its maximum");
    Encoded { kind, schema, codec: CODEC_BINCODE, payload }
}

/// Decodes a payload, all of it.
pub(super) fn read<'a, P: BorrowDecode<'a, ()>>(bytes: &'a [u8]) -> Result<P, Bad> {
    if bytes.len() > PAYLOAD_BYTES_MAX {
        return Err(Bad(format!("it has {} bytes, at most {PAYLOAD_BYTES_MAX} are legal", bytes.len())));
    }
    let limited = config::standard().with_limit::<PAYLOAD_BYTES_MAX>();
    let (payload, used) = bincode::borrow_decode_from_slice(bytes, limited).map_err(reason)?;
    match bytes.len() - used {
        0 => Ok(payload),
        left => Err(Bad(format!("{left} of its {} bytes are left over", bytes.len()))),
    }
}

/// The reason for a version that the table has and the reader of its aggregate has not.
pub(super) fn unplaced() -> Bad {
    Bad("this release has no reader for it".to_owned())
}

/// Says what bincode found; its own words are those of a debugger.
fn reason(error: DecodeError) -> Bad {
    Bad(match error {
        DecodeError::UnexpectedEnd { .. } => "it ends too early".to_owned(),
        DecodeError::LimitExceeded => format!("a length in it is beyond {PAYLOAD_BYTES_MAX} bytes"),
        DecodeError::Utf8 { inner } => format!("a text is not UTF-8: {inner}"),
        DecodeError::InvalidBooleanValue(found) => format!("{found} is no truth value: 0 and 1 are"),
        DecodeError::UnexpectedVariant { found, .. } => format!("{found} does not tell presence: 0 and 1 do"),
        DecodeError::InvalidIntegerType { .. } => "a number is wider than its type".to_owned(),
        DecodeError::OutsideUsizeRange(length) => format!("a length is {length}"),
        other => format!("bincode says {other}"),
    })
}
