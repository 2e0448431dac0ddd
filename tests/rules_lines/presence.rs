//! Presence: {licence on, off} × {online, offline} × every command, switched while all goes on (R5).

use switchboard::Caller;
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::command::*;
use switchboard::domain::id::{ElementId, ElementRef, MessageId};

use super::rules::{Answer, Desk, Table, app, code, new_id, phone, send};

const NUMBER: &str = "+79161234567";

const PRESENCE: &str = "
command         | licence, online | licence, offline | none, online | none, offline
create          | Ok              | OperatorOffline  | Ok           | Ok
take            | Ok              | OperatorOffline  | Ok           | Ok
assign          | Ok              | OperatorOffline  | Ok           | Ok
send            | Ok              | OperatorOffline  | Ok           | Ok
close           | Ok              | OperatorOffline  | Ok           | Ok
reopen          | Ok              | OperatorOffline  | Ok           | Ok
rename          | Ok              | OperatorOffline  | Ok           | Ok
link            | Ok              | OperatorOffline  | Ok           | Ok
unlink          | Ok              | OperatorOffline  | Ok           | Ok
add a contact   | Ok              | Ok               | Ok           | Ok
report delivery | Ok              | Ok               | Ok           | Ok
inbound         | Ok              | Ok               | Ok           | Ok
initiated       | Ok              | Ok               | Ok           | Ok
go offline      | Ok              | Ok               | LicenceInactive | LicenceInactive
";

const COMMANDS: [&str; 14] = [
    "create",
    "take",
    "assign",
    "send",
    "close",
    "reopen",
    "rename",
    "link",
    "unlink",
    "add a contact",
    "report delivery",
    "inbound",
    "initiated",
    "go offline",
];

/// Sets a scene for a command while presence does not matter, then switches, then asks.
async fn ask(command: &str, licence: bool, online: bool) -> Answer {
    let (desk, channel) = Desk::with(ChannelKind::WhatsApp).await;
    let contact = desk.contact(phone(NUMBER)).await;
    let order = desk.element("orders", vec![]).await;
    let begun = desk.initiate(&contact, NUMBER).await.expect("begun");
    let (session, message) = (begun.session.expect("a session"), begun.message.expect("a message"));
    let staged: &[SessionCommand] = match command {
        "take" => &[],
        "reopen" | "create" => &[SessionCommand::Take, SessionCommand::Close],
        "unlink" => &[SessionCommand::Take, SessionCommand::LinkElement { element: order.clone() }],
        _ => &[SessionCommand::Take],
    };
    for step in staged {
        desk.ask(desk.anna, session, step.clone()).await.expect("staged");
    }
    desk.licence(true).await;
    desk.presence(desk.anna, online).await;
    desk.licence(licence).await;
    let head = desk.engine.head();
    let of_session = |command| desk.ask(desk.anna, session, command);
    let answer = match command {
        "create" => desk.create(desk.anna, &desk.creation(&contact, NUMBER)).await,
        "take" => of_session(SessionCommand::Take).await,
        "assign" => of_session(SessionCommand::AssignOperator { operator: desk.boris }).await,
        "send" => of_session(send("Добрый день")).await,
        "close" => of_session(SessionCommand::Close).await,
        "reopen" => of_session(SessionCommand::Reopen).await,
        "rename" => of_session(SessionCommand::Rename { name: "Возврат".into() }).await,
        "link" => of_session(SessionCommand::LinkElement { element: order }).await,
        "unlink" => of_session(SessionCommand::UnlinkElement { element: order }).await,
        "add a contact" => {
            let element = ElementRef { app: app("contacts"), element: ElementId(new_id()) };
            let command = ElementCommand::CreateElement { title: "Пётр".into(), fields: vec![] };
            desk.engine.element(Caller::operator(desk.anna), element, Some(desk.line), command).await
        }
        "report delivery" => {
            let command = SessionCommand::ReportDelivery { message, report: DeliveryReport::Read };
            desk.engine.session(Caller::channel(channel), session, command).await
        }
        "inbound" => desk.receive(desk.inbound(channel, NUMBER)).await,
        "initiated" => desk.initiate(&contact, NUMBER).await,
        "go offline" => {
            let command = OperatorCommand::SetPresence { online: false };
            desk.engine.operator(Caller::operator(desk.anna), desk.anna, command).await
        }
        other => panic!("no command {other}"),
    };
    assert!(answer.is_ok() || desk.engine.head() == head, "{command} was refused and left an event");
    answer
}

#[tokio::test]
async fn an_operator_who_is_offline_touches_no_session_while_the_licence_is_active() {
    let mut table = Table::parse(PRESENCE);
    for command in COMMANDS {
        for (licence, licence_name) in [(true, "licence"), (false, "none")] {
            for (online, presence) in [(true, "online"), (false, "offline")] {
                let column = format!("{licence_name}, {presence}");
                let answer = ask(command, licence, online).await;
                assert_eq!(code(&answer), table.take(command, &column), "{command}, {column}");
            }
        }
    }
    table.done();
}

#[tokio::test]
async fn the_licence_is_switched_while_sessions_go_on() {
    let (desk, _) = Desk::with(ChannelKind::WhatsApp).await;
    let contact = desk.contact(phone(NUMBER)).await;
    let command = desk.creation(&contact, NUMBER);
    desk.create(desk.anna, &command).await.expect("without the licence presence means nothing");
    let write = || desk.ask(desk.anna, command.session, send("Добрый день"));
    desk.licence(true).await;
    assert_eq!(code(&write().await), "OperatorOffline", "nobody went online yet");
    desk.presence(desk.anna, true).await;
    assert_eq!(code(&write().await), "Ok");
    desk.presence(desk.anna, false).await;
    assert_eq!(code(&write().await), "OperatorOffline");
    desk.licence(false).await;
    assert_eq!(code(&write().await), "Ok");
}

#[tokio::test]
async fn presence_is_a_persons_own_word_or_an_administrators() {
    let desk = Desk::open().await;
    desk.licence(true).await;
    let online = || OperatorCommand::SetPresence { online: true };
    let by = |caller| desk.engine.operator(caller, desk.anna, online());
    assert_eq!(code(&by(Caller::operator(desk.boris)).await), "PrincipalNotAllowed");
    assert_eq!(code(&by(Caller::process(desk.process.clone())).await), "PrincipalNotAllowed");
    assert_eq!(code(&by(Caller::operator(desk.anna)).await), "Ok");
    let rename = OperatorCommand::RenameOperator { name: "Аня".into() };
    let answer = desk.engine.operator(Caller::operator(desk.anna), desk.anna, rename).await;
    assert_eq!(code(&answer), "AdministratorsOnly");
    let nobody = switchboard::domain::id::OperatorId(MessageId(new_id()).0);
    let answer = desk.engine.operator(super::rules::admin(), nobody, online()).await;
    assert_eq!(code(&answer), "OperatorNotFound");
}
