//! What a reader sees of a correspondence: places in the log with what stands there.

use std::sync::Arc;

use crate::domain::event::{Event, Origin, SessionEvent, Stream};
use crate::domain::id::{ElementRef, MessageId, OperatorId, Principal, ProcessId, SessionId};
use crate::domain::time::Timestamp;
use crate::log::{Log, Position, Record};
use crate::wire::{self, Recorded};

use super::super::sessions::MessageDirection;
use super::super::{ProjectionError, QueryError};
use super::Delivery;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageView {
    /// Where it stands in the log.
    pub position: Position,
    /// When it was recorded.
    pub time: Timestamp,
    /// Its session.
    pub session: SessionId,
    /// Its id.
    pub message: MessageId,
    /// Who wrote it.
    pub author: Author,
    /// What it says.
    pub text: String,
    /// The subject that the customer gave it; e-mail only.
    pub subject: Option<String>,
    /// When the customer sent it, by the channel's word.
    pub sent_at: Option<Timestamp>,
    /// What became of it; `None` for a customer's.
    pub delivery: Option<Delivery>,
}

impl MessageView {
    /// Which way it went.
    #[must_use]
    pub fn direction(&self) -> MessageDirection {
        match self.author {
            Author::Customer => MessageDirection::Incoming,
            Author::Operator(_) | Author::Process(_) => MessageDirection::Outgoing,
        }
    }
}

/// Who wrote a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Author {
    /// The customer.
    Customer,
    /// An operator.
    Operator(OperatorId),
    /// A business process.
    Process(ProcessId),
}

/// An entry of a session's transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscriptEntry {
    /// Where it stands in the log.
    pub position: Position,
    /// When it was recorded.
    pub time: Timestamp,
    /// Who acted.
    pub by: Principal,
    /// What happened.
    pub item: TranscriptItem,
}

/// What happened in a session, as its transcript shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TranscriptItem {
    /// Somebody wrote.
    Message(MessageView),
    /// It was created.
    Created {
        /// Where it came from.
        origin: Origin,
    },
    /// It became this operator's.
    Assigned {
        /// Whose it is since.
        operator: OperatorId,
    },
    /// It was closed.
    Closed,
    /// It was opened again.
    Reopened {
        /// Whose it is since; `None` put it into the queue.
        operator: Option<OperatorId>,
    },
    /// It got another name.
    Renamed {
        /// Its name since.
        name: String,
    },
    /// It was added to an element's correspondence.
    Linked {
        /// The element.
        element: ElementRef,
    },
    /// It was taken out of there.
    Unlinked {
        /// The element.
        element: ElementRef,
    },
}

/// Shows an event of a session; reports of delivery are shown with their message.
pub(in super::super) fn entry(recorded: Recorded) -> Result<TranscriptEntry, QueryError> {
    let Recorded { position, time, .. } = recorded;
    let by = recorded.principal.clone();
    let unfit = || misplaced(position);
    let item = match recorded.event {
        Event::Session(event) => match event {
            SessionEvent::MessageSent { .. }
            | SessionEvent::InitiatedMessageSent { .. }
            | SessionEvent::MessageReceived { .. } => {
                let recorded = Recorded { event: Event::Session(event), ..recorded };
                TranscriptItem::Message(message(recorded).ok_or_else(unfit)?)
            }
            SessionEvent::SessionCreated { origin, .. } => TranscriptItem::Created { origin },
            SessionEvent::OperatorAssigned { operator } => TranscriptItem::Assigned { operator },
            SessionEvent::SessionClosed => TranscriptItem::Closed,
            SessionEvent::SessionReopened { operator } => TranscriptItem::Reopened { operator },
            SessionEvent::SessionRenamed { name } => TranscriptItem::Renamed { name },
            SessionEvent::ElementLinked { element } => TranscriptItem::Linked { element },
            SessionEvent::ElementUnlinked { element } => TranscriptItem::Unlinked { element },
            SessionEvent::MessageHandedOver { .. }
            | SessionEvent::MessageDelivered { .. }
            | SessionEvent::MessageRead { .. }
            | SessionEvent::MessageFailed { .. } => return Err(unfit().into()),
        },
        Event::Workspace(_)
        | Event::Line(_)
        | Event::Channel(_)
        | Event::Operator(_)
        | Event::Element(_)
        | Event::Slot(_)
        | Event::Inbound(_)
        | Event::Initiated(_)
        | Event::Refusal(_) => return Err(unfit().into()),
    };
    Ok(TranscriptEntry { position, time, by, item })
}

/// Shows an event as a message, if it is one; an outgoing one as still pending.
pub(in super::super) fn message(recorded: Recorded) -> Option<MessageView> {
    let Recorded { position, time, stream, event, .. } = recorded;
    let (Stream::Session(session), Event::Session(event)) = (stream, event) else { return None };
    let view = |message, author, text, delivery| MessageView {
        position,
        time,
        session,
        message,
        author,
        text,
        subject: None,
        sent_at: None,
        delivery,
    };
    match event {
        SessionEvent::MessageSent { message, operator, text, via: _ } => {
            Some(view(message, Author::Operator(operator), text, Some(Delivery::Pending)))
        }
        SessionEvent::InitiatedMessageSent { message, process, text } => {
            Some(view(message, Author::Process(process), text, Some(Delivery::Pending)))
        }
        SessionEvent::MessageReceived { message, external_id: _, text, subject, sent_at } => {
            Some(MessageView { subject, sent_at, ..view(message, Author::Customer, text, None) })
        }
        SessionEvent::SessionCreated { .. }
        | SessionEvent::OperatorAssigned { .. }
        | SessionEvent::MessageHandedOver { .. }
        | SessionEvent::MessageDelivered { .. }
        | SessionEvent::MessageRead { .. }
        | SessionEvent::MessageFailed { .. }
        | SessionEvent::SessionClosed
        | SessionEvent::SessionReopened { .. }
        | SessionEvent::SessionRenamed { .. }
        | SessionEvent::ElementLinked { .. }
        | SessionEvent::ElementUnlinked { .. } => None,
    }
}

/// The error of a place where the log has something else than the table says.
pub(in super::super) fn misplaced(position: Position) -> ProjectionError {
    ProjectionError::Store { reason: format!("a row names position {position}, which holds something else") }
}

/// The most bytes of texts on one page, but for its first entry: e-mails may have a megabyte each.
pub const PAGE_TEXT_BYTES_MAX: usize = 4 << 20;

/// Reads what stands at places of the log.
pub(in super::super) struct Texts {
    log: Arc<dyn Log>,
}

impl Texts {
    pub(in super::super) fn new(log: &Arc<dyn Log>) -> Texts {
        Texts { log: Arc::clone(log) }
    }

    /// Reads places in their order, until they have more than a page's bytes.
    pub(in super::super) async fn read(&self, places: &[Position]) -> Result<Vec<Recorded>, QueryError> {
        let read = self.at(places.to_vec()).await?;
        match read.iter().zip(places).find(|(recorded, place)| recorded.position != **place) {
            Some((_, place)) => Err(misplaced(*place).into()),
            None => Ok(read),
        }
    }

    /// The same of positions; those that the log has not are left out.
    pub(in super::super) async fn at(&self, positions: Vec<Position>) -> Result<Vec<Recorded>, QueryError> {
        let after = positions.first().copied().unwrap_or(Position::START);
        let read = self.log.read_at(positions, PAGE_TEXT_BYTES_MAX).await;
        let records = read.map_err(|source| ProjectionError::Log { after, source })?;
        Ok(records.iter().map(decode).collect::<Result<_, _>>()?)
    }
}

fn decode(record: &Record) -> Result<Recorded, ProjectionError> {
    wire::recorded(record).map_err(|error| ProjectionError::Undecodable {
        position: record.position,
        reason: error.fault.to_string(),
    })
}
