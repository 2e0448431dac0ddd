//! Payloads of refused commands.

use bincode::{BorrowDecode, Encode};

use super::payload::{Bad, read, unplaced, write};
use super::shared::{AccountV1, ElementRefV1, IdV1, id, uuid};
use super::{Encoded, kind};
use crate::domain::id::{ChannelId, OperatorId, SessionId};
use crate::domain::refused::{RefusalEvent, Refused};

#[derive(Encode, BorrowDecode)]
struct CommandRefusedV1<'a> {
    command: &'a str,
    code: &'a str,
    session: Option<IdV1>,
    channel: Option<IdV1>,
    account: Option<AccountV1<'a>>,
    elements: Vec<ElementRefV1<'a>>,
    operator: Option<IdV1>,
    values: Vec<(&'a str, &'a str)>,
}

#[derive(Encode, BorrowDecode)]
struct RefusalsOmittedV1 {
    count: u64,
}

pub(super) fn encode(event: &RefusalEvent) -> Encoded {
    match event {
        RefusalEvent::CommandRefused(refused) => {
            let values = refused.values.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let payload = CommandRefusedV1 {
                command: &refused.command,
                code: &refused.code,
                session: refused.session.map(|session| id(session.0)),
                channel: refused.channel.map(|channel| id(channel.0)),
                account: refused.account.as_ref().map(AccountV1::of),
                elements: refused.elements.iter().map(ElementRefV1::of).collect(),
                operator: refused.operator.map(|operator| id(operator.0)),
                values: values.collect(),
            };
            write(kind::COMMAND_REFUSED, 1, &payload)
        }
        RefusalEvent::RefusalsOmitted { count } => {
            write(kind::REFUSALS_OMITTED, 1, &RefusalsOmittedV1 { count: *count })
        }
    }
}

pub(super) fn decode(kind: u16, schema: u8, bytes: &[u8]) -> Result<RefusalEvent, Bad> {
    Ok(match (kind, schema) {
        (kind::COMMAND_REFUSED, 1) => {
            let payload: CommandRefusedV1<'_> = read(bytes)?;
            let values = payload.values.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
            RefusalEvent::CommandRefused(Box::new(Refused {
                command: payload.command.to_owned(),
                code: payload.code.to_owned(),
                session: payload.session.map(|session| SessionId(uuid(session))),
                channel: payload.channel.map(|channel| ChannelId(uuid(channel))),
                account: payload.account.map(AccountV1::value).transpose()?,
                elements: payload.elements.into_iter().map(ElementRefV1::value).collect::<Result<_, _>>()?,
                operator: payload.operator.map(|operator| OperatorId(uuid(operator))),
                values: values.collect(),
            }))
        }
        (kind::REFUSALS_OMITTED, 1) => {
            let RefusalsOmittedV1 { count } = read(bytes)?;
            RefusalEvent::RefusalsOmitted { count }
        }
        _ => return Err(unplaced()),
    })
}
