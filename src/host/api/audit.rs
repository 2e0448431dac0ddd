//! Audit beside a running host: proving its log, writing it out, histories, the past, and other rules.
//!
//! What concerns the whole log is the administrators'; what concerns a line its supervisors' too. All of it
//! ends at what the log holds when it is asked.

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
use switchboard::audit::{self, Audit, AuditError, Head, Progress, Proof, ViewProof};
use switchboard::log::{Log, Position};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub mod decided;
pub mod history;
pub mod past;
pub mod what_if;

use super::answer::{Reply, Shared};
use crate::host::Host;
use crate::host::actor::Actor;
use crate::host::audit::{Scratch, json_lines};
use crate::host::extract::Query;
use crate::host::json::time::Time;
use crate::host::problem::{Problem, Sentence};

/// Audits of the whole log at once: one proves while another is written out, and the desk still has a core.
const WHOLE_MAX: usize = 2;

/// Questions about the past at once: each folds the log up to then, in a folder of its own.
const PAST_MAX: usize = 2;

/// Histories at once: each reads the log once, and holds little.
const HISTORIES_MAX: usize = 4;

/// JSON Lines.
const LINES: &str = "application/x-ndjson";

/// The places for audits, by what they take: a quick one does not wait for those that are long.
pub struct Places {
    whole: Arc<Semaphore>,
    past: Arc<Semaphore>,
    histories: Arc<Semaphore>,
}

impl Default for Places {
    fn default() -> Places {
        let places = |most| Arc::new(Semaphore::new(most));
        Places { whole: places(WHOLE_MAX), past: places(PAST_MAX), histories: places(HISTORIES_MAX) }
    }
}

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
    /// The first position; what the facts add up to is proved only from the first.
    from: Option<u64>,
    /// The last position; what the log holds now without it.
    to: Option<u64>,
    /// Whether the projections are folded anew as well, up to where they are, and compared.
    projections: Option<bool>,
}

/// Until where the log is written out.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct UntilQuery {
    /// The last position; what the log holds now without it.
    to: Option<u64>,
}

/// Which part of the log is written out.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RangeQuery {
    /// The first position, which the frame that holds it is from.
    from: Option<u64>,
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
    /// The first position of what was proved.
    from: u64,
    /// The log up to the last event of it, HASH@POSITION: to be noted elsewhere.
    head: String,
    /// Frames, each with its checksum and chained.
    frames: u64,
    /// Their bytes.
    bytes: u64,
    /// Events, at positions and versions without a gap.
    events: u64,
    /// Streams, whose every transition can have happened; `null` of a part that does not begin at the first
    /// position, of which this cannot be said.
    streams: Option<u64>,
    /// Sessions among them.
    sessions: Option<u64>,
    /// Slots among them, at most one open session in each at every position.
    slots: Option<u64>,
    /// The projections, where they were asked for: each as when it is folded anew.
    projections: Option<Vec<ViewProofJson>>,
}

/// What was proved of a projection.
#[derive(Serialize, ToSchema)]
pub struct ViewProofJson {
    /// Its name.
    name: String,
    /// Its entries, each as when it is folded anew.
    entries: u64,
}

impl ProofJson {
    fn of(proof: &Proof, views: Option<Vec<ViewProof>>) -> ProofJson {
        let view = |view: ViewProof| ViewProofJson { name: view.name.to_string(), entries: view.entries };
        let streams = proof.streams.as_ref();
        ProofJson {
            log: proof.log,
            created_at: Time(proof.created),
            from: proof.from.0,
            head: proof.head.to_string(),
            frames: proof.frames,
            bytes: proof.bytes,
            events: proof.events,
            streams: streams.map(|streams| streams.streams),
            sessions: streams.map(|streams| streams.sessions),
            slots: streams.map(|streams| streams.slots),
            projections: views.map(|views| views.into_iter().map(view).collect()),
        }
    }
}

/// Proves the log: checksums, chain, positions, versions, transitions and slots; and the projections.
#[utoipa::path(get, path = "/api/audit/verify", tag = "audit", params(VerifyQuery),
    responses((status = 200, body = ProofJson)))]
pub async fn verify(State(host): Shared, actor: Actor, Query(query): Query<VerifyQuery>) -> Reply<ProofJson> {
    actor.administrator()?;
    let expected: Vec<Head> =
        query.expect.iter().map(|text| text.parse()).collect::<Result<_, _>>().map_err(|_: String| {
            let detail = Sentence::new("expect — это HASH@POSITION", "`expect` is HASH@POSITION");
            Problem::new(StatusCode::BAD_REQUEST, "BadHead", detail)
        })?;
    let to = until(&host, query.to)?;
    let from = first(&host, query.from, to)?;
    let (opened, place) = begin(&host, &host.audits.whole)?;
    // Ends with this handler, which ends with its client.
    let (_asking, asked) = watch::channel(());
    let proving = tokio::spawn(async move {
        let _place = place;
        let mut report = going_on(&host, move || asked.has_changed().is_err());
        let log = opened.log();
        let proving = tokio::task::spawn_blocking(move || {
            audit::verify(&opened, from, to, &expected, &mut report).map(|proof| (proof, report))
        });
        let (proof, mut report) = proving.await.map_err(|error| failed(&error))??;
        let views = match query.projections {
            Some(true) => Some(views(&host, log, &mut report).await?),
            Some(false) | None => None,
        };
        Ok(ProofJson::of(&proof, views))
    });
    let proof = proving.await.map_err(|error| failed(&error)).and_then(|proof| proof);
    Ok(Json(proof.map_err(problem)?))
}

/// Compares the host's projections, as they are at one position, with what the log gives.
async fn views(
    host: &Host,
    log: Arc<dyn Log>,
    report: &mut (dyn FnMut(Progress) -> bool + Send),
) -> Result<Vec<ViewProof>, AuditError> {
    let scratch = Scratch::beside(&host.data)?;
    let running = host.engine.read().await?;
    audit::prove_views_beside(log, &running, scratch.path(), report).await
}

/// Writes an archive of the log, from which `switchboard audit import` restores it byte by byte.
#[utoipa::path(get, path = "/api/audit/archive", tag = "audit", params(UntilQuery),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
pub async fn archive(host: Shared, actor: Actor, query: Query<UntilQuery>) -> Result<Response, Problem> {
    let range = RangeQuery { from: None, to: query.0.to };
    written(host, &actor, &range, "application/octet-stream", |opened, (_, to), out, report| {
        audit::archive(opened, to, out, report).map(|_| ())
    })
}

/// Writes the log or a part of it as JSON Lines, with everything that its hashes are of.
#[utoipa::path(get, path = "/api/audit/export", tag = "audit", params(RangeQuery),
    responses((status = 200, body = String, content_type = "application/x-ndjson")))]
pub async fn export(host: Shared, actor: Actor, query: Query<RangeQuery>) -> Result<Response, Problem> {
    written(host, &actor, &query.0, LINES, json_lines)
}

/// Writes a log from a position up to another.
type WriteLog =
    fn(&Audit, (Position, Option<Position>), &mut dyn Write, audit::Report<'_>) -> Result<(), AuditError>;

type Chunk = Result<Bytes, io::Error>;

/// Answers with what is written meanwhile. What fails on the way breaks the connection off: the
/// reader has no end then, and an archive without an end is refused.
fn written(
    State(host): Shared,
    actor: &Actor,
    query: &RangeQuery,
    kind: &'static str,
    write: WriteLog,
) -> Result<Response, Problem> {
    actor.administrator()?;
    let to = until(&host, query.to)?;
    let from = first(&host, query.from, to)?;
    let (opened, place) = begin(&host, &host.audits.whole)?;
    let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let mut out = BufWriter::with_capacity(CHUNK_BYTES, Sending(sender.clone()));
        let reader = sender.clone();
        let mut report = going_on(&host, move || reader.is_closed());
        if let Err(error) = write(&opened, (from, to), &mut out, &mut report) {
            tracing::error!(%error, "an export ended before its end");
            // What waits in the buffer comes after it, where nobody reads it as an end.
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
fn begin(host: &Host, places: &Arc<Semaphore>) -> Result<(Audit, OwnedSemaphorePermit), Problem> {
    let place = Arc::clone(places).try_acquire_owned().map_err(|_| {
        let detail = Sentence::new("Уже идут другие проверки журнала", "other audits are under way");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Busy", detail)
    })?;
    let opened = host.engine.audit().ok_or_else(|| {
        let detail = Sentence::new("У этого журнала нет блоков", "this log has no frames to audit");
        Problem::new(StatusCode::NOT_FOUND, "RouteNotFound", detail)
    })?;
    Ok((opened, place))
}

/// The position that is meant, if one is; one that the log has.
fn until(host: &Host, to: Option<u64>) -> Result<Option<Position>, Problem> {
    let to = to.map(Position);
    if to.is_some_and(|to| to > host.engine.head()) { Err(no_position(host)) } else { Ok(to) }
}

/// The first position of a part; one that the log has, and not after the last. Of an empty log that is 1.
fn first(host: &Host, from: Option<u64>, to: Option<Position>) -> Result<Position, Problem> {
    let from = Position(from.unwrap_or(1).max(1));
    let last = to.unwrap_or_else(|| host.engine.head().max(Position(1)));
    if from > last { Err(no_position(host)) } else { Ok(from) }
}

fn no_position(host: &Host) -> Problem {
    let detail = Sentence::new("Такой позиции в журнале нет", "the log has no such position");
    let head = host.engine.head().0;
    Problem::new(StatusCode::BAD_REQUEST, "BadPosition", detail).with("head", head)
}

/// Goes on until the host stops, or who asked is gone: his place is another's then.
fn going_on<G: Fn() -> bool + Send>(
    host: &Arc<Host>,
    is_gone: G,
) -> impl FnMut(Progress) -> bool + Send + use<G> {
    let stopping = host.stopping.clone();
    move |_| !*stopping.borrow() && !is_gone()
}

fn failed(error: &dyn std::fmt::Display) -> AuditError {
    AuditError::Failed(error.to_string())
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
