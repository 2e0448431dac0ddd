//! Lines with an operator and a channel each, and customers whom any of them may write to.

use std::sync::Arc;

use switchboard::clock::{Clock, SystemClock};
use switchboard::domain::account::{AccountKind, AccountText};
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::command::{
    ChosenAccount, CreateSession, LineCommand, OperatorCommand, WorkspaceCommand,
};
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{ElementEvent, EntryPoint, Event, Fact, Role, Stream};
use switchboard::domain::id::{
    AdministratorId, AppId, ChannelId, ElementId, ElementRef, LineId, OperatorId, Principal, SessionId,
};
use switchboard::log::Log;
use switchboard::{Caller, Engine};
use uuid::Uuid;

use super::facts::Facts;

/// The title of each line.
pub const LINE_TITLE: &str = "Служба поддержки";

/// The name of each customer.
pub const CUSTOMER: &str = "Иван Петров";

/// Contacts written in one append.
const CONTACTS_PER_APPEND: usize = 500;

/// A line, its one operator and its one channel.
#[derive(Clone, Copy, Debug)]
pub struct DeskLine {
    pub line: LineId,
    pub operator: OperatorId,
    pub channel: ChannelId,
}

/// The lines, and the app of their customers.
#[derive(Clone, Debug)]
pub struct Desk {
    pub app: AppId,
    pub lines: Vec<DeskLine>,
}

impl Desk {
    /// A desk with so many lines; its ids are the same each time.
    pub fn new(lines: usize) -> Desk {
        let id = |kind: u128, number: usize| Uuid::from_u128(0x5b << 96 | kind << 64 | (number as u128 + 1));
        let line = |number| DeskLine {
            line: LineId(id(1, number)),
            operator: OperatorId(id(2, number)),
            channel: ChannelId(id(3, number)),
        };
        let app = AppId::new("contacts").expect("a legal code");
        Desk { app, lines: (0..lines).map(line).collect() }
    }

    /// Sets the lines up, by commands.
    pub async fn set_up(&self, engine: &Engine) {
        let (app, title) = (self.app.clone(), "Контакты".to_owned());
        let declare = WorkspaceCommand::DeclareApp { app, title };
        engine.workspace(administrator(), declare).await.expect("declared");
        for DeskLine { line, operator, channel } in self.lines.iter().copied() {
            let register = OperatorCommand::RegisterOperator { name: "Анна".to_owned() };
            engine.operator(administrator(), operator, register).await.expect("registered");
            let (kind, title) = (ChannelKind::WhatsApp, "WhatsApp".to_owned());
            for command in [
                LineCommand::CreateLine { title: LINE_TITLE.to_owned() },
                LineCommand::ConnectChannel { channel, kind, title, policy: None },
                LineCommand::SetContactApp { app: self.app.clone() },
                LineCommand::BindApp { app: self.app.clone() },
                LineCommand::GrantRole { operator, role: Role::Operator },
            ] {
                engine.line(administrator(), line, command).await.expect("configured");
            }
        }
    }

    /// Adds customers, straight into the log.
    pub async fn add_contacts(&self, log: &Arc<dyn Log>, count: usize) {
        let (mut facts, now) = (Facts::new(log), SystemClock.now());
        let administrator = administrator().principal;
        let numbers: Vec<usize> = (0..count).collect();
        for numbers in numbers.chunks(CONTACTS_PER_APPEND) {
            let created: Vec<_> = numbers.iter().map(|number| self.contact_fact(*number)).collect();
            facts.write(&administrator, now, &created).await;
        }
        facts.end().await;
    }

    fn contact_fact(&self, number: usize) -> Fact {
        let account = FieldValue::Account(AccountText { kind: AccountKind::Phone, text: phone(number) });
        let fields = vec![("phone".to_owned(), account)];
        let created = ElementEvent::ElementCreated { title: CUSTOMER.to_owned(), fields };
        Fact { stream: Stream::Element(self.contact(number)), event: Event::Element(created) }
    }

    /// A customer.
    pub fn contact(&self, number: usize) -> ElementRef {
        ElementRef { app: self.app.clone(), element: ElementId(Uuid::from_u128(0x5c << 96 | number as u128)) }
    }

    /// The command that opens a session of a line with a customer.
    pub fn creation(&self, line: usize, contact: usize) -> CreateSession {
        CreateSession {
            session: SessionId(Uuid::now_v7()),
            line: self.lines[line].line,
            contact: self.contact(contact),
            account: ChosenAccount { text: phone(contact), field: None },
            channel: None,
            subject: None,
            via: EntryPoint::LinesSection,
        }
    }

    /// The operator of a line, with a fresh command id.
    pub fn caller(&self, line: usize) -> Caller {
        Caller::operator(self.lines[line].operator)
    }

    /// The operator of a line.
    pub fn principal(&self, line: usize) -> Principal {
        Principal::Operator(self.lines[line].operator)
    }
}

/// The administrator, with a fresh command id.
pub fn administrator() -> Caller {
    Caller::administrator(AdministratorId(Uuid::nil()))
}

/// A customer's telephone number: of ten million that are in use.
pub fn phone(number: usize) -> String {
    format!("+7916{number:07}")
}
