//! Everything that can have happened, and the stream that each fact stands in.

use super::account::Account;
use super::channel::{ChannelKind, ChannelPolicy};
use super::element::FieldValue;
use super::id::{
    AppId, ChannelId, CommandId, ElementRef, LineId, MessageId, OperatorId, PolicyRevision, ProcessId,
    SessionId,
};
use super::refused::{Day, RefusalEvent};
use super::time::Timestamp;

/// A stream of facts about one thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// What holds for the whole installation.
    Workspace,
    /// A line and its rules.
    Line(LineId),
    /// Which line a channel belongs to, for ever.
    Channel(ChannelId),
    /// A person at the console.
    Operator(OperatorId),
    /// A record of an app.
    Element(ElementRef),
    /// A session.
    Session(SessionId),
    /// A customer's address on a channel: who holds it, and whether the customer wrote.
    Slot(Slot),
    /// A message that a channel delivered, by the channel's own id of it.
    Inbound(ChannelId, String),
    /// A message of a process, by the command that asked for it.
    Initiated(CommandId),
    /// Commands that a line refused on one day, where their audit is on.
    Refusals(LineId, Day),
}

/// A customer's address on a channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The channel.
    pub channel: ChannelId,
    /// The address.
    pub account: Account,
}

/// A fact and the stream that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The stream.
    pub stream: Stream,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// To the installation.
    Workspace(WorkspaceEvent),
    /// To a line.
    Line(LineEvent),
    /// To a channel.
    Channel(ChannelEvent),
    /// To an operator.
    Operator(OperatorEvent),
    /// To a record.
    Element(ElementEvent),
    /// To a session.
    Session(SessionEvent),
    /// To a slot.
    Slot(SlotEvent),
    /// To a delivered message.
    Inbound(InboundEvent),
    /// To a process's message.
    Initiated(InitiatedEvent),
    /// To the audit of a line's refusals.
    Refusal(RefusalEvent),
}

/// What happened to the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkspaceEvent {
    /// An app of the host became known.
    AppDeclared { app: AppId, title: String },
    /// An app got another title.
    AppRenamed { app: AppId, title: String },
    /// The paid service began: presence exists from now on.
    ServiceLicenceActivated,
    /// The paid service ended: presence means nothing from now on.
    ServiceLicenceDeactivated,
    /// A process may send initiated messages.
    ProcessPermitted { process: ProcessId, title: String },
    /// A process may no longer send.
    ProcessForbidden { process: ProcessId },
}

/// A role of a person on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Serves customers.
    Operator,
    /// Sees all sessions, assigns and takes over.
    Supervisor,
    /// Reads.
    Reader,
}

/// What becomes of a customer's message when no session of the slot is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InboundRule {
    /// A new session that continues the last one.
    NewSession,
    /// The last session is reopened if it was closed at most so long ago, else a new one.
    ReopenWithin {
        /// The time, in seconds.
        seconds: u32,
    },
}

/// The rules of a line beside those of its channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineRules {
    /// Whether supervisors may create sessions as operators may.
    pub supervisors_create: bool,
    /// What becomes of a customer's message when no session is open.
    pub inbound: InboundRule,
}

impl Default for LineRules {
    fn default() -> LineRules {
        LineRules { supervisors_create: false, inbound: InboundRule::NewSession }
    }
}

/// What happened to a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineEvent {
    /// It was created.
    LineCreated { title: String },
    /// It got another title.
    LineRenamed { title: String },
    /// A channel was connected for the first time.
    ChannelConnected {
        channel: ChannelId,
        kind: ChannelKind,
        title: String,
        policy: ChannelPolicy,
        revision: PolicyRevision,
    },
    /// A channel was disconnected.
    ChannelDisconnected { channel: ChannelId, revision: PolicyRevision },
    /// A channel was connected again.
    ChannelReconnected { channel: ChannelId, revision: PolicyRevision },
    /// The rules of a channel were changed.
    ChannelPolicySet { channel: ChannelId, policy: ChannelPolicy, revision: PolicyRevision },
    /// The other rules were changed.
    LineRulesSet { rules: LineRules, revision: PolicyRevision },
    /// A person got a role.
    RoleGranted { operator: OperatorId, role: Role },
    /// A person lost a role.
    RoleRevoked { operator: OperatorId, role: Role },
    /// The app of the line's customers was chosen.
    ContactAppSet { app: AppId },
    /// The line has no app of customers any more.
    ContactAppCleared,
    /// Sessions may be linked to elements of this app.
    AppBound { app: AppId },
    /// Sessions may no longer be linked to elements of this app.
    AppUnbound { app: AppId },
    /// The correspondence widget stands on the form of this app.
    WidgetPlaced { app: AppId },
    /// It was taken off.
    WidgetRemoved { app: AppId },
    /// Names of sessions follow this template.
    NameTemplateSet { template: String },
    /// Commands that the line refuses are kept from now on.
    RefusalAuditActivated,
    /// They are kept no longer.
    RefusalAuditDeactivated,
}

/// What happened to a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelEvent {
    /// It belongs to this line, for ever.
    ChannelBound { line: LineId },
}

/// What happened to an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperatorEvent {
    /// Became known.
    OperatorRegistered { name: String },
    /// Got another name.
    OperatorRenamed { name: String },
    /// Is there.
    WentOnline,
    /// Is away.
    WentOffline,
}

/// What happened to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ElementEvent {
    /// It was created.
    ElementCreated { title: String, fields: Vec<(String, FieldValue)> },
    /// It got another title.
    ElementRenamed { title: String },
    /// A field got a value.
    FieldSet { field: String, value: FieldValue },
    /// A field lost its value.
    FieldCleared { field: String },
}

/// Where a session came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// An operator, in the Lines section.
    LinesSection,
    /// An operator, on the card of this element.
    Card(ElementRef),
    /// The customer wrote.
    Inbound,
    /// A business process sent a message.
    Process(ProcessId),
}

/// Where an operator acts from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EntryPoint {
    /// The Lines section.
    LinesSection,
    /// The card of this element, by its correspondence widget.
    Card(ElementRef),
}

/// The person served.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Customer {
    /// The address, as it was when the session was created.
    pub account: Account,
    /// The record in the line's contact app, where there is one.
    pub contact: Option<ElementRef>,
    /// The name at creation; empty when nobody knew it.
    pub name: String,
}

/// What happened to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// It was created.
    SessionCreated {
        line: LineId,
        channel: ChannelId,
        kind: ChannelKind,
        customer: Customer,
        name: String,
        /// E-mail only; fixed for ever, whatever the name becomes.
        subject: Option<String>,
        origin: Origin,
        /// The last session of the same slot before this one.
        continues: Option<SessionId>,
    },
    /// It is this operator's now: by creation, taking, assigning or reopening.
    OperatorAssigned { operator: OperatorId },
    /// The operator wrote.
    MessageSent { message: MessageId, operator: OperatorId, text: String, via: EntryPoint },
    /// A process wrote.
    InitiatedMessageSent { message: MessageId, process: ProcessId, text: String },
    /// The customer wrote.
    MessageReceived {
        message: MessageId,
        external_id: String,
        text: String,
        subject: Option<String>,
        /// When, by the channel's word.
        sent_at: Option<Timestamp>,
    },
    /// The channel took an outgoing message.
    MessageHandedOver { message: MessageId },
    /// It reached the customer's device or mailbox.
    MessageDelivered { message: MessageId },
    /// The customer read it.
    MessageRead { message: MessageId },
    /// It did not get through.
    MessageFailed { message: MessageId, reason: String },
    /// It was closed.
    SessionClosed,
    /// It was opened again; without an operator it waits in the queue.
    SessionReopened { operator: Option<OperatorId> },
    /// It got another name; a subject already sent stays.
    SessionRenamed { name: String },
    /// It belongs to this element's correspondence.
    ElementLinked { element: ElementRef },
    /// It belongs there no longer.
    ElementUnlinked { element: ElementRef },
}

/// What happened to a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotEvent {
    /// This session holds it: no other may open.
    SlotClaimed { session: SessionId },
    /// Nobody holds it.
    SlotReleased { session: SessionId },
    /// This session opened beside others, on a channel that allows any number.
    SlotJoined { session: SessionId },
    /// It closed.
    SlotLeft { session: SessionId },
    /// The customer wrote to this channel for the first time.
    CustomerWrote,
}

/// What happened to a message that a channel delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InboundEvent {
    /// It stands in this session under this id; the channel may deliver it again and again.
    InboundAccepted { session: SessionId, message: MessageId },
}

/// What happened to a message of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InitiatedEvent {
    /// It stands in this session under this id; the process may ask again and again.
    InitiatedAccepted { session: SessionId, message: MessageId },
}

/// A fact that cannot have happened to the state that it was applied to: the log is not ours, or damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IllegalEvent(pub &'static str);
