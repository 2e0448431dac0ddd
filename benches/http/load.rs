//! The ways to ask the host, and their figures.

use std::sync::Arc;
use std::time::Instant;

use hdrhistogram::Histogram;

use super::host::Asker;
use super::wrk;
use crate::support::figure::Figure;
use crate::support::{arguments, latency, open_loop, runs};

/// Events of one creation.
const EVENTS: u64 = 3;

/// Creations of a single connection: it waits for a sync each time.
const CREATIONS_ALONE_MAX: usize = 1_000;

/// The sessions that the list has, before pages of it are read.
const LISTED: usize = 200;

/// The pages that are read.
pub const LIST: &str = "/api/sessions?list=my&limit=50";
pub const HEALTH: &str = "/healthz";

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    Creation,
    Page(&'static str),
}

/// How it is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum How {
    /// So many connections, each waiting for its answers.
    Closed(usize),
    /// So many a second.
    Offered(usize),
    /// By `wrk`, over so many connections.
    Wrk(usize),
}

/// One way to ask.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    what: What,
    how: How,
    count: usize,
}

/// What one run measured.
pub struct Run {
    per_second: f64,
    latencies: Vec<(&'static str, f64)>,
}

/// All of them.
pub fn all() -> Vec<Load> {
    let creations = arguments::size("--creations", 300, 20_000);
    let (rate, seconds) = (arguments::size("--rate", 200, 1_000), seconds());
    let mut loads = Vec::new();
    for connections in [1, 64, 256] {
        let count = if connections == 1 { creations.min(CREATIONS_ALONE_MAX) } else { creations };
        loads.push(Load { what: What::Creation, how: How::Closed(connections), count });
    }
    loads.push(Load { what: What::Creation, how: How::Offered(rate), count: rate * seconds });
    for page in [LIST, HEALTH] {
        let what = What::Page(page);
        loads.push(Load { what, how: How::Closed(64), count: creations });
        loads.push(Load { what, how: How::Offered(rate), count: rate * seconds });
        loads.push(Load { what, how: How::Wrk(64), count: 0 });
    }
    loads
}

/// How long a rate is offered, and `wrk` runs.
fn seconds() -> usize {
    arguments::size("--seconds", 1, 10)
}

impl Load {
    /// The load in words, as `--only` finds it.
    pub fn label(&self) -> String {
        let how = match self.how {
            How::Closed(connections) => format!("closed connections={connections}"),
            How::Offered(rate) => format!("open rate={rate}"),
            How::Wrk(connections) => format!("wrk connections={connections}"),
        };
        format!("{how} what={}", self.word())
    }

    fn word(&self) -> &'static str {
        match self.what {
            What::Creation => "creation",
            What::Page(LIST) => "list",
            What::Page(_) => "health",
        }
    }

    /// Customers that the host needs.
    pub fn contacts_needed(&self) -> usize {
        match self.what {
            What::Creation => self.count,
            What::Page(_) => LISTED,
        }
    }
}

/// Runs a load once; nothing where its program is not installed.
pub async fn run(load: Load, host: &Asker) -> Option<Run> {
    let asked = match load.what {
        What::Creation => None,
        What::Page(path) => {
            for contact in 0..LISTED {
                host.create(contact).await;
            }
            Some(path)
        }
    };
    if let (How::Wrk(connections), Some(path)) = (load.how, asked) {
        let told = wrk::read(host, path, connections, seconds()).await?;
        return Some(Run { per_second: told.per_second, latencies: told.latencies });
    }
    let (before, started) = (host.head().await, Instant::now());
    let latencies = match load.how {
        How::Closed(connections) => closed(load, host, connections).await,
        How::Offered(rate) => offered(load, host, rate).await,
        How::Wrk(_) => return None,
    };
    let per_second = latencies.len() as f64 / started.elapsed().as_secs_f64();
    let events = if asked.is_none() { latencies.len() as u64 * EVENTS } else { 0 };
    assert_eq!(host.head().await - before, events, "each creation wrote its events");
    let list = host.get(LIST).await;
    assert_eq!(list["items"].as_array().map_or(0, Vec::len), 50, "the list shows what was created");
    Some(Run { per_second, latencies: percentiles(&latency::histogram(&latencies)) })
}

async fn ask(load: Load, host: &Asker, number: usize) {
    match load.what {
        What::Creation => host.create(number).await,
        What::Page(path) => drop(host.get(path).await),
    }
}

async fn closed(load: Load, host: &Asker, connections: usize) -> Vec<u32> {
    let host = Arc::new(host.clone());
    let askers: Vec<_> = (0..connections)
        .map(|connection| {
            let host = Arc::clone(&host);
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                for number in (connection..load.count).step_by(connections) {
                    let asked = Instant::now();
                    ask(load, &host, number).await;
                    latencies.push(latency::micros(asked.elapsed()));
                }
                latencies
            })
        })
        .collect();
    let mut latencies = Vec::with_capacity(load.count);
    for asker in askers {
        latencies.extend(asker.await.expect("an asker ends"));
    }
    latencies
}

async fn offered(load: Load, host: &Asker, rate: usize) -> Vec<u32> {
    let host = Arc::new(host.clone());
    let asking = move |number| {
        let host = Arc::clone(&host);
        async move { ask(load, &host, number).await }
    };
    open_loop::run(rate as f64, load.count, asking).await
}

fn percentiles(histogram: &Histogram<u64>) -> Vec<(&'static str, f64)> {
    let at = |quantile| histogram.value_at_quantile(quantile) as f64;
    let max = histogram.max() as f64;
    vec![
        ("p50_us", at(0.5)),
        ("p90_us", at(0.9)),
        ("p99_us", at(0.99)),
        ("p999_us", at(0.999)),
        ("max_us", max),
    ]
}

/// Prints the median run.
pub fn print(load: Load, done: Vec<Run>) {
    if done.is_empty() {
        println!("{}: wrk is not installed", load.label());
        return;
    }
    let (run, all) = runs::median(done, |run| run.per_second);
    let figure = Figure::new("http").with("what", load.word());
    let figure = match load.how {
        How::Closed(connections) => figure.with("loop", "closed").with("connections", connections),
        How::Offered(rate) => figure.with("loop", "open").with("rate", rate),
        How::Wrk(connections) => figure.with("loop", "wrk").with("connections", connections),
    };
    let figure = figure.value(run.per_second, "answers/s");
    let figure = run.latencies.iter().fold(figure, |figure, (name, value)| figure.also(name, *value));
    figure.also("runs", all).print();
}
