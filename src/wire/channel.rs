//! Payloads of channels.

use bincode::{BorrowDecode, Encode};

use super::payload::{Bad, read, unplaced, write};
use super::shared::{IdV1, id, uuid};
use super::{Encoded, kind};
use crate::domain::event::ChannelEvent;
use crate::domain::id::LineId;

#[derive(Encode, BorrowDecode)]
struct ChannelBoundV1 {
    line: IdV1,
}

pub(super) fn encode(event: &ChannelEvent) -> Encoded {
    match event {
        ChannelEvent::ChannelBound { line } => {
            write(kind::CHANNEL_BOUND, 1, &ChannelBoundV1 { line: id(line.0) })
        }
    }
}

pub(super) fn decode(kind: u16, schema: u8, bytes: &[u8]) -> Result<ChannelEvent, Bad> {
    match (kind, schema) {
        (kind::CHANNEL_BOUND, 1) => {
            let ChannelBoundV1 { line } = read(bytes)?;
            Ok(ChannelEvent::ChannelBound { line: LineId(uuid(line)) })
        }
        _ => Err(unplaced()),
    }
}
