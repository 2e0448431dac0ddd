//! Who acted, in bytes: a tag, then the raw id or the code of a process.

use uuid::Uuid;

use super::payload::Bad;
use super::{WireError, WireFault};
use crate::domain::id::{AdministratorId, ChannelId, OperatorId, Principal, ProcessId};

const OPERATOR: u8 = 1;
const CHANNEL: u8 = 2;
const PROCESS: u8 = 3;
const ADMINISTRATOR: u8 = 4;

/// Encodes who acted, in at most 65 bytes.
#[must_use]
pub fn principal_bytes(principal: &Principal) -> Vec<u8> {
    let (tag, rest): (u8, &[u8]) = match principal {
        Principal::Operator(id) => (OPERATOR, id.0.as_bytes()),
        Principal::Channel(id) => (CHANNEL, id.0.as_bytes()),
        Principal::Process(id) => (PROCESS, id.as_str().as_bytes()),
        Principal::Administrator(id) => (ADMINISTRATOR, id.0.as_bytes()),
    };
    let mut bytes = Vec::with_capacity(1 + rest.len());
    bytes.push(tag);
    bytes.extend_from_slice(rest);
    bytes
}

/// Decodes who acted.
///
/// # Errors
///
/// [`WireError`] without a position, when the bytes name nobody.
pub fn principal(bytes: &[u8]) -> Result<Principal, WireError> {
    parse(bytes).map_err(|bad| WireFault::Principal { reason: bad.0 }.into())
}

fn parse(bytes: &[u8]) -> Result<Principal, Bad> {
    let (&tag, rest) = bytes.split_first().ok_or_else(|| Bad("it is empty".to_owned()))?;
    match tag {
        OPERATOR => Ok(Principal::Operator(OperatorId(id(rest)?))),
        CHANNEL => Ok(Principal::Channel(ChannelId(id(rest)?))),
        PROCESS => {
            let code = std::str::from_utf8(rest)
                .map_err(|error| Bad(format!("the code of a process is not UTF-8: {error}")))?;
            Ok(Principal::Process(ProcessId::new(code)?))
        }
        ADMINISTRATOR => Ok(Principal::Administrator(AdministratorId(id(rest)?))),
        _ => Err(Bad(format!("tag {tag} is unknown"))),
    }
}

fn id(bytes: &[u8]) -> Result<Uuid, Bad> {
    Uuid::from_slice(bytes).map_err(|_| Bad(format!("an id of {} bytes, 16 are needed", bytes.len())))
}
