//! Opening an engine on a long log: until the first list is read, and the memory that it takes then.
//!
//! Each opening is a process of its own. Cold: the page cache is emptied before, where that is
//! allowed. Warm: the store was read just before.
//!
//! `cargo bench --bench open -- [--quick] [--events-max N] [--runs N] [--only TEXT] [--keep]`

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};
use support::figure::Figure;
use support::past::Past;
use support::store::{self, Store};
use support::{arguments, child, conditions, process, runs, sizes};
use switchboard::log::embedded::{EmbeddedOptions, Verify};
use switchboard::projection::PageOf;
use switchboard::{Engine, EngineOptions};

mod support;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What opening ten million events may take, in seconds.
const SECONDS_MAX: f64 = 2.0;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    if let Some(verify) = child::part() {
        let folder = arguments::text("--folder").expect("a part is told its folder");
        println!("{}", runtime.block_on(open(&PathBuf::from(folder), &verify)));
        return;
    }
    conditions::print("open", "sessions of four messages, about 14 events each");
    for events in sizes::all() {
        let past = sizes::past(events);
        let made = runtime.block_on(Store::of(&sizes::name(events), &past));
        for (verify, cold) in [("tail", true), ("all", true), ("tail", false), ("all", false)] {
            let word = if cold { "cold" } else { "warm" };
            if runs::wanted(&format!("events={events} verify={verify} {word}")) {
                measure(&made, events, verify, cold, &past);
            }
        }
    }
}

fn measure(made: &Store, events: usize, verify: &str, cold: bool, past: &Past) {
    let folder = made.path();
    let folder = folder.to_str().expect("the folder has a name");
    let mut emptied = cold;
    if !cold {
        child::run(verify, &["--folder", folder]);
    }
    let opened: Vec<Value> = (0..runs::count())
        .map(|_| {
            emptied = emptied && child::drop_page_cache();
            child::run(verify, &["--folder", folder])
        })
        .collect();
    let page_cache = match (cold, emptied) {
        (true, true) => "emptied",
        (true, false) => "could not be emptied",
        (false, _) => "warm",
    };
    let (told, all) = runs::median(opened, |told| child::number(told, "seconds"));
    Figure::new("open")
        .with("events", events)
        .with("events_exactly", made.events)
        .with("open_sessions", past.open)
        .with("verify", verify)
        .with("page_cache", page_cache)
        .value(child::number(&told, "seconds"), "s until the first list is read")
        .yardstick("2 s for 10,000,000 events", Some(SECONDS_MAX))
        .also("at_most", 1.0)
        .also("opened_s", told["opened"].clone())
        .also("resident_mb", told["resident_mb"].clone())
        .also("resident_mb_max", told["resident_mb_max"].clone())
        .also("runs", all)
        .print();
}

/// The part that a process of its own does.
async fn open(folder: &Path, verify: &str) -> Value {
    let past = sizes::past(0);
    child::read_program();
    let verify = if verify == "all" { Verify::All } else { Verify::Tail };
    let started = Instant::now();
    let options = EmbeddedOptions { verify, ..store::tail() };
    let engine = Engine::open(EngineOptions::at_with(folder, options)).await.expect("the engine opens");
    let opened = started.elapsed();
    let views = engine.read().await.expect("the projections run");
    let list = views.active(&[past.desk.lines[0].line], PageOf::first(50)).await.expect("a list is read");
    let read = started.elapsed();
    assert!(!list.items.is_empty(), "sessions of the first line are open");
    let told = json!({
        "opened": opened.as_secs_f64(),
        "seconds": read.as_secs_f64(),
        "resident_mb": process::resident_bytes() >> 20,
        "resident_mb_max": process::resident_bytes_max() >> 20,
    });
    engine.close().await.expect("the engine closes");
    told
}
