//! Payloads of slots.

use bincode::{BorrowDecode, Encode};

use super::payload::{Bad, NothingV1, read, unplaced, write};
use super::shared::{IdV1, id, uuid};
use super::{Encoded, kind};
use crate::domain::event::SlotEvent;
use crate::domain::id::SessionId;

/// Of a session that takes or leaves a slot.
#[derive(Encode, BorrowDecode)]
struct SlotSessionV1 {
    session: IdV1,
}

pub(super) fn encode(event: &SlotEvent) -> Encoded {
    let of = |session: &SessionId| SlotSessionV1 { session: id(session.0) };
    match event {
        SlotEvent::SlotClaimed { session } => write(kind::SLOT_CLAIMED, 1, &of(session)),
        SlotEvent::SlotReleased { session } => write(kind::SLOT_RELEASED, 1, &of(session)),
        SlotEvent::SlotJoined { session } => write(kind::SLOT_JOINED, 1, &of(session)),
        SlotEvent::SlotLeft { session } => write(kind::SLOT_LEFT, 1, &of(session)),
        SlotEvent::CustomerWrote => write(kind::CUSTOMER_WROTE, 1, &NothingV1),
    }
}

pub(super) fn decode(kind: u16, schema: u8, bytes: &[u8]) -> Result<SlotEvent, Bad> {
    Ok(match (kind, schema) {
        (kind::SLOT_CLAIMED, 1) => SlotEvent::SlotClaimed { session: session(bytes)? },
        (kind::SLOT_RELEASED, 1) => SlotEvent::SlotReleased { session: session(bytes)? },
        (kind::SLOT_JOINED, 1) => SlotEvent::SlotJoined { session: session(bytes)? },
        (kind::SLOT_LEFT, 1) => SlotEvent::SlotLeft { session: session(bytes)? },
        (kind::CUSTOMER_WROTE, 1) => {
            let NothingV1 = read(bytes)?;
            SlotEvent::CustomerWrote
        }
        _ => return Err(unplaced()),
    })
}

fn session(bytes: &[u8]) -> Result<SessionId, Bad> {
    let SlotSessionV1 { session } = read(bytes)?;
    Ok(SessionId(uuid(session)))
}
