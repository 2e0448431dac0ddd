//! What a request brings: its body, path and query, or a problem that says what is wrong where.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use super::problem::{Problem, Sentence};
use super::{Host, language};

/// The largest body of most requests: an operator's text of one mebibyte as it is, and what goes
/// with it. Clients that escape every letter reach it with texts of a third.
pub const BODY_BYTES_MAX: usize = 2 << 20;

/// The largest body of a customer's message, whose escapes its channel cannot choose: a text of one
/// mebibyte is three as `\u044f`, and six at the very worst.
pub const INBOUND_BYTES_MAX: usize = 8 << 20;

/// A body of JSON, of so many octets at most.
pub struct Body<T, const BYTES_MAX: usize = BODY_BYTES_MAX>(pub T);

impl<T: DeserializeOwned, const BYTES_MAX: usize> FromRequest<Arc<Host>> for Body<T, BYTES_MAX> {
    type Rejection = Problem;

    async fn from_request(mut request: Request, host: &Arc<Host>) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = Sentence::new(
                "Тело запроса должно быть application/json",
                "the body has to be application/json",
            );
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", detail));
        }
        if announced(request.headers()).is_some_and(|bytes| bytes > BYTES_MAX as u64) {
            return Err(too_long(BYTES_MAX));
        }
        DefaultBodyLimit::max(BYTES_MAX).apply(&mut request);
        let bytes = tokio::time::timeout(host.limits.body(), Bytes::from_request(request, host)).await;
        let bytes = bytes.map_err(|_| too_slow())?.map_err(|rejection| unread(&rejection, BYTES_MAX))?;
        serde_json::from_slice(&bytes).map(Body).map_err(|error| bad_json(&error))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// How long the body will be, where the request says it.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn unread(rejection: &BytesRejection, bytes_max: usize) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return too_long(bytes_max);
    }
    let detail = Sentence::new("Тело запроса не прочиталось", "the body could not be read");
    Problem::new(StatusCode::BAD_REQUEST, "BodyUnreadable", detail)
}

fn too_long(bytes_max: usize) -> Problem {
    let ru = format!("Тело запроса длиннее {bytes_max} октетов");
    let en = format!("the body is longer than {bytes_max} octets");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "BodyTooLarge", Sentence::new(ru, en)).with("max", bytes_max)
}

fn too_slow() -> Problem {
    let detail = Sentence::new("Тело запроса идёт слишком долго", "the body takes too long");
    Problem::new(StatusCode::REQUEST_TIMEOUT, "BodyTooSlow", detail)
}

fn bad_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let ru = format!("JSON не подходит, строка {line}, знак {column}: {error}");
    let en = format!("unsuitable JSON at line {line}, column {column}: {error}");
    Problem::new(StatusCode::BAD_REQUEST, "BadJson", Sentence::new(ru, en))
        .with("line", line)
        .with("column", column)
}

/// The variable parts of a path.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem> {
        let found = axum::extract::Path::from_request_parts(parts, state).await;
        found.map(|axum::extract::Path(found)| Path(found)).map_err(|rejection| {
            let reason = rejection.body_text();
            let ru = format!("Путь не подходит: {reason}");
            Problem::new(StatusCode::BAD_REQUEST, "BadPath", Sentence::new(ru, reason))
        })
    }
}

/// What stands behind the question mark.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Query<T>, Problem> {
        let found = axum::extract::Query::from_request_parts(parts, state).await;
        found.map(|axum::extract::Query(found)| Query(found)).map_err(|rejection| {
            let reason = rejection.body_text();
            let ru = format!("Параметры не подходят: {reason}");
            Problem::new(StatusCode::BAD_REQUEST, "BadQuery", Sentence::new(ru, reason))
        })
    }
}

/// The language of the answer's sentences.
pub struct Language(pub switchboard::domain::rejection::Lang);

impl<S: Send + Sync> FromRequestParts<S> for Language {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Language, Problem> {
        Ok(Language(language::preferred(&parts.headers)))
    }
}
