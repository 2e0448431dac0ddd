//! Refusals: what a rule says no to, with the facts, for machines and for people.
//!
//! A refusal is no failure of the machine. It leaves nothing behind: no event was written.

mod sentence;
mod values;

pub use sentence::command_id_reused;

use super::account::AccountKind;
use super::channel::{AddressFormat, ChannelKind};
use super::element::FieldType;
use super::id::{AppId, ChannelId, ElementRef, LineId, MessageId, OperatorId, ProcessId, SessionId};

/// A language that refusals are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lang {
    /// Russian.
    Ru,
    /// English.
    En,
}

/// What a given text was meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// A title of a line, a channel, an app, a process or an element.
    Title,
    /// A name of an operator or a session.
    Name,
    /// The name of a field.
    FieldName,
    /// The value of a field.
    FieldValue,
    /// The text of a message.
    Text,
    /// The id that a channel gives a message.
    ExternalId,
    /// The reason of a failed delivery.
    Reason,
    /// A name template.
    Template,
}

/// A thing with an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Thing {
    /// A line.
    Line,
    /// An operator.
    Operator,
    /// An element.
    Element,
    /// A session.
    Session,
    /// A message.
    Message,
}

/// Something of which there can be only so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Channels of a line.
    Channels,
    /// Apps bound to a line.
    BoundApps,
    /// Roles given on a line.
    Members,
    /// Lines on which one person has a role.
    LinesOfOperator,
    /// Apps of the workspace.
    Apps,
    /// Processes of the workspace.
    Processes,
    /// Fields of an element.
    Fields,
    /// Elements linked to a session.
    Links,
}

/// A channel among several that fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelChoice {
    /// The channel.
    pub channel: ChannelId,
    /// Its title.
    pub title: String,
}

/// A rule's no.
///
/// The variants stand in the order in which the rules are asked, and `docs/commands.md` lists them so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Each variant is a code of docs/commands.md; its fields are the facts named there.
pub enum Rejection {
    // Existence.
    LineNotFound { line: LineId },
    ChannelNotFound { channel: ChannelId },
    AppNotFound { app: AppId },
    ProcessNotFound { process: ProcessId },
    SessionNotFound { session: SessionId },
    OperatorNotFound { operator: OperatorId },
    ElementNotFound { element: ElementRef },
    MessageNotFound { message: MessageId },
    AlreadyExists { thing: Thing },
    // Role.
    AdministratorsOnly,
    PrincipalNotAllowed,
    NotOperatorOfLine { line: LineId },
    NotMemberOfLine { line: LineId },
    TargetNotOfLine { operator: OperatorId, line: LineId },
    ProcessNotPermitted { process: ProcessId },
    // Licence and presence.
    OperatorOffline { operator: OperatorId },
    LicenceInactive,
    // The state of the session.
    SessionClosed { session: SessionId },
    SessionNotClosed { session: SessionId },
    NotAssignee { holder: Option<OperatorId>, holder_name: Option<String> },
    NotOutgoing { message: MessageId },
    DeliverySettled { message: MessageId },
    // Contact.
    NoContactApp { line: LineId },
    ContactNotInContactApp { app: AppId, contact_app: AppId },
    AppNotBound { app: AppId },
    WidgetNotPlaced { app: AppId },
    ElementNotLinked { element: ElementRef },
    AccountNotOfContact,
    FieldTypeNotAllowed { field: String, field_type: FieldType },
    // Channel.
    AccountKindMismatch { kind: AccountKind, channels: Vec<ChannelKind> },
    NoOutboundChannel { line: LineId },
    AmbiguousChannel { channels: Vec<ChannelChoice> },
    ChannelDisconnected { channel: ChannelId },
    ChannelForbidsOperatorCreate { kind: ChannelKind },
    ChannelForbidsInitiated { kind: ChannelKind },
    BadAddress { expected: AddressFormat, given: String, suggestion: Option<String> },
    NeverContacted { channel: ChannelId },
    OpenSessionExists { session: SessionId, holder: Option<OperatorId>, holder_name: Option<String> },
    SessionOfAnotherCustomer { session: SessionId },
    ChannelOfAnotherLine { line: LineId },
    ChannelKindFixed { kind: ChannelKind },
    // Content.
    SubjectNotSupported,
    SubjectTooLong { bytes: usize, max: usize },
    BadSubject { at: usize },
    Blank { input: Input },
    TextTooLong { chars: usize, max: usize },
    TooLong { input: Input, bytes: usize, max: usize },
    BadCharacter { input: Input, at: usize },
    DuplicateField { field: String },
    LimitReached { limit: Limit, max: usize },
    // Configuration.
    PolicyMissing,
    PolicyNotAllowed { field: &'static str },
    BadTemplate { line: usize, column: usize, reason: String },
}

impl Rejection {
    /// Every code, in the order of precedence.
    pub const CODES: [&'static str; 54] = [
        "LineNotFound",
        "ChannelNotFound",
        "AppNotFound",
        "ProcessNotFound",
        "SessionNotFound",
        "OperatorNotFound",
        "ElementNotFound",
        "MessageNotFound",
        "AlreadyExists",
        "AdministratorsOnly",
        "PrincipalNotAllowed",
        "NotOperatorOfLine",
        "NotMemberOfLine",
        "TargetNotOfLine",
        "ProcessNotPermitted",
        "OperatorOffline",
        "LicenceInactive",
        "SessionClosed",
        "SessionNotClosed",
        "NotAssignee",
        "NotOutgoing",
        "DeliverySettled",
        "NoContactApp",
        "ContactNotInContactApp",
        "AppNotBound",
        "WidgetNotPlaced",
        "ElementNotLinked",
        "AccountNotOfContact",
        "FieldTypeNotAllowed",
        "AccountKindMismatch",
        "NoOutboundChannel",
        "AmbiguousChannel",
        "ChannelDisconnected",
        "ChannelForbidsOperatorCreate",
        "ChannelForbidsInitiated",
        "BadAddress",
        "NeverContacted",
        "OpenSessionExists",
        "SessionOfAnotherCustomer",
        "ChannelOfAnotherLine",
        "ChannelKindFixed",
        "SubjectNotSupported",
        "SubjectTooLong",
        "BadSubject",
        "Blank",
        "TextTooLong",
        "TooLong",
        "BadCharacter",
        "DuplicateField",
        "LimitReached",
        "PolicyMissing",
        "PolicyNotAllowed",
        "BadTemplate",
        "CommandIdReused",
    ];

    /// The stable code, by which programs tell refusals apart.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Rejection::LineNotFound { .. } => "LineNotFound",
            Rejection::ChannelNotFound { .. } => "ChannelNotFound",
            Rejection::AppNotFound { .. } => "AppNotFound",
            Rejection::ProcessNotFound { .. } => "ProcessNotFound",
            Rejection::SessionNotFound { .. } => "SessionNotFound",
            Rejection::OperatorNotFound { .. } => "OperatorNotFound",
            Rejection::ElementNotFound { .. } => "ElementNotFound",
            Rejection::MessageNotFound { .. } => "MessageNotFound",
            Rejection::AlreadyExists { .. } => "AlreadyExists",
            Rejection::AdministratorsOnly => "AdministratorsOnly",
            Rejection::PrincipalNotAllowed => "PrincipalNotAllowed",
            Rejection::NotOperatorOfLine { .. } => "NotOperatorOfLine",
            Rejection::NotMemberOfLine { .. } => "NotMemberOfLine",
            Rejection::TargetNotOfLine { .. } => "TargetNotOfLine",
            Rejection::ProcessNotPermitted { .. } => "ProcessNotPermitted",
            Rejection::OperatorOffline { .. } => "OperatorOffline",
            Rejection::LicenceInactive => "LicenceInactive",
            Rejection::SessionClosed { .. } => "SessionClosed",
            Rejection::SessionNotClosed { .. } => "SessionNotClosed",
            Rejection::NotAssignee { .. } => "NotAssignee",
            Rejection::NotOutgoing { .. } => "NotOutgoing",
            Rejection::DeliverySettled { .. } => "DeliverySettled",
            Rejection::NoContactApp { .. } => "NoContactApp",
            Rejection::ContactNotInContactApp { .. } => "ContactNotInContactApp",
            Rejection::AppNotBound { .. } => "AppNotBound",
            Rejection::WidgetNotPlaced { .. } => "WidgetNotPlaced",
            Rejection::ElementNotLinked { .. } => "ElementNotLinked",
            Rejection::AccountNotOfContact => "AccountNotOfContact",
            Rejection::FieldTypeNotAllowed { .. } => "FieldTypeNotAllowed",
            Rejection::AccountKindMismatch { .. } => "AccountKindMismatch",
            Rejection::NoOutboundChannel { .. } => "NoOutboundChannel",
            Rejection::AmbiguousChannel { .. } => "AmbiguousChannel",
            Rejection::ChannelDisconnected { .. } => "ChannelDisconnected",
            Rejection::ChannelForbidsOperatorCreate { .. } => "ChannelForbidsOperatorCreate",
            Rejection::ChannelForbidsInitiated { .. } => "ChannelForbidsInitiated",
            Rejection::BadAddress { .. } => "BadAddress",
            Rejection::NeverContacted { .. } => "NeverContacted",
            Rejection::OpenSessionExists { .. } => "OpenSessionExists",
            Rejection::SessionOfAnotherCustomer { .. } => "SessionOfAnotherCustomer",
            Rejection::ChannelOfAnotherLine { .. } => "ChannelOfAnotherLine",
            Rejection::ChannelKindFixed { .. } => "ChannelKindFixed",
            Rejection::SubjectNotSupported => "SubjectNotSupported",
            Rejection::SubjectTooLong { .. } => "SubjectTooLong",
            Rejection::BadSubject { .. } => "BadSubject",
            Rejection::Blank { .. } => "Blank",
            Rejection::TextTooLong { .. } => "TextTooLong",
            Rejection::TooLong { .. } => "TooLong",
            Rejection::BadCharacter { .. } => "BadCharacter",
            Rejection::DuplicateField { .. } => "DuplicateField",
            Rejection::LimitReached { .. } => "LimitReached",
            Rejection::PolicyMissing => "PolicyMissing",
            Rejection::PolicyNotAllowed { .. } => "PolicyNotAllowed",
            Rejection::BadTemplate { .. } => "BadTemplate",
        }
    }
}
