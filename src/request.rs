//! What a host hands in with each command, and what it gets back.

use std::hash::{Hash, Hasher};

use uuid::Uuid;

use crate::domain::id::{
    AdministratorId, ChannelId, CommandId, MessageId, OperatorId, Principal, ProcessId, SessionId,
};
use crate::domain::rejection::Rejection;
use crate::log::Position;

/// Who asks, and by which command id.
///
/// The id makes a command repeatable: the same id with the same content gives the same receipt for
/// ever, also after a restart; with another content it is refused as `CommandIdReused`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who acts.
    pub principal: Principal,
    /// The command's id.
    pub command: CommandId,
    /// The conversation of commands that it belongs to.
    pub correlation: CommandId,
    /// What made somebody send it.
    pub causation: CommandId,
}

impl Caller {
    /// Somebody who asks with a fresh command id.
    #[must_use]
    pub fn new(principal: Principal) -> Caller {
        Caller::with_id(principal, CommandId(Uuid::now_v7()))
    }

    /// Somebody who asks, or asks again, by a known command id.
    #[must_use]
    pub fn with_id(principal: Principal, command: CommandId) -> Caller {
        Caller { principal, command, correlation: command, causation: command }
    }

    /// An operator, with a fresh command id.
    #[must_use]
    pub fn operator(operator: OperatorId) -> Caller {
        Caller::new(Principal::Operator(operator))
    }

    /// An administrator, with a fresh command id.
    #[must_use]
    pub fn administrator(administrator: AdministratorId) -> Caller {
        Caller::new(Principal::Administrator(administrator))
    }

    /// A channel, with a fresh command id.
    #[must_use]
    pub fn channel(channel: ChannelId) -> Caller {
        Caller::new(Principal::Channel(channel))
    }

    /// A process, with a fresh command id.
    #[must_use]
    pub fn process(process: ProcessId) -> Caller {
        Caller::new(Principal::Process(process))
    }

    /// The same caller, acting because of another command.
    #[must_use]
    pub fn because_of(self, correlation: CommandId, causation: CommandId) -> Caller {
        Caller { correlation, causation, ..self }
    }
}

/// The answer to a command: it is durable, and here is where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The position of the command's last event; what to wait for before reading. A command that
    /// changes nothing gives the position of the last change before it.
    pub position: Position,
    /// The session that the command was about, or that it made.
    pub session: Option<SessionId>,
    /// The message that it made, or that a report of delivery was about.
    pub message: Option<MessageId>,
}

impl Receipt {
    /// A receipt that names no session.
    #[must_use]
    pub fn at(position: Position) -> Receipt {
        Receipt { position, session: None, message: None }
    }
}

/// Whether a command that failed left something behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was written.
    NotWritten,
    /// It is not known; asking again with the same id tells.
    Unknown,
}

/// Why a command has no receipt.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CommandError {
    /// A rule says no. Nothing was written.
    #[error("refused: {}", .0.sentence(crate::domain::rejection::Lang::En))]
    Rejected(Box<Rejection>),
    /// The command id was used before, for another command. Nothing was written.
    #[error("command id {0} was used before with another content")]
    CommandIdReused(CommandId),
    /// Too much is waiting. Nothing was written; the same command may be sent again.
    #[error("too busy: {0}")]
    Busy(String),
    /// The engine takes no commands. Nothing was written.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The log could not be read, or is damaged. Nothing was written.
    #[error("the log could not be read: {0}")]
    Unreadable(String),
    /// The command may or may not have been written; asking again with the same id tells.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
}

impl CommandError {
    /// Whether something was written.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            CommandError::Rejected(_)
            | CommandError::CommandIdReused(_)
            | CommandError::Busy(_)
            | CommandError::Unavailable(_)
            | CommandError::Unreadable(_) => Outcome::NotWritten,
            CommandError::Unknown(_) => Outcome::Unknown,
        }
    }

    /// The stable code: a refusal's own, or one of the machine's.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            CommandError::Rejected(rejection) => rejection.code(),
            CommandError::CommandIdReused(_) => "CommandIdReused",
            CommandError::Busy(_) => "Busy",
            CommandError::Unavailable(_) => "Unavailable",
            CommandError::Unreadable(_) => "Unreadable",
            CommandError::Unknown(_) => "Unknown",
        }
    }

    /// The refusal, where a rule said no.
    #[must_use]
    pub fn rejection(&self) -> Option<&Rejection> {
        match self {
            CommandError::Rejected(rejection) => Some(rejection),
            _ => None,
        }
    }
}

impl From<Rejection> for CommandError {
    fn from(rejection: Rejection) -> CommandError {
        CommandError::Rejected(Box::new(rejection))
    }
}

/// A digest of a command's content and of who sent it, the same on every machine.
#[must_use]
pub(crate) fn digest(principal: &Principal, content: &impl Hash) -> u64 {
    let mut hasher = ContentHasher(Vec::with_capacity(CONTENT_BYTES));
    principal.hash(&mut hasher);
    content.hash(&mut hasher);
    hasher.finish()
}

/// Room for the content of most commands: hashing it at once costs a third of hashing field by field.
const CONTENT_BYTES: usize = 512;

/// Collects `Hash` for BLAKE3, numbers in little-endian and `usize` as 64 bits.
struct ContentHasher(Vec<u8>);

impl Hasher for ContentHasher {
    fn finish(&self) -> u64 {
        let hash = blake3::hash(&self.0);
        hash.as_bytes().iter().take(8).rev().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn write_u16(&mut self, number: u16) {
        self.write(&number.to_le_bytes());
    }

    fn write_u32(&mut self, number: u32) {
        self.write(&number.to_le_bytes());
    }

    fn write_u64(&mut self, number: u64) {
        self.write(&number.to_le_bytes());
    }

    fn write_u128(&mut self, number: u128) {
        self.write(&number.to_le_bytes());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_i64(&mut self, number: i64) {
        self.write(&number.to_le_bytes());
    }

    fn write_isize(&mut self, number: isize) {
        self.write_i64(number as i64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::command::{SessionCommand, WorkspaceCommand};
    use crate::domain::event::EntryPoint;

    /// Digests stand in logs: should a release of the compiler or of this crate change them, a
    /// command that was answered before it would be refused after it.
    #[test]
    fn digests_of_commands_stay_what_they_were() {
        let operator = Principal::Operator(OperatorId(Uuid::from_u128(1)));
        let message = MessageId(Uuid::from_u128(2));
        let send = SessionCommand::SendMessage {
            message,
            text: "Добрый день".into(),
            via: EntryPoint::LinesSection,
        };
        let licence = WorkspaceCommand::SetServiceLicence { active: true };
        assert_eq!(digest(&operator, &send), SEND);
        assert_eq!(digest(&operator, &licence), LICENCE);
    }

    const SEND: u64 = 8_149_085_632_779_046_656;
    const LICENCE: u64 = 12147557642767392927;
}
