//! The actor of a line: changes of its settings one by one, creations many at once.

use std::sync::Arc;

use kameo::Actor;
use kameo::actor::{ActorRef, WeakActorRef};
use kameo::error::{ActorStopReason, Infallible};
use kameo::mailbox::{MailboxReceiver, Signal};
use kameo::message::{Context, Message};
use kameo::reply::DelegatedReply;
use tokio::sync::Semaphore;

use super::{Ask, CONFLICTS_MAX, World, contended, create};
use crate::domain::command::{CreateSession, LineCommand};
use crate::domain::event::Stream;
use crate::domain::id::{LineId, PolicyRevision};
use crate::domain::line::{self, LineFacts};
use crate::log::Version;
use crate::request::{CommandError, Receipt};
use crate::seeded::{self, Spot};
use crate::store::{Decision, Guards};

/// Asks to change a line.
pub(crate) type Configure = Ask<Arc<LineCommand>>;

/// Asks for a session on a line.
pub(crate) type Create = Ask<Arc<CreateSession>>;

/// A line that lives.
pub(crate) struct LineActor {
    world: Arc<World>,
    line: LineId,
    creations: Arc<Semaphore>,
}

impl Actor for LineActor {
    type Args = (Arc<World>, LineId);
    type Error = Infallible;

    async fn on_start((world, line): Self::Args, _: ActorRef<Self>) -> Result<Self, Infallible> {
        let creations = Arc::new(Semaphore::new(world.options.line_creations_max));
        Ok(LineActor { world, line, creations })
    }

    /// Idle, it is let go of: it ends when nobody holds it any more.
    async fn next(
        &mut self,
        actor: WeakActorRef<Self>,
        mailbox: &mut MailboxReceiver<Self>,
    ) -> Result<Option<Signal<Self>>, Infallible> {
        let idle = self.world.options.line_idle;
        if let Ok(signal) = tokio::time::timeout(idle, mailbox.recv()).await {
            return Ok(signal);
        }
        self.world.lines.forget(self.line, actor.id());
        Ok(mailbox.recv().await)
    }

    async fn on_stop(&mut self, actor: WeakActorRef<Self>, _: ActorStopReason) -> Result<(), Infallible> {
        self.world.lines.forget(self.line, actor.id());
        Ok(())
    }
}

impl Message<Create> for LineActor {
    type Reply = DelegatedReply<Result<Receipt, CommandError>>;

    /// Starts a creation and takes the next request: the log judges between creations.
    async fn handle(&mut self, ask: Create, context: &mut Context<Self, Self::Reply>) -> Self::Reply {
        let world = Arc::clone(&self.world);
        let turn = Arc::clone(&self.creations).try_acquire_owned();
        context.spawn(async move {
            let Ok(_turn) = turn else {
                let most = world.options.line_creations_max;
                return Err(CommandError::Busy(format!("{most} creations of the line are under way")));
            };
            create::create(&world, &ask).await
        })
    }
}

impl Message<Configure> for LineActor {
    type Reply = Result<Receipt, CommandError>;

    async fn handle(&mut self, ask: Configure, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        for _ in 0..CONFLICTS_MAX {
            if let Some(receipt) = self.configure(&ask).await? {
                return Ok(receipt);
            }
        }
        Err(contended(&Stream::Line(self.line)))
    }
}

impl LineActor {
    /// Decides and writes once; `None` when what it stood on had moved.
    async fn configure(&self, ask: &Configure) -> Result<Option<Receipt>, CommandError> {
        let store = &self.world.store;
        let line = store.line(self.line).await?;
        if let Some(position) = line.answered(ask.caller.command, ask.digest)? {
            return Ok(Some(Receipt::at(position)));
        }
        let workspace = store.workspace().await?;
        let mut guards = Guards::default();
        guards.at(&Stream::Line(self.line), line.version);
        let (mut operator_known, mut operator_lines, mut channel_line) = (false, 0, None);
        match &*ask.command {
            LineCommand::GrantRole { operator, .. } => {
                operator_known = store.operator(*operator).await?.state.is_some();
                operator_lines = self.world.lines_of(*operator).await?;
            }
            LineCommand::RevokeRole { operator, .. } => {
                operator_known = store.operator(*operator).await?.state.is_some();
            }
            LineCommand::ConnectChannel { channel, .. } => {
                channel_line = store.channel_line(*channel).await?;
                if channel_line.is_none() {
                    guards.at(&Stream::Channel(*channel), Version::ABSENT);
                }
            }
            _ => {}
        }
        let facts = LineFacts { workspace: &workspace.state, operator_known, operator_lines, channel_line };
        let principal = &ask.caller.principal;
        seeded::may_panic(Spot::Decide);
        let facts = line::decide(self.line, line.state.as_ref(), principal, &ask.command, &facts)?;
        if facts.is_empty() {
            return Ok(Some(Receipt::at(line.last)));
        }
        let revision = line.state.as_ref().map_or(PolicyRevision::default(), |line| line.revision);
        let decision = Decision {
            caller: &ask.caller,
            digest: ask.digest,
            now: store.now(),
            revision,
            facts,
            guards,
            primary: Stream::Line(self.line),
        };
        match store.commit(decision).await {
            Ok(appended) => Ok(Some(Receipt::at(appended.last))),
            Err(error) => self.world.after_failure(error).await.map(|()| None),
        }
    }
}
