//! `wrk` (Debian's package of that name), where it is installed.

use tokio::process::Command;

use super::host::Asker;

/// What it told.
pub struct Told {
    pub per_second: f64,
    pub latencies: Vec<(&'static str, f64)>,
}

/// The percentiles that `wrk --latency` prints; it has no correction for coordinated omission.
const PERCENTILES: [(&str, &str); 4] =
    [("50%", "p50_us"), ("75%", "p75_us"), ("90%", "p90_us"), ("99%", "p99_us")];

/// Reads a page for so many seconds.
pub async fn read(host: &Asker, path: &str, connections: usize, seconds: usize) -> Option<Told> {
    let mut command = Command::new("wrk");
    command.args(["--latency", "-t1", &format!("-c{connections}"), &format!("-d{seconds}s")]);
    command.args(["-H", &format!("Authorization: Bearer {}", host.token)]);
    let output = command.arg(format!("{}{path}", host.address)).output().await.ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Non-2xx"), "each answer is a page: {text}");
    let after = |word: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(word));
        line.map(|rest| rest.trim().to_owned())
    };
    let per_second = after("Requests/sec:").and_then(|rate| rate.parse().ok());
    let latency = |(word, name)| Some((name, micros(&after(word)?)?));
    let latencies = PERCENTILES.into_iter().filter_map(latency).collect();
    Some(Told { per_second: per_second.unwrap_or_else(|| panic!("wrk tells a rate: {text}")), latencies })
}

/// A time as `wrk` writes it, `1.23ms`, in microseconds.
fn micros(text: &str) -> Option<f64> {
    let (unit, scale) = [("us", 1.0), ("ms", 1_000.0), ("s", 1_000_000.0)]
        .into_iter()
        .find(|(unit, _)| text.ends_with(unit))?;
    text.strip_suffix(unit)?.parse::<f64>().ok().map(|number| number * scale)
}
