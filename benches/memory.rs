//! Resident memory of a process that opens a store of many closed sessions and works in some open ones.
//!
//! A closed session is its claim, creation, assignment, closing and release. The open ones are
//! activated by a command that changes nothing, so that each has its actor and its state in memory.
//!
//! `cargo bench --bench memory -- [--quick] [--closed N] [--open N] [--at-once N] [--runs N]`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use support::desk::Desk;
use support::figure::{Figure, rounded};
use support::past::Past;
use support::store::{self, Store};
use support::{arguments, child, conditions, process, runs, sessions};

mod support;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a process with a million closed and ten thousand open sessions may take, in megabytes.
const RESIDENT_MB_MAX: f64 = 300.0;

/// Closed sessions of one contact, about.
const SESSIONS_PER_CONTACT: usize = 8;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    let past = past();
    if child::part().is_some() {
        let folder = arguments::text("--folder").expect("a part is told its folder");
        println!("{}", runtime.block_on(activate(&PathBuf::from(folder), past)));
        return;
    }
    conditions::print("memory", "a closed session is 5 events");
    let (closed, open) = (past.sessions - past.open, past.open);
    let made = runtime.block_on(Store::of("memory", &past));
    let folder = made.path();
    let folder = folder.to_str().expect("the folder has a name");
    let (numbers, quick) = ([closed.to_string(), open.to_string()], arguments::quick());
    let mut given = vec!["--folder", folder, "--closed", &numbers[0], "--open", &numbers[1]];
    given.extend(quick.then_some("--quick"));
    let at_once = arguments::text("--at-once");
    given.extend(at_once.iter().flat_map(|at_once| ["--at-once", at_once]));
    let told: Vec<Value> = (0..runs::count()).map(|_| child::run("activate", &given)).collect();
    let (told, all) = runs::median(told, |told| child::number(told, "active_mb"));
    let parameters =
        |figure: Figure| figure.with("closed", closed).with("open", open).with("events", made.events);
    let (opened, active) = (child::number(&told, "opened_mb"), child::number(&told, "active_mb"));
    parameters(Figure::new("memory"))
        .value(active, "MB resident")
        .yardstick("300 MB with 1,000,000 closed and 10,000 open sessions", Some(RESIDENT_MB_MAX))
        .also("at_most", 1.0)
        .also("opened_mb", opened)
        .also("most_mb", told["most_mb"].clone())
        .also("runs", all)
        .print();
    parameters(Figure::new("memory_per_open_session"))
        .value((active - opened) * 1024.0 / open as f64, "KB resident")
        .also("active_before_mb", rounded(opened))
        .print();
}

fn past() -> Past {
    let open = arguments::size("--open", 500, 10_000);
    let closed = arguments::size("--closed", 5_000, 1_000_000);
    Past {
        desk: Desk::new(64),
        sessions: closed + open,
        open,
        contacts: (closed / SESSIONS_PER_CONTACT).max(1),
        messages: 0,
        cards: 0,
    }
}

/// The part that a process of its own does.
async fn activate(folder: &Path, past: Past) -> Value {
    let past = Arc::new(past);
    let mb = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let engine = store::open(folder).await;
    let views = engine.read().await.expect("the projections run");
    assert_eq!(sessions::open(&views, &past.desk).await, past.open, "the lists show the open sessions");
    let opened = mb(process::resident_bytes());
    let numbers = (0..past.open).map(|nth| past.open_session(nth)).collect();
    sessions::activate(&engine, &past, numbers).await;
    assert_eq!(engine.stats().sessions_active, past.open, "each open session has its actor");
    let active = mb(process::resident_bytes());
    engine.close().await.expect("the engine closes");
    json!({ "opened_mb": opened, "active_mb": active, "most_mb": mb(process::resident_bytes_max()) })
}
