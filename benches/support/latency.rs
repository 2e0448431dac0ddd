//! Latencies: kept as they come, and told as percentiles of an HDR histogram.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest latency told apart, in microseconds: two minutes.
const LONGEST_US: u64 = 120_000_000;

/// A latency in microseconds. Four bytes each: a histogram for each of 1,024 clients would not fit the caches.
pub fn micros(latency: Duration) -> u32 {
    u32::try_from(latency.as_micros()).unwrap_or(u32::MAX)
}

/// The histogram of latencies, in microseconds with three significant digits.
pub fn histogram<'a>(latencies: impl IntoIterator<Item = &'a u32>) -> Histogram<u64> {
    let mut histogram = Histogram::new_with_bounds(1, LONGEST_US, 3).expect("the bounds are legal");
    for latency in latencies {
        histogram.saturating_record(u64::from(*latency));
    }
    histogram
}
