//! The actor of a session: decides on its state, appends, waits for the log, then changes.

use std::sync::Arc;

use kameo::Actor;
use kameo::actor::{ActorRef, WeakActorRef};
use kameo::error::{ActorStopReason, Infallible};
use kameo::mailbox::{MailboxReceiver, Signal};
use kameo::message::{Context, Message};

use super::deliver::{Initiate, Receive};
use super::{Ask, CONFLICTS_MAX, World, contended};
use crate::domain::command::SessionCommand;
use crate::domain::event::{Event, Fact, Stream};
use crate::domain::id::{MessageId, PolicyRevision, Principal, SessionId};
use crate::domain::line::Line;
use crate::domain::operator::Operator;
use crate::domain::rejection::Rejection;
use crate::domain::session::{self, Session, SessionFacts};
use crate::domain::slot::SlotFacts;
use crate::domain::time::Timestamp;
use crate::domain::workspace::Workspace;
use crate::log::{AppendError, Position};
use crate::request::{Caller, CommandError, Receipt};
use crate::seeded::{self, Bug, Spot};
use crate::store::{Decision, Folded, Guards};

/// Asks something of a session.
pub(crate) type Conduct = Ask<Arc<SessionCommand>>;

/// A session that lives.
pub(crate) struct SessionActor {
    pub(super) world: Arc<World>,
    pub(super) id: SessionId,
    /// The state, once it is read; `None` again when it is in doubt.
    folded: Option<Folded<Option<Session>>>,
}

impl Actor for SessionActor {
    type Args = (Arc<World>, SessionId);
    type Error = Infallible;

    async fn on_start((world, id): Self::Args, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(SessionActor { world, id, folded: None })
    }

    /// Idle, it is let go of: it ends when nobody holds it any more, so that no request is lost
    /// between the last look into the mailbox and the end.
    async fn next(
        &mut self,
        actor: WeakActorRef<Self>,
        mailbox: &mut MailboxReceiver<Self>,
    ) -> Result<Option<Signal<Self>>, Infallible> {
        let options = &self.world.options;
        let open = self.folded.as_ref().and_then(|folded| folded.state.as_ref()).map(Session::open);
        let idle = if matches!(open, Some(Ok(_))) { options.session_idle } else { options.closed_linger };
        if let Ok(signal) = tokio::time::timeout(idle, mailbox.recv()).await {
            return Ok(signal);
        }
        self.world.sessions.forget(self.id, actor.id());
        Ok(mailbox.recv().await)
    }

    async fn on_stop(&mut self, actor: WeakActorRef<Self>, _: ActorStopReason) -> Result<(), Infallible> {
        self.world.sessions.forget(self.id, actor.id());
        Ok(())
    }
}

impl Message<Conduct> for SessionActor {
    type Reply = Result<Receipt, CommandError>;

    async fn handle(&mut self, ask: Conduct, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        for _ in 0..CONFLICTS_MAX {
            match self.conduct(&ask).await {
                Ok(Some(receipt)) => return Ok(receipt),
                Ok(None) => {}
                Err(error) => {
                    self.drop_in_doubt(&error);
                    return Err(error);
                }
            }
        }
        Err(contended(&Stream::Session(self.id)))
    }
}

impl Message<Receive> for SessionActor {
    type Reply = Result<Option<Receipt>, CommandError>;

    async fn handle(&mut self, ask: Receive, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        let answer = self.take_in(&ask).await;
        answer.inspect_err(|error| self.drop_in_doubt(error))
    }
}

impl Message<Initiate> for SessionActor {
    type Reply = Result<Option<Receipt>, CommandError>;

    async fn handle(&mut self, ask: Initiate, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        let answer = self.take_in(&ask).await;
        answer.inspect_err(|error| self.drop_in_doubt(error))
    }
}

impl SessionActor {
    /// A state that may be wrong is dropped; the next request reads it from the log.
    fn drop_in_doubt(&mut self, error: &CommandError) {
        if matches!(error, CommandError::Unknown(_) | CommandError::Unreadable(_)) {
            self.folded = None;
        }
    }

    /// The state, read from the log where it is not known.
    pub(super) async fn state(&mut self) -> Result<&mut Folded<Option<Session>>, CommandError> {
        let folded = match self.folded.take() {
            Some(folded) => folded,
            None => self.world.recover(self.id).await?,
        };
        Ok(self.folded.insert(folded))
    }

    /// Reads what others appended to this session's stream.
    pub(super) async fn catch_up(&mut self) -> Result<(), CommandError> {
        if let Some(mut folded) = self.folded.take() {
            self.world.store.catch_up_session(self.id, &mut folded).await?;
            self.folded = Some(folded);
        }
        Ok(())
    }

    /// Decides and writes once; `None` when what it stood on had moved.
    async fn conduct(&mut self, ask: &Conduct) -> Result<Option<Receipt>, CommandError> {
        let (id, world) = (self.id, Arc::clone(&self.world));
        let folded = self.state().await?;
        let Some(session) = &folded.state else {
            return Err(Rejection::SessionNotFound { session: id }.into());
        };
        let at = |position| Receipt { position, session: Some(id), message: message_of(&ask.command) };
        if let Some(position) = folded.answered(ask.caller.command, ask.digest)? {
            return Ok(Some(at(position)));
        }
        let mut surroundings = Surroundings::of(session, &world, ask).await?;
        surroundings.guards.at(&Stream::Session(id), folded.version);
        let Some(line) = &surroundings.line.state else {
            return Err(Rejection::LineNotFound { line: session.line }.into());
        };
        let facts = surroundings.facts(line);
        seeded::may_panic(Spot::Decide);
        let decided = session::decide(session, &ask.caller.principal, &ask.command, &facts)?;
        if decided.is_empty() {
            return Ok(Some(at(folded.last)));
        }
        let (revision, primary) = (line.revision, Stream::Session(id));
        let guards = surroundings.guards;
        let written = self.write(&ask.caller, ask.digest, revision, decided, guards, primary).await?;
        Ok(written.map(at))
    }

    /// Appends a decision and changes the state by it; `None` when something had moved.
    pub(super) async fn write(
        &mut self,
        caller: &Caller,
        digest: u64,
        revision: PolicyRevision,
        facts: Vec<Fact>,
        guards: Guards,
        primary: Stream,
    ) -> Result<Option<Position>, CommandError> {
        let now = self.world.store.now();
        if seeded::is(Bug::StateBeforeAnswer) {
            self.evolve_unanswered(&facts, now);
        }
        let decision = Decision { caller, digest, now, revision, facts, guards, primary };
        match self.world.store.commit(decision).await {
            Ok(appended) => {
                // It is durable whatever happens now; a state that cannot follow is read anew.
                if seeded::is(Bug::StateBeforeAnswer) || self.catch_up().await.is_err() {
                    self.folded = None;
                }
                Ok(Some(appended.last))
            }
            Err(error @ AppendError::Conflict { .. }) => {
                self.world.after_failure(error).await?;
                self.catch_up().await?;
                Ok(None)
            }
            Err(error) => self.world.after_failure(error).await.map(|()| None),
        }
    }
}

impl SessionActor {
    /// The seeded bug of a state that runs ahead of the log.
    fn evolve_unanswered(&mut self, facts: &[Fact], now: Timestamp) {
        let Some(folded) = &mut self.folded else { return };
        for fact in facts {
            if let Event::Session(event) = &fact.event {
                folded.state = Session::evolve(self.id, folded.state.take(), event, now).ok();
            }
        }
    }
}

/// What a decision about a session needs from outside, and the versions that it was read at.
struct Surroundings {
    workspace: Arc<Folded<Workspace>>,
    line: Arc<Folded<Option<Line>>>,
    actor: Option<Arc<Folded<Option<Operator>>>>,
    holder_name: Option<String>,
    target_known: bool,
    element_known: bool,
    slot: Option<SlotFacts>,
    guards: Guards,
}

impl Surroundings {
    async fn of(session: &Session, world: &World, ask: &Conduct) -> Result<Surroundings, CommandError> {
        let store = &world.store;
        let mut guards = Guards::default();
        let workspace = store.workspace().await?;
        guards.at(&Stream::Workspace, workspace.version);
        let line = store.line(session.line).await?;
        guards.at(&Stream::Line(session.line), line.version);
        let actor = match ask.caller.principal {
            Principal::Operator(operator) => {
                let person = store.operator(operator).await?;
                guards.at(&Stream::Operator(operator), person.version);
                Some(person)
            }
            Principal::Channel(_) | Principal::Process(_) | Principal::Administrator(_) => None,
        };
        let (mut target_known, mut element_known, mut slot) = (false, false, None);
        match &*ask.command {
            SessionCommand::AssignOperator { operator } => {
                target_known = store.operator(*operator).await?.state.is_some();
            }
            SessionCommand::LinkElement { element } => {
                element_known = world.element(element).await?.state().is_some();
            }
            SessionCommand::Reopen => {
                let seen = store.slot(&session.slot()).await?;
                let version = seen.version;
                let channel = line.state.as_ref().and_then(|line| line.channels.get(&session.channel));
                if channel.is_some_and(Line::exclusive) {
                    guards.at(&Stream::Slot(session.slot()), version);
                }
                slot = Some(store.with_holder(seen.state).await?);
            }
            SessionCommand::Take
            | SessionCommand::SendMessage { .. }
            | SessionCommand::ReportDelivery { .. }
            | SessionCommand::Close
            | SessionCommand::Rename { .. }
            | SessionCommand::UnlinkElement { .. } => {}
        }
        let holder_name = store.operator_name(session.operator()).await?;
        Ok(Surroundings { workspace, line, actor, holder_name, target_known, element_known, slot, guards })
    }

    fn facts<'a>(&'a self, line: &'a Line) -> SessionFacts<'a> {
        SessionFacts {
            line,
            workspace: &self.workspace.state,
            actor: self.actor.as_ref().and_then(|person| person.state.as_ref()),
            holder_name: self.holder_name.as_deref(),
            target_known: self.target_known,
            element_known: self.element_known,
            slot: self.slot.as_ref(),
        }
    }
}

fn message_of(command: &SessionCommand) -> Option<MessageId> {
    match command {
        SessionCommand::SendMessage { message, .. } | SessionCommand::ReportDelivery { message, .. } => {
            Some(*message)
        }
        _ => None,
    }
}
