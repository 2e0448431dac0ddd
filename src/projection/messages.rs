//! The correspondence: which messages belong to a session, an element's card and a customer.
//!
//! Knows places in the log and what became of a message; must not keep its text, which is read
//! from the log when a page is asked for.
//!
//! ```text
//!   s session                          line, channel, account, created, links
//!   t session position                 what stands there and after it (see `marks`)
//!   d session message                  what became of it
//!   c account line channel position    session     a customer's, and with its channel a slot's
//!   e element line position            session     an element's
//! ```

use crate::disk::table::{Batch, Snapshot, Use};
use crate::domain::account::Account;
use crate::domain::event::SessionEvent;
use crate::domain::id::{ChannelId, ElementRef, LineId, MessageId, SessionId};
use crate::log::Position;
use crate::wire::Recorded;

use super::ProjectionError;
use super::folding::{ById, Folding, session_event};
use super::pack::{Pack, Unpack};
use super::recent::Recent;

mod delivery;
mod history;
mod marks;
mod view;

use marks::{Mark, Marks};

pub use delivery::Delivery;
pub(super) use history::{Place, deliveries, earlier, of_account, of_element, transcript};
pub(super) use marks::apart;
pub use view::{Author, MessageView, PAGE_TEXT_BYTES_MAX, TranscriptEntry, TranscriptItem};
pub(super) use view::{Texts, entry, message, misplaced};

/// Raised with every change of the rows: an older table is dropped and folded again.
pub(super) const VERSION: u32 = 2;

const FILING: u8 = b's';

/// Lists are scanned; links are made and taken back, so their entries may come again.
pub(super) fn shape(key: &[u8]) -> Use {
    match key.first() {
        Some(b'c' | b'e' | &marks::TRANSCRIPT) => Use::Scanned,
        _ => Use::LookedUp,
    }
}

/// Where a session's messages are filed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filing {
    line: LineId,
    channel: ChannelId,
    account: Account,
    created: Position,
    links: Vec<ElementRef>,
}

impl Filing {
    fn encode(&self) -> Vec<u8> {
        let pack =
            Pack::row().id(self.line.0).id(self.channel.0).account(&self.account).count(self.created.0);
        self.links.iter().fold(pack.count(self.links.len() as u64), Pack::element).done()
    }

    fn decode(bytes: &[u8]) -> Result<Filing, ProjectionError> {
        let mut row = Unpack::row(bytes);
        let (line, channel) = (LineId(row.id()?), ChannelId(row.id()?));
        let (account, created) = (row.account()?, Position(row.count()?));
        let links = (0..row.count()?).map(|_| row.element()).collect::<Result<_, _>>()?;
        row.end()?;
        Ok(Filing { line, channel, account, created, links })
    }

    fn get(table: &Snapshot, session: SessionId) -> Result<Option<Filing>, ProjectionError> {
        let bytes = table.get(&Pack::key(FILING).id(session.0).done())?;
        bytes.as_deref().map(Filing::decode).transpose()
    }

    /// The slot's list, without a position.
    fn slot(&self) -> Pack {
        Pack::key(b'c').account(&self.account).id(self.line.0).id(self.channel.0)
    }

    fn under(&self, element: &ElementRef) -> Pack {
        Pack::key(b'e').element(element).id(self.line.0)
    }
}

/// A session's filing during a page of the log.
struct Open {
    filing: Filing,
    changed: bool,
    /// Its messages on this page, which the table does not have yet.
    messages: Vec<Position>,
}

/// A page of the log on its way into the table.
struct Fold<'a> {
    table: &'a Snapshot,
    recent: &'a mut Recent,
    at: &'a Folding,
    open: ById<SessionId, Open>,
    deliveries: ById<(SessionId, MessageId), Delivery>,
    marks: ById<SessionId, Marks>,
    changes: Batch,
}

/// Folds a page of the log.
pub(super) fn fold(
    table: &Snapshot,
    recent: &mut Recent,
    page: &[Recorded],
    at: &Folding,
) -> Result<Batch, ProjectionError> {
    let changes = Batch::with_capacity(page.len() * 2);
    let (open, deliveries, marks) = (ById::default(), ById::default(), ById::default());
    let mut fold = Fold { table, recent, at, open, deliveries, marks, changes };
    for recorded in page {
        at.now(recorded.position);
        if let Some((session, event)) = session_event(recorded, at)? {
            fold.event(session, event, recorded.position)?;
        }
    }
    Ok(fold.finish())
}

impl Fold<'_> {
    fn event(
        &mut self,
        session: SessionId,
        event: &SessionEvent,
        position: Position,
    ) -> Result<(), ProjectionError> {
        match event {
            SessionEvent::SessionCreated { line, channel, customer, .. } => {
                let account = customer.account.clone();
                let filing =
                    Filing { line: *line, channel: *channel, account, created: position, links: Vec::new() };
                self.open.insert(session, Open { filing, changed: true, messages: Vec::new() });
                self.mark(session, position);
                Ok(())
            }
            SessionEvent::MessageSent { .. }
            | SessionEvent::InitiatedMessageSent { .. }
            | SessionEvent::MessageReceived { .. } => self.message(session, position),
            SessionEvent::MessageHandedOver { message } => {
                self.became(session, *message, Delivery::HandedOver)
            }
            SessionEvent::MessageDelivered { message } => self.became(session, *message, Delivery::Delivered),
            SessionEvent::MessageRead { message } => self.became(session, *message, Delivery::Read),
            SessionEvent::MessageFailed { message, reason } => {
                self.became(session, *message, Delivery::Failed { reason: reason.clone() })
            }
            SessionEvent::OperatorAssigned { .. }
            | SessionEvent::SessionClosed
            | SessionEvent::SessionReopened { .. }
            | SessionEvent::SessionRenamed { .. } => {
                self.mark(session, position);
                Ok(())
            }
            SessionEvent::ElementLinked { element } => {
                self.mark(session, position);
                self.link(session, element)
            }
            SessionEvent::ElementUnlinked { element } => {
                self.mark(session, position);
                self.unlink(session, element)
            }
        }
    }

    fn finish(mut self) -> Batch {
        for (session, open) in self.open {
            if open.changed {
                self.changes.put(&Pack::key(FILING).id(session.0).done(), &open.filing.encode());
            }
            self.recent.filings.keep(session, open.filing);
        }
        for (session, marks) in self.marks {
            marks.write(session, &mut self.changes);
        }
        for ((session, message), delivery) in self.deliveries {
            self.changes.put(&delivery::key(session, message), &delivery.encode());
        }
        self.changes
    }

    fn open(&mut self, session: SessionId) -> Result<&mut Open, ProjectionError> {
        if !self.open.contains_key(&session)
            && let Some(filing) = self.filing(session)?
        {
            self.open.insert(session, Open { filing, changed: false, messages: Vec::new() });
        }
        let at = self.at;
        self.open.get_mut(&session).ok_or_else(|| at.illegal(format!("session {session} does not exist")))
    }

    fn filing(&mut self, session: SessionId) -> Result<Option<Filing>, ProjectionError> {
        match self.recent.filings.take(session) {
            Some(filing) => Ok(Some(filing)),
            None => Filing::get(self.table, session),
        }
    }

    fn mark(&mut self, session: SessionId, position: Position) {
        self.marks.entry(session).or_default().push(position, Mark::Event);
    }

    fn message(&mut self, session: SessionId, position: Position) -> Result<(), ProjectionError> {
        let open = self.open(session)?;
        open.messages.push(position);
        let filing = &open.filing;
        let mut keys = vec![filing.slot().position(position).done()];
        keys.extend(filing.links.iter().map(|element| filing.under(element).position(position).done()));
        keys.iter().for_each(|key| self.changes.put(key, session.0.as_bytes()));
        self.marks.entry(session).or_default().push(position, Mark::Message);
        Ok(())
    }

    /// Notes what became of a message; a report that comes late undoes nothing.
    fn became(
        &mut self,
        session: SessionId,
        message: MessageId,
        delivery: Delivery,
    ) -> Result<(), ProjectionError> {
        let known = match self.deliveries.get(&(session, message)) {
            Some(known) => known.clone(),
            None => Delivery::get(self.table, session, message)?,
        };
        if delivery.follows(&known) {
            self.deliveries.insert((session, message), delivery);
        }
        Ok(())
    }

    fn link(&mut self, session: SessionId, element: &ElementRef) -> Result<(), ProjectionError> {
        let open = self.open(session)?;
        if open.filing.links.contains(element) {
            return Ok(());
        }
        open.filing.links.push(element.clone());
        open.changed = true;
        self.file(session, element, Some(session.0.as_bytes()))
    }

    fn unlink(&mut self, session: SessionId, element: &ElementRef) -> Result<(), ProjectionError> {
        let open = self.open(session)?;
        if !open.filing.links.contains(element) {
            return Ok(());
        }
        open.filing.links.retain(|other| other != element);
        open.changed = true;
        self.file(session, element, None)
    }

    /// Files all messages of a session so far under an element, or takes them out of there.
    fn file(
        &mut self,
        session: SessionId,
        element: &ElementRef,
        value: Option<&[u8]>,
    ) -> Result<(), ProjectionError> {
        let table = self.table;
        let open = self.open(session)?;
        let under = open.filing.under(element);
        let mut positions = marks::messages(table, session)?;
        positions.extend(&open.messages);
        let key = |position| under.clone().position(position).done();
        positions.into_iter().for_each(|position| self.changes.change(&key(position), value));
        Ok(())
    }
}
