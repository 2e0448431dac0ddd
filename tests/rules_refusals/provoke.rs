//! For each code a command that is refused with it.

use switchboard::domain::account::AccountKind;
use switchboard::domain::channel::{ChannelKind, ChannelPolicy};
use switchboard::domain::command::*;
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{EntryPoint, Role};
use switchboard::domain::id::*;
use switchboard::domain::limits::FIELDS_MAX;
use switchboard::{Caller, CommandError};

use super::rules::{Answer, Desk, account, admin, app, new_id, phone, send};

const NUMBER: &str = "+79161234567";

/// A session of Anna's on WhatsApp.
struct Given {
    channel: ChannelId,
    contact: ElementRef,
    session: SessionId,
}

async fn given(desk: &Desk) -> Given {
    let channel = desk.connect(ChannelKind::WhatsApp).await;
    let contact = desk.contact(phone(NUMBER)).await;
    let command = desk.creation(&contact, NUMBER);
    desk.create(desk.anna, &command).await.expect("created");
    Given { channel, contact, session: command.session }
}

/// A creation on a channel by a contact with one address.
async fn creation(desk: &Desk, kind: ChannelKind, value: FieldValue) -> CreateSession {
    desk.connect(kind).await;
    let text = value.text().to_owned();
    desk.creation(&desk.contact(value).await, &text)
}

async fn create(desk: &Desk, command: CreateSession) -> CommandError {
    desk.refusal(desk.create(desk.anna, &command)).await
}

async fn line(desk: &Desk, command: LineCommand) -> CommandError {
    desk.refusal(desk.configure(command)).await
}

async fn ask(desk: &Desk, session: SessionId, command: SessionCommand) -> CommandError {
    desk.refusal(desk.ask(desk.anna, session, command)).await
}

async fn on_email(desk: &Desk, subject: &str) -> CommandError {
    let mut command = creation(desk, ChannelKind::Email, FieldValue::Email("ivan@example.com".into())).await;
    command.subject = Some(subject.into());
    create(desk, command).await
}

async fn new_element(desk: &Desk, fields: Vec<(String, FieldValue)>) -> Answer {
    let element = ElementRef { app: app("contacts"), element: ElementId(new_id()) };
    let command = ElementCommand::CreateElement { title: "Иван".into(), fields };
    desk.engine.element(admin(), element, None, command).await
}

/// A command's refusal with this code; a code without a scenario fails.
pub async fn refusal(code: &str, desk: &Desk) -> CommandError {
    match code {
        "LineNotFound" | "ChannelNotFound" | "AppNotFound" | "ProcessNotFound" | "OperatorNotFound"
        | "ElementNotFound" | "SessionNotFound" | "MessageNotFound" | "AlreadyExists" => {
            existence(code, desk).await
        }
        "AdministratorsOnly"
        | "PrincipalNotAllowed"
        | "NotOperatorOfLine"
        | "NotMemberOfLine"
        | "TargetNotOfLine"
        | "ProcessNotPermitted"
        | "OperatorOffline"
        | "LicenceInactive" => role(code, desk).await,
        "SessionClosed" | "SessionNotClosed" | "NotAssignee" | "NotOutgoing" | "DeliverySettled" => {
            state(code, desk).await
        }
        "NoContactApp"
        | "ContactNotInContactApp"
        | "AppNotBound"
        | "WidgetNotPlaced"
        | "ElementNotLinked"
        | "AccountNotOfContact"
        | "FieldTypeNotAllowed" => contact(code, desk).await,
        "AccountKindMismatch"
        | "NoOutboundChannel"
        | "AmbiguousChannel"
        | "ChannelDisconnected"
        | "ChannelForbidsOperatorCreate"
        | "ChannelForbidsInitiated"
        | "BadAddress"
        | "NeverContacted"
        | "OpenSessionExists"
        | "SessionOfAnotherCustomer"
        | "ChannelOfAnotherLine"
        | "ChannelKindFixed" => channel(code, desk).await,
        _ => content(code, desk).await,
    }
}

async fn existence(code: &str, desk: &Desk) -> CommandError {
    match code {
        "LineNotFound" => {
            let command = LineCommand::RenameLine { title: "Продажи".into() };
            desk.refusal(desk.engine.line(admin(), LineId(new_id()), command)).await
        }
        "ChannelNotFound" => {
            line(desk, LineCommand::DisconnectChannel { channel: ChannelId(new_id()) }).await
        }
        "AppNotFound" => line(desk, LineCommand::BindApp { app: app("nothing") }).await,
        "ProcessNotFound" => {
            let process = ProcessId::new("nothing").expect("a legal code");
            desk.refusal(desk.workspace(WorkspaceCommand::ForbidProcess { process })).await
        }
        "OperatorNotFound" => {
            let (operator, role) = (OperatorId(new_id()), Role::Reader);
            line(desk, LineCommand::GrantRole { operator, role }).await
        }
        "ElementNotFound" => {
            let element = ElementRef { app: app("orders"), element: ElementId(new_id()) };
            ask(desk, given(desk).await.session, SessionCommand::LinkElement { element }).await
        }
        "SessionNotFound" => ask(desk, SessionId(new_id()), SessionCommand::Take).await,
        "MessageNotFound" => {
            let given = given(desk).await;
            let (message, report) = (MessageId(new_id()), DeliveryReport::Read);
            let command = SessionCommand::ReportDelivery { message, report };
            desk.refusal(desk.engine.session(Caller::channel(given.channel), given.session, command)).await
        }
        "AlreadyExists" => line(desk, LineCommand::CreateLine { title: "Продажи".into() }).await,
        other => panic!("no command is refused with {other}"),
    }
}

async fn role(code: &str, desk: &Desk) -> CommandError {
    match code {
        "AdministratorsOnly" => {
            let command = LineCommand::ClearContactApp;
            desk.refusal(desk.engine.line(Caller::operator(desk.anna), desk.line, command)).await
        }
        "PrincipalNotAllowed" => {
            let given = given(desk).await;
            desk.refusal(desk.engine.session(admin(), given.session, SessionCommand::Close)).await
        }
        "NotOperatorOfLine" => {
            let given = given(desk).await;
            desk.refusal(desk.ask(desk.stranger, given.session, SessionCommand::Close)).await
        }
        "NotMemberOfLine" => {
            let stranger = Principal::Operator(desk.stranger);
            let reading = desk.engine.require_reader(&stranger, desk.line);
            reading.await.expect_err("a stranger reads nothing")
        }
        "TargetNotOfLine" => {
            let operator = desk.stranger;
            ask(desk, given(desk).await.session, SessionCommand::AssignOperator { operator }).await
        }
        "ProcessNotPermitted" => {
            let given = given(desk).await;
            let process = desk.process.clone();
            desk.workspace(WorkspaceCommand::ForbidProcess { process }).await.expect("forbidden");
            desk.refusal(desk.initiate(&given.contact, NUMBER)).await
        }
        "OperatorOffline" => {
            let given = given(desk).await;
            desk.licence(true).await;
            ask(desk, given.session, SessionCommand::Close).await
        }
        "LicenceInactive" => {
            let command = OperatorCommand::SetPresence { online: true };
            desk.refusal(desk.engine.operator(Caller::operator(desk.anna), desk.anna, command)).await
        }
        other => panic!("no command is refused with {other}"),
    }
}

async fn state(code: &str, desk: &Desk) -> CommandError {
    let Given { channel, contact, session } = given(desk).await;
    match code {
        "SessionClosed" => {
            desk.ask(desk.anna, session, SessionCommand::Close).await.expect("closed");
            ask(desk, session, send("Добрый день")).await
        }
        "SessionNotClosed" => ask(desk, session, SessionCommand::Reopen).await,
        "NotAssignee" => desk.refusal(desk.ask(desk.boris, session, SessionCommand::Close)).await,
        "NotOutgoing" => {
            let received = desk.receive(desk.inbound(channel, NUMBER)).await.expect("received");
            let (message, report) = (received.message.expect("a message"), DeliveryReport::Read);
            let command = SessionCommand::ReportDelivery { message, report };
            desk.refusal(desk.engine.session(Caller::channel(channel), session, command)).await
        }
        "DeliverySettled" => {
            let sent = desk.initiate(&contact, NUMBER).await.expect("sent");
            let message = sent.message.expect("a message");
            let report = |report| SessionCommand::ReportDelivery { message, report };
            let read = report(DeliveryReport::Read);
            desk.engine.session(Caller::channel(channel), session, read).await.expect("reported");
            let failed = report(DeliveryReport::Failed { reason: "нет связи".into() });
            desk.refusal(desk.engine.session(Caller::channel(channel), session, failed)).await
        }
        other => panic!("no command is refused with {other}"),
    }
}

async fn contact(code: &str, desk: &Desk) -> CommandError {
    let mut command = creation(desk, ChannelKind::WhatsApp, phone(NUMBER)).await;
    match code {
        "NoContactApp" => {
            desk.configure(LineCommand::ClearContactApp).await.expect("cleared");
        }
        "ContactNotInContactApp" => {
            command.contact = desk.element("stray", vec![("phone".into(), phone(NUMBER))]).await;
        }
        "AppNotBound" => command.via = EntryPoint::Card(desk.element("stray", vec![]).await),
        "WidgetNotPlaced" => {
            command.via = EntryPoint::Card(desk.element("orders", vec![]).await);
            desk.configure(LineCommand::RemoveWidget { app: app("orders") }).await.expect("taken off");
        }
        "ElementNotLinked" => {
            desk.create(desk.anna, &command).await.expect("created");
            let via = EntryPoint::Card(desk.element("orders", vec![]).await);
            let (message, text) = (MessageId(new_id()), "Добрый день".into());
            return ask(desk, command.session, SessionCommand::SendMessage { message, text, via }).await;
        }
        "AccountNotOfContact" => command.account.text = "+79161234568".into(),
        "FieldTypeNotAllowed" => {
            command.contact = desk.contact(FieldValue::Text(NUMBER.into())).await;
        }
        other => panic!("no command is refused with {other}"),
    }
    create(desk, command).await
}

async fn channel(code: &str, desk: &Desk) -> CommandError {
    let (whatsapp, bot) = (ChannelKind::WhatsApp, ChannelKind::TelegramBot);
    match code {
        "AccountKindMismatch" => {
            let command = creation(desk, ChannelKind::Email, phone(NUMBER)).await;
            create(desk, command).await
        }
        "NoOutboundChannel" => {
            let contact = desk.contact(phone(NUMBER)).await;
            create(desk, desk.creation(&contact, NUMBER)).await
        }
        "AmbiguousChannel" => {
            desk.connect(whatsapp.clone()).await;
            let command = creation(desk, whatsapp, phone(NUMBER)).await;
            create(desk, command).await
        }
        "ChannelDisconnected" => {
            let Given { channel, .. } = given(desk).await;
            desk.configure(LineCommand::DisconnectChannel { channel }).await.expect("disconnected");
            desk.refusal(desk.receive(desk.inbound(channel, NUMBER))).await
        }
        "ChannelForbidsOperatorCreate" => {
            let command = creation(desk, ChannelKind::Vk, account(AccountKind::VkUser, "id1")).await;
            create(desk, command).await
        }
        "ChannelForbidsInitiated" => {
            let visitor = account(AccountKind::LiveChatVisitor, "v1");
            let command = creation(desk, ChannelKind::LiveChat, visitor).await;
            desk.refusal(desk.initiate(&command.contact, "v1")).await
        }
        "BadAddress" => {
            let command = creation(desk, whatsapp, phone("89161234567")).await;
            create(desk, command).await
        }
        "NeverContacted" => {
            let command = creation(desk, bot, account(AccountKind::TelegramUser, "7")).await;
            create(desk, command).await
        }
        "OpenSessionExists" => {
            let Given { contact, .. } = given(desk).await;
            create(desk, desk.creation(&contact, NUMBER)).await
        }
        "SessionOfAnotherCustomer" => {
            let Given { session, .. } = given(desk).await;
            let other = desk.contact(phone("+79161234568")).await;
            let (caller, mut command) = desk.initiated(&other, "+79161234568");
            command.append_to = Some(session);
            desk.refusal(desk.engine.send_initiated(caller, command)).await
        }
        "ChannelOfAnotherLine" | "ChannelKindFixed" => {
            let same = code == "ChannelKindFixed";
            let owner = if same { desk.line } else { LineId(new_id()) };
            if !same {
                desk.create_line(owner).await;
            }
            let channel = desk.connect_to(owner, whatsapp.clone()).await;
            let (kind, title) = (if same { bot } else { whatsapp }, "Второй".into());
            line(desk, LineCommand::ConnectChannel { channel, kind, title, policy: None }).await
        }
        other => panic!("no command is refused with {other}"),
    }
}

async fn content(code: &str, desk: &Desk) -> CommandError {
    let wide = || ChannelPolicy { text_chars_max: 5000, ..ChannelKind::WhatsApp.policy().expect("built in") };
    let connect = |kind, policy| {
        let (channel, title) = (ChannelId(new_id()), "Новый".into());
        LineCommand::ConnectChannel { channel, kind, title, policy }
    };
    match code {
        "SubjectNotSupported" => {
            let mut command = creation(desk, ChannelKind::WhatsApp, phone(NUMBER)).await;
            command.subject = Some("Счёт 17".into());
            create(desk, command).await
        }
        "SubjectTooLong" => on_email(desk, &"x".repeat(999)).await,
        "BadSubject" => on_email(desk, "Счёт\n17").await,
        "Blank" => ask(desk, given(desk).await.session, send(" \n ")).await,
        "TextTooLong" => ask(desk, given(desk).await.session, send(&"ы".repeat(4097))).await,
        "TooLong" => line(desk, LineCommand::RenameLine { title: "ы".repeat(257) }).await,
        "BadCharacter" => line(desk, LineCommand::RenameLine { title: "Служба\nподдержки".into() }).await,
        "DuplicateField" => {
            let field = || ("phone".to_owned(), phone(NUMBER));
            desk.refusal(new_element(desk, vec![field(), field()])).await
        }
        "LimitReached" => {
            let fields = (0..=FIELDS_MAX).map(|at| (format!("field-{at}"), phone(NUMBER))).collect();
            desk.refusal(new_element(desk, fields)).await
        }
        "PolicyMissing" => {
            let kind = ChannelKind::Custom(super::rules::kind_code());
            line(desk, connect(kind, None)).await
        }
        "PolicyNotAllowed" => line(desk, connect(ChannelKind::WhatsApp, Some(wide()))).await,
        "BadTemplate" => line(desk, LineCommand::SetNameTemplate { template: "{{ nobody }}".into() }).await,
        "CommandIdReused" => {
            let caller = admin();
            let rename = |title: &str| LineCommand::RenameLine { title: title.into() };
            desk.engine.line(caller.clone(), desk.line, rename("Продажи")).await.expect("renamed");
            desk.refusal(desk.engine.line(caller, desk.line, rename("Склад"))).await
        }
        other => panic!("no command is refused with {other}"),
    }
}
