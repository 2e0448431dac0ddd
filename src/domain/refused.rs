//! Refused commands, as a line's audit keeps them: which command, why, and about what.
//!
//! Who asked, when, by which command id and under which rules stands in the envelope. No text that
//! people wrote to each other is kept: no message, no subject, no name.

use super::account::{Account, AccountKind, AccountText};
use super::channel::AddressFormat;
use super::command::{
    CreateSession, ElementCommand, LineCommand, ReceiveMessage, SendInitiated, SessionCommand,
};
use super::event::{EntryPoint, IllegalEvent};
use super::id::{ChannelId, ElementRef, OperatorId, SessionId};
use super::limits::{REFUSAL_VALUE_BYTES_MAX, REFUSALS_PER_DAY_MAX};
use super::line::Line;
use super::rejection::Rejection;
use super::time::Timestamp;

/// A day of Greenwich: days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub u32);

impl Day {
    /// The day of a moment; the first one for what is before it.
    #[must_use]
    pub fn of(moment: Timestamp) -> Day {
        const MICROSECONDS: i64 = 86_400_000_000;
        Day(u32::try_from(moment.0.div_euclid(MICROSECONDS)).unwrap_or(0))
    }
}

/// What is kept of a refused command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The command, as `docs/commands.md` calls it.
    pub command: String,
    /// The code of the refusal.
    pub code: String,
    /// The session that was to be changed, or that stood in the way.
    pub session: Option<SessionId>,
    /// The channel, where it was named or only one fits.
    pub channel: Option<ChannelId>,
    /// The customer's address, where it has the form that is compared.
    pub account: Option<Account>,
    /// The records that were named: the contact, the card, the one to link.
    pub elements: Vec<ElementRef>,
    /// The operator that was named, beside the one who asked.
    pub operator: Option<OperatorId>,
    /// The facts of the refusal by their names, each at most [`REFUSAL_VALUE_BYTES_MAX`] bytes.
    pub values: Vec<(String, String)>,
}

/// What happened to the audit of a line's refusals on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalEvent {
    /// A command was refused.
    CommandRefused(Box<Refused>),
    /// So many more were refused that day and only counted; told at one, and each time it doubles.
    RefusalsOmitted { count: u64 },
}

/// What a line's audit of refusals holds of one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefusalDay {
    /// How many are kept, at most [`REFUSALS_PER_DAY_MAX`].
    pub kept: u32,
    /// How many were only counted, as far as it was told.
    pub omitted: u64,
}

impl RefusalDay {
    /// Applies a fact.
    ///
    /// # Errors
    ///
    /// [`IllegalEvent`] beyond the bound of a day, and for a count that does not grow.
    pub fn evolve(self, event: &RefusalEvent) -> Result<RefusalDay, IllegalEvent> {
        match event {
            RefusalEvent::CommandRefused(_) if self.kept >= REFUSALS_PER_DAY_MAX => {
                Err(IllegalEvent("more refusals are kept of a line's day than the bound"))
            }
            RefusalEvent::CommandRefused(_) => Ok(RefusalDay { kept: self.kept + 1, ..self }),
            RefusalEvent::RefusalsOmitted { count } if *count <= self.omitted => {
                Err(IllegalEvent("fewer refusals were omitted than before"))
            }
            RefusalEvent::RefusalsOmitted { count } => Ok(RefusalDay { omitted: *count, ..self }),
        }
    }

    /// Whether it is to be told that so many were only counted: at one, and each time it doubles.
    #[must_use]
    pub fn is_to_be_told(&self, omitted: u64) -> bool {
        omitted > 0 && omitted / 2 >= self.omitted
    }
}

/// A command of a line that can be refused.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    /// To change a record, as one of the line's customers.
    Element(&'a ElementRef, &'a ElementCommand),
    /// To change the line.
    Line(&'a LineCommand),
    /// To create a session.
    Create(&'a CreateSession),
    /// To change a session.
    Session(SessionId, &'a SessionCommand),
    /// To take a customer's message.
    Receive(&'a ReceiveMessage),
    /// To send a process's message.
    Initiate(&'a SendInitiated),
}

impl Refused {
    /// What is kept of a command that a line refused.
    #[must_use]
    pub fn new(asked: Asked<'_>, rejection: &Rejection, line: &Line) -> Refused {
        let mut refused = Refused {
            command: asked.name().to_owned(),
            code: rejection.code().to_owned(),
            session: None,
            channel: None,
            account: None,
            elements: Vec::new(),
            operator: None,
            values: rejection
                .values()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), cut(value)))
                .collect(),
        };
        match asked {
            Asked::Element(element, _) => refused.elements.push(element.clone()),
            Asked::Line(command) => refused.about_line(command),
            Asked::Create(create) => {
                refused.elements.push(create.contact.clone());
                if let EntryPoint::Card(element) = &create.via {
                    refused.elements.push(element.clone());
                }
                refused.address(line, create.channel, &create.account.text);
            }
            Asked::Session(session, command) => {
                refused.session = Some(session);
                refused.about_session(command);
            }
            Asked::Receive(receive) => refused.address(line, Some(receive.channel), &receive.address),
            Asked::Initiate(send) => {
                refused.elements.push(send.contact.clone());
                refused.address(line, send.channel, &send.account.text);
            }
        }
        if let Rejection::OpenSessionExists { session, .. } = rejection {
            refused.session = Some(*session);
        }
        refused
    }

    fn about_line(&mut self, command: &LineCommand) {
        match command {
            LineCommand::ConnectChannel { channel, .. }
            | LineCommand::DisconnectChannel { channel }
            | LineCommand::SetChannelPolicy { channel, .. } => self.channel = Some(*channel),
            LineCommand::GrantRole { operator, .. } | LineCommand::RevokeRole { operator, .. } => {
                self.operator = Some(*operator);
            }
            LineCommand::CreateLine { .. }
            | LineCommand::RenameLine { .. }
            | LineCommand::SetLineRules { .. }
            | LineCommand::SetContactApp { .. }
            | LineCommand::ClearContactApp
            | LineCommand::BindApp { .. }
            | LineCommand::UnbindApp { .. }
            | LineCommand::PlaceWidget { .. }
            | LineCommand::RemoveWidget { .. }
            | LineCommand::SetNameTemplate { .. }
            | LineCommand::SetRefusalAudit { .. } => {}
        }
    }

    fn about_session(&mut self, command: &SessionCommand) {
        match command {
            SessionCommand::AssignOperator { operator } => self.operator = Some(*operator),
            SessionCommand::LinkElement { element }
            | SessionCommand::UnlinkElement { element }
            | SessionCommand::SendMessage { via: EntryPoint::Card(element), .. } => {
                self.elements.push(element.clone());
            }
            SessionCommand::Take
            | SessionCommand::SendMessage { via: EntryPoint::LinesSection, .. }
            | SessionCommand::ReportDelivery { .. }
            | SessionCommand::Close
            | SessionCommand::Reopen
            | SessionCommand::Rename { .. } => {}
        }
    }

    /// The address in the form that is compared, and the channel that it leads to.
    fn address(&mut self, line: &Line, named: Option<ChannelId>, text: &str) {
        let fits = |format: AddressFormat, kind: AccountKind| {
            Account::normalise(&AccountText { kind, text: text.to_owned() }, format).ok()
        };
        let mut found = Vec::new();
        for channel in line.channels.values().filter(|channel| named.is_none_or(|named| channel.id == named))
        {
            let opaque = channel.policy.account == AddressFormat::Opaque;
            if let Some(account) = fits(channel.policy.account, channel.inbound_account(text)) {
                found.push((opaque, channel.id, account));
            }
        }
        // An opaque address may be any text: one of a known form is that.
        if found.iter().any(|(opaque, ..)| !opaque) {
            found.retain(|(opaque, ..)| !opaque);
        }
        self.channel = match found.as_slice() {
            [(_, channel, _)] => Some(*channel),
            _ => named,
        };
        let known = found.into_iter().next().map(|(.., account)| account);
        self.account = known
            .or_else(|| fits(AddressFormat::PhoneE164, AccountKind::Phone))
            .or_else(|| fits(AddressFormat::Email, AccountKind::Email));
    }
}

impl Asked<'_> {
    /// The command, as `docs/commands.md` calls it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Asked::Create(_) => "CreateSession",
            Asked::Receive(_) => "ReceiveMessage",
            Asked::Initiate(_) => "SendInitiated",
            Asked::Element(_, command) => match command {
                ElementCommand::CreateElement { .. } => "CreateElement",
                ElementCommand::RenameElement { .. } => "RenameElement",
                ElementCommand::SetField { .. } => "SetField",
                ElementCommand::ClearField { .. } => "ClearField",
            },
            Asked::Line(command) => command.name(),
            Asked::Session(_, command) => match command {
                SessionCommand::Take => "Take",
                SessionCommand::AssignOperator { .. } => "AssignOperator",
                SessionCommand::SendMessage { .. } => "SendMessage",
                SessionCommand::ReportDelivery { .. } => "ReportDelivery",
                SessionCommand::Close => "Close",
                SessionCommand::Reopen => "Reopen",
                SessionCommand::Rename { .. } => "Rename",
                SessionCommand::LinkElement { .. } => "LinkElement",
                SessionCommand::UnlinkElement { .. } => "UnlinkElement",
            },
        }
    }
}

impl LineCommand {
    /// Its name, as `docs/commands.md` has it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            LineCommand::CreateLine { .. } => "CreateLine",
            LineCommand::RenameLine { .. } => "RenameLine",
            LineCommand::ConnectChannel { .. } => "ConnectChannel",
            LineCommand::DisconnectChannel { .. } => "DisconnectChannel",
            LineCommand::SetChannelPolicy { .. } => "SetChannelPolicy",
            LineCommand::SetLineRules { .. } => "SetLineRules",
            LineCommand::GrantRole { .. } => "GrantRole",
            LineCommand::RevokeRole { .. } => "RevokeRole",
            LineCommand::SetContactApp { .. } => "SetContactApp",
            LineCommand::ClearContactApp => "ClearContactApp",
            LineCommand::BindApp { .. } => "BindApp",
            LineCommand::UnbindApp { .. } => "UnbindApp",
            LineCommand::PlaceWidget { .. } => "PlaceWidget",
            LineCommand::RemoveWidget { .. } => "RemoveWidget",
            LineCommand::SetNameTemplate { .. } => "SetNameTemplate",
            LineCommand::SetRefusalAudit { .. } => "SetRefusalAudit",
        }
    }
}

/// As much of a value as is kept, whole characters of it.
fn cut(mut value: String) -> String {
    let mut end = REFUSAL_VALUE_BYTES_MAX.min(value.len());
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value.truncate(end);
    value
}
