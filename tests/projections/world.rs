//! A log, its projections, and short ways to say what happened.

use std::sync::Arc;

use switchboard::domain::account::{Account, AccountKind};
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::event::{
    Customer, EntryPoint, Event, Fact, Origin, SessionEvent, Slot, SlotEvent, Stream,
};
use switchboard::domain::id::{
    AdministratorId, AppId, ChannelId, ElementId, ElementRef, LineId, MessageId, OperatorId, Principal,
    ProcessId, SessionId,
};
use switchboard::log::memory::MemoryLog;
use switchboard::log::{Append, Log, Position, Stamp};
use switchboard::projection::{Page, PageOf, Place, Projections, SessionSummary};
use switchboard::wire;
use uuid::Uuid;

pub const MINUTE_US: i64 = 60_000_000;

pub struct World {
    pub log: Arc<MemoryLog>,
    pub projections: Projections,
    commands: u128,
}

pub fn uuid(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128(kind << 96 | number)
}

pub fn session(number: u128) -> SessionId {
    SessionId(uuid(1, number))
}

pub fn operator(number: u128) -> OperatorId {
    OperatorId(uuid(2, number))
}

pub fn line(number: u128) -> LineId {
    LineId(uuid(3, number))
}

pub fn channel(number: u128) -> ChannelId {
    ChannelId(uuid(4, number))
}

pub fn message(number: u128) -> MessageId {
    MessageId(uuid(5, number))
}

pub fn app(code: &str) -> AppId {
    AppId::new(code).expect("tests name apps by codes")
}

pub fn order(number: u128) -> ElementRef {
    ElementRef { app: app("orders"), element: ElementId(uuid(6, number)) }
}

pub fn phone(number: u32) -> Account {
    Account { kind: AccountKind::Phone, address: format!("+7916{number:07}") }
}

/// What says where a session is created.
#[derive(Clone)]
pub struct At {
    pub line: LineId,
    pub channel: ChannelId,
    pub account: Account,
}

pub fn at(line_number: u128, phone_number: u32) -> At {
    At { line: line(line_number), channel: channel(line_number), account: phone(phone_number) }
}

pub fn created(number: u128, at: &At) -> Fact {
    of(number, creation(at, &format!("session {number}"), None))
}

pub fn creation(at: &At, name: &str, continues: Option<SessionId>) -> SessionEvent {
    SessionEvent::SessionCreated {
        line: at.line,
        channel: at.channel,
        kind: ChannelKind::WhatsApp,
        customer: Customer { account: at.account.clone(), contact: None, name: "Анна".into() },
        name: name.into(),
        subject: None,
        origin: Origin::LinesSection,
        continues,
    }
}

pub fn of(number: u128, event: SessionEvent) -> Fact {
    Fact { stream: Stream::Session(session(number)), event: Event::Session(event) }
}

pub fn claimed(number: u128, at: &At) -> Fact {
    let slot = Slot { channel: at.channel, account: at.account.clone() };
    let event = SlotEvent::SlotClaimed { session: session(number) };
    Fact { stream: Stream::Slot(slot), event: Event::Slot(event) }
}

pub fn assigned(number: u128, to: u128) -> Fact {
    of(number, SessionEvent::OperatorAssigned { operator: operator(to) })
}

pub fn closed(number: u128) -> Fact {
    of(number, SessionEvent::SessionClosed)
}

pub fn reopened(number: u128, by: Option<u128>) -> Fact {
    of(number, SessionEvent::SessionReopened { operator: by.map(operator) })
}

pub fn linked(number: u128, element: u128) -> Fact {
    of(number, SessionEvent::ElementLinked { element: order(element) })
}

pub fn unlinked(number: u128, element: u128) -> Fact {
    of(number, SessionEvent::ElementUnlinked { element: order(element) })
}

pub fn sent(number: u128, by: u128, id: u128) -> Fact {
    let (message, text, via) = (message(id), format!("answer {id}"), EntryPoint::LinesSection);
    of(number, SessionEvent::MessageSent { message, operator: operator(by), text, via })
}

pub fn received(number: u128, id: u128) -> Fact {
    received_text(number, id, format!("question {id}"))
}

pub fn received_text(number: u128, id: u128, text: String) -> Fact {
    let external_id = format!("wamid.{id}");
    of(
        number,
        SessionEvent::MessageReceived {
            message: message(id),
            external_id,
            text,
            subject: None,
            sent_at: None,
        },
    )
}

pub fn initiated(number: u128, id: u128) -> Fact {
    let process = ProcessId::new("order-ready").expect("it is a code");
    let text = format!("notice {id}");
    of(number, SessionEvent::InitiatedMessageSent { message: message(id), process, text })
}

pub fn append_of(facts: &[Fact], command: u128, time_us: i64) -> Append {
    let command = Uuid::from_u128(command);
    let principal = wire::principal_bytes(&Principal::Administrator(AdministratorId(uuid(7, 1))));
    let stamp = Stamp {
        time_us,
        command,
        digest: 0,
        correlation: command,
        causation: command,
        principal: principal.into(),
        policy_revision: 0,
    };
    Append { entries: facts.iter().map(wire::entry).collect(), expects: Vec::new(), stamp }
}

impl World {
    pub async fn new() -> World {
        let log = MemoryLog::new();
        let projections = open(Place::Memory, &log).await;
        World { log, projections, commands: 0 }
    }

    /// Records facts as one command and waits until the projections have them.
    pub async fn happened(&mut self, facts: &[Fact]) -> Position {
        let position = self.recorded(facts).await;
        self.projections.caught_up(position).await.expect("legal facts are folded");
        position
    }

    /// Records facts as one command, a minute after the one before.
    pub async fn recorded(&mut self, facts: &[Fact]) -> Position {
        self.commands += 1;
        let time_us = i64::try_from(self.commands).expect("tests are short") * MINUTE_US;
        let append = append_of(facts, self.commands, time_us);
        self.log.append(append).await.expect("a log in memory takes it").last
    }

    pub async fn summary(&self, number: u128) -> SessionSummary {
        let found = self.projections.session(session(number)).await.expect("projections answer");
        found.expect("the session was created")
    }
}

pub async fn open(place: Place, log: &Arc<MemoryLog>) -> Projections {
    let log: Arc<dyn Log> = Arc::<MemoryLog>::clone(log);
    Projections::open(place, log).await.expect("the place is free and sound")
}

/// Reads a list to its end, in pages of `items_max`, each cursor written and read as text.
#[macro_export]
macro_rules! drained {
    ($items_max:expr, |$page:ident| $query:expr) => {{
        let mut items = Vec::new();
        let mut $page = PageOf::first($items_max);
        loop {
            let read = $query.await.expect("the list can be read");
            assert!(read.items.len() <= $items_max, "a page holds what was asked for");
            items.extend(read.items);
            let Some(next) = read.next else { break items };
            let next = next.to_string().parse().expect("a cursor goes through text");
            $page = PageOf::after(next, $items_max);
        }
    }};
}

pub fn ids(sessions: &[SessionSummary]) -> Vec<SessionId> {
    sessions.iter().map(|summary| summary.session).collect()
}

pub fn numbers(page: &Page<SessionSummary>) -> Vec<u128> {
    page.items.iter().map(|summary| summary.session.0.as_u128() & u128::from(u64::MAX)).collect()
}

pub fn first() -> PageOf {
    PageOf::first(50)
}
