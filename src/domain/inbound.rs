//! Customers' messages: where each one belongs, and what follows from it.

use std::time::Duration;

use super::account::{Account, AccountText};
use super::channel::Channel;
use super::command::ReceiveMessage;
use super::create::{self, NewSession};
use super::event::{Event, Fact, InboundEvent, InboundRule, Origin, SessionEvent, Slot, SlotEvent, Stream};
use super::id::{ElementRef, Principal, SessionId};
use super::limits::{EXTERNAL_ID_BYTES_MAX, SUBJECT_BYTES_MAX, TEXT_BYTES_MAX, TITLE_BYTES_MAX};
use super::line::Line;
use super::name;
use super::rejection::{Input, Rejection, Thing};
use super::route::Route;
use super::session::{Session, Status};
use super::slot::SlotFacts;
use super::time::Timestamp;

/// What the rules need from outside, once the slot of the message is known.
#[derive(Clone, Copy, Debug)]
pub struct InboundFacts<'a> {
    /// The channel's line.
    pub line: &'a Line,
    /// The slot of the customer's address.
    pub slot: &'a SlotFacts,
    /// The session that the message would belong to; see [`candidate`].
    pub session: Option<&'a Session>,
    /// The customer's record and name, where the contact app has one.
    pub contact: Option<(&'a ElementRef, &'a str)>,
    /// Now.
    pub now: Timestamp,
}

/// Checks a delivered message and finds its channel and the customer's address.
///
/// # Errors
///
/// `PrincipalNotAllowed`, `ChannelDisconnected`, `BadAddress`, or a text over its limit.
pub fn route<'a>(
    line: &'a Line,
    principal: &Principal,
    command: &ReceiveMessage,
) -> Result<Route<'a>, Rejection> {
    if *principal != Principal::Channel(command.channel) {
        return Err(Rejection::PrincipalNotAllowed);
    }
    let channel = line.connected(command.channel)?;
    let account = address(channel, &command.address)?;
    name::one_line(Input::ExternalId, &command.external_id, EXTERNAL_ID_BYTES_MAX)?;
    if command.text.len() > TEXT_BYTES_MAX {
        let (input, bytes) = (Input::Text, command.text.len());
        return Err(Rejection::TooLong { input, bytes, max: TEXT_BYTES_MAX });
    }
    Ok(Route { channel, account })
}

fn address(channel: &Channel, text: &str) -> Result<Account, Rejection> {
    let raw = AccountText { kind: channel.inbound_account(text), text: text.to_owned() };
    Account::normalise(&raw, channel.policy.account).map_err(|bad| Rejection::BadAddress {
        expected: bad.expected,
        given: bad.given,
        suggestion: bad.suggestion,
    })
}

/// The session to look at, where `answered` is one of the same slot: an open one, that which the
/// message answers first; else a closed one, in the same order.
#[must_use]
pub fn candidate(slot: &SlotFacts, answered: Option<SessionId>) -> Option<SessionId> {
    let open = answered.filter(|session| slot.state.open.contains(session));
    open.or_else(|| slot.state.current()).or(answered).or(slot.state.last)
}

/// Decides what follows from a customer's message.
///
/// An open session takes it. A closed one is reopened where the line says so and in time; it then
/// waits in the queue. Else there is a new session, in the queue too.
///
/// # Errors
///
/// `AlreadyExists` when the session has another message with this id, or when the id that a new
/// session would get is the last session's.
pub fn decide(
    command: &ReceiveMessage,
    route: &Route<'_>,
    facts: &InboundFacts<'_>,
) -> Result<Vec<Fact>, Rejection> {
    let (session, mut decided) = match facts.session {
        Some(session) if session.open().is_ok() => (session.id, Vec::new()),
        Some(session) if reopens(session, facts) => (session.id, reopened(session, route).into()),
        Some(session) if session.id == command.session => {
            return Err(Rejection::AlreadyExists { thing: Thing::Session });
        }
        Some(_) | None => (command.session, opened(command, route, facts).into()),
    };
    let known = facts.session.filter(|known| known.id == session);
    if known.is_some_and(|known| known.messages.contains_key(&command.message)) {
        return Err(Rejection::AlreadyExists { thing: Thing::Message });
    }
    decided.push(Session::fact(session, received(command)));
    if !facts.slot.state.customer_wrote {
        decided.push(of_slot(route.slot(), SlotEvent::CustomerWrote));
    }
    let accepted = InboundEvent::InboundAccepted { session, message: command.message };
    let stream = Stream::Inbound(command.channel, command.external_id.trim().to_owned());
    decided.push(Fact { stream, event: Event::Inbound(accepted) });
    Ok(decided)
}

fn reopens(session: &Session, facts: &InboundFacts<'_>) -> bool {
    match (session.status, facts.line.rules.inbound) {
        (Status::Closed(at), InboundRule::ReopenWithin { seconds }) => {
            let in_time = facts.now.since(at) <= Duration::from_secs(seconds.into());
            facts.slot.state.holder.is_none() && in_time
        }
        _ => false,
    }
}

fn reopened(session: &Session, route: &Route<'_>) -> [Fact; 2] {
    [
        Session::fact(session.id, SessionEvent::SessionReopened { operator: None }),
        Session::enter(route.slot(), route.channel, session.id),
    ]
}

fn opened(command: &ReceiveMessage, route: &Route<'_>, facts: &InboundFacts<'_>) -> [Fact; 2] {
    let sender = command.sender.as_deref().map(|name| name::safe_line(name, TITLE_BYTES_MAX));
    let known = facts.contact.map(|(_, name)| name);
    create::opening(NewSession {
        id: command.session,
        line: facts.line,
        route,
        contact: facts.contact.map(|(contact, _)| contact.clone()),
        customer_name: known.or(sender.as_deref()).unwrap_or_default(),
        subject: subject(command),
        origin: Origin::Inbound,
        continues: facts.session.map(|session| session.id).or(facts.slot.state.last),
        now: facts.now,
    })
}

fn received(command: &ReceiveMessage) -> SessionEvent {
    SessionEvent::MessageReceived {
        message: command.message,
        external_id: command.external_id.trim().to_owned(),
        text: command.text.clone(),
        subject: subject(command),
        sent_at: command.sent_at,
    }
}

/// A customer's subject is never refused: it is made safe for a header.
fn subject(command: &ReceiveMessage) -> Option<String> {
    let line = name::safe_line(command.subject.as_deref()?, SUBJECT_BYTES_MAX);
    (!line.is_empty()).then_some(line)
}

fn of_slot(slot: Slot, event: SlotEvent) -> Fact {
    Fact { stream: Stream::Slot(slot), event: Event::Slot(event) }
}
