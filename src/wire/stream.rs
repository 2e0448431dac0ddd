//! Names of streams: a tag, raw ids, and at the end what has no fixed length.
//!
//! ```text
//!   1                                        the workspace
//!   2 line[16]    3 channel[16]    4 operator[16]    6 session[16]
//!   5 element[16] app…
//!   7 channel[16] kind                 address…      a slot of a built-in kind of accounts
//!   7 channel[16] 255 length code…     address…      a slot of a declared kind
//!   8 channel[16] external id…                       a delivered message
//!   9 channel[16] blake3(external id)[32]            a delivered message with a long id
//!   10 command[16]                                   a message of a process
//!   11 line[16] day[4]                               what a line refused on a day, days big-endian
//! ```
//!
//! No two streams share a name. These forms are frozen: a name that changed would be another stream.

use uuid::Uuid;

use super::numbers;
use super::payload::Bad;
use super::{WireError, WireFault};
use crate::domain::account::Account;
use crate::domain::event::{Slot, Stream};
use crate::domain::id::{AppId, ChannelId, CommandId, ElementId, ElementRef, LineId, OperatorId, SessionId};
use crate::domain::refused::Day;
use crate::log::{STREAM_NAME_BYTES_MAX, StreamName};

const WORKSPACE: u8 = 1;
const LINE: u8 = 2;
const CHANNEL: u8 = 3;
const OPERATOR: u8 = 4;
const ELEMENT: u8 = 5;
const SESSION: u8 = 6;
const SLOT: u8 = 7;
const INBOUND: u8 = 8;
const INBOUND_HASHED: u8 = 9;
const INITIATED: u8 = 10;
const REFUSALS: u8 = 11;

/// The longest kind and address of a slot's name, in bytes.
///
/// An address has at most 254 octets; a kind takes one byte, or with a code at most 66. The bound
/// leaves room beside, and is frozen.
pub(super) const SLOT_ACCOUNT_BYTES_MAX: usize = 383;

/// The longest external id that stands in a name as it is; frozen, whatever the log's limit becomes.
const EXTERNAL_ID_PLAIN_BYTES_MAX: usize = 383;

/// What the id of a hashed name begins with; an id that begins so itself is hashed too.
const HASHED_PREFIX: &str = "blake3:";

const _: () = assert!(1 + 16 + SLOT_ACCOUNT_BYTES_MAX <= STREAM_NAME_BYTES_MAX);
const _: () = assert!(1 + 16 + EXTERNAL_ID_PLAIN_BYTES_MAX <= STREAM_NAME_BYTES_MAX);

/// Names a stream.
///
/// # Panics
///
/// When a slot's address is longer than any that [`Account::normalise`] makes or a payload holds.
#[must_use]
pub fn stream_name(stream: &Stream) -> StreamName {
    let mut name = Name { bytes: [0; STREAM_NAME_BYTES_MAX], len: 0 };
    match stream {
        Stream::Workspace => name.push(&[WORKSPACE]),
        Stream::Line(line) => name.tagged(LINE, line.0),
        Stream::Channel(channel) => name.tagged(CHANNEL, channel.0),
        Stream::Operator(operator) => name.tagged(OPERATOR, operator.0),
        Stream::Element(element) => {
            name.tagged(ELEMENT, element.element.0);
            name.push(element.app.as_str().as_bytes());
        }
        Stream::Session(session) => name.tagged(SESSION, session.0),
        Stream::Initiated(command) => name.tagged(INITIATED, command.0),
        Stream::Refusals(line, day) => {
            name.tagged(REFUSALS, line.0);
            name.push(&day.0.to_be_bytes());
        }
        Stream::Slot(slot) => {
            name.tagged(SLOT, slot.channel.0);
            name.account(&slot.account);
        }
        Stream::Inbound(channel, id) if plain(id) => {
            name.tagged(INBOUND, channel.0);
            name.push(id.as_bytes());
        }
        Stream::Inbound(channel, id) => {
            name.tagged(INBOUND_HASHED, channel.0);
            name.push(blake3::hash(id.as_bytes()).as_bytes());
        }
    }
    StreamName::new(&name.bytes[..name.len])
}

/// Tells which stream a name is of.
///
/// The inverse of [`stream_name`], with one exception. An external id that is longer than 383 bytes,
/// or that begins with `blake3:`, stands in the name as its BLAKE3 hash only: it is read as `blake3:`
/// and the hash in hexadecimal, which tells the streams apart but is not the id; naming that stream
/// again gives another name. The id itself is in the session's message.
///
/// # Errors
///
/// [`WireError`] without a position, when the bytes name no stream.
pub fn stream(name: &StreamName) -> Result<Stream, WireError> {
    parse(name.as_bytes()).map_err(|bad| WireFault::StreamName { reason: bad.0 }.into())
}

/// A name that is being written, without any allocation.
struct Name {
    bytes: [u8; STREAM_NAME_BYTES_MAX],
    len: usize,
}

impl Name {
    /// Panics where the name becomes longer than any may be.
    fn push(&mut self, part: &[u8]) {
        let end = self.len + part.len();
        self.bytes[self.len..end].copy_from_slice(part);
        self.len = end;
    }

    fn tagged(&mut self, tag: u8, id: Uuid) {
        self.push(&[tag]);
        self.push(id.as_bytes());
    }

    fn account(&mut self, account: &Account) {
        let (number, code) = numbers::account_kind_parts(&account.kind);
        self.push(&[number]);
        if let Some(code) = code {
            self.push(&[u8::try_from(code.len()).expect("a code has at most 64 bytes")]);
            self.push(code.as_bytes());
        }
        self.push(account.address.as_bytes());
    }
}

fn plain(id: &str) -> bool {
    id.len() <= EXTERNAL_ID_PLAIN_BYTES_MAX && !id.starts_with(HASHED_PREFIX)
}

fn parse(name: &[u8]) -> Result<Stream, Bad> {
    let (&tag, rest) = name.split_first().ok_or_else(|| Bad("it is empty".to_owned()))?;
    if tag == WORKSPACE {
        return end(rest, Stream::Workspace);
    }
    let Some((id, rest)) = rest.split_first_chunk::<16>() else {
        return Err(Bad(format!("after tag {tag} it has {} bytes, an id has 16", rest.len())));
    };
    let id = Uuid::from_bytes(*id);
    match tag {
        LINE => end(rest, Stream::Line(LineId(id))),
        CHANNEL => end(rest, Stream::Channel(ChannelId(id))),
        OPERATOR => end(rest, Stream::Operator(OperatorId(id))),
        ELEMENT => {
            let app = AppId::new(text(rest)?)?;
            Ok(Stream::Element(ElementRef { app, element: ElementId(id) }))
        }
        SESSION => end(rest, Stream::Session(SessionId(id))),
        INITIATED => end(rest, Stream::Initiated(CommandId(id))),
        REFUSALS => {
            let day =
                rest.try_into().map_err(|_| Bad(format!("a day of {} bytes, 4 are needed", rest.len())))?;
            Ok(Stream::Refusals(LineId(id), Day(u32::from_be_bytes(day))))
        }
        SLOT => Ok(Stream::Slot(Slot { channel: ChannelId(id), account: parse_account(rest)? })),
        INBOUND => match text(rest)? {
            external if plain(external) => Ok(Stream::Inbound(ChannelId(id), external.to_owned())),
            _ => Err(Bad("an external id stands as it is that has to be hashed".to_owned())),
        },
        INBOUND_HASHED => {
            let hash: [u8; 32] =
                rest.try_into().map_err(|_| Bad(format!("a hash of {} bytes, 32 are needed", rest.len())))?;
            let hash = blake3::Hash::from_bytes(hash).to_hex();
            Ok(Stream::Inbound(ChannelId(id), format!("{HASHED_PREFIX}{hash}")))
        }
        _ => Err(Bad(format!("tag {tag} is unknown"))),
    }
}

fn parse_account(bytes: &[u8]) -> Result<Account, Bad> {
    let short = || Bad("a slot's name ends in its account's kind".to_owned());
    let (&number, rest) = bytes.split_first().ok_or_else(short)?;
    let (code, address) = if number == numbers::CUSTOM {
        let (&length, rest) = rest.split_first().ok_or_else(short)?;
        let (code, address) = rest.split_at_checked(usize::from(length)).ok_or_else(short)?;
        (Some(text(code)?), address)
    } else {
        (None, rest)
    };
    Ok(Account { kind: numbers::account_kind(number, code)?, address: text(address)?.to_owned() })
}

fn end(rest: &[u8], stream: Stream) -> Result<Stream, Bad> {
    if rest.is_empty() { Ok(stream) } else { Err(Bad(format!("{} bytes are left over", rest.len()))) }
}

fn text(bytes: &[u8]) -> Result<&str, Bad> {
    std::str::from_utf8(bytes).map_err(|error| Bad(format!("a text is not UTF-8: {error}")))
}
