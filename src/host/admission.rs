//! Who is let in to ask at all: heads of a bounded length, and nobody too often.
//!
//! Stands before every route; must not know what a request is about.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::address::Address;
use super::problem::{Problem, Sentence};
use super::{Host, actor};

/// The longest path with what stands behind it, in octets: a cursor and an address fit ten times over.
const URI_BYTES_MAX: usize = 8 << 10;

/// The longest headers of a request, names and values, in octets: more than browsers send, with the
/// cookies of other pages on the same host.
const HEADERS_BYTES_MAX: usize = 16 << 10;

/// Lets a request in, or tells why not.
pub async fn admit(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    match admitted(&host, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn admitted(host: &Host, request: &Request) -> Result<(), Problem> {
    let uri = request.uri();
    let length = uri.path().len() + uri.query().map_or(0, |query| query.len() + 1);
    if length > URI_BYTES_MAX {
        return Err(too_long(StatusCode::URI_TOO_LONG, "UriTooLong", URI_BYTES_MAX));
    }
    if octets(request.headers()) > HEADERS_BYTES_MAX {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(too_long(status, "HeadersTooLarge", HEADERS_BYTES_MAX));
    }
    let counted = match actor::who(host, request.method(), request.headers()) {
        Ok(token) => host.rates.by_token(token.id),
        // Connections put the address there; there is no other way in.
        Err(_) => match request.extensions().get::<Address>() {
            Some(address) => host.rates.by_address(*address),
            None => Ok(()),
        },
    };
    counted.map_err(too_often)
}

fn octets(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

fn too_long(status: StatusCode, code: &'static str, max: usize) -> Problem {
    let (ru, en) = match status {
        StatusCode::URI_TOO_LONG => {
            ("Путь с параметрами длиннее", "the path and its parameters are longer than")
        }
        _ => ("Заголовки запроса вместе длиннее", "the headers of the request together are longer than"),
    };
    let detail = Sentence::new(format!("{ru} {max} октетов"), format!("{en} {max} octets"));
    Problem::new(status, code, detail).with("max", max)
}

fn too_often(wait: Duration) -> Problem {
    let seconds = wait.as_millis().div_ceil(1_000).max(1);
    let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
    let detail = Sentence::new(
        format!("Слишком много запросов подряд, повторите через {seconds} с"),
        format!("too many requests in a row, ask again in {seconds} s"),
    );
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", detail).after(seconds)
}
