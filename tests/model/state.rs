//! What the model's desk remembers, what may be asked of it, and what a setting changes.

use std::collections::{BTreeMap, BTreeSet};

use switchboard::domain::account::AccountKind;
use switchboard::domain::channel::{ChannelKind as Kind, OperatorCreate};
use switchboard::domain::command::{LineCommand as L, *};
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{EntryPoint, LineRules, Role};
use switchboard::domain::id::*;

/// What is asked; the settings that only switch something are the engine's commands in short.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    Licence(bool),
    Permit(ProcessId, bool),
    Presence(OperatorId, bool),
    Field(ElementRef, String, Option<FieldValue>),
    Line(LineId, LineCommand),
    Create(CreateSession),
    Receive(ReceiveMessage),
    Initiate(SendInitiated),
    Session(SessionId, SessionCommand),
}

/// A customer's address on a channel.
pub type Slot = (ChannelId, String);
/// The session and the message of a receipt.
pub type Named = (Option<SessionId>, Option<MessageId>);
/// Something, or the code of a refusal.
pub type Checked<T> = Result<T, &'static str>;
pub type Answer = Checked<Named>;

/// The mission's table: who may begin, whether processes send, whose addresses, and in which form.
pub struct Medium {
    pub begins: OperatorCreate,
    pub sends: bool,
    pub accounts: AccountKind,
    pub is_address: fn(&str) -> bool,
}

pub fn medium(kind: &Kind) -> Medium {
    let phone = |address: &str| address.starts_with("+7") && address.len() == 12;
    let (begins, sends, accounts, is_address): (_, _, _, fn(&str) -> bool) = match kind {
        Kind::WhatsApp => (OperatorCreate::Always, true, AccountKind::Phone, phone),
        Kind::TelegramBot => (OperatorCreate::PriorInboundOnly, true, AccountKind::TelegramUser, |_| true),
        Kind::Vk => (OperatorCreate::Never, true, AccountKind::VkUser, |_| true),
        Kind::Email => (OperatorCreate::Always, true, AccountKind::Email, |address| address.contains('@')),
        _ => (OperatorCreate::Never, false, AccountKind::LiveChatVisitor, |_| true),
    };
    Medium { begins, sends, accounts, is_address }
}

/// The card that somebody acts from.
pub fn card_of(via: &EntryPoint) -> Option<&ElementRef> {
    if let EntryPoint::Card(element) = via { Some(element) } else { None }
}

#[derive(Clone, Debug, PartialEq, PartialOrd, Eq, Ord)]
pub struct Channel {
    pub kind: Kind,
    pub create: OperatorCreate,
    pub connected: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    pub channels: BTreeMap<ChannelId, Channel>,
    pub roles: BTreeSet<(OperatorId, Role)>,
    pub contacts: Option<AppId>,
    /// Bound apps, and whether their forms have the widget.
    pub bound: BTreeMap<AppId, bool>,
    pub rules: LineRules,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    pub line: LineId,
    pub slot: Slot,
    pub holder: Option<OperatorId>,
    /// `None` while it is open.
    pub closed_at: Option<i64>,
    pub opening: usize,
    pub links: BTreeSet<ElementRef>,
    pub messages: BTreeSet<MessageId>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    pub now: i64,
    pub licence: bool,
    /// Who was ever permitted, and whether still.
    pub processes: BTreeMap<ProcessId, bool>,
    /// Who is registered, and whether Online.
    pub people: BTreeMap<OperatorId, bool>,
    pub elements: BTreeMap<ElementRef, BTreeMap<String, FieldValue>>,
    pub lines: BTreeMap<LineId, Line>,
    pub sessions: BTreeMap<SessionId, Session>,
    pub wrote: BTreeSet<Slot>,
    pub delivered: BTreeMap<(ChannelId, String), Named>,
    pub openings: usize,
}

impl Channel {
    pub fn medium(&self) -> Medium {
        medium(&self.kind)
    }
}

impl Line {
    pub fn has(&self, person: OperatorId, role: Role) -> bool {
        self.roles.contains(&(person, role))
    }

    fn channel(&mut self, id: &ChannelId) -> &mut Channel {
        self.channels.get_mut(id).expect("a channel of the line")
    }

    fn set(&mut self, command: &LineCommand) {
        match command {
            L::ConnectChannel { channel, .. } => self.channel(channel).connected = true,
            L::DisconnectChannel { channel } => self.channel(channel).connected = false,
            L::SetChannelPolicy { channel, policy } => self.channel(channel).create = policy.operator_create,
            L::SetLineRules { rules } => self.rules = *rules,
            L::GrantRole { operator, role } => drop(self.roles.insert((*operator, *role))),
            L::RevokeRole { operator, role } => drop(self.roles.remove(&(*operator, *role))),
            L::SetContactApp { app } => self.contacts = Some(app.clone()),
            L::ClearContactApp => self.contacts = None,
            L::BindApp { app } => drop(self.bound.entry(app.clone()).or_insert(false)),
            L::UnbindApp { app } => drop(self.bound.remove(app)),
            L::PlaceWidget { app } => *self.bound.get_mut(app).expect("a bound app") = true,
            L::RemoveWidget { app } => *self.bound.get_mut(app).expect("a bound app") = false,
            other => panic!("no step gives {other:?}"),
        }
    }
}

impl Model {
    /// Takes a setting as it is given.
    pub fn set(&mut self, setting: &Command) -> Named {
        match setting {
            Command::Licence(active) => self.licence = *active,
            Command::Permit(process, permitted) => drop(self.processes.insert(process.clone(), *permitted)),
            Command::Presence(person, online) => drop(self.people.insert(*person, *online)),
            Command::Field(element, name, value) => {
                let fields = self.elements.get_mut(element).expect("a contact");
                fields.remove(name);
                fields.extend(value.clone().map(|value| (name.clone(), value)));
            }
            Command::Line(line, command) => self.lines.get_mut(line).expect("a line").set(command),
            other => panic!("{other:?} is no setting"),
        }
        (None, None)
    }

    /// The newest session with a customer, or the newest that is open.
    pub fn last_of(&self, slot: &Slot, open: bool) -> Option<SessionId> {
        let of_slot = self.sessions.iter().filter(|(_, session)| session.slot == *slot);
        let fitting = of_slot.filter(|(_, session)| !open || session.closed_at.is_none());
        fitting.max_by_key(|(_, session)| session.opening).map(|(id, _)| *id)
    }

    /// Opens a session, for the first time or again.
    pub fn open(&mut self, id: SessionId, line: LineId, slot: Slot, to: Option<OperatorId>) -> &mut Session {
        self.openings += 1;
        let (links, messages) = Default::default();
        let fresh = Session { line, slot, holder: None, closed_at: None, opening: 0, links, messages };
        let session = self.sessions.entry(id).or_insert(fresh);
        (session.holder, session.closed_at, session.opening) = (to, None, self.openings);
        session
    }

    /// Adds a message to a session.
    pub fn say(&mut self, id: SessionId, message: MessageId) -> Answer {
        self.sessions.get_mut(&id).expect("a session").messages.insert(message);
        Ok((Some(id), Some(message)))
    }
}
