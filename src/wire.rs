//! Between the domain's facts and the log's bytes: kinds with numbers, payloads frozen per version.
//!
//! The only place that knows both `domain` and the encoding; must not know who reads or writes.

use crate::domain::event::{Event, Stream};
use crate::domain::id::{CommandId, PolicyRevision, Principal};
use crate::domain::time::Timestamp;
use crate::log::{Position, Version};
use uuid::Uuid;

/// A fact as it stands in the log, with all that is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the log.
    pub position: Position,
    /// Its stream.
    pub stream: Stream,
    /// Its place in its stream.
    pub version: Version,
    /// Its own id.
    pub event_id: Uuid,
    /// When it was decided.
    pub time: Timestamp,
    /// The command that it answers.
    pub command: CommandId,
    /// The conversation of commands that this one belongs to.
    pub correlation: CommandId,
    /// What made somebody send the command.
    pub causation: CommandId,
    /// Who acted.
    pub principal: Principal,
    /// The revision of the line's rules that it was decided under.
    pub policy_revision: PolicyRevision,
    /// A digest of the command's content.
    pub digest: u64,
    /// What happened.
    pub event: Event,
}
