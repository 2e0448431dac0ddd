//! The desk that every history begins with: as the engine's commands, and as the model's state.

use std::sync::Arc;

use switchboard::domain::account::{AccountKind, AccountText};
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::command::*;
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{InboundRule, LineRules, Role};
use switchboard::domain::id::*;
use switchboard::log::memory::MemoryLog;
use switchboard::log::{Append, Log, Position};
use switchboard::projection::Place;
use switchboard::{Caller, Engine, EngineOptions};
use uuid::Uuid;

use super::state::{Channel, Model, medium};

const fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// The last one does not exist.
pub const LINES: [LineId; 4] =
    [LineId(id(0x1001)), LineId(id(0x1002)), LineId(id(0x1003)), LineId(id(0x1004))];

/// Where each channel is, and what it is; the last one is nowhere.
pub const CHANNELS: [(usize, ChannelKind); 9] = [
    (0, ChannelKind::WhatsApp),
    (0, ChannelKind::WhatsApp),
    (0, ChannelKind::TelegramBot),
    (0, ChannelKind::Email),
    (1, ChannelKind::WhatsApp),
    (1, ChannelKind::Vk),
    (2, ChannelKind::Email),
    (2, ChannelKind::LiveChat),
    (3, ChannelKind::Vk),
];

pub fn channel(number: usize) -> ChannelId {
    ChannelId(id(0x2001 + number as u128))
}

/// Somebody of every role.
pub const PEOPLE: [OperatorId; 4] =
    [OperatorId(id(0x3001)), OperatorId(id(0x3002)), OperatorId(id(0x3003)), OperatorId(id(0x3004))];

/// Line, person, role.
const ROLES: [(usize, usize, Role); 9] = [
    (0, 0, Role::Operator),
    (0, 1, Role::Operator),
    (0, 2, Role::Supervisor),
    (0, 3, Role::Reader),
    (1, 0, Role::Operator),
    (1, 1, Role::Supervisor),
    (2, 0, Role::Operator),
    (2, 2, Role::Operator),
    (2, 3, Role::Reader),
];

/// Where customers reopen sessions from the start: on the first line, for a minute.
fn rules(line: usize) -> LineRules {
    let inbound = if line == 0 { InboundRule::ReopenWithin { seconds: 60 } } else { InboundRule::NewSession };
    LineRules { inbound, ..LineRules::default() }
}

pub fn app(number: usize) -> AppId {
    AppId::new(["contacts", "orders", "deals"][number]).expect("a code")
}

pub fn process(number: usize) -> ProcessId {
    ProcessId::new(["order-ready", "unheard-of"][number]).expect("a code")
}

/// Two contacts, an order, a deal, and a contact that does not exist.
pub fn element(number: usize) -> ElementRef {
    let app = app([0, 0, 1, 2, 0][number]);
    ElementRef { app, element: ElementId(id(0x4001 + number as u128)) }
}

/// The fields of a contact: an address of every medium, and what is none.
pub fn field(contact: usize, number: usize) -> (String, FieldValue) {
    let account = |kind, text: String| FieldValue::Account(AccountText { kind, text });
    let (name, value) = match number {
        0 => ("phone", account(AccountKind::Phone, format!("+7916123456{contact}"))),
        1 => ("mail", FieldValue::Email(format!("customer{contact}@example.ru"))),
        2 => ("bot", account(AccountKind::TelegramUser, format!("10050{contact}"))),
        3 => ("mailbox", account(AccountKind::Email, format!("box{contact}@example.ru"))),
        4 => ("vk", account(AccountKind::VkUser, format!("vk{contact}"))),
        5 => ("chat", account(AccountKind::LiveChatVisitor, format!("visitor{contact}"))),
        6 => ("old phone", account(AccountKind::Phone, "8916".into())),
        _ => ("note", FieldValue::Text(format!("note{contact}"))),
    };
    (name.to_owned(), value)
}

pub const FIELDS: usize = 8;

pub fn administrator() -> Principal {
    Principal::Administrator(AdministratorId(Uuid::nil()))
}

/// The desk, as the reference has it.
pub fn model() -> Model {
    let mut model = Model::default();
    model.processes.insert(process(0), true);
    model.people = PEOPLE.iter().map(|person| (*person, false)).collect();
    for number in 0..4 {
        let fields =
            if number < 2 { (0..FIELDS).map(|at| field(number, at)).collect() } else { Default::default() };
        model.elements.insert(element(number), fields);
    }
    for (number, line) in LINES[..3].iter().enumerate() {
        let line = model.lines.entry(*line).or_default();
        for (at, (_, kind)) in CHANNELS.iter().enumerate().filter(|(_, (of, _))| *of == number) {
            let made = Channel { kind: kind.clone(), create: medium(kind).begins, connected: true };
            line.channels.insert(channel(at), made);
        }
        let roles = ROLES.iter().filter(|(of, ..)| *of == number);
        line.roles = roles.map(|(_, person, role)| (PEOPLE[*person], *role)).collect();
        line.rules = rules(number);
        line.contacts = Some(app(0));
        line.bound = [(app(1), true), (app(2), false)].into();
    }
    model
}

/// The same desk, built by the engine's commands in a log.
pub async fn build(log: Arc<MemoryLog>) {
    let engine = Engine::open(EngineOptions::with_log(log, Place::Memory)).await.expect("it opens");
    let by = || Caller::new(administrator());
    for number in 0..3 {
        let declare = WorkspaceCommand::DeclareApp { app: app(number), title: "Приложение".into() };
        engine.workspace(by(), declare).await.expect("an app");
    }
    let permit =
        WorkspaceCommand::PermitProcess { process: process(0), title: "Заказ готов".into() };
    engine.workspace(by(), permit).await.expect("a process");
    for person in &PEOPLE {
        let register = OperatorCommand::RegisterOperator { name: "Анна".into() };
        engine.operator(by(), *person, register).await.expect("a person");
    }
    for number in 0..4 {
        let fields = if number < 2 { (0..FIELDS).map(|at| field(number, at)).collect() } else { Vec::new() };
        let create = ElementCommand::CreateElement { title: format!("Запись {number}"), fields };
        engine.element(by(), element(number), None, create).await.expect("an element");
    }
    for (number, line) in LINES[..3].iter().enumerate() {
        let mut commands = vec![LineCommand::CreateLine { title: format!("Линия {number}") }];
        let of = CHANNELS.iter().enumerate().filter(|(_, (of, _))| *of == number);
        commands.extend(of.map(|(at, (_, kind))| connect(at, kind)));
        let roles = ROLES.iter().filter(|(of, ..)| *of == number);
        commands
            .extend(roles.map(|(_, at, role)| LineCommand::GrantRole { operator: PEOPLE[*at], role: *role }));
        commands.extend([
            LineCommand::SetLineRules { rules: rules(number) },
            LineCommand::SetContactApp { app: app(0) },
            LineCommand::BindApp { app: app(1) },
            LineCommand::PlaceWidget { app: app(1) },
            LineCommand::BindApp { app: app(2) },
        ]);
        for command in commands {
            engine.line(by(), *line, command).await.expect("a setting of a line");
        }
    }
}

pub fn connect(at: usize, kind: &ChannelKind) -> LineCommand {
    LineCommand::ConnectChannel {
        channel: channel(at),
        kind: kind.clone(),
        title: format!("Канал {at}"),
        policy: None,
    }
}

/// Hands what one log holds to another: building the desk anew for each history would take longer than
/// the history.
pub async fn copy(from: &dyn Log, to: &dyn Log) {
    let records = from.read_all(Position::START, usize::MAX).await.expect("it reads");
    for group in records.chunk_by(|one, next| one.stamp.command == next.stamp.command) {
        let entries: Vec<_> = group.iter().map(|record| record.entry.clone()).collect();
        let append = Append { entries, expects: Vec::new(), stamp: group[0].stamp.clone() };
        to.append(append).await.expect("it is written");
    }
}
