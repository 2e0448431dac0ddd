//! Payloads of delivered messages.

use bincode::{BorrowDecode, Encode};

use super::payload::{Bad, read, unplaced, write};
use super::shared::{IdV1, id, uuid};
use super::{Encoded, kind};
use crate::domain::event::InboundEvent;
use crate::domain::id::{MessageId, SessionId};

#[derive(Encode, BorrowDecode)]
struct InboundAcceptedV1 {
    session: IdV1,
    message: IdV1,
}

pub(super) fn encode(event: &InboundEvent) -> Encoded {
    match event {
        InboundEvent::InboundAccepted { session, message } => {
            let payload = InboundAcceptedV1 { session: id(session.0), message: id(message.0) };
            write(kind::INBOUND_ACCEPTED, 1, &payload)
        }
    }
}

pub(super) fn decode(kind: u16, schema: u8, bytes: &[u8]) -> Result<InboundEvent, Bad> {
    match (kind, schema) {
        (kind::INBOUND_ACCEPTED, 1) => {
            let InboundAcceptedV1 { session, message } = read(bytes)?;
            let (session, message) = (SessionId(uuid(session)), MessageId(uuid(message)));
            Ok(InboundEvent::InboundAccepted { session, message })
        }
        _ => Err(unplaced()),
    }
}
