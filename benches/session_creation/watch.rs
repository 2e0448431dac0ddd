//! A thread that watches a run: how far the projections are behind, and the rate of each second.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use switchboard::Engine;

/// How often it looks.
const EVERY: Duration = Duration::from_millis(100);

/// What it saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The most events that the projections were behind.
    pub lag_max: u64,
    /// The same at the median.
    pub lag_median: u64,
    /// Creations acknowledged in each whole second.
    pub per_second: Vec<u64>,
}

/// The thread.
pub struct Watch {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

impl Watch {
    /// Starts to watch. A thread of its own: a task would wait behind those that it watches.
    pub fn start(engine: &Engine) -> Watch {
        let (engine, ended) = (engine.clone(), Arc::new(AtomicBool::new(false)));
        let until = Arc::clone(&ended);
        let thread = std::thread::spawn(move || watch(&engine, &until));
        Watch { ended, thread }
    }

    /// Ends it.
    pub fn end(self) -> Seen {
        self.ended.store(true, Ordering::Relaxed);
        self.thread.join().expect("the watch does not panic")
    }
}

fn watch(engine: &Engine, ended: &AtomicBool) -> Seen {
    let (mut lags, mut per_second) = (Vec::new(), Vec::new());
    let (mut second, mut accepted) = (Instant::now(), engine.stats().accepted);
    while !ended.load(Ordering::Relaxed) {
        std::thread::sleep(EVERY);
        let stats = engine.stats();
        lags.push(stats.projection_lag);
        if second.elapsed() >= Duration::from_secs(1) {
            let rate = (stats.accepted - accepted) as f64 / second.elapsed().as_secs_f64();
            per_second.push(rate as u64);
            (second, accepted) = (Instant::now(), stats.accepted);
        }
    }
    lags.sort_unstable();
    let lag_median = lags.get(lags.len() / 2).copied().unwrap_or_default();
    Seen { lag_max: lags.last().copied().unwrap_or_default(), lag_median, per_second }
}
