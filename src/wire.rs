//! Between the domain's facts and the log's bytes: kinds with numbers, payloads frozen per version.
//!
//! The only place that knows both `domain` and the encoding; must not know who reads or writes.
//! `docs/payloads.md` lists every kind with its fields.
//!
//! ```text
//!   Event ──encode──▶ kind, schema, codec, payload ──decode──▶ Event      (every version ever written)
//!   Fact  ──entry───▶ log::Entry … log::Record ──recorded──▶ Recorded
//! ```

use crate::domain::event::{Event, Fact, Stream};
use crate::domain::id::{CommandId, PolicyRevision, Principal};
use crate::domain::time::Timestamp;
use crate::log::{Entry, Position, Record, StreamName, Version, envelope};
use uuid::Uuid;

mod channel;
mod element;
mod inbound;
mod initiated;
mod kind;
mod line;
mod numbers;
mod operator;
mod payload;
mod policy;
mod principal;
mod refusal;
mod session;
mod shared;
mod slot;
mod stream;
mod workspace;

pub use kind::{KINDS, Kind};
pub use principal::{principal, principal_bytes};
pub use stream::{stream, stream_name};

/// The codec of a payload that is plain bincode; the only one written.
pub const CODEC_BINCODE: u8 = 1;

/// The longest payload, in bytes: a message's text of one mebibyte and all that goes with it.
pub const PAYLOAD_BYTES_MAX: usize = 2 << 20;

/// A fact as it stands in the log, with all that is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the log.
    pub position: Position,
    /// Its stream.
    pub stream: Stream,
    /// Its place in its stream.
    pub version: Version,
    /// The name of its stream in the log.
    pub name: StreamName,
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

impl Recorded {
    /// Its own id: a hash made on each call, as by [`Record::event_id`].
    #[must_use]
    pub fn event_id(&self) -> Uuid {
        envelope::event_id(&self.name, self.version, self.command.0)
    }
}

/// An event as the log takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The number of its kind, one of [`KINDS`].
    pub kind: u16,
    /// The version of its kind's payload: always the newest.
    pub schema: u8,
    /// How the payload is encoded: [`CODEC_BINCODE`].
    pub codec: u8,
    /// The payload, at most [`PAYLOAD_BYTES_MAX`] bytes.
    pub payload: Vec<u8>,
}

/// Bytes that this release cannot read as a fact.
///
/// Nothing was changed. Either the bytes are damaged, or a newer release wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    /// Where the record stands in the log, when it came from there.
    pub position: Option<Position>,
    /// What cannot be read.
    pub fault: WireFault,
}

/// What cannot be read of a record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireFault {
    /// No kind has this number.
    #[error("kind {kind} is unknown")]
    UnknownKind {
        /// The number.
        kind: u16,
    },
    /// The kind has no such version.
    #[error("version {schema} of kind {kind} is unknown, the newest known is {newest}")]
    UnknownSchema {
        /// The kind.
        kind: u16,
        /// The version.
        schema: u8,
        /// The newest version that this release knows.
        newest: u8,
    },
    /// The payload is encoded in another way.
    #[error("codec {codec} of kind {kind}, version {schema}, is unknown")]
    UnknownCodec {
        /// The kind.
        kind: u16,
        /// The version.
        schema: u8,
        /// The number of the codec.
        codec: u8,
    },
    /// The payload is not one of its kind and version.
    #[error("the payload of kind {kind}, version {schema}, is malformed: {reason}")]
    Payload {
        /// The kind.
        kind: u16,
        /// The version.
        schema: u8,
        /// What does not fit.
        reason: String,
    },
    /// The kind does not belong into the stream.
    #[error("kind {kind}, version {schema}, does not belong into its stream")]
    Misplaced {
        /// The kind.
        kind: u16,
        /// The version.
        schema: u8,
    },
    /// The name of a stream is none.
    #[error("the stream's name is malformed: {reason}")]
    StreamName {
        /// What does not fit.
        reason: String,
    },
    /// The one who acted cannot be told.
    #[error("the principal is malformed: {reason}")]
    Principal {
        /// What does not fit.
        reason: String,
    },
}

impl std::fmt::Display for WireError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.position {
            Some(position) => write!(f, "position {position}: {}", self.fault),
            None => self.fault.fmt(f),
        }
    }
}

impl std::error::Error for WireError {}

impl From<WireFault> for WireError {
    fn from(fault: WireFault) -> WireError {
        WireError { position: None, fault }
    }
}

/// Encodes an event in the newest version of its kind.
///
/// # Panics
///
/// When the payload is longer than [`PAYLOAD_BYTES_MAX`]: the limits of the domain keep every
/// decided event below it, and what could not be read again is not to be written.
#[must_use]
pub fn encode(event: &Event) -> Encoded {
    match event {
        Event::Workspace(event) => workspace::encode(event),
        Event::Line(event) => line::encode(event),
        Event::Channel(event) => channel::encode(event),
        Event::Operator(event) => operator::encode(event),
        Event::Element(event) => element::encode(event),
        Event::Session(event) => session::encode(event),
        Event::Slot(event) => slot::encode(event),
        Event::Inbound(event) => inbound::encode(event),
        Event::Initiated(event) => initiated::encode(event),
        Event::Refusal(event) => refusal::encode(event),
    }
}

/// Decodes an event of any version that was ever written.
///
/// # Errors
///
/// [`WireError`] without a position, for a number that is not known and for a payload that is not
/// exactly one of its kind: bytes left over are an error too.
pub fn decode(kind: u16, schema: u8, codec: u8, payload: &[u8]) -> Result<Event, WireError> {
    let known = kind::find(kind).ok_or(WireFault::UnknownKind { kind })?;
    if schema == 0 || schema > known.newest {
        return Err(WireFault::UnknownSchema { kind, schema, newest: known.newest }.into());
    }
    if codec != CODEC_BINCODE {
        return Err(WireFault::UnknownCodec { kind, schema, codec }.into());
    }
    let event = match kind / kind::FAMILY {
        kind::WORKSPACE => workspace::decode(kind, schema, payload).map(Event::Workspace),
        kind::LINE => line::decode(kind, schema, payload).map(Event::Line),
        kind::CHANNEL => channel::decode(kind, schema, payload).map(Event::Channel),
        kind::OPERATOR => operator::decode(kind, schema, payload).map(Event::Operator),
        kind::ELEMENT => element::decode(kind, schema, payload).map(Event::Element),
        kind::SESSION => session::decode(kind, schema, payload).map(Event::Session),
        kind::SLOT => slot::decode(kind, schema, payload).map(Event::Slot),
        kind::INBOUND => inbound::decode(kind, schema, payload).map(Event::Inbound),
        kind::INITIATED => initiated::decode(kind, schema, payload).map(Event::Initiated),
        kind::REFUSAL => refusal::decode(kind, schema, payload).map(Event::Refusal),
        _ => Err(payload::unplaced()),
    };
    event.map_err(|bad| WireFault::Payload { kind, schema, reason: bad.0 }.into())
}

/// Makes a fact ready for the log.
///
/// # Panics
///
/// When the event does not belong into the stream, and as [`encode`] and [`stream_name`] do: these
/// are mistakes of this crate, which must not reach the log.
#[must_use]
pub fn entry(fact: &Fact) -> Entry {
    assert!(belongs(&fact.event, &fact.stream), "an event stands in a stream of its own aggregate");
    let Encoded { kind, schema, codec, payload } = encode(&fact.event);
    Entry { stream: stream_name(&fact.stream), kind, schema, codec, payload: payload.into() }
}

/// Reads a record of the log.
///
/// # Errors
///
/// [`WireError`] with the record's position, when a number is not known, when anything in it is
/// malformed, or when the event does not belong into its stream.
pub fn recorded(record: &Record) -> Result<Recorded, WireError> {
    read_record(record).map_err(|error| WireError { position: Some(record.position), fault: error.fault })
}

fn read_record(record: &Record) -> Result<Recorded, WireError> {
    let Entry { kind, schema, codec, ref payload, stream: ref name } = record.entry;
    let event = decode(kind, schema, codec, payload)?;
    let stream = stream(name)?;
    if !belongs(&event, &stream) {
        return Err(WireFault::Misplaced { kind, schema }.into());
    }
    let stamp = &record.stamp;
    Ok(Recorded {
        position: record.position,
        stream,
        version: record.version,
        name: name.clone(),
        time: Timestamp(stamp.time_us),
        command: CommandId(stamp.command),
        correlation: CommandId(stamp.correlation),
        causation: CommandId(stamp.causation),
        principal: principal(&stamp.principal)?,
        policy_revision: PolicyRevision(stamp.policy_revision),
        digest: stamp.digest,
        event,
    })
}

/// Whether a kind is one of slots, seen without decoding anything.
pub(crate) fn is_of_slot(kind: u16) -> bool {
    kind / kind::FAMILY == kind::SLOT
}

/// Whether an event is one of the aggregate that the stream is of.
fn belongs(event: &Event, stream: &Stream) -> bool {
    match event {
        Event::Workspace(_) => matches!(stream, Stream::Workspace),
        Event::Line(_) => matches!(stream, Stream::Line(_)),
        Event::Channel(_) => matches!(stream, Stream::Channel(_)),
        Event::Operator(_) => matches!(stream, Stream::Operator(_)),
        Event::Element(_) => matches!(stream, Stream::Element(_)),
        Event::Session(_) => matches!(stream, Stream::Session(_)),
        Event::Slot(_) => matches!(stream, Stream::Slot(_)),
        Event::Inbound(_) => matches!(stream, Stream::Inbound(..)),
        Event::Initiated(_) => matches!(stream, Stream::Initiated(_)),
        Event::Refusal(_) => matches!(stream, Stream::Refusals(..)),
    }
}
