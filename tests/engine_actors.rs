//! Actors seen from outside: they come and go, fail and recover, and nothing is lost or doubled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use switchboard::clock::{Clock, SystemClock};
use switchboard::domain::command::{LineCommand, OperatorCommand, SessionCommand, WorkspaceCommand};
use switchboard::domain::id::{OperatorId, Principal, SessionId};
use switchboard::domain::time::Timestamp;
use switchboard::log::Log;
use switchboard::projection::{Place, SessionStatus};
use switchboard::{ActorOptions, Caller, CommandError, Engine, EngineOptions, Outcome, Receipt};

#[path = "engine_actors/closing.rs"]
mod closing;
#[path = "support/desk.rs"]
mod desk;
#[path = "engine_actors/guards.rs"]
mod guards;
#[path = "engine_actors/host_directory.rs"]
mod host_directory;
#[path = "engine_actors/overload.rs"]
mod overload;
#[path = "support/troubled_log.rs"]
mod troubled_log;

use desk::*;
use troubled_log::{Trouble, TroubledLog};

/// How long a test waits for what happens by itself, before it says that it does not.
const PATIENCE: Duration = Duration::from_secs(20);

/// Polls until something is so.
async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is() {
        assert!(since.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn desk_on(log: &Arc<TroubledLog>, actors: ActorOptions) -> Engine {
    let options = EngineOptions::with_log(Arc::clone(log) as Arc<dyn Log>, Place::Memory).actors(actors);
    let engine = Engine::open(options).await.expect("the engine opens");
    populate(&engine).await;
    engine
}

async fn session_of_anna(engine: &Engine) -> SessionId {
    let create = creation(SUPPORT, PHONE);
    engine.create_session(operator(ANNA), create.clone()).await.expect("created");
    create.session
}

fn send(
    engine: &Engine,
    who: Caller,
    session: SessionId,
    command: SessionCommand,
) -> tokio::task::JoinHandle<Result<Receipt, CommandError>> {
    let engine = engine.clone();
    tokio::spawn(async move { engine.session(who, session, command).await })
}

/// A clock that panics when it is read the so-many-th time from now.
#[derive(Default)]
struct Bomb(AtomicU32);

impl Bomb {
    fn set(&self, reads: u32) {
        self.0.store(reads, Ordering::SeqCst);
    }
}

impl Clock for Bomb {
    fn now(&self) -> Timestamp {
        let before =
            self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| Some(left.saturating_sub(1)));
        assert_ne!(before, Ok(1), "a panic that a test asked for");
        SystemClock.now()
    }
}

#[tokio::test]
async fn idle_actors_stop_and_the_next_command_finds_everything() {
    let short = Duration::from_millis(20);
    let actors = ActorOptions {
        session_idle: short,
        closed_linger: short,
        line_idle: short,
        ..ActorOptions::default()
    };
    for home in [Home::memory(), Home::folder()] {
        let engine = Engine::open(home.options().actors(actors)).await.expect("the engine opens");
        populate(&engine).await;
        let session = session_of_anna(&engine).await;
        for text in ["раз", "два", "три"] {
            engine.session(operator(ANNA), session, message(text)).await.expect("sent");
            let none = || engine.stats().sessions_active == 0 && engine.stats().lines_active == 0;
            eventually("idle actors stop", none).await;
        }
        engine.session(operator(ANNA), session, SessionCommand::Close).await.expect("closed");
        eventually("the closed session's actor stops", || engine.stats().sessions_active == 0).await;
        let refused = engine.session(operator(ANNA), session, message("четыре")).await;
        assert_eq!(refusal(refused).code(), "SessionClosed");
        assert_eq!(texts(&engine, session).await, ["раз", "два", "три"]);
        engine.close().await.expect("the engine closes");
    }
}

/// A request may meet an actor that is just about to stop for being idle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_meets_a_stopping_actor_is_carried_out_once() {
    let idle = ActorOptions { session_idle: Duration::from_micros(50), ..ActorOptions::default() };
    let engine = Engine::open(EngineOptions::in_memory().actors(idle)).await.expect("the engine opens");
    populate(&engine).await;
    let session = session_of_anna(&engine).await;
    let mut expected = Vec::new();
    for number in 0..300_u32 {
        let text = format!("{number}");
        engine.session(operator(ANNA), session, message(&text)).await.expect("sent");
        expected.push(text);
        if number % 3 == 0 {
            tokio::time::sleep(Duration::from_micros(u64::from(number))).await;
        }
    }
    let shown = texts(&engine, session).await;
    assert!(!shown.is_empty(), "a page of them");
    assert_eq!(shown, expected[..shown.len()]);
    assert_eq!(summary(&engine, session).await.messages, 300);
}

#[tokio::test]
async fn after_a_panic_the_state_is_rebuilt_from_the_log_and_nothing_is_doubled() {
    let (home, bomb) = (Home::memory(), Arc::new(Bomb::default()));
    let options = home.options().clock(Arc::clone(&bomb) as Arc<dyn Clock>);
    let engine = Engine::open(options).await.expect("the engine opens");
    populate(&engine).await;
    let session = session_of_anna(&engine).await;
    engine.session(operator(ANNA), session, message("до")).await.expect("sent");
    let insist = async |command: SessionCommand| {
        let id = command_id();
        let caller = || by(Principal::Operator(ANNA), id);
        bomb.set(1);
        match engine.session(caller(), session, command.clone()).await {
            Ok(receipt) => receipt,
            Err(error) => {
                assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
                engine.session(caller(), session, command).await.expect("the same id again")
            }
        }
    };
    insist(message("вместо")).await;
    insist(message("после")).await;
    assert_eq!(texts(&engine, session).await, ["до", "вместо", "после"]);

    let (create, id) = (creation(MAIL, MAIL_ADDRESS), command_id());
    bomb.set(1);
    let created = engine.create_session(by(Principal::Operator(ANNA), id), create.clone()).await;
    assert!(created.is_ok() || created.is_err_and(|error| error.outcome() == Outcome::Unknown));
    engine.create_session(by(Principal::Operator(ANNA), id), create).await.expect("the same id again");
    let rename = LineCommand::RenameLine { title: "Иначе".into() };
    bomb.set(1);
    let renamed = engine.line(admin(), MAIL, rename.clone()).await;
    assert!(renamed.is_ok() || renamed.is_err_and(|error| error.outcome() == Outcome::Unknown));
    engine.line(admin(), MAIL, rename).await.expect("the line's actor lives again");
    let hello = inbound(WHATSAPP, PHONE, "wa-1", "от клиента");
    bomb.set(1);
    let received = engine.receive(Caller::channel(WHATSAPP), hello.clone()).await;
    assert!(received.is_ok() || received.is_err_and(|error| error.outcome() == Outcome::Unknown));
    engine.receive(Caller::channel(WHATSAPP), hello).await.expect("delivered again");
    assert_eq!(texts(&engine, session).await, ["до", "вместо", "после", "от клиента"]);
    assert_eq!(my_sessions(&engine, ANNA).await.len(), 2);
}

#[tokio::test]
async fn an_append_that_failed_leaves_nothing_and_the_next_one_is_written() {
    let log = TroubledLog::new();
    let engine = desk_on(&log, ActorOptions::default()).await;
    let session = session_of_anna(&engine).await;
    let head = engine.head();
    log.expect(&[Trouble::Refused]);
    let failed = engine.session(operator(ANNA), session, message("раз")).await.expect_err("it failed");
    assert_eq!((failed.code(), failed.outcome()), ("Unavailable", Outcome::NotWritten));
    log.expect(&[Trouble::Refused]);
    let failed = engine.create_session(operator(ANNA), creation(MAIL, MAIL_ADDRESS)).await;
    assert_eq!(failed.expect_err("it failed").outcome(), Outcome::NotWritten);
    assert_eq!(engine.head(), head);
    engine.session(operator(ANNA), session, message("два")).await.expect("sent");
    assert_eq!(texts(&engine, session).await, ["два"]);
    assert_eq!(engine.stats().failed, 2);
}

/// The answer of the log is lost, with or without the write: the next command knows which.
#[tokio::test]
async fn after_an_unknown_outcome_the_log_tells_and_nothing_is_doubled() {
    for trouble in [Trouble::AnswerLost, Trouble::WriteLost] {
        let log = TroubledLog::new();
        let engine = desk_on(&log, ActorOptions::default()).await;
        let session = session_of_anna(&engine).await;
        let written = matches!(trouble, Trouble::AnswerLost);
        let (id, text) = (command_id(), message("раз"));
        let caller = || by(Principal::Operator(ANNA), id);
        log.expect(&[trouble]);
        let lost = engine.session(caller(), session, text.clone()).await.expect_err("the answer was lost");
        assert_eq!((lost.code(), lost.outcome()), ("Unknown", Outcome::Unknown));
        engine.session(operator(ANNA), session, message("два")).await.expect("the next one");
        let found = engine.session(caller(), session, text).await.expect("asked again");
        let expected = if written { ["раз", "два"] } else { ["два", "раз"] };
        assert_eq!(texts(&engine, session).await, expected, "{trouble:?}");
        assert!(found.position <= engine.head());

        // A closing whose answer was lost: the slot is free, or not, and never half.
        log.expect(&[trouble]);
        let close = engine.session(operator(ANNA), session, SessionCommand::Close).await;
        assert_eq!(close.expect_err("the answer was lost").outcome(), Outcome::Unknown);
        let again = engine.create_session(operator(BORIS), creation(SUPPORT, PHONE)).await;
        assert_eq!(again.is_ok(), written, "{trouble:?}: {again:?}");
        let create = creation(MAIL, MAIL_ADDRESS);
        let id = command_id();
        let boris = || by(Principal::Operator(BORIS), id);
        log.expect(&[trouble]);
        let lost = engine.create_session(boris(), create.clone()).await;
        assert_eq!(lost.expect_err("the answer was lost").outcome(), Outcome::Unknown);
        engine.create_session(boris(), create.clone()).await.expect("asked again");
        assert_eq!(summary(&engine, create.session).await.status, SessionStatus::Assigned(BORIS));
        // Settings too: what is remembered of the line may be older than the log.
        let rename = LineCommand::RenameLine { title: "Иначе".into() };
        let id = command_id();
        log.expect(&[trouble]);
        let lost = engine.line(by(admin().principal, id), MAIL, rename.clone()).await;
        assert_eq!(lost.expect_err("the answer was lost").outcome(), Outcome::Unknown);
        let head = engine.head();
        engine.line(by(admin().principal, id), MAIL, rename).await.expect("asked again");
        assert_eq!(engine.head().0 - head.0, u64::from(!written), "{trouble:?}");
    }
}

#[tokio::test]
async fn two_engines_of_one_process_do_not_meet() {
    let (one, two) = (Home::memory().desk().await, Home::folder().desk().await);
    let create = creation(SUPPORT, PHONE);
    for engine in [&one, &two] {
        engine.create_session(operator(ANNA), create.clone()).await.expect("each has a world of its own");
    }
    one.session(operator(ANNA), create.session, message("раз")).await.expect("sent");
    one.close().await.expect("the engine closes");
    two.session(operator(ANNA), create.session, message("два")).await.expect("the other one lives");
    assert_eq!(texts(&two, create.session).await, ["два"]);
}

/// A setting is kept in memory too: after a lost answer it was the old one that was believed.
#[tokio::test]
async fn after_an_unknown_outcome_no_setting_in_memory_is_believed() {
    let log = TroubledLog::new();
    let engine = desk_on(&log, ActorOptions::default()).await;
    log.expect(&[Trouble::AnswerLost]);
    let switch = WorkspaceCommand::SetServiceLicence { active: true };
    let lost = engine.workspace(admin(), switch).await.expect_err("its answer is lost");
    assert_eq!(lost.outcome(), Outcome::Unknown);
    let refused = engine.create_session(operator(ANNA), creation(SUPPORT, PHONE)).await;
    assert_eq!(refusal(refused).code(), "OperatorOffline", "the licence is active");
    presence(&engine, ANNA, true).await;
    log.expect(&[Trouble::AnswerLost]);
    let go = OperatorCommand::SetPresence { online: false };
    let lost = engine.operator(operator(ANNA), ANNA, go).await.expect_err("its answer is lost");
    assert_eq!(lost.outcome(), Outcome::Unknown);
    presence(&engine, ANNA, true).await;
    engine.create_session(operator(ANNA), creation(SUPPORT, PHONE)).await.expect("Anna is there again");
}
