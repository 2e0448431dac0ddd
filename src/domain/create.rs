//! Creating a session, and the dry run of it: one function examines both.
//!
//! The order of the rules: existence, role, licence and presence, contact app and contact, card,
//! account and field, channel, what the channel lets, address, earlier contact, slot, subject.

use super::channel::{Channel, SubjectRule};
use super::command::{ChosenAccount, CreateSession};
use super::element::Element;
use super::event::{Customer, EntryPoint, Fact, Origin, SessionEvent};
use super::id::{ChannelId, ElementRef, LineId, OperatorId, SessionId};
use super::line::Line;
use super::name::{self, NameContext};
use super::operator::Operator;
use super::rejection::Rejection;
use super::route::{self, Purpose, Route, Verdict, Way};
use super::session::{Session, conduct};
use super::slot::SlotFacts;
use super::time::Timestamp;
use super::workspace::Workspace;

/// A command that may still lack what the operator has not chosen yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Who wants to create.
    pub operator: OperatorId,
    /// The line.
    pub line: LineId,
    /// The customer.
    pub contact: Option<ElementRef>,
    /// The customer's address.
    pub account: Option<ChosenAccount>,
    /// The channel.
    pub channel: Option<ChannelId>,
    /// The subject.
    pub subject: Option<String>,
    /// Where the operator acts from.
    pub via: EntryPoint,
}

/// What the rules need from outside.
#[derive(Clone, Copy, Debug)]
pub struct DraftFacts<'a> {
    /// The line, if it exists.
    pub line: Option<&'a Line>,
    /// The installation.
    pub workspace: &'a Workspace,
    /// The operator, if known.
    pub operator: Option<&'a Operator>,
    /// The contact, if it exists.
    pub contact: Option<&'a Element>,
    /// Whether the card's element exists.
    pub card_known: bool,
}

/// What an examination found.
#[derive(Clone, Debug)]
pub struct Examined<'a> {
    /// The refusals, in the order of the rules; the first one is the answer to a command.
    pub verdict: Verdict,
    /// The way to the customer, where one was found.
    pub route: Option<Route<'a>>,
}

impl Draft {
    /// The draft in which only the line is chosen.
    #[must_use]
    pub fn on(line: LineId, operator: OperatorId, via: EntryPoint) -> Draft {
        Draft { operator, line, contact: None, account: None, channel: None, subject: None, via }
    }

    /// The draft in which everything is chosen.
    #[must_use]
    pub fn of(operator: OperatorId, command: &CreateSession) -> Draft {
        Draft {
            operator,
            line: command.line,
            contact: Some(command.contact.clone()),
            account: Some(command.account.clone()),
            channel: command.channel,
            subject: command.subject.clone(),
            via: command.via.clone(),
        }
    }
}

/// Asks every rule that can be asked before the slot is known.
#[must_use]
pub fn examine<'a>(draft: &Draft, facts: &DraftFacts<'a>) -> Examined<'a> {
    let mut verdict = Verdict::default();
    let (line, channel_known) = existence(draft, facts, &mut verdict);
    let Some(line) = line else { return Examined { verdict, route: None } };
    verdict.note(line.require_creator(draft.operator));
    verdict.note(conduct::require_presence(facts.workspace, draft.operator, facts.operator));
    match &draft.contact {
        Some(contact) => verdict.note(line.require_contact_app(&contact.app)),
        None => verdict
            .note(line.contact_app.as_ref().map(|_| ()).ok_or(Rejection::NoContactApp { line: line.id })),
    };
    if let EntryPoint::Card(element) = &draft.via {
        verdict.note(line.require_widget(&element.app));
    }
    let found = match (facts.contact, &draft.account) {
        (Some(contact), Some(account)) if channel_known => {
            route::find(line, contact, account, draft.channel, Purpose::Operator, &mut verdict)
        }
        (_, None) => {
            verdict.note(route::require_outbound(line));
            Way::Unknown
        }
        (None | Some(_), Some(_)) => Way::Unknown,
    };
    let route = match found {
        Way::Open(route) => Some(route),
        // There is no slot to ask about, but the subject can be judged already.
        Way::Blocked(channel) => {
            examine_subject(channel, draft.subject.as_deref(), &draft.via, &mut verdict);
            None
        }
        Way::Unknown => None,
    };
    Examined { verdict, route }
}

/// The line, if it exists, and whether the channel named is one of it.
fn existence<'a>(draft: &Draft, facts: &DraftFacts<'a>, verdict: &mut Verdict) -> (Option<&'a Line>, bool) {
    let line = verdict.note(facts.line.ok_or(Rejection::LineNotFound { line: draft.line }));
    let channel_known = match (line, draft.channel) {
        (Some(line), Some(channel)) => verdict.note(line.channel(channel)).is_some(),
        (Some(_) | None, _) => true,
    };
    if facts.operator.is_none() {
        verdict.0.push(Rejection::OperatorNotFound { operator: draft.operator });
    }
    if let (Some(contact), None) = (&draft.contact, facts.contact) {
        verdict.0.push(Rejection::ElementNotFound { element: contact.clone() });
    }
    if let (EntryPoint::Card(element), false) = (&draft.via, facts.card_known) {
        verdict.0.push(Rejection::ElementNotFound { element: element.clone() });
    }
    (line, channel_known)
}

/// Asks the rules that need the slot: earlier contact, one open session, subject.
///
/// Answers the subject, where one is given and legal.
pub fn examine_slot(
    route: &Route<'_>,
    slot: &SlotFacts,
    subject: Option<&str>,
    via: &EntryPoint,
    verdict: &mut Verdict,
) -> Option<String> {
    verdict.note(route.require_earlier_contact(slot));
    verdict.note(conduct::free(slot));
    examine_subject(route.channel, subject, via, verdict)
}

fn examine_subject(
    channel: &Channel,
    subject: Option<&str>,
    via: &EntryPoint,
    verdict: &mut Verdict,
) -> Option<String> {
    let blank = subject.is_none_or(|subject| subject.trim().is_empty());
    if !blank && matches!(via, EntryPoint::Card(_)) {
        verdict.0.push(Rejection::SubjectNotSupported);
        return None;
    }
    verdict.note(legal_subject(channel, subject))?
}

/// A subject that the channel knows; a blank one is none.
pub(super) fn legal_subject(channel: &Channel, subject: Option<&str>) -> Result<Option<String>, Rejection> {
    let blank = subject.is_none_or(|subject| subject.trim().is_empty());
    if channel.policy.subject == SubjectRule::None {
        return if blank { Ok(None) } else { Err(Rejection::SubjectNotSupported) };
    }
    if blank { Ok(None) } else { name::subject(subject) }
}

/// What a new session is made of.
pub(super) struct NewSession<'a> {
    pub id: SessionId,
    pub line: &'a Line,
    pub route: &'a Route<'a>,
    pub contact: Option<ElementRef>,
    pub customer_name: &'a str,
    pub subject: Option<String>,
    pub origin: Origin,
    pub continues: Option<SessionId>,
    pub now: Timestamp,
}

/// The facts of a new session: that it was created, and that it stands in its slot.
pub(super) fn opening(new: NewSession<'_>) -> [Fact; 2] {
    let Route { channel, account } = new.route;
    let context = NameContext {
        customer: if new.customer_name.trim().is_empty() { &account.address } else { new.customer_name },
        account: &account.address,
        line: &new.line.title,
        channel: &channel.title,
        created: new.now,
        subject: new.subject.as_deref().unwrap_or_default(),
    };
    let named = || name::session_name(new.line.template.as_ref(), &context);
    let (name, subject) = match (channel.policy.subject, &new.subject) {
        (SubjectRule::Optional, Some(subject)) => (subject.clone(), Some(subject.clone())),
        (SubjectRule::Optional, None) => {
            let name = named();
            (name.clone(), Some(name))
        }
        (SubjectRule::None, _) => (named(), None),
    };
    let created = SessionEvent::SessionCreated {
        line: new.line.id,
        channel: channel.id,
        kind: channel.kind.clone(),
        customer: Customer {
            account: account.clone(),
            contact: new.contact,
            name: new.customer_name.to_owned(),
        },
        name,
        subject,
        origin: new.origin,
        continues: new.continues,
    };
    [Session::fact(new.id, created), Session::enter(new.route.slot(), channel, new.id)]
}

/// Decides the creation, when the first rules let it pass and the slot is known.
///
/// # Errors
///
/// The first rule that says no.
pub fn decide(
    operator: OperatorId,
    command: &CreateSession,
    line: &Line,
    contact: &Element,
    route: &Route<'_>,
    slot: &SlotFacts,
    now: Timestamp,
) -> Result<Vec<Fact>, Rejection> {
    let mut verdict = Verdict::default();
    let subject = examine_slot(route, slot, command.subject.as_deref(), &command.via, &mut verdict);
    if let Some(rejection) = verdict.0.into_iter().next() {
        return Err(rejection);
    }
    let (origin, linked) = match &command.via {
        EntryPoint::LinesSection => (Origin::LinesSection, None),
        EntryPoint::Card(element) => (Origin::Card(element.clone()), Some(element)),
    };
    let [created, entered] = opening(NewSession {
        id: command.session,
        line,
        route,
        contact: Some(command.contact.clone()),
        customer_name: &contact.title,
        subject,
        origin,
        continues: slot.state.last,
        now,
    });
    let assigned = Session::fact(command.session, SessionEvent::OperatorAssigned { operator });
    let mut facts = vec![created, assigned, entered];
    if let Some(element) = linked {
        let event = SessionEvent::ElementLinked { element: element.clone() };
        facts.push(Session::fact(command.session, event));
    }
    Ok(facts)
}
