//! The record's envelope: everything of an event but its position, as bytes.
//!
//! Knows the fields of [`Record`]; must not know frames, stores, or what a payload means.
//! The position is the place in the log and not written; the event's id is derived. A record that
//! shares its stamp or its stream with the record before it in the same frame leaves them out, so
//! that the events of one command pay for its ids once. `docs/format.md` draws every byte.

use bytes::Bytes;
use uuid::{Builder, Uuid};

use super::bounds::{PAYLOAD_BYTES_MAX, PRINCIPAL_BYTES_MAX};
use super::{Entry, Position, Record, STREAM_NAME_BYTES_MAX, ShortBytes, Stamp, StreamName, Version};
use crate::disk::bytes::{Malformed, Reader, VARINT_BYTES_MAX, put_counted, put_varint};

/// The version of this encoding; a frame names it once for all of its records.
pub(crate) const ENVELOPE_VERSION: u8 = 1;

/// The codec that costs no byte.
pub(crate) const CODEC_PLAIN: u8 = 1;

/// The most bytes of a record's versions, which only the writer knows.
pub(crate) const VERSIONS_BYTES_MAX: usize = 2 * VARINT_BYTES_MAX;

/// The most bytes of a record: the largest payload and, generously, the fields around it.
pub(crate) const RECORD_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + 1024;

pub(crate) const SAME_STAMP: u8 = 1 << 0;
pub(crate) const SAME_STREAM: u8 = 1 << 1;
const HAS_CORRELATION: u8 = 1 << 2;
const HAS_CAUSATION: u8 = 1 << 3;
const HAS_POLICY: u8 = 1 << 4;
const HAS_CODEC: u8 = 1 << 5;
const FLAGS: u8 = SAME_STAMP | SAME_STREAM | HAS_CORRELATION | HAS_CAUSATION | HAS_POLICY | HAS_CODEC;

/// The version of a kind's payload that, together with [`CODEC_PLAIN`], costs no byte.
const SCHEMA_FIRST: u8 = 1;

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EnvelopeError {
    /// A field does not fit.
    #[error(transparent)]
    Field(#[from] Malformed),
    /// A flag is set that this version does not know.
    #[error("the flags {flags:#04x} are not of envelope version 1")]
    Flags { flags: u8 },
    /// The record leaves out what the record before it has, but it is the first of its frame.
    #[error("the first record of a frame refers to a record before it")]
    NothingBefore,
    /// The version before it is not before it.
    #[error("version {version} comes {gap} versions after the one before it")]
    Versions { version: u64, gap: u64 },
}

/// Derives an event's id from what makes it one of a kind.
///
/// A UUID of version 8 over BLAKE3: it costs no bytes, and any log that keeps streams, versions and
/// commands keeps the ids.
#[must_use]
pub(crate) fn event_id(stream: &StreamName, version: Version, command: Uuid) -> Uuid {
    let mut hasher = blake3::Hasher::new();
    hasher.update(command.as_bytes());
    hasher.update(&version.0.to_be_bytes());
    hasher.update(stream.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Builder::from_custom_bytes(id).into_uuid()
}

/// What a record leaves out because the record before it in the same frame has it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shared {
    pub(crate) stamp: bool,
    pub(crate) stream: bool,
}

/// Writes a record's versions, which come first and are known last.
pub(crate) fn put_versions(version: Version, previous: Version, out: &mut Vec<u8>) {
    put_varint(version.0, out);
    put_varint(version.0.saturating_sub(previous.0).saturating_sub(1), out);
}

/// Writes the rest of a record.
pub(crate) fn put_content(stamp: &Stamp, entry: &Entry, shared: Shared, out: &mut Vec<u8>) {
    let flags = flags(stamp, entry, shared);
    out.push(flags);
    put_varint(entry.kind.into(), out);
    if flags & HAS_CODEC != 0 {
        out.extend_from_slice(&[entry.schema, entry.codec]);
    }
    if !shared.stream {
        put_counted(entry.stream.as_bytes(), out);
    }
    if !shared.stamp {
        put_stamp(stamp, flags, out);
    }
    put_counted(&entry.payload, out);
}

/// A record as it stands in its frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encoded<'a> {
    pub(crate) version: Version,
    pub(crate) previous: Version,
    /// What it shares with the record before it, among others.
    pub(crate) flags: u8,
    kind: u16,
    schema: u8,
    codec: u8,
    pub(crate) stream: &'a [u8],
    stamp: EncodedStamp<'a>,
    payload: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
struct EncodedStamp<'a> {
    time_us: i64,
    command: Uuid,
    digest: u64,
    correlation: Uuid,
    causation: Uuid,
    principal: &'a [u8],
    policy_revision: u32,
}

impl<'a> Encoded<'a> {
    /// Reads one record; `before` is the record before it in the same frame.
    pub(crate) fn take(
        before: Option<&Encoded<'a>>,
        reader: &mut Reader<'a>,
    ) -> Result<Encoded<'a>, EnvelopeError> {
        let (version, previous) = take_versions(reader)?;
        let flags = reader.byte("flags")?;
        if flags & !FLAGS != 0 {
            return Err(EnvelopeError::Flags { flags });
        }
        let kind = reader.varint("kind", u16::MAX.into())? as u16;
        let [schema, codec] = match flags & HAS_CODEC {
            0 => [SCHEMA_FIRST, CODEC_PLAIN],
            _ => reader.array("schema and codec")?,
        };
        let stream = match flags & SAME_STREAM {
            0 => reader.counted("stream", 1, STREAM_NAME_BYTES_MAX)?,
            _ => before.ok_or(EnvelopeError::NothingBefore)?.stream,
        };
        let stamp = match flags & SAME_STAMP {
            0 => take_stamp(flags, reader)?,
            _ => before.ok_or(EnvelopeError::NothingBefore)?.stamp,
        };
        let payload = reader.counted("payload", 0, PAYLOAD_BYTES_MAX)?;
        Ok(Encoded { version, previous, flags, kind, schema, codec, stream, stamp, payload })
    }

    /// The record itself; `keep` makes its payload of the bytes that it was read from.
    pub(crate) fn record(&self, position: Position, keep: impl FnOnce(&[u8]) -> Bytes) -> Record {
        let stamp = Stamp {
            time_us: self.stamp.time_us,
            command: self.stamp.command,
            digest: self.stamp.digest,
            correlation: self.stamp.correlation,
            causation: self.stamp.causation,
            principal: ShortBytes::new(self.stamp.principal),
            policy_revision: self.stamp.policy_revision,
        };
        let entry = Entry {
            stream: StreamName::new(self.stream),
            kind: self.kind,
            schema: self.schema,
            codec: self.codec,
            payload: keep(self.payload),
        };
        Record { position, version: self.version, previous: self.previous, stamp, entry }
    }
}

fn flags(stamp: &Stamp, entry: &Entry, shared: Shared) -> u8 {
    let set = |flag: u8, when: bool| if when { flag } else { 0 };
    let own = !shared.stamp;
    set(SAME_STAMP, shared.stamp)
        | set(SAME_STREAM, shared.stream)
        | set(HAS_CORRELATION, own && stamp.correlation != stamp.command)
        | set(HAS_CAUSATION, own && stamp.causation != stamp.command)
        | set(HAS_POLICY, own && stamp.policy_revision != 0)
        | set(HAS_CODEC, (entry.schema, entry.codec) != (SCHEMA_FIRST, CODEC_PLAIN))
}

fn put_stamp(stamp: &Stamp, flags: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&stamp.time_us.to_le_bytes());
    out.extend_from_slice(stamp.command.as_bytes());
    out.extend_from_slice(&stamp.digest.to_le_bytes());
    if flags & HAS_CORRELATION != 0 {
        out.extend_from_slice(stamp.correlation.as_bytes());
    }
    if flags & HAS_CAUSATION != 0 {
        out.extend_from_slice(stamp.causation.as_bytes());
    }
    if flags & HAS_POLICY != 0 {
        put_varint(stamp.policy_revision.into(), out);
    }
    put_counted(&stamp.principal, out);
}

fn take_versions(reader: &mut Reader<'_>) -> Result<(Version, Version), EnvelopeError> {
    let version = reader.varint("version", u64::MAX)?;
    let gap = reader.varint("gap of versions", u64::MAX)?;
    let previous = version
        .checked_sub(1)
        .and_then(|v| v.checked_sub(gap))
        .ok_or(EnvelopeError::Versions { version, gap })?;
    Ok((Version(version), Version(previous)))
}

fn take_stamp<'a>(flags: u8, reader: &mut Reader<'a>) -> Result<EncodedStamp<'a>, EnvelopeError> {
    let time_us = i64::from_le_bytes(reader.array("time")?);
    let command = Uuid::from_bytes(reader.array("command")?);
    let digest = u64::from_le_bytes(reader.array("digest")?);
    let mut id = |flag: u8, field| match flags & flag {
        0 => Ok(command),
        _ => reader.array(field).map(Uuid::from_bytes),
    };
    let correlation = id(HAS_CORRELATION, "correlation")?;
    let causation = id(HAS_CAUSATION, "causation")?;
    let policy_revision = match flags & HAS_POLICY {
        0 => 0,
        _ => reader.varint("policy revision", u32::MAX.into())? as u32,
    };
    let principal = reader.counted("principal", 0, PRINCIPAL_BYTES_MAX)?;
    Ok(EncodedStamp { time_us, command, digest, correlation, causation, principal, policy_revision })
}

#[cfg(test)]
mod tests;
