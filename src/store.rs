//! States as folds of their streams, and decisions as guarded appends.
//!
//! Knows the domain, the codec and the log; must not know actors, projections or the engine.
//! What is read here may be stale: each decision names the versions it was made on, and the log
//! refuses it when one of them moved.

use std::sync::Arc;

use crate::clock::Clock;
use crate::domain::element::Element;
use crate::domain::event::{
    ChannelEvent, Event, IllegalEvent, InboundEvent, InitiatedEvent, SessionEvent, Slot, Stream,
};
use crate::domain::id::{ChannelId, CommandId, ElementRef, LineId, MessageId, OperatorId, SessionId};
use crate::domain::line::Line;
use crate::domain::operator::Operator;
use crate::domain::refused::{Day, RefusalDay};
use crate::domain::session::Session;
use crate::domain::slot::{SlotFacts, SlotState};
use crate::domain::time::Timestamp;
use crate::domain::workspace::Workspace;
use crate::log::{Append, AppendError, Appended, Log, Position, ReadError, Stamp, StreamName, Version};
use crate::request::{CommandError, Receipt};
use crate::wire::{self, Recorded, WireError};

mod commands;
mod decision;
mod folded;
mod shelf;
mod spoil;

pub(crate) use decision::{Decision, Guards};
pub(crate) use folded::Folded;

use shelf::Shelf;

/// Events read at once while a stream is folded; most streams are shorter.
const FOLD_PAGE_EVENTS: usize = 512;

/// Elements kept in memory, about half a kilobyte each; a contact is read for each creation.
const ELEMENTS_KEPT_MAX: usize = 50_000;

/// Slots kept in memory: of customers with a long history, who are few.
const SLOTS_KEPT_MAX: usize = 1_000;

/// Events of a slot beyond which it is kept: reading so many costs less than a sync.
const SLOT_EVENTS_UNKEPT_MAX: u64 = 128;

/// Lines and operators kept in memory: far more than a workspace has.
const CONFIGURATION_KEPT_MAX: usize = 100_000;

/// Why a state could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LoadError {
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A record could not be decoded.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A fact cannot have happened.
    #[error("position {position}: {illegal}")]
    Illegal { position: Position, illegal: IllegalEvent },
}

impl From<LoadError> for CommandError {
    fn from(error: LoadError) -> CommandError {
        CommandError::Unreadable(error.to_string())
    }
}

/// Reads states and commits decisions.
pub(crate) struct Store {
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    workspace: Shelf<(), Workspace>,
    lines: Shelf<LineId, Option<Line>>,
    operators: Shelf<OperatorId, Option<Operator>>,
    elements: Shelf<ElementRef, Option<Element>>,
    slots: Shelf<Slot, SlotState>,
}

impl Store {
    /// A store over a log.
    pub fn new(log: Arc<dyn Log>, clock: Arc<dyn Clock>) -> Store {
        Store {
            log,
            clock,
            workspace: Shelf::new(1),
            lines: Shelf::new(CONFIGURATION_KEPT_MAX),
            operators: Shelf::new(CONFIGURATION_KEPT_MAX),
            elements: Shelf::new(ELEMENTS_KEPT_MAX),
            slots: Shelf::new(SLOTS_KEPT_MAX),
        }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The installation.
    pub async fn workspace(&self) -> Result<Arc<Folded<Workspace>>, LoadError> {
        match self.workspace.get(&()) {
            Some(kept) => Ok(kept),
            None => self.load_workspace().await,
        }
    }

    /// A line.
    pub async fn line(&self, line: LineId) -> Result<Arc<Folded<Option<Line>>>, LoadError> {
        match self.lines.get(&line) {
            Some(kept) => Ok(kept),
            None => self.load_line(line).await,
        }
    }

    /// An operator.
    pub async fn operator(&self, operator: OperatorId) -> Result<Arc<Folded<Option<Operator>>>, LoadError> {
        match self.operators.get(&operator) {
            Some(kept) => Ok(kept),
            None => self.load_operator(operator).await,
        }
    }

    /// An element of the embedded apps.
    pub async fn element(&self, element: &ElementRef) -> Result<Arc<Folded<Option<Element>>>, LoadError> {
        match self.elements.get(element) {
            Some(kept) => Ok(kept),
            None => self.load_element(element).await,
        }
    }

    /// The line that a channel belongs to, with the version of the channel's stream.
    pub async fn channel_line(&self, channel: ChannelId) -> Result<Option<LineId>, LoadError> {
        let records = self.read(&Stream::Channel(channel), Version::ABSENT).await?;
        Ok(records.first().and_then(|recorded| match &recorded.event {
            Event::Channel(ChannelEvent::ChannelBound { line }) => Some(*line),
            _ => None,
        }))
    }

    /// Whether a session was ever created.
    pub async fn has_session(&self, session: SessionId) -> Result<bool, LoadError> {
        let name = wire::stream_name(&Stream::Session(session));
        Ok(!self.log.read_stream(&name, Version::ABSENT, 1).await?.is_empty())
    }

    /// The line that a session stands on, for ever.
    pub async fn session_line(&self, session: SessionId) -> Result<Option<LineId>, LoadError> {
        let name = wire::stream_name(&Stream::Session(session));
        let first = self.log.read_stream(&name, Version::ABSENT, 1).await?;
        let first = first.first().map(wire::recorded).transpose()?;
        Ok(first.and_then(|recorded| match recorded.event {
            Event::Session(SessionEvent::SessionCreated { line, .. }) => Some(line),
            _ => None,
        }))
    }

    /// What the audit of a line's refusals holds of a day.
    pub async fn refusals(&self, line: LineId, day: Day) -> Result<Folded<RefusalDay>, LoadError> {
        let mut folded = Folded::empty(RefusalDay::default());
        let fold = |state: RefusalDay, recorded: &Recorded| match &recorded.event {
            Event::Refusal(event) => state.evolve(event),
            _ => Ok(state),
        };
        self.fold(&Stream::Refusals(line, day), &mut folded, fold).await?;
        Ok(folded)
    }

    /// A session, folded from its beginning.
    pub async fn session(&self, session: SessionId) -> Result<Folded<Option<Session>>, LoadError> {
        let mut folded = Folded::empty(None);
        self.catch_up_session(session, &mut folded).await?;
        Ok(folded)
    }

    /// Folds what a session's stream has beyond a state.
    pub async fn catch_up_session(
        &self,
        session: SessionId,
        folded: &mut Folded<Option<Session>>,
    ) -> Result<(), LoadError> {
        let fold = |state, recorded: &Recorded| match &recorded.event {
            Event::Session(event) => Session::evolve(session, state, event, recorded.time).map(Some),
            _ => Ok(state),
        };
        self.fold(&Stream::Session(session), folded, fold).await
    }

    /// A slot, as of now: its stream is read each time, a long one from where it was read before.
    pub async fn slot(&self, slot: &Slot) -> Result<Folded<SlotState>, LoadError> {
        let mut folded = self.slots.start(slot, SlotState::default);
        let from = folded.version;
        let fold = |state: SlotState, recorded: &Recorded| match &recorded.event {
            Event::Slot(event) => state.evolve(event),
            _ => Ok(state),
        };
        self.fold(&Stream::Slot(slot.clone()), &mut folded, fold).await?;
        if folded.version.0 >= from.0 + SLOT_EVENTS_UNKEPT_MAX {
            self.slots.keep(slot.clone(), folded.clone());
        }
        Ok(folded)
    }

    /// A slot's state, with whose the session is that holds it; that session is read for it.
    pub async fn with_holder(&self, state: SlotState) -> Result<SlotFacts, LoadError> {
        let (operator, operator_name) = match state.holder {
            Some(holder) => self.holder(holder).await?,
            None => (None, None),
        };
        Ok(SlotFacts { state, operator, operator_name })
    }

    async fn holder(&self, session: SessionId) -> Result<(Option<OperatorId>, Option<String>), LoadError> {
        let operator = self.session(session).await?.state.and_then(|session| session.operator());
        Ok((operator, self.operator_name(operator).await?))
    }

    /// The name of an operator.
    pub async fn operator_name(&self, operator: Option<OperatorId>) -> Result<Option<String>, LoadError> {
        let Some(operator) = operator else { return Ok(None) };
        Ok(self.operator(operator).await?.state.as_ref().map(|known| known.name.clone()))
    }

    /// What came of a message that a channel delivered, if it did before.
    pub async fn inbound(&self, channel: ChannelId, external_id: &str) -> Result<Option<Receipt>, LoadError> {
        let stream = Stream::Inbound(channel, external_id.to_owned());
        Ok(self.read(&stream, Version::ABSENT).await?.first().and_then(|recorded| match &recorded.event {
            Event::Inbound(InboundEvent::InboundAccepted { session, message }) => {
                Some(placed(recorded.position, *session, *message))
            }
            _ => None,
        }))
    }

    /// What came of a process's message, if it was asked for before.
    ///
    /// # Errors
    ///
    /// `CommandIdReused` when the id came with another content.
    pub async fn initiated(&self, command: CommandId, digest: u64) -> Result<Option<Receipt>, CommandError> {
        let records = self.read(&Stream::Initiated(command), Version::ABSENT).await?;
        let Some(recorded) = records.first() else { return Ok(None) };
        match &recorded.event {
            Event::Initiated(InitiatedEvent::InitiatedAccepted { session, message }) => {
                if recorded.digest != digest {
                    return Err(CommandError::CommandIdReused(command));
                }
                Ok(Some(placed(recorded.position, *session, *message)))
            }
            _ => Ok(None),
        }
    }

    /// Appends a decision, all or none, and makes the configuration that it changes visible.
    pub async fn commit(&self, decision: Decision<'_>) -> Result<Appended, AppendError> {
        let Decision { caller, digest, now, revision, mut facts, guards, primary } = decision;
        facts.sort_by_key(|fact| fact.stream == primary);
        self.spoil(&mut facts).await;
        let append = Append {
            entries: facts.iter().map(wire::entry).collect(),
            expects: guards.0,
            stamp: Stamp {
                time_us: now.0,
                command: caller.command.0,
                digest,
                correlation: caller.correlation.0,
                causation: caller.causation.0,
                principal: wire::principal_bytes(&caller.principal).into(),
                policy_revision: revision.0,
            },
        };
        let appended = self.log.append(append).await;
        let in_doubt = matches!(appended, Err(AppendError::Unknown { .. }));
        if appended.is_ok() || in_doubt {
            for fact in &facts {
                // What is in doubt, or cannot be read again now, is read by the next one who asks.
                if in_doubt || self.refresh(&fact.stream).await.is_err() {
                    self.forget(&fact.stream);
                }
            }
        }
        appended
    }

    /// Reads again what is kept in memory of a stream.
    pub async fn refresh(&self, stream: &Stream) -> Result<(), LoadError> {
        match stream {
            Stream::Workspace => self.load_workspace().await.map(drop),
            Stream::Line(line) => self.load_line(*line).await.map(drop),
            Stream::Operator(operator) => self.load_operator(*operator).await.map(drop),
            Stream::Element(element) => self.load_element(element).await.map(drop),
            Stream::Channel(_)
            | Stream::Session(_)
            | Stream::Slot(_)
            | Stream::Inbound(..)
            | Stream::Initiated(_)
            | Stream::Refusals(..) => Ok(()),
        }
    }

    /// Believes what is kept in memory of a stream no longer.
    fn forget(&self, stream: &Stream) {
        match stream {
            Stream::Workspace => self.workspace.forget(&()),
            Stream::Line(line) => self.lines.forget(line),
            Stream::Operator(operator) => self.operators.forget(operator),
            Stream::Element(element) => self.elements.forget(element),
            // Its actor drops its own, and slots are read to their end each time.
            Stream::Session(_) | Stream::Slot(_) | Stream::Refusals(..) => {}
            Stream::Channel(_) | Stream::Inbound(..) | Stream::Initiated(_) => {}
        }
    }

    /// Reads again what a conflict says has moved.
    pub async fn refresh_named(&self, name: &StreamName) -> Result<(), LoadError> {
        self.refresh(&wire::stream(name)?).await
    }

    async fn load_workspace(&self) -> Result<Arc<Folded<Workspace>>, LoadError> {
        let mut folded = self.workspace.start(&(), Workspace::default);
        let fold = |state: Workspace, recorded: &Recorded| match &recorded.event {
            Event::Workspace(event) => state.evolve(event),
            _ => Ok(state),
        };
        self.fold(&Stream::Workspace, &mut folded, fold).await?;
        Ok(self.workspace.keep((), folded))
    }

    async fn load_line(&self, line: LineId) -> Result<Arc<Folded<Option<Line>>>, LoadError> {
        let mut folded = self.lines.start(&line, || None);
        let fold = |state, recorded: &Recorded| match &recorded.event {
            Event::Line(event) => Line::evolve(line, state, event).map(Some),
            _ => Ok(state),
        };
        self.fold(&Stream::Line(line), &mut folded, fold).await?;
        Ok(self.lines.keep_existing(line, folded))
    }

    async fn load_operator(&self, operator: OperatorId) -> Result<Arc<Folded<Option<Operator>>>, LoadError> {
        let mut folded = self.operators.start(&operator, || None);
        let fold = |state, recorded: &Recorded| match &recorded.event {
            Event::Operator(event) => Operator::evolve(state, event).map(Some),
            _ => Ok(state),
        };
        self.fold(&Stream::Operator(operator), &mut folded, fold).await?;
        Ok(self.operators.keep_existing(operator, folded))
    }

    async fn load_element(&self, element: &ElementRef) -> Result<Arc<Folded<Option<Element>>>, LoadError> {
        let mut folded = self.elements.start(element, || None);
        let fold = |state, recorded: &Recorded| match &recorded.event {
            Event::Element(event) => Element::evolve(element, state, event).map(Some),
            _ => Ok(state),
        };
        self.fold(&Stream::Element(element.clone()), &mut folded, fold).await?;
        Ok(self.elements.keep_existing(element.clone(), folded))
    }

    async fn fold<T: Default>(
        &self,
        stream: &Stream,
        folded: &mut Folded<T>,
        step: impl Fn(T, &Recorded) -> Result<T, IllegalEvent>,
    ) -> Result<(), LoadError> {
        loop {
            let page = self.read(stream, folded.version).await?;
            let full = page.len() == FOLD_PAGE_EVENTS;
            for recorded in page {
                let position = recorded.position;
                folded.state = step(std::mem::take(&mut folded.state), &recorded)
                    .map_err(|illegal| LoadError::Illegal { position, illegal })?;
                folded.note(&recorded);
            }
            if !full {
                return Ok(());
            }
        }
    }

    async fn read(&self, stream: &Stream, after: Version) -> Result<Vec<Recorded>, LoadError> {
        let name = wire::stream_name(stream);
        let records = self.log.read_stream(&name, after, FOLD_PAGE_EVENTS).await?;
        Ok(records.iter().map(wire::recorded).collect::<Result<_, _>>()?)
    }
}

fn placed(position: Position, session: SessionId, message: MessageId) -> Receipt {
    Receipt { position, session: Some(session), message: Some(message) }
}
