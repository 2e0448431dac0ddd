//! What the facts of a log add up to: versions without a gap, transitions that can have happened, and
//! one open session per slot.
//!
//! The states of all streams of a long log do not fit into memory. So they are folded in sweeps over
//! the log: each sweep folds the streams whose names hash into a range, and a range that turns out
//! to hold too many is cut in half; what was left out is the next sweep's.
//!
//! ```text
//!   names' hashes   |─ sweep 1 ─|──── sweep 2 ────|─ sweep 3 ─|      each folds the log once
//! ```

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use uuid::Uuid;

use super::walk::Walk;
use super::{Audit, AuditError, Fault, Report};
use crate::domain::element::Element;
use crate::domain::event::{Event, IllegalEvent, SessionEvent, Slot, SlotEvent, Stream};
use crate::domain::id::SessionId;
use crate::domain::line::Line;
use crate::domain::operator::Operator;
use crate::domain::refused::RefusalDay;
use crate::domain::session::Session;
use crate::domain::slot::SlotState;
use crate::domain::workspace::Workspace;
use crate::log::{Position, Record, StreamName, Version};
use crate::wire::{self, Recorded};

#[cfg(test)]
mod tests;

/// The most states in memory at once; a session with messages counts as more than one. Measured
/// at 500 to 1,800 bytes each, so that they are below 300 megabytes.
pub const STATES_MAX: usize = 150_000;

/// The most openings and closings of one command that wait for what they belong to; more than an append has
/// of all events is no command of ours.
const MOVES_MAX: usize = 10_000;

/// What was proved of the streams of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamsProof {
    /// Streams, each with versions 1, 2, 3, … and transitions that can have happened.
    pub streams: u64,
    /// How many of them are sessions.
    pub sessions: u64,
    /// How many of them are slots, none of which two sessions ever held at once.
    pub slots: u64,
    /// Openings of sessions, each with its entry into its slot in the same command.
    pub openings: u64,
    /// Closings of sessions, each with leaving its slot in the same command.
    pub closings: u64,
    /// How often the log was folded for it.
    pub sweeps: u64,
}

/// Proves the streams of a log up to a position.
pub(super) fn prove(audit: &Audit, to: Position, report: Report<'_>) -> Result<StreamsProof, AuditError> {
    prove_within(audit, to, STATES_MAX, report)
}

pub(super) fn prove_within(
    audit: &Audit,
    to: Position,
    states_max: usize,
    report: Report<'_>,
) -> Result<StreamsProof, AuditError> {
    let mut proof = StreamsProof::default();
    let mut next = Some(0);
    while let Some(low) = next {
        let mut sweep = Sweep::new(low, states_max);
        let mut walk = Walk::new(audit, "transitions and slots", Position(1), to)?;
        while let Some((frame, _)) = walk.step(report)? {
            for read in frame.records() {
                let (position, encoded) = read.map_err(|error| Fault::at(frame.first, error))?;
                sweep.take(frame.record(position, &encoded))?;
            }
        }
        sweep.settle()?;
        sweep.count(&mut proof);
        next = sweep.high.checked_add(1);
    }
    Ok(proof)
}

struct Sweep {
    low: u64,
    high: u64,
    hasher: FixedState,
    states_max: usize,
    states: HashMap<StreamName, Kept, foldhash::fast::RandomState>,
    weight: usize,
    moves: Moves,
}

/// A stream so far.
struct Kept {
    version: Version,
    weight: usize,
    openings: u32,
    closings: u32,
    state: State,
}

enum State {
    Workspace(Workspace),
    Line(Box<Line>),
    Operator(Operator),
    Element(Box<Element>),
    Session(Box<Session>),
    Slot(Box<SlotState>),
    Refusals(RefusalDay),
    /// Something that happens once.
    Happened,
}

/// What the command at hand did to sessions and slots.
#[derive(Default)]
struct Moves {
    command: Option<Uuid>,
    first: Position,
    /// Sessions that opened, and slots that were entered: what has its counterpart already is not here.
    opened: Counterparts,
    closed: Counterparts,
}

/// What a session says, and what a slot says, as long as the other does not say so too.
#[derive(Default)]
struct Counterparts {
    of_session: HashSet<(SessionId, Slot)>,
    of_slot: HashSet<(SessionId, Slot)>,
}

impl Sweep {
    fn new(low: u64, states_max: usize) -> Sweep {
        Sweep {
            low,
            high: u64::MAX,
            hasher: FixedState::with_seed(0),
            states_max,
            states: HashMap::default(),
            weight: 0,
            moves: Moves::default(),
        }
    }

    fn holds(&self, name: &StreamName) -> bool {
        (self.low..=self.high).contains(&self.hasher.hash_one(name))
    }

    fn take(&mut self, record: Record) -> Result<(), AuditError> {
        if self.moves.command != Some(record.stamp.command) {
            self.settle()?;
            self.moves =
                Moves { command: Some(record.stamp.command), first: record.position, ..Moves::default() };
        }
        let held = self.holds(&record.entry.stream);
        if !held && !wire::is_of_slot(record.entry.kind) {
            return Ok(());
        }
        let recorded = wire::recorded(&record)?;
        self.note_slot(&recorded);
        if held {
            self.fold(&record, &recorded)?;
        }
        if self.moves.waiting() > MOVES_MAX {
            let reason =
                format!("one command opens or closes more than {MOVES_MAX} sessions without their slots");
            return Err(Fault::at(self.moves.first, reason).into());
        }
        Ok(())
    }

    fn note_slot(&mut self, recorded: &Recorded) {
        let (Stream::Slot(slot), Event::Slot(event)) = (&recorded.stream, &recorded.event) else { return };
        let (session, moves) = match event {
            SlotEvent::SlotClaimed { session } | SlotEvent::SlotJoined { session } => {
                (session, &mut self.moves.opened)
            }
            SlotEvent::SlotReleased { session } | SlotEvent::SlotLeft { session } => {
                (session, &mut self.moves.closed)
            }
            SlotEvent::CustomerWrote => return,
        };
        // Of a session that this sweep leaves out, only another one hears.
        let name = wire::stream_name(&Stream::Session(*session));
        if (self.low..=self.high).contains(&self.hasher.hash_one(&name)) {
            moves.slot_says((*session, slot.clone()));
        }
    }

    fn fold(&mut self, record: &Record, recorded: &Recorded) -> Result<(), AuditError> {
        let at = |reason: &dyn std::fmt::Display| Fault::at(record.position, reason);
        let (version, state) = match self.states.remove(&record.entry.stream) {
            Some(kept) => {
                self.weight -= kept.weight;
                (kept.version, Some(kept))
            }
            None => (Version::ABSENT, None),
        };
        if record.version != version.next() || record.previous != version {
            let (found, previous) = (record.version, record.previous);
            let reason =
                format!("its stream is at version {version}, but it has version {found} after {previous}");
            return Err(at(&reason).into());
        }
        let (openings, closings) = state.as_ref().map_or((0, 0), |kept| (kept.openings, kept.closings));
        let mut state = evolve(state.map(|kept| kept.state), recorded).map_err(|illegal| at(&illegal))?;
        let (opened, closed) = self.moves.note_session(&mut state, recorded);
        let kept = Kept {
            version: record.version,
            weight: state.weight(),
            openings: openings + u32::from(opened),
            closings: closings + u32::from(closed),
            state,
        };
        self.weight += kept.weight;
        self.states.insert(record.entry.stream.clone(), kept);
        self.make_room();
        Ok(())
    }

    /// Leaves the upper half of the range to the next sweep, as often as there is too much of it. One
    /// stream alone is never too much.
    fn make_room(&mut self) {
        while self.weight > self.states_max && self.states.len() > 1 && self.low < self.high {
            self.high = self.low + (self.high - self.low) / 2;
            let (hasher, high) = (self.hasher, self.high);
            self.states.retain(|name, _| hasher.hash_one(name) <= high);
            self.weight = self.states.values().map(|kept| kept.weight).sum();
        }
    }

    /// Compares what the command at hand did to sessions with what it did to slots.
    fn settle(&mut self) -> Result<(), Fault> {
        let moves = std::mem::take(&mut self.moves);
        let held =
            |(session, _): &&(SessionId, Slot)| self.holds(&wire::stream_name(&Stream::Session(*session)));
        for (said, did) in [(&moves.opened, "opened"), (&moves.closed, "closed")] {
            if let Some((session, _)) = said.of_session.iter().find(held) {
                let reason = format!("session {session} was {did}, and its slot does not know it");
                return Err(Fault::at(moves.first, reason));
            }
            if let Some((session, _)) = said.of_slot.iter().find(held) {
                let reason =
                    format!("a slot says that session {session} was {did}, and the session does not");
                return Err(Fault::at(moves.first, reason));
            }
        }
        Ok(())
    }

    fn count(&self, proof: &mut StreamsProof) {
        proof.sweeps += 1;
        proof.streams += self.states.len() as u64;
        for kept in self.states.values() {
            proof.openings += u64::from(kept.openings);
            proof.closings += u64::from(kept.closings);
            match kept.state {
                State::Session(_) => proof.sessions += 1,
                State::Slot(_) => proof.slots += 1,
                State::Workspace(_)
                | State::Line(_)
                | State::Operator(_)
                | State::Element(_)
                | State::Refusals(_)
                | State::Happened => {}
            }
        }
    }
}

impl Counterparts {
    fn session_says(&mut self, did: (SessionId, Slot)) {
        if !self.of_slot.remove(&did) {
            self.of_session.insert(did);
        }
    }

    fn slot_says(&mut self, did: (SessionId, Slot)) {
        if !self.of_session.remove(&did) {
            self.of_slot.insert(did);
        }
    }
}

impl Moves {
    /// How many have no counterpart yet.
    fn waiting(&self) -> usize {
        let of = |of: &Counterparts| of.of_session.len() + of.of_slot.len();
        of(&self.opened) + of(&self.closed)
    }

    /// Notes whether an event opened or closed its session.
    fn note_session(&mut self, state: &mut State, recorded: &Recorded) -> (bool, bool) {
        let (State::Session(session), Event::Session(event)) = (state, &recorded.event) else {
            return (false, false);
        };
        match event {
            SessionEvent::SessionCreated { .. } | SessionEvent::SessionReopened { .. } => {
                self.opened.session_says((session.id, session.slot()));
                (true, false)
            }
            SessionEvent::SessionClosed => {
                self.closed.session_says((session.id, session.slot()));
                (false, true)
            }
            SessionEvent::OperatorAssigned { .. }
            | SessionEvent::MessageSent { .. }
            | SessionEvent::InitiatedMessageSent { .. }
            | SessionEvent::MessageReceived { .. }
            | SessionEvent::MessageHandedOver { .. }
            | SessionEvent::MessageDelivered { .. }
            | SessionEvent::MessageRead { .. }
            | SessionEvent::MessageFailed { .. }
            | SessionEvent::SessionRenamed { .. }
            | SessionEvent::ElementLinked { .. }
            | SessionEvent::ElementUnlinked { .. } => (false, false),
        }
    }
}

impl State {
    fn weight(&self) -> usize {
        match self {
            // Twenty messages of a session take about what its other fields do.
            State::Session(session) => 1 + session.messages.len() / 20 + session.links.len() / 4,
            State::Element(element) => 1 + element.fields.len() / 4,
            State::Workspace(_)
            | State::Line(_)
            | State::Operator(_)
            | State::Slot(_)
            | State::Refusals(_)
            | State::Happened => 1,
        }
    }
}

/// Applies a fact by the rules that live commands are decided by.
fn evolve(state: Option<State>, recorded: &Recorded) -> Result<State, IllegalEvent> {
    const OTHER: IllegalEvent = IllegalEvent("a stream holds facts of two kinds of things");
    Ok(match (&recorded.stream, &recorded.event) {
        (Stream::Workspace, Event::Workspace(event)) => {
            let workspace = match state {
                None => Workspace::default(),
                Some(State::Workspace(workspace)) => workspace,
                Some(_) => return Err(OTHER),
            };
            State::Workspace(workspace.evolve(event)?)
        }
        (Stream::Line(line), Event::Line(event)) => {
            let known = match state {
                None => None,
                Some(State::Line(known)) => Some(*known),
                Some(_) => return Err(OTHER),
            };
            State::Line(Box::new(Line::evolve(*line, known, event)?))
        }
        (Stream::Operator(_), Event::Operator(event)) => {
            let known = match state {
                None => None,
                Some(State::Operator(known)) => Some(known),
                Some(_) => return Err(OTHER),
            };
            State::Operator(Operator::evolve(known, event)?)
        }
        (Stream::Element(element), Event::Element(event)) => {
            let known = match state {
                None => None,
                Some(State::Element(known)) => Some(*known),
                Some(_) => return Err(OTHER),
            };
            State::Element(Box::new(Element::evolve(element, known, event)?))
        }
        (Stream::Session(session), Event::Session(event)) => {
            let known = match state {
                None => None,
                Some(State::Session(known)) => Some(*known),
                Some(_) => return Err(OTHER),
            };
            let mut session = Session::evolve(*session, known, event, recorded.time)?;
            // No transition asks for these, and they would be most of what a state takes.
            session.name = String::new();
            session.subject = None;
            session.customer.name = String::new();
            State::Session(Box::new(session))
        }
        (Stream::Slot(_), Event::Slot(event)) => {
            let known = match state {
                None => SlotState::default(),
                Some(State::Slot(known)) => *known,
                Some(_) => return Err(OTHER),
            };
            State::Slot(Box::new(known.evolve(event)?))
        }
        (Stream::Refusals(..), Event::Refusal(event)) => {
            let known = match state {
                None => RefusalDay::default(),
                Some(State::Refusals(known)) => known,
                Some(_) => return Err(OTHER),
            };
            State::Refusals(known.evolve(event)?)
        }
        (Stream::Channel(_), Event::Channel(_))
        | (Stream::Inbound(..), Event::Inbound(_))
        | (Stream::Initiated(_), Event::Initiated(_)) => match state {
            None => State::Happened,
            Some(_) => return Err(IllegalEvent("something happened twice that happens once")),
        },
        (_, _) => return Err(OTHER),
    })
}
