//! What administrators set, and what follows from it: lines, names, presence, elements.

#[path = "rules_lines/names.rs"]
mod names;
#[path = "rules_lines/presence.rs"]
mod presence;
#[path = "support/rules.rs"]
mod rules;

use rules::{Desk, admin, app, code, kind_code, new_id, pager_policy, phone, send};
use switchboard::Caller;
use switchboard::domain::channel::{
    AddressFormat, ChannelKind, ChannelPolicy, FieldTypes, OperatorCreate, ParallelOpen, SubjectRule,
};
use switchboard::domain::command::*;
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{EntryPoint, Event, InboundRule, LineEvent, LineRules, Role};
use switchboard::domain::id::{ChannelId, LineId, PolicyRevision};
use switchboard::domain::rejection::Rejection;

const NUMBER: &str = "+79161234567";

fn whatsapp() -> ChannelPolicy {
    ChannelKind::WhatsApp.policy().expect("built in")
}

/// What a command to the line writes, as the names of events.
async fn writes(desk: &Desk, command: LineCommand) -> Vec<String> {
    let head = desk.engine.head();
    desk.configure(command).await.expect("accepted");
    let name = |event: &Event| match event {
        Event::Line(event) => format!("{event:?}"),
        other => format!("{other:?}"),
    };
    let written = desk.written(head).await;
    written.iter().map(|one| name(&one.event).split([' ', '(']).next().unwrap_or_default().into()).collect()
}

#[tokio::test]
async fn a_setting_is_written_once_however_often_it_is_made() {
    let (desk, channel) = Desk::with(ChannelKind::WhatsApp).await;
    let (orders, stray, operator, role) = (app("orders"), app("stray"), desk.stranger, Role::Reader);
    let connect = || {
        let (kind, title) = (ChannelKind::WhatsApp, "Второе имя".into());
        LineCommand::ConnectChannel { channel, kind, title, policy: None }
    };
    let policy = ChannelPolicy { text_chars_max: 100, ..whatsapp() };
    let rules = LineRules { supervisors_create: true, inbound: InboundRule::ReopenWithin { seconds: 60 } };
    for (command, expected) in [
        (LineCommand::RenameLine { title: " Продажи ".into() }, "LineRenamed"),
        (LineCommand::DisconnectChannel { channel }, "ChannelDisconnected"),
        (connect(), "ChannelReconnected"),
        (LineCommand::SetChannelPolicy { channel, policy }, "ChannelPolicySet"),
        (LineCommand::SetLineRules { rules }, "LineRulesSet"),
        (LineCommand::GrantRole { operator, role }, "RoleGranted"),
        (LineCommand::RevokeRole { operator, role }, "RoleRevoked"),
        (LineCommand::SetContactApp { app: stray.clone() }, "ContactAppSet"),
        (LineCommand::ClearContactApp, "ContactAppCleared"),
        (LineCommand::BindApp { app: stray.clone() }, "AppBound"),
        (LineCommand::UnbindApp { app: stray.clone() }, "AppUnbound"),
        (LineCommand::RemoveWidget { app: orders.clone() }, "WidgetRemoved"),
        (LineCommand::PlaceWidget { app: orders.clone() }, "WidgetPlaced"),
        (LineCommand::SetNameTemplate { template: "{{ customer }}".into() }, "NameTemplateSet"),
        (LineCommand::SetRefusalAudit { active: true }, "RefusalAuditActivated"),
        (LineCommand::SetRefusalAudit { active: false }, "RefusalAuditDeactivated"),
    ] {
        assert_eq!(writes(&desk, command.clone()).await, [expected], "{command:?}");
        assert!(writes(&desk, command.clone()).await.is_empty(), "{command:?} again");
    }
}

#[tokio::test]
async fn only_administrators_change_a_line() {
    let (desk, channel) = Desk::with(ChannelKind::WhatsApp).await;
    let supervisor = desk.person(Some(Role::Supervisor)).await;
    let callers =
        || [Caller::operator(supervisor), Caller::channel(channel), Caller::process(desk.process.clone())];
    for caller in callers() {
        let rename = LineCommand::RenameLine { title: "Продажи".into() };
        let refused = desk.refusal(desk.engine.line(caller.clone(), desk.line, rename)).await;
        assert_eq!(refused.code(), "AdministratorsOnly");
        let create = LineCommand::CreateLine { title: "Продажи".into() };
        let refused = desk.refusal(desk.engine.line(caller.clone(), LineId(new_id()), create)).await;
        assert_eq!(refused.code(), "AdministratorsOnly");
        let licence = WorkspaceCommand::SetServiceLicence { active: true };
        assert_eq!(desk.refusal(desk.engine.workspace(caller, licence)).await.code(), "AdministratorsOnly");
    }
}

#[tokio::test]
async fn a_channel_belongs_to_one_line_for_ever() {
    let (desk, channel) = Desk::with(ChannelKind::WhatsApp).await;
    let other = LineId(new_id());
    desk.create_line(other).await;
    desk.configure(LineCommand::DisconnectChannel { channel }).await.expect("disconnected");
    let (kind, title) = (ChannelKind::WhatsApp, "Чужой".into());
    let steal = LineCommand::ConnectChannel { channel, kind, title, policy: None };
    let refused = desk.refusal(desk.engine.line(admin(), other, steal)).await;
    assert_eq!(refused.rejection(), Some(&Rejection::ChannelOfAnotherLine { line: desk.line }));
}

#[tokio::test]
async fn a_policy_is_narrowed_rule_by_rule_and_never_widened() {
    let (desk, channel) = Desk::with(ChannelKind::TelegramBot).await;
    let medium = ChannelKind::TelegramBot.policy().expect("built in");
    let none = FieldTypes { account: false, email: false };
    let narrower = [
        ChannelPolicy { operator_create: OperatorCreate::Never, ..medium.clone() },
        ChannelPolicy { field_types: none, ..medium.clone() },
        ChannelPolicy { initiated: false, ..medium.clone() },
        ChannelPolicy { text_chars_max: 1, ..medium.clone() },
        medium.clone(),
    ];
    for policy in narrower {
        let command = LineCommand::SetChannelPolicy { channel, policy };
        assert_eq!(writes(&desk, command).await, ["ChannelPolicySet"]);
    }
    let wider = [
        ("operator_create", ChannelPolicy { operator_create: OperatorCreate::Always, ..medium.clone() }),
        ("parallel_open", ChannelPolicy { parallel_open: ParallelOpen::Many, ..medium.clone() }),
        ("account", ChannelPolicy { account: AddressFormat::Email, ..medium.clone() }),
        (
            "field_types",
            ChannelPolicy { field_types: FieldTypes { account: true, email: true }, ..medium.clone() },
        ),
        ("subject", ChannelPolicy { subject: SubjectRule::Optional, ..medium.clone() }),
        ("text_chars_max", ChannelPolicy { text_chars_max: 4097, ..medium.clone() }),
        ("text_chars_max", ChannelPolicy { text_chars_max: 0, ..medium.clone() }),
    ];
    for (field, policy) in wider {
        let set = LineCommand::SetChannelPolicy { channel, policy: policy.clone() };
        let refused = desk.refusal(desk.configure(set)).await;
        assert_eq!(refused.rejection(), Some(&Rejection::PolicyNotAllowed { field }), "{policy:?}");
        let (channel, kind, title) = (ChannelId(new_id()), ChannelKind::TelegramBot, "Бот".into());
        let connect = LineCommand::ConnectChannel { channel, kind, title, policy: Some(policy) };
        let refused = desk.refusal(desk.configure(connect)).await;
        assert_eq!(refused.rejection(), Some(&Rejection::PolicyNotAllowed { field }));
    }
    let viber = desk.connect(ChannelKind::ViberBot).await;
    let policy = ChannelPolicy { initiated: true, ..ChannelKind::ViberBot.policy().expect("built in") };
    let refused =
        desk.refusal(desk.configure(LineCommand::SetChannelPolicy { channel: viber, policy })).await;
    assert_eq!(refused.rejection(), Some(&Rejection::PolicyNotAllowed { field: "initiated" }));
}

#[tokio::test]
async fn a_declared_channel_keeps_how_it_tells_customers_apart() {
    let (desk, channel) = Desk::with(ChannelKind::Custom(kind_code())).await;
    for (field, policy) in [
        ("parallel_open", ChannelPolicy { parallel_open: ParallelOpen::Many, ..pager_policy() }),
        ("account", ChannelPolicy { account: AddressFormat::Email, ..pager_policy() }),
    ] {
        let refused = desk.refusal(desk.configure(LineCommand::SetChannelPolicy { channel, policy })).await;
        assert_eq!(refused.rejection(), Some(&Rejection::PolicyNotAllowed { field }));
    }
    let policy = ChannelPolicy { text_chars_max: 100_000, initiated: false, ..pager_policy() };
    let set = LineCommand::SetChannelPolicy { channel, policy };
    assert_eq!(writes(&desk, set).await, ["ChannelPolicySet"], "its host declares the rest as it likes");
}

#[tokio::test]
async fn later_events_carry_the_revision_that_they_were_decided_under() {
    let (desk, channel) = Desk::with(ChannelKind::WhatsApp).await;
    let contact = desk.contact(phone(NUMBER)).await;
    let creation = desk.creation(&contact, NUMBER);
    let revision = async |head| {
        let all: Vec<PolicyRevision> =
            desk.written(head).await.iter().map(|one| one.policy_revision).collect();
        assert!(all.iter().all(|revision| *revision == all[0]), "one command, one revision: {all:?}");
        all[0]
    };
    let head = desk.engine.head();
    desk.create(desk.anna, &creation).await.expect("created");
    assert_eq!(revision(head).await, PolicyRevision(1), "connecting the channel was the first change");
    let policy = ChannelPolicy { text_chars_max: 5, ..whatsapp() };
    let set_at = desk.engine.head();
    desk.configure(LineCommand::SetChannelPolicy { channel, policy }).await.expect("narrower");
    let set = desk.written(set_at).await.pop().expect("an event").event;
    assert!(
        matches!(&set, Event::Line(LineEvent::ChannelPolicySet { revision: PolicyRevision(2), .. })),
        "{set:?}"
    );
    let head = desk.engine.head();
    let too_long = desk.refusal(desk.ask(desk.anna, creation.session, send("Привет!"))).await;
    assert_eq!(too_long.rejection(), Some(&Rejection::TextTooLong { chars: 7, max: 5 }));
    desk.ask(desk.anna, creation.session, send("Привт")).await.expect("five characters");
    assert_eq!(revision(head).await, PolicyRevision(2));
    let rules = LineRules { supervisors_create: true, inbound: InboundRule::NewSession };
    desk.configure(LineCommand::SetLineRules { rules }).await.expect("set");
    let head = desk.engine.head();
    desk.receive(desk.inbound(channel, NUMBER)).await.expect("received");
    assert_eq!(revision(head).await, PolicyRevision(3), "a customer's message too");
    let head = desk.engine.head();
    let (caller, mut initiated) = desk.initiated(&contact, NUMBER);
    initiated.text = "готов".into();
    desk.engine.send_initiated(caller, initiated).await.expect("sent");
    assert_eq!(revision(head).await, PolicyRevision(3), "and a process's");
}

#[tokio::test]
async fn a_disconnected_channel_starts_and_carries_nothing_until_it_is_back() {
    let (desk, channel) = Desk::with(ChannelKind::WhatsApp).await;
    let contact = desk.contact(phone(NUMBER)).await;
    let creation = desk.creation(&contact, NUMBER);
    desk.create(desk.anna, &creation).await.expect("created");
    desk.configure(LineCommand::DisconnectChannel { channel }).await.expect("disconnected");
    let other = desk.contact(phone("+79161234568")).await;
    let again = desk.creation(&other, "+79161234568");
    assert_eq!(code(&desk.create(desk.anna, &again).await), "ChannelDisconnected");
    assert_eq!(code(&desk.ask(desk.anna, creation.session, send("Алло")).await), "ChannelDisconnected");
    assert_eq!(code(&desk.receive(desk.inbound(channel, NUMBER)).await), "ChannelDisconnected");
    assert_eq!(code(&desk.initiate(&contact, NUMBER).await), "ChannelDisconnected");
    desk.ask(desk.anna, creation.session, SessionCommand::Close).await.expect("closing needs no channel");
    assert_eq!(
        code(&desk.ask(desk.anna, creation.session, SessionCommand::Reopen).await),
        "ChannelDisconnected"
    );
    let (kind, title) = (ChannelKind::WhatsApp, "WhatsApp".into());
    let connect = LineCommand::ConnectChannel { channel, kind, title, policy: None };
    desk.configure(connect).await.expect("connected again");
    assert_eq!(code(&desk.create(desk.anna, &again).await), "Ok");
    assert_eq!(code(&desk.ask(desk.anna, creation.session, SessionCommand::Reopen).await), "Ok");
}

#[tokio::test]
async fn a_role_that_is_taken_counts_at_once() {
    let (desk, _) = Desk::with(ChannelKind::WhatsApp).await;
    let contact = desk.contact(phone(NUMBER)).await;
    let command = desk.creation(&contact, NUMBER);
    assert!(desk.examine(desk.anna, &command).await.is_empty(), "the dialog offers the line");
    let (operator, role) = (desk.anna, Role::Operator);
    desk.configure(LineCommand::RevokeRole { operator, role }).await.expect("revoked");
    assert_eq!(code(&desk.create(desk.anna, &command).await), "NotOperatorOfLine");
    let supervisor = desk.person(Some(Role::Supervisor)).await;
    assert_eq!(code(&desk.create(supervisor, &command).await), "NotOperatorOfLine");
    let rules = LineRules { supervisors_create: true, inbound: InboundRule::NewSession };
    desk.configure(LineCommand::SetLineRules { rules }).await.expect("set");
    assert_eq!(code(&desk.create(supervisor, &command).await), "Ok", "where the line says so");
}

#[tokio::test]
async fn a_card_works_only_where_its_app_is_bound_and_its_widget_stands() {
    let (desk, _) = Desk::with(ChannelKind::WhatsApp).await;
    let contact = desk.contact(phone(NUMBER)).await;
    let order = desk.element("orders", vec![]).await;
    let mut command = desk.creation(&contact, NUMBER);
    command.via = EntryPoint::Card(order.clone());
    let from_card = || {
        let (message, text) = (switchboard::domain::id::MessageId(new_id()), "Добрый день".into());
        SessionCommand::SendMessage { message, text, via: EntryPoint::Card(order.clone()) }
    };
    let reads = async || desk.engine.card_lines(desk.anna, &order).await.map_err(|error| error.code());
    desk.configure(LineCommand::RemoveWidget { app: app("orders") }).await.expect("taken off");
    assert_eq!(code(&desk.create(desk.anna, &command).await), "WidgetNotPlaced");
    assert_eq!(reads().await, Err("WidgetNotPlaced"), "no history either");
    desk.configure(LineCommand::PlaceWidget { app: app("orders") }).await.expect("placed");
    desk.create(desk.anna, &command).await.expect("created from the card");
    assert_eq!(reads().await, Ok(vec![desk.line]));
    desk.ask(desk.anna, command.session, from_card()).await.expect("it was linked by its creation");
    desk.configure(LineCommand::UnbindApp { app: app("orders") }).await.expect("unbound");
    assert_eq!(code(&desk.ask(desk.anna, command.session, from_card()).await), "AppNotBound");
    let element = order.clone();
    let link = SessionCommand::LinkElement { element };
    assert_eq!(code(&desk.ask(desk.anna, command.session, link).await), "AppNotBound");
}

#[tokio::test]
async fn operators_keep_the_contacts_of_their_lines_and_nothing_else() {
    let desk = Desk::open().await;
    let contact = desk.contact(phone(NUMBER)).await;
    let order = desk.element("orders", vec![]).await;
    let set = |text: &str| ElementCommand::SetField { field: "address".into(), value: phone(text) };
    let by = |operator| Caller::operator(operator);
    let line = Some(desk.line);
    let cases = [
        (by(desk.anna), &contact, line, "Ok"),
        (by(desk.anna), &contact, None, "AdministratorsOnly"),
        (by(desk.anna), &order, line, "ContactNotInContactApp"),
        (by(desk.stranger), &contact, line, "NotOperatorOfLine"),
        (Caller::process(desk.process.clone()), &order, None, "Ok"),
        (Caller::channel(ChannelId(new_id())), &order, None, "PrincipalNotAllowed"),
        (admin(), &order, None, "Ok"),
    ];
    for (caller, element, line, expected) in cases {
        let who = format!("{caller:?}");
        let answer = desk.engine.element(caller, element.clone(), line, set("89161234567")).await;
        assert_eq!(code(&answer), expected, "{who}");
    }
}

#[tokio::test]
async fn a_session_keeps_the_account_as_it_was() {
    let (desk, channel) = Desk::with(ChannelKind::WhatsApp).await;
    let contact = desk.contact(phone(NUMBER)).await;
    let command = desk.creation(&contact, NUMBER);
    desk.create(desk.anna, &command).await.expect("created");
    for command in [
        ElementCommand::SetField { field: "address".into(), value: phone("+79161234568") },
        ElementCommand::SetField { field: "note".into(), value: FieldValue::Text("переехал".into()) },
        ElementCommand::ClearField { field: "note".into() },
        ElementCommand::RenameElement { title: "Иван Сидоров".into() },
    ] {
        desk.engine.element(admin(), contact.clone(), None, command).await.expect("changed");
    }
    let wrote = desk.receive(desk.inbound(channel, NUMBER)).await.expect("received");
    assert_eq!(wrote.session, Some(command.session), "the old address still leads to it");
    let views = desk.engine.read().await.expect("read");
    let summary = views.session(command.session).await.expect("read").expect("known");
    assert_eq!(summary.account.address, NUMBER);
    assert_eq!(summary.customer_name, "Иван Петров");
}
