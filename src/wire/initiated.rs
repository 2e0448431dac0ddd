//! Payloads of messages of processes.

use bincode::{BorrowDecode, Encode};

use super::payload::{Bad, read, unplaced, write};
use super::shared::{IdV1, id, uuid};
use super::{Encoded, kind};
use crate::domain::event::InitiatedEvent;
use crate::domain::id::{MessageId, SessionId};

#[derive(Encode, BorrowDecode)]
struct InitiatedAcceptedV1 {
    session: IdV1,
    message: IdV1,
}

pub(super) fn encode(event: &InitiatedEvent) -> Encoded {
    match event {
        InitiatedEvent::InitiatedAccepted { session, message } => {
            let payload = InitiatedAcceptedV1 { session: id(session.0), message: id(message.0) };
            write(kind::INITIATED_ACCEPTED, 1, &payload)
        }
    }
}

pub(super) fn decode(kind: u16, schema: u8, bytes: &[u8]) -> Result<InitiatedEvent, Bad> {
    match (kind, schema) {
        (kind::INITIATED_ACCEPTED, 1) => {
            let InitiatedAcceptedV1 { session, message } = read(bytes)?;
            let (session, message) = (SessionId(uuid(session)), MessageId(uuid(message)));
            Ok(InitiatedEvent::InitiatedAccepted { session, message })
        }
        _ => Err(unplaced()),
    }
}
