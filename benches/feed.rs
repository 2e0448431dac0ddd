//! The live feed: from a position's publication until each subscriber has the event.
//!
//! Messages are sent at an offered rate. A position is published when the log's head moves, which a
//! thread outside of the runtime waits for; what is seen sooner than that thread wakes counts as zero.
//!
//! `cargo bench --bench feed -- [--quick] [--events N] [--rate N] [--runs N] [--only TEXT]`

use std::sync::Arc;
use std::time::Instant;

use hdrhistogram::Histogram;
use support::desk::Desk;
use support::figure::Figure;
use support::folder::Folder;
use support::past::Past;
use support::{arguments, conditions, latency, open_loop, runs, sessions, store};
use switchboard::log::{Log, Position};
use switchboard::projection::Place;
use switchboard::{Engine, EngineOptions};
use tokio::runtime::Handle;

mod support;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Messages offered per second, unless `--rate` says otherwise: a large desk at its busiest.
const RATE: usize = 20;

/// Sessions that they are sent in.
const SESSIONS: usize = 100;

/// What one run measured.
struct Run {
    seen: Histogram<u64>,
    /// From the intended moment of the command until its receipt.
    receipts: Histogram<u64>,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    conditions::print("feed", "a message is one event with 78 bytes of text");
    let rate = arguments::number("--rate").unwrap_or(RATE);
    let events = arguments::size("--events", 40, 400);
    for subscribers in [1, 100, 1_000] {
        if !runs::wanted(&format!("subscribers={subscribers}")) {
            continue;
        }
        let done = (0..runs::count()).map(|_| runtime.block_on(run(subscribers, rate, events))).collect();
        let median = |run: &Run| run.seen.value_at_quantile(0.5) as f64;
        let (run, all) = runs::median(done, median);
        Figure::new("feed")
            .with("subscribers", subscribers)
            .with("rate", rate)
            .with("events", events)
            .value(median(&run), "µs from publication, median")
            .latencies(&run.seen)
            .also("receipt_p50_us", run.receipts.value_at_quantile(0.5))
            .also("receipt_p99_us", run.receipts.value_at_quantile(0.99))
            .also("runs", all)
            .print();
    }
}

async fn run(subscribers: usize, rate: usize, events: usize) -> Run {
    let folder = Folder::new("feed");
    let past =
        Past { desk: Desk::new(4), sessions: SESSIONS, open: SESSIONS, contacts: 1, messages: 0, cards: 0 };
    store::write(folder.path(), &past).await;
    let log = store::open_log(folder.path());
    let options = EngineOptions::with_log(Arc::clone(&log), Place::Memory);
    let engine = Engine::open(options).await.expect("the engine opens");
    let past = Arc::new(past);
    sessions::activate(&engine, &past, (0..SESSIONS).collect()).await;
    let (first, last) = (engine.head(), Position(engine.head().0 + events as u64));
    let publications = publications(&log, first, last);
    let seeing: Vec<_> =
        (0..subscribers).map(|_| tokio::spawn(follow(engine.clone(), first, events))).collect();
    // Subscribers that are not there yet would be catching up, not following.
    tokio::task::yield_now().await;
    let (sender, desk) = (engine.clone(), Arc::clone(&past));
    let send = move |number| {
        let (engine, past) = (sender.clone(), Arc::clone(&desk));
        async move { sessions::send(&engine, &past, number % SESSIONS).await }
    };
    let receipts = open_loop::run(rate as f64, events, send).await;
    let published = publications.join().expect("the thread does not panic");
    let mut latencies = Vec::with_capacity(subscribers * events);
    for subscriber in seeing {
        let seen = subscriber.await.expect("a subscriber sees everything");
        let after = |(seen, published): (&Instant, &Instant)| {
            latency::micros(seen.saturating_duration_since(*published))
        };
        latencies.extend(seen.iter().zip(&published).map(after));
    }
    assert_eq!(latencies.len(), subscribers * events, "each subscriber saw each event");
    drop(log);
    engine.close().await.expect("the engine closes");
    Run { seen: latency::histogram(&latencies), receipts: latency::histogram(&receipts) }
}

/// Notes when each position was published.
fn publications(
    log: &Arc<dyn Log>,
    first: Position,
    last: Position,
) -> std::thread::JoinHandle<Vec<Instant>> {
    let (mut head, runtime) = (log.follow(), Handle::current());
    std::thread::spawn(move || {
        let mut published = Vec::new();
        while published.len() < (last.0 - first.0) as usize {
            runtime.block_on(head.changed()).expect("the log is open");
            let (now, at) = (Instant::now(), *head.borrow_and_update());
            published.resize((at.0 - first.0) as usize, now);
        }
        published
    })
}

/// Follows the feed for so many events, and tells when it saw each.
async fn follow(engine: Engine, after: Position, events: usize) -> Vec<Instant> {
    let (mut feed, mut seen) = (engine.subscribe(after), Vec::with_capacity(events));
    for number in 0..events {
        let recorded = feed.next().await.expect("the feed goes on");
        seen.push(Instant::now());
        assert_eq!(recorded.position.0, after.0 + number as u64 + 1, "no event is left out");
    }
    seen
}
