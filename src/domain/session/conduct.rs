//! What people and channels may do with a session that exists.

use super::{Open, Session, Status, delivery};
use crate::domain::command::SessionCommand;
use crate::domain::event::{EntryPoint, Fact, Role, SessionEvent};
use crate::domain::id::{ElementRef, MessageId, OperatorId, Principal};
use crate::domain::limits::LINKS_MAX;
use crate::domain::line::Line;
use crate::domain::name;
use crate::domain::operator::Operator;
use crate::domain::rejection::{Limit, Rejection, Thing};
use crate::domain::slot::SlotFacts;
use crate::domain::workspace::Workspace;

/// What the rules about a session need from outside.
#[derive(Clone, Copy, Debug)]
pub struct SessionFacts<'a> {
    /// The session's line.
    pub line: &'a Line,
    /// The installation.
    pub workspace: &'a Workspace,
    /// Who acts, if an operator does and is known.
    pub actor: Option<&'a Operator>,
    /// The name of the operator who has the session.
    pub holder_name: Option<&'a str>,
    /// Whether the operator that the command names is known.
    pub target_known: bool,
    /// Whether the element that the command names exists.
    pub element_known: bool,
    /// The session's slot; asked by `Reopen` alone.
    pub slot: Option<&'a SlotFacts>,
}

/// Decides a command to a session.
///
/// The order of the rules: existence, role, licence and presence, the session's state, content.
///
/// # Errors
///
/// The first rule that says no.
pub fn decide(
    session: &Session,
    principal: &Principal,
    command: &SessionCommand,
    facts: &SessionFacts<'_>,
) -> Result<Vec<Fact>, Rejection> {
    if let SessionCommand::ReportDelivery { message, report } = command {
        let event = delivery::report(session, principal, *message, report)?;
        return Ok(event.into_iter().map(|event| Session::fact(session.id, event)).collect());
    }
    existence(session, principal, command, facts)?;
    let Principal::Operator(operator) = principal else { return Err(Rejection::PrincipalNotAllowed) };
    roles(*operator, command, facts.line)?;
    require_presence(facts.workspace, *operator, facts.actor)?;
    let one = |event: Option<SessionEvent>| {
        event.into_iter().map(|event| Session::fact(session.id, event)).collect::<Vec<_>>()
    };
    match command {
        SessionCommand::Take => take(session, *operator, facts).map(one),
        SessionCommand::AssignOperator { operator: target } => {
            assign(session, *operator, *target, facts).map(one)
        }
        SessionCommand::SendMessage { message, text, via } => {
            send(session, *operator, *message, text, via, facts).map(one)
        }
        SessionCommand::Close => close(session, *operator, facts),
        SessionCommand::Reopen => reopen(session, *operator, facts),
        SessionCommand::Rename { name } => rename(session, *operator, name, facts).map(one),
        SessionCommand::LinkElement { element } => link(session, element, facts).map(one),
        SessionCommand::UnlinkElement { element } => {
            let linked = session.links.contains(element);
            Ok(one(linked.then(|| SessionEvent::ElementUnlinked { element: element.clone() })))
        }
        SessionCommand::ReportDelivery { .. } => Err(Rejection::PrincipalNotAllowed),
    }
}

/// Requires that an operator is there, where the licence gives presence a meaning.
///
/// # Errors
///
/// `OperatorOffline`.
pub fn require_presence(
    workspace: &Workspace,
    operator: OperatorId,
    state: Option<&Operator>,
) -> Result<(), Rejection> {
    let away = workspace.licence_active && !state.is_some_and(|state| state.online);
    if away { Err(Rejection::OperatorOffline { operator }) } else { Ok(()) }
}

fn existence(
    session: &Session,
    principal: &Principal,
    command: &SessionCommand,
    facts: &SessionFacts<'_>,
) -> Result<(), Rejection> {
    if let (Principal::Operator(operator), None) = (principal, facts.actor) {
        return Err(Rejection::OperatorNotFound { operator: *operator });
    }
    match command {
        SessionCommand::AssignOperator { operator } if !facts.target_known => {
            Err(Rejection::OperatorNotFound { operator: *operator })
        }
        SessionCommand::LinkElement { element } if !facts.element_known => {
            Err(Rejection::ElementNotFound { element: element.clone() })
        }
        SessionCommand::SendMessage { message, .. } if session.messages.contains_key(message) => {
            Err(Rejection::AlreadyExists { thing: Thing::Message })
        }
        _ => Ok(()),
    }
}

/// Who asks, and whom the session is to go to, may hold sessions of the line.
fn roles(operator: OperatorId, command: &SessionCommand, line: &Line) -> Result<(), Rejection> {
    line.require_holder(operator)?;
    match command {
        SessionCommand::AssignOperator { operator: target } if !line.may_hold(*target) => {
            Err(Rejection::TargetNotOfLine { operator: *target, line: line.id })
        }
        _ => Ok(()),
    }
}

/// The open session of an operator: nobody else writes, closes or renames.
fn own<'a>(
    session: &'a Session,
    operator: OperatorId,
    facts: &SessionFacts<'_>,
) -> Result<Open<'a>, Rejection> {
    let open = session.open()?;
    if open.operator == Some(operator) {
        return Ok(open);
    }
    Err(not_assignee(open, facts))
}

fn not_assignee(open: Open<'_>, facts: &SessionFacts<'_>) -> Rejection {
    let holder_name = open.operator.and(facts.holder_name).map(str::to_owned);
    Rejection::NotAssignee { holder: open.operator, holder_name }
}

fn take(
    session: &Session,
    operator: OperatorId,
    facts: &SessionFacts<'_>,
) -> Result<Option<SessionEvent>, Rejection> {
    let open = session.open()?;
    match open.operator {
        None => Ok(Some(SessionEvent::OperatorAssigned { operator })),
        Some(holder) if holder == operator => Ok(None),
        Some(_) => Err(not_assignee(open, facts)),
    }
}

fn assign(
    session: &Session,
    by: OperatorId,
    target: OperatorId,
    facts: &SessionFacts<'_>,
) -> Result<Option<SessionEvent>, Rejection> {
    let open = session.open()?;
    if !facts.line.has(by, Role::Supervisor) && open.operator != Some(by) {
        return Err(not_assignee(open, facts));
    }
    let same = open.operator == Some(target);
    Ok((!same).then_some(SessionEvent::OperatorAssigned { operator: target }))
}

fn send(
    session: &Session,
    operator: OperatorId,
    message: MessageId,
    text: &str,
    via: &EntryPoint,
    facts: &SessionFacts<'_>,
) -> Result<Option<SessionEvent>, Rejection> {
    own(session, operator, facts)?;
    if let EntryPoint::Card(element) = via {
        facts.line.require_widget(&element.app)?;
        if !session.links.contains(element) {
            return Err(Rejection::ElementNotLinked { element: element.clone() });
        }
    }
    let channel = facts.line.connected(session.channel)?;
    name::outgoing_text(text, channel.policy.text_chars_max)?;
    Ok(Some(SessionEvent::MessageSent { message, operator, text: text.to_owned(), via: via.clone() }))
}

fn close(session: &Session, operator: OperatorId, facts: &SessionFacts<'_>) -> Result<Vec<Fact>, Rejection> {
    own(session, operator, facts)?;
    let channel = facts.line.channel(session.channel)?;
    Ok(vec![Session::fact(session.id, SessionEvent::SessionClosed), session.leave(channel)])
}

fn reopen(session: &Session, operator: OperatorId, facts: &SessionFacts<'_>) -> Result<Vec<Fact>, Rejection> {
    let Status::Closed(_) = session.status else {
        return Err(Rejection::SessionNotClosed { session: session.id });
    };
    let channel = facts.line.connected(session.channel)?;
    if let Some(slot) = facts.slot {
        free(slot)?;
    }
    let reopened = SessionEvent::SessionReopened { operator: Some(operator) };
    Ok(vec![Session::fact(session.id, reopened), Session::enter(session.slot(), channel, session.id)])
}

/// Requires that no session holds the slot for itself.
///
/// # Errors
///
/// `OpenSessionExists`, with the session and its holder.
pub fn free(slot: &SlotFacts) -> Result<(), Rejection> {
    match slot.state.holder {
        None => Ok(()),
        Some(session) => Err(Rejection::OpenSessionExists {
            session,
            holder: slot.operator,
            holder_name: slot.operator_name.clone(),
        }),
    }
}

fn rename(
    session: &Session,
    operator: OperatorId,
    name: &str,
    facts: &SessionFacts<'_>,
) -> Result<Option<SessionEvent>, Rejection> {
    own(session, operator, facts)?;
    let name = name::new_session_name(name)?;
    Ok((session.name != name).then_some(SessionEvent::SessionRenamed { name }))
}

fn link(
    session: &Session,
    element: &ElementRef,
    facts: &SessionFacts<'_>,
) -> Result<Option<SessionEvent>, Rejection> {
    facts.line.require_bound(&element.app)?;
    if session.links.contains(element) {
        return Ok(None);
    }
    if session.links.len() >= LINKS_MAX {
        return Err(Rejection::LimitReached { limit: Limit::Links, max: LINKS_MAX });
    }
    Ok(Some(SessionEvent::ElementLinked { element: element.clone() }))
}
