//! For those who watch the host: whether it is well, and its figures.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Shared;
use crate::host::problem::{Problem, Sentence};

/// The media type of Prometheus's text.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How the host is.
#[derive(Serialize, ToSchema)]
pub struct HealthJson {
    /// `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// The position of the last durable event.
    head: u64,
    /// Events that the lists do not show yet.
    projection_lag: u64,
}

/// Tells whether the host takes commands.
#[utoipa::path(get, path = "/healthz", tag = "host", security(()), responses((status = 200, body = HealthJson)))]
pub async fn healthz(State(host): Shared) -> Result<Json<HealthJson>, Problem> {
    if host.engine.poisoned().is_some() {
        let detail = Sentence::new(
            "Журнал не принимает записи, сервер нужно запустить заново",
            "the log takes no appends, the host has to be started again",
        );
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Poisoned", detail));
    }
    let projection_lag = host.engine.stats().projection_lag;
    Ok(Json(HealthJson { status: "ok", head: host.engine.head().0, projection_lag }))
}

/// Shows the host's figures, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "host", security(()),
    responses((status = 200, body = String, content_type = "application/openmetrics-text")))]
pub async fn metrics(State(host): Shared) -> Response {
    ([(CONTENT_TYPE, OPENMETRICS)], host.metrics.text()).into_response()
}
