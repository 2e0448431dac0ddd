//! Everything that can be asked for.

use super::channel::{ChannelKind, ChannelPolicy};
use super::element::FieldValue;
use super::event::{EntryPoint, LineRules, Role};
use super::id::{
    AppId, ChannelId, CommandId, ElementRef, LineId, MessageId, OperatorId, ProcessId, SessionId,
};
use super::time::Timestamp;

/// Asks something of the installation; administrators only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WorkspaceCommand {
    /// Makes an app of the host known, or gives it another title.
    DeclareApp { app: AppId, title: String },
    /// Switches the service licence.
    SetServiceLicence { active: bool },
    /// Lets a process send initiated messages.
    PermitProcess { process: ProcessId, title: String },
    /// Lets it no more.
    ForbidProcess { process: ProcessId },
}

/// Asks something of a line; administrators only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LineCommand {
    /// Creates it.
    CreateLine { title: String },
    /// Gives it another title.
    RenameLine { title: String },
    /// Connects a channel, for the first time or again; a declared kind needs a policy.
    ConnectChannel { channel: ChannelId, kind: ChannelKind, title: String, policy: Option<ChannelPolicy> },
    /// Disconnects a channel; its open sessions stay.
    DisconnectChannel { channel: ChannelId },
    /// Changes the rules of a channel: narrower than the medium's, never wider.
    SetChannelPolicy { channel: ChannelId, policy: ChannelPolicy },
    /// Changes the other rules.
    SetLineRules { rules: LineRules },
    /// Gives a person a role.
    GrantRole { operator: OperatorId, role: Role },
    /// Takes a role.
    RevokeRole { operator: OperatorId, role: Role },
    /// Chooses the app of the line's customers.
    SetContactApp { app: AppId },
    /// Leaves the line without one.
    ClearContactApp,
    /// Lets sessions be linked to elements of an app.
    BindApp { app: AppId },
    /// Lets them no more; links made stay.
    UnbindApp { app: AppId },
    /// Places the correspondence widget on the form of a bound app.
    PlaceWidget { app: AppId },
    /// Takes it off.
    RemoveWidget { app: AppId },
    /// Sets the template of sessions' names.
    SetNameTemplate { template: String },
    /// Keeps the commands that the line refuses, or keeps them no longer.
    SetRefusalAudit { active: bool },
}

/// Asks something about a person at the console.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OperatorCommand {
    /// Makes the person known; administrators only.
    RegisterOperator { name: String },
    /// Gives another name; administrators only.
    RenameOperator { name: String },
    /// Is there, or away: the person's own word, or an administrator's.
    SetPresence { online: bool },
}

/// Asks something of a record.
///
/// Administrators and processes may; an operator names the line that makes it a record of customers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ElementCommand {
    /// Creates it.
    CreateElement { title: String, fields: Vec<(String, FieldValue)> },
    /// Gives it another title.
    RenameElement { title: String },
    /// Sets a field.
    SetField { field: String, value: FieldValue },
    /// Clears a field.
    ClearField { field: String },
}

/// An address chosen from a contact's fields.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChosenAccount {
    /// The address, exactly as the field holds it.
    pub text: String,
    /// The field, where several hold the same text.
    pub field: Option<String>,
}

/// Creates a session, assigned to the operator who asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreateSession {
    /// The new session's id.
    pub session: SessionId,
    /// The line.
    pub line: LineId,
    /// The customer: an element of the line's contact app.
    pub contact: ElementRef,
    /// The customer's address.
    pub account: ChosenAccount,
    /// The channel, where the line has several that fit.
    pub channel: Option<ChannelId>,
    /// The subject: e-mail from the Lines section only; blank is none.
    pub subject: Option<String>,
    /// Where the operator acts from; a card's element is linked.
    pub via: EntryPoint,
}

/// A customer's message, as a channel delivers it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReceiveMessage {
    /// The session to create, if one has to be.
    pub session: SessionId,
    /// The message's id with us.
    pub message: MessageId,
    /// The channel.
    pub channel: ChannelId,
    /// The customer's address, in the channel's form.
    pub address: String,
    /// The customer's name, where the channel tells it.
    pub sender: Option<String>,
    /// The channel's own id of the message: the same again changes nothing.
    pub external_id: String,
    /// The text.
    pub text: String,
    /// The subject, of e-mail.
    pub subject: Option<String>,
    /// The session that it answers, where the channel can tell (an e-mail's thread).
    pub in_reply_to: Option<SessionId>,
    /// When it was sent, by the channel's word.
    pub sent_at: Option<Timestamp>,
}

/// A message of a business process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SendInitiated {
    /// The command's id, by which a repetition finds what came of the first one.
    pub command: CommandId,
    /// The session to create, if one has to be.
    pub session: SessionId,
    /// The message's id.
    pub message: MessageId,
    /// The line.
    pub line: LineId,
    /// The customer: an element of the line's contact app.
    pub contact: ElementRef,
    /// The customer's address.
    pub account: ChosenAccount,
    /// The channel, where the line has several that fit.
    pub channel: Option<ChannelId>,
    /// The subject of a new e-mail session.
    pub subject: Option<String>,
    /// The open session to append to, instead of the one that the rules would choose.
    pub append_to: Option<SessionId>,
    /// The text.
    pub text: String,
}

/// What a channel tells of an outgoing message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryReport {
    /// The channel took it.
    HandedOver,
    /// It reached the customer.
    Delivered,
    /// The customer read it.
    Read,
    /// It did not get through, and why.
    Failed { reason: String },
}

/// Asks something of a session that exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SessionCommand {
    /// Takes it from the queue.
    Take,
    /// Assigns it: a supervisor to anybody of the line, its operator to a colleague.
    AssignOperator { operator: OperatorId },
    /// Writes to the customer.
    SendMessage { message: MessageId, text: String, via: EntryPoint },
    /// Tells what became of an outgoing message; channels only.
    ReportDelivery { message: MessageId, report: DeliveryReport },
    /// Closes it.
    Close,
    /// Opens it again, assigned to who asks.
    Reopen,
    /// Gives it another name.
    Rename { name: String },
    /// Adds it to an element's correspondence.
    LinkElement { element: ElementRef },
    /// Takes it out of there.
    UnlinkElement { element: ElementRef },
}
