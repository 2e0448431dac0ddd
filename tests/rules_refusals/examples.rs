//! One refusal of each code, as docs/commands.md shows it.

use switchboard::domain::account::AccountKind;
use switchboard::domain::channel::{AddressFormat, ChannelKind};
use switchboard::domain::element::FieldType;
use switchboard::domain::id::{
    AppId, ChannelId, ElementId, ElementRef, LineId, MessageId, OperatorId, ProcessId, SessionId,
};
use switchboard::domain::rejection::{ChannelChoice, Input, Limit, Rejection, Thing};
use uuid::Uuid;

/// The one id of all examples.
pub const ID: &str = "01a0b1c2-0000-7000-8000-000000000017";

/// In the order of the codes, all but `CommandIdReused`, which is no rule's.
pub fn rejections() -> Vec<Rejection> {
    use Rejection as R;
    let id = Uuid::parse_str(ID).expect("an id");
    let app = |code| AppId::new(code).expect("a legal code");
    let (line, channel, operator) = (LineId(id), ChannelId(id), OperatorId(id));
    let (session, message) = (SessionId(id), MessageId(id));
    let process = ProcessId::new("order-ready").expect("a legal code");
    let element = ElementRef { app: app("orders"), element: ElementId(id) };
    let holder_name = Some("Анна".to_owned());
    let choice = |title: &str| ChannelChoice { channel, title: title.into() };
    vec![
        R::LineNotFound { line },
        R::ChannelNotFound { channel },
        R::AppNotFound { app: app("orders") },
        R::ProcessNotFound { process: process.clone() },
        R::SessionNotFound { session },
        R::OperatorNotFound { operator },
        R::ElementNotFound { element: element.clone() },
        R::MessageNotFound { message },
        R::AlreadyExists { thing: Thing::Session },
        R::AdministratorsOnly,
        R::PrincipalNotAllowed,
        R::NotOperatorOfLine { line },
        R::NotMemberOfLine { line },
        R::TargetNotOfLine { operator, line },
        R::ProcessNotPermitted { process },
        R::OperatorOffline { operator },
        R::LicenceInactive,
        R::SessionClosed { session },
        R::SessionNotClosed { session },
        R::NotAssignee { holder: Some(operator), holder_name: holder_name.clone() },
        R::NotOutgoing { message },
        R::DeliverySettled { message },
        R::NoContactApp { line },
        R::ContactNotInContactApp { app: app("orders"), contact_app: app("contacts") },
        R::AppNotBound { app: app("orders") },
        R::WidgetNotPlaced { app: app("orders") },
        R::ElementNotLinked { element },
        R::AccountNotOfContact,
        R::FieldTypeNotAllowed { field: "email".into(), field_type: FieldType::Email },
        R::AccountKindMismatch { kind: AccountKind::Phone, channels: vec![ChannelKind::Email] },
        R::NoOutboundChannel { line },
        R::AmbiguousChannel { channels: vec![choice("WhatsApp 1"), choice("WhatsApp 2")] },
        R::ChannelDisconnected { channel },
        R::ChannelForbidsOperatorCreate { kind: ChannelKind::Vk },
        R::ChannelForbidsInitiated { kind: ChannelKind::LiveChat },
        R::BadAddress {
            expected: AddressFormat::PhoneE164,
            given: "89161234567".into(),
            suggestion: Some("+79161234567".into()),
        },
        R::NeverContacted { channel },
        R::OpenSessionExists { session, holder: Some(operator), holder_name },
        R::SessionOfAnotherCustomer { session },
        R::ChannelOfAnotherLine { line },
        R::ChannelKindFixed { kind: ChannelKind::WhatsApp },
        R::SubjectNotSupported,
        R::SubjectTooLong { bytes: 1002, max: 998 },
        R::BadSubject { at: 4 },
        R::Blank { input: Input::Text },
        R::TextTooLong { chars: 4097, max: 4096 },
        R::TooLong { input: Input::Title, bytes: 600, max: 512 },
        R::BadCharacter { input: Input::Name, at: 4 },
        R::DuplicateField { field: "phone".into() },
        R::LimitReached { limit: Limit::Links, max: 32 },
        R::PolicyMissing,
        R::PolicyNotAllowed { field: "operator_create" },
        R::BadTemplate { line: 1, column: 4, reason: "unknown filter".into() },
    ]
}
