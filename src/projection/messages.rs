//! The correspondence: which messages belong to a session, an element's card and a customer.
//!
//! Knows places in the log and what became of a message. Texts are read from the log when a page is
//! asked for, but those of an element's list, which stand in it (see `listed`).
//!
//! ```text
//!   s session                          line, channel, account, created, links
//!   t session position                 what stands there and after it (see `marks`)
//!   d session message                  what became of it
//!   c account line channel position                a customer's, and with its channel a slot's
//!   e element line position            message     an element's
//! ```

use std::collections::hash_map::Entry;

use crate::disk::table::{Batch, Snapshot, Use};
use crate::domain::account::Account;
use crate::domain::event::SessionEvent;
use crate::domain::id::{ChannelId, ElementRef, LineId, MessageId, SessionId};
use crate::log::Position;
use crate::wire::Recorded;

use super::ProjectionError;
use super::folding::{ById, Fold, Folding, session_event};
use super::pack::{ID_BYTES, Pack, TAG_BYTES, Unpack, end_of_account, end_of_element};
use super::recent::Recent;

mod delivery;
mod history;
mod listed;
mod marks;
mod view;

use listed::Written;
use marks::{Mark, Marks};

pub use delivery::Delivery;
pub(super) use history::{deliveries, earlier, of_account, of_element, transcript};
pub(super) use listed::Listed;
pub(super) use marks::apart;
pub use view::{Author, MessageView, PAGE_TEXT_BYTES_MAX, TranscriptEntry, TranscriptItem};
pub(super) use view::{Texts, entry, message, misplaced};

/// Raised with every change of the rows: an older table is dropped and folded again.
pub(super) const VERSION: u32 = 3;

const FILING: u8 = b's';
const OF_CUSTOMER: u8 = b'c';
const OF_ELEMENT: u8 = b'e';

/// Lists are scanned; links are made and taken back, so their entries may come again.
pub(super) fn shape(key: &[u8]) -> Use {
    match key.first() {
        Some(&marks::TRANSCRIPT) => Use::Scanned { list: TAG_BYTES + ID_BYTES },
        Some(&OF_CUSTOMER) => Use::Scanned { list: end_of_account(key, TAG_BYTES) },
        Some(&OF_ELEMENT) => Use::Scanned { list: end_of_element(key, TAG_BYTES) },
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
    fn encode(&self, row: Pack) -> Vec<u8> {
        let pack = row.id(self.line.0).id(self.channel.0).account(&self.account).count(self.created.0);
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
    fn slot(&self, key: Pack) -> Pack {
        key.account(&self.account).id(self.line.0).id(self.channel.0)
    }

    fn under(&self, element: &ElementRef, key: Pack) -> Pack {
        key.element(element).id(self.line.0)
    }
}

/// A session that some pages of the log have something of.
#[derive(Default)]
struct Touched {
    /// Read once somebody asks for it.
    filing: Option<Filing>,
    /// Whether the filing is not as in the table.
    changed: bool,
    /// Created on these pages: the table has nothing of it.
    created: bool,
    /// What stands on these pages, which the table does not have yet.
    marks: Marks,
}

/// The sessions that some pages have something of, and where the others are found.
struct Known {
    table: Snapshot,
    recent: Recent,
    places: ById<SessionId, usize>,
    touched: Vec<(SessionId, Touched)>,
}

/// Pages of the log on their way into the table.
struct Messages {
    known: Known,
    /// Where the news of a message is among all of them.
    reported: ById<(SessionId, MessageId), usize>,
    deliveries: Vec<(SessionId, MessageId, Delivery)>,
    changes: Batch,
    /// Where keys and rows are built.
    key: Vec<u8>,
    row: Vec<u8>,
}

/// Begins to fold.
pub(super) fn fold(table: Snapshot, recent: Recent) -> Box<dyn Fold> {
    let known = Known { table, recent, places: ById::default(), touched: Vec::new() };
    let (reported, deliveries) = (ById::default(), Vec::new());
    let (key, row) = (Vec::new(), Vec::new());
    Box::new(Messages { known, reported, deliveries, changes: Batch::default(), key, row })
}

impl Fold for Messages {
    fn page(&mut self, page: &[Recorded], at: &Folding) -> Result<(), ProjectionError> {
        for recorded in page {
            at.now(recorded.position);
            if let Some((session, event)) = session_event(recorded, at)? {
                self.event(session, event, recorded, at)?;
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> (Batch, Recent) {
        let Messages { known, deliveries, mut changes, mut key, row: mut value, .. } = *self;
        let Known { mut recent, touched, .. } = known;
        // One kind of entries after the other, each in about the order of its keys: that sorts well.
        for (session, touched) in &touched {
            touched.marks.write(*session, &mut key, &mut value, &mut changes);
        }
        for (session, touched) in touched {
            let Some(filing) = touched.filing else { continue };
            if touched.changed {
                key = Pack::key_in(key, FILING).id(session.0).done();
                value = filing.encode(Pack::row_in(value));
                changes.put(&key, &value);
            }
            recent.filings.keep(session, filing);
        }
        for (session, message, delivery) in deliveries {
            key = delivery::key(session, message, Pack::key_in(key, delivery::KEY));
            value = delivery.encode(Pack::row_in(value));
            changes.put(&key, &value);
        }
        (changes, recent)
    }
}

/// A session and its filing.
struct Filed<'a> {
    table: &'a Snapshot,
    filing: &'a mut Filing,
    changed: &'a mut bool,
    created: bool,
    marks: &'a mut Marks,
}

impl Known {
    fn place(&mut self, session: SessionId) -> usize {
        *self.places.entry(session).or_insert_with(|| {
            self.touched.push((session, Touched::default()));
            self.touched.len() - 1
        })
    }

    fn touched(&mut self, session: SessionId) -> &mut Touched {
        let place = self.place(session);
        &mut self.touched[place].1
    }

    fn filed(&mut self, session: SessionId, at: &Folding) -> Result<Filed<'_>, ProjectionError> {
        let place = self.place(session);
        let Known { table, recent, touched, .. } = self;
        let Touched { filing, changed, created, marks } = &mut touched[place].1;
        let filing = match filing {
            Some(filing) => filing,
            unread => {
                let read = match recent.filings.take(session) {
                    Some(filing) => Some(filing),
                    None => Filing::get(table, session)?,
                };
                let missing = || at.illegal(format!("session {session} does not exist"));
                unread.insert(read.ok_or_else(missing)?)
            }
        };
        Ok(Filed { table, filing, changed, created: *created, marks })
    }
}

impl Filed<'_> {
    /// The places of all its messages so far.
    fn messages(&self, session: SessionId) -> Result<Vec<Position>, ProjectionError> {
        let mut positions = if self.created { Vec::new() } else { marks::messages(self.table, session)? };
        positions.extend(self.marks.messages());
        Ok(positions)
    }
}

impl Messages {
    fn event(
        &mut self,
        session: SessionId,
        event: &SessionEvent,
        recorded: &Recorded,
        at: &Folding,
    ) -> Result<(), ProjectionError> {
        let Recorded { position, time, .. } = *recorded;
        let written = |message, author, text| {
            let (subject, sent_at) = (None, None);
            Written { position, time, session, message, author, text, subject, sent_at }
        };
        match event {
            SessionEvent::SessionCreated { line, channel, customer, .. } => {
                let account = customer.account.clone();
                let touched = self.known.touched(session);
                touched.filing = Some(Filing {
                    line: *line,
                    channel: *channel,
                    account,
                    created: position,
                    links: Vec::new(),
                });
                (touched.changed, touched.created) = (true, true);
                touched.marks.push(position, Mark::Event);
                Ok(())
            }
            SessionEvent::MessageSent { message, operator, text, via: _ } => {
                self.message(&written(*message, Author::Operator(*operator), text), at)
            }
            SessionEvent::InitiatedMessageSent { message, process, text } => {
                self.message(&written(*message, Author::Process(process.clone()), text), at)
            }
            SessionEvent::MessageReceived { message, external_id: _, text, subject, sent_at } => {
                let (subject, sent_at) = (subject.as_deref(), *sent_at);
                let written = written(*message, Author::Customer, text);
                self.message(&Written { subject, sent_at, ..written }, at)
            }
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
                self.known.touched(session).marks.push(position, Mark::Event);
                Ok(())
            }
            SessionEvent::ElementLinked { element } => {
                self.known.touched(session).marks.push(position, Mark::Event);
                self.link(session, element, at)
            }
            SessionEvent::ElementUnlinked { element } => {
                self.known.touched(session).marks.push(position, Mark::Event);
                self.unlink(session, element, at)
            }
        }
    }

    fn message(&mut self, message: &Written<'_>, at: &Folding) -> Result<(), ProjectionError> {
        let Messages { known, changes, key, row, .. } = self;
        let Written { position, session, .. } = *message;
        let Filed { filing, marks, .. } = known.filed(session, at)?;
        let again = |key: &mut Vec<u8>, tag| Pack::key_in(std::mem::take(key), tag);
        *key = filing.slot(again(key, OF_CUSTOMER)).position(position).done();
        changes.put(key, &[]);
        if !filing.links.is_empty() {
            *row = message.encode(Pack::row_in(std::mem::take(row)));
        }
        for element in &filing.links {
            *key = filing.under(element, again(key, OF_ELEMENT)).position(position).done();
            changes.put(key, row);
        }
        marks.push(position, Mark::Message);
        Ok(())
    }

    /// Notes what became of a message; a report that comes late undoes nothing.
    fn became(
        &mut self,
        session: SessionId,
        message: MessageId,
        delivery: Delivery,
    ) -> Result<(), ProjectionError> {
        match self.reported.entry((session, message)) {
            Entry::Occupied(place) => {
                let (_, _, known) = &mut self.deliveries[*place.get()];
                if delivery.follows(known) {
                    *known = delivery;
                }
            }
            Entry::Vacant(place) => {
                let created = self.known.touched(session).created;
                let table = &self.known.table;
                let known = if created { Delivery::Pending } else { Delivery::get(table, session, message)? };
                if delivery.follows(&known) {
                    place.insert(self.deliveries.len());
                    self.deliveries.push((session, message, delivery));
                }
            }
        }
        Ok(())
    }

    fn link(
        &mut self,
        session: SessionId,
        element: &ElementRef,
        at: &Folding,
    ) -> Result<(), ProjectionError> {
        let filed = self.known.filed(session, at)?;
        if filed.filing.links.contains(element) {
            return Ok(());
        }
        filed.filing.links.push(element.clone());
        *filed.changed = true;
        // Their texts are not at hand.
        self.file(session, element, Some(&[]), at)
    }

    fn unlink(
        &mut self,
        session: SessionId,
        element: &ElementRef,
        at: &Folding,
    ) -> Result<(), ProjectionError> {
        let filed = self.known.filed(session, at)?;
        if !filed.filing.links.contains(element) {
            return Ok(());
        }
        filed.filing.links.retain(|other| other != element);
        *filed.changed = true;
        self.file(session, element, None, at)
    }

    /// Files all messages of a session so far under an element, or takes them out of there.
    fn file(
        &mut self,
        session: SessionId,
        element: &ElementRef,
        value: Option<&[u8]>,
        at: &Folding,
    ) -> Result<(), ProjectionError> {
        let filed = self.known.filed(session, at)?;
        let under = filed.filing.under(element, Pack::key(OF_ELEMENT));
        for position in filed.messages(session)? {
            self.changes.change(&under.clone().position(position).done(), value);
        }
        Ok(())
    }
}
