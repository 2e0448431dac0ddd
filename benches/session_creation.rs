//! Concurrent creation of sessions, through actors, rules and projections, durable before the answer.
//!
//! Closed loop: each client waits for its receipt before it asks again, so that a latency is what a
//! client waited, and the rate is what so many clients get. Open loop: an offered rate, with latencies
//! from the intended moment. All contacts exist before the clock starts: each is used once, so that
//! each creation reads a contact cold, or once by each line.
//! After each run the lists are read and compared with what was acknowledged.
//!
//! `cargo bench --bench session_creation -- [--quick] [--sessions N] [--sustained SECONDS] [--rate N]
//! [--runs N] [--list] [--load N] [--only TEXT] [--pause]`

use session_creation::load::{self, Load};
use session_creation::report;
use session_creation::run::{self, Run};
use support::{arguments, conditions, runs};

mod session_creation {
    pub mod client;
    pub mod load;
    pub mod report;
    pub mod run;
    pub mod verify;
    pub mod watch;
}
mod support;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let loads = load::all();
    if arguments::given("--list") {
        loads.iter().enumerate().for_each(|(number, load)| println!("{number:>2}  {}", load.label()));
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    conditions::print(
        "session_creation",
        "a creation is 3 events; frame_bytes_per_event tells their size in the log",
    );
    let only = arguments::number("--load");
    let is_wanted =
        |number: usize, load: &Load| only.is_none_or(|only| only == number) && runs::wanted(&load.label());
    let wanted: Vec<Load> =
        loads.iter().enumerate().filter(|(n, load)| is_wanted(*n, load)).map(|(_, load)| *load).collect();
    // The same load with and without a log stand next to each other and run in turns.
    for pair in wanted.chunk_by(|a, b| a.is_twin_of(b)) {
        let mut done: Vec<(Load, Vec<Run>)> = pair.iter().map(|load| (*load, Vec::new())).collect();
        for _ in 0..runs::count() {
            for (load, runs) in &mut done {
                runs.push(runtime.block_on(run::run(*load)));
            }
        }
        report::print(done);
    }
}
