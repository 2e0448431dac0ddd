//! Ids that are taken, and ids that name nothing.

use super::*;
use switchboard::domain::command::{CreateSession, ReceiveMessage};
use switchboard::domain::rejection::Thing;

async fn create(engine: &Engine, line: LineId, address: &str) -> CreateSession {
    let command = creation(line, address);
    engine.create_session(operator(ANNA), command.clone()).await.expect("created");
    command
}

#[tokio::test]
async fn a_customers_message_never_begins_a_session_that_exists() {
    let home = Home::folder();
    let engine = home.desk().await;
    let old = create(&engine, SUPPORT, PHONE).await.session;
    conduct(&engine, ANNA, old, SessionCommand::Close).await;
    let head = engine.head();
    let own = ReceiveMessage { session: old, ..inbound(WHATSAPP, PHONE, "wa-1", "Здравствуйте") };
    let refused = engine.receive(as_channel(&own), own).await;
    assert_eq!(refusal(refused), Rejection::AlreadyExists { thing: Thing::Session });
    let foreign = create(&engine, MAIL, MAIL_ADDRESS).await.session;
    let taken =
        ReceiveMessage { session: foreign, ..inbound(WHATSAPP, PHONE, "wa-2", "Здравствуйте") };
    let refused = engine.receive(as_channel(&taken), taken).await;
    assert_eq!(refusal(refused), Rejection::AlreadyExists { thing: Thing::Session });
    assert_eq!(engine.head().0, head.0 + 3, "the e-mail session alone was written");

    let engine = home.reopened(engine).await;
    let fresh = inbound(WHATSAPP, PHONE, "wa-3", "Здравствуйте");
    let received = engine.receive(as_channel(&fresh), fresh.clone()).await.expect("received");
    assert_eq!(received.session, Some(fresh.session));
    assert_eq!(summary(&engine, fresh.session).await.continues, Some(old));
}

#[tokio::test]
async fn a_processs_message_never_begins_a_session_that_exists() {
    let engine = Home::memory().desk().await;
    let taken = create(&engine, MAIL, MAIL_ADDRESS).await.session;
    let head = engine.head();
    let mut ready = initiated(MAIL, MAIL_ADDRESS, "Заказ готов");
    ready.session = taken;
    let refused = engine.send_initiated(process_of(&ready), ready).await;
    assert_eq!(refusal(refused), Rejection::AlreadyExists { thing: Thing::Session });
    assert_eq!(engine.head(), head);
}

#[tokio::test]
async fn one_id_is_one_command_even_where_it_names_another_session_or_message() {
    let engine = Home::memory().desk().await;
    let anna = Principal::Operator(ANNA);
    let (id, first) = (command_id(), creation(MAIL, MAIL_ADDRESS));
    let made = engine.create_session(by(anna.clone(), id), first.clone()).await.expect("created");
    let head = engine.head();
    let second = creation(MAIL, MAIL_ADDRESS);
    let reused = engine.create_session(by(anna.clone(), id), second).await;
    assert_eq!(reused, Err(CommandError::CommandIdReused(id)));
    assert_eq!(engine.create_session(by(anna, id), first).await, Ok(made));

    let channel = Principal::Channel(EMAIL);
    let (id, hello) = (command_id(), inbound(EMAIL, MAIL_ADDRESS, "m-1", "Здравствуйте"));
    let received = engine.receive(by(channel.clone(), id), hello.clone()).await.expect("received");
    let other = inbound(EMAIL, MAIL_ADDRESS, "m-2", "Другое письмо");
    let reused = engine.receive(by(channel.clone(), id), other).await;
    assert_eq!(reused, Err(CommandError::CommandIdReused(id)));
    assert_eq!(engine.receive(by(channel, id), hello).await, Ok(received));
    assert_eq!(engine.head().0, head.0 + 3, "received, wrote for the first time, accepted");
}

#[tokio::test]
async fn a_closed_thread_is_reopened_by_its_own_answer_and_in_time() {
    let clock = Hands::new();
    let engine = Engine::open(Home::memory().options().clock(clock.clone())).await.expect("opens");
    populate(&engine).await;
    let inbound_rule = InboundRule::ReopenWithin { seconds: 60 };
    let rules = LineRules { inbound: inbound_rule, ..LineRules::default() };
    engine.line(admin(), MAIL, LineCommand::SetLineRules { rules }).await.expect("set");
    let (one, two) = (create(&engine, MAIL, MAIL_ADDRESS).await, create(&engine, MAIL, MAIL_ADDRESS).await);
    for session in [two.session, one.session] {
        conduct(&engine, ANNA, session, SessionCommand::Close).await;
        clock.pass(40);
    }
    let mut answer = inbound(EMAIL, MAIL_ADDRESS, "m-1", "Спасибо");
    answer.in_reply_to = Some(one.session);
    let received = engine.receive(as_channel(&answer), answer).await.expect("received");
    assert_eq!(received.session, Some(one.session), "the thread, not the session that opened last");
    assert_eq!(summary(&engine, one.session).await.status, SessionStatus::Waiting);
}

#[tokio::test]
async fn ids_that_name_nothing_leave_no_actor_behind() {
    let engine = Home::memory().desk().await;
    let lines = engine.stats().lines_active;
    for _ in 0..50 {
        let nobody = engine.session(operator(ANNA), SessionId(Uuid::now_v7()), SessionCommand::Take).await;
        assert_eq!(refusal(nobody).code(), "SessionNotFound");
        let title = "Не моя".to_owned();
        let line = LineId(Uuid::now_v7());
        let refused = engine.line(operator(GLEB), line, LineCommand::CreateLine { title }).await;
        assert_eq!(refusal(refused), Rejection::AdministratorsOnly);
    }
    assert_eq!(engine.stats().lines_active, lines);
    let mut polls = 0;
    while engine.stats().sessions_active > 0 {
        polls += 1;
        assert!(polls < 1_000_000, "{} actors live on", engine.stats().sessions_active);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_forbidden_process_keeps_no_records() {
    let engine = Home::memory().desk().await;
    let rename = || ElementCommand::RenameElement { title: "Пётр".into() };
    let process = || Caller::process(order_ready());
    engine.element(process(), contact(1), None, rename()).await.expect("it is permitted");
    let forbid = WorkspaceCommand::ForbidProcess { process: order_ready() };
    engine.workspace(admin(), forbid).await.expect("forbidden");
    let other = ElementCommand::RenameElement { title: "Павел".into() };
    let refused = engine.element(process(), contact(1), None, other).await;
    assert_eq!(refusal(refused), Rejection::ProcessNotPermitted { process: order_ready() });
}

#[tokio::test]
async fn a_person_has_roles_on_so_many_lines_and_no_more() {
    let engine = Home::memory().desk().await;
    let person = OperatorId(Uuid::now_v7());
    let register = OperatorCommand::RegisterOperator { name: "Дарья".into() };
    engine.operator(admin(), person, register).await.expect("registered");
    let mut refused = None;
    for number in 0..=512 {
        let line = LineId(Uuid::now_v7());
        let title = format!("Линия {number}");
        engine.line(admin(), line, LineCommand::CreateLine { title }).await.expect("created");
        let grant = LineCommand::GrantRole { operator: person, role: Role::Operator };
        if let Err(error) = engine.line(admin(), line, grant).await {
            refused = Some((number, error.code()));
        }
    }
    assert_eq!(refused, Some((512, "LimitReached")));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_told_that_a_session_does_not_exist() {
    let engine = Home::memory().desk().await;
    let nobody = SessionId(Uuid::now_v7());
    let asked: Vec<_> = (0..64)
        .map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move { engine.session(operator(ANNA), nobody, SessionCommand::Take).await })
        })
        .collect();
    for answer in asked {
        let answer = answer.await.expect("no panic");
        assert_eq!(refusal(answer), Rejection::SessionNotFound { session: nobody });
    }
}
