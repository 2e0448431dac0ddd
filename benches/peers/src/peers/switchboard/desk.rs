//! The desk that sessions are created at: lines with an operator each, their channels, and customers.

use std::sync::Arc;

use switchboard::domain::account::{AccountKind, AccountText};
use switchboard::domain::channel::ChannelKind;
use switchboard::domain::command::{
    ChosenAccount, CreateSession, ElementCommand, LineCommand, OperatorCommand, WorkspaceCommand,
};
use switchboard::domain::element::FieldValue;
use switchboard::domain::event::{EntryPoint, Role};
use switchboard::domain::id::{
    AdministratorId, AppId, ChannelId, ElementId, ElementRef, LineId, OperatorId, SessionId,
};
use switchboard::domain::rejection::Rejection;
use switchboard::{Caller, CommandError, Engine};
use uuid::Uuid;

use crate::load::{Load, Work};
use crate::peer::{NewSession, Taken};

/// Channels of a line in a sustained run: a customer has a session on each, so that a minute's
/// millions of slots need only a sixteenth of the customers.
const SUSTAINED_CHANNELS: usize = 16;

/// How many customers are added at a time, before the clock starts.
const ADDED_AT_ONCE: usize = 512;

pub struct Desk {
    app: AppId,
    lines: Vec<Line>,
    /// Customers of each client; it goes through them on one channel after the other.
    contacts_per_client: usize,
}

struct Line {
    id: LineId,
    operator: OperatorId,
    channels: Vec<ChannelId>,
}

impl Desk {
    pub async fn build(engine: &Engine, load: &Load) -> Desk {
        let app = AppId::new("contacts").expect("a legal code");
        let declare = WorkspaceCommand::DeclareApp { app: app.clone(), title: "Контакты".to_owned() };
        engine.workspace(administrator(), declare).await.expect("declared");
        let channels = match load.work {
            Work::Burst { .. } => 1,
            Work::Sustained { .. } => SUSTAINED_CHANNELS,
        };
        let mut lines = Vec::new();
        for _ in 0..load.lines {
            lines.push(Line::build(engine, &app, channels).await);
        }
        let desk = Desk { app, lines, contacts_per_client: load.per_client_max().div_ceil(channels) };
        desk.add_contacts(engine, load).await;
        desk
    }

    pub async fn create(&self, engine: &Engine, session: NewSession) -> Result<(), Taken> {
        let line = &self.lines[session.client % self.lines.len()];
        let number = session.client * self.contacts_per_client + session.nth % self.contacts_per_client;
        let command = CreateSession {
            session: SessionId(session.id),
            line: line.id,
            contact: contact(&self.app, number),
            account: ChosenAccount { text: phone(number), field: None },
            channel: Some(line.channels[session.nth / self.contacts_per_client]),
            subject: None,
            via: EntryPoint::LinesSection,
        };
        match engine.create_session(Caller::operator(line.operator), command).await {
            Ok(_) => Ok(()),
            Err(CommandError::Rejected(refusal)) => match *refusal {
                Rejection::OpenSessionExists { .. } => Err(Taken),
                other => panic!("switchboard: {}", other.code()),
            },
            Err(error) => panic!("switchboard: {error}"),
        }
    }

    /// Adds the customers of all clients, and the prober's one.
    async fn add_contacts(&self, engine: &Engine, load: &Load) {
        let last = load.prober() * self.contacts_per_client;
        let app = Arc::new(self.app.clone());
        let adding: Vec<_> = (0..ADDED_AT_ONCE)
            .map(|first| {
                let (engine, app) = (engine.clone(), Arc::clone(&app));
                tokio::spawn(async move {
                    for number in (first..=last).step_by(ADDED_AT_ONCE) {
                        add_contact(&engine, &app, number).await;
                    }
                })
            })
            .collect();
        for adder in adding {
            adder.await.expect("contacts are added");
        }
    }
}

impl Line {
    async fn build(engine: &Engine, app: &AppId, channels: usize) -> Line {
        let (id, operator) = (LineId(Uuid::now_v7()), OperatorId(Uuid::now_v7()));
        let register = OperatorCommand::RegisterOperator { name: "Анна".to_owned() };
        engine.operator(administrator(), operator, register).await.expect("registered");
        let channels: Vec<_> = (0..channels).map(|_| ChannelId(Uuid::now_v7())).collect();
        let connect = channels.iter().map(|&channel| LineCommand::ConnectChannel {
            channel,
            kind: ChannelKind::WhatsApp,
            title: "WhatsApp".to_owned(),
            policy: None,
        });
        let configuration = [LineCommand::CreateLine { title: "Служба поддержки".to_owned() }]
            .into_iter()
            .chain(connect)
            .chain([LineCommand::SetContactApp { app: app.clone() }])
            .chain([LineCommand::GrantRole { operator, role: Role::Operator }]);
        for command in configuration {
            engine.line(administrator(), id, command).await.expect("configured");
        }
        Line { id, operator, channels }
    }
}

async fn add_contact(engine: &Engine, app: &AppId, number: usize) {
    let account = FieldValue::Account(AccountText { kind: AccountKind::Phone, text: phone(number) });
    let create = ElementCommand::CreateElement {
        title: "Иван Петров".to_owned(),
        fields: vec![("phone".to_owned(), account)],
    };
    engine.element(administrator(), contact(app, number), None, create).await.expect("added");
}

fn contact(app: &AppId, number: usize) -> ElementRef {
    ElementRef { app: app.clone(), element: ElementId(Uuid::from_u128(number as u128 + 1)) }
}

fn phone(number: usize) -> String {
    format!("+7916{number:07}")
}

fn administrator() -> Caller {
    Caller::administrator(AdministratorId(Uuid::nil()))
}
