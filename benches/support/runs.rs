//! Repeated runs: the median one speaks for all.

use super::arguments;

/// Runs of each load unless `--runs` says otherwise.
pub fn count() -> usize {
    arguments::size("--runs", 1, 5).max(1)
}

/// Whether `--only` leaves a load in: its label contains the text.
pub fn wanted(label: &str) -> bool {
    arguments::text("--only").is_none_or(|only| label.contains(&only))
}

/// The run whose value is the median, and the values of all in ascending order.
pub fn median<T>(mut runs: Vec<T>, value: impl Fn(&T) -> f64) -> (T, Vec<f64>) {
    runs.sort_by(|a, b| value(a).total_cmp(&value(b)));
    let values = runs.iter().map(|run| super::figure::rounded(value(run))).collect();
    let middle = runs.len() / 2;
    (runs.swap_remove(middle), values)
}
