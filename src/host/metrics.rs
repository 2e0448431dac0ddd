//! Figures: requests by route and status, and what the engine counts.
//!
//! Must not have anything of a request's content in a label: routes are those of the router.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use switchboard::Engine;

use super::Host;

/// Bounds of the histogram in seconds: from an answer out of memory to a disk that stalls.
const BUCKETS: [f64; 12] = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: String,
    route: String,
}

type Latencies = Family<RouteLabels, Histogram, fn() -> Histogram>;

/// The host's figures.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    latencies: Latencies,
}

impl Metrics {
    /// Figures of a host over an engine, all at zero.
    #[must_use]
    pub fn new(engine: Engine) -> Metrics {
        let mut registry = Registry::with_prefix("switchboard");
        let requests = Family::default();
        let latencies: Latencies = Family::new_with_constructor(|| Histogram::new(BUCKETS));
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_duration_seconds", "Time until the answer's head", latencies.clone());
        registry.register_collector(Box::new(OfEngine(engine)));
        Metrics { registry, requests, latencies }
    }

    /// The figures as Prometheus reads them.
    #[must_use]
    pub fn text(&self) -> String {
        let mut written = String::new();
        match text::encode(&mut written, &self.registry) {
            Ok(()) => written,
            Err(error) => {
                tracing::error!(%error, "the figures could not be written");
                String::from("# EOF\n")
            }
        }
    }
}

/// Counts a request and its answer.
pub async fn observe(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    let method = method(request.method().as_str());
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let began = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let labels = RouteLabels { method: method.to_owned(), route };
    host.metrics.latencies.get_or_create(&labels).observe(began.elapsed().as_secs_f64());
    let RouteLabels { method, route } = labels;
    host.metrics.requests.get_or_create(&Labels { method, route, status }).inc();
    response
}

/// A method as a label: anybody may send any word, so that only known ones become series.
fn method(method: &str) -> &'static str {
    match method {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Reads the engine's figures when they are asked for.
struct OfEngine(Engine);

impl fmt::Debug for OfEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OfEngine")
    }
}

impl Collector for OfEngine {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let stats = self.0.stats();
        // The registry ends its own helps with a full stop, those of a collector stay as they are.
        let counters = [
            ("commands_accepted", "Commands answered with a receipt.", stats.accepted),
            ("commands_refused", "Commands that a rule refused.", stats.refused),
            ("commands_failed", "Commands that failed otherwise.", stats.failed),
            ("log_appends", "Appends acknowledged.", stats.log.appends),
            ("log_events", "Events acknowledged.", stats.log.events),
            ("log_syncs", "Syncs to the disk.", stats.log.syncs),
            ("log_conflicts", "Appends refused by a stale expectation.", stats.log.conflicts),
            ("log_bytes", "Bytes of frames written.", stats.log.bytes),
        ];
        for (name, help, value) in counters {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        let gauges = [
            ("log_head", "Position of the last durable event.", self.0.head().0),
            ("log_queued", "Appends waiting for the writer.", stats.log.queued),
            ("projection_lag", "Events that the projections have not folded.", stats.projection_lag),
            ("commands_under_way", "Commands under way.", stats.commands as u64),
            ("sessions_active", "Sessions whose actor lives.", stats.sessions_active as u64),
            ("lines_active", "Lines whose actor lives.", stats.lines_active as u64),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}
