//! Audit beside a running host: proving its log, writing it out, and the history of a session.
//!
//! What concerns the whole log is the administrators'; the history of a session its line's
//! supervisors' too. All of it ends at what the log holds when it is asked.

use std::io::{self, BufWriter, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use switchboard::audit::{self, Audit, AuditError, Head, History, Progress, Proof, Subject};
use switchboard::domain::id::SessionId;
use switchboard::log::Position;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::answer::{Reply, Shared};
use super::reading;
use crate::host::Host;
use crate::host::actor::Actor;
use crate::host::audit::json_lines;
use crate::host::extract::{Path, Query};
use crate::host::json::event::EventJson;
use crate::host::json::time::Time;
use crate::host::problem::{Problem, Sentence};

/// Audits at once: one proves while another is written out, and the desk still has a core.
pub const AUDITS_MAX: usize = 2;

/// How much is sent at once, and how many of it may wait for a slow reader.
const CHUNK_BYTES: usize = 64 << 10;
const CHUNKS_MAX: usize = 4;

/// What the log is compared with.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct VerifyQuery {
    /// A head that was noted before, HASH@POSITION.
    expect: Option<String>,
}

/// Until where the log is written out.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UntilQuery {
    /// The last position; what the log holds now without it.
    to: Option<u64>,
}

/// What was proved of the log.
#[derive(Serialize, ToSchema)]
pub struct ProofJson {
    /// The log's own id.
    log: Uuid,
    /// When it was created.
    created_at: Time,
    /// The log up to its last event, HASH@POSITION: to be noted elsewhere.
    head: String,
    /// Frames, each with its checksum and chained.
    frames: u64,
    /// Their bytes.
    bytes: u64,
    /// Events, at positions and versions without a gap.
    events: u64,
    /// Streams, whose every transition can have happened.
    streams: u64,
    /// Sessions among them.
    sessions: u64,
    /// Slots among them, at most one open session in each at every position.
    slots: u64,
}

impl From<Proof> for ProofJson {
    fn from(proof: Proof) -> ProofJson {
        let streams = proof.streams.unwrap_or_default();
        ProofJson {
            log: proof.log,
            created_at: Time(proof.created),
            head: proof.head.to_string(),
            frames: proof.frames,
            bytes: proof.bytes,
            events: proof.events,
            streams: streams.streams,
            sessions: streams.sessions,
            slots: streams.slots,
        }
    }
}

/// Proves the log: checksums, chain, positions, versions, transitions and slots.
#[utoipa::path(get, path = "/api/audit/verify", tag = "audit", params(VerifyQuery),
    responses((status = 200, body = ProofJson)))]
pub async fn verify(State(host): Shared, actor: Actor, Query(query): Query<VerifyQuery>) -> Reply<ProofJson> {
    actor.administrator()?;
    let expected: Vec<Head> =
        query.expect.iter().map(|text| text.parse()).collect::<Result<_, _>>().map_err(|_: String| {
            let detail = Sentence::new("expect — это HASH@POSITION", "`expect` is HASH@POSITION");
            Problem::new(StatusCode::BAD_REQUEST, "BadHead", detail)
        })?;
    let (opened, place) = begin(&host)?;
    // Ends with this handler, which ends with its client.
    let (_asking, asked) = watch::channel(());
    let proving = tokio::task::spawn_blocking(move || {
        let _place = place;
        let mut report = going_on(&host, || asked.has_changed().is_err());
        audit::verify(&opened, Position(1), None, &expected, &mut report)
    });
    let proof = proving.await.map_err(|error| AuditError::Failed(error.to_string()));
    Ok(Json(proof.and_then(|proof| proof).map_err(problem)?.into()))
}

/// Writes an archive of the log, from which `switchboard audit import` restores it byte by byte.
#[utoipa::path(get, path = "/api/audit/archive", tag = "audit", params(UntilQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn archive(
    State(host): Shared,
    actor: Actor,
    Query(query): Query<UntilQuery>,
) -> Result<Response, Problem> {
    actor.administrator()?;
    let to = until(&host, &query)?;
    written(host, "application/octet-stream", move |opened, out, report| {
        audit::archive(opened, to, out, report).map(|_| ())
    })
}

/// Writes the log as JSON Lines, with everything that its hashes are of.
#[utoipa::path(get, path = "/api/audit/export", tag = "audit", params(UntilQuery),
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
pub async fn export(
    State(host): Shared,
    actor: Actor,
    Query(query): Query<UntilQuery>,
) -> Result<Response, Problem> {
    actor.administrator()?;
    let to = until(&host, &query)?;
    written(host, "application/x-ndjson", move |opened, out, report| {
        json_lines(opened, (Position(1), to), out, report)
    })
}

/// Shows the timeline of a session: messages, assignments, presence and changes of the rules.
#[utoipa::path(get, path = "/api/audit/sessions/{session}/history", tag = "audit",
    params(("session" = Uuid, Path)),
    responses((status = 200, body = EventJson, content_type = "application/x-ndjson")))]
pub async fn history(
    State(host): Shared,
    actor: Actor,
    Path(session): Path<Uuid>,
) -> Result<Response, Problem> {
    let session = SessionId(session);
    let found = reading::session(&host, &actor, session).await?;
    host.engine.require_supervisor(&actor.principal, found.line).await?;
    let (opened, place) = begin(&host)?;
    let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
    tokio::spawn(async move {
        let _place = place;
        let mut history = History::new(opened.log(), Subject::Session(session), opened.head());
        let reader = sender.clone();
        let mut report = going_on(&host, move || reader.is_closed());
        loop {
            let line = match history.next(&mut report).await {
                Ok(None) => return,
                Ok(Some(recorded)) => {
                    serde_json::to_vec(&EventJson::from(&recorded)).map_err(io::Error::other)
                }
                Err(error) => Err(io::Error::other(error)),
            };
            let ended = line.is_err();
            let line = line.map(|mut line| {
                line.push(b'\n');
                Bytes::from(line)
            });
            // A reader who is gone has seen enough.
            if sender.send(line).await.is_err() || ended {
                return;
            }
        }
    });
    Ok(answer("application/x-ndjson", receiver))
}

type Chunk = Result<Bytes, io::Error>;

/// Answers with what is written meanwhile. What fails on the way breaks the connection off: the
/// reader has no end then, and an archive without an end is refused.
fn written(
    host: Arc<Host>,
    kind: &'static str,
    write: impl FnOnce(&Audit, &mut dyn Write, audit::Report<'_>) -> Result<(), AuditError> + Send + 'static,
) -> Result<Response, Problem> {
    let (opened, place) = begin(&host)?;
    let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let mut out = BufWriter::with_capacity(CHUNK_BYTES, Sending(sender.clone()));
        let reader = sender.clone();
        let mut report = going_on(&host, move || reader.is_closed());
        if let Err(error) = write(&opened, &mut out, &mut report) {
            tracing::error!(%error, "an export ended before its end");
            // What waits in the buffer would look like an end.
            let _ = out.into_parts();
            let _ = sender.blocking_send(Err(io::Error::other(error)));
        }
    });
    Ok(answer(kind, receiver))
}

fn answer(kind: &'static str, receiver: mpsc::Receiver<Chunk>) -> Response {
    ([(CONTENT_TYPE, kind)], Body::from_stream(Chunks(receiver))).into_response()
}

/// What is sent to a reader.
struct Chunks(mpsc::Receiver<Chunk>);

impl Stream for Chunks {
    type Item = Chunk;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Chunk>> {
        self.0.poll_recv(context)
    }
}

/// Sends what is written, on a thread that may wait for the reader.
struct Sending(mpsc::Sender<Chunk>);

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map(|()| bytes.len()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log up to now, and a place among the audits.
fn begin(host: &Host) -> Result<(Audit, OwnedSemaphorePermit), Problem> {
    let place = Arc::clone(&host.audits).try_acquire_owned().map_err(|_| {
        let detail = Sentence::new("Уже идут другие проверки журнала", "other audits are under way");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Busy", detail)
    })?;
    let opened = host.engine.audit().ok_or_else(|| {
        let detail = Sentence::new("У этого журнала нет блоков", "this log has no frames to audit");
        Problem::new(StatusCode::NOT_FOUND, "RouteNotFound", detail)
    })?;
    Ok((opened, place))
}

fn until(host: &Host, query: &UntilQuery) -> Result<Option<Position>, Problem> {
    let to = query.to.map(Position);
    if to.is_some_and(|to| to > host.engine.head()) {
        let detail = Sentence::new("Такой позиции в журнале нет", "the log has no such position");
        let head = host.engine.head().0;
        return Err(Problem::new(StatusCode::BAD_REQUEST, "BadPosition", detail).with("head", head));
    }
    Ok(to)
}

/// Goes on until the host stops, or who asked is gone: his place is another's then.
fn going_on<G: Fn() -> bool + Send>(
    host: &Arc<Host>,
    is_gone: G,
) -> impl FnMut(Progress) -> bool + Send + use<G> {
    let stopping = host.stopping.clone();
    move |_| !*stopping.borrow() && !is_gone()
}

fn problem(error: AuditError) -> Problem {
    match error {
        AuditError::Fault(fault) => {
            let ru = format!("Журнал повреждён: позиция {}", fault.position);
            let en = format!("the log is not what was written: position {}", fault.position);
            let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "LogFault", Sentence::new(ru, en));
            problem.with("position", fault.position.0).with("reason", fault.reason)
        }
        other => {
            tracing::error!(error = %other, "an audit did not come to its end");
            let detail = Sentence::new("Проверка не дошла до конца", "the audit did not come to its end");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "AuditFailed", detail)
        }
    }
}
