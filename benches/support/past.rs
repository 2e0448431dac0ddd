//! A long past of a desk: sessions that were created, written in, linked to a card and closed.
//!
//! Everything about a session follows from its number, so that a benchmark can name any session of
//! a log that another process wrote. Sessions pass in waves: the events of one lie as far apart
//! as they do at a desk where many work at once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use switchboard::domain::account::{Account, AccountKind};
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::event::{
    Customer, EntryPoint, Event, Fact, InboundEvent, Origin, SessionEvent, Slot, SlotEvent, Stream,
};
use switchboard::domain::id::{ElementId, ElementRef, MessageId, Principal, SessionId};
use switchboard::domain::session::Session;
use switchboard::domain::time::Timestamp;
use switchboard::log::{Log, Position};
use uuid::{Builder, Uuid};

use super::desk::{CUSTOMER, Desk, DeskLine, phone};
use super::facts::Facts;

/// When the first session was created: 2026-01-01T00:00:00Z.
const BEGAN_MS: u64 = 1_767_225_600_000;

/// Between the creations of two sessions.
const BETWEEN_MS: u64 = 500;

/// Sessions that are under way at once.
const WAVE: usize = 500;

/// 2^64 divided by the golden ratio: multiples of it are spread evenly.
const SCATTER: u64 = 0x9e37_79b9_7f4a_7c15;

/// What is written in messages: 78 bytes of UTF-8.
pub const TEXT: &str = "Добрый день! Ваш заказ собран и ждёт в магазине.";

/// Sessions on one card.
pub const SESSIONS_PER_CARD: usize = 20;

/// Closed sessions of one contact, about.
const SESSIONS_PER_CONTACT: usize = 2;

/// Sessions of a desk that are over, and some that are still open.
#[derive(Clone, Debug)]
pub struct Past {
    pub desk: Desk,
    /// All sessions.
    pub sessions: usize,
    /// Those that stay open, spread over the whole time.
    pub open: usize,
    /// Contacts of the closed sessions, in turns. Each open session has one of its own.
    pub contacts: usize,
    /// Messages of each session; every other one is the customer's.
    pub messages: usize,
    /// Cards that sessions are linked to in turns; none where there are none.
    pub cards: usize,
}

impl Past {
    /// A past of about so many events: sessions of four messages, on cards of twenty sessions.
    pub fn of_events(events: usize, lines: usize, open: usize) -> Past {
        let per_session = Past::events_per_session(4) + 1 + 1;
        let sessions = (events / per_session).max(open + 1);
        let (contacts, cards) = (sessions / SESSIONS_PER_CONTACT, sessions.div_ceil(SESSIONS_PER_CARD));
        Past { desk: Desk::new(lines), sessions, open, contacts, messages: 4, cards }
    }

    /// Events of a session's life, without its link.
    fn events_per_session(messages: usize) -> usize {
        5 + messages.div_ceil(2) + messages / 2 * 2
    }

    /// A session's id: a UUIDv7 of the time when it was created.
    pub fn session(&self, number: usize) -> SessionId {
        SessionId(id(number, 1))
    }

    /// Whether a session is open still.
    pub fn is_open(&self, number: usize) -> bool {
        self.open > 0 && number.is_multiple_of(self.every()) && number / self.every() < self.open
    }

    /// The number of the n-th session that is open.
    pub fn open_session(&self, nth: usize) -> usize {
        nth * self.every()
    }

    fn every(&self) -> usize {
        self.sessions / self.open.max(1)
    }

    /// The line of a session, by its place on the desk: scattered, so that the open ones are on every line.
    pub fn line(&self, number: usize) -> usize {
        (number as u64).wrapping_mul(SCATTER).rotate_right(32) as usize % self.desk.lines.len()
    }

    /// The contact of a session. An open one has a contact of its own, so that its slot is free.
    pub fn contact(&self, number: usize) -> usize {
        if self.is_open(number) { self.contacts + number / self.every() } else { number % self.contacts }
    }

    /// A card.
    pub fn card(&self, number: usize) -> ElementRef {
        let element = ElementId(Uuid::from_u128(0x5d << 96 | number as u128));
        ElementRef { app: self.desk.app.clone(), element }
    }

    /// Events that are written beside the desk's settings and contacts.
    pub async fn write(&self, log: &Arc<dyn Log>) -> Position {
        self.desk.add_contacts(log, self.contacts + self.open).await;
        let mut facts = Facts::new(log);
        let numbers: Vec<usize> = (0..self.sessions).collect();
        let mut last_of_slot = HashMap::new();
        for wave in numbers.chunks(WAVE) {
            // A slot that is used twice in a wave waits for the next use until it is free.
            let mut rest: Vec<usize> = wave.to_vec();
            while !rest.is_empty() {
                let mut taken = HashSet::new();
                let slot = |number: &usize| (self.contact(*number), self.line(*number));
                let (now, later): (Vec<_>, Vec<_>) =
                    rest.into_iter().partition(|number| taken.insert(slot(number)));
                self.write_wave(&mut facts, &now, &mut last_of_slot).await;
                rest = later;
            }
        }
        facts.end().await
    }

    async fn write_wave(
        &self,
        facts: &mut Facts,
        wave: &[usize],
        last_of_slot: &mut HashMap<(usize, usize), usize>,
    ) {
        for number in wave.iter().copied() {
            let slot = (self.contact(number), self.line(number));
            let before = last_of_slot.insert(slot, number).map(|before| self.session(before));
            let operator = self.desk.principal(self.line(number));
            facts.write(&operator, at(number, 0), &self.created(number, before)).await;
            if self.cards > 0 {
                let element = self.card(number % self.cards);
                let linked = Session::fact(self.session(number), SessionEvent::ElementLinked { element });
                facts.write(&operator, at(number, 0), &[linked]).await;
            }
        }
        for message in 0..self.messages {
            for number in wave.iter().copied() {
                let (by, message) = self.message(number, message);
                facts.write(&by, at(number, 1), &message).await;
            }
        }
        for number in wave.iter().copied().filter(|number| !self.is_open(*number)) {
            let session = self.session(number);
            let released = self.of_slot(number, SlotEvent::SlotReleased { session });
            let closed = Session::fact(session, SessionEvent::SessionClosed);
            facts.write(&self.desk.principal(self.line(number)), at(number, 2), &[released, closed]).await;
        }
    }

    fn created(&self, number: usize, continues: Option<SessionId>) -> [Fact; 3] {
        let DeskLine { line, operator, channel } = self.desk.lines[self.line(number)];
        let session = self.session(number);
        let contact = Some(self.desk.contact(self.contact(number)));
        let customer = Customer { account: self.account(number), contact, name: CUSTOMER.to_owned() };
        let created = SessionEvent::SessionCreated {
            line,
            channel,
            kind: ChannelKind::WhatsApp,
            customer,
            name: CUSTOMER.to_owned(),
            subject: None,
            origin: Origin::LinesSection,
            continues,
        };
        [
            self.of_slot(number, SlotEvent::SlotClaimed { session }),
            Session::fact(session, created),
            Session::fact(session, SessionEvent::OperatorAssigned { operator }),
        ]
    }

    /// The operator writes first, then the customer, in turns.
    fn message(&self, number: usize, nth: usize) -> (Principal, Vec<Fact>) {
        let DeskLine { operator, channel, .. } = self.desk.lines[self.line(number)];
        let (session, message) = (self.session(number), MessageId(id(number, 16 + nth as u64)));
        let text = TEXT.to_owned();
        if nth.is_multiple_of(2) {
            let via = EntryPoint::LinesSection;
            let sent = SessionEvent::MessageSent { message, operator, text, via };
            return (Principal::Operator(operator), vec![Session::fact(session, sent)]);
        }
        let external_id = format!("wamid.{number}.{nth}");
        let accepted = InboundEvent::InboundAccepted { session, message };
        let stream = Stream::Inbound(channel, external_id.clone());
        let received =
            SessionEvent::MessageReceived { message, external_id, text, subject: None, sent_at: None };
        let accepted = Fact { stream, event: Event::Inbound(accepted) };
        (Principal::Channel(channel), vec![Session::fact(session, received), accepted])
    }

    fn of_slot(&self, number: usize, event: SlotEvent) -> Fact {
        let channel = self.desk.lines[self.line(number)].channel;
        let slot = Slot { channel, account: self.account(number) };
        Fact { stream: Stream::Slot(slot), event: Event::Slot(event) }
    }

    fn account(&self, number: usize) -> Account {
        Account { kind: AccountKind::Phone, address: phone(self.contact(number)) }
    }
}

/// A UUIDv7 of a session's time: what it names is told by the last bytes.
fn id(number: usize, what: u64) -> Uuid {
    let mut rest = [0; 10];
    rest[2..].copy_from_slice(&what.to_be_bytes());
    let ms = BEGAN_MS + number as u64 * BETWEEN_MS;
    Builder::from_unix_timestamp_millis(ms, &rest).into_uuid()
}

/// Some minutes after a session's creation.
fn at(number: usize, minutes: u64) -> Timestamp {
    let ms = BEGAN_MS + number as u64 * BETWEEN_MS + minutes * 60_000;
    Timestamp(i64::try_from(ms * 1000).expect("a time of this century"))
}
