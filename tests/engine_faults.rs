//! Every step of every write fails once, at each sync in turn: what was acknowledged stays, the rest is
//! there wholly or not at all, nothing is shown before it is durable, nothing is taken until the engine
//! is opened again, and the same command by its id is answered once.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use switchboard::domain::command::{OperatorCommand, SessionCommand, WorkspaceCommand};
use switchboard::domain::event::EntryPoint;
use switchboard::domain::id::{CommandId, MessageId, OperatorId, Principal, SessionId};
use switchboard::log::Position;
use switchboard::log::embedded::{EmbeddedOptions, Faults};
use switchboard::{Caller, CommandError, Engine, EngineOptions, Outcome, Receipt};
use tempfile::TempDir;
use uuid::Uuid;

#[path = "support/desk.rs"]
mod desk;
#[path = "support/faults.rs"]
mod faults;

use desk::*;
use faults::{FailAt, POINTS, Point};

/// Commands that each write once, of everybody; one is a step of the script.
const STEPS: u128 = 14;

async fn step(engine: &Engine, number: u128) -> Result<Receipt, CommandError> {
    let by = |principal| Caller::with_id(principal, CommandId(Uuid::from_u128(0x7000 + number)));
    let operator = |who| by(Principal::Operator(who));
    let session = |number| SessionId(Uuid::from_u128(0x8000 + number));
    let message = MessageId(Uuid::from_u128(0x9000 + number));
    let of = |who: OperatorId, session, command| engine.session(operator(who), session, command);
    let written = |text: &str| {
        let mut received = inbound(WHATSAPP, PHONE, &number.to_string(), text);
        (received.session, received.message) = (session(number), message);
        engine.receive(by(Principal::Channel(WHATSAPP)), received)
    };
    match number {
        0 => {
            let create = switchboard::domain::command::CreateSession {
                session: session(0),
                ..creation(SUPPORT, PHONE)
            };
            engine.create_session(operator(ANNA), create).await
        }
        1 => {
            let send =
                SessionCommand::SendMessage { message, text: "Да".into(), via: EntryPoint::LinesSection };
            of(ANNA, session(0), send).await
        }
        2 => written("Где мой заказ?").await,
        3 | 12 => of(ANNA, session(if number == 3 { 0 } else { 4 }), SessionCommand::Close).await,
        4 => written("Алло?").await,
        5 => of(BORIS, session(4), SessionCommand::Take).await,
        6 => of(VERA, session(4), SessionCommand::AssignOperator { operator: ANNA }).await,
        7 => {
            let switch = WorkspaceCommand::SetServiceLicence { active: true };
            engine.workspace(by(admin().principal), switch).await
        }
        8 => engine.operator(operator(ANNA), ANNA, OperatorCommand::SetPresence { online: true }).await,
        9 => {
            let sent = switchboard::domain::command::SendInitiated {
                session: session(9),
                message,
                ..initiated(MAIL, MAIL_ADDRESS, "Заказ готов")
            };
            engine.send_initiated(by(Principal::Process(order_ready())), sent).await
        }
        10 => of(ANNA, session(4), SessionCommand::Rename { name: "Заказ 1".into() }).await,
        11 => of(ANNA, session(4), SessionCommand::LinkElement { element: order(1) }).await,
        _ => of(ANNA, session(0), SessionCommand::Reopen).await,
    }
}

/// What is recorded after a position, without its time.
async fn history(engine: &Engine, after: Position) -> Vec<String> {
    let recorded = recorded_after(engine, after).await;
    let text = |recorded: &switchboard::wire::Recorded| {
        format!("{} {:?} {:?}", recorded.command, recorded.stream, recorded.event)
    };
    recorded.iter().map(text).collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("a file is copied");
        }
    }
}

/// A folder with the desk in it, the position of its end, and what the script adds without faults.
async fn desk_and_script() -> (TempDir, Position, Vec<String>) {
    let folder = TempDir::new().expect("a folder");
    let engine = Engine::open(EngineOptions::at(folder.path())).await.expect("it opens");
    populate(&engine).await;
    let desk = engine.head();
    engine.close().await.expect("it closes");
    drop(engine);
    let trial = TempDir::new().expect("a folder");
    copy(folder.path(), trial.path());
    let engine = Engine::open(EngineOptions::at(trial.path())).await.expect("it opens");
    for number in 0..STEPS {
        step(&engine, number).await.expect("a step of the script");
    }
    let script = history(&engine, desk).await;
    engine.close().await.expect("it closes");
    (folder, desk, script)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_fails_at_any_step_and_any_sync_is_told_as_what_it_is_and_may_be_sent_again() {
    let (base, desk, script) = desk_and_script().await;
    for point in POINTS {
        for n in 0..STEPS {
            let folder = TempDir::new().expect("a folder");
            copy(base.path(), folder.path());
            let what = format!("{point:?} at sync {n}");
            fails(folder.path(), point, n, desk, &script, &what).await;
        }
    }
}

async fn fails(folder: &Path, point: Point, n: u128, desk: Position, script: &[String], what: &str) {
    let passed = u64::try_from(n).expect("a number of a step");
    let faults: Arc<dyn Faults> = Arc::new(FailAt::after(passed, point));
    let log = EmbeddedOptions { faults: Some(faults), ..EmbeddedOptions::default() };
    let engine = Engine::open(EngineOptions::at_with(folder, log)).await.expect("it opens");
    let mut receipts = Vec::new();
    for number in 0..n {
        receipts.push(step(&engine, number).await.unwrap_or_else(|error| panic!("{what}: {error}")));
    }
    let before = (engine.head(), my_sessions(&engine, ANNA).await, queue(&engine).await);
    let failed = step(&engine, n).await.expect_err(what);
    assert_eq!((failed.outcome(), failed.code()), (Outcome::Unknown, "Unknown"), "{what}");
    let after = (engine.head(), my_sessions(&engine, ANNA).await, queue(&engine).await);
    assert_eq!(before, after, "{what}: nothing is shown that is not durable");
    let another = WorkspaceCommand::DeclareApp { app: app("another"), title: "Ещё одно".into() };
    for refused in [step(&engine, n).await, engine.workspace(admin(), another).await] {
        let refused = refused.expect_err(what);
        assert_eq!((refused.outcome(), refused.code()), (Outcome::NotWritten, "Unavailable"), "{what}");
    }
    // A crash: nothing is closed in order.
    drop(engine);
    let engine = reopened(folder).await;
    let there = history(&engine, desk).await;
    let acknowledged = receipts.last().map_or(desk, |receipt| receipt.position);
    let kept = (acknowledged.0 - desk.0) as usize;
    assert_eq!(there[..kept], script[..kept], "{what}: what was acknowledged is there");
    assert_eq!(there, script[..there.len()], "{what}: and nothing that was not asked for");
    let doubtful = there.len() > kept;
    assert_eq!(doubtful, point.leaves_it(), "{what}: what failed is there, or not at all");
    for number in 0..STEPS {
        let again = step(&engine, number).await.unwrap_or_else(|error| panic!("{what}, {number}: {error}"));
        if let Some(receipt) = receipts.get(number as usize) {
            assert_eq!(again, *receipt, "{what}: step {number} has the receipt that it had");
        }
        if number == n && doubtful {
            assert_eq!(again.position.0, desk.0 + there.len() as u64, "{what}: it is there wholly");
        }
    }
    assert_eq!(history(&engine, desk).await, script, "{what}: in the end everything is there once");
    engine.close().await.expect("it closes");
}

/// Opens a folder as soon as the engine that was dropped lets it go.
async fn reopened(folder: &Path) -> Engine {
    for _ in 0..4_000 {
        match Engine::open(EngineOptions::at(folder)).await {
            Ok(engine) => return engine,
            Err(error) => assert!(error.to_string().contains("open already"), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the folder stays in use");
}

/// How long a slow disk takes for one sync.
const SLOW: Duration = Duration::from_millis(400);

/// Makes each sync slow once it is told to.
#[derive(Default)]
struct Slow(std::sync::atomic::AtomicBool);

impl Faults for Slow {
    fn before_sync(&self) -> io::Result<()> {
        if self.0.load(Ordering::SeqCst) {
            std::thread::sleep(SLOW);
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_disk_is_slow_nothing_is_shown_that_may_yet_be_lost() {
    let (folder, ..) = desk_and_script().await;
    let slow = Arc::new(Slow::default());
    let faults = Some(Arc::clone(&slow) as Arc<dyn Faults>);
    let log = EmbeddedOptions { faults, ..EmbeddedOptions::default() };
    let engine = Engine::open(EngineOptions::at_with(folder.path(), log)).await.expect("it opens");
    let head = engine.head();
    slow.0.store(true, Ordering::SeqCst);
    let asked = std::time::Instant::now();
    let creating = tokio::spawn({
        let engine = engine.clone();
        async move { step(&engine, 0).await }
    });
    tokio::time::sleep(SLOW / 2).await;
    assert!(!creating.is_finished(), "nobody is told before it is durable");
    assert_eq!((engine.head(), my_sessions(&engine, ANNA).await.len()), (head, 0));
    creating.await.expect("no panic").expect("a slow disk is no failure");
    assert!(asked.elapsed() >= SLOW);
    assert_eq!(my_sessions(&engine, ANNA).await.len(), 1);
    engine.close().await.expect("it closes");
}
