//! A session: one bounded piece of service with a customer.

use std::collections::{BTreeSet, HashMap};

use super::channel::{Channel, ChannelKind};
use super::event::{Customer, Event, Fact, IllegalEvent, Origin, SessionEvent, Slot, SlotEvent, Stream};
use super::id::{ChannelId, ElementRef, LineId, MessageId, OperatorId, SessionId};
use super::line::Line;
use super::rejection::Rejection;
use super::time::Timestamp;

pub(super) mod conduct;
mod delivery;

pub use conduct::{SessionFacts, decide};
pub use delivery::Delivery;

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Open, in the queue, without an operator.
    Waiting,
    /// Open, and this operator's.
    Assigned(OperatorId),
    /// Closed at this moment.
    Closed(Timestamp),
}

/// A session as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Its line, for ever.
    pub line: LineId,
    /// Its channel, for ever.
    pub channel: ChannelId,
    /// The kind of its channel.
    pub kind: ChannelKind,
    /// The customer, as it was at creation.
    pub customer: Customer,
    /// Its name.
    pub name: String,
    /// The subject of its e-mails, for ever.
    pub subject: Option<String>,
    /// Where it came from.
    pub origin: Origin,
    /// The session of the same slot before it.
    pub continues: Option<SessionId>,
    /// Where it stands.
    pub status: Status,
    /// How often it was closed.
    pub closings: u32,
    /// The elements whose correspondence it belongs to.
    pub links: BTreeSet<ElementRef>,
    /// Its messages; `None` is a customer's.
    pub messages: HashMap<MessageId, Option<Delivery>>,
}

/// An open session: the proof that a rule asked.
#[derive(Clone, Copy, Debug)]
pub struct Open<'a> {
    session: &'a Session,
    /// The operator, unless it waits in the queue.
    pub operator: Option<OperatorId>,
}

impl Session {
    /// Applies a fact that was decided at a moment.
    ///
    /// # Errors
    ///
    /// [`IllegalEvent`] for a fact that cannot have happened to this state.
    pub fn evolve(
        id: SessionId,
        state: Option<Session>,
        event: &SessionEvent,
        at: Timestamp,
    ) -> Result<Session, IllegalEvent> {
        match (state, event) {
            (None, SessionEvent::SessionCreated { .. }) => Session::created(id, event),
            (None, _) => Err(IllegalEvent("something happened to a session that was never created")),
            (Some(mut session), event) => {
                session.apply(event, at)?;
                Ok(session)
            }
        }
    }

    fn created(id: SessionId, event: &SessionEvent) -> Result<Session, IllegalEvent> {
        let SessionEvent::SessionCreated { line, channel, kind, customer, name, subject, origin, continues } =
            event
        else {
            return Err(IllegalEvent("a session begins with its creation"));
        };
        Ok(Session {
            id,
            line: *line,
            channel: *channel,
            kind: kind.clone(),
            customer: customer.clone(),
            name: name.clone(),
            subject: subject.clone(),
            origin: origin.clone(),
            continues: *continues,
            status: Status::Waiting,
            closings: 0,
            links: BTreeSet::new(),
            messages: HashMap::new(),
        })
    }

    fn apply(&mut self, event: &SessionEvent, at: Timestamp) -> Result<(), IllegalEvent> {
        let closed = matches!(self.status, Status::Closed(_));
        match event {
            SessionEvent::SessionCreated { .. } => return Err(IllegalEvent("a session was created twice")),
            SessionEvent::OperatorAssigned { .. }
            | SessionEvent::MessageSent { .. }
            | SessionEvent::InitiatedMessageSent { .. }
            | SessionEvent::MessageReceived { .. }
            | SessionEvent::SessionRenamed { .. }
            | SessionEvent::SessionClosed
                if closed =>
            {
                return Err(IllegalEvent("something happened to a closed session that needs an open one"));
            }
            SessionEvent::SessionReopened { .. } if !closed => {
                return Err(IllegalEvent("a session was reopened that was open"));
            }
            SessionEvent::OperatorAssigned { operator } => self.status = Status::Assigned(*operator),
            SessionEvent::MessageSent { message, .. }
            | SessionEvent::InitiatedMessageSent { message, .. } => {
                self.add_message(*message, Some(Delivery::Pending))?;
            }
            SessionEvent::MessageReceived { message, .. } => self.add_message(*message, None)?,
            SessionEvent::MessageHandedOver { message } => self.deliver(*message, Delivery::HandedOver)?,
            SessionEvent::MessageDelivered { message } => self.deliver(*message, Delivery::Delivered)?,
            SessionEvent::MessageRead { message } => self.deliver(*message, Delivery::Read)?,
            SessionEvent::MessageFailed { message, .. } => self.deliver(*message, Delivery::Failed)?,
            SessionEvent::SessionClosed => {
                self.status = Status::Closed(at);
                self.closings += 1;
            }
            SessionEvent::SessionReopened { operator } => {
                self.status = operator.map_or(Status::Waiting, Status::Assigned);
            }
            SessionEvent::SessionRenamed { name } => self.name = name.clone(),
            SessionEvent::ElementLinked { element } => {
                self.links.insert(element.clone());
            }
            SessionEvent::ElementUnlinked { element } => {
                self.links.remove(element);
            }
        }
        Ok(())
    }

    fn add_message(&mut self, message: MessageId, delivery: Option<Delivery>) -> Result<(), IllegalEvent> {
        match self.messages.insert(message, delivery) {
            None => Ok(()),
            Some(_) => Err(IllegalEvent("two messages of a session have the same id")),
        }
    }

    fn deliver(&mut self, message: MessageId, to: Delivery) -> Result<(), IllegalEvent> {
        match self.messages.get_mut(&message) {
            Some(Some(delivery)) => {
                *delivery = to;
                Ok(())
            }
            Some(None) | None => Err(IllegalEvent("a delivery of a message that was not sent")),
        }
    }

    /// Requires an open session.
    ///
    /// # Errors
    ///
    /// `SessionClosed`.
    pub fn open(&self) -> Result<Open<'_>, Rejection> {
        match self.status {
            Status::Waiting => Ok(Open { session: self, operator: None }),
            Status::Assigned(operator) => Ok(Open { session: self, operator: Some(operator) }),
            Status::Closed(_) => Err(Rejection::SessionClosed { session: self.id }),
        }
    }

    /// The operator who has it, while it is open and assigned.
    #[must_use]
    pub fn operator(&self) -> Option<OperatorId> {
        match self.status {
            Status::Assigned(operator) => Some(operator),
            Status::Waiting | Status::Closed(_) => None,
        }
    }

    /// The slot that it holds, or joins, while it is open.
    #[must_use]
    pub fn slot(&self) -> Slot {
        Slot { channel: self.channel, account: self.customer.account.clone() }
    }

    /// The fact that a session opened in its slot.
    #[must_use]
    pub fn enter(slot: Slot, channel: &Channel, session: SessionId) -> Fact {
        let event = if Line::exclusive(channel) {
            SlotEvent::SlotClaimed { session }
        } else {
            SlotEvent::SlotJoined { session }
        };
        Fact { stream: Stream::Slot(slot), event: Event::Slot(event) }
    }

    /// The fact that it closed there.
    #[must_use]
    pub fn leave(&self, channel: &Channel) -> Fact {
        let session = self.id;
        let event = if Line::exclusive(channel) {
            SlotEvent::SlotReleased { session }
        } else {
            SlotEvent::SlotLeft { session }
        };
        Fact { stream: Stream::Slot(self.slot()), event: Event::Slot(event) }
    }

    /// A fact of this session.
    #[must_use]
    pub fn fact(id: SessionId, event: SessionEvent) -> Fact {
        Fact { stream: Stream::Session(id), event: Event::Session(event) }
    }
}

impl<'a> Open<'a> {
    /// The session.
    #[must_use]
    pub fn session(&self) -> &'a Session {
        self.session
    }
}
