//! A session's row, and the keys of the lists that it stands in.
//!
//! ```text
//!   s session                                row, without links: both at their longest are no value
//!   x session                                links, if it has any
//!   m operator               last activity   session   my sessions
//!   q line                   waiting since   session   queue
//!   a line                   last activity   session   active
//!   l line                   closed          session   closed, by line
//!   o operator               closed          session   closed, by last operator
//!   c account line channel   created         session   of a customer
//!   e element line           created         session   linked and open
//!   f element line           closed          session   linked and closed
//! ```

use crate::disk::table::{Batch, Snapshot, Use};
use crate::domain::account::Account;
use crate::domain::id::{ChannelId, ElementRef, LineId, OperatorId, SessionId};
use crate::log::Position;

use super::super::ProjectionError;
use super::super::pack::{ID_BYTES, Pack, TAG_BYTES, Unpack, damaged, end_of_account, end_of_element};
use super::{LastMessage, MessageDirection, SessionStatus, SessionSummary};

const ROW: u8 = b's';
const MY: u8 = b'm';
const CLOSED_BY: u8 = b'o';
const OF_ACCOUNT: u8 = b'c';
pub(super) const QUEUE: u8 = b'q';
pub(super) const ACTIVE: u8 = b'a';
pub(super) const CLOSED: u8 = b'l';
pub(super) const LINKED: u8 = b'e';
pub(super) const ARCHIVED: u8 = b'f';

/// An entry of a list by position is of one event: once it is gone, it does not come again. Only a
/// link can be taken back and made again.
pub(in super::super) fn shape(key: &[u8]) -> Use {
    match key.first() {
        Some(&(MY | QUEUE | ACTIVE | CLOSED | CLOSED_BY)) => Use::Once { list: TAG_BYTES + ID_BYTES },
        Some(&OF_ACCOUNT) => Use::Once { list: end_of_account(key, TAG_BYTES) },
        Some(&(LINKED | ARCHIVED)) => Use::Scanned { list: end_of_element(key, TAG_BYTES) },
        _ => Use::LookedUp,
    }
}

pub(super) fn of_session(session: SessionId) -> Vec<u8> {
    Pack::key(ROW).id(session.0).done()
}

fn links_of(session: SessionId) -> Vec<u8> {
    Pack::key(b'x').id(session.0).done()
}

pub(super) fn my(operator: OperatorId) -> Pack {
    Pack::key(MY).id(operator.0)
}

pub(super) fn closed_by(operator: OperatorId) -> Pack {
    Pack::key(CLOSED_BY).id(operator.0)
}

pub(super) fn of_account(account: &Account) -> Pack {
    Pack::key(OF_ACCOUNT).account(account)
}

pub(super) fn of_element(list: u8, element: &ElementRef) -> Pack {
    Pack::key(list).element(element)
}

/// The keys of all lists that a session stands in, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Keys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Keys {
    pub(super) fn of(row: &SessionSummary) -> Keys {
        let mut keys = Keys::default();
        keys.become_those_of(row);
        keys
    }

    fn become_those_of(&mut self, row: &SessionSummary) {
        self.bytes.clear();
        self.ends.clear();
        self.add(|key| {
            let of_account = key.byte(OF_ACCOUNT).account(&row.account);
            of_account.id(row.line.0).id(row.channel.0).position(row.created.position)
        });
        let (list, since) = match row.status {
            SessionStatus::Waiting => {
                self.add(|key| key.byte(QUEUE).id(row.line.0).position(row.status_since.position));
                (LINKED, row.created.position)
            }
            SessionStatus::Assigned(operator) => {
                let active = row.last_activity.position;
                self.add(|key| key.byte(MY).id(operator.0).position(active));
                self.add(|key| key.byte(ACTIVE).id(row.line.0).position(active));
                (LINKED, row.created.position)
            }
            SessionStatus::Closed { last_operator } => {
                let closed = row.status_since.position;
                self.add(|key| key.byte(CLOSED).id(row.line.0).position(closed));
                if let Some(operator) = last_operator {
                    self.add(|key| key.byte(CLOSED_BY).id(operator.0).position(closed));
                }
                (ARCHIVED, closed)
            }
        };
        for element in &row.links {
            self.add(|key| key.byte(list).element(element).id(row.line.0).position(since));
        }
    }

    fn add(&mut self, put: impl FnOnce(Pack) -> Pack) {
        self.bytes = put(Pack::onto(std::mem::take(&mut self.bytes))).done();
        self.ends.push(self.bytes.len());
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[*start..*end])
    }

    fn contains(&self, key: &[u8]) -> bool {
        self.iter().any(|other| other == key)
    }
}

/// What is used again from one session of a page to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    keys: Keys,
    key: Vec<u8>,
    row: Vec<u8>,
}

/// Adds what moves a session from the lists that it stood in into those where it stands.
pub(super) fn write_lists(before: &Keys, after: &SessionSummary, scratch: &mut Scratch, changes: &mut Batch) {
    let keys = &mut scratch.keys;
    keys.become_those_of(after);
    before.iter().filter(|key| !keys.contains(key)).for_each(|key| changes.delete(key));
    let session = after.session.0.as_bytes();
    keys.iter().filter(|key| !before.contains(key)).for_each(|key| changes.put(key, session));
}

/// Adds a session's row.
pub(super) fn write(after: &SessionSummary, scratch: &mut Scratch, changes: &mut Batch) {
    let Scratch { key, row, .. } = scratch;
    *key = Pack::key_in(std::mem::take(key), ROW).id(after.session.0).done();
    *row = encode(after, Pack::row_in(std::mem::take(row)));
    changes.put(key, row);
}

/// Adds a session's links, if they are others than before.
pub(super) fn write_links(linked_before: &[ElementRef], after: &SessionSummary, changes: &mut Batch) {
    if linked_before != after.links {
        let links = after.links.iter().fold(Pack::row(), Pack::element).done();
        changes.change(&links_of(after.session), (!links.is_empty()).then_some(&links));
    }
}

/// Whether there is such a session.
pub(super) fn exists(table: &Snapshot, session: SessionId) -> Result<bool, ProjectionError> {
    Ok(table.get(&of_session(session))?.is_some())
}

/// Reads a session's row.
pub(super) fn get(table: &Snapshot, session: SessionId) -> Result<Option<SessionSummary>, ProjectionError> {
    let Some(bytes) = table.get(&of_session(session))? else { return Ok(None) };
    let (mut summary, linked) = decode(session, &bytes)?;
    if linked {
        let bytes = table.get(&links_of(session))?.unwrap_or_default();
        let mut row = Unpack::row(&bytes);
        while !row.is_empty() {
            summary.links.push(row.element()?);
        }
    }
    Ok(Some(summary))
}

fn encode(row: &SessionSummary, pack: Pack) -> Vec<u8> {
    let pack = pack
        .id(row.line.0)
        .id(row.channel.0)
        .channel_kind(&row.kind)
        .account(&row.account)
        .option(row.contact.as_ref(), Pack::element)
        .text(&row.customer_name)
        .text(&row.name)
        .option(row.subject.as_deref(), Pack::text)
        .origin(&row.origin)
        .option(row.continues, |pack, session| pack.id(session.0));
    status(pack, row.status)
        .moment(row.status_since)
        .moment(row.created)
        .moment(row.last_activity)
        .option(row.closed_at, Pack::moment)
        .count(row.cycles)
        .count(row.messages)
        .option(row.last_message, |pack, last| {
            pack.count(last.position.0).flag(last.direction == MessageDirection::Incoming)
        })
        .count(row.unread)
        .flag(!row.links.is_empty())
        .done()
}

fn status(pack: Pack, status: SessionStatus) -> Pack {
    match status {
        SessionStatus::Waiting => pack.byte(1),
        SessionStatus::Assigned(operator) => pack.byte(2).id(operator.0),
        SessionStatus::Closed { last_operator } => {
            pack.byte(3).option(last_operator, |pack, operator| pack.id(operator.0))
        }
    }
}

/// Takes a row apart: the session without its links, and whether it has any.
fn decode(session: SessionId, bytes: &[u8]) -> Result<(SessionSummary, bool), ProjectionError> {
    let mut row = Unpack::row(bytes);
    let summary = SessionSummary {
        session,
        line: LineId(row.id()?),
        channel: ChannelId(row.id()?),
        kind: row.channel_kind()?,
        account: row.account()?,
        contact: row.option(Unpack::element)?,
        customer_name: row.text()?,
        name: row.text()?,
        subject: row.option(Unpack::text)?,
        origin: row.origin()?,
        continues: row.option(|row| row.id().map(SessionId))?,
        status: decode_status(&mut row)?,
        status_since: row.moment()?,
        created: row.moment()?,
        last_activity: row.moment()?,
        closed_at: row.option(Unpack::moment)?,
        cycles: row.count()?,
        messages: row.count()?,
        last_message: row.option(decode_last_message)?,
        unread: row.count()?,
        links: Vec::new(),
    };
    let linked = row.flag()?;
    row.end()?;
    Ok((summary, linked))
}

fn decode_status(row: &mut Unpack<'_>) -> Result<SessionStatus, ProjectionError> {
    Ok(match row.byte()? {
        1 => SessionStatus::Waiting,
        2 => SessionStatus::Assigned(row.operator()?),
        3 => SessionStatus::Closed { last_operator: row.option(Unpack::operator)? },
        other => return Err(damaged(format!("has a status {other}"))),
    })
}

fn decode_last_message(row: &mut Unpack<'_>) -> Result<LastMessage, ProjectionError> {
    let position = Position(row.count()?);
    let direction = if row.flag()? { MessageDirection::Incoming } else { MessageDirection::Outgoing };
    Ok(LastMessage { position, direction })
}
