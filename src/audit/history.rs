//! One timeline of a session, a slot, an element, a customer's account or an operator: messages,
//! assignments, presence and changes of the rules that concern it, in the order of the log.
//!
//! A single pass over the log; what is held are the sessions that are followed and the names of
//! people and lines.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::past::{COMMAND_EVENTS_MAX, PAGE_EVENTS};
use super::{AuditError, Progress};
use crate::domain::account::Account;
use crate::domain::element::FieldValue;
use crate::domain::event::{
    ElementEvent, Event, InboundEvent, InitiatedEvent, LineEvent, OperatorEvent, SessionEvent, Slot,
    SlotEvent, Stream, WorkspaceEvent,
};
use crate::domain::id::{ChannelId, ElementRef, LineId, OperatorId, Principal, SessionId};
use crate::domain::refused::{RefusalEvent, Refused};
use crate::log::{Log, Position};
use crate::wire::{self, Recorded};

/// Whose history is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A session.
    Session(SessionId),
    /// A customer's address on one channel, with its sessions.
    Slot(Slot),
    /// A record, with the sessions of it as a customer and those that are linked to it.
    Element(ElementRef),
    /// A customer's address on all channels, with its sessions.
    Account(Account),
    /// A person at the console: what they did, and the sessions while they were theirs.
    Operator(OperatorId),
}

/// What people call what the log knows by ids.
#[derive(Clone, Debug, Default)]
pub struct Names {
    operators: HashMap<OperatorId, String>,
    lines: HashMap<LineId, String>,
    channels: HashMap<ChannelId, String>,
}

/// A history on its way out.
pub struct History {
    log: Arc<dyn Log>,
    subject: Subject,
    after: Position,
    to: Position,
    /// The events of the command at hand, which are judged together.
    command: Vec<Recorded>,
    ready: VecDeque<Recorded>,
    sessions: HashMap<SessionId, Followed>,
    names: Names,
    /// Whether refused commands are asked for.
    refused: bool,
}

/// A session that belongs to the history.
#[derive(Clone, Copy, Debug, Default)]
struct Followed {
    place: Option<(LineId, ChannelId)>,
    operator: Option<OperatorId>,
    closed: bool,
}

impl Names {
    /// An operator's name.
    #[must_use]
    pub fn operator(&self, operator: OperatorId) -> Option<&str> {
        self.operators.get(&operator).map(String::as_str)
    }

    /// A line's title.
    #[must_use]
    pub fn line(&self, line: LineId) -> Option<&str> {
        self.lines.get(&line).map(String::as_str)
    }

    /// A channel's title.
    #[must_use]
    pub fn channel(&self, channel: ChannelId) -> Option<&str> {
        self.channels.get(&channel).map(String::as_str)
    }

    fn learn(&mut self, recorded: &Recorded) {
        match (&recorded.stream, &recorded.event) {
            (
                Stream::Operator(operator),
                Event::Operator(
                    OperatorEvent::OperatorRegistered { name } | OperatorEvent::OperatorRenamed { name },
                ),
            ) => {
                self.operators.insert(*operator, name.clone());
            }
            (
                Stream::Line(line),
                Event::Line(LineEvent::LineCreated { title } | LineEvent::LineRenamed { title }),
            ) => {
                self.lines.insert(*line, title.clone());
            }
            (_, Event::Line(LineEvent::ChannelConnected { channel, title, .. })) => {
                self.channels.insert(*channel, title.clone());
            }
            (_, _) => {}
        }
    }
}

impl History {
    /// Begins a history that ends at a position.
    #[must_use]
    pub fn new(log: Arc<dyn Log>, subject: Subject, to: Position) -> History {
        let to = to.min(log.head());
        History {
            log,
            subject,
            after: Position::START,
            to,
            command: Vec::new(),
            ready: VecDeque::new(),
            sessions: HashMap::new(),
            names: Names::default(),
            refused: false,
        }
    }

    /// The same with the commands that were refused, where lines kept them.
    #[must_use]
    pub fn with_refused(self) -> History {
        History { refused: true, ..self }
    }

    /// What people called everything at the event given last.
    #[must_use]
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// The next event that belongs to the history.
    ///
    /// # Errors
    ///
    /// When the log cannot be read or decoded; `Stopped` where `report` says so.
    pub async fn next(
        &mut self,
        report: &mut (dyn FnMut(Progress) -> bool + Send),
    ) -> Result<Option<Recorded>, AuditError> {
        loop {
            if let Some(recorded) = self.ready.pop_front() {
                return Ok(Some(recorded));
            }
            if self.after >= self.to {
                self.judge();
                return Ok(self.ready.pop_front());
            }
            if !report(Progress { work: "history", at: self.after, end: self.to }) {
                return Err(AuditError::Stopped { at: self.after });
            }
            let left = usize::try_from(self.to.0 - self.after.0).unwrap_or(usize::MAX);
            for record in self.log.read_all(self.after, left.min(PAGE_EVENTS)).await? {
                let recorded = wire::recorded(&record)?;
                self.after = recorded.position;
                if self.command.len() >= COMMAND_EVENTS_MAX
                    || self.command.last().is_some_and(|last| last.command != recorded.command)
                {
                    self.judge();
                }
                self.command.push(recorded);
            }
        }
    }

    /// Takes what belongs to the history of the command at hand.
    fn judge(&mut self) {
        // A slot is claimed before the session that claims it is created.
        let command = std::mem::take(&mut self.command);
        for recorded in &command {
            self.names.learn(recorded);
            self.follow(recorded);
        }
        for recorded in command {
            if self.belongs(&recorded) {
                self.ready.push_back(recorded);
            }
        }
        // What takes a session away from an operator still belongs to the operator's history.
        if let Subject::Operator(operator) = self.subject {
            self.sessions.retain(|_, followed| followed.operator == Some(operator) && !followed.closed);
        }
    }

    /// Notes which sessions belong to the history, and whose they are.
    fn follow(&mut self, recorded: &Recorded) {
        let (Stream::Session(session), Event::Session(event)) = (&recorded.stream, &recorded.event) else {
            return;
        };
        if self.begins(*session, event) {
            self.sessions.entry(*session).or_default();
        }
        let Some(followed) = self.sessions.get_mut(session) else { return };
        match event {
            SessionEvent::SessionCreated { line, channel, .. } => followed.place = Some((*line, *channel)),
            SessionEvent::OperatorAssigned { operator } => followed.operator = Some(*operator),
            SessionEvent::SessionReopened { operator } => {
                (followed.operator, followed.closed) = (*operator, false);
            }
            SessionEvent::SessionClosed => followed.closed = true,
            SessionEvent::MessageSent { .. }
            | SessionEvent::InitiatedMessageSent { .. }
            | SessionEvent::MessageReceived { .. }
            | SessionEvent::MessageHandedOver { .. }
            | SessionEvent::MessageDelivered { .. }
            | SessionEvent::MessageRead { .. }
            | SessionEvent::MessageFailed { .. }
            | SessionEvent::SessionRenamed { .. }
            | SessionEvent::ElementLinked { .. }
            | SessionEvent::ElementUnlinked { .. } => {}
        }
    }

    /// Whether a session belongs to the history from this event on.
    fn begins(&self, session: SessionId, event: &SessionEvent) -> bool {
        match (&self.subject, event) {
            (Subject::Session(asked), _) => *asked == session,
            (Subject::Slot(slot), SessionEvent::SessionCreated { channel, customer, .. }) => {
                slot.channel == *channel && slot.account == customer.account
            }
            (Subject::Account(account), SessionEvent::SessionCreated { customer, .. }) => {
                *account == customer.account
            }
            (Subject::Element(element), SessionEvent::SessionCreated { customer, .. }) => {
                customer.contact.as_ref() == Some(element)
            }
            (Subject::Element(asked), SessionEvent::ElementLinked { element }) => asked == element,
            (Subject::Operator(asked), SessionEvent::OperatorAssigned { operator }) => asked == operator,
            (Subject::Operator(asked), SessionEvent::SessionReopened { operator }) => {
                Some(*asked) == *operator
            }
            (Subject::Slot(_) | Subject::Account(_) | Subject::Element(_) | Subject::Operator(_), _) => false,
        }
    }

    /// Whether an event is of the history: of what is asked for, or of what its sessions stood on.
    fn belongs(&self, recorded: &Recorded) -> bool {
        let followed = |session: &SessionId| self.sessions.contains_key(session);
        match (&recorded.stream, &recorded.event) {
            (Stream::Session(session), _) => followed(session) || self.acted(recorded),
            (Stream::Slot(slot), Event::Slot(event)) => {
                self.is_slot(slot) || of_slot(event).is_some_and(followed)
            }
            (
                Stream::Inbound(..) | Stream::Initiated(_),
                Event::Inbound(InboundEvent::InboundAccepted { session, .. })
                | Event::Initiated(InitiatedEvent::InitiatedAccepted { session, .. }),
            ) => followed(session),
            (Stream::Operator(operator), event) => {
                self.subject == Subject::Operator(*operator)
                    || self.acted(recorded)
                    || (is_presence(event) && self.any_open(|known| known.operator == Some(*operator)))
            }
            (Stream::Line(line), Event::Line(event)) => self.acted(recorded) || self.concerns(*line, event),
            (Stream::Element(element), Event::Element(event)) => {
                self.is_element(element, event) || self.acted(recorded)
            }
            (Stream::Workspace, Event::Workspace(event)) => {
                let licence = matches!(
                    event,
                    WorkspaceEvent::ServiceLicenceActivated | WorkspaceEvent::ServiceLicenceDeactivated
                );
                self.acted(recorded) || (licence && self.any_open(|_| true))
            }
            (Stream::Refusals(line, _), Event::Refusal(event)) => {
                self.refused
                    && match event {
                        RefusalEvent::CommandRefused(refused) => {
                            self.was_refused(refused) || self.acted(recorded)
                        }
                        RefusalEvent::RefusalsOmitted { .. } => self.may_lack(*line),
                    }
            }
            (_, _) => self.acted(recorded),
        }
    }

    /// Whether a refused command is of the history: its values name what is asked for.
    fn was_refused(&self, refused: &Refused) -> bool {
        let of_session = refused.session.is_some_and(|session| self.sessions.contains_key(&session));
        match &self.subject {
            Subject::Session(_) => of_session,
            Subject::Slot(slot) => {
                let here = refused.channel.is_none_or(|channel| channel == slot.channel);
                of_session || (here && refused.account.as_ref() == Some(&slot.account))
            }
            Subject::Account(account) => of_session || refused.account.as_ref() == Some(account),
            Subject::Element(element) => of_session || refused.elements.contains(element),
            Subject::Operator(operator) => of_session || refused.operator == Some(*operator),
        }
    }

    /// Whether what a line only counted may have been of the history: of a session that stands on
    /// another line it was not.
    fn may_lack(&self, line: LineId) -> bool {
        match &self.subject {
            Subject::Session(_) => {
                self.sessions.values().any(|known| known.place.is_some_and(|(of, _)| of == line))
            }
            Subject::Slot(_) | Subject::Account(_) | Subject::Element(_) | Subject::Operator(_) => true,
        }
    }

    fn acted(&self, recorded: &Recorded) -> bool {
        match (&self.subject, &recorded.principal) {
            (Subject::Operator(asked), Principal::Operator(operator)) => asked == operator,
            (_, _) => false,
        }
    }

    fn any_open(&self, known: impl Fn(&Followed) -> bool) -> bool {
        self.sessions.values().any(|followed| !followed.closed && known(followed))
    }

    fn is_slot(&self, slot: &Slot) -> bool {
        match &self.subject {
            Subject::Slot(asked) => asked == slot,
            Subject::Account(account) => *account == slot.account,
            Subject::Session(_) | Subject::Element(_) | Subject::Operator(_) => false,
        }
    }

    fn is_element(&self, element: &ElementRef, event: &ElementEvent) -> bool {
        match &self.subject {
            Subject::Element(asked) => asked == element,
            Subject::Account(account) => match event {
                ElementEvent::ElementCreated { fields, .. } => {
                    fields.iter().any(|(_, value)| holds(value, account))
                }
                ElementEvent::FieldSet { value, .. } => holds(value, account),
                ElementEvent::ElementRenamed { .. } | ElementEvent::FieldCleared { .. } => false,
            },
            Subject::Session(_) | Subject::Slot(_) | Subject::Operator(_) => false,
        }
    }

    /// Whether the rules of a channel are of the history: while a session of it is open, and where a
    /// customer's way is asked for, between the sessions too.
    fn is_of_channel(&self, place: (LineId, ChannelId)) -> bool {
        let there = |known: &Followed| known.place == Some(place);
        match &self.subject {
            Subject::Slot(slot) => slot.channel == place.1,
            Subject::Account(_) | Subject::Element(_) => self.sessions.values().any(there),
            Subject::Session(_) | Subject::Operator(_) => self.any_open(there),
        }
    }

    /// Whether a change of a line is one of rules that an open session of the history stands on.
    fn concerns(&self, line: LineId, event: &LineEvent) -> bool {
        let on_line = |known: &Followed| known.place.is_some_and(|(of, _)| of == line);
        match event {
            LineEvent::ChannelDisconnected { channel, .. }
            | LineEvent::ChannelReconnected { channel, .. }
            | LineEvent::ChannelPolicySet { channel, .. } => self.is_of_channel((line, *channel)),
            LineEvent::LineRulesSet { .. } | LineEvent::NameTemplateSet { .. } => self.any_open(on_line),
            LineEvent::RoleGranted { operator, .. } | LineEvent::RoleRevoked { operator, .. } => {
                self.subject == Subject::Operator(*operator)
                    || self.any_open(|known| on_line(known) && known.operator == Some(*operator))
            }
            LineEvent::LineCreated { .. }
            | LineEvent::LineRenamed { .. }
            | LineEvent::ChannelConnected { .. }
            | LineEvent::ContactAppSet { .. }
            | LineEvent::ContactAppCleared
            | LineEvent::AppBound { .. }
            | LineEvent::AppUnbound { .. }
            | LineEvent::WidgetPlaced { .. }
            | LineEvent::WidgetRemoved { .. }
            | LineEvent::RefusalAuditActivated
            | LineEvent::RefusalAuditDeactivated => false,
        }
    }
}

fn of_slot(event: &SlotEvent) -> Option<&SessionId> {
    match event {
        SlotEvent::SlotClaimed { session }
        | SlotEvent::SlotReleased { session }
        | SlotEvent::SlotJoined { session }
        | SlotEvent::SlotLeft { session } => Some(session),
        SlotEvent::CustomerWrote => None,
    }
}

fn is_presence(event: &Event) -> bool {
    matches!(event, Event::Operator(OperatorEvent::WentOnline | OperatorEvent::WentOffline))
}

/// Whether a field holds an address, in the one form that is compared.
fn holds(value: &FieldValue, account: &Account) -> bool {
    let Some(text) = value.account() else { return false };
    let format = text.kind.format();
    Account::normalise(&text, format).is_ok_and(|known| known == *account)
}
