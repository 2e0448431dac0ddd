//! Live events as server-sent events: everything after a position that the asker may read.
//!
//! ```text
//!   Feed ─▶ Sight (who sees what) ─▶ [places] ─▶ connection
//!            └ unseen events still move the id, so that who comes back does not start over
//! ```

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, Sse};
use futures_core::Stream;
use serde::Deserialize;
use switchboard::engine::Feed;
use switchboard::log::Position;
use switchboard::wire::Recorded;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, MissedTickBehavior};
use utoipa::IntoParams;

use super::Host;
use super::actor::Actor;
use super::extract::Query;
use super::json::event::EventJson;
use super::problem::{Problem, Sentence};

mod places;
mod sight;
mod threads;

pub use places::Streams;
use places::{Full, Place};
use sight::Sight;
pub use threads::Threads;

/// Events that wait for a slow reader; the feed itself waits then, and nothing is lost.
const WAITING_MAX: usize = 64;

/// Octets of the events that wait, unless one is longer by itself: so many times the streams is what
/// slow readers cost, whatever is written to them.
const WAITING_BYTES_MAX: usize = 128 << 10;

/// Unseen events after which the reader is told how far the log is.
const UNSEEN_MAX: u32 = 256;

/// The time between signs of life: proxies drop what is silent for a minute or half of one.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How long a reader waits before it connects again.
const RETRY: Duration = Duration::from_secs(1);

/// Where to begin.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// The position after which to begin; without it and without `Last-Event-ID`, now.
    pub after: Option<u64>,
}

/// Follows the log: each event with its position as id; `Last-Event-ID` goes on after it.
#[utoipa::path(get, path = "/api/events", tag = "events",
    params(EventsQuery, ("Last-Event-ID" = Option<u64>, Header, description = "Comes before `after`.")),
    responses((status = 200, body = EventJson, content_type = "text/event-stream")))]
pub async fn events(
    State(host): State<Arc<Host>>,
    actor: Actor,
    headers: HeaderMap,
    Query(query): Query<EventsQuery>,
) -> Result<Sse<Events>, Problem> {
    follow(host, &actor, &headers, query.after).await
}

/// Follows the log for somebody.
///
/// # Errors
///
/// `BadPosition`; `TooManyStreams` and `Busy`; `PrincipalNotAllowed` for processes.
pub async fn follow(
    host: Arc<Host>,
    actor: &Actor,
    headers: &HeaderMap,
    after: Option<u64>,
) -> Result<Sse<Events>, Problem> {
    let after = begin(&host, headers, after)?;
    let sight = Sight::of(&host, actor).await?;
    let place = host.streams.take(actor.token).map_err(full)?;
    let (reader, receiver) = Reader::new(host.limits.stall());
    let (feed, token) = (host.engine.subscribe(after), actor.token);
    let follower = Follower {
        host: Arc::clone(&host),
        token,
        feed,
        sight,
        reader,
        told: after,
        unseen: 0,
        _place: place,
    };
    host.followers.follow(follower.run());
    Ok(Sse::new(Events { receiver }))
}

fn full(full: Full) -> Problem {
    match full {
        Full::All => {
            let detail = Sentence::new("Слишком много подписок", "there are too many streams of events");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "Busy", detail)
        }
        Full::Token { max } => {
            let ru = format!("С этим токеном уже открыто {max} подписок");
            let en = format!("this token has {max} streams of events already");
            let detail = Sentence::new(ru, en);
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "TooManyStreams", detail).with("max", max)
        }
    }
}

/// The position to begin after.
fn begin(host: &Host, headers: &HeaderMap, after: Option<u64>) -> Result<Position, Problem> {
    let head = host.engine.head();
    let bad = || {
        let detail = Sentence::new("Такой позиции в журнале нет", "the log has no such position");
        Problem::new(StatusCode::BAD_REQUEST, "BadPosition", detail).with("head", head.0)
    };
    let last = match headers.get("last-event-id") {
        None => None,
        Some(id) => Some(id.to_str().ok().and_then(|id| id.parse().ok()).ok_or_else(bad)?),
    };
    let after = last.or(after).map_or(head, Position);
    // Who knows more than the log holds has followed another log, and would miss events of this one.
    if after > head { Err(bad()) } else { Ok(after) }
}

/// The stream of one connection; it ends when its follower does.
pub struct Events {
    receiver: mpsc::Receiver<Waiting>,
}

impl Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.receiver.poll_recv(context).map(|waiting| waiting.map(|waiting| Ok(waiting.event)))
    }
}

/// Follows the log for one connection.
struct Follower {
    host: Arc<Host>,
    token: uuid::Uuid,
    feed: Feed,
    sight: Sight,
    reader: Reader,
    /// The last id that the reader has.
    told: Position,
    unseen: u32,
    /// Given back when following ends, also while the connection still stalls.
    _place: Place,
}

/// The reader has gone, reads nothing, or may read no longer.
#[derive(Debug, PartialEq, Eq)]
struct Gone;

impl Follower {
    async fn run(mut self) {
        let (mut stopping, reader) = (self.host.stopping.clone(), self.reader.sender.clone());
        tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => {}
            () = reader.closed() => {}
            _ = self.follow() => {}
        }
    }

    async fn follow(&mut self) -> Result<Infallible, Gone> {
        let start = Event::default().retry(RETRY).id(self.told.to_string());
        self.send(start, 0).await?;
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = tokio::select! {
                next = self.feed.next() => Some(next),
                _ = heartbeat.tick() => None,
            };
            match next {
                Some(Ok(recorded)) => self.show(&recorded).await?,
                Some(Err(error)) => {
                    tracing::error!(%error, "a stream of events ended");
                    return Err(Gone);
                }
                None => self.live().await?,
            }
        }
    }

    /// Shows an event to a reader who may see it.
    async fn show(&mut self, recorded: &Recorded) -> Result<(), Gone> {
        let seen = self.sight.sees(&self.host, recorded).await.map_err(|error| {
            tracing::error!(code = error.code(), "a stream of events ended");
            Gone
        })?;
        if !seen {
            self.unseen += 1;
            return if self.unseen >= UNSEEN_MAX { self.tell_position().await } else { Ok(()) };
        }
        let json = EventJson::from(recorded);
        let data = serde_json::to_string(&json).map_err(|_| Gone)?;
        self.told = recorded.position;
        self.unseen = 0;
        let (id, bytes) = (recorded.position.to_string(), data.len());
        self.send(Event::default().id(id).event(json.kind).data(data), bytes).await
    }

    /// Gives a sign of life to a reader whose token still opens.
    async fn live(&mut self) -> Result<(), Gone> {
        if !self.host.tokens.is_live(self.token) {
            return Err(Gone);
        }
        if self.feed.position() > self.told {
            return self.tell_position().await;
        }
        self.send(Event::default().comment(""), 0).await
    }

    /// Moves the reader's id past events that it does not see; an id without data is no event.
    async fn tell_position(&mut self) -> Result<(), Gone> {
        self.told = self.feed.position();
        self.unseen = 0;
        self.send(Event::default().id(self.told.to_string()), 0).await
    }

    /// Sends an event with so many octets of data.
    async fn send(&self, event: Event, bytes: usize) -> Result<(), Gone> {
        self.reader.send(event, bytes, || self.host.tokens.is_live(self.token)).await
    }
}

/// An event that waits for its reader, with the room that it takes.
struct Waiting {
    event: Event,
    _room: OwnedSemaphorePermit,
}

/// The way to a reader, who may be slow.
struct Reader {
    sender: mpsc::Sender<Waiting>,
    /// What is left of the octets that may wait.
    room: Arc<Semaphore>,
    stall: Duration,
}

impl Reader {
    fn new(stall: Duration) -> (Reader, mpsc::Receiver<Waiting>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (Reader { sender, room: Arc::new(Semaphore::new(WAITING_BYTES_MAX)), stall }, receiver)
    }

    /// Sends to a reader who may be slow, but not stand still, and whose token has to open meanwhile:
    /// what it misses is there when it comes back.
    async fn send(&self, event: Event, bytes: usize, is_live: impl Fn() -> bool) -> Result<(), Gone> {
        let room = u32::try_from(bytes.min(WAITING_BYTES_MAX)).unwrap_or(u32::MAX);
        let began = Instant::now();
        loop {
            let place = async {
                // Nobody closes the room; the sender tells when the reader has gone.
                let room = Arc::clone(&self.room).acquire_many_owned(room).await.map_err(|_| Gone)?;
                Ok((room, self.sender.reserve().await.map_err(|_| Gone)?))
            };
            match tokio::time::timeout(HEARTBEAT.min(self.stall), place).await {
                Ok(place) => {
                    let (room, place) = place?;
                    place.send(Waiting { event, _room: room });
                    return Ok(());
                }
                Err(_) if began.elapsed() >= self.stall || !is_live() => return Err(Gone),
                Err(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALL: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    async fn a_reader_who_stands_still_is_left_and_sooner_when_its_token_ends() {
        for (is_live, patience) in [(true, STALL), (false, HEARTBEAT)] {
            let (reader, _receiver) = Reader::new(STALL);
            for _ in 0..WAITING_MAX {
                reader.send(Event::default(), 0, || is_live).await.expect("there is a place");
            }
            let began = Instant::now();
            assert_eq!(reader.send(Event::default(), 0, || is_live).await, Err(Gone));
            assert_eq!(began.elapsed().as_secs(), patience.as_secs());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_octets_wait_and_one_event_that_is_longer_does_alone() {
        let (reader, mut receiver) = Reader::new(STALL);
        let half = WAITING_BYTES_MAX / 2;
        for _ in 0..2 {
            reader.send(Event::default(), half, || true).await.expect("there is room");
        }
        assert_eq!(reader.send(Event::default(), 1, || true).await, Err(Gone), "there is none");
        for _ in 0..2 {
            receiver.recv().await.expect("it waits");
        }
        reader.send(Event::default(), 10 * WAITING_BYTES_MAX, || true).await.expect("all is free");
        assert_eq!(reader.send(Event::default(), 1, || true).await, Err(Gone), "it takes all of it");
    }
}
