//! The figures of the runs of a load and of its twin without a log.

use super::load::{Amount, Load};
use super::run::Run;
use crate::support::figure::{Figure, rounded};
use crate::support::runs;

/// The least of the rate without a log that the rate with one is to be.
const OF_MEMORY_MIN: f64 = 0.4;

/// The clients that this is asked of.
const CLIENTS_OF_TARGET: usize = 1024;

/// The most of a bare append and sync that one client's median latency is to be.
const OF_BARE_MAX: f64 = 2.5;

/// Prints the medians; a load without a log comes first and is the yardstick of its twin.
pub fn print(done: Vec<(Load, Vec<Run>)>) {
    let mut in_memory = None;
    for (load, runs) in done {
        let (run, all) = runs::median(runs, rate(load));
        let value = rate(load)(&run);
        figure(load, &run, value, in_memory).also("runs", all).print();
        if !run.bare.is_empty() {
            latency(load, &run);
        }
        in_memory = (!load.durable).then_some(value);
    }
}

/// A sustained run has ended when reads see everything; a burst when all receipts are there.
fn rate(load: Load) -> impl Fn(&Run) -> f64 {
    move |run| match load.amount {
        Amount::Burst(_) | Amount::Offered(..) => run.per_second,
        Amount::Sustained(_) => run.per_second_read,
    }
}

fn named(figure: &'static str, load: Load, run: &Run) -> Figure {
    let figure = Figure::new(figure);
    let figure = match load.amount {
        Amount::Burst(_) | Amount::Sustained(_) => figure.with("clients", load.clients),
        Amount::Offered(..) => figure,
    };
    figure
        .with("lines", load.lines)
        .with("contacts", load.contacts.as_str())
        .with("log", if load.durable { "disk" } else { "memory" })
        .with("sessions", run.sessions)
}

fn figure(load: Load, run: &Run, value: f64, in_memory: Option<f64>) -> Figure {
    let figure = match load.amount {
        Amount::Burst(_) => named("session_creation", load, run),
        Amount::Sustained(time) => {
            named("session_creation_sustained", load, run).with("seconds", time.as_secs())
        }
        Amount::Offered(rate, time) => {
            let figure = named("session_creation_offered", load, run);
            figure.with("rate", rate).with("seconds", time.as_secs())
        }
    };
    let figure = figure.value(value, "creations/s");
    let figure = match load.amount {
        Amount::Burst(_) if load.durable => {
            // A few clients wait for the disk, whatever the actors cost.
            let target = (load.clients == CLIENTS_OF_TARGET).then_some(OF_MEMORY_MIN);
            figure.yardstick("the same actors with no log", in_memory).also("at_least", target)
        }
        Amount::Burst(_) | Amount::Sustained(_) | Amount::Offered(..) => figure,
    };
    let figure = figure
        .latencies(&run.latencies)
        .also("cpu_us_per_creation", rounded(run.cpu_us))
        .also("per_second_until_read", rounded(run.per_second_read))
        .also("lag_median_events", run.seen.lag_median)
        .also("lag_max_events", run.seen.lag_max);
    let figure = if load.durable {
        figure
            .also("events_per_sync", rounded(run.events_per_sync))
            .also("frame_bytes_per_event", rounded(run.bytes_per_event))
    } else {
        figure
    };
    match load.amount {
        Amount::Burst(_) | Amount::Offered(..) => figure,
        Amount::Sustained(_) => figure
            .also("slowest_second", run.seen.per_second.iter().min().copied())
            .also("per_second", run.seen.per_second.clone())
            .also("ran_out_of_contacts", run.ran_out),
    }
}

/// One client's latency against that of a bare file, measured in turns.
fn latency(load: Load, run: &Run) {
    let median = |of: &hdrhistogram::Histogram<u64>| of.value_at_quantile(0.5) as f64;
    named("creation_latency", load, run)
        .value(median(&run.latencies), "µs, median")
        .yardstick("append of as many bytes and fdatasync of a bare file", Some(median(&run.bare)))
        .also("at_most", OF_BARE_MAX)
        .latencies(&run.latencies)
        .print();
}
