//! What lines refuse, kept in the log behind the backs of those who were refused.
//!
//! A command that is accepted is not touched by it, and one that is refused waits for nothing: what is
//! kept goes through a bounded queue to one task, which writes it. What finds no place there, or comes
//! beyond a day's bound, is only counted.
//!
//! ```text
//!   refused ─▶ its line's audit is on? ─▶ queue ─▶ task ─▶ Stream::Refusals(line, day)
//!                                            └ full: counted
//! ```

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::actor::World;
use crate::domain::command::{
    CreateSession, ElementCommand, LineCommand, ReceiveMessage, SendInitiated, SessionCommand,
};
use crate::domain::event::{Event, Fact, Stream};
use crate::domain::id::{ElementRef, LineId, PolicyRevision, SessionId};
use crate::domain::refused::{Asked, Day, RefusalDay, RefusalEvent, Refused};
use crate::domain::rejection::Rejection;
use crate::domain::time::Timestamp;
use crate::log::{AppendError, Version};
use crate::request::{Caller, CommandError};
use crate::store::{Decision, Guards};

/// Refusals waiting to be written: a day's of one line.
const WAITING_MAX: usize = 1_024;

/// Attempts at writing one, where another engine writes to the same log.
const CONFLICTS_MAX: usize = 8;

/// A command that may be refused, as it is remembered until it is answered.
pub(super) struct Attempt {
    pub caller: Caller,
    pub digest: u64,
    pub asked: Remembered,
    /// Held, never read: closing waits until a refusal has found its place in the queue.
    pub _permit: Arc<OwnedSemaphorePermit>,
}

/// What was asked for, shared with whoever decides it.
pub(super) enum Remembered {
    /// Something that no line refuses.
    OfNoLine,
    Element(ElementRef, LineId, Arc<ElementCommand>),
    Line(LineId, Arc<LineCommand>),
    Create(Arc<CreateSession>),
    Session(SessionId, Arc<SessionCommand>),
    Receive(Arc<ReceiveMessage>),
    Initiate(Arc<SendInitiated>),
}

/// Keeps what lines refuse.
pub(super) struct Refusals {
    queue: Mutex<Option<mpsc::Sender<Letter>>>,
    task: Mutex<Option<JoinHandle<()>>>,
    /// Those that found no place in the queue.
    dropped: Arc<Mutex<HashMap<LineId, u64>>>,
}

enum Letter {
    Keep(Box<Kept>),
    /// Asks to be told when everything before it is written.
    Settle(oneshot::Sender<()>),
}

struct Kept {
    line: LineId,
    caller: Caller,
    digest: u64,
    revision: PolicyRevision,
    time: Timestamp,
    refused: Refused,
}

impl Refusals {
    /// Begins to keep refusals. The task ends when this is dropped.
    pub fn start(world: Arc<World>) -> Refusals {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        let dropped = Arc::default();
        let writer = Writer { world, dropped: Arc::clone(&dropped), days: HashMap::new() };
        let task = tokio::spawn(writer.run(waiting));
        Refusals { queue: Mutex::new(Some(queue)), task: Mutex::new(Some(task)), dropped }
    }

    /// Takes what was refused, if its line keeps it.
    pub async fn take(&self, world: &World, attempt: &Attempt, rejection: &Rejection) {
        match kept(world, attempt, rejection).await {
            Ok(None) => {}
            Ok(Some(kept)) => self.send(kept),
            Err(error) => tracing::warn!(%error, "a refusal could not be kept"),
        }
    }

    fn send(&self, kept: Kept) {
        let line = kept.line;
        let queue = locked(&self.queue).clone();
        if queue.is_none_or(|queue| queue.try_send(Letter::Keep(Box::new(kept))).is_err()) {
            *locked(&self.dropped).entry(line).or_default() += 1;
        }
    }

    /// Waits until what was refused so far is in the log, or counted.
    pub async fn settle(&self) {
        let queue = locked(&self.queue).clone();
        let (told, settled) = oneshot::channel();
        if let Some(queue) = queue
            && queue.send(Letter::Settle(told)).await.is_ok()
        {
            // A task that is gone has nothing left to write.
            let _ = settled.await;
        }
    }

    /// Writes what waits, and takes nothing more.
    pub async fn close(&self) {
        drop(locked(&self.queue).take());
        let task = locked(&self.task).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "refusals were not kept to their end");
        }
    }
}

/// What is kept of a refused command; `None` where its line keeps nothing, or it has none.
async fn kept(world: &World, attempt: &Attempt, rejection: &Rejection) -> Result<Option<Kept>, CommandError> {
    let store = &world.store;
    let line = match &attempt.asked {
        Remembered::OfNoLine => None,
        Remembered::Element(_, line, _) | Remembered::Line(line, _) => Some(*line),
        Remembered::Create(create) => Some(create.line),
        Remembered::Session(session, _) => store.session_line(*session).await?,
        Remembered::Receive(receive) => store.channel_line(receive.channel).await?,
        Remembered::Initiate(send) => Some(send.line),
    };
    let (Some(line), Some(asked)) = (line, attempt.asked.asked()) else { return Ok(None) };
    let known = store.line(line).await?;
    let Some(state) = known.state.as_ref().filter(|state| state.refusal_audit) else { return Ok(None) };
    Ok(Some(Kept {
        line,
        caller: attempt.caller.clone(),
        digest: attempt.digest,
        revision: state.revision,
        time: store.now(),
        refused: Refused::new(asked, rejection, state),
    }))
}

impl Remembered {
    fn asked(&self) -> Option<Asked<'_>> {
        match self {
            Remembered::OfNoLine => None,
            Remembered::Element(element, _, command) => Some(Asked::Element(element, command)),
            Remembered::Line(_, command) => Some(Asked::Line(command)),
            Remembered::Create(create) => Some(Asked::Create(create)),
            Remembered::Session(session, command) => Some(Asked::Session(*session, command)),
            Remembered::Receive(receive) => Some(Asked::Receive(receive)),
            Remembered::Initiate(send) => Some(Asked::Initiate(send)),
        }
    }
}

/// Writes refusals one after the other.
struct Writer {
    world: Arc<World>,
    dropped: Arc<Mutex<HashMap<LineId, u64>>>,
    /// The day at hand of each line that refused something.
    days: HashMap<LineId, AtHand>,
}

/// A line's day, as the log has it.
struct AtHand {
    day: Day,
    version: Version,
    state: RefusalDay,
    /// How many were only counted so far, told or not.
    omitted: u64,
    /// The last of them, whose command the count is written under.
    last: Option<Box<Kept>>,
}

impl Writer {
    async fn run(mut self, mut waiting: mpsc::Receiver<Letter>) {
        while let Some(letter) = waiting.recv().await {
            let done = match letter {
                Letter::Keep(kept) => self.keep(*kept).await,
                Letter::Settle(told) => {
                    // Who asked may be gone.
                    let _ = told.send(());
                    Ok(())
                }
            };
            if let Err(error) = done {
                tracing::warn!(%error, "a refusal could not be kept");
            }
        }
        let lines: Vec<LineId> = self.days.keys().copied().collect();
        for line in lines {
            if let Err(error) = self.tell(line, true).await {
                tracing::warn!(%error, "omitted refusals could not be told");
            }
        }
    }

    /// Writes a refusal, or counts it.
    async fn keep(&mut self, kept: Kept) -> Result<(), CommandError> {
        let (line, day) = (kept.line, Day::of(kept.time));
        if self.days.get(&line).is_some_and(|at| at.day != day) {
            self.tell(line, true).await?;
            self.days.remove(&line);
        }
        self.read(line, day).await?;
        let dropped = locked(&self.dropped).remove(&line).unwrap_or(0);
        let event = RefusalEvent::CommandRefused(Box::new(kept.refused.clone()));
        let written = self.append(&kept, event).await;
        if let Some(at) = self.days.get_mut(&line) {
            at.omitted += dropped + u64::from(!matches!(written, Ok(true)));
            at.last = Some(Box::new(kept));
        }
        self.tell(line, false).await?;
        written.map(drop)
    }

    /// Tells how many were only counted: each time it doubles, and when the day or the engine ends.
    async fn tell(&mut self, line: LineId, ends: bool) -> Result<(), CommandError> {
        let Some(at) = self.days.get_mut(&line) else { return Ok(()) };
        let more = ends && at.omitted > at.state.omitted;
        if !more && !at.state.is_to_be_told(at.omitted) {
            return Ok(());
        }
        let event = RefusalEvent::RefusalsOmitted { count: at.omitted };
        let Some(last) = at.last.take() else { return Ok(()) };
        let written = self.append(&last, event).await;
        if let Some(at) = self.days.get_mut(&line) {
            at.last = Some(last);
        }
        written.map(drop)
    }

    /// Reads a line's day, unless it is at hand.
    async fn read(&mut self, line: LineId, day: Day) -> Result<(), CommandError> {
        if self.days.contains_key(&line) {
            return Ok(());
        }
        let known = self.world.store.refusals(line, day).await?;
        let (version, state) = (known.version, known.state);
        self.days.insert(line, AtHand { day, version, state, omitted: state.omitted, last: None });
        Ok(())
    }

    /// Appends an event to the day at hand; `false` where it has no room.
    async fn append(&mut self, kept: &Kept, event: RefusalEvent) -> Result<bool, CommandError> {
        for _ in 0..CONFLICTS_MAX {
            let Some(at) = self.days.get_mut(&kept.line) else { return Ok(false) };
            let Ok(state) = at.state.evolve(&event) else { return Ok(false) };
            let stream = Stream::Refusals(kept.line, at.day);
            let mut guards = Guards::default();
            guards.at(&stream, at.version);
            let decision = Decision {
                caller: &kept.caller,
                digest: kept.digest,
                now: kept.time,
                revision: kept.revision,
                facts: vec![Fact { stream: stream.clone(), event: Event::Refusal(event.clone()) }],
                guards,
                primary: stream,
            };
            let (day, answer) = (at.day, self.world.store.commit(decision).await);
            if answer.is_ok() {
                (at.version, at.state) = (at.version.next(), state);
                return Ok(true);
            }
            // Somebody else wrote, or it is not known whether this was written: the log tells.
            let known = self.world.store.refusals(kept.line, day).await?;
            (at.version, at.state) = (known.version, known.state);
            match answer {
                Err(AppendError::Conflict { .. }) | Ok(_) => {}
                Err(error) => return Err(CommandError::Unavailable(error.to_string())),
            }
        }
        Err(CommandError::Busy(format!("{CONFLICTS_MAX} others wrote to the day's refusals meanwhile")))
    }
}

fn locked<T>(of: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
