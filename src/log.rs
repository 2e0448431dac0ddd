//! The log: streams of events in one total order, durable before it answers.
//!
//! Knows events as bytes with metadata; must not know what a session or a line is, nor any
//! projection. [`memory`] and [`embedded`] implement the one trait, [`Log`]; a log on several
//! machines can too, so nothing here promises that this process is the only writer.
//!
//! ```text
//!   Append { expects, entries } ──▶ one writer ──▶ [frame][frame] ──▶ sync ──▶ head moves ──▶ answer
//! ```

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use tokio::sync::watch;
use uuid::Uuid;

pub mod bounds;
pub mod embedded;
pub mod envelope;
pub mod frame;
pub mod memory;
mod short;
mod taken;

pub use short::ShortBytes;

/// The place of an event in the log: 1, 2, 3, … in the order in which they became durable.
///
/// Zero is the place before the first event, where a reader of everything starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl Position {
    /// The place before the first event.
    pub const START: Position = Position(0);

    /// The place after this one.
    #[must_use]
    pub fn next(self) -> Position {
        Position(self.0 + 1)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The place of an event in its stream: 1, 2, 3, …; zero says that the stream has no event yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

impl Version {
    /// The version of a stream without events.
    pub const ABSENT: Version = Version(0);

    /// The version after this one.
    #[must_use]
    pub fn next(self) -> Version {
        Version(self.0 + 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a stream: 1 to [`STREAM_NAME_BYTES_MAX`] bytes, which the log only compares.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName(ShortBytes);

/// The longest name of a stream: a channel's id, an e-mail address of 254 octets, and room.
pub const STREAM_NAME_BYTES_MAX: usize = 400;

impl StreamName {
    /// Names a stream.
    ///
    /// # Panics
    ///
    /// When the name is empty or longer than [`STREAM_NAME_BYTES_MAX`]: names are built by this
    /// crate from values that it has bounded before.
    #[must_use]
    pub fn new(name: &[u8]) -> StreamName {
        assert!(
            !name.is_empty() && name.len() <= STREAM_NAME_BYTES_MAX,
            "a stream's name has 1 to 400 bytes"
        );
        StreamName(ShortBytes::new(name))
    }

    /// The bytes of the name.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// What the events of one command have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When it was decided, in microseconds since 1970-01-01T00:00:00Z.
    pub time_us: i64,
    /// The command that these events answer.
    pub command: Uuid,
    /// A digest of the command's content: the same id with another digest is another command.
    pub digest: u64,
    /// The conversation of commands that this one belongs to; mostly the command itself.
    pub correlation: Uuid,
    /// What made somebody send the command; mostly the command itself.
    pub causation: Uuid,
    /// Who acted, encoded by the layer above; at most 255 bytes.
    pub principal: ShortBytes,
    /// The revision of the line's rules that it was decided under; zero where no line was asked.
    pub policy_revision: u32,
}

/// An event on its way into the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The stream that it is a fact of.
    pub stream: StreamName,
    /// The number of its kind.
    pub kind: u16,
    /// The version of its kind's payload.
    pub schema: u8,
    /// How the payload is encoded; 1 is plain bincode, further numbers are for encrypted payloads.
    pub codec: u8,
    /// The payload; that of a record shares the memory of the page that it was read with.
    pub payload: Bytes,
}

/// What an append expects of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Exactly this version; [`Version::ABSENT`] expects a stream without events.
    Exactly(Version),
    /// Any version: the event is a note that nothing is decided on.
    Any,
}

/// Events to append, all or none, if every expectation holds.
///
/// A stream may be expected without being written: what was decided on it must still be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The events, in order; they take consecutive positions. At least one.
    pub entries: Vec<Entry>,
    /// What is expected, each stream at most once; a stream that is written without being named
    /// here is expected at [`Expected::Any`].
    pub expects: Vec<(StreamName, Expected)>,
    /// What the events have in common.
    pub stamp: Stamp,
}

/// Where an append's events stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The position of its first event.
    pub first: Position,
    /// The position of its last event.
    pub last: Position,
}

/// An event as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its place in the log.
    pub position: Position,
    /// Its place in its stream.
    pub version: Version,
    /// The version before it in its stream, by which a reader notices lost or forked history.
    pub previous: Version,
    /// What it shares with the other events of its command.
    pub stamp: Stamp,
    /// The event.
    pub entry: Entry,
}

impl Record {
    /// The event's own id, which follows from its stream, its version and its command.
    ///
    /// It is a hash made on each call, since few readers ask for it.
    #[must_use]
    pub fn event_id(&self) -> Uuid {
        envelope::event_id(&self.entry.stream, self.version, self.stamp.command)
    }
}

/// Why an append was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// An expectation was stale. Nothing was written.
    #[error("stream {stream:?} is at version {found}, not at {expected}")]
    Conflict {
        /// The stream whose version differed.
        stream: StreamName,
        /// The version that was expected.
        expected: Version,
        /// The version that was found.
        found: Version,
    },
    /// The queue of the writer is full. Nothing was written; the same append may be sent again.
    #[error("the log's queue of {queue_max} appends is full")]
    Busy {
        /// The bound of the queue.
        queue_max: usize,
    },
    /// The append is malformed or over a limit. Nothing was written.
    #[error("the append is refused: {reason}")]
    Invalid {
        /// What is wrong, with the value and the limit.
        reason: String,
    },
    /// The log takes no appends (closed, or poisoned by an earlier failure). Nothing was written.
    #[error("the log takes no appends: {reason}")]
    Unavailable {
        /// Why, and what would help.
        reason: String,
    },
    /// The append may or may not be in the log; opening the log again tells.
    #[error("it is not known whether the append was stored: {reason}")]
    Unknown {
        /// What failed.
        reason: String,
    },
}

/// Why a read failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// What stands at this position is not what was written.
    #[error("the log is damaged at position {position}: {reason}")]
    Damaged {
        /// The first position of the damaged frame.
        position: Position,
        /// What does not fit.
        reason: String,
    },
    /// The store could not be read.
    #[error("the log could not be read: {reason}")]
    Unavailable {
        /// What failed.
        reason: String,
    },
}

/// Figures of a log since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogStats {
    /// Appends acknowledged.
    pub appends: u64,
    /// Events acknowledged.
    pub events: u64,
    /// Syncs to the disk; events per sync is what group commit gains.
    pub syncs: u64,
    /// Appends refused by a stale expectation.
    pub conflicts: u64,
    /// Bytes of frames written.
    pub bytes: u64,
    /// Appends waiting for the writer now.
    pub queued: u64,
}

/// A future of the log, boxed so that the log can be chosen when the engine is opened.
pub type LogFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// Streams of events with one total order.
///
/// Its implementations pass one conformance suite, `tests/log_conformance.rs`.
pub trait Log: Send + Sync + 'static {
    /// Appends events, all or none; the answer comes when they are durable.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does not cancel an append that was handed over: it is written or not
    /// as if the caller still waited.
    fn append(&self, append: Append) -> LogFuture<Result<Appended, AppendError>>;

    /// Reads up to `limit` events of a stream after `after`, oldest first.
    fn read_stream(
        &self,
        stream: &StreamName,
        after: Version,
        limit: usize,
    ) -> LogFuture<Result<Vec<Record>, ReadError>>;

    /// Reads up to `limit` events after `after` in the order of the log; only durable events.
    fn read_all(&self, after: Position, limit: usize) -> LogFuture<Result<Vec<Record>, ReadError>>;

    /// Reads the events at these positions, in their order, as long as their payloads have no more
    /// than `bytes_max` together; the first is read whatever it has. A position that the log has not
    /// reached is left out.
    fn read_at(
        &self,
        positions: Vec<Position>,
        bytes_max: usize,
    ) -> LogFuture<Result<Vec<Record>, ReadError>>;

    /// The position of the last durable event.
    fn head(&self) -> Position;

    /// Follows the head; a reader sees each move or a later one.
    fn follow(&self) -> watch::Receiver<Position>;

    /// Figures since opening.
    fn stats(&self) -> LogStats;

    /// Why the log refuses appends, when it does.
    fn poisoned(&self) -> Option<String>;

    /// Writes what was accepted, refuses what comes after, and releases the store.
    fn close(&self) -> LogFuture<()>;
}

/// Reads a golden file: hexadecimal digits, with white space and lines of `#` between them.
#[cfg(test)]
fn golden(text: &str) -> Vec<u8> {
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    let digits: Vec<u32> = digits.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

/// Writes bytes as a golden file has them, so that a difference is seen by its place.
#[cfg(test)]
fn hex(bytes: &[u8]) -> String {
    let line = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    bytes.chunks(16).map(line).collect::<Vec<_>>().join("\n")
}
