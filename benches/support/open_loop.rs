//! An offered rate: what is asked at its time whether or not the last answer came.
//!
//! A latency counts from the intended moment, so that a wait which holds up the asking itself is
//! not left out (coordinated omission).

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::latency;

/// Asks so many times at a rate, and gives the latency of each, in microseconds.
pub async fn run<F>(per_second: f64, count: usize, ask: impl FnMut(usize) -> F + Send + 'static) -> Vec<u32>
where
    F: Future<Output = ()> + Send + 'static,
{
    // A thread keeps the time: the runtime's timers are a millisecond coarse.
    let pacer = tokio::task::spawn_blocking(move || pace(per_second, count, ask));
    let asked = pacer.await.expect("the pacer does not panic");
    let mut latencies = Vec::with_capacity(count);
    for asked in asked {
        latencies.push(asked.await.expect("an answer comes"));
    }
    latencies
}

fn pace<F>(
    per_second: f64,
    count: usize,
    mut ask: impl FnMut(usize) -> F,
) -> Vec<tokio::task::JoinHandle<u32>>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (runtime, started) = (Handle::current(), Instant::now());
    let mut asked = Vec::with_capacity(count);
    for number in 0..count {
        let intended = started + Duration::from_secs_f64(number as f64 / per_second);
        std::thread::sleep(intended.saturating_duration_since(Instant::now()));
        let asking = ask(number);
        asked.push(runtime.spawn(async move {
            asking.await;
            latency::micros(intended.elapsed())
        }));
    }
    asked
}
