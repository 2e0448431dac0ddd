//! Lines and sessions as actors: one at a time decides, the log is the judge between them.
//!
//! Knows `store` and the domain; must not know projections or the engine.
//!
//! ```text
//!   ask ──▶ registry ──▶ line actor ──▶ a task per creation ──┐
//!              └───────▶ session actor: decide, append, wait ─┴──▶ store ──▶ log
//! ```

use std::sync::Arc;
use std::time::Duration;

use kameo::message::Message;
use kameo::reply::Reply;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::directory::{Directory, DirectoryFuture};
use crate::domain::account::Account;
use crate::domain::element::Element;
use crate::domain::event::Stream;
use crate::domain::id::{AppId, ElementRef, LineId, OperatorId, SessionId};
use crate::domain::rejection::Rejection;
use crate::domain::session::Session;
use crate::log::{AppendError, Version};
use crate::request::{Caller, CommandError};
use crate::seeded::{self, Bug};
use crate::store::{Folded, Store};

mod create;
mod deliver;
mod line;
mod registry;
mod session;

pub(crate) use deliver::deliver;
use line::{Create, LineActor};
use session::SessionActor;

use registry::Registry;

/// Decisions made again after a conflict: with each, somebody else got through.
pub(crate) const CONFLICTS_MAX: usize = 64;

/// Sessions that are read from the log at once, so that a restart is no stampede.
const RECOVERIES_MAX: usize = 64;

/// How long a directory may take to answer, a host's or ours while its projection is rebuilt.
const DIRECTORY_WAIT: Duration = Duration::from_secs(5);

/// How actors behave.
#[derive(Clone, Copy, Debug)]
pub struct ActorOptions {
    /// After so long without a request a session's actor stops; it is rebuilt from the log.
    pub session_idle: Duration,
    /// The same of a closed session, which is seldom asked again.
    pub closed_linger: Duration,
    /// The same of a line.
    pub line_idle: Duration,
    /// Requests waiting for one session.
    pub session_mailbox_max: usize,
    /// Requests waiting for one line.
    pub line_mailbox_max: usize,
    /// Creations of one line that are decided or written at once.
    pub line_creations_max: usize,
    /// How long a request waits for a place in a full mailbox before it is answered `Busy`.
    pub mailbox_wait: Duration,
    /// How long a request waits for its answer before it is answered `Unknown`.
    pub reply_wait: Duration,
}

impl Default for ActorOptions {
    fn default() -> ActorOptions {
        ActorOptions {
            session_idle: Duration::from_secs(300),
            closed_linger: Duration::from_secs(2),
            line_idle: Duration::from_secs(3600),
            session_mailbox_max: 64,
            line_mailbox_max: 1024,
            line_creations_max: 4096,
            mailbox_wait: Duration::from_millis(500),
            reply_wait: Duration::from_secs(30),
        }
    }
}

/// What actors share.
pub(crate) struct World {
    pub store: Store,
    pub directory: Option<Arc<dyn Directory>>,
    pub lookup: Arc<dyn Lookup>,
    pub options: ActorOptions,
    pub sessions: Registry<SessionId, SessionActor>,
    pub lines: Registry<LineId, LineActor>,
    recoveries: Semaphore,
}

/// Questions that only a fold of many streams answers.
pub(crate) trait Lookup: Send + Sync + 'static {
    /// The contact that has an address, among the embedded elements.
    fn find(&self, app: &AppId, account: &Account) -> DirectoryFuture<Option<Element>>;

    /// On how many lines a person has a role.
    fn lines_of(&self, operator: OperatorId) -> DirectoryFuture<usize>;
}

/// A command on its way to an actor, with the permit that lets a shutdown wait for it.
#[derive(Clone)]
pub(crate) struct Ask<C> {
    pub caller: Caller,
    pub digest: u64,
    pub command: C,
    /// Held, never read: while it lives the engine does not close.
    pub _permit: Arc<OwnedSemaphorePermit>,
}

/// What is known of an element.
pub(crate) enum Found {
    /// One of the embedded apps, as its stream says.
    Embedded(Arc<Folded<Option<Element>>>),
    /// What the host's directory said.
    Given(Option<Element>),
}

impl Found {
    /// The element, where it exists.
    pub fn state(&self) -> Option<&Element> {
        match self {
            Found::Embedded(kept) => kept.state.as_ref(),
            Found::Given(given) => given.as_ref(),
        }
    }

    /// The same, to keep.
    pub fn into_state(self) -> Option<Element> {
        match self {
            Found::Embedded(kept) => kept.state.clone(),
            Found::Given(given) => given,
        }
    }

    /// Its version, which a decision stands on; a directory has none.
    pub fn version(&self) -> Option<Version> {
        match self {
            Found::Embedded(kept) => Some(kept.version),
            Found::Given(_) => None,
        }
    }
}

impl World {
    pub fn new(
        store: Store,
        directory: Option<Arc<dyn Directory>>,
        lookup: Arc<dyn Lookup>,
        options: ActorOptions,
    ) -> World {
        World {
            store,
            directory,
            lookup,
            options,
            sessions: Registry::new(),
            lines: Registry::new(),
            recoveries: Semaphore::new(RECOVERIES_MAX),
        }
    }

    /// An element, from wherever elements are kept.
    pub async fn element(&self, element: &ElementRef) -> Result<Found, CommandError> {
        if let Some(directory) = &self.directory {
            let found = in_time(directory.element(element)).await?;
            return Ok(Found::Given(found.map(Element::bounded)));
        }
        Ok(Found::Embedded(self.store.element(element).await?))
    }

    /// The contact that has an address.
    pub async fn contact_with(
        &self,
        app: &AppId,
        account: &Account,
    ) -> Result<Option<Element>, CommandError> {
        let asked = match &self.directory {
            Some(directory) => directory.find(app, account),
            None => self.lookup.find(app, account),
        };
        Ok(in_time(asked).await?.map(Element::bounded))
    }

    /// On how many lines a person has a role.
    pub async fn lines_of(&self, operator: OperatorId) -> Result<usize, CommandError> {
        in_time(self.lookup.lines_of(operator)).await
    }

    /// Asks a session's actor; none is made for an id that names nothing.
    pub async fn ask_session<M, T>(
        self: &Arc<Self>,
        session: SessionId,
        request: M,
    ) -> Result<T, CommandError>
    where
        SessionActor: Message<M>,
        M: Clone + Send + Sync + 'static,
        T: Send + 'static,
        <SessionActor as Message<M>>::Reply: Reply<Ok = T, Error = CommandError>,
    {
        if !self.sessions.has(session) && !self.has_session(session).await? {
            return Err(Rejection::SessionNotFound { session }.into());
        }
        self.sessions.ask(self, session, self.options.session_mailbox_max, request).await
    }

    /// Whether the log has a session; asked few at a time, as it is read.
    async fn has_session(&self, session: SessionId) -> Result<bool, CommandError> {
        let _turn = match seeded::is(Bug::WakeAllAtOnce) {
            true => None,
            false => Some(self.recoveries.acquire().await),
        };
        Ok(self.store.has_session(session).await?)
    }

    /// Reads a session from the log, few at a time.
    async fn recover(&self, session: SessionId) -> Result<Folded<Option<Session>>, CommandError> {
        let _turn = self.recoveries.acquire().await;
        Ok(self.store.session(session).await?)
    }

    /// What to do about an append that failed: read again what moved, or give up.
    pub async fn after_failure(&self, error: AppendError) -> Result<(), CommandError> {
        match error {
            AppendError::Conflict { stream, .. } => Ok(self.store.refresh_named(&stream).await?),
            AppendError::Busy { .. } => Err(CommandError::Busy(error.to_string())),
            AppendError::Invalid { .. } | AppendError::Unavailable { .. } => {
                Err(CommandError::Unavailable(error.to_string()))
            }
            AppendError::Unknown { .. } => Err(CommandError::Unknown(error.to_string())),
        }
    }
}

/// The answer of a directory, unless it takes too long.
async fn in_time<T>(asked: DirectoryFuture<T>) -> Result<T, CommandError> {
    match tokio::time::timeout(DIRECTORY_WAIT, asked).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(CommandError::Unavailable(error.to_string())),
        Err(_) => {
            let reason = format!("the directory did not answer within {DIRECTORY_WAIT:?}");
            Err(CommandError::Unavailable(reason))
        }
    }
}

/// The answer when others got through each time.
pub(crate) fn contended(stream: &Stream) -> CommandError {
    CommandError::Busy(format!("{CONFLICTS_MAX} others changed {stream:?} in the meantime"))
}
