//! A simulated day: sessions open and close at a steady rate, and the disk is looked at each hour.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use switchboard::clock::Clock;
use switchboard::domain::command::SessionCommand;
use switchboard::domain::event::EntryPoint;
use switchboard::domain::id::{MessageId, SessionId};
use switchboard::domain::time::Timestamp;
use switchboard::projection::Place;
use switchboard::{Engine, EngineOptions};
use uuid::Uuid;

use crate::support::arguments;
use crate::support::desk::Desk;
use crate::support::figure::{Figure, rounded};
use crate::support::folder::{self, Folder};
use crate::support::past::TEXT;
use crate::support::{process, store};

/// Hours of the day.
const HOURS: usize = 24;

/// Sessions opened, and closed, in an hour, unless `--hourly` says otherwise.
const HOURLY: usize = 5_000;

/// Sessions that one worker keeps open: the next one opened closes the oldest.
const OPEN_EACH: usize = 8;

/// Workers, each on a line of its own.
const WORKERS: usize = 64;

/// Messages of a session.
const MESSAGES: usize = 3;

/// Events of a whole session: three of its creation, two of its closing.
const EVENTS: usize = 3 + MESSAGES + 2;

/// When the day begins: 2026-01-01T00:00:00Z.
const BEGAN_US: i64 = 1_767_225_600_000_000;

/// A clock that the benchmark sets.
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// Works through the day, and prints a figure for each hour.
pub async fn print() {
    let folder = Folder::new("day");
    let hourly = arguments::size("--hourly", 128, HOURLY).next_multiple_of(WORKERS);
    let clock = Arc::new(SetClock(AtomicI64::new(BEGAN_US)));
    let log = store::open_log(folder.path());
    let options = EngineOptions::with_log(Arc::clone(&log), Place::Folder(folder.path().join("views")));
    let engine = Engine::open(options.clock(clock.clone())).await.expect("the engine opens");
    let desk = Arc::new(Desk::new(WORKERS));
    desk.set_up(&engine).await;
    // Twice as many as are open on a line, so that each is free when its turn comes again.
    desk.add_contacts(&log, 2 * OPEN_EACH).await;
    let mut workers: Vec<Worker> = (0..WORKERS).map(|line| Worker::new(&engine, &desk, line)).collect();
    for hour in 1..=HOURS {
        let at_work: Vec<_> =
            workers.into_iter().map(|worker| tokio::spawn(worker.work(hourly / WORKERS))).collect();
        workers = Vec::new();
        for worker in at_work {
            workers.push(worker.await.expect("a worker goes on"));
        }
        clock.0.fetch_add(3_600_000_000, Ordering::Relaxed);
        engine.read().await.expect("the projections run");
        report(&engine, &folder, hour, hourly);
    }
    let open = WORKERS * OPEN_EACH;
    let closed = HOURS * hourly - open;
    let expected = closed * EVENTS + open * (EVENTS - 2);
    assert!(engine.head().0 as usize >= expected, "each session has its events");
    drop(log);
    engine.close().await.expect("the engine closes");
    let events = engine.head().0;
    Figure::new("disk_after_day")
        .with("events", events)
        .value(folder::bytes_on_disk(folder.path()) as f64 / events as f64, "bytes on disk per event")
        .print();
}

fn report(engine: &Engine, folder: &Folder, hour: usize, hourly: usize) {
    let (stats, events) = (engine.stats().log, engine.head().0);
    let mb = |folder: &std::path::Path| rounded(folder::bytes_on_disk(folder) as f64 / f64::from(1 << 20));
    Figure::new("disk_over_day")
        .with("hour", hour)
        .with("sessions_per_hour", hourly)
        .with("open", WORKERS * OPEN_EACH)
        .with("events", events)
        .value(folder::bytes_on_disk(folder.path()) as f64 / events as f64, "bytes on disk per event")
        .yardstick("bytes of an event in the log's frames", Some(stats.bytes as f64 / stats.events as f64))
        .also("at_most", 2.0)
        .also("disk_mb", mb(folder.path()))
        .also("log_mb", mb(&folder.path().join("log")))
        .also("index_mb", mb(&folder.path().join("index")))
        .also("views_mb", mb(&folder.path().join("views")))
        .also("resident_mb", process::resident_bytes() >> 20)
        .print();
}

/// An operator: opens a session, writes in it, and closes the oldest.
struct Worker {
    engine: Engine,
    desk: Arc<Desk>,
    line: usize,
    open: VecDeque<SessionId>,
    opened: usize,
}

impl Worker {
    fn new(engine: &Engine, desk: &Arc<Desk>, line: usize) -> Worker {
        let (engine, desk, open) = (engine.clone(), Arc::clone(desk), VecDeque::new());
        Worker { engine, desk, line, open, opened: 0 }
    }

    async fn work(mut self, sessions: usize) -> Worker {
        for _ in 0..sessions {
            if self.open.len() == OPEN_EACH
                && let Some(oldest) = self.open.pop_front()
            {
                self.ask(oldest, SessionCommand::Close).await;
            }
            let command = self.desk.creation(self.line, self.opened % (2 * OPEN_EACH));
            let (session, caller) = (command.session, self.desk.caller(self.line));
            self.engine.create_session(caller, command).await.expect("the slot is free");
            for _ in 0..MESSAGES {
                let (message, text) = (MessageId(Uuid::now_v7()), TEXT.to_owned());
                let via = EntryPoint::LinesSection;
                self.ask(session, SessionCommand::SendMessage { message, text, via }).await;
            }
            self.open.push_back(session);
            self.opened += 1;
        }
        self
    }

    async fn ask(&self, session: SessionId, command: SessionCommand) {
        let caller = self.desk.caller(self.line);
        self.engine.session(caller, session, command).await.expect("the session is open and the operator's");
    }
}
