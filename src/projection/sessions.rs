//! The sessions and every list they stand in.
//!
//! A session is one row; the lists it stands in follow from the row alone (`row::keys`), so that a
//! list cannot disagree with its sessions. Must not know the texts of messages.
//!
//! ```text
//!   event ──▶ evolve(row) ──▶ keys(row before) − keys(row after) ──▶ one batch
//! ```

use std::collections::hash_map::Entry;

use crate::disk::table::{Batch, Snapshot};
use crate::domain::account::Account;
use crate::domain::channel::ChannelKind;
use crate::domain::event::{Origin, SessionEvent};
use crate::domain::id::{ChannelId, ElementRef, LineId, OperatorId, SessionId};
use crate::log::Position;
use crate::wire::Recorded;

use super::folding::{ById, Fold, Folding, session_event};
use super::recent::Recent;
use super::{Moment, ProjectionError};

mod lists;
mod row;

pub(super) use lists::{
    active, archived, by_account, closed_of_lines, closed_of_operator, find, linked, my, queue,
};
pub(super) use row::shape;

/// Raised with every change of the rows: an older table is dropped and folded again.
pub(super) const VERSION: u32 = 2;

/// What the lists show of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSummary {
    /// The session.
    pub session: SessionId,
    /// Its line, for ever.
    pub line: LineId,
    /// Its channel, for ever.
    pub channel: ChannelId,
    /// The kind of its channel.
    pub kind: ChannelKind,
    /// The customer's address, as it was when the session was created.
    pub account: Account,
    /// The customer's record in the line's contact app, where there was one.
    pub contact: Option<ElementRef>,
    /// The customer's name at creation; empty when nobody knew it.
    pub customer_name: String,
    /// Its name now.
    pub name: String,
    /// Its subject; e-mail only.
    pub subject: Option<String>,
    /// Where it came from.
    pub origin: Origin,
    /// The session of the same slot before it.
    pub continues: Option<SessionId>,
    /// Whose it is.
    pub status: SessionStatus,
    /// Since when its status is what it is; of one that waits, how long it has waited.
    pub status_since: Moment,
    /// When it was created.
    pub created: Moment,
    /// When it was last created, assigned, written in, closed or reopened.
    pub last_activity: Moment,
    /// When it was closed last; stays when it is reopened.
    pub closed_at: Option<Moment>,
    /// How many times it was closed.
    pub cycles: u64,
    /// Its messages in both directions.
    pub messages: u64,
    /// Its newest message.
    pub last_message: Option<LastMessage>,
    /// The elements whose correspondence it belongs to, in the order of linking.
    pub links: Vec<ElementRef>,
    /// The customer's messages since an operator wrote last; a process's message does not count.
    pub unread: u64,
}

/// Whose a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionStatus {
    /// Nobody's yet: it stands in the queue.
    Waiting,
    /// This operator's.
    Assigned(OperatorId),
    /// Closed.
    Closed {
        /// Whose it was; `None` when nobody had it since it was opened last.
        last_operator: Option<OperatorId>,
    },
}

/// The newest message of a session; [`super::Projections::texts`] reads what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LastMessage {
    /// Where it stands in the log.
    pub position: Position,
    /// Which way it went.
    pub direction: MessageDirection,
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageDirection {
    /// From the customer.
    Incoming,
    /// To the customer.
    Outgoing,
}

impl SessionSummary {
    /// Whether it is open: it waits or is somebody's.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.status {
            SessionStatus::Waiting | SessionStatus::Assigned(_) => true,
            SessionStatus::Closed { .. } => false,
        }
    }

    fn become_status(&mut self, status: SessionStatus, at: Moment) {
        self.status = status;
        self.status_since = at;
        self.last_activity = at;
    }

    fn wrote(&mut self, direction: MessageDirection, at: Moment) {
        self.messages += 1;
        self.last_activity = at;
        self.last_message = Some(LastMessage { position: at.position, direction });
    }

    fn close(&mut self, at: Moment) -> Result<(), String> {
        let last_operator = match self.status {
            SessionStatus::Waiting => None,
            SessionStatus::Assigned(operator) => Some(operator),
            SessionStatus::Closed { .. } => return Err("it is closed already".into()),
        };
        self.become_status(SessionStatus::Closed { last_operator }, at);
        self.closed_at = Some(at);
        self.cycles += 1;
        Ok(())
    }
}

/// What becomes of a session that exists; says whether anything of it did.
fn evolve(row: &mut SessionSummary, event: &SessionEvent, at: Moment) -> Result<bool, String> {
    let session = row.session;
    match event {
        SessionEvent::SessionCreated { .. } => return Err(format!("session {session} exists")),
        SessionEvent::OperatorAssigned { operator } if row.is_open() => {
            row.become_status(SessionStatus::Assigned(*operator), at);
        }
        SessionEvent::OperatorAssigned { .. } => return Err(format!("session {session} is closed")),
        SessionEvent::MessageSent { .. } => {
            row.wrote(MessageDirection::Outgoing, at);
            row.unread = 0;
        }
        SessionEvent::InitiatedMessageSent { .. } => row.wrote(MessageDirection::Outgoing, at),
        SessionEvent::MessageReceived { .. } => {
            row.wrote(MessageDirection::Incoming, at);
            row.unread += 1;
        }
        SessionEvent::MessageHandedOver { .. }
        | SessionEvent::MessageDelivered { .. }
        | SessionEvent::MessageRead { .. }
        | SessionEvent::MessageFailed { .. } => return Ok(false),
        SessionEvent::SessionClosed => row.close(at)?,
        SessionEvent::SessionReopened { .. } if row.is_open() => {
            return Err(format!("session {session} is open"));
        }
        SessionEvent::SessionReopened { operator } => {
            row.become_status(operator.map_or(SessionStatus::Waiting, SessionStatus::Assigned), at);
        }
        SessionEvent::SessionRenamed { name } => row.name.clone_from(name),
        SessionEvent::ElementLinked { element } if row.links.contains(element) => return Ok(false),
        SessionEvent::ElementLinked { element } => row.links.push(element.clone()),
        SessionEvent::ElementUnlinked { element } => row.links.retain(|other| other != element),
    }
    Ok(true)
}

fn created(session: SessionId, event: &SessionEvent, at: Moment) -> Result<SessionSummary, String> {
    let SessionEvent::SessionCreated { line, channel, kind, customer, name, subject, origin, continues } =
        event
    else {
        return Err(format!("session {session} does not exist"));
    };
    Ok(SessionSummary {
        session,
        line: *line,
        channel: *channel,
        kind: kind.clone(),
        account: customer.account.clone(),
        contact: customer.contact.clone(),
        customer_name: customer.name.clone(),
        name: name.clone(),
        subject: subject.clone(),
        origin: origin.clone(),
        continues: *continues,
        status: SessionStatus::Waiting,
        status_since: at,
        created: at,
        last_activity: at,
        closed_at: None,
        cycles: 0,
        messages: 0,
        last_message: None,
        links: Vec::new(),
        unread: 0,
    })
}

/// A session that some pages of the log have something of.
struct Touched {
    /// Where it stood before, and what it was linked to.
    before: row::Keys,
    linked_before: Vec<ElementRef>,
    /// Boxed: it has some hundred bytes, which a growing vector would copy again and again.
    after: Box<SessionSummary>,
    changed: bool,
}

impl Touched {
    fn created(after: Box<SessionSummary>) -> Touched {
        Touched { before: row::Keys::default(), linked_before: Vec::new(), after, changed: true }
    }

    fn found(after: Box<SessionSummary>) -> Touched {
        let (before, linked_before) = (row::Keys::of(&after), after.links.clone());
        Touched { before, linked_before, after, changed: false }
    }
}

/// The sessions that some pages of the log have something of: each is read once and written once.
struct Sessions {
    table: Snapshot,
    recent: Recent,
    places: ById<SessionId, usize>,
    touched: Vec<Touched>,
}

/// Begins to fold.
pub(super) fn fold(table: Snapshot, recent: Recent) -> Box<dyn Fold> {
    Box::new(Sessions { table, recent, places: ById::default(), touched: Vec::new() })
}

impl Fold for Sessions {
    fn page(&mut self, page: &[Recorded], at: &Folding) -> Result<(), ProjectionError> {
        for recorded in page {
            at.now(recorded.position);
            if let Some((session, event)) = session_event(recorded, at)? {
                let moment = Moment { position: recorded.position, time: recorded.time };
                self.event(session, event, moment, at)?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> (Batch, Recent) {
        let mut changes = Batch::with_capacity(self.touched.len() * 5);
        let mut scratch = row::Scratch::default();
        // One kind of entries after the other, each in about the order of its keys: that sorts well.
        for row in self.touched.iter().filter(|row| row.changed) {
            row::write_lists(&row.before, &row.after, &mut scratch, &mut changes);
        }
        for row in self.touched.iter().filter(|row| row.changed) {
            row::write(&row.after, &mut scratch, &mut changes);
        }
        for row in self.touched {
            row::write_links(&row.linked_before, &row.after, &mut changes);
            // A closed one is seldom touched again.
            if row.after.is_open() {
                self.recent.sessions.keep(row.after.session, row.after);
            }
        }
        (changes, self.recent)
    }
}

impl Sessions {
    fn event(
        &mut self,
        session: SessionId,
        event: &SessionEvent,
        moment: Moment,
        at: &Folding,
    ) -> Result<(), ProjectionError> {
        let touched = &mut self.touched;
        let row = match self.places.entry(session) {
            Entry::Occupied(known) => &mut touched[*known.get()],
            Entry::Vacant(place) => {
                place.insert(touched.len());
                if let SessionEvent::SessionCreated { .. } = event {
                    if row::exists(&self.table, session)? {
                        return Err(at.illegal(format!("session {session} exists")));
                    }
                    let row = created(session, event, moment).map_err(|reason| at.illegal(reason))?;
                    touched.push(Touched::created(Box::new(row)));
                    return Ok(());
                }
                let row = match self.recent.sessions.take(session) {
                    Some(row) => Some(row),
                    None => row::get(&self.table, session)?.map(Box::new),
                };
                let missing = || at.illegal(format!("session {session} does not exist"));
                touched.push(Touched::found(row.ok_or_else(missing)?));
                touched.last_mut().expect("it was pushed above")
            }
        };
        row.changed |= evolve(&mut row.after, event, moment).map_err(|reason| at.illegal(reason))?;
        Ok(())
    }
}
