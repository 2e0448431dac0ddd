//! Payloads of sessions.

use bincode::{BorrowDecode, Encode};

use self::parts::{CustomerV1, EntryPointV1, OriginV1};
use super::payload::{Bad, NothingV1, read, unplaced, write};
use super::shared::{ElementRefV1, IdV1, KindV1, id, uuid};
use super::{Encoded, kind};
use crate::domain::event::SessionEvent;
use crate::domain::id::{ChannelId, ElementRef, LineId, MessageId, OperatorId, ProcessId, SessionId};
use crate::domain::time::Timestamp;

mod parts;

#[derive(Encode, BorrowDecode)]
struct SessionCreatedV1<'a> {
    line: IdV1,
    channel: IdV1,
    kind: KindV1<'a>,
    customer: CustomerV1<'a>,
    name: &'a str,
    subject: Option<&'a str>,
    origin: OriginV1<'a>,
    continues: Option<IdV1>,
}

#[derive(Encode, BorrowDecode)]
struct OperatorAssignedV1 {
    operator: IdV1,
}

#[derive(Encode, BorrowDecode)]
struct MessageSentV1<'a> {
    message: IdV1,
    operator: IdV1,
    text: &'a str,
    via: EntryPointV1<'a>,
}

#[derive(Encode, BorrowDecode)]
struct InitiatedMessageSentV1<'a> {
    message: IdV1,
    process: &'a str,
    text: &'a str,
}

#[derive(Encode, BorrowDecode)]
struct MessageReceivedV1<'a> {
    message: IdV1,
    external_id: &'a str,
    text: &'a str,
    subject: Option<&'a str>,
    sent_at_us: Option<i64>,
}

/// Of a message handed over, delivered or read.
#[derive(Encode, BorrowDecode)]
struct MessageProgressV1 {
    message: IdV1,
}

#[derive(Encode, BorrowDecode)]
struct MessageFailedV1<'a> {
    message: IdV1,
    reason: &'a str,
}

#[derive(Encode, BorrowDecode)]
struct SessionReopenedV1 {
    operator: Option<IdV1>,
}

#[derive(Encode, BorrowDecode)]
struct SessionRenamedV1<'a> {
    name: &'a str,
}

/// Of an element linked or unlinked.
#[derive(Encode, BorrowDecode)]
struct ElementLinkV1<'a> {
    element: ElementRefV1<'a>,
}

pub(super) fn encode(event: &SessionEvent) -> Encoded {
    match event {
        SessionEvent::SessionCreated { line, channel, kind, customer, name, subject, origin, continues } => {
            let payload = SessionCreatedV1 {
                line: id(line.0),
                channel: id(channel.0),
                kind: KindV1::of_channel(kind),
                customer: CustomerV1::of(customer),
                name,
                subject: subject.as_deref(),
                origin: OriginV1::of(origin),
                continues: continues.map(|session| id(session.0)),
            };
            write(kind::SESSION_CREATED, 1, &payload)
        }
        SessionEvent::OperatorAssigned { operator } => {
            write(kind::OPERATOR_ASSIGNED, 1, &OperatorAssignedV1 { operator: id(operator.0) })
        }
        SessionEvent::MessageSent { message, operator, text, via } => {
            let (message, operator) = (id(message.0), id(operator.0));
            let payload = MessageSentV1 { message, operator, text, via: EntryPointV1::of(via) };
            write(kind::MESSAGE_SENT, 1, &payload)
        }
        SessionEvent::InitiatedMessageSent { message, process, text } => {
            let payload = InitiatedMessageSentV1 { message: id(message.0), process: process.as_str(), text };
            write(kind::INITIATED_MESSAGE_SENT, 1, &payload)
        }
        SessionEvent::MessageReceived { message, external_id, text, subject, sent_at } => {
            let payload = MessageReceivedV1 {
                message: id(message.0),
                external_id,
                text,
                subject: subject.as_deref(),
                sent_at_us: sent_at.map(|time| time.0),
            };
            write(kind::MESSAGE_RECEIVED, 1, &payload)
        }
        SessionEvent::MessageHandedOver { message } => {
            write(kind::MESSAGE_HANDED_OVER, 1, &MessageProgressV1 { message: id(message.0) })
        }
        SessionEvent::MessageDelivered { message } => {
            write(kind::MESSAGE_DELIVERED, 1, &MessageProgressV1 { message: id(message.0) })
        }
        SessionEvent::MessageRead { message } => {
            write(kind::MESSAGE_READ, 1, &MessageProgressV1 { message: id(message.0) })
        }
        SessionEvent::MessageFailed { message, reason } => {
            write(kind::MESSAGE_FAILED, 1, &MessageFailedV1 { message: id(message.0), reason })
        }
        SessionEvent::SessionClosed => write(kind::SESSION_CLOSED, 1, &NothingV1),
        SessionEvent::SessionReopened { operator } => {
            let operator = operator.map(|operator| id(operator.0));
            write(kind::SESSION_REOPENED, 1, &SessionReopenedV1 { operator })
        }
        SessionEvent::SessionRenamed { name } => write(kind::SESSION_RENAMED, 1, &SessionRenamedV1 { name }),
        SessionEvent::ElementLinked { element } => {
            write(kind::ELEMENT_LINKED, 1, &ElementLinkV1 { element: ElementRefV1::of(element) })
        }
        SessionEvent::ElementUnlinked { element } => {
            write(kind::ELEMENT_UNLINKED, 1, &ElementLinkV1 { element: ElementRefV1::of(element) })
        }
    }
}

pub(super) fn decode(kind: u16, schema: u8, bytes: &[u8]) -> Result<SessionEvent, Bad> {
    Ok(match (kind, schema) {
        (kind::SESSION_CREATED, 1) => session_created(read(bytes)?)?,
        (kind::OPERATOR_ASSIGNED, 1) => {
            let OperatorAssignedV1 { operator } = read(bytes)?;
            SessionEvent::OperatorAssigned { operator: OperatorId(uuid(operator)) }
        }
        (kind::MESSAGE_SENT, 1) => {
            let MessageSentV1 { message, operator, text, via } = read(bytes)?;
            let (message, operator) = (MessageId(uuid(message)), OperatorId(uuid(operator)));
            SessionEvent::MessageSent { message, operator, text: text.to_owned(), via: via.value()? }
        }
        (kind::INITIATED_MESSAGE_SENT, 1) => {
            let InitiatedMessageSentV1 { message, process, text } = read(bytes)?;
            let (message, process) = (MessageId(uuid(message)), ProcessId::new(process)?);
            SessionEvent::InitiatedMessageSent { message, process, text: text.to_owned() }
        }
        (kind::MESSAGE_RECEIVED, 1) => message_received(read(bytes)?),
        (kind::MESSAGE_HANDED_OVER, 1) => SessionEvent::MessageHandedOver { message: message(bytes)? },
        (kind::MESSAGE_DELIVERED, 1) => SessionEvent::MessageDelivered { message: message(bytes)? },
        (kind::MESSAGE_READ, 1) => SessionEvent::MessageRead { message: message(bytes)? },
        (kind::MESSAGE_FAILED, 1) => {
            let MessageFailedV1 { message, reason } = read(bytes)?;
            SessionEvent::MessageFailed { message: MessageId(uuid(message)), reason: reason.to_owned() }
        }
        (kind::SESSION_CLOSED, 1) => {
            let NothingV1 = read(bytes)?;
            SessionEvent::SessionClosed
        }
        (kind::SESSION_REOPENED, 1) => {
            let SessionReopenedV1 { operator } = read(bytes)?;
            SessionEvent::SessionReopened { operator: operator.map(|id| OperatorId(uuid(id))) }
        }
        (kind::SESSION_RENAMED, 1) => {
            let SessionRenamedV1 { name } = read(bytes)?;
            SessionEvent::SessionRenamed { name: name.to_owned() }
        }
        (kind::ELEMENT_LINKED, 1) => SessionEvent::ElementLinked { element: element(bytes)? },
        (kind::ELEMENT_UNLINKED, 1) => SessionEvent::ElementUnlinked { element: element(bytes)? },
        _ => return Err(unplaced()),
    })
}

fn session_created(payload: SessionCreatedV1<'_>) -> Result<SessionEvent, Bad> {
    Ok(SessionEvent::SessionCreated {
        line: LineId(uuid(payload.line)),
        channel: ChannelId(uuid(payload.channel)),
        kind: payload.kind.channel()?,
        customer: payload.customer.value()?,
        name: payload.name.to_owned(),
        subject: payload.subject.map(str::to_owned),
        origin: payload.origin.value()?,
        continues: payload.continues.map(|id| SessionId(uuid(id))),
    })
}

fn message_received(payload: MessageReceivedV1<'_>) -> SessionEvent {
    SessionEvent::MessageReceived {
        message: MessageId(uuid(payload.message)),
        external_id: payload.external_id.to_owned(),
        text: payload.text.to_owned(),
        subject: payload.subject.map(str::to_owned),
        sent_at: payload.sent_at_us.map(Timestamp),
    }
}

fn message(bytes: &[u8]) -> Result<MessageId, Bad> {
    let MessageProgressV1 { message } = read(bytes)?;
    Ok(MessageId(uuid(message)))
}

fn element(bytes: &[u8]) -> Result<ElementRef, Bad> {
    let ElementLinkV1 { element } = read(bytes)?;
    element.value()
}
