//! The reference host on loopback: creations, a list and the health page over HTTP.
//!
//! The host is the program itself, in a process of its own; the client shares the machine with it.
//! Closed loop: each connection waits for its answer before it asks again. Open loop: an offered
//! rate, with latencies from the intended moment. Where `wrk` is installed it reads too.
//!
//! `cargo bench --bench http -- [--quick] [--creations N] [--rate N] [--seconds N] [--runs N] [--only TEXT]`

use http::{host, load};
use support::{conditions, runs};

mod http {
    pub mod host;
    pub mod load;
    pub mod wrk;
}
mod support;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    conditions::print("http", "a creation is 3 events; a list's page has 50 sessions");
    let loads: Vec<_> = load::all().into_iter().filter(|load| runs::wanted(&load.label())).collect();
    runtime.block_on(async {
        for load in loads {
            let mut done = Vec::new();
            for _ in 0..runs::count() {
                let host = host::Host::start(load.contacts_needed()).await;
                done.extend(load::run(load, &host.asker).await);
                host.stop().await;
            }
            load::print(load, done);
        }
    });
}
