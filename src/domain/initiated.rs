//! Messages of business processes: no operator is needed, and all see them in the correspondence.

use super::command::SendInitiated;
use super::create::{self, NewSession};
use super::element::Element;
use super::event::{Event, Fact, InitiatedEvent, Origin, SessionEvent, Stream};
use super::id::{Principal, ProcessId, SessionId};
use super::line::Line;
use super::name;
use super::rejection::{Rejection, Thing};
use super::route::{self, Purpose, Route, Verdict, Way};
use super::session::Session;
use super::slot::SlotFacts;
use super::time::Timestamp;
use super::workspace::Workspace;

/// What the rules need from outside before the slot is known.
#[derive(Clone, Copy, Debug)]
pub struct InitiatedFacts<'a> {
    /// The line, if it exists.
    pub line: Option<&'a Line>,
    /// The installation.
    pub workspace: &'a Workspace,
    /// The contact, if it exists.
    pub contact: Option<&'a Element>,
}

/// A way that the first rules let pass.
#[derive(Clone, Debug)]
pub struct Admitted<'a> {
    /// The line.
    pub line: &'a Line,
    /// The contact.
    pub contact: &'a Element,
    /// The process.
    pub process: ProcessId,
    /// The way to the customer.
    pub route: Route<'a>,
}

/// Asks the rules that need no slot.
///
/// # Errors
///
/// The first rule that says no.
pub fn admit<'a>(
    principal: &Principal,
    command: &SendInitiated,
    facts: &InitiatedFacts<'a>,
) -> Result<Admitted<'a>, Rejection> {
    let line = facts.line.ok_or(Rejection::LineNotFound { line: command.line })?;
    if let Some(channel) = command.channel {
        line.channel(channel)?;
    }
    let contact =
        facts.contact.ok_or_else(|| Rejection::ElementNotFound { element: command.contact.clone() })?;
    let Principal::Process(process) = principal else { return Err(Rejection::PrincipalNotAllowed) };
    if !facts.workspace.permits(process) {
        return Err(Rejection::ProcessNotPermitted { process: process.clone() });
    }
    line.require_contact_app(&command.contact.app)?;
    let mut verdict = Verdict::default();
    let found = route::find(line, contact, &command.account, command.channel, Purpose::Process, &mut verdict);
    match (verdict.0.into_iter().next(), found) {
        (Some(rejection), _) => Err(rejection),
        (None, Way::Open(route)) => Ok(Admitted { line, contact, process: process.clone(), route }),
        (None, Way::Blocked(_) | Way::Unknown) => Err(Rejection::AccountNotOfContact),
    }
}

/// The session to look at: the one named, else the one that holds the slot.
#[must_use]
pub fn candidate(command: &SendInitiated, slot: &SlotFacts) -> Option<SessionId> {
    command.append_to.or(slot.state.holder)
}

/// Decides what follows: the message in the open session, or in a new one without an operator.
///
/// # Errors
///
/// The first rule that says no.
pub fn decide(
    command: &SendInitiated,
    admitted: &Admitted<'_>,
    slot: &SlotFacts,
    session: Option<&Session>,
    now: Timestamp,
) -> Result<Vec<Fact>, Rejection> {
    let route = &admitted.route;
    route.require_earlier_contact(slot)?;
    match (session, command.append_to) {
        (Some(session), _) => appendable(session, command, route)?,
        (None, Some(session)) => return Err(Rejection::SessionNotFound { session }),
        (None, None) => {}
    }
    let subject = create::legal_subject(route.channel, command.subject.as_deref())?;
    name::outgoing_text(&command.text, route.channel.policy.text_chars_max)?;
    let event = SessionEvent::InitiatedMessageSent {
        message: command.message,
        process: admitted.process.clone(),
        text: command.text.clone(),
    };
    if let Some(session) = session {
        return Ok(vec![Session::fact(session.id, event), accepted(command, session.id)]);
    }
    let [created, entered] = create::opening(NewSession {
        id: command.session,
        line: admitted.line,
        route,
        contact: Some(command.contact.clone()),
        customer_name: &admitted.contact.title,
        subject,
        origin: Origin::Process(admitted.process.clone()),
        continues: slot.state.last,
        now,
    });
    let sent = Session::fact(command.session, event);
    Ok(vec![created, entered, sent, accepted(command, command.session)])
}

fn accepted(command: &SendInitiated, session: SessionId) -> Fact {
    let event = InitiatedEvent::InitiatedAccepted { session, message: command.message };
    Fact { stream: Stream::Initiated(command.command), event: Event::Initiated(event) }
}

fn appendable(session: &Session, command: &SendInitiated, route: &Route<'_>) -> Result<(), Rejection> {
    if session.messages.contains_key(&command.message) {
        return Err(Rejection::AlreadyExists { thing: Thing::Message });
    }
    session.open()?;
    if session.slot() != route.slot() {
        return Err(Rejection::SessionOfAnotherCustomer { session: session.id });
    }
    Ok(())
}
