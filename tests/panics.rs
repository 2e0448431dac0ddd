//! Code of ours panics where it decides, and where it folds: who asked is answered, the others go on, and
//! what the log has is what there is. `tests/bites` builds it with the panics, and runs it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use switchboard::domain::command::{LineCommand, SessionCommand};
use switchboard::domain::id::{CommandId, Principal, SessionId};
use switchboard::log::Log;
use switchboard::log::memory::MemoryLog;
use switchboard::projection::{Place, ProjectionError, SessionStatus};
use switchboard::seeded::{Spot, panic_in};
use switchboard::{CommandError, Engine, EngineOptions, Outcome, Receipt};

#[path = "support/desk.rs"]
mod desk;

use desk::*;

/// The panics are the process's: one test at a time.
static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// How long an answer may take when an actor dies of each request.
const ANSWERED: Duration = Duration::from_secs(10);

async fn desk_on(log: &Arc<MemoryLog>) -> Engine {
    let options = EngineOptions::with_log(Arc::clone(log) as Arc<dyn Log>, Place::Memory);
    Engine::open(options).await.expect("the engine opens")
}

/// Everything that decides, as one customer's session meets it.
#[derive(Clone, Debug)]
enum Ask {
    Create,
    Send(SessionId),
    Close(SessionId),
    Receive,
    Initiate,
    Rename,
}

impl Ask {
    /// The same command each time that it is asked with the same id.
    async fn by(&self, engine: &Engine, id: CommandId) -> Result<Receipt, CommandError> {
        let anna = by(Principal::Operator(ANNA), id);
        match self {
            Ask::Create => {
                let mut create = creation(MAIL, MAIL_ADDRESS);
                create.session = SessionId(id.0);
                engine.create_session(anna, create).await
            }
            Ask::Send(session) => {
                let (message, text) = (switchboard::domain::id::MessageId(id.0), "ответ".to_owned());
                let via = switchboard::domain::event::EntryPoint::LinesSection;
                engine.session(anna, *session, SessionCommand::SendMessage { message, text, via }).await
            }
            Ask::Close(session) => engine.session(anna, *session, SessionCommand::Close).await,
            Ask::Receive => {
                let mut hello = inbound(WHATSAPP, PHONE, &id.0.to_string(), "от клиента");
                (hello.session, hello.message) = (SessionId(id.0), switchboard::domain::id::MessageId(id.0));
                engine.receive(by(Principal::Channel(WHATSAPP), id), hello).await
            }
            Ask::Initiate => {
                let mut ready = initiated(MAIL, MAIL_ADDRESS, "Заказ готов");
                ready.command = id;
                (ready.session, ready.message) = (SessionId(id.0), switchboard::domain::id::MessageId(id.0));
                engine.send_initiated(process_of(&ready), ready).await
            }
            Ask::Rename => {
                engine
                    .line(
                        by(admin().principal, id),
                        MAIL,
                        LineCommand::RenameLine { title: "Почта 2".into() },
                    )
                    .await
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asked_for_a_decision_that_panicked_is_answered_and_the_others_go_on() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let log = MemoryLog::new();
    let engine = desk_on(&log).await;
    populate(&engine).await;
    let (create, other) = (creation(SUPPORT, PHONE), creation(MAIL, MAIL_ADDRESS));
    let (session, other_session) = (create.session, other.session);
    engine.create_session(operator(ANNA), create).await.expect("created");
    engine.create_session(operator(BORIS), other).await.expect("created");
    let mut others_sent = 0;
    for ask in
        [Ask::Create, Ask::Send(session), Ask::Receive, Ask::Initiate, Ask::Rename, Ask::Close(session)]
    {
        // Once: whoever asks may not even notice. Over and over: he is told that he has to ask again.
        for times in [1, u32::MAX] {
            let (id, head, began) = (command_id(), engine.head(), Instant::now());
            panic_in(Spot::Decide, times);
            let answer = ask.by(&engine, id).await;
            panic_in(Spot::Decide, 0);
            assert!(began.elapsed() < ANSWERED, "{ask:?} is answered after {:?}", began.elapsed());
            if times > 1 {
                let error = answer.as_ref().expect_err("it panicked each time");
                assert_eq!((error.outcome(), engine.head()), (Outcome::Unknown, head), "{ask:?}: {error}");
            }
            assert!(
                answer.as_ref().map_or_else(|error| error.outcome() == Outcome::Unknown, |_| true),
                "{answer:?}"
            );
            // The others are not concerned, the same line's neither.
            engine
                .session(operator(BORIS), other_session, message("другим"))
                .await
                .expect("the others go on");
            others_sent += 1;
            if times == 1 || !matches!(ask, Ask::Close(_)) {
                let again = ask.by(&engine, id).await;
                let again = again.unwrap_or_else(|error| panic!("{ask:?}, {times}: asked again: {error}"));
                assert_eq!(ask.by(&engine, id).await, Ok(again), "{ask:?}: it is there once");
            }
            if matches!(ask, Ask::Close(_)) {
                let reopen = engine.session(operator(ANNA), session, SessionCommand::Reopen).await;
                assert_eq!(reopen.is_ok(), times == 1, "it was closed once: {reopen:?}");
            }
        }
    }
    let status = SessionStatus::Assigned(ANNA);
    assert_eq!(summary(&engine, session).await.status, status);
    assert_eq!(
        texts(&engine, session).await,
        ["ответ", "ответ", "от клиента", "от клиента"],
        "each is there once"
    );
    assert_eq!(summary(&engine, other_session).await.messages, others_sent);
    engine.close().await.expect("it closes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_after_a_fold_panicked_is_told_where_and_commands_go_on() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let log = MemoryLog::new();
    let engine = desk_on(&log).await;
    populate(&engine).await;
    let (create, head) = (creation(SUPPORT, PHONE), engine.head());
    // Up to here all is folded.
    drop(engine.read().await.expect("the lists are there"));
    panic_in(Spot::Fold, 1);
    engine.create_session(operator(ANNA), create.clone()).await.expect("a command asks no projection");
    let told = loop {
        match engine.read().await {
            Err(error) => break error,
            Ok(_) => tokio::task::yield_now().await,
        }
    };
    let ProjectionError::Panicked { position, reason } = told else { panic!("{told:?}") };
    assert!(position >= head && reason.contains("Fold"), "{position}: {reason}");
    engine.session(operator(ANNA), create.session, message("раз")).await.expect("commands go on");
    let refused = engine.create_session(operator(ANNA), creation(SUPPORT, PHONE)).await;
    assert_eq!(refusal(refused).code(), "OpenSessionExists", "and know what there is");
    engine.session(operator(ANNA), create.session, message("два")).await.expect("commands go on");
    // A projection is folded anew by the next engine; the log has lost nothing.
    let next = desk_on(&log).await;
    assert_eq!(texts(&next, create.session).await, ["раз", "два"]);
    next.session(operator(ANNA), create.session, message("три")).await.expect("it goes on");
    assert_eq!(texts(&next, create.session).await, ["раз", "два", "три"]);
}
