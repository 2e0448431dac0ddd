//! A slot: a customer's address on a channel, and which sessions are open there.

use super::event::{IllegalEvent, SlotEvent};
use super::id::{OperatorId, SessionId};

/// A slot as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotState {
    /// The one session that is open, on a channel that allows one.
    pub holder: Option<SessionId>,
    /// The sessions that are open, on a channel that allows many; the newest last.
    pub open: Vec<SessionId>,
    /// The session that opened last, open or closed.
    pub last: Option<SessionId>,
    /// Whether the customer ever wrote to this channel.
    pub customer_wrote: bool,
}

/// A slot, and what is known about who holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotFacts {
    /// The slot.
    pub state: SlotState,
    /// The operator of the session that holds it; none while that waits in the queue.
    pub operator: Option<OperatorId>,
    /// That operator's name.
    pub operator_name: Option<String>,
}

impl SlotFacts {
    /// A slot of which nobody asks whose session holds it.
    #[must_use]
    pub fn unheld(state: SlotState) -> SlotFacts {
        SlotFacts { state, operator: None, operator_name: None }
    }
}

impl SlotState {
    /// Applies a fact.
    ///
    /// # Errors
    ///
    /// [`IllegalEvent`] where the one rule of slots would be broken: two sessions open at once.
    pub fn evolve(mut self, event: &SlotEvent) -> Result<SlotState, IllegalEvent> {
        match event {
            SlotEvent::SlotClaimed { session } => {
                if self.holder.is_some() {
                    return Err(IllegalEvent("a slot was claimed while another session held it"));
                }
                self.holder = Some(*session);
                self.last = Some(*session);
            }
            SlotEvent::SlotReleased { session } => {
                if self.holder != Some(*session) {
                    return Err(IllegalEvent("a slot was released by a session that did not hold it"));
                }
                self.holder = None;
            }
            SlotEvent::SlotJoined { session } => {
                if self.open.contains(session) {
                    return Err(IllegalEvent("a session joined a slot twice"));
                }
                self.open.push(*session);
                self.last = Some(*session);
            }
            SlotEvent::SlotLeft { session } => {
                let at = self.open.iter().position(|open| open == session);
                self.open.remove(at.ok_or(IllegalEvent("a session left a slot that it had not joined"))?);
            }
            SlotEvent::CustomerWrote => self.customer_wrote = true,
        }
        Ok(self)
    }

    /// The open session that a message without a thread belongs to.
    #[must_use]
    pub fn current(&self) -> Option<SessionId> {
        self.holder.or_else(|| self.open.last().copied())
    }
}
