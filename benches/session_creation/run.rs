//! One run of a load: an engine in an empty folder, contacts, the clock, the clients, the check.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use switchboard::log::Log;
use switchboard::log::embedded::{EmbeddedLog, EmbeddedOptions};
use switchboard::log::memory::MemoryLog;
use switchboard::projection::Place;
use switchboard::{Engine, EngineOptions};

use super::client::{self, Created};
use super::load::{Amount, Load};
use super::verify;
use super::watch::{Seen, Watch};
use crate::support::bare::BareFile;
use crate::support::desk::Desk;
use crate::support::folder::Folder;
use crate::support::{arguments, latency, process};

/// Events of one creation: the slot's, and the session's two.
const EVENTS: u64 = 3;

/// What one run measured.
pub struct Run {
    /// Sessions created.
    pub sessions: usize,
    pub per_second: f64,
    /// The same until reads saw everything.
    pub per_second_read: f64,
    pub latencies: Histogram<u64>,
    /// Of the bare file, where it was measured.
    pub bare: Histogram<u64>,
    pub cpu_us: f64,
    pub events_per_sync: f64,
    pub bytes_per_event: f64,
    pub seen: Seen,
    pub ran_out: bool,
}

/// Runs a load once.
pub async fn run(load: Load) -> Run {
    let folder = Folder::new("session_creation");
    let (log, place): (Arc<dyn Log>, _) = if load.durable {
        let log = EmbeddedLog::open(folder.path(), EmbeddedOptions::default());
        (log.expect("the log opens in an empty folder"), Place::Folder(folder.path().join("views")))
    } else {
        (MemoryLog::new(), Place::Memory)
    };
    let options = EngineOptions::with_log(Arc::clone(&log), place);
    let engine = Engine::open(options).await.expect("the engine opens in an empty folder");
    let desk = Arc::new(Desk::new(load.lines));
    desk.set_up(&engine).await;
    desk.add_contacts(&log, load.contacts_needed()).await;
    drop(log);
    engine.read().await.expect("the projections run");
    pause().await;
    let alone = matches!(load.amount, Amount::Burst(_)) && load.durable && load.clients == 1;
    let bare = alone.then(|| BareFile::create(folder.path()));
    let run = measure(&engine, &desk, load, bare).await;
    engine.close().await.expect("the engine closes");
    run
}

/// Lets a profiler begin where the clock does.
async fn pause() {
    if arguments::given("--pause") {
        println!("READY");
        let _ = std::io::stdout().flush();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn measure(engine: &Engine, desk: &Arc<Desk>, load: Load, bare: Option<BareFile>) -> Run {
    let before = engine.stats().log;
    let (watch, cpu, started) = (Watch::start(engine), process::cpu_time(), Instant::now());
    let created = match load.amount {
        Amount::Burst(_) => closed_loop(engine, desk, load, None, bare).await,
        Amount::Sustained(time) => closed_loop(engine, desk, load, Some(started + time), bare).await,
        Amount::Offered(rate, _) => vec![client::offer(engine, desk, load, rate).await],
    };
    let elapsed = started.elapsed();
    engine.read().await.expect("the projections run");
    let (elapsed_read, cpu, seen) = (started.elapsed(), process::cpu_time() - cpu, watch.end());
    let after = engine.stats().log;
    let sessions: usize = created.iter().map(|created| created.sessions.len()).sum();
    let events = after.events - before.events;
    assert_eq!(events, sessions as u64 * EVENTS, "each creation wrote its events");
    verify::verify(engine, desk, &created).await;
    // The waits for the bare file are between those of a single client and not of them.
    let bare_time: u64 = created.iter().flat_map(|created| &created.bare).map(|us| u64::from(*us)).sum();
    let per_second =
        |time: Duration| sessions as f64 / (time - Duration::from_micros(bare_time)).as_secs_f64();
    Run {
        sessions,
        per_second: per_second(elapsed),
        per_second_read: per_second(elapsed_read),
        latencies: latency::histogram(created.iter().flat_map(|created| &created.latencies)),
        bare: latency::histogram(created.iter().flat_map(|created| &created.bare)),
        cpu_us: cpu.as_micros() as f64 / sessions as f64,
        events_per_sync: events as f64 / (after.syncs - before.syncs).max(1) as f64,
        bytes_per_event: (after.bytes - before.bytes) as f64 / events as f64,
        seen,
        ran_out: created.iter().any(|created| created.ran_out),
    }
}

async fn closed_loop(
    engine: &Engine,
    desk: &Arc<Desk>,
    load: Load,
    until: Option<Instant>,
    mut bare: Option<BareFile>,
) -> Vec<Created> {
    let clients: Vec<_> = (0..load.clients)
        .map(|client| {
            let (engine, desk) = (engine.clone(), Arc::clone(desk));
            tokio::spawn(client::create(engine, desk, load, client, until, bare.take()))
        })
        .collect();
    let mut created = Vec::with_capacity(load.clients);
    for client in clients {
        created.push(client.await.expect("a client ends"));
    }
    created
}
