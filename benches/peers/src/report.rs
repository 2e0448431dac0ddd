//! The figures: medians over the rounds, each beside its yardstick, for people and as JSON lines.

use hdrhistogram::Histogram;

use crate::load::{Load, Run, Work};
use crate::roster::{BARE_FILE, SWITCHBOARD, SWITCHBOARD_NO_LOG, TEPHRA};

/// The runs of one peer under one load, one of each round.
pub struct Series {
    pub peer: &'static str,
    pub load: Load,
    pub runs: Vec<Run>,
}

/// What is read off a run.
type Reading = fn(&Run) -> f64;

/// Prints every figure of a load.
pub fn print(load: Load, series: &[Series]) {
    let mut of_load: Vec<&Series> = series.iter().filter(|series| same(series.load, load)).collect();
    if of_load.is_empty() {
        return;
    }
    of_load.sort_by(|a, b| median_of(b, Run::per_second).total_cmp(&median_of(a, Run::per_second)));
    println!("\n{}", heading(load));
    for series in &of_load {
        println!("{}", line(series));
    }
    for series in &of_load {
        for yardstick in yardsticks(series) {
            println!("{}", json(series, find(&of_load, yardstick), yardstick, rate_figure(load)));
        }
    }
    if load.clients == 1 {
        for series in &of_load {
            println!("{}", json(series, find(&of_load, BARE_FILE), BARE_FILE, LATENCY));
        }
    }
}

/// Whether two loads are compared with each other: slow peers create fewer sessions.
fn same(one: Load, other: Load) -> bool {
    let burst = |load: Load| matches!(load.work, Work::Burst { .. });
    (one.clients, one.lines, burst(one)) == (other.clients, other.lines, burst(other))
}

fn find<'a>(of_load: &[&'a Series], peer: &str) -> Option<&'a Series> {
    of_load.iter().find(|series| series.peer == peer).copied()
}

/// What a peer's rate is compared with; ours also with what limits it.
fn yardsticks(series: &Series) -> &'static [&'static str] {
    match (series.peer, series.load.work) {
        (SWITCHBOARD, Work::Burst { .. }) => &[TEPHRA, SWITCHBOARD_NO_LOG, BARE_FILE],
        _ => &[TEPHRA],
    }
}

fn heading(load: Load) -> String {
    let Load { clients, lines, work } = load;
    let clients = if clients == 1 { "1 client".to_owned() } else { format!("{clients} clients") };
    match work {
        Work::Burst { .. } => format!("burst, {clients} on {lines} lines"),
        Work::Sustained { duration } => {
            format!("sustained for {} s, {clients} on {lines} lines", duration.as_secs())
        }
    }
}

fn line(series: &Series) -> String {
    let at = |quantile| percentile(series, quantile);
    let lag = match series.load.work {
        Work::Burst { .. } if median_of(series, settled_ms) < 1.0 => String::new(),
        Work::Burst { .. } => {
            format!("   reads see all {:.0} ms after the last answer", median_of(series, settled_ms))
        }
        Work::Sustained { .. } => format!(
            "   lag at most {:.0} events, caught up {:.0} ms after the last answer",
            median_of(series, lag_max),
            median_of(series, settled_ms)
        ),
    };
    format!(
        "{:<19} {:>9.0}/s of {:>8.0}   p50 {:.0} µs  p99 {:.0} µs  p99.9 {:.0} µs  max {:.0} µs{lag}",
        series.peer,
        median_of(series, Run::per_second),
        median_of(series, created),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    )
}

/// A figure: its name, its unit, and what it is read from.
type Figure = (&'static str, &'static str, Reading);

const LATENCY: Figure = ("session_creation_latency", "µs", p50);

fn rate_figure(load: Load) -> Figure {
    match load.work {
        Work::Burst { .. } => ("session_creation", "creations/s", Run::per_second),
        Work::Sustained { .. } => ("session_creation_sustained", "creations/s", Run::per_second),
    }
}

/// One figure as one line; the ratio is the median of the rounds' own ratios.
fn json(series: &Series, yardstick: Option<&Series>, name: &str, figure: Figure) -> String {
    let (figure, unit, read) = figure;
    let (yardstick_value, ratio) = match yardstick {
        None => ("null".to_owned(), "null".to_owned()),
        Some(yardstick) => {
            let rounds = series.runs.iter().zip(&yardstick.runs);
            let ratio = median(rounds.map(|(run, measure)| read(run) / read(measure)).collect());
            (format!("{:.1}", median_of(yardstick, read)), format!("{ratio:.4}"))
        }
    };
    let parameters = format!(
        "\"peer\":\"{}\",\"clients\":{},\"lines\":{},\"count\":{:.0},\"rounds\":{}",
        series.peer,
        series.load.clients,
        series.load.lines,
        median_of(series, created),
        series.runs.len()
    );
    let value = median_of(series, read);
    let percentiles: String = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)]
        .map(|(name, quantile)| format!(",\"{name}_us\":{:.0}", percentile(series, quantile)))
        .concat();
    let lag = match series.load.work {
        Work::Burst { .. } => format!(",\"read_after_ms\":{:.0}", median_of(series, settled_ms)),
        Work::Sustained { duration } => format!(
            ",\"seconds\":{},\"lag_max_events\":{:.0},\"caught_up_after_ms\":{:.0}",
            duration.as_secs(),
            median_of(series, lag_max),
            median_of(series, settled_ms)
        ),
    };
    format!(
        "{{\"figure\":\"{figure}\",{parameters},\"value\":{value:.1},\"unit\":\"{unit}\",\
         \"yardstick\":\"{name}\",\"yardstick_value\":{yardstick_value},\"ratio\":{ratio}{percentiles}{lag}}}"
    )
}

fn created(run: &Run) -> f64 {
    run.created as f64
}

fn lag_max(run: &Run) -> f64 {
    run.lag_max as f64
}

fn settled_ms(run: &Run) -> f64 {
    run.settled.as_secs_f64() * 1e3
}

fn p50(run: &Run) -> f64 {
    quantile(&run.latencies, 0.5)
}

/// The median over the rounds of one percentile.
fn percentile(series: &Series, at: f64) -> f64 {
    median(series.runs.iter().map(|run| quantile(&run.latencies, at)).collect())
}

fn quantile(latencies: &Histogram<u64>, at: f64) -> f64 {
    latencies.value_at_quantile(at) as f64
}

fn median_of(series: &Series, read: impl Fn(&Run) -> f64) -> f64 {
    median(series.runs.iter().map(read).collect())
}

/// The middle value; of an even number the mean of the middle two.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn series(peer: &'static str, seconds: &[u64]) -> Series {
        let load = Load { clients: 64, lines: 64, work: Work::Burst { count: 100 } };
        let run = |&seconds: &u64| Run {
            created: 100,
            elapsed: Duration::from_secs(seconds),
            latencies: Histogram::new(3).expect("three digits are legal"),
            lag_max: 0,
            settled: Duration::ZERO,
        };
        Series { peer, load, runs: seconds.iter().map(run).collect() }
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds_not_the_ratio_of_the_medians() {
        // Rates of 10, 20 and 50 beside 50, 10 and 25: ratios of 0.2, 2 and 2; of the medians it is 0.8.
        let (ours, theirs) = (series("ours", &[10, 5, 2]), series(TEPHRA, &[2, 10, 4]));
        let line = json(&ours, Some(&theirs), TEPHRA, rate_figure(ours.load));
        assert_eq!(
            line,
            "{\"figure\":\"session_creation\",\"peer\":\"ours\",\"clients\":64,\"lines\":64,\"count\":100,\
             \"rounds\":3,\"value\":20.0,\"unit\":\"creations/s\",\"yardstick\":\"tephra\",\
             \"yardstick_value\":25.0,\"ratio\":2.0000,\"p50_us\":0,\"p90_us\":0,\"p99_us\":0,\
             \"p999_us\":0,\"max_us\":0}"
        );
    }

    #[test]
    fn without_its_yardstick_a_figure_has_no_ratio() {
        let ours = series("ours", &[10]);
        let line = json(&ours, None, TEPHRA, rate_figure(ours.load));
        assert!(line.contains("\"yardstick\":\"tephra\",\"yardstick_value\":null,\"ratio\":null,"), "{line}");
    }
}
