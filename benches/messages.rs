//! Messages of operators over ten thousand open sessions, each durable before the answer.
//!
//! Closed loop: each sender waits for its receipt before the next message, in sessions of its own
//! in turns. Active: every session has its actor before the clock starts. Cold: none has, and each
//! gets one message. Open loop: an offered rate, with latencies from the intended moment.
//!
//! `cargo bench --bench messages -- [--quick] [--sessions N] [--messages N] [--rate N] [--runs N] [--only TEXT]`

use std::sync::Arc;
use std::time::Instant;

use hdrhistogram::Histogram;
use support::desk::Desk;
use support::figure::{Figure, rounded};
use support::folder::Folder;
use support::past::Past;
use support::{arguments, conditions, latency, open_loop, process, runs, sessions, store};
use switchboard::log::Log;
use switchboard::log::memory::MemoryLog;
use switchboard::projection::{Order, PAGE_ITEMS_MAX, PageOf, Place, TranscriptItem};
use switchboard::{Engine, EngineOptions};

mod support;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Messages offered per second in the open loop, unless `--rate` says otherwise.
const RATE: usize = 2_000;

/// How long they are offered, in seconds; less in a quick run.
const OFFERED_SECONDS: usize = 10;
const OFFERED_SECONDS_QUICK: usize = 2;

/// One way to run the benchmark.
#[derive(Clone, Copy, PartialEq)]
struct Load {
    senders: Senders,
    actors: &'static str,
    durable: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Senders {
    /// So many, each waiting for its receipts.
    Closed(usize),
    /// So many messages a second.
    Offered(usize),
}

/// What one run measured.
struct Run {
    messages: usize,
    per_second: f64,
    latencies: Histogram<u64>,
    cpu_us: f64,
    events_per_sync: f64,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    conditions::print("messages", "a message is one event with 78 bytes of text");
    let mut in_memory = None;
    for load in loads().into_iter().filter(|load| runs::wanted(&load.label())) {
        let done: Vec<Run> = (0..runs::count()).map(|_| runtime.block_on(run(load))).collect();
        let (run, all) = runs::median(done, |run| run.per_second);
        let twin = in_memory.filter(|(twin, _)| *twin == Load { durable: false, ..load });
        let yardstick = twin.map(|(_, per_second)| per_second).filter(|_| load.durable);
        print(load, &run, yardstick).also("runs", all).print();
        in_memory = if load.durable { in_memory } else { Some((load, run.per_second)) };
    }
}

fn loads() -> Vec<Load> {
    let mut loads = Vec::new();
    for senders in [64, 1024].map(Senders::Closed) {
        for durable in [false, true] {
            loads.push(Load { senders, actors: "active", durable });
        }
        loads.push(Load { senders, actors: "cold", durable: true });
    }
    let senders = Senders::Offered(arguments::size("--rate", RATE / 4, RATE));
    loads.push(Load { senders, actors: "active", durable: true });
    loads
}

impl Load {
    fn label(&self) -> String {
        let senders = match self.senders {
            Senders::Closed(senders) => format!("closed senders={senders}"),
            Senders::Offered(rate) => format!("open rate={rate}"),
        };
        format!("{senders} actors={} log={}", self.actors, self.log())
    }

    fn log(&self) -> &'static str {
        if self.durable { "disk" } else { "memory" }
    }
}

fn print(load: Load, run: &Run, in_memory: Option<f64>) -> Figure {
    let figure = match load.senders {
        Senders::Closed(senders) => Figure::new("messages").with("loop", "closed").with("senders", senders),
        Senders::Offered(rate) => Figure::new("messages").with("loop", "open").with("rate", rate),
    };
    figure
        .with("actors", load.actors)
        .with("log", load.log())
        .with("sessions", session_count())
        .with("messages", run.messages)
        .value(run.per_second, "messages/s")
        .yardstick("the same actors with no log", in_memory)
        .latencies(&run.latencies)
        .also("cpu_us_per_message", rounded(run.cpu_us))
        .also("events_per_sync", load.durable.then(|| rounded(run.events_per_sync)))
}

fn session_count() -> usize {
    arguments::size("--sessions", 500, 10_000)
}

async fn run(load: Load) -> Run {
    let (folder, sessions) = (Folder::new("messages"), session_count());
    let past = Past { desk: Desk::new(64), sessions, open: sessions, contacts: 1, messages: 0, cards: 0 };
    let (engine, past) = (open(load, &past, &folder).await, Arc::new(past));
    engine.read().await.expect("the projections run");
    if load.actors == "active" {
        sessions::activate(&engine, &past, (0..sessions).collect()).await;
    }
    let (before, cpu, started) = (engine.stats().log, process::cpu_time(), Instant::now());
    let latencies = match load.senders {
        Senders::Closed(senders) => closed_loop(&engine, &past, senders, messages(load)).await,
        Senders::Offered(rate) => offered(&engine, &past, rate, messages(load)).await,
    };
    let (elapsed, cpu) = (started.elapsed(), process::cpu_time() - cpu);
    let (after, sent) = (engine.stats().log, latencies.len());
    assert_eq!((after.events - before.events) as usize, sent, "each message is one event");
    verify(&engine, &past, sent).await;
    engine.close().await.expect("the engine closes");
    Run {
        messages: sent,
        per_second: sent as f64 / elapsed.as_secs_f64(),
        latencies: latency::histogram(&latencies),
        cpu_us: cpu.as_micros() as f64 / sent as f64,
        events_per_sync: sent as f64 / (after.syncs - before.syncs).max(1) as f64,
    }
}

/// Messages of a run, by all senders: as many in each session.
fn messages(load: Load) -> usize {
    let sessions = session_count();
    match load.senders {
        _ if load.actors == "cold" => sessions,
        Senders::Closed(_) => arguments::size("--messages", 2_000, 200_000).next_multiple_of(sessions),
        Senders::Offered(rate) => {
            let seconds = if arguments::quick() { OFFERED_SECONDS_QUICK } else { OFFERED_SECONDS };
            (rate * seconds).next_multiple_of(sessions)
        }
    }
}

async fn open(load: Load, past: &Past, folder: &Folder) -> Engine {
    if load.durable {
        store::write(folder.path(), past).await;
        return store::open(folder.path()).await;
    }
    let log: Arc<dyn Log> = MemoryLog::new();
    let options = EngineOptions::with_log(Arc::clone(&log), Place::Memory);
    let engine = Engine::open(options).await.expect("the engine opens in memory");
    past.desk.set_up(&engine).await;
    past.write(&log).await;
    engine
}

async fn closed_loop(engine: &Engine, past: &Arc<Past>, senders: usize, messages: usize) -> Vec<u32> {
    let senders: Vec<_> = (0..senders)
        .map(|sender| {
            let (engine, past) = (engine.clone(), Arc::clone(past));
            tokio::spawn(async move {
                let mut latencies = Vec::with_capacity(messages / senders + 1);
                for number in (sender..messages).step_by(senders) {
                    let asked = Instant::now();
                    send(&engine, &past, number).await;
                    latencies.push(latency::micros(asked.elapsed()));
                }
                latencies
            })
        })
        .collect();
    let mut latencies = Vec::with_capacity(messages);
    for sender in senders {
        latencies.extend(sender.await.expect("a sender ends"));
    }
    latencies
}

async fn offered(engine: &Engine, past: &Arc<Past>, rate: usize, messages: usize) -> Vec<u32> {
    let (engine, past) = (engine.clone(), Arc::clone(past));
    let ask = move |number| {
        let (engine, past) = (engine.clone(), Arc::clone(&past));
        async move { send(&engine, &past, number).await }
    };
    open_loop::run(rate as f64, messages, ask).await
}

/// Sends the n-th message of all, into the sessions in turns.
async fn send(engine: &Engine, past: &Past, nth: usize) {
    sessions::send(engine, past, nth % past.sessions).await;
}

/// Reads some transcripts: each has as many messages as were acknowledged.
async fn verify(engine: &Engine, past: &Past, sent: usize) {
    let views = engine.read().await.expect("the projections run");
    for number in [0, past.sessions / 2, past.sessions - 1] {
        let (mut seen, mut page) = (0, PageOf::first(PAGE_ITEMS_MAX));
        loop {
            let read = views.transcript(past.session(number), Order::OldestFirst, page).await;
            let read = read.expect("a transcript is read").expect("the session is known");
            let is_message = |item: &TranscriptItem| matches!(item, TranscriptItem::Message(_));
            seen += read.items.iter().filter(|entry| is_message(&entry.item)).count();
            match read.next {
                Some(next) => page = PageOf::after(next, PAGE_ITEMS_MAX),
                None => break,
            }
        }
        assert_eq!(seen, sent / past.sessions, "session {number} has its messages");
    }
}
