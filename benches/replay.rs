//! Replay of a whole log: read, decoded, folded to states, and into all projections.
//!
//! Reading and the projections use what threads they like; decoding and folding are measured on
//! one thread by its processor time, which other work on the machine does not lengthen.
//!
//! `cargo bench --bench replay -- [--quick] [--events N] [--runs N]`

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use support::figure::{Figure, rounded};
use support::past::Past;
use support::store::{self, Store};
use support::{arguments, conditions, process, runs};
use switchboard::domain::event::{Event, Stream};
use switchboard::domain::session::Session;
use switchboard::domain::slot::SlotState;
use switchboard::log::{Log, Position};
use switchboard::projection::ProjectionName;
use switchboard::wire::{self, Recorded};

mod support;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Events read at once: what the projections read too.
const PAGE_EVENTS: usize = 4_096;

/// What replaying into all projections is to reach, in events per second.
const PER_SECOND_MIN: f64 = 1_000_000.0;

/// One pass.
#[derive(Clone, Copy, Default)]
struct Pass {
    wall: Duration,
    cpu: Duration,
}

/// One run.
struct Run {
    scan: Pass,
    decode: Pass,
    fold: Pass,
    projections: Pass,
}

fn main() {
    let events = arguments::size("--events", 50_000, 1_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    conditions::print("replay", "sessions of four messages, about 14 events each");
    let past = Past::of_events(events, 64, 320);
    let made = runtime.block_on(Store::of("replay", &past));
    let done: Vec<Run> = (0..runs::count()).map(|_| runtime.block_on(run(&made))).collect();
    let of = |pass: fn(&Run) -> Pass| {
        let passes: Vec<Pass> = done.iter().map(pass).collect();
        runs::median(passes, |pass| pass.wall.as_secs_f64())
    };
    let decode = of(|run| run.decode);
    let per_second = |time: Duration| made.events as f64 / time.as_secs_f64();
    let decoding = per_second(decode.0.cpu);
    let passes = [
        ("scan", of(|run| run.scan)),
        ("decode", decode),
        ("fold", of(|run| run.fold)),
        ("projections", of(|run| run.projections)),
    ];
    for (step, (pass, all)) in passes {
        let is_target = step == "projections";
        Figure::new("replay")
            .with("step", step)
            .with("events", made.events)
            .value(per_second(pass.wall), "events/s")
            .yardstick("decoding alone, on one core", Some(decoding))
            .also("per_core", rounded(per_second(pass.cpu)))
            .also("at_least_events_per_s", is_target.then_some(PER_SECOND_MIN))
            .also("runs_s", all)
            .print();
    }
}

async fn run(made: &Store) -> Run {
    let log = store::open_log(&made.path());
    let scan = scan(&log, made.events).await;
    let (decode, fold) = decode_and_fold(&log, made.events).await;
    log.close().await;
    drop(log);
    let engine = store::open(&made.path()).await;
    engine.read().await.expect("the projections run");
    let (started, cpu) = (Instant::now(), process::cpu_time());
    engine.rebuild(&ProjectionName::ALL).await.expect("the projections are folded again");
    let projections = Pass { wall: started.elapsed(), cpu: process::cpu_time() - cpu };
    let position = engine.read().await.expect("the projections run").position();
    assert_eq!(position.0, made.events, "everything was folded");
    engine.close().await.expect("the engine closes");
    Run { scan, decode, fold, projections }
}

async fn scan(log: &Arc<dyn Log>, events: u64) -> Pass {
    let (started, cpu) = (Instant::now(), process::cpu_time());
    let (mut after, mut seen) = (Position::START, 0);
    loop {
        let page = log.read_all(after, PAGE_EVENTS).await.expect("the log is read");
        let Some(last) = page.last() else { break };
        (after, seen) = (last.position, seen + page.len() as u64);
    }
    assert_eq!(seen, events, "everything was read");
    Pass { wall: started.elapsed(), cpu: process::cpu_time() - cpu }
}

/// States of sessions and slots, as the actors fold them.
#[derive(Default)]
struct States {
    sessions: HashMap<Stream, Session>,
    slots: HashMap<Stream, SlotState>,
}

async fn decode_and_fold(log: &Arc<dyn Log>, events: u64) -> (Pass, Pass) {
    let (mut decode, mut fold, mut states) = (Pass::default(), Pass::default(), States::default());
    let (mut after, mut seen) = (Position::START, 0);
    loop {
        let page = log.read_all(after, PAGE_EVENTS).await.expect("the log is read");
        let Some(last) = page.last() else { break };
        after = last.position;
        let mut recorded = Vec::with_capacity(page.len());
        timed(&mut decode, || {
            recorded.extend(page.iter().map(|record| wire::recorded(record).expect("it is decoded")));
        });
        seen += recorded.len() as u64;
        timed(&mut fold, || recorded.into_iter().for_each(|recorded| states.fold(recorded)));
    }
    assert_eq!(seen, events, "everything was decoded");
    (decode, fold)
}

/// Adds a piece of work without a wait in it: it stays on this thread.
fn timed(pass: &mut Pass, work: impl FnOnce()) {
    let (started, cpu) = (Instant::now(), process::thread_cpu_time());
    work();
    pass.wall += started.elapsed();
    pass.cpu += process::thread_cpu_time() - cpu;
}

impl States {
    fn fold(&mut self, recorded: Recorded) {
        let stream = recorded.stream;
        match (&stream, &recorded.event) {
            (Stream::Session(id), Event::Session(event)) => {
                let state = self.sessions.remove(&stream);
                let state = Session::evolve(*id, state, event, recorded.time).expect("the past is legal");
                self.sessions.insert(stream, state);
            }
            (Stream::Slot(_), Event::Slot(event)) => {
                let state = self.slots.remove(&stream).unwrap_or_default();
                let state = state.evolve(event).expect("the past is legal");
                self.slots.insert(stream, state);
            }
            // The desk's own settings are few.
            _ => {}
        }
    }
}
