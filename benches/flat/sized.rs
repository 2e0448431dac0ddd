//! The figures of logs of growing length, each with its ratio to the shortest.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tokio::runtime::Runtime;

use crate::support::figure::{Figure, rounded};
use crate::support::folder::{self, Folder};
use crate::support::store::Store;
use crate::support::{child, runs, sizes};

/// What a figure of the longest log may be of that of the shortest.
const TIMES_MAX: f64 = 2.0;

/// What an event may take on the disk, of its bytes in the log's frames.
const DISK_TIMES_MAX: f64 = 2.0;

/// Logs up to this length are copied for each run: the run itself would make them longer.
const COPIED_EVENTS_MAX: usize = 100_000;

/// What is measured, by the name that the part tells it under.
const FIGURES: [(&str, &str); 12] = [
    ("creation", "µs, median, one client"),
    ("creation_cpu", "µs of processor time, 64 clients"),
    ("creations_per_second", "creations/s, 64 clients"),
    ("activation_open", "µs, median"),
    ("activation_closed", "µs, median"),
    ("session", "µs, median"),
    ("transcript", "µs, median"),
    ("card", "µs, median"),
    ("list_active", "µs, median"),
    ("list_closed", "µs, median"),
    ("resident_opened_mb", "MB resident"),
    ("resident_active_mb", "MB resident"),
];

/// Measures every length and prints the figures.
pub fn print(runtime: &Runtime) {
    let mut shortest: Option<Vec<f64>> = None;
    for events in sizes::all() {
        let made = runtime.block_on(Store::of(&sizes::name(events), &sizes::past(events)));
        disk(&made, events);
        let told: Vec<Value> = (0..runs::count()).map(|run| part(&made, events, run)).collect();
        let mut medians = Vec::new();
        for (nth, (name, unit)) in FIGURES.into_iter().enumerate() {
            let values: Vec<f64> = told.iter().map(|told| child::number(told, name)).collect();
            let (median, all) = runs::median(values, |value| *value);
            let figure = Figure::new("flat").with("of", name).with("events", events).value(median, unit);
            let yardstick = shortest.as_ref().map_or(median, |shortest| shortest[nth]);
            figure
                .yardstick("the same on the shortest log", Some(yardstick))
                .also("at_most", (name != "creations_per_second").then_some(TIMES_MAX))
                .also("runs", all)
                .print();
            medians.push(median);
        }
        shortest.get_or_insert(medians);
    }
}

fn part(made: &Store, events: usize, run: usize) -> Value {
    let copy = (events <= COPIED_EVENTS_MAX).then(|| Folder::new("flat-copy"));
    let folder: PathBuf = match &copy {
        Some(copy) => {
            copy_into(&made.path(), copy.path());
            copy.path().join("store")
        }
        None => made.path(),
    };
    folder::warm(&folder);
    let folder = folder.to_str().expect("the folder has a name");
    let (events, run) = (events.to_string(), run.to_string());
    child::run("grown", &["--folder", folder, "--events", &events, "--run", &run])
}

fn copy_into(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.is_ok_and(|status| status.success()), "the store is copied");
}

fn disk(made: &Store, events: usize) {
    let store = made.path();
    let per_event = |folder: &Path| folder::bytes_on_disk(folder) as f64 / made.events as f64;
    Figure::new("disk")
        .with("events", events)
        .with("events_exactly", made.events)
        .value(per_event(&store), "bytes on disk per event")
        .yardstick(
            "bytes of an event in the log's frames",
            Some(made.frame_bytes as f64 / made.events as f64),
        )
        .also("at_most", DISK_TIMES_MAX)
        .also("log", rounded(per_event(&store.join("log"))))
        .also("index", rounded(per_event(&store.join("index"))))
        .also("views", rounded(per_event(&store.join("views"))))
        .print();
}
