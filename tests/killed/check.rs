//! What is left of a killed process, against what it told its witness.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use switchboard::domain::account::{AccountKind, AccountText};
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::command::{ElementCommand, LineCommand, OperatorCommand, WorkspaceCommand};
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{Event, Role, SessionEvent, SlotEvent};
use switchboard::domain::id::{
    AdministratorId, AppId, ChannelId, ElementId, ElementRef, LineId, OperatorId, SessionId,
};
use switchboard::log::Position;
use switchboard::log::embedded::{EmbeddedOptions, Verify};
use switchboard::projection::SessionStatus;
use switchboard::wire::Recorded;
use switchboard::{Caller, Engine, EngineOptions};
use uuid::Uuid;

use super::child::{CLIENTS, send};

pub const ANNA: Uuid = Uuid::from_u128(0x3001);
pub const LINE: LineId = LineId(Uuid::from_u128(0x1001));

/// A seeded generator: SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// The id of a thing of a client's.
pub fn id(kind: u128, client: u64, number: u64) -> Uuid {
    Uuid::from_u128((kind << 96) | (u128::from(client) << 64) | u128::from(number))
}

fn named(id: Uuid) -> (u64, u64) {
    let number = id.as_u128();
    ((number >> 64) as u64 & 0xffff_ffff, number as u64)
}

pub fn contact(client: u64) -> ElementRef {
    let app = AppId::new("contacts").expect("a code");
    ElementRef { app, element: ElementId(id(5, client, 0)) }
}

pub fn phone(client: u64) -> String {
    format!("+7916000000{client}")
}

/// What a client's witness has: each command that was acknowledged, and its position.
pub fn told(path: &Path) -> Vec<(u64, u64)> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    // The last line may be cut: then nobody said that it was synced.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let line = |line: &str| {
        let (number, position) = line.split_once(' ')?;
        Some((number.parse().ok()?, position.parse().ok()?))
    };
    whole.lines().map(|text| line(text).expect("a line of the witness")).collect()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// Builds the desk that the children work at.
pub fn populate(folder: &Path) {
    runtime().block_on(async {
        let engine = Engine::open(EngineOptions::at(folder)).await.expect("an empty folder opens");
        let admin = || Caller::administrator(AdministratorId(Uuid::nil()));
        let app = contact(0).app;
        let declare = WorkspaceCommand::DeclareApp { app: app.clone(), title: "Контакты".into() };
        engine.workspace(admin(), declare).await.expect("an app");
        let anna = OperatorId(ANNA);
        let register = OperatorCommand::RegisterOperator { name: "Анна".into() };
        engine.operator(admin(), anna, register).await.expect("a person");
        let commands = [
            LineCommand::CreateLine { title: "Служба поддержки".into() },
            LineCommand::ConnectChannel {
                channel: ChannelId(Uuid::from_u128(0x2001)),
                kind: ChannelKind::WhatsApp,
                title: "WhatsApp".into(),
                policy: None,
            },
            LineCommand::SetContactApp { app },
            LineCommand::GrantRole { operator: anna, role: Role::Operator },
        ];
        for command in commands {
            engine.line(admin(), LINE, command).await.expect("a setting");
        }
        for client in 0..CLIENTS {
            let phone = AccountText { kind: AccountKind::Phone, text: phone(client) };
            let fields = vec![("phone".to_owned(), FieldValue::Account(phone))];
            let create = ElementCommand::CreateElement { title: format!("Клиент {client}"), fields };
            engine.element(admin(), contact(client), None, create).await.expect("a contact");
        }
        engine.close().await.expect("it closes");
    });
}

/// What was checked in a folder so far, and figures of it.
#[derive(Default)]
pub struct Checked {
    /// Where each client's commands end in the log, in their order.
    ends: BTreeMap<u64, Vec<u64>>,
    position: Position,
    pub acknowledged: u64,
    /// Not acknowledged, and there.
    pub in_doubt: u64,
    /// Not acknowledged, and not there, of the clients that had one under way at most.
    pub lost: u64,
}

impl Checked {
    pub fn add(&mut self, other: &Checked) {
        self.acknowledged += other.acknowledged;
        self.in_doubt += other.in_doubt;
        self.lost += other.lost;
    }

    /// Takes the events of one command: they are what it writes, all of it.
    fn take(&mut self, events: &[Recorded], what: &str) {
        let (client, number) = named(events[0].command.0);
        let ends = self.ends.entry(client).or_default();
        assert_eq!(number, ends.len() as u64, "{what}: client {client}: each command once, in its order");
        let wrote: Vec<&str> = events.iter().map(|recorded| word(&recorded.event)).collect();
        let whole: &[&str] = match number % 6 {
            0 => &["claimed", "created", "assigned"],
            1 | 4 => &["sent"],
            2 | 5 => &["released", "closed"],
            _ => &["claimed", "reopened"],
        };
        assert_eq!(wrote, whole, "{what}: client {client}, command {number} is there wholly");
        ends.push(events[events.len() - 1].position.0);
    }
}

fn word(event: &Event) -> &'static str {
    match event {
        Event::Session(SessionEvent::SessionCreated { .. }) => "created",
        Event::Session(SessionEvent::OperatorAssigned { .. }) => "assigned",
        Event::Session(SessionEvent::MessageSent { .. }) => "sent",
        Event::Session(SessionEvent::SessionClosed) => "closed",
        Event::Session(SessionEvent::SessionReopened { .. }) => "reopened",
        Event::Slot(SlotEvent::SlotClaimed { .. }) => "claimed",
        Event::Slot(SlotEvent::SlotReleased { .. }) => "released",
        _ => "something else",
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} acknowledged and there; not acknowledged, {} there and {} not",
            self.acknowledged, self.in_doubt, self.lost
        )
    }
}

/// Opens what is left and holds it against the witness.
pub fn hold(folder: &Path, witness: &Path, checked: &mut Checked, what: &str) {
    runtime().block_on(async {
        let log = EmbeddedOptions { verify: Verify::All, ..EmbeddedOptions::default() };
        let opened = Engine::open(EngineOptions::at_with(folder, log)).await;
        let engine = opened.unwrap_or_else(|error| panic!("{what}: it does not open: {error}"));
        assert!(engine.head() >= checked.position, "{what}: what was checked before is there");
        let mut feed = engine.subscribe(checked.position);
        let mut events = Vec::new();
        while feed.position() < engine.head() {
            events.push(feed.next().await.expect("the feed reads"));
        }
        checked.position = engine.head();
        let of_clients = |recorded: &&Recorded| matches!(recorded.event, Event::Session(_) | Event::Slot(_));
        let of_clients: Vec<Recorded> = events.iter().filter(of_clients).cloned().collect();
        for command in of_clients.chunk_by(|one, next| one.command == next.command) {
            checked.take(command, what);
        }
        checked.acknowledged = 0;
        for client in 0..CLIENTS {
            of_client(&engine, client, &told(&witness.join(client.to_string())), checked, what).await;
        }
        engine.close().await.expect("it closes");
    });
}

async fn of_client(engine: &Engine, client: u64, told: &[(u64, u64)], checked: &mut Checked, what: &str) {
    let ends = checked.ends.entry(client).or_default().clone();
    for (number, position) in told {
        let end = ends.get(*number as usize);
        assert_eq!(end, Some(position), "{what}: client {client}, command {number} was acknowledged");
    }
    let (known, there) = (told.last().map_or(0, |(last, _)| last + 1), ends.len() as u64);
    assert!(there <= known + 1, "{what}: client {client} had one command under way, {known} and {there}");
    if there > known {
        checked.in_doubt += 1;
    } else {
        checked.lost += 1;
    }
    checked.acknowledged += told.len() as u64;
    shown(engine, client, there, what).await;
    if there > 0 {
        let again = send(engine, client, there - 1).await;
        let again = again.unwrap_or_else(|error| panic!("{what}: client {client} asks again: {error}"));
        assert_eq!(Some(&again.position.0), ends.last(), "{what}: client {client}: it is there once");
    }
}

/// What people see of a client's last session is what the log has of it.
async fn shown(engine: &Engine, client: u64, there: u64, what: &str) {
    let Some(last) = there.checked_sub(1) else { return };
    let views = engine.read().await.expect("projections");
    let session = SessionId(id(3, client, last / 6));
    let shown = views.session(session).await.expect("readable").expect("its session exists");
    let anna = OperatorId(ANNA);
    let (status, messages) = match last % 6 {
        0 => (SessionStatus::Assigned(anna), 0),
        1 => (SessionStatus::Assigned(anna), 1),
        2 => (SessionStatus::Closed { last_operator: Some(anna) }, 1),
        3 => (SessionStatus::Assigned(anna), 1),
        4 => (SessionStatus::Assigned(anna), 2),
        _ => (SessionStatus::Closed { last_operator: Some(anna) }, 2),
    };
    assert_eq!((shown.status, shown.messages), (status, messages), "{what}: client {client}, {last}");
}
