//! Arbitrary events, streams and principals, of every variant, as the domain bounds them.
//!
//! The strategies are boxed: the value trees of nested unions are too large for a test's stack.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use switchboard::domain::account::{Account, AccountKind, AccountText};
use switchboard::domain::channel::{
    AddressFormat, ChannelKind, ChannelPolicy, FieldTypes, OperatorCreate, ParallelOpen, SubjectRule,
};
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{
    ChannelEvent, Customer, ElementEvent, EntryPoint, Event, Fact, InboundEvent, InboundRule, InitiatedEvent,
    LineEvent, LineRules, OperatorEvent, Origin, Role, SessionEvent, Slot, SlotEvent, Stream, WorkspaceEvent,
};
use switchboard::domain::id::{
    AdministratorId, AppId, ChannelId, CommandId, ElementId, ElementRef, KindCode, LineId, MessageId,
    OperatorId, PolicyRevision, Principal, ProcessId, SessionId,
};
use switchboard::domain::refused::{Day, RefusalEvent, Refused};
use switchboard::domain::time::Timestamp;
use uuid::Uuid;

/// A fact: an event in a stream of its own aggregate.
pub fn any_fact() -> BoxedStrategy<Fact> {
    any_event()
        .prop_flat_map(|event| {
            let stream = stream_of(&event);
            stream.prop_map(move |stream| Fact { stream, event: event.clone() })
        })
        .boxed()
}

/// An event of any kind.
pub fn any_event() -> BoxedStrategy<Event> {
    prop_oneof![
        3 => workspace_event().prop_map(Event::Workspace),
        8 => line_event().prop_map(Event::Line),
        1 => id().prop_map(|id| Event::Channel(ChannelEvent::ChannelBound { line: LineId(id) })),
        2 => operator_event().prop_map(Event::Operator),
        3 => element_event().prop_map(Event::Element),
        8 => session_event().prop_map(Event::Session),
        2 => slot_event().prop_map(Event::Slot),
        1 => (session_id(), message_id()).prop_map(|(session, message)| {
            Event::Inbound(InboundEvent::InboundAccepted { session, message })
        }),
        1 => (session_id(), message_id()).prop_map(|(session, message)| {
            Event::Initiated(InitiatedEvent::InitiatedAccepted { session, message })
        }),
        1 => refusal_event().prop_map(Event::Refusal),
    ]
    .boxed()
}

/// A stream of any sort.
pub fn any_stream() -> impl Strategy<Value = Stream> {
    any_fact().prop_map(|fact| fact.stream)
}

/// Anybody who can act.
pub fn any_principal() -> BoxedStrategy<Principal> {
    prop_oneof![
        operator_id().prop_map(Principal::Operator),
        channel_id().prop_map(Principal::Channel),
        process().prop_map(Principal::Process),
        id().prop_map(|id| Principal::Administrator(AdministratorId(id))),
    ]
    .boxed()
}

fn stream_of(event: &Event) -> BoxedStrategy<Stream> {
    match event {
        Event::Workspace(_) => Just(Stream::Workspace).boxed(),
        Event::Line(_) => id().prop_map(|id| Stream::Line(LineId(id))).boxed(),
        Event::Channel(_) => channel_id().prop_map(Stream::Channel).boxed(),
        Event::Operator(_) => operator_id().prop_map(Stream::Operator).boxed(),
        Event::Element(_) => element_ref().prop_map(Stream::Element).boxed(),
        Event::Session(_) => session_id().prop_map(Stream::Session).boxed(),
        Event::Slot(_) => (channel_id(), account())
            .prop_map(|(channel, account)| Stream::Slot(Slot { channel, account }))
            .boxed(),
        Event::Inbound(_) => {
            (channel_id(), external_id()).prop_map(|(channel, id)| Stream::Inbound(channel, id)).boxed()
        }
        Event::Initiated(_) => id().prop_map(|id| Stream::Initiated(CommandId(id))).boxed(),
        Event::Refusal(_) => {
            (id(), any::<u32>()).prop_map(|(id, day)| Stream::Refusals(LineId(id), Day(day))).boxed()
        }
    }
}

fn id() -> impl Strategy<Value = Uuid> {
    any::<[u8; 16]>().prop_map(Uuid::from_bytes)
}

fn operator_id() -> impl Strategy<Value = OperatorId> {
    id().prop_map(OperatorId)
}

fn channel_id() -> impl Strategy<Value = ChannelId> {
    id().prop_map(ChannelId)
}

fn session_id() -> impl Strategy<Value = SessionId> {
    id().prop_map(SessionId)
}

fn message_id() -> impl Strategy<Value = MessageId> {
    id().prop_map(MessageId)
}

fn revision() -> impl Strategy<Value = PolicyRevision> {
    any::<u32>().prop_map(PolicyRevision)
}

const CODE: &str = "[a-z0-9._-]{1,64}";

fn app() -> impl Strategy<Value = AppId> {
    CODE.prop_map(|code| AppId::new(&code).expect("a code by its pattern"))
}

fn process() -> impl Strategy<Value = ProcessId> {
    CODE.prop_map(|code| ProcessId::new(&code).expect("a code by its pattern"))
}

fn custom() -> impl Strategy<Value = KindCode> {
    CODE.prop_map(|code| KindCode::new(&code).expect("a code by its pattern"))
}

fn text() -> BoxedStrategy<String> {
    prop_oneof![8 => any::<String>(), 1 => "[a-zё]{240,300}"].boxed()
}

fn external_id() -> BoxedStrategy<String> {
    prop_oneof!["[!-~]{0,400}", "[!-~]{380,998}", "blake3:[0-9a-f]{0,64}"].boxed()
}

fn element_ref() -> BoxedStrategy<ElementRef> {
    (app(), id()).prop_map(|(app, id)| ElementRef { app, element: ElementId(id) }).boxed()
}

fn account_kind() -> BoxedStrategy<AccountKind> {
    let built_in = prop::sample::select(AccountKind::BUILT_IN.to_vec());
    prop_oneof![4 => built_in, 1 => custom().prop_map(AccountKind::Custom)].boxed()
}

fn channel_kind() -> BoxedStrategy<ChannelKind> {
    let built_in = prop::sample::select(ChannelKind::BUILT_IN.to_vec());
    prop_oneof![4 => built_in, 1 => custom().prop_map(ChannelKind::Custom)].boxed()
}

fn account() -> BoxedStrategy<Account> {
    (account_kind(), "[!-~]{1,254}").prop_map(|(kind, address)| Account { kind, address }).boxed()
}

fn policy() -> BoxedStrategy<ChannelPolicy> {
    let create = [OperatorCreate::Never, OperatorCreate::PriorInboundOnly, OperatorCreate::Always];
    let formats = [
        AddressFormat::PhoneE164,
        AddressFormat::PhoneOrUsername,
        AddressFormat::Email,
        AddressFormat::Opaque,
    ];
    let chosen = (
        prop::sample::select(create.to_vec()),
        prop::sample::select(vec![ParallelOpen::One, ParallelOpen::Many]),
        prop::sample::select(formats.to_vec()),
        prop::sample::select(vec![SubjectRule::Optional, SubjectRule::None]),
    );
    let rest = (any::<bool>(), any::<bool>(), any::<bool>(), any::<u32>());
    (chosen, rest)
        .prop_map(|(chosen, (account, email, initiated, text_chars_max))| ChannelPolicy {
            operator_create: chosen.0,
            parallel_open: chosen.1,
            account: chosen.2,
            field_types: FieldTypes { account, email },
            subject: chosen.3,
            initiated,
            text_chars_max,
        })
        .boxed()
}

fn rules() -> BoxedStrategy<LineRules> {
    let reopen = any::<u32>().prop_map(|seconds| InboundRule::ReopenWithin { seconds });
    let inbound = prop_oneof![Just(InboundRule::NewSession), reopen];
    (any::<bool>(), inbound)
        .prop_map(|(supervisors_create, inbound)| LineRules { supervisors_create, inbound })
        .boxed()
}

fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(vec![Role::Operator, Role::Supervisor, Role::Reader])
}

fn workspace_event() -> BoxedStrategy<WorkspaceEvent> {
    prop_oneof![
        (app(), text()).prop_map(|(app, title)| WorkspaceEvent::AppDeclared { app, title }),
        (app(), text()).prop_map(|(app, title)| WorkspaceEvent::AppRenamed { app, title }),
        Just(WorkspaceEvent::ServiceLicenceActivated),
        Just(WorkspaceEvent::ServiceLicenceDeactivated),
        (process(), text()).prop_map(|(process, title)| WorkspaceEvent::ProcessPermitted { process, title }),
        process().prop_map(|process| WorkspaceEvent::ProcessForbidden { process }),
    ]
    .boxed()
}

fn line_event() -> BoxedStrategy<LineEvent> {
    let connected = (channel_id(), channel_kind(), text(), policy(), revision()).prop_map(
        |(channel, kind, title, policy, revision)| LineEvent::ChannelConnected {
            channel,
            kind,
            title,
            policy,
            revision,
        },
    );
    let rules_set = prop_oneof![
        (channel_id(), policy(), revision()).prop_map(|(channel, policy, revision)| {
            LineEvent::ChannelPolicySet { channel, policy, revision }
        }),
        (rules(), revision()).prop_map(|(rules, revision)| LineEvent::LineRulesSet { rules, revision }),
    ];
    prop_oneof![
        text().prop_map(|title| LineEvent::LineCreated { title }),
        text().prop_map(|title| LineEvent::LineRenamed { title }),
        connected,
        (channel_id(), revision())
            .prop_map(|(channel, revision)| LineEvent::ChannelDisconnected { channel, revision }),
        (channel_id(), revision())
            .prop_map(|(channel, revision)| LineEvent::ChannelReconnected { channel, revision }),
        rules_set,
        (operator_id(), role()).prop_map(|(operator, role)| LineEvent::RoleGranted { operator, role }),
        (operator_id(), role()).prop_map(|(operator, role)| LineEvent::RoleRevoked { operator, role }),
        line_app_event(),
        text().prop_map(|template| LineEvent::NameTemplateSet { template }),
        Just(LineEvent::RefusalAuditActivated),
        Just(LineEvent::RefusalAuditDeactivated),
    ]
    .boxed()
}

fn refusal_event() -> BoxedStrategy<RefusalEvent> {
    let values = vec((text(), text()), 0..4);
    let elements = vec(element_ref(), 0..3);
    let about = (
        option::of(session_id()),
        option::of(channel_id()),
        option::of(account()),
        option::of(operator_id()),
    );
    let refused = (text(), text(), about, elements, values).prop_map(
        |(command, code, (session, channel, account, operator), elements, values)| {
            let refused = Refused { command, code, session, channel, account, elements, operator, values };
            RefusalEvent::CommandRefused(Box::new(refused))
        },
    );
    prop_oneof![refused, any::<u64>().prop_map(|count| RefusalEvent::RefusalsOmitted { count })].boxed()
}

fn line_app_event() -> BoxedStrategy<LineEvent> {
    prop_oneof![
        app().prop_map(|app| LineEvent::ContactAppSet { app }),
        Just(LineEvent::ContactAppCleared),
        app().prop_map(|app| LineEvent::AppBound { app }),
        app().prop_map(|app| LineEvent::AppUnbound { app }),
        app().prop_map(|app| LineEvent::WidgetPlaced { app }),
        app().prop_map(|app| LineEvent::WidgetRemoved { app }),
    ]
    .boxed()
}

fn operator_event() -> BoxedStrategy<OperatorEvent> {
    prop_oneof![
        text().prop_map(|name| OperatorEvent::OperatorRegistered { name }),
        text().prop_map(|name| OperatorEvent::OperatorRenamed { name }),
        Just(OperatorEvent::WentOnline),
        Just(OperatorEvent::WentOffline),
    ]
    .boxed()
}

fn field_value() -> BoxedStrategy<FieldValue> {
    prop_oneof![
        (account_kind(), text()).prop_map(|(kind, text)| FieldValue::Account(AccountText { kind, text })),
        text().prop_map(FieldValue::Email),
        text().prop_map(FieldValue::Text),
    ]
    .boxed()
}

fn element_event() -> BoxedStrategy<ElementEvent> {
    prop_oneof![
        (text(), vec((text(), field_value()), 0..5))
            .prop_map(|(title, fields)| ElementEvent::ElementCreated { title, fields }),
        text().prop_map(|title| ElementEvent::ElementRenamed { title }),
        (text(), field_value()).prop_map(|(field, value)| ElementEvent::FieldSet { field, value }),
        text().prop_map(|field| ElementEvent::FieldCleared { field }),
    ]
    .boxed()
}

fn session_created() -> BoxedStrategy<SessionEvent> {
    let customer = (account(), option::of(element_ref()), text())
        .prop_map(|(account, contact, name)| Customer { account, contact, name });
    let origin = prop_oneof![
        Just(Origin::LinesSection),
        element_ref().prop_map(Origin::Card),
        Just(Origin::Inbound),
        process().prop_map(Origin::Process),
    ];
    let where_from = (id(), channel_id(), channel_kind(), origin);
    let what = (customer, text(), option::of(text()), option::of(session_id()));
    (where_from, what)
        .prop_map(|((line, channel, kind, origin), (customer, name, subject, continues))| {
            let line = LineId(line);
            SessionEvent::SessionCreated { line, channel, kind, customer, name, subject, origin, continues }
        })
        .boxed()
}

fn message_event() -> BoxedStrategy<SessionEvent> {
    let via = prop_oneof![Just(EntryPoint::LinesSection), element_ref().prop_map(EntryPoint::Card)];
    let sent_at = option::of(any::<i64>().prop_map(Timestamp));
    prop_oneof![
        (message_id(), operator_id(), text(), via).prop_map(|(message, operator, text, via)| {
            SessionEvent::MessageSent { message, operator, text, via }
        }),
        (message_id(), process(), text()).prop_map(|(message, process, text)| {
            SessionEvent::InitiatedMessageSent { message, process, text }
        }),
        (message_id(), external_id(), text(), option::of(text()), sent_at).prop_map(
            |(message, external_id, text, subject, sent_at)| SessionEvent::MessageReceived {
                message,
                external_id,
                text,
                subject,
                sent_at,
            }
        ),
        message_id().prop_map(|message| SessionEvent::MessageHandedOver { message }),
        message_id().prop_map(|message| SessionEvent::MessageDelivered { message }),
        message_id().prop_map(|message| SessionEvent::MessageRead { message }),
        (message_id(), text()).prop_map(|(message, reason)| SessionEvent::MessageFailed { message, reason }),
    ]
    .boxed()
}

fn session_event() -> BoxedStrategy<SessionEvent> {
    prop_oneof![
        3 => session_created(),
        7 => message_event(),
        1 => operator_id().prop_map(|operator| SessionEvent::OperatorAssigned { operator }),
        1 => Just(SessionEvent::SessionClosed),
        1 => option::of(operator_id()).prop_map(|operator| SessionEvent::SessionReopened { operator }),
        1 => text().prop_map(|name| SessionEvent::SessionRenamed { name }),
        1 => element_ref().prop_map(|element| SessionEvent::ElementLinked { element }),
        1 => element_ref().prop_map(|element| SessionEvent::ElementUnlinked { element }),
    ]
    .boxed()
}

fn slot_event() -> BoxedStrategy<SlotEvent> {
    prop_oneof![
        session_id().prop_map(|session| SlotEvent::SlotClaimed { session }),
        session_id().prop_map(|session| SlotEvent::SlotReleased { session }),
        session_id().prop_map(|session| SlotEvent::SlotJoined { session }),
        session_id().prop_map(|session| SlotEvent::SlotLeft { session }),
        Just(SlotEvent::CustomerWrote),
    ]
    .boxed()
}
