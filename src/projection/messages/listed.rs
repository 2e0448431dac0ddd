//! What an element's list has of a message, so that a card is read in one piece and not from all over
//! the log.
//!
//! ```text
//!   row:  nothing, where it is read from the log
//!         or form | session | message | time | author, but for a customer | subject, sent at, where the
//!            form says so | text, to the end
//!   form: who wrote it: 0 the customer, 1 an operator, 2 a process; + 4 with a subject, + 8 with the
//!         time when it was sent
//! ```

use crate::domain::id::{MessageId, SessionId};
use crate::domain::time::Timestamp;
use crate::log::Position;

use super::super::ProjectionError;
use super::super::pack::{Pack, Unpack, damaged};
use super::{Author, Delivery, MessageView};

/// The longest text, with its subject, that a list has: what people write to each other at once. A
/// longer one is read from the log, where its place costs little beside it.
const LISTED_TEXT_BYTES_MAX: usize = 512;

const BY_CUSTOMER: u8 = 0;
const BY_OPERATOR: u8 = 1;
const BY_PROCESS: u8 = 2;
const HAS_SUBJECT: u8 = 4;
const HAS_SENT_AT: u8 = 8;

/// A message of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Listed {
    /// It is as it was sent: what became of it stands elsewhere.
    Whole(MessageView),
    /// It is read from the log.
    At(Position),
}

impl Listed {
    /// Reads a list's row.
    pub(super) fn decode(position: Position, bytes: &[u8]) -> Result<Listed, ProjectionError> {
        if bytes.is_empty() {
            return Ok(Listed::At(position));
        }
        let mut row = Unpack::row(bytes);
        let form = row.byte()?;
        let (session, message, time) = (SessionId(row.id()?), MessageId(row.id()?), row.time()?);
        let author = match form & !(HAS_SUBJECT | HAS_SENT_AT) {
            BY_CUSTOMER => Author::Customer,
            BY_OPERATOR => Author::Operator(row.operator()?),
            BY_PROCESS => Author::Process(row.process()?),
            _ => return Err(damaged(format!("has a message of form {form}"))),
        };
        let subject = (form & HAS_SUBJECT != 0).then(|| row.text()).transpose()?;
        let sent_at = (form & HAS_SENT_AT != 0).then(|| row.time()).transpose()?;
        let text = row.rest()?;
        let delivery = (author != Author::Customer).then_some(Delivery::Pending);
        let view = MessageView { position, time, session, message, author, text, subject, sent_at, delivery };
        Ok(Listed::Whole(view))
    }
}

/// A message as the log has it.
pub(super) struct Written<'a> {
    pub(super) position: Position,
    pub(super) time: Timestamp,
    pub(super) session: SessionId,
    pub(super) message: MessageId,
    pub(super) author: Author,
    pub(super) text: &'a str,
    pub(super) subject: Option<&'a str>,
    pub(super) sent_at: Option<Timestamp>,
}

impl Written<'_> {
    /// Writes its row; an empty one if it is longer than a list has.
    pub(super) fn encode(&self, row: Pack) -> Vec<u8> {
        let Written { position: _, time, session, message, ref author, text, subject, sent_at } = *self;
        if text.len() + subject.map_or(0, str::len) > LISTED_TEXT_BYTES_MAX {
            return row.done();
        }
        let by = match author {
            Author::Customer => BY_CUSTOMER,
            Author::Operator(_) => BY_OPERATOR,
            Author::Process(_) => BY_PROCESS,
        };
        let form = by | subject.map_or(0, |_| HAS_SUBJECT) | sent_at.map_or(0, |_| HAS_SENT_AT);
        let mut row = row.byte(form).id(session.0).id(message.0).time(time);
        row = match author {
            Author::Customer => row,
            Author::Operator(operator) => row.id(operator.0),
            Author::Process(process) => row.text(process.as_str()),
        };
        row = subject.into_iter().fold(row, Pack::text);
        row = sent_at.into_iter().fold(row, Pack::time);
        row.raw(text.as_bytes()).done()
    }
}
