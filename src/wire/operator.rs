//! Payloads of people at the console.

use bincode::{BorrowDecode, Encode};

use super::payload::{Bad, NothingV1, read, unplaced, write};
use super::{Encoded, kind};
use crate::domain::event::OperatorEvent;

/// Of a person registered or renamed.
#[derive(Encode, BorrowDecode)]
struct OperatorNameV1<'a> {
    name: &'a str,
}

pub(super) fn encode(event: &OperatorEvent) -> Encoded {
    match event {
        OperatorEvent::OperatorRegistered { name } => {
            write(kind::OPERATOR_REGISTERED, 1, &OperatorNameV1 { name })
        }
        OperatorEvent::OperatorRenamed { name } => write(kind::OPERATOR_RENAMED, 1, &OperatorNameV1 { name }),
        OperatorEvent::WentOnline => write(kind::WENT_ONLINE, 1, &NothingV1),
        OperatorEvent::WentOffline => write(kind::WENT_OFFLINE, 1, &NothingV1),
    }
}

pub(super) fn decode(kind: u16, schema: u8, bytes: &[u8]) -> Result<OperatorEvent, Bad> {
    Ok(match (kind, schema) {
        (kind::OPERATOR_REGISTERED, 1) => {
            let OperatorNameV1 { name } = read(bytes)?;
            OperatorEvent::OperatorRegistered { name: name.to_owned() }
        }
        (kind::OPERATOR_RENAMED, 1) => {
            let OperatorNameV1 { name } = read(bytes)?;
            OperatorEvent::OperatorRenamed { name: name.to_owned() }
        }
        (kind::WENT_ONLINE, 1) => {
            let NothingV1 = read(bytes)?;
            OperatorEvent::WentOnline
        }
        (kind::WENT_OFFLINE, 1) => {
            let NothingV1 = read(bytes)?;
            OperatorEvent::WentOffline
        }
        _ => return Err(unplaced()),
    })
}
