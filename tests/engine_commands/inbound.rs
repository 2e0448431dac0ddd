//! Customers' messages: which session takes each, and that none is lost.

use super::*;

async fn rules(engine: &Engine, line: LineId, inbound: InboundRule) {
    let rules = LineRules { supervisors_create: false, inbound };
    engine.line(admin(), line, LineCommand::SetLineRules { rules }).await.expect("rules");
}

async fn receive(engine: &Engine, external_id: &str) -> SessionId {
    let hello = inbound(WHATSAPP, PHONE, external_id, external_id);
    engine.receive(as_channel(&hello), hello).await.expect("received").session.expect("a session")
}

#[tokio::test]
async fn after_closing_a_customers_message_opens_a_new_session_that_continues_the_old_one() {
    let engine = Home::memory().desk().await;
    let old = session_of_anna(&engine).await;
    conduct(&engine, ANNA, old, SessionCommand::Close).await;
    let new = receive(&engine, "wa-1").await;
    assert_ne!(new, old);
    let shown = summary(&engine, new).await;
    assert_eq!((shown.status, shown.continues), (SessionStatus::Waiting, Some(old)));
    assert_eq!(queue(&engine).await.len(), 1);
    assert_eq!((shown.contact, shown.customer_name.as_str()), (Some(contact(1)), "Иван Петров"));
}

#[tokio::test]
async fn within_the_time_of_the_line_a_customers_message_reopens_into_the_queue() {
    let (home, clock) = (Home::memory(), Hands::new());
    let clock_of = Arc::clone(&clock) as Arc<dyn Clock>;
    let engine = Engine::open(home.options().clock(clock_of)).await.expect("the engine opens");
    populate(&engine).await;
    rules(&engine, SUPPORT, InboundRule::ReopenWithin { seconds: 3600 }).await;
    let session = session_of_anna(&engine).await;
    conduct(&engine, ANNA, session, SessionCommand::Close).await;
    clock.pass(3600);
    assert_eq!(receive(&engine, "wa-1").await, session, "just in time");
    let shown = summary(&engine, session).await;
    assert_eq!((shown.status, shown.cycles), (SessionStatus::Waiting, 1));
    conduct(&engine, BORIS, session, SessionCommand::Take).await;
    conduct(&engine, BORIS, session, SessionCommand::Close).await;
    clock.pass(3601);
    assert_ne!(receive(&engine, "wa-2").await, session, "too late");
    // A clock that went backwards says that no time has passed.
    clock.pass(-100_000);
    let newest = receive(&engine, "wa-3").await;
    conduct(&engine, BORIS, newest, SessionCommand::Take).await;
    conduct(&engine, BORIS, newest, SessionCommand::Close).await;
    clock.pass(-100_000);
    assert_eq!(receive(&engine, "wa-4").await, newest);
}

#[tokio::test]
async fn a_customers_message_to_a_held_session_goes_there_and_changes_no_operator() {
    let engine = Home::memory().desk().await;
    let session = session_of_anna(&engine).await;
    assert_eq!(receive(&engine, "wa-1").await, session);
    let shown = summary(&engine, session).await;
    assert_eq!((shown.status, shown.unread), (SessionStatus::Assigned(ANNA), 1));
}

#[tokio::test]
async fn an_emails_thread_decides_where_its_answer_belongs() {
    let engine = Home::memory().desk().await;
    let (mut one, two) = (creation(MAIL, MAIL_ADDRESS), creation(MAIL, MAIL_ADDRESS));
    one.subject = Some("Счёт 17".into());
    for create in [&one, &two] {
        engine.create_session(operator(ANNA), create.clone()).await.expect("created");
    }
    let answer = |external: &str, to| {
        let mut command = inbound(EMAIL, "IVAN@example.ru", external, external);
        (command.in_reply_to, command.subject) = (to, Some("Re: Счёт\r\n17".into()));
        let engine = engine.clone();
        async move { engine.receive(as_channel(&command), command).await.expect("received").session }
    };
    assert_eq!(answer("m-1", Some(one.session)).await, Some(one.session), "the thread");
    assert_eq!(answer("m-2", None).await, Some(two.session), "without a thread the newest open one");
    conduct(&engine, ANNA, one.session, SessionCommand::Close).await;
    assert_eq!(answer("m-3", Some(one.session)).await, Some(two.session), "a closed thread is none");
    conduct(&engine, ANNA, two.session, SessionCommand::Close).await;
    let new = answer("m-4", Some(one.session)).await.expect("a session");
    assert!(![one.session, two.session].contains(&new));
    let shown = summary(&engine, new).await;
    assert_eq!(shown.name, "Re: Счёт  17", "a customer's subject is made safe for a header");
    assert_eq!(shown.subject.as_deref(), Some("Re: Счёт  17"));
    let stranger = creation(MAIL, MAIL_ADDRESS).session;
    assert_eq!(answer("m-5", Some(stranger)).await, Some(new), "a thread that is not ours is none");
}

/// 100 messages at once to a slot that nobody ever used.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_100_messages_at_once_none_is_lost_and_one_session_takes_all() {
    for home in [Home::memory(), Home::folder()] {
        let engine = home.desk().await;
        let tasks: Vec<_> = (0..100)
            .map(|number| {
                let engine = engine.clone();
                let hello = inbound(WHATSAPP, PHONE, &format!("wa-{number}"), &format!("{number}"));
                tokio::spawn(
                    async move { insist(|| engine.receive(as_channel(&hello), hello.clone())).await },
                )
            })
            .collect();
        let (mut sessions, mut positions) = (Vec::new(), Vec::new());
        for task in tasks {
            let receipt = task.await.expect("a task").expect("received");
            sessions.push(receipt.session.expect("a session"));
            positions.push(receipt.position);
        }
        sessions.dedup();
        assert_eq!(sessions.len(), 1, "one session");
        positions.sort_unstable();
        positions.dedup();
        assert_eq!(positions.len(), 100, "each has a place of its own");
        let engine = home.reopened(engine).await;
        let mut shown = texts(&engine, sessions[0]).await;
        assert_eq!(shown.len(), 100);
        shown.sort();
        shown.dedup();
        assert_eq!(shown.len(), 100, "each message once");
        assert_eq!(queue(&engine).await.len(), 1);
    }
}

/// A policy may forbid what the medium allows, never allow what it forbids: a bot cannot write first,
/// whoever asks, and taking operators off its channel does not change that.
#[tokio::test]
async fn a_bot_that_operators_never_use_still_writes_to_nobody_who_never_wrote() {
    let engine = Home::memory().desk().await;
    let ready = || initiated(BOT, BOT_USER, "Заказ готов");
    let first = ready();
    let refused = engine.send_initiated(process_of(&first), first).await;
    assert_eq!(refusal(refused), Rejection::NeverContacted { channel: TELEGRAM_BOT });
    let mut policy =
        switchboard::domain::channel::ChannelKind::TelegramBot.policy().expect("a built-in kind");
    policy.operator_create = OperatorCreate::Never;
    let narrower = LineCommand::SetChannelPolicy { channel: TELEGRAM_BOT, policy };
    engine.line(admin(), BOT, narrower).await.expect("narrower");
    let second = ready();
    let refused = engine.send_initiated(process_of(&second), second).await;
    assert_eq!(refusal(refused), Rejection::NeverContacted { channel: TELEGRAM_BOT });
}

/// What an engine remembers of a session may be older than the log: the log is the judge.
#[tokio::test]
async fn two_engines_on_one_log_never_open_a_slot_twice() {
    let home = Home::memory();
    let (one, two) = (home.desk().await, home.open().await);
    let session = session_of_anna(&one).await;
    conduct(&one, ANNA, session, SessionCommand::Close).await;
    // The first engine's actor knows the session as closed; the second one reopens it.
    conduct(&two, BORIS, session, SessionCommand::Reopen).await;
    assert_eq!(receive(&one, "wa-1").await, session, "the open session takes the message");
    let again = one.create_session(operator(ANNA), creation(SUPPORT, PHONE)).await;
    let Rejection::OpenSessionExists { session: open, holder, .. } = refusal(again) else {
        panic!("refused")
    };
    assert_eq!((open, holder), (session, Some(BORIS)));
    assert_eq!(summary(&two, session).await.messages, 1);
}
