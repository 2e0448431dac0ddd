//! For those who watch the host: whether it is well, and its figures.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use switchboard::projection::ProjectionError;
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

/// Tells whether the host takes commands and shows what they did.
#[utoipa::path(get, path = "/healthz", tag = "host", security(()), responses((status = 200, body = HealthJson)))]
pub async fn healthz(State(host): Shared) -> Result<Json<HealthJson>, Problem> {
    if host.engine.poisoned().is_some() {
        return Err(poisoned());
    }
    if let Some(stopped) = host.engine.projections_stopped() {
        return Err(blind(&stopped));
    }
    let projection_lag = host.engine.stats().projection_lag;
    Ok(Json(HealthJson { status: "ok", head: host.engine.head().0, projection_lag }))
}

fn poisoned() -> Problem {
    let detail = Sentence::new(
        "Журнал не принимает записи, сервер нужно запустить заново",
        "the log takes no appends, the host has to be started again",
    );
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Poisoned", detail)
}

/// Commands are taken, but nothing can be read. Anybody may ask here: the kind and the place are
/// told, what stood there only the traces have.
fn blind(stopped: &ProjectionError) -> Problem {
    let (reason, position) = match stopped {
        ProjectionError::Store { .. } => ("store", None),
        ProjectionError::Log { after, .. } => ("log", Some(*after)),
        ProjectionError::Disorder { found, .. } => ("disorder", Some(*found)),
        ProjectionError::Undecodable { position, .. } => ("undecodable", Some(*position)),
        ProjectionError::Illegal { position, .. } => ("illegal", Some(*position)),
        ProjectionError::Panicked { position, .. } => ("panicked", Some(*position)),
        ProjectionError::Closed => ("closed", None),
    };
    let detail = Sentence::new(
        "Списки остановились, сервер нужно запустить заново",
        "the lists have stopped, the host has to be started again",
    );
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "ProjectionsStopped", detail);
    problem.with("reason", reason).with("position", position.map(|position| position.0))
}

/// Shows the host's figures, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "host", security(()),
    responses((status = 200, body = String, content_type = "application/openmetrics-text")))]
pub async fn metrics(State(host): Shared) -> Response {
    ([(CONTENT_TYPE, OPENMETRICS)], host.metrics.text()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard::domain::rejection::Lang;
    use switchboard::log::Position;

    #[test]
    fn lists_that_stopped_are_told_with_their_place_and_without_what_stood_there() {
        let (position, reason) = (Position(7), "+79161234567".to_owned());
        let told = blind(&ProjectionError::Undecodable { position, reason }).json(Lang::En);
        assert_eq!((&told["status"], &told["code"]), (&503.into(), &"ProjectionsStopped".into()));
        assert_eq!(told["facts"], serde_json::json!({ "reason": "undecodable", "position": 7 }));
        assert!(!told.to_string().contains("7916"), "{told}");
    }
}
