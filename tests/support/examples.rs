//! Fixed events, one or more of each kind, whose bytes are committed under `tests/golden/wire`.
//!
//! A fixture has a line for each example of its kind and version, in the order of this file. What is
//! here is never changed; a new version of a kind gets examples of its own.

use switchboard::domain::account::{Account, AccountKind, AccountText};
use switchboard::domain::channel::{
    AddressFormat, ChannelKind, ChannelPolicy, FieldTypes, OperatorCreate, ParallelOpen, SubjectRule,
};
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{
    ChannelEvent, Customer, ElementEvent, EntryPoint, Event, InboundEvent, InboundRule, InitiatedEvent,
    LineEvent, LineRules, OperatorEvent, Origin, Role, SessionEvent, Slot, SlotEvent, Stream, WorkspaceEvent,
};
use switchboard::domain::id::{
    AdministratorId, AppId, ChannelId, CommandId, ElementId, ElementRef, KindCode, LineId, MessageId,
    OperatorId, PolicyRevision, Principal, ProcessId, SessionId,
};
use switchboard::domain::refused::{Day, RefusalEvent, Refused};
use switchboard::domain::time::Timestamp;
use uuid::Uuid;

/// An event as a version of its kind holds it.
pub struct Example {
    pub kind: u16,
    pub schema: u8,
    pub event: Event,
}

pub fn events() -> Vec<Example> {
    let parts = [workspace(), line(), channel_policies(), operator(), element()];
    let rest = [sessions_created(), messages(), session(), slot()];
    let v1 = parts.into_iter().chain(rest).flatten();
    v1.map(|(kind, event)| Example { kind, schema: 1, event }).collect()
}

fn id(number: u8) -> Uuid {
    Uuid::from_bytes([1, 0x8f, 0xa0, 0xb1, 0xc2, 0xd3, 0x74, 0xe5, 0x86, 0xf7, 0, 0, 0, 0, 0, number])
}

fn app(code: &str) -> AppId {
    AppId::new(code).expect("examples have legal codes")
}

fn process(code: &str) -> ProcessId {
    ProcessId::new(code).expect("examples have legal codes")
}

fn custom(code: &str) -> KindCode {
    KindCode::new(code).expect("examples have legal codes")
}

fn contact() -> ElementRef {
    ElementRef { app: app("contacts"), element: ElementId(id(5)) }
}

fn order() -> ElementRef {
    ElementRef { app: app("orders"), element: ElementId(id(6)) }
}

fn account(kind: AccountKind, address: &str) -> Account {
    Account { kind, address: address.to_owned() }
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn line_id() -> LineId {
    LineId(id(1))
}

fn channel_id() -> ChannelId {
    ChannelId(id(2))
}

fn session_id() -> SessionId {
    SessionId(id(3))
}

fn operator_id() -> OperatorId {
    OperatorId(id(4))
}

fn message_id() -> MessageId {
    MessageId(id(7))
}

fn workspace() -> Vec<(u16, Event)> {
    [
        (101, WorkspaceEvent::AppDeclared { app: app("contacts"), title: text("Контакты") }),
        (102, WorkspaceEvent::AppRenamed { app: app("contacts"), title: text("Customers") }),
        (103, WorkspaceEvent::ServiceLicenceActivated),
        (104, WorkspaceEvent::ServiceLicenceDeactivated),
        (105, WorkspaceEvent::ProcessPermitted { process: process("order-ready"), title: text("Ready") }),
        (106, WorkspaceEvent::ProcessForbidden { process: process("order-ready") }),
    ]
    .map(|(kind, event)| (kind, Event::Workspace(event)))
    .into()
}

fn line() -> Vec<(u16, Event)> {
    let (channel, revision, operator) = (channel_id(), PolicyRevision(300), operator_id());
    let rules = |inbound| LineRules { supervisors_create: true, inbound };
    let mut events = vec![
        (201, LineEvent::LineCreated { title: text("Support") }),
        (202, LineEvent::LineRenamed { title: text("Поддержка") }),
        (204, LineEvent::ChannelDisconnected { channel, revision }),
        (205, LineEvent::ChannelReconnected { channel, revision }),
        (207, LineEvent::LineRulesSet { rules: rules(InboundRule::NewSession), revision }),
        (
            207,
            LineEvent::LineRulesSet { rules: rules(InboundRule::ReopenWithin { seconds: 86_400 }), revision },
        ),
        (210, LineEvent::ContactAppSet { app: app("contacts") }),
        (211, LineEvent::ContactAppCleared),
        (212, LineEvent::AppBound { app: app("orders") }),
        (213, LineEvent::AppUnbound { app: app("orders") }),
        (214, LineEvent::WidgetPlaced { app: app("orders") }),
        (215, LineEvent::WidgetRemoved { app: app("orders") }),
        (216, LineEvent::NameTemplateSet { template: text("{{ customer }}, {{ channel }}") }),
        (217, LineEvent::RefusalAuditActivated),
        (218, LineEvent::RefusalAuditDeactivated),
    ];
    for role in [Role::Operator, Role::Supervisor, Role::Reader] {
        events.push((208, LineEvent::RoleGranted { operator, role }));
        events.push((209, LineEvent::RoleRevoked { operator, role }));
    }
    for kind in ChannelKind::BUILT_IN {
        let policy = kind.policy().expect("a built-in kind has a policy");
        events.push((203, connected(kind, policy)));
    }
    events.push((203, connected(ChannelKind::Custom(custom("sms.gate_1")), declared_policy())));
    events.into_iter().map(|(kind, event)| (kind, Event::Line(event))).collect()
}

fn connected(kind: ChannelKind, policy: ChannelPolicy) -> LineEvent {
    let title = kind.title().to_owned();
    LineEvent::ChannelConnected { channel: channel_id(), kind, title, policy, revision: PolicyRevision(1) }
}

fn declared_policy() -> ChannelPolicy {
    ChannelPolicy {
        operator_create: OperatorCreate::PriorInboundOnly,
        parallel_open: ParallelOpen::Many,
        account: AddressFormat::Opaque,
        field_types: FieldTypes { account: false, email: true },
        subject: SubjectRule::Optional,
        initiated: false,
        text_chars_max: u32::MAX,
    }
}

fn channel_policies() -> Vec<(u16, Event)> {
    let (channel, policy, revision) = (channel_id(), declared_policy(), PolicyRevision(2));
    let narrower = ChannelPolicy { operator_create: OperatorCreate::Never, ..policy.clone() };
    let mut events: Vec<_> = [policy, narrower]
        .map(|policy| (206, Event::Line(LineEvent::ChannelPolicySet { channel, policy, revision })))
        .into();
    events.push((301, Event::Channel(ChannelEvent::ChannelBound { line: line_id() })));
    events
}

fn operator() -> Vec<(u16, Event)> {
    [
        (401, OperatorEvent::OperatorRegistered { name: text("Анна") }),
        (402, OperatorEvent::OperatorRenamed { name: text("Anna") }),
        (403, OperatorEvent::WentOnline),
        (404, OperatorEvent::WentOffline),
    ]
    .map(|(kind, event)| (kind, Event::Operator(event)))
    .into()
}

fn element() -> Vec<(u16, Event)> {
    let mut kinds = AccountKind::BUILT_IN.to_vec();
    kinds.push(AccountKind::Custom(custom("sms.gate_1")));
    let accounts = kinds
        .into_iter()
        .map(|kind| FieldValue::Account(AccountText { kind, text: text("8 916 123-45-67") }));
    let mut values: Vec<_> = accounts.collect();
    values.push(FieldValue::Email(text("Ivan@Example.ru")));
    values.push(FieldValue::Text(text("VIP")));
    let fields = values.iter().enumerate().map(|(at, value)| (format!("field {at}"), value.clone()));
    let mut events = vec![
        (501, ElementEvent::ElementCreated { title: text("Иван Петров"), fields: fields.collect() }),
        (501, ElementEvent::ElementCreated { title: String::new(), fields: vec![] }),
        (502, ElementEvent::ElementRenamed { title: text("Ivan Petrov") }),
        (504, ElementEvent::FieldCleared { field: text("phone") }),
    ];
    events.extend(values.into_iter().map(|value| (503, ElementEvent::FieldSet { field: text("x"), value })));
    events.into_iter().map(|(kind, event)| (kind, Event::Element(event))).collect()
}

fn sessions_created() -> Vec<(u16, Event)> {
    let email = SessionEvent::SessionCreated {
        line: line_id(),
        channel: channel_id(),
        kind: ChannelKind::Email,
        customer: Customer {
            account: account(AccountKind::Email, "ivan@example.ru"),
            contact: Some(contact()),
            name: text("Иван Петров"),
        },
        name: text("Заказ 17"),
        subject: Some(text("Заказ 17")),
        origin: Origin::Card(order()),
        continues: Some(SessionId(id(9))),
    };
    let plain = [
        (ChannelKind::WhatsApp, AccountKind::Phone, Origin::LinesSection),
        (ChannelKind::Vk, AccountKind::VkUser, Origin::Inbound),
        (
            ChannelKind::Custom(custom("sms.gate_1")),
            AccountKind::Custom(custom("sms.gate_1")),
            Origin::Process(process("order-ready")),
        ),
    ]
    .map(|(kind, account_kind, origin)| SessionEvent::SessionCreated {
        line: line_id(),
        channel: channel_id(),
        kind,
        customer: Customer { account: account(account_kind, "+79161234567"), contact: None, name: text("") },
        name: text("+79161234567"),
        subject: None,
        origin,
        continues: None,
    });
    std::iter::once(email).chain(plain).map(|event| (601, Event::Session(event))).collect()
}

fn messages() -> Vec<(u16, Event)> {
    let (message, operator) = (message_id(), operator_id());
    let sent =
        |via| SessionEvent::MessageSent { message, operator, text: text("Добрый день!"), via };
    let received = |subject, sent_at| SessionEvent::MessageReceived {
        message,
        external_id: text("<17@mail.example.ru>"),
        text: text("Where is my order?"),
        subject,
        sent_at,
    };
    let process = process("order-ready");
    [
        (603, sent(EntryPoint::LinesSection)),
        (603, sent(EntryPoint::Card(order()))),
        (604, SessionEvent::InitiatedMessageSent { message, process, text: "é".repeat(126) }),
        (605, received(None, None)),
        (605, received(Some(text("Order 17")), Some(Timestamp(1_721_000_000_123_456)))),
        (605, received(Some(text("")), Some(Timestamp(-1)))),
        (606, SessionEvent::MessageHandedOver { message }),
        (607, SessionEvent::MessageDelivered { message }),
        (608, SessionEvent::MessageRead { message }),
        (609, SessionEvent::MessageFailed { message, reason: text("the number is not on WhatsApp") }),
    ]
    .map(|(kind, event)| (kind, Event::Session(event)))
    .into()
}

fn session() -> Vec<(u16, Event)> {
    [
        (602, SessionEvent::OperatorAssigned { operator: operator_id() }),
        (610, SessionEvent::SessionClosed),
        (611, SessionEvent::SessionReopened { operator: Some(operator_id()) }),
        (611, SessionEvent::SessionReopened { operator: None }),
        (612, SessionEvent::SessionRenamed { name: text("Претензия") }),
        (613, SessionEvent::ElementLinked { element: order() }),
        (614, SessionEvent::ElementUnlinked { element: order() }),
    ]
    .map(|(kind, event)| (kind, Event::Session(event)))
    .into()
}

fn slot() -> Vec<(u16, Event)> {
    let session = session_id();
    let mut events: Vec<_> = [
        (701, SlotEvent::SlotClaimed { session }),
        (702, SlotEvent::SlotReleased { session }),
        (703, SlotEvent::SlotJoined { session }),
        (704, SlotEvent::SlotLeft { session }),
        (705, SlotEvent::CustomerWrote),
    ]
    .map(|(kind, event)| (kind, Event::Slot(event)))
    .into();
    let message = message_id();
    events.push((801, Event::Inbound(InboundEvent::InboundAccepted { session, message })));
    events.push((901, Event::Initiated(InitiatedEvent::InitiatedAccepted { session, message })));
    events.extend(refusals());
    events
}

fn refusals() -> [(u16, Event); 3] {
    let all = Refused {
        command: text("CreateSession"),
        code: text("OpenSessionExists"),
        session: Some(session_id()),
        channel: Some(channel_id()),
        account: Some(account(AccountKind::Phone, "+79161234567")),
        elements: vec![contact()],
        operator: Some(operator_id()),
        values: vec![(text("session"), session_id().to_string())],
    };
    let none = Refused {
        command: text("Close"),
        code: text("SessionClosed"),
        session: None,
        channel: None,
        account: None,
        elements: Vec::new(),
        operator: None,
        values: Vec::new(),
    };
    let refused = |refused| Event::Refusal(RefusalEvent::CommandRefused(Box::new(refused)));
    let omitted = Event::Refusal(RefusalEvent::RefusalsOmitted { count: 1 << 20 });
    [(1001, refused(all)), (1001, refused(none)), (1002, omitted)]
}

/// Streams of every sort; those with a hashed id are only named, not read.
pub fn streams() -> Vec<Stream> {
    let slot =
        |kind, address: &str| Stream::Slot(Slot { channel: channel_id(), account: account(kind, address) });
    let mut streams = vec![
        Stream::Workspace,
        Stream::Line(line_id()),
        Stream::Channel(channel_id()),
        Stream::Operator(operator_id()),
        Stream::Element(contact()),
        Stream::Session(session_id()),
    ];
    streams.extend(AccountKind::BUILT_IN.map(|kind| slot(kind, "+79161234567")));
    streams.push(slot(AccountKind::Custom(custom("sms.gate_1")), "+79161234567"));
    streams.push(Stream::Inbound(channel_id(), text("<17@mail.example.ru>")));
    streams.push(Stream::Inbound(channel_id(), "x".repeat(383)));
    streams.push(Stream::Inbound(channel_id(), "x".repeat(384)));
    streams.push(Stream::Inbound(channel_id(), text("blake3:17")));
    streams.push(Stream::Initiated(CommandId(id(10))));
    streams.push(Stream::Refusals(line_id(), Day(20_779)));
    streams
}

pub fn principals() -> [Principal; 4] {
    [
        Principal::Operator(operator_id()),
        Principal::Channel(channel_id()),
        Principal::Process(process("order-ready")),
        Principal::Administrator(AdministratorId(id(8))),
    ]
}
