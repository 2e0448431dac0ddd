//! A hundred thousand sleeping sessions that are woken at once are woken a few at a time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use peak_alloc::PeakAlloc;
use switchboard::domain::command::SessionCommand;
use switchboard::domain::event::{Event, Fact, SessionEvent, SlotEvent, Stream};
use switchboard::domain::id::{CommandId, SessionId};
use switchboard::log::memory::MemoryLog;
use switchboard::log::{Append, Log, Position};
use switchboard::projection::Place;
use switchboard::{Engine, EngineOptions, Outcome, wire};
use tokio::task::JoinSet;
use uuid::Uuid;

#[path = "support/desk.rs"]
mod desk;
#[path = "support/troubled_log.rs"]
mod troubled_log;

use desk::*;
use troubled_log::TroubledLog;

/// Counts what is allocated: what the process has in memory is its allocator's business.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Sessions that are asleep, and all asked at once.
const SLEEPING: usize = 100_000;

/// How long who was answered `Busy` waits before he asks again.
const BUSY_PAUSE: Duration = Duration::from_millis(500);

/// What a session that is awake may take of memory: its actor, its mailbox and its state.
const AWAKE_BYTES_MAX: usize = 12 << 10;

/// How many sessions are read at once: what `src/actor.rs` says.
const RECOVERIES_MAX: usize = 64;

/// The same facts of another session.
fn of_session(event: &Event, stream: &Stream, session: SessionId) -> Fact {
    let (mut event, mut stream) = (event.clone(), stream.clone());
    match &mut event {
        Event::Session(_) => stream = Stream::Session(session),
        Event::Slot(SlotEvent::SlotJoined { session: joined }) => *joined = session,
        _ => {}
    }
    Fact { stream, event }
}

/// Appends as many sessions as are asked for, each as the engine wrote the one that it created last.
async fn multiply(log: &MemoryLog, after: Position, count: usize) -> BTreeSet<SessionId> {
    let records = log.read_all(after, usize::MAX).await.expect("the log reads");
    let facts: Vec<_> = records.iter().map(|record| wire::recorded(record).expect("a fact")).collect();
    assert!(
        facts.iter().any(|fact| matches!(fact.event, Event::Session(SessionEvent::SessionCreated { .. }))),
        "{facts:?}"
    );
    let mut sessions = BTreeSet::new();
    for _ in 0..count {
        let (session, command) = (SessionId(Uuid::now_v7()), Uuid::now_v7());
        let entries = facts.iter().map(|fact| wire::entry(&of_session(&fact.event, &fact.stream, session)));
        let stamp = switchboard::log::Stamp { command, ..records[0].stamp.clone() };
        let append = Append { entries: entries.collect(), expects: Vec::new(), stamp };
        log.append(append).await.expect("it is written");
        sessions.insert(session);
    }
    sessions
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_sessions_that_are_woken_at_once_are_read_a_few_at_a_time() {
    let log = TroubledLog::new();
    let inner = log.untroubled();
    let options = || EngineOptions::with_log(Arc::clone(&inner) as Arc<dyn Log>, Place::Memory);
    let engine = Engine::open(options()).await.expect("the engine opens");
    populate(&engine).await;
    let before = engine.head();
    engine.create_session(operator(ANNA), creation(MAIL, MAIL_ADDRESS)).await.expect("created");
    drop(engine);
    let sessions = multiply(&inner, before, SLEEPING).await;

    let options = EngineOptions::with_log(Arc::clone(&log) as Arc<dyn Log>, Place::Memory).actors(patient());
    let engine = Engine::open(options).await.expect("the engine opens");
    assert_eq!(engine.stats().sessions_active, 0, "all are asleep");
    let (before, busy) = (MEMORY.current_usage(), Arc::new(AtomicUsize::new(0)));
    MEMORY.reset_peak_usage();
    let mut woken = JoinSet::new();
    for session in sessions {
        let (engine, busy) = (engine.clone(), Arc::clone(&busy));
        woken.spawn(async move {
            let id = CommandId(Uuid::now_v7());
            loop {
                let rename = SessionCommand::Rename { name: "Разбужена".into() };
                match engine.session(by(operator(ANNA).principal, id), session, rename).await {
                    Ok(_) => break,
                    // More commands are under way than an engine takes: the same one is sent again.
                    Err(error) if error.outcome() == Outcome::NotWritten && error.code() == "Busy" => {
                        busy.fetch_add(1, Ordering::SeqCst);
                        tokio::time::sleep(BUSY_PAUSE).await;
                    }
                    Err(error) => panic!("{session}: {error}"),
                }
            }
        });
    }
    while let Some(woken) = woken.join_next().await {
        woken.expect("each is answered");
    }
    let (most, busy) = (log.woken_at_once(), busy.load(Ordering::SeqCst));
    let [peak, awake] =
        [MEMORY.peak_usage(), MEMORY.current_usage()].map(|bytes| bytes.saturating_sub(before) / SLEEPING);
    println!(
        "{SLEEPING} sessions woken, at most {most} read at once, {busy} answers of Busy, {} active; of memory \
         {awake} bytes each, {peak} at most",
        engine.stats().sessions_active,
    );
    assert!((1..=RECOVERIES_MAX).contains(&most), "{most} sessions are read at once");
    assert_eq!(engine.stats().sessions_active, SLEEPING, "all are awake");
    assert!(awake <= AWAKE_BYTES_MAX, "{awake} bytes of memory each");
    engine.close().await.expect("it closes");
}
