//! Logs of growing length, the same for each benchmark that asks what a long log costs.

use super::arguments;
use super::past::Past;

/// The lengths, in events.
const SIZES: [usize; 4] = [10_000, 100_000, 1_000_000, 10_000_000];

/// The longest log unless `--events-max` says otherwise.
const EVENTS_MAX: usize = 1_000_000;

/// The longest log of a quick run.
const EVENTS_MAX_QUICK: usize = 100_000;

/// Lines of the desk: so few that a page of each list is full on the shortest log too.
const LINES: usize = 4;

/// Sessions that are open, whatever the length: a desk has so many customers at once.
const OPEN: usize = 320;

/// The lengths up to the longest one wanted.
pub fn all() -> Vec<usize> {
    let max = arguments::size("--events-max", EVENTS_MAX_QUICK, EVENTS_MAX);
    SIZES.into_iter().filter(|events| *events <= max).collect()
}

/// The past of a log of this length.
pub fn past(events: usize) -> Past {
    Past::of_events(events, LINES, OPEN)
}

/// The name of its store.
pub fn name(events: usize) -> String {
    format!("events-{events}")
}
