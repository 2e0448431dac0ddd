//! Messages without an operator: customers' and processes', to the session where each belongs.

use std::sync::Arc;

use kameo::message::Message;

use super::session::SessionActor;
use super::{Ask, CONFLICTS_MAX, World, contended};
use crate::domain::command::{ReceiveMessage, SendInitiated};
use crate::domain::event::{Event, Fact, SessionEvent, Slot, Stream};
use crate::domain::id::{ElementRef, LineId, Principal, SessionId};
use crate::domain::inbound::{self, InboundFacts};
use crate::domain::initiated::{self, InitiatedFacts};
use crate::domain::line::Line;
use crate::domain::rejection::{Rejection, Thing};
use crate::domain::session::Session;
use crate::domain::slot::SlotFacts;
use crate::log::Version;
use crate::request::{Caller, CommandError, Receipt};
use crate::seeded::{self, Spot};
use crate::store::{Decision, Guards};

/// Asks a session to take a customer's message.
pub(crate) type Receive = Ask<Arc<ReceiveMessage>>;

/// Asks a session to take a process's message.
pub(crate) type Initiate = Ask<Arc<SendInitiated>>;

/// A decision about a message, not yet written.
pub(crate) struct Plan {
    facts: Vec<Fact>,
    guards: Guards,
    primary: Stream,
    line: LineId,
    receipt: Receipt,
}

/// What came of looking at a message.
pub(crate) enum Look {
    /// It was taken before.
    Done(Receipt),
    /// It belongs to this session, whose actor is to decide.
    Belongs(SessionId),
    /// It opens a session.
    Opens(Box<Plan>),
}

/// A message that finds its session by itself.
pub(crate) trait Deliver: Clone + Send + Sync + 'static {
    /// Who asks, and by which command.
    fn asked(&self) -> (&Caller, u64);

    /// The stream to name when too many others were first.
    fn contended(&self) -> Stream;

    /// Looks at the message, from outside or from inside the session that it may belong to.
    fn look(
        &self,
        world: &World,
        inside: Option<&Session>,
    ) -> impl Future<Output = Result<Look, CommandError>> + Send;
}

impl Deliver for Receive {
    fn asked(&self) -> (&Caller, u64) {
        (&self.caller, self.digest)
    }

    fn contended(&self) -> Stream {
        Stream::Channel(self.command.channel)
    }

    async fn look(&self, world: &World, inside: Option<&Session>) -> Result<Look, CommandError> {
        look_at_inbound(world, self, inside).await
    }
}

impl Deliver for Initiate {
    fn asked(&self) -> (&Caller, u64) {
        (&self.caller, self.digest)
    }

    fn contended(&self) -> Stream {
        Stream::Line(self.command.line)
    }

    async fn look(&self, world: &World, inside: Option<&Session>) -> Result<Look, CommandError> {
        look_at_initiated(world, self, inside).await
    }
}

/// Takes a message: into its session, or into a new one.
pub(crate) async fn deliver<M: Deliver>(world: &Arc<World>, ask: M) -> Result<Receipt, CommandError>
where
    SessionActor: Message<M, Reply = Result<Option<Receipt>, CommandError>>,
{
    for _ in 0..CONFLICTS_MAX {
        let answer = match ask.look(world, None).await? {
            Look::Done(receipt) => Some(receipt),
            Look::Belongs(session) => world.ask_session(session, ask.clone()).await?,
            Look::Opens(plan) => open(world, &ask, *plan).await?,
        };
        if let Some(receipt) = answer {
            return Ok(receipt);
        }
    }
    Err(contended(&ask.contended()))
}

/// Writes a decision that opens a session; `None` when what it stood on had moved.
async fn open(world: &World, ask: &impl Deliver, plan: Plan) -> Result<Option<Receipt>, CommandError> {
    let (caller, digest) = ask.asked();
    let revision = match &world.store.line(plan.line).await?.state {
        Some(line) => line.revision,
        None => return Err(Rejection::LineNotFound { line: plan.line }.into()),
    };
    let decision = Decision {
        caller,
        digest,
        now: world.store.now(),
        revision,
        facts: plan.facts,
        guards: plan.guards,
        primary: plan.primary,
    };
    match world.store.commit(decision).await {
        Ok(appended) => Ok(Some(Receipt { position: appended.last, ..plan.receipt })),
        Err(error) => world.after_failure(error).await.map(|()| None),
    }
}

/// Looks at a customer's message, from outside or from inside the session that it may belong to.
async fn look_at_inbound(
    world: &World,
    ask: &Receive,
    inside: Option<&Session>,
) -> Result<Look, CommandError> {
    let (store, command) = (&world.store, &*ask.command);
    let external_id = command.external_id.trim();
    // First of all: what was taken is answered so for ever, whatever the channel is by now.
    if ask.caller.principal == Principal::Channel(command.channel)
        && let Some(receipt) = store.inbound(command.channel, external_id).await?
    {
        return Ok(Look::Done(receipt));
    }
    let not_found = Rejection::ChannelNotFound { channel: command.channel };
    let line_id = store.channel_line(command.channel).await?.ok_or(not_found)?;
    let line = store.line(line_id).await?;
    let state = line.state.as_ref().ok_or(Rejection::LineNotFound { line: line_id })?;
    let route = inbound::route(state, &ask.caller.principal, command)?;
    let seen = store.slot(&route.slot()).await?;
    let (slot, slot_version) = (SlotFacts::unheld(seen.state), seen.version);
    let answered = thread(world, command.in_reply_to, &route.slot(), inside).await?;
    let candidate = inbound::candidate(&slot, answered);
    if let Some(session) = candidate.filter(|id| inside.is_none_or(|session| session.id != *id)) {
        return Ok(Look::Belongs(session));
    }
    let inside = inside.filter(|session| candidate == Some(session.id));
    // An open session knows its customer: its messages need no directory.
    let contact = match &state.contact_app {
        Some(app) if inside.is_none_or(|session| session.open().is_err()) => {
            world.contact_with(app, &route.account).await?
        }
        Some(_) | None => None,
    };
    let contact: Option<(&ElementRef, &str)> =
        contact.as_ref().map(|contact| (&contact.id, contact.title.as_str()));
    let now = store.now();
    seeded::may_panic(Spot::Decide);
    let facts = inbound::decide(
        command,
        &route,
        &InboundFacts { line: state, slot: &slot, session: inside, contact, now },
    )?;
    let primary = Stream::Inbound(command.channel, external_id.to_owned());
    let mut guards = Guards::default();
    guards.at(&primary, Version::ABSENT);
    guards.at(&Stream::Line(line_id), line.version);
    let of_slot = Stream::Slot(route.slot());
    if facts.iter().any(|fact| fact.stream == of_slot) {
        guards.at(&of_slot, slot_version);
    }
    let session = target(world, &facts, command.session, inside, &mut guards).await?;
    let message = Some(command.message);
    let receipt = Receipt { session: Some(session), message, ..Receipt::at(line.last) };
    Ok(Look::Opens(Box::new(Plan { facts, guards, primary, line: line_id, receipt })))
}

/// Looks at a process's message, from outside or from inside the session that it may belong to.
async fn look_at_initiated(
    world: &World,
    ask: &Initiate,
    inside: Option<&Session>,
) -> Result<Look, CommandError> {
    let (store, command) = (&world.store, &*ask.command);
    if let Some(receipt) = store.initiated(command.command, ask.digest).await? {
        return Ok(Look::Done(receipt));
    }
    let line = store.line(command.line).await?;
    let workspace = store.workspace().await?;
    let contact = world.element(&command.contact).await?;
    let facts =
        InitiatedFacts { line: line.state.as_ref(), workspace: &workspace.state, contact: contact.state() };
    let admitted = initiated::admit(&ask.caller.principal, command, &facts)?;
    let slot_id = admitted.route.slot();
    let seen = store.slot(&slot_id).await?;
    let (slot, slot_version) = (SlotFacts::unheld(seen.state), seen.version);
    // Asked before the session is, which may not exist.
    admitted.route.require_earlier_contact(&slot)?;
    let candidate = initiated::candidate(command, &slot);
    if let Some(session) = candidate.filter(|id| inside.is_none_or(|session| session.id != *id)) {
        return Ok(Look::Belongs(session));
    }
    let inside = inside.filter(|session| candidate == Some(session.id));
    seeded::may_panic(Spot::Decide);
    let facts = initiated::decide(command, &admitted, &slot, inside, store.now())?;
    let primary = Stream::Initiated(command.command);
    let mut guards = Guards::default();
    guards.at(&primary, Version::ABSENT);
    guards.at(&Stream::Workspace, workspace.version);
    guards.at(&Stream::Line(command.line), line.version);
    if let Some(version) = contact.version() {
        guards.at(&Stream::Element(command.contact.clone()), version);
    }
    if Line::exclusive(admitted.route.channel) && inside.is_none() {
        guards.at(&Stream::Slot(slot_id), slot_version);
    }
    let session = target(world, &facts, command.session, inside, &mut guards).await?;
    let message = Some(command.message);
    let receipt = Receipt { session: Some(session), message, ..Receipt::at(line.last) };
    Ok(Look::Opens(Box::new(Plan { facts, guards, primary, line: command.line, receipt })))
}

/// The session that a message answers, if it is one of the same slot.
async fn thread(
    world: &World,
    answered: Option<SessionId>,
    slot: &Slot,
    inside: Option<&Session>,
) -> Result<Option<SessionId>, CommandError> {
    let Some(answered) = answered else { return Ok(None) };
    let fits = match inside.filter(|session| session.id == answered) {
        Some(session) => session.slot() == *slot,
        None => world.recover(answered).await?.state.is_some_and(|session| session.slot() == *slot),
    };
    Ok(fits.then_some(answered))
}

/// The session that a decision writes to; a new one has to be absent, and is expected to be so still.
async fn target(
    world: &World,
    facts: &[Fact],
    new: SessionId,
    inside: Option<&Session>,
    guards: &mut Guards,
) -> Result<SessionId, CommandError> {
    let opens = facts.iter().any(|fact| {
        fact.stream == Stream::Session(new)
            && matches!(fact.event, Event::Session(SessionEvent::SessionCreated { .. }))
    });
    if !opens {
        return Ok(inside.map_or(new, |session| session.id));
    }
    if world.recover(new).await?.state.is_some() {
        return Err(Rejection::AlreadyExists { thing: Thing::Session }.into());
    }
    guards.at(&Stream::Session(new), Version::ABSENT);
    Ok(new)
}

impl SessionActor {
    /// Takes a message, if it belongs here; `None` when it belongs elsewhere by now.
    pub(super) async fn take_in(&mut self, ask: &impl Deliver) -> Result<Option<Receipt>, CommandError> {
        for _ in 0..CONFLICTS_MAX {
            let world = Arc::clone(&self.world);
            let folded = self.state().await?;
            let version = folded.version;
            if folded.state.is_none() {
                return Err(Rejection::SessionNotFound { session: self.id }.into());
            }
            let (caller, digest) = ask.asked();
            folded.answered(caller.command, digest)?;
            match ask.look(&world, folded.state.as_ref()).await? {
                Look::Done(receipt) => return Ok(Some(receipt)),
                Look::Belongs(_) => return Ok(None),
                Look::Opens(plan) => {
                    if let Some(receipt) = self.carry_out(ask, *plan, version).await? {
                        return Ok(Some(receipt));
                    }
                }
            }
        }
        Err(contended(&Stream::Session(self.id)))
    }

    async fn carry_out(
        &mut self,
        ask: &impl Deliver,
        plan: Plan,
        version: Version,
    ) -> Result<Option<Receipt>, CommandError> {
        let Plan { facts, mut guards, primary, line, receipt } = plan;
        // The decision stands on this session even where it writes to another: that it was closed.
        guards.at(&Stream::Session(self.id), version);
        let line = self.world.store.line(line).await?;
        let revision = line.state.as_ref().map(|line| line.revision).unwrap_or_default();
        let (caller, digest) = ask.asked();
        let written = self.write(caller, digest, revision, facts, guards, primary).await?;
        Ok(written.map(|position| Receipt { position, ..receipt }))
    }
}
