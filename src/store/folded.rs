//! A state folded from its stream, with what the stream remembers of commands.

use super::commands::{Commands, Remembered};
use crate::domain::id::CommandId;
use crate::log::{Position, Version};
use crate::request::CommandError;
use crate::seeded::{self, Bug};
use crate::wire::Recorded;

/// A state folded from its stream, and what the stream remembers.
#[derive(Clone, Debug)]
pub(crate) struct Folded<T> {
    /// The state.
    pub state: T,
    /// The version that it is the fold of.
    pub version: Version,
    /// The position of the stream's last event.
    pub last: Position,
    commands: Commands,
}

impl<T> Folded<T> {
    pub(super) fn empty(state: T) -> Folded<T> {
        Folded { state, version: Version::ABSENT, last: Position::START, commands: Commands::default() }
    }

    /// The position of a command's last event, if this stream answered it before.
    ///
    /// # Errors
    ///
    /// `CommandIdReused` when the id came with another content.
    pub fn answered(&self, command: CommandId, digest: u64) -> Result<Option<Position>, CommandError> {
        match self.commands.get(command) {
            Some(_) if seeded::is(Bug::SkipCommandId) => Ok(None),
            None => Ok(None),
            Some(known) if known.digest == digest => Ok(Some(known.last)),
            Some(_) => Err(CommandError::CommandIdReused(command)),
        }
    }

    /// Notes an event that the state was folded with.
    pub(super) fn note(&mut self, recorded: &Recorded) {
        self.version = recorded.version;
        self.last = recorded.position;
        let remembered = Remembered { digest: recorded.digest, last: recorded.position };
        self.commands.insert(recorded.command, remembered);
    }
}
