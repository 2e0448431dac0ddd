//! The same command id is the same command: one effect, one receipt, whatever happened since.

use super::*;

/// A command with its caller, which can be sent as often as a test wants.
#[derive(Clone, Debug)]
enum Sent {
    Workspace(WorkspaceCommand),
    Operator(OperatorId, OperatorCommand),
    Element(ElementCommand),
    Line(LineId, LineCommand),
    Create(switchboard::domain::command::CreateSession),
    Session(Principal, SessionId, SessionCommand),
    Initiate(switchboard::domain::command::SendInitiated),
}

impl Sent {
    async fn by(&self, engine: &Engine, command: CommandId) -> Result<Receipt, CommandError> {
        let admin = || by(admin().principal, command);
        match self.clone() {
            Sent::Workspace(content) => engine.workspace(admin(), content).await,
            Sent::Operator(who, content) => engine.operator(admin(), who, content).await,
            Sent::Element(content) => engine.element(admin(), contact(1), None, content).await,
            Sent::Line(line, content) => engine.line(admin(), line, content).await,
            Sent::Create(content) => {
                engine.create_session(by(Principal::Operator(ANNA), command), content).await
            }
            Sent::Session(who, session, content) => engine.session(by(who, command), session, content).await,
            Sent::Initiate(content) => {
                engine.send_initiated(by(Principal::Process(order_ready()), command), content).await
            }
        }
    }
}

fn anna(session: SessionId, command: SessionCommand) -> Sent {
    Sent::Session(Principal::Operator(ANNA), session, command)
}

/// A command of every kind, and another content of the same one; in an order in which all pass.
fn everything() -> Vec<(CommandId, Sent, Sent)> {
    let create = creation(SUPPORT, PHONE);
    let session = create.session;
    let mut other = create.clone();
    other.contact = contact(2);
    let written = MessageId(Uuid::now_v7());
    let write = |text: &str| SessionCommand::SendMessage {
        message: written,
        text: text.into(),
        via: switchboard::domain::event::EntryPoint::LinesSection,
    };
    let report = |report| {
        let command = SessionCommand::ReportDelivery { message: written, report };
        Sent::Session(Principal::Channel(WHATSAPP), session, command)
    };
    let rename = |name: &str| SessionCommand::Rename { name: name.into() };
    let title = |title: &str| title.to_owned();
    let process = initiated(SUPPORT, PHONE, "Заказ готов");
    let mut other_process = process.clone();
    other_process.text = "Заказ не готов".into();
    let declare = |title: &str| WorkspaceCommand::DeclareApp { app: app("bills"), title: title.into() };
    let name = |name: &str| OperatorCommand::RenameOperator { name: name.into() };
    let contents = vec![
        (Sent::Workspace(declare("Счета")), Sent::Workspace(declare("Чеки"))),
        (Sent::Operator(ANNA, name("Анна П.")), Sent::Operator(ANNA, name("Анна К."))),
        (
            Sent::Element(ElementCommand::RenameElement { title: title("Иван") }),
            Sent::Element(ElementCommand::RenameElement { title: title("Пётр") }),
        ),
        (
            Sent::Line(SUPPORT, LineCommand::RenameLine { title: title("Поддержка") }),
            Sent::Line(SUPPORT, LineCommand::RenameLine { title: title("Помощь") }),
        ),
        (Sent::Create(create), Sent::Create(other)),
        (anna(session, write("Добрый день")), anna(session, write("Добрый вечер"))),
        (report(DeliveryReport::Delivered), report(DeliveryReport::Read)),
        (anna(session, rename("Имя")), anna(session, rename("Другое имя"))),
        (
            anna(session, SessionCommand::LinkElement { element: order(1) }),
            anna(session, SessionCommand::LinkElement { element: order(2) }),
        ),
        (
            anna(session, SessionCommand::UnlinkElement { element: order(1) }),
            anna(session, SessionCommand::UnlinkElement { element: order(2) }),
        ),
        (Sent::Initiate(process.clone()), Sent::Initiate(other_process)),
        (
            anna(session, SessionCommand::AssignOperator { operator: BORIS }),
            anna(session, SessionCommand::AssignOperator { operator: VERA }),
        ),
        (
            Sent::Session(Principal::Operator(BORIS), session, SessionCommand::Close),
            Sent::Session(Principal::Operator(BORIS), session, SessionCommand::Take),
        ),
        (anna(session, SessionCommand::Reopen), anna(session, SessionCommand::Close)),
    ];
    let id = |sent: &Sent| match sent {
        Sent::Initiate(command) => command.command,
        _ => command_id(),
    };
    contents.into_iter().map(|(sent, other)| (id(&sent), sent, other)).collect()
}

async fn same_receipts(engine: &Engine, answered: &[(CommandId, Sent, Sent, Receipt)]) {
    let head = engine.head();
    for (id, sent, other, receipt) in answered {
        assert_eq!(sent.by(engine, *id).await, Ok(*receipt), "{sent:?} again");
        let reused = other.by(engine, *id).await;
        assert_eq!(reused, Err(CommandError::CommandIdReused(*id)), "{other:?} by the id of {sent:?}");
    }
    assert_eq!(engine.head(), head, "repetitions write nothing");
}

async fn every_kind_of_command_again(home: Home) {
    let engine = home.desk().await;
    let mut answered = Vec::new();
    for (id, sent, other) in everything() {
        let receipt = sent.by(&engine, id).await.unwrap_or_else(|error| panic!("{sent:?}: {error}"));
        assert_eq!(sent.by(&engine, id).await, Ok(receipt), "{sent:?} at once again");
        answered.push((id, sent, other, receipt));
    }
    same_receipts(&engine, &answered).await;
    let engine = home.reopened(engine).await;
    same_receipts(&engine, &answered).await;
    // And after everybody lost their roles and presence.
    licence(&engine, true).await;
    for person in [ANNA, BORIS] {
        let revoke = LineCommand::RevokeRole { operator: person, role: Role::Operator };
        engine.line(admin(), SUPPORT, revoke).await.expect("revoked");
    }
    same_receipts(&engine, &answered).await;
}

#[tokio::test]
async fn the_same_id_gives_the_same_receipt_for_every_kind_of_command_in_memory() {
    every_kind_of_command_again(Home::memory()).await;
}

#[tokio::test]
async fn the_same_id_gives_the_same_receipt_for_every_kind_of_command_in_a_folder() {
    every_kind_of_command_again(Home::folder()).await;
}

#[tokio::test]
async fn the_same_id_by_another_person_is_another_command() {
    let engine = Home::memory().desk().await;
    let session = session_of_anna(&engine).await;
    let id = command_id();
    let close = |who| engine.session(by(Principal::Operator(who), id), session, SessionCommand::Close);
    close(ANNA).await.expect("closed");
    assert_eq!(close(BORIS).await, Err(CommandError::CommandIdReused(id)));
}

#[tokio::test]
async fn a_message_delivered_again_gives_the_same_receipt_and_writes_nothing() {
    let home = Home::folder();
    let engine = home.desk().await;
    let first = inbound(WHATSAPP, PHONE, "wa-1", "Здравствуйте");
    let receipt = engine.receive(as_channel(&first), first.clone()).await.expect("received");
    let again = || inbound(WHATSAPP, PHONE, " wa-1 ", "Здравствуйте");
    let head = engine.head();
    assert_eq!(engine.receive(as_channel(&first), again()).await, Ok(receipt));
    assert_eq!(engine.head(), head);
    // After the session closed, and another one opened.
    conduct(&engine, ANNA, first.session, SessionCommand::Take).await;
    conduct(&engine, ANNA, first.session, SessionCommand::Close).await;
    session_of_anna(&engine).await;
    let engine = home.reopened(engine).await;
    let head = engine.head();
    assert_eq!(engine.receive(as_channel(&first), again()).await, Ok(receipt));
    assert_eq!(engine.head(), head);
    // After the channel was disconnected; but only to the channel itself.
    let disconnect = LineCommand::DisconnectChannel { channel: WHATSAPP };
    engine.line(admin(), SUPPORT, disconnect).await.expect("disconnected");
    assert_eq!(engine.receive(as_channel(&first), again()).await, Ok(receipt));
    let stranger = engine.receive(Caller::channel(VK), again()).await;
    assert_eq!(refusal(stranger), Rejection::PrincipalNotAllowed);
    let fresh = inbound(WHATSAPP, PHONE, "wa-2", "Есть кто?");
    let refused = engine.receive(as_channel(&fresh), fresh).await;
    assert_eq!(refusal(refused), Rejection::ChannelDisconnected { channel: WHATSAPP });
}

#[tokio::test]
async fn the_same_external_id_on_another_channel_is_another_message() {
    let engine = Home::memory().desk().await;
    let (one, two) = (inbound(VK, "vk-1", "1", "Раз"), inbound(VIBER, "viber-1", "1", "Два"));
    let first = engine.receive(as_channel(&one), one).await.expect("received");
    let second = engine.receive(as_channel(&two), two).await.expect("received");
    assert_ne!(first.session, second.session);
}

#[tokio::test]
async fn a_processs_message_again_is_found_after_its_slot_changed_hands() {
    let home = Home::folder();
    let engine = home.desk().await;
    let session = session_of_anna(&engine).await;
    let ready = initiated(SUPPORT, PHONE, "Заказ готов");
    let receipt = engine.send_initiated(process_of(&ready), ready.clone()).await.expect("sent");
    assert_eq!(receipt.session, Some(session), "it is appended to the open session");
    conduct(&engine, ANNA, session, SessionCommand::Close).await;
    let next = session_of_anna(&engine).await;
    let engine = home.reopened(engine).await;
    let head = engine.head();
    assert_eq!(engine.send_initiated(process_of(&ready), ready.clone()).await, Ok(receipt));
    let forbid = WorkspaceCommand::ForbidProcess { process: order_ready() };
    engine.workspace(admin(), forbid).await.expect("forbidden");
    assert_eq!(engine.send_initiated(process_of(&ready), ready).await, Ok(receipt));
    assert_eq!(engine.head(), head.next(), "only the prohibition was written");
    assert_eq!(texts(&engine, next).await, Vec::<String>::new());
    assert_eq!(texts(&engine, session).await, ["Заказ готов"]);
}

/// A double click: many at once with one id are one command.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_creation_sent_by_32_tasks_at_once_is_one_session() {
    let engine = Home::memory().desk().await;
    let (create, id) = (creation(MAIL, MAIL_ADDRESS), command_id());
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let (engine, create) = (engine.clone(), create.clone());
            tokio::spawn(
                async move { engine.create_session(by(Principal::Operator(ANNA), id), create).await },
            )
        })
        .collect();
    let mut receipts = Vec::new();
    for task in tasks {
        receipts.push(task.await.expect("a task").expect("the same receipt"));
    }
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]), "{receipts:?}");
    assert_eq!(my_sessions(&engine, ANNA).await.len(), 1);
}

/// The task that asked is aborted, at every point that it may have reached.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_whose_future_is_dropped_happens_at_most_once_and_is_found_again() {
    let home = Home::folder();
    let engine = home.desk().await;
    let session = session_of_anna(&engine).await;
    for round in 0..40_u32 {
        let (id, create, text) = (command_id(), creation(MAIL, MAIL_ADDRESS), message(&format!("{round}")));
        let received = inbound(WHATSAPP, PHONE, &format!("wa-{round}"), &format!("от клиента {round}"));
        let send = |engine: Engine| {
            let (create, text, received) = (create.clone(), text.clone(), received.clone());
            async move {
                let anna = || by(Principal::Operator(ANNA), id);
                match round % 3 {
                    0 => engine.create_session(anna(), create).await,
                    1 => engine.session(anna(), session, text).await,
                    _ => engine.receive(by(Principal::Channel(WHATSAPP), id), received).await,
                }
            }
        };
        let task = tokio::spawn(send(engine.clone()));
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        task.abort();
        let _ = task.await;
        let receipt = send(engine.clone()).await.expect("a retry with the same id finds or does it");
        assert_eq!(send(engine.clone()).await, Ok(receipt));
    }
    let mut written = texts(&engine, session).await;
    let count = written.len();
    written.sort();
    written.dedup();
    assert_eq!((written.len(), count), (26, 26), "each message stands once");
    assert_eq!(my_sessions(&engine, ANNA).await.len(), 1 + 14, "each creation happened once");
}
