//! A figure: one line for people, and one line of JSON for a script that compares.

use std::fmt::Write as _;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// The percentiles of a latency, as fields in microseconds.
const QUANTILES: [(&str, f64); 4] = [("p50_us", 0.5), ("p90_us", 0.9), ("p99_us", 0.99), ("p999_us", 0.999)];

/// One thing measured.
pub struct Figure {
    name: &'static str,
    parameters: Vec<(&'static str, Value)>,
    value: f64,
    unit: &'static str,
    yardstick: Option<&'static str>,
    yardstick_value: Option<f64>,
    also: Vec<(&'static str, Value)>,
}

impl Figure {
    /// A figure without a value yet.
    pub fn new(name: &'static str) -> Figure {
        let (value, unit, yardstick, yardstick_value) = (f64::NAN, "", None, None);
        Figure { name, parameters: Vec::new(), value, unit, yardstick, yardstick_value, also: Vec::new() }
    }

    /// Adds a parameter: under what it was measured.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Figure {
        self.parameters.push((name, value.into()));
        self
    }

    /// Sets what was measured.
    pub fn value(self, value: f64, unit: &'static str) -> Figure {
        Figure { value, unit, ..self }
    }

    /// Sets what it is compared with; without a value where that was not measured in this run.
    pub fn yardstick(self, yardstick: &'static str, value: Option<f64>) -> Figure {
        Figure { yardstick: Some(yardstick), yardstick_value: value, ..self }
    }

    /// Adds something measured beside it.
    pub fn also(mut self, name: &'static str, value: impl Into<Value>) -> Figure {
        self.also.push((name, value.into()));
        self
    }

    /// Adds the percentiles of a latency in microseconds.
    pub fn latencies(mut self, latencies: &Histogram<u64>) -> Figure {
        for (name, quantile) in QUANTILES {
            self.also.push((name, latencies.value_at_quantile(quantile).into()));
        }
        self.also.push(("max_us", latencies.max().into()));
        self
    }

    /// Prints both lines.
    pub fn print(&self) {
        println!("{}\n{}", self.sentence(), self.json());
    }

    fn ratio(&self) -> Option<f64> {
        self.yardstick_value.map(|yardstick| self.value / yardstick).filter(|ratio| ratio.is_finite())
    }

    fn sentence(&self) -> String {
        let mut text = self.name.to_owned();
        for (name, value) in &self.parameters {
            let _ = write!(text, " {name}={}", plain(value));
        }
        let _ = write!(text, ": {} {}", rounded(self.value), self.unit);
        if let (Some(yardstick), Some(ratio)) = (self.yardstick, self.ratio()) {
            let _ = write!(text, " ({ratio:.2} of {yardstick})");
        }
        for (name, value) in &self.also {
            let _ = write!(text, " {name}={}", plain(value));
        }
        text
    }

    /// The fields in the order that `docs/performance.md` names; `serde_json`'s own maps sort them.
    fn json(&self) -> String {
        let mut fields = vec![("figure", json!(self.name))];
        fields.extend(self.parameters.iter().cloned());
        fields.extend([
            ("value", json!(rounded(self.value))),
            ("unit", json!(self.unit)),
            ("yardstick", json!(self.yardstick)),
            ("yardstick_value", json!(self.yardstick_value.map(rounded))),
            ("ratio", json!(self.ratio().map(rounded))),
        ]);
        fields.extend(self.also.iter().cloned());
        let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{}:{value}", json!(name))).collect();
        format!("{{{}}}", fields.join(","))
    }
}

/// Five significant digits say more than any run can.
pub fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10_f64.powf(4.0 - value.abs().log10().floor());
    (value * scale).round() / scale
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
