//! The engine: what a host embeds.
//!
//! Opens the log, the actors and the projections, and is the only way to them. Must not know HTTP,
//! tokens or any other matter of a host.
//!
//! ```text
//!   command ─▶ Engine ─▶ actor ─▶ log ─▶ receipt{position}
//!   read()  ─▶ waits for the log's head ─▶ Projections
//!   subscribe(position) ─▶ Feed
//! ```

use std::hash::Hash;
use std::sync::Arc;

use tokio::sync::watch;

use crate::actor::{self, Ask, World};
use crate::audit::Audit;
use crate::domain::command::{
    CreateSession, ElementCommand, LineCommand, OperatorCommand, ReceiveMessage, SendInitiated,
    SessionCommand, WorkspaceCommand,
};
use crate::domain::id::{ElementRef, LineId, OperatorId, Principal, SessionId};
use crate::domain::rejection::Rejection;
use crate::log::embedded::EmbeddedLog;
use crate::log::memory::MemoryLog;
use crate::log::{Log, Position};
use crate::projection::{Place, ProjectionError, ProjectionName, Projections, place};
use crate::request::{self, Caller, CommandError, Receipt};
use crate::store::Store;

mod dry_run;
mod embedded_directory;
mod feed;
mod gate;
mod options;
mod plain;
mod reading;
mod refusals;
mod stats;
mod views;

pub use dry_run::{Choice, LineChoice};
pub use feed::{Feed, FeedError};
pub use options::EngineOptions;
pub use reading::SearchError;
pub use stats::EngineStats;

use embedded_directory::EmbeddedDirectory;
use gate::Gate;
use options::Storage;
use refusals::{Attempt, Refusals, Remembered};
use stats::Counters;
use views::{Beside, Views};

/// Why an engine could not be opened. Nothing was repaired or removed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The log could not be opened.
    #[error(transparent)]
    Log(#[from] crate::log::embedded::OpenError),
    /// The projections could not be opened; removing their folder and opening again rebuilds them.
    #[error(transparent)]
    Projections(#[from] ProjectionError),
}

/// An engine: lines, sessions and their history.
///
/// Cheap to clone; all clones are the same engine. Dropping the last one stops the actors;
/// [`Engine::close`] does it in order and waits.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    log: Arc<dyn Log>,
    /// The same log, where it is one whose frames can be audited.
    embedded: Option<Arc<EmbeddedLog>>,
    world: Arc<World>,
    views: Arc<Views>,
    gate: Gate,
    /// Whether closing ended: feeds end then, or when the engine is gone.
    closed: watch::Sender<bool>,
    counters: Counters,
    refusals: Refusals,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.world.sessions.close();
        self.world.lines.close();
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("head", &self.head()).finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens an engine; what the log holds is checked first.
    ///
    /// # Errors
    ///
    /// [`OpenError`] names the folder in use, or the position where the log is damaged.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with timers.
    pub async fn open(options: EngineOptions) -> Result<Engine, OpenError> {
        let mut embedded = None;
        let (log, place, beside): (Arc<dyn Log>, Place, Beside) = match options.storage {
            Storage::Memory => (MemoryLog::new(), Place::Memory, Beside::Memory),
            Storage::Given(log, Place::Memory) => (log, Place::Memory, Beside::Memory),
            Storage::Given(log, place) => (log, place, Beside::Nowhere),
            Storage::Folder(folder, log_options) => {
                let views = Place::Folder(place::current(&folder));
                let beside = Beside::Folder(folder.clone());
                let opening = tokio::task::spawn_blocking(move || EmbeddedLog::open(&folder, log_options));
                let failed = |error: tokio::task::JoinError| crate::log::embedded::OpenError::Failed {
                    reason: error.to_string(),
                };
                let log = opening.await.map_err(failed)??;
                embedded = Some(Arc::clone(&log));
                (log, views, beside)
            }
        };
        let opened = Projections::open(place, Arc::clone(&log)).await;
        let views = match opened {
            Ok(projections) => Arc::new(Views::new(Arc::clone(&log), beside, projections)),
            Err(error) => {
                log.close().await;
                return Err(error.into());
            }
        };
        let lookup = Arc::new(EmbeddedDirectory::new(Arc::clone(&log), Arc::clone(&views)));
        let store = Store::new(Arc::clone(&log), options.clock);
        let world = Arc::new(World::new(store, options.directory, lookup, options.actors));
        tracing::info!(head = log.head().0, "engine opened");
        let ((closed, _), counters) = (watch::channel(false), Counters::default());
        let refusals = Refusals::start(Arc::clone(&world));
        let inner = Inner { log, embedded, world, views, gate: Gate::new(), closed, counters, refusals };
        Ok(Engine { inner: Arc::new(inner) })
    }

    /// Changes the installation.
    ///
    /// # Errors
    ///
    /// [`CommandError`]; its `outcome()` tells whether something was written. The same for every command.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does not cancel a command that was accepted. The same for every command.
    pub async fn workspace(
        &self,
        caller: Caller,
        command: WorkspaceCommand,
    ) -> Result<Receipt, CommandError> {
        let ask = self.ask(caller, (), command).await?;
        let (world, attempt) = (Arc::clone(&self.inner.world), attempt(&ask, Remembered::OfNoLine));
        self.run(attempt, async move { plain::workspace(&world, &ask).await }).await
    }

    /// Changes what is known of a person at the console.
    ///
    /// # Errors
    ///
    /// See [`Engine::workspace`].
    pub async fn operator(
        &self,
        caller: Caller,
        operator: OperatorId,
        command: OperatorCommand,
    ) -> Result<Receipt, CommandError> {
        let ask = self.ask(caller, operator, command).await?;
        let (world, attempt) = (Arc::clone(&self.inner.world), attempt(&ask, Remembered::OfNoLine));
        self.run(attempt, async move { plain::operator(&world, operator, &ask).await }).await
    }

    /// Changes a record; an operator names the line whose customer it is.
    ///
    /// # Errors
    ///
    /// See [`Engine::workspace`]. With a [`Directory`](crate::directory::Directory) of the host's, `Unavailable`.
    pub async fn element(
        &self,
        caller: Caller,
        element: ElementRef,
        line: Option<LineId>,
        command: ElementCommand,
    ) -> Result<Receipt, CommandError> {
        let ask = self.ask(caller, (element.clone(), line), Arc::new(command)).await?;
        let asked = line.map_or(Remembered::OfNoLine, |line| {
            Remembered::Element(element.clone(), line, Arc::clone(&ask.command))
        });
        let (world, attempt) = (Arc::clone(&self.inner.world), attempt(&ask, asked));
        self.run(attempt, async move { plain::element(&world, &element, line, &ask).await }).await
    }

    /// Creates or changes a line.
    ///
    /// # Errors
    ///
    /// See [`Engine::workspace`].
    pub async fn line(
        &self,
        caller: Caller,
        line: LineId,
        command: LineCommand,
    ) -> Result<Receipt, CommandError> {
        let creates = matches!(command, LineCommand::CreateLine { .. });
        let ask = self.ask(caller, line, Arc::new(command)).await?;
        let asked = Remembered::Line(line, Arc::clone(&ask.command));
        let (world, attempt) = (Arc::clone(&self.inner.world), attempt(&ask, asked));
        self.run(attempt, async move {
            // No actor is made for an id that names nothing, nor for one who may not name it.
            if world.store.line(line).await?.state.is_none() {
                match ask.caller.principal {
                    _ if !creates => return Err(Rejection::LineNotFound { line }.into()),
                    Principal::Administrator(_) => {}
                    _ => return Err(Rejection::AdministratorsOnly.into()),
                }
            }
            world.lines.ask(&world, line, world.options.line_mailbox_max, ask).await
        })
        .await
    }

    /// Creates a session, assigned to the operator who asks.
    ///
    /// # Errors
    ///
    /// See [`Engine::workspace`].
    pub async fn create_session(
        &self,
        caller: Caller,
        command: CreateSession,
    ) -> Result<Receipt, CommandError> {
        let line = command.line;
        let ask = self.ask(caller, (), Arc::new(command)).await?;
        let attempt = attempt(&ask, Remembered::Create(Arc::clone(&ask.command)));
        let world = &self.inner.world;
        let answer = async {
            // No actor is made for an id that names nothing.
            if world.store.line(line).await?.state.is_none() {
                return Err(Rejection::LineNotFound { line }.into());
            }
            world.lines.ask(world, line, world.options.line_mailbox_max, ask).await
        };
        self.counted(attempt, answer.await).await
    }

    /// Asks something of a session that exists.
    ///
    /// # Errors
    ///
    /// See [`Engine::workspace`].
    pub async fn session(
        &self,
        caller: Caller,
        session: SessionId,
        command: SessionCommand,
    ) -> Result<Receipt, CommandError> {
        let ask = self.ask(caller, session, Arc::new(command)).await?;
        let attempt = attempt(&ask, Remembered::Session(session, Arc::clone(&ask.command)));
        self.counted(attempt, self.inner.world.ask_session(session, ask).await).await
    }

    /// Takes a customer's message from a channel; the same again changes nothing.
    ///
    /// # Errors
    ///
    /// See [`Engine::workspace`].
    pub async fn receive(&self, caller: Caller, command: ReceiveMessage) -> Result<Receipt, CommandError> {
        let ask = self.ask(caller, (), Arc::new(command)).await?;
        let asked = Remembered::Receive(Arc::clone(&ask.command));
        let (world, attempt) = (Arc::clone(&self.inner.world), attempt(&ask, asked));
        self.run(attempt, async move { actor::deliver(&world, ask).await }).await
    }

    /// Sends a message of a business process, without any operator.
    ///
    /// The command is remembered by the caller's id, whatever id stands in it.
    ///
    /// # Errors
    ///
    /// See [`Engine::workspace`].
    pub async fn send_initiated(
        &self,
        caller: Caller,
        command: SendInitiated,
    ) -> Result<Receipt, CommandError> {
        let command = SendInitiated { command: caller.command, ..command };
        let ask = self.ask(caller, (), Arc::new(command)).await?;
        let asked = Remembered::Initiate(Arc::clone(&ask.command));
        let (world, attempt) = (Arc::clone(&self.inner.world), attempt(&ask, asked));
        self.run(attempt, async move { actor::deliver(&world, ask).await }).await
    }

    /// The position of the last durable event.
    #[must_use]
    pub fn head(&self) -> Position {
        self.inner.log.head()
    }

    /// Waits until the projections have the event at a position.
    ///
    /// # Errors
    ///
    /// Why the projections stopped.
    pub async fn caught_up(&self, position: Position) -> Result<(), ProjectionError> {
        self.inner.views.current().caught_up(position).await
    }

    /// The projections, once they have everything that anybody was told so far.
    ///
    /// # Errors
    ///
    /// Why the projections stopped.
    pub async fn read(&self) -> Result<Arc<Projections>, ProjectionError> {
        let views = self.inner.views.current();
        views.caught_up(self.inner.log.head()).await?;
        Ok(views)
    }

    /// Folds projections again from the start of the log. Reading goes on with the old ones until the new
    /// ones have caught up; the others are folded beside those that are named. Where the place of the
    /// projections is the host's own, they are dropped and folded there, and reading waits.
    ///
    /// # Errors
    ///
    /// Why the projections stopped.
    pub async fn rebuild(&self, names: &[ProjectionName]) -> Result<(), ProjectionError> {
        let (views, names) = (Arc::clone(&self.inner.views), names.to_vec());
        // It goes on when nobody waits for it any more.
        let rebuilt = tokio::spawn(async move { views.rebuild(&names).await });
        let failed = |error: tokio::task::JoinError| ProjectionError::Store { reason: error.to_string() };
        rebuilt.await.map_err(failed)?
    }

    /// How far the projections are that are folded anew beside those that are read; `None` where none are.
    #[must_use]
    pub fn rebuilding(&self) -> Option<Position> {
        self.inner.views.rebuilding()
    }

    /// The log up to its present head, to be proved, exported and questioned while the engine goes on;
    /// `None` where the engine keeps no frames of its own: in memory, or on a log of the host's.
    #[must_use]
    pub fn audit(&self) -> Option<Audit> {
        self.inner.embedded.as_ref().map(|log| Audit::of(Arc::clone(log)))
    }

    /// Waits until the refusals that were answered so far are in the log, where their lines keep them.
    pub async fn refusals_kept(&self) {
        self.inner.refusals.settle().await;
    }

    /// Follows the log from a position, without gap or repeat.
    #[must_use]
    pub fn subscribe(&self, after: Position) -> Feed {
        Feed::new(Arc::clone(&self.inner.log), after, self.inner.closed.subscribe())
    }

    /// Figures of this engine.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        let inner = &self.inner;
        EngineStats {
            log: inner.log.stats(),
            sessions_active: inner.world.sessions.len(),
            lines_active: inner.world.lines.len(),
            commands: inner.gate.under_way(),
            projection_lag: inner.log.head().0.saturating_sub(inner.views.current().position().0),
            ..inner.counters.stats()
        }
    }

    /// Why the log refuses commands, when it does; then only opening the engine again helps.
    #[must_use]
    pub fn poisoned(&self) -> Option<String> {
        self.inner.log.poisoned()
    }

    /// Why the projections stopped, if they did: commands go on, reading does not.
    #[must_use]
    pub fn projections_stopped(&self) -> Option<ProjectionError> {
        self.inner.views.current().stop_reason()
    }

    /// Refuses new commands, waits for those under way, ends the feeds and releases the store.
    ///
    /// # Errors
    ///
    /// When the projections could not be written: the next opening folds them again.
    pub async fn close(&self) -> Result<(), ProjectionError> {
        let inner = &self.inner;
        inner.gate.close().await;
        inner.refusals.close().await;
        inner.world.sessions.close();
        inner.world.lines.close();
        let closed = inner.views.close().await;
        inner.log.close().await;
        inner.closed.send_replace(true);
        tracing::info!(head = inner.log.head().0, "engine closed");
        match closed {
            Err(ProjectionError::Closed) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn ask<C: Hash>(
        &self,
        caller: Caller,
        about: impl Hash,
        command: C,
    ) -> Result<Ask<C>, CommandError> {
        self.inner.views.keep_up().await?;
        let permit = Arc::new(self.inner.gate.enter()?);
        let digest = request::digest(&caller.principal, &(about, &command));
        Ok(Ask { caller, digest, command, _permit: permit })
    }

    /// Runs a command to its end, whether or not its caller still waits.
    async fn run(
        &self,
        attempt: Attempt,
        command: impl Future<Output = Result<Receipt, CommandError>> + Send + 'static,
    ) -> Result<Receipt, CommandError> {
        let answer = match tokio::spawn(command).await {
            Ok(answer) => answer,
            Err(error) => Err(CommandError::Unknown(format!("the command ended in a panic: {error}"))),
        };
        self.counted(attempt, answer).await
    }

    /// Counts an answer, and hands a refusal to where refusals are kept.
    async fn counted(
        &self,
        attempt: Attempt,
        answer: Result<Receipt, CommandError>,
    ) -> Result<Receipt, CommandError> {
        self.inner.counters.count(attempt.caller.command, &answer);
        if let Err(CommandError::Rejected(rejection)) = &answer {
            self.inner.refusals.take(&self.inner.world, &attempt, rejection).await;
        }
        answer
    }
}

fn attempt<C>(ask: &Ask<C>, asked: Remembered) -> Attempt {
    let (caller, digest, permit) = (ask.caller.clone(), ask.digest, Arc::clone(&ask._permit));
    Attempt { caller, digest, asked, _permit: permit }
}
