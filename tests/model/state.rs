//! What the model's desk remembers, and what may be asked of it.

use std::collections::{BTreeMap, BTreeSet};

use switchboard::domain::channel::{ChannelKind, OperatorCreate};
use switchboard::domain::command::*;
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{LineRules, Role};
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
/// The session and the message of a receipt, or the code of a refusal.
pub type Answer = Result<(Option<SessionId>, Option<MessageId>), &'static str>;

#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    pub kind: ChannelKind,
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
    /// The name that somebody gave it.
    pub name: String,
    pub links: BTreeSet<ElementRef>,
    /// What is known of the delivery of outgoing ones.
    pub messages: BTreeMap<MessageId, Option<u8>>,
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
    pub delivered: BTreeMap<(ChannelId, String), (Option<SessionId>, Option<MessageId>)>,
    pub openings: usize,
}
